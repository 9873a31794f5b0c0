/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_make - from a cluster snapshot and what is asked for to a plan. */
#ifndef WS_PLAN_MAKE_H
#define WS_PLAN_MAKE_H

#include "capture/plan/plan.h"
#include "capture/plan/plan_choose.h"

/*
 * Makes the plan; update is the snapshot's newest update, or NULL. A chosen pod that cannot be planned is among
 * plan->unplanned. Returns 0, also if nothing could be planned; -ENOENT, -EINVAL with words if what is asked for is not
 * there; -EFBIG: too many points; -ENOMEM. The plan is to be closed.
 */
int ws_plan_make(const struct ws_plan_request *request, const struct ws_cluster *base, const struct ws_cluster *update,
		 struct ws_plan *plan, struct ws_error *err);

#endif
