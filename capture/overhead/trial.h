/* SPDX-License-Identifier: BSD-2-Clause */
/* trial - the load once, under one treatment. */
#ifndef WS_CAPTURE_TRIAL_H
#define WS_CAPTURE_TRIAL_H

#include "capture/overhead/treatment.h"
#include "lib/trials.h"

/*
 * Runs o->command with its log in place of WS_OVERHEAD_LOG while the treatment is attached, and fills in the trial's
 * numbers, but for block and position. t->dir is for files; they are left there. Returns 0; -errno with words; -EINTR
 * without: *stop was set.
 */
int ws_trial_run(const struct ws_treatment *treatment, const struct ws_treating *t, struct ws_trial *trial,
		 struct ws_error *err);

#endif
