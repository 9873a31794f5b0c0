/* SPDX-License-Identifier: BSD-2-Clause */
/* trials_read - the trials of `capture run --overhead` that run.db holds. */
#ifndef WS_ANALYZE_TRIALS_READ_H
#define WS_ANALYZE_TRIALS_READ_H

#include "analyze/store.h"
#include "lib/trials.h"

/*
 * Reads them; none where the database has no such tables. 0, -EIO, -EPROTO (a row contradicts the schema) or -ENOMEM.
 * To be closed with ws_trials_close(); also on failure.
 */
int ws_store_trials(struct ws_store *store, struct ws_trials *trials, struct ws_error *err);

#endif
