/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_points - what a new plan changes in the points of a run. */
#ifndef WS_WATCH_POINTS_H
#define WS_WATCH_POINTS_H

#include "capture/options.h"
#include "capture/plan/plan.h"

/* Is the interface of that name and index, or of any index if it is 0, there? socket_fd: a socket in its namespace. */
bool ws_watch_is_there(int socket_fd, const char *interface, uint32_t ifindex);

/*
 * The next of the plan's points, from *next on, that no point of the options records: is_gone says which of those are
 * over. *p becomes its options, under a name that no point has: a pod that came back is NAME.2. Returns its index in
 * the plan's node, *next being behind it; UINT32_MAX if there is none. The options refer to the plan.
 */
uint32_t ws_watch_next_new(const struct ws_plan_node *node, const struct ws_capture_options *o, const bool *is_gone,
			   uint32_t *next, struct ws_point_options *p);

/* Do the filters of a running nic, or the lack of them, select the address? */
bool ws_watch_nics_select(const struct ws_capture_options *o, const bool *is_gone, const char *address);

#endif
