/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_apply - a node's part of a plan as options of `capture run`. */
#ifndef WS_PLAN_APPLY_H
#define WS_PLAN_APPLY_H

#include "capture/options.h"
#include "capture/plan/plan.h"

/* A ring buffer of its own for each point, as long as there are few; of many, together no more than this. */
#define WS_PLAN_RING_BYTES	 (16u << 20)
#define WS_PLAN_RINGS_BYTES	 (256u << 20)
#define WS_PLAN_RING_BYTES_LEAST (1u << 20)

/* The size of each of n points' ring buffers: a power of two. */
static inline uint32_t ws_plan_ring_bytes(uint32_t n_points)
{
	uint32_t bytes = WS_PLAN_RING_BYTES;

	while (bytes > WS_PLAN_RING_BYTES_LEAST && (uint64_t)bytes * n_points > WS_PLAN_RINGS_BYTES)
		bytes /= 2;
	return bytes;
}

/*
 * The node that is meant: the one asked for, else $NODE_NAME, else the host's name if the plan has it, else the plan's
 * only one. Returns 0, or -ENOENT with words.
 */
int ws_plan_here(const struct ws_plan *plan, const char *asked, const struct ws_plan_node **node, struct ws_error *err);

/* Fills in a point of the node for these options: the filters only if the command line gives none. */
void ws_plan_point_options(const struct ws_plan_node *node, uint32_t index, const struct ws_capture_options *o,
			   struct ws_point_options *p);

/*
 * Adds the points of the node to the options, with their filters, and what the command line has left open: search
 * bytes, contexts, UDP ports of VXLAN. The options refer to the plan from then on. Returns 0 or -errno with words.
 */
int ws_plan_apply(const struct ws_plan *plan, struct ws_capture_options *o, struct ws_error *err);

#endif
