/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_run - `capture plan` from reading the snapshot to the plan that is written. */
#ifndef WS_PLAN_RUN_H
#define WS_PLAN_RUN_H

#include <stdio.h>

#include "capture/plan/plan_options.h"

/*
 * Makes the plan, checks what can be checked here, prints it to out, and writes it. Returns 0; -errno with words, and
 * then no plan was written.
 */
int ws_plan_run(const struct ws_plan_options *o, FILE *out, struct ws_error *err);

#endif
