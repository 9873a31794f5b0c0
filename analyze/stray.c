/* SPDX-License-Identifier: BSD-2-Clause */
/* stray - why a sighting has no partner, as far as the sightings themselves tell; see join.h and join_inner.h. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/join_inner.h"
#include "lib/record.h"

/* A request in which no context was found. */
struct miss {
	uint32_t seq;
	uint8_t reason;
};

static int compare_seq(const void *a, const void *b)
{
	uint32_t left = ((const struct miss *)a)->seq, right = ((const struct miss *)b)->seq;

	return (left > right) - (left < right);
}

static int compare_miss(const void *a, const void *b)
{
	int by_seq = compare_seq(a, b);

	return by_seq ? by_seq : ((const struct miss *)a)->reason - ((const struct miss *)b)->reason;
}

/* The requests in which no context was found, by sequence number; to be freed. */
static int undetected(const struct ws_side_view *side, struct miss **miss, uint32_t *n_misses)
{
	uint32_t n = 0;
	struct miss *list;

	for (uint32_t i = 0; i < side->n; i++)
		n += side->at[i].reason != WS_REASON_CONTEXT;
	list = malloc((n ? n : 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < side->n; i++) {
		if (side->at[i].reason != WS_REASON_CONTEXT)
			list[n++] = (struct miss) { side->at[i].identity.seq, side->at[i].reason };
	}
	qsort(list, n, sizeof(*list), compare_miss);
	*miss = list;
	*n_misses = n;
	return 0;
}

/* Why no context was found in a request that was seen. */
static enum ws_cause cause_of(uint8_t reason)
{
	switch (reason) {
	case WS_REASON_UNREAD:
		return WS_CAUSE_UNREAD;
	case WS_REASON_LOST_SEGMENT:
		return WS_CAUSE_LOST_SEGMENT;
	case WS_REASON_OUT_OF_ORDER:
		return WS_CAUSE_OUT_OF_ORDER;
	case WS_REASON_UNDECODABLE:
		return WS_CAUSE_UNDECODABLE;
	default:
		return WS_CAUSE_NOT_DETECTED;
	}
}

/* Was any of the node's points of the side watched then? */
static bool was_watched(const struct ws_join_work *work, enum ws_side side, int64_t ts_ns)
{
	const struct ws_side_view *view = &work->side[side];

	for (uint32_t i = 0; i < view->n_vantages; i++) {
		if (view->vantage[i].node == work->node && ts_ns >= view->vantage[i].first_ns &&
		    ts_ns <= view->vantage[i].last_ns)
			return true;
	}
	return false;
}

static uint64_t count_unread(const struct ws_join_work *work, enum ws_side side)
{
	const struct ws_side_view *view = &work->side[side];
	uint64_t n = 0;

	for (uint32_t i = 0; i < view->n_vantages; i++)
		n += view->vantage[i].node == work->node ? view->vantage[i].n_unread : 0;
	return n;
}

int ws_strays_explain(struct ws_join_work *work, enum ws_side side)
{
	struct ws_join *join = work->join;
	const struct ws_side_view *here = &work->side[side];
	enum ws_cause unseen = count_unread(work, !side) ? WS_CAUSE_UNREAD : WS_CAUSE_LOST;
	struct miss *miss;
	uint32_t n_misses;
	int rc = undetected(&work->side[!side], &miss, &n_misses);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < here->n; i++) {
		const struct miss key = { .seq = here->at[i].identity.seq }, *found;
		enum ws_cause cause = unseen;

		if (!work->alone[side][i])
			continue;
		found = bsearch(&key, miss, n_misses, sizeof(*miss), compare_seq);
		if (work->alone[side][i] == WS_ALONE_AND_LOCAL)
			cause = WS_CAUSE_LOCAL;
		else if (!was_watched(work, !side, here->at[i].ts_ns))
			cause = WS_CAUSE_OUTSIDE_WINDOW;
		else if (found)
			cause = cause_of(found->reason);
		join->stray[join->n_strays++] = (struct ws_stray) { work->base[side] + i, (uint8_t)side,
								    (uint8_t)cause };
		join->n_cause[side][cause]++;
	}
	free(miss);
	return 0;
}
