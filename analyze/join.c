/* SPDX-License-Identifier: BSD-2-Clause */
/* join - see join.h. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/join_inner.h"
#include "analyze/radix.h"
#include "lib/record.h"

unsigned int ws_kernel_way(enum ws_side side, uint8_t direction)
{
	if (direction != WS_DIRECTION_IN && direction != WS_DIRECTION_OUT)
		return WS_N_WAYS;
	return (direction == WS_DIRECTION_IN) == (side == WS_SIDE_NIC) ? WS_WAY_RX : WS_WAY_TX;
}

static int prepare(struct ws_join_work *work)
{
	struct ws_members members[WS_N_SIDES];
	uint32_t n_tuples = 0, more = work->side[0].n > work->side[1].n ? work->side[0].n : work->side[1].n;

	for (int side = 0; side < WS_N_SIDES; side++) {
		const struct ws_side_view *view = &work->side[side];

		work->alone[side] = malloc((size_t)view->n + 1);
		work->moment[side] = work->has_several ? malloc(((size_t)view->n + 1) * sizeof(struct ws_moment))
						       : NULL;
		if (!work->alone[side] || (work->has_several && !work->moment[side]))
			return -ENOMEM;
		for (uint32_t i = 0; i < view->n; i++) {
			work->alone[side][i] = view->at[i].reason == WS_REASON_CONTEXT ? WS_ALONE : WS_NOT_ALONE;
			work->join->n_contexts[side] += work->alone[side][i];
			if (side == WS_SIDE_VPORT && view->at[i].tuple >= n_tuples)
				n_tuples = view->at[i].tuple + 1;
		}
		members[side] = (struct ws_members) { view->at, sizeof(*view->at), view->n, work->alone[side] };
	}
	if (work->known) {
		work->votes = work->known->votes + (size_t)work->node * work->known->n_tuples;
	} else {
		work->own_votes = calloc((size_t)n_tuples + 1, sizeof(*work->own_votes));
		work->votes = (const uint32_t(*)[WS_N_WAYS])work->own_votes;
	}
	work->unused = malloc(((size_t)more + 1) * sizeof(*work->unused));
	if (!work->votes || !work->unused)
		return -ENOMEM;
	return ws_grouping_open(members, &work->grouping);
}

/* Joins a node's sightings. */
static int join_node(struct ws_join_work *work)
{
	struct ws_join *join = work->join;
	uint64_t n_before = join->n_contexts[0] + join->n_contexts[1], n_alone;
	uint32_t n_pairs = join->n_pairs;
	struct ws_stray *grown;
	int rc = prepare(work);

	if (rc)
		return rc;
	ws_pairing_run(work);
	n_alone = join->n_contexts[0] + join->n_contexts[1] - n_before - 2 * (uint64_t)(join->n_pairs - n_pairs);
	grown = realloc(join->stray, ((size_t)join->n_strays + n_alone + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	join->stray = grown;
	rc = n_alone ? ws_strays_explain(work, WS_SIDE_NIC) : 0;
	return rc || !n_alone ? rc : ws_strays_explain(work, WS_SIDE_VPORT);
}

static void work_close(struct ws_join_work *work)
{
	ws_grouping_close(&work->grouping);
	for (int side = 0; side < WS_N_SIDES; side++) {
		free(work->alone[side]);
		free(work->moment[side]);
	}
	free(work->own_votes);
	free(work->unused);
}

/* The node's part of a side, which begins at the base and is cut off there for the next node. */
static struct ws_side_view part_of(const struct ws_side_view *side, uint32_t base, uint32_t node)
{
	struct ws_side_view part = *side;
	uint32_t end = base;

	while (end < side->n && ws_side_vantage(side, &side->at[end])->node == node) {
		/* all of a point at once, where it is the only one of the node */
		if (side->n_vantages == 1)
			end = side->n;
		else
			end++;
	}
	part.at += base;
	part.n = end - base;
	return part;
}

static uint32_t count_points(const struct ws_side_view *side, uint32_t node)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < side->n_vantages; i++)
		n += side->vantage[i].node == node;
	return n;
}

static uint32_t count_nodes(const struct ws_join *join)
{
	uint32_t n = 0;

	for (int side = 0; side < WS_N_SIDES; side++) {
		for (uint32_t i = 0; i < join->side[side].n_vantages; i++)
			n = join->side[side].vantage[i].node >= n ? join->side[side].vantage[i].node + 1 : n;
	}
	return n;
}

static int run(struct ws_join *join, const struct ws_join_known *known)
{
	const struct ws_side_view *side = join->side;
	uint32_t fewer = side[0].n < side[1].n ? side[0].n : side[1].n, base[WS_N_SIDES] = { 0 };
	uint32_t n_nodes = count_nodes(join);
	int rc = 0;

	join->pair = malloc(((size_t)fewer + 1) * sizeof(*join->pair));
	if (!join->pair)
		return -ENOMEM;
	for (uint32_t node = 0; node < n_nodes && !rc; node++) {
		struct ws_join_work work = { .join = join, .node = node, .known = known };

		for (int i = 0; i < WS_N_SIDES; i++) {
			work.side[i] = part_of(&side[i], base[i], node);
			work.base[i] = base[i];
			work.has_several |= count_points(&side[i], node) > 1;
			base[i] += work.side[i].n;
		}
		rc = join_node(&work);
		work_close(&work);
	}
	return rc;
}

int ws_join_open_part(const struct ws_side_view *nic, const struct ws_side_view *vport,
		      const struct ws_join_known *known, struct ws_join *join)
{
	struct ws_join made = { .side = { *nic, *vport } };
	int rc = (uint64_t)nic->n + vport->n > UINT32_MAX / 2 ? -EOVERFLOW : run(&made, known);

	made.n_causes = nic->n_vantages > 1 || vport->n_vantages > 1 ? WS_N_CAUSES : WS_N_PLAIN_CAUSES;
	if (rc)
		ws_join_close(&made);
	else
		*join = made;
	return rc;
}

int ws_join_open(const struct ws_side_view *nic, const struct ws_side_view *vport, struct ws_join *join)
{
	return ws_join_open_part(nic, vport, NULL, join);
}

void ws_join_add_counts(struct ws_join *join, const struct ws_join *part)
{
	join->n_pairs += part->n_pairs;
	join->n_strays += part->n_strays;
	for (int way = 0; way < WS_N_WAYS; way++) {
		for (int class = 0; class < WS_N_CLASSES; class ++)
			join->n_class[way][class] += part->n_class[way][class];
	}
	for (int side = 0; side < WS_N_SIDES; side++) {
		for (int cause = 0; cause < WS_N_CAUSES; cause++)
			join->n_cause[side][cause] += part->n_cause[side][cause];
	}
}

int ws_join_sort(struct ws_join *join)
{
	struct ws_radix_item *item = malloc(((size_t)join->n_pairs + 1) * sizeof(*item));
	struct ws_pair *sorted = malloc(((size_t)join->n_pairs + 1) * sizeof(*sorted));
	int rc = item && sorted ? 0 : -ENOMEM;

	/* Stable sorts, the least important key first. */
	for (uint32_t i = 0; i < join->n_pairs && !rc; i++)
		item[i] = (struct ws_radix_item) { join->pair[i].at[WS_SIDE_NIC], i };
	rc = rc ? rc : ws_radix_sort_items(item, join->n_pairs);
	for (uint32_t i = 0; i < join->n_pairs && !rc; i++)
		item[i].key = join->side[0].at[join->pair[item[i].tag].at[0]].identity.seq;
	rc = rc ? rc : ws_radix_sort_items(item, join->n_pairs);
	for (uint32_t i = 0; i < join->n_pairs && !rc; i++)
		item[i].key = ws_radix_bias(ws_pair_entry_ns(join, &join->pair[item[i].tag]));
	rc = rc ? rc : ws_radix_sort_items(item, join->n_pairs);
	for (uint32_t i = 0; i < join->n_pairs && !rc; i++)
		sorted[i] = join->pair[item[i].tag];
	free(item);
	if (rc) {
		free(sorted);
		return rc;
	}
	free(join->pair);
	join->pair = sorted;
	return 0;
}

void ws_join_close(struct ws_join *join)
{
	if (!join)
		return;
	free(join->pair);
	free(join->stray);
	*join = (struct ws_join) { 0 };
}

const char *ws_way_name(enum ws_way way)
{
	return way == WS_WAY_RX ? "rx" : "tx";
}

const char *ws_side_name(enum ws_side side)
{
	return side == WS_SIDE_NIC ? "nic" : "vport";
}

const char *ws_class_name(unsigned int class)
{
	static const char *const name[WS_N_CLASSES] = {
		"matched",
		"nat",
		"retransmit",
		"nat+retransmit",
		"split",
		"nat+split",
		"retransmit+split",
		"nat+retransmit+split",
		"inconsistent",
		"nat+inconsistent",
		"retransmit+inconsistent",
		"nat+retransmit+inconsistent",
		"split+inconsistent",
		"nat+split+inconsistent",
		"retransmit+split+inconsistent",
		"nat+retransmit+split+inconsistent",
	};

	return name[class % WS_N_CLASSES];
}

const char *ws_cause_name(enum ws_cause cause)
{
	static const char *const name[WS_N_CAUSES] = { "lost",	       "outside_window", "not_detected",      "unread",
						       "lost_segment", "out_of_order",	 "http2_undecodable", "local",
						       "other_pod" };

	return name[cause];
}
