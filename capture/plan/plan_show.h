/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_show - a plan as a table; and whether its interfaces are there. */
#ifndef WS_PLAN_SHOW_H
#define WS_PLAN_SHOW_H

#include <stdio.h>

#include "capture/plan/plan.h"

/*
 * Are the node's interfaces there, with the indexes that the plan says, and up? netns: the node's namespace; NULL:
 * ours. Returns 0, or -ENODEV with words for the first that is not; other -errno.
 */
int ws_plan_check(const struct ws_plan_node *node, const char *netns, struct ws_error *err);

/* Prints the plan. checked: the node whose interfaces have been checked, and found; NULL: none. */
void ws_plan_show(const struct ws_plan *plan, const struct ws_plan_node *checked, FILE *out);

#endif
