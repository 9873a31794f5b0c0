/* SPDX-License-Identifier: BSD-2-Clause */
/* stray - why a sighting has no partner, as far as the sightings themselves tell; see join.h and join_inner.h. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/join_inner.h"
#include "analyze/radix.h"
#include "lib/record.h"

static int compare_seq(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a >> 8, right = *(const uint64_t *)b >> 8;

	return (left > right) - (left < right);
}

/* The requests in which no context was found, to be freed. 0 or -ENOMEM. */
static int undetected(const struct ws_side_view *side, struct ws_misses *misses)
{
	struct ws_misses made = { 0 };
	uint64_t n = 0;
	int rc;

	for (uint32_t i = 0; i < side->n; i++)
		n += side->at[i].reason != WS_REASON_CONTEXT;
	made.at = malloc((n ? n : 1) * sizeof(*made.at));
	if (!made.at)
		return -ENOMEM;
	for (uint32_t i = 0; i < side->n; i++) {
		if (side->at[i].reason != WS_REASON_CONTEXT)
			made.at[made.n++] = ws_miss(&side->at[i]);
	}
	rc = ws_radix_sort(made.at, made.n);
	if (rc)
		free(made.at);
	else
		*misses = made;
	return rc;
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

/* Says why of every sighting of the side that is still alone. */
static void explain(struct ws_join_work *work, enum ws_side side, const struct ws_misses *misses)
{
	struct ws_join *join = work->join;
	const struct ws_side_view *here = &work->side[side];
	enum ws_cause unseen = count_unread(work, !side) ? WS_CAUSE_UNREAD : WS_CAUSE_LOST;

	for (uint32_t i = 0; i < here->n; i++) {
		const uint64_t key = ws_miss(&here->at[i]), *found;
		enum ws_cause cause = unseen;

		if (!work->alone[side][i])
			continue;
		found = misses->n ? bsearch(&key, misses->at, misses->n, sizeof(key), compare_seq) : NULL;
		if (work->alone[side][i] == WS_ALONE_AND_LOCAL)
			cause = WS_CAUSE_LOCAL;
		else if (!was_watched(work, !side, here->at[i].ts_ns))
			cause = WS_CAUSE_OUTSIDE_WINDOW;
		else if (found)
			cause = cause_of((uint8_t)*found);
		join->stray[join->n_strays++] = (struct ws_stray) { work->base[side] + i, (uint8_t)side,
								    (uint8_t)cause };
		join->n_cause[side][cause]++;
	}
}

int ws_strays_explain(struct ws_join_work *work, enum ws_side side)
{
	struct ws_misses misses = { 0 };
	int rc;

	if (work->known) {
		explain(work, side, &work->known->misses[!side][work->node]);
		return 0;
	}
	rc = undetected(&work->side[!side], &misses);
	if (!rc)
		explain(work, side, &misses);
	free(misses.at);
	return rc;
}
