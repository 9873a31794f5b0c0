/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join_inner - what the join of a node needs while it runs: for join, pairing and stray alone.
 */
#ifndef WS_ANALYZE_JOIN_INNER_H
#define WS_ANALYZE_JOIN_INNER_H

#include <stdbool.h>

#include "analyze/grouping.h"
#include "analyze/join.h"

/* Whether a sighting has a context and no partner yet. */
enum { WS_NOT_ALONE, WS_ALONE, WS_ALONE_AND_LOCAL };

/* A sighting of an identity that was seen at several points of a side. */
struct ws_moment {
	int64_t ts_ns;
	uint32_t at;
};

/* What the join of a node needs while it runs. Sightings are numbered from the node's first. */
struct ws_join_work {
	struct ws_join *join;
	struct ws_side_view side[WS_N_SIDES]; /* the node's part of the join's; all vantages */
	uint32_t node;
	uint32_t base[WS_N_SIDES]; /* number of its first sighting in the join's side */
	bool has_several;	   /* points of a side */
	struct ws_grouping grouping;
	uint8_t *alone[WS_N_SIDES];
	const struct ws_join_known *known;    /* NULL: the node's sightings are all here */
	const uint32_t (*votes)[WS_N_WAYS];   /* of once-seen pairs, by their tuple at the vport */
	uint32_t (*own_votes)[WS_N_WAYS];     /* the same, to be counted; NULL: they are known */
	uint32_t *unused;		      /* entries that wait for an exit: a stack */
	struct ws_moment *moment[WS_N_SIDES]; /* room for all sightings of a side; NULL unless has_several */
};

static inline const struct ws_sighting *ws_join_sighting(const struct ws_join_work *work, enum ws_side side, uint32_t i)
{
	return &work->side[side].at[i];
}

/* Finds the pairs among the groups, and notes in alone what has none. */
void ws_pairing_run(struct ws_join_work *work);

/* Says of every sighting of the side that is still alone why. 0 or -ENOMEM. */
int ws_strays_explain(struct ws_join_work *work, enum ws_side side);

#endif
