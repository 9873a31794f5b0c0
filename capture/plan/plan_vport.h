/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_vport - which interface of its node is the other end of a pod's? */
#ifndef WS_PLAN_VPORT_H
#define WS_PLAN_VPORT_H

#include "capture/plan/plan_view.h"

/*
 * Two witnesses: the interface that a process of the pod has in its network namespace names its other end's index; and
 * the node's route to the pod's address alone names an interface (Calico, and others that route). Returns 0, the link,
 * and in words how it is known; -ENOENT, and in words why it is not; -EBADMSG: the witnesses disagree.
 */
int ws_plan_vport(const struct ws_plan_view *view, const struct ws_cluster_pod *pod,
		  const struct ws_cluster_link **link, struct ws_error *words);

#endif
