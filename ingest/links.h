/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links - whose links are in a run's directory. Root can read what others cannot, and what is loaded goes into a
 * database that lies in the directory: a link there that somebody else made would let him read through us.
 */
#ifndef WS_INGEST_LINKS_H
#define WS_INGEST_LINKS_H

#include "ingest/inputs.h"
#include "lib/error.h"

/* For root: -EPERM, with words, if what is to be read of the run dir is a link of another user's; else 0. */
int ws_links_check(const char *dir, const struct ws_inputs *inputs, struct ws_error *err);

#endif
