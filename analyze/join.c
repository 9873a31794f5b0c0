/* SPDX-License-Identifier: BSD-2-Clause */
/* join - see join.h. */
#include "analyze/join.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/grouping.h"
#include "analyze/radix.h"
#include "lib/record.h"

/* No direction known. */
#define WAY_UNKNOWN WS_N_WAYS

/* What the join needs while it runs. */
struct work {
	struct ws_join *join;
	struct ws_grouping grouping;
	uint8_t *alone[WS_N_SIDES];   /* has a context and no partner yet */
	uint32_t (*votes)[WS_N_WAYS]; /* of once-seen pairs, by their tuple at the vport */
	uint32_t *unused;	      /* entries that wait for an exit: a stack */
};

static const struct ws_sighting *sighting(const struct work *work, enum ws_side side, uint32_t i)
{
	return &work->join->side[side].at[i];
}

/* A frame that the NIC receives, or that the vport's interface sends to the pod, is on its way in. */
static unsigned int kernel_way(enum ws_side side, uint8_t direction)
{
	if (direction != WS_DIRECTION_IN && direction != WS_DIRECTION_OUT)
		return WAY_UNKNOWN;
	return (direction == WS_DIRECTION_IN) == (side == WS_SIDE_NIC) ? WS_WAY_RX : WS_WAY_TX;
}

static unsigned int majority(const uint32_t votes[WS_N_WAYS])
{
	if (votes[WS_WAY_RX] == votes[WS_WAY_TX])
		return WAY_UNKNOWN;
	return votes[WS_WAY_RX] > votes[WS_WAY_TX] ? WS_WAY_RX : WS_WAY_TX;
}

static uint8_t classify(const struct ws_sighting *nic, const struct ws_sighting *vport, unsigned int way, bool repeated)
{
	unsigned int nic_way = kernel_way(WS_SIDE_NIC, nic->direction);
	unsigned int vport_way = kernel_way(WS_SIDE_VPORT, vport->direction);
	unsigned int class = repeated ? WS_CLASS_RETRANSMIT : 0;

	if (nic->tuple != vport->tuple)
		class |= WS_CLASS_NAT;
	/* of a repetition's head the points may know more or less, from what passed before */
	if (nic->payload_len != vport->payload_len || (!repeated && nic->n_segments != vport->n_segments))
		class |= WS_CLASS_SPLIT;
	if ((nic_way != WAY_UNKNOWN && nic_way != way) || (vport_way != WAY_UNKNOWN && vport_way != way))
		class |= WS_CLASS_INCONSISTENT;
	return (uint8_t) class;
}

static void add_pair(struct work *work, uint32_t nic, uint32_t vport, unsigned int way, bool repeated)
{
	struct ws_join *join = work->join;
	uint8_t class = classify(sighting(work, WS_SIDE_NIC, nic), sighting(work, WS_SIDE_VPORT, vport), way, repeated);

	join->pair[join->n_pairs++] = (struct ws_pair) { { nic, vport }, (uint8_t)way, class };
	join->n_class[way][class]++;
	work->alone[WS_SIDE_NIC][nic] = 0;
	work->alone[WS_SIDE_VPORT][vport] = 0;
}

static bool is_single(const struct ws_group *group)
{
	return group->first[0] != WS_NOBODY && group->first[1] != WS_NOBODY && group->first[0] == group->last[0] &&
	       group->first[1] == group->last[1];
}

/* Pairs an identity that was seen once at each point: its stamps tell the direction. */
static void pair_single(struct work *work, const struct ws_group *group)
{
	const struct ws_sighting *nic = sighting(work, WS_SIDE_NIC, group->first[WS_SIDE_NIC]);
	const struct ws_sighting *vport = sighting(work, WS_SIDE_VPORT, group->first[WS_SIDE_VPORT]);
	unsigned int way = WS_WAY_RX;

	if (vport->ts_ns < nic->ts_ns) {
		way = WS_WAY_TX;
	} else if (vport->ts_ns == nic->ts_ns) {
		way = kernel_way(WS_SIDE_VPORT, vport->direction);
		if (way == WAY_UNKNOWN)
			way = kernel_way(WS_SIDE_NIC, nic->direction);
		if (way == WAY_UNKNOWN)
			way = WS_WAY_RX;
	}
	add_pair(work, group->first[WS_SIDE_NIC], group->first[WS_SIDE_VPORT], way, false);
	work->votes[vport->tuple][way]++;
}

static unsigned int repeated_way(const struct work *work, const struct ws_group *group)
{
	const struct ws_sighting *nic = sighting(work, WS_SIDE_NIC, group->first[WS_SIDE_NIC]);
	const struct ws_sighting *vport = sighting(work, WS_SIDE_VPORT, group->first[WS_SIDE_VPORT]);
	uint32_t votes[WS_N_WAYS + 1] = { 0 };
	unsigned int way;

	for (int side = 0; side < WS_N_SIDES; side++) {
		for (uint32_t i = group->first[side]; i != WS_NOBODY; i = work->grouping.next[side][i])
			votes[kernel_way(side, sighting(work, side, i)->direction)]++;
	}
	way = majority(votes);
	if (way == WAY_UNKNOWN)
		way = majority(work->votes[vport->tuple]);
	if (way == WAY_UNKNOWN)
		way = vport->ts_ns < nic->ts_ns ? WS_WAY_TX : WS_WAY_RX;
	return way;
}

/* Pairs an identity that was seen more than once: entries wait on a stack, so that the latest is taken first. */
static void pair_repeated(struct work *work, const struct ws_group *group)
{
	unsigned int way = repeated_way(work, group);
	int in = way == WS_WAY_RX ? WS_SIDE_NIC : WS_SIDE_VPORT, out = !in;
	uint32_t entry = group->first[in], n_unused = 0;

	for (uint32_t leave = group->first[out]; leave != WS_NOBODY; leave = work->grouping.next[out][leave]) {
		int64_t leave_ns = sighting(work, out, leave)->ts_ns;
		uint32_t at[WS_N_SIDES];

		for (; entry != WS_NOBODY && sighting(work, in, entry)->ts_ns <= leave_ns;
		     entry = work->grouping.next[in][entry])
			work->unused[n_unused++] = entry;
		if (!n_unused)
			continue;
		at[in] = work->unused[--n_unused];
		at[out] = leave;
		add_pair(work, at[WS_SIDE_NIC], at[WS_SIDE_VPORT], way, true);
	}
}

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

/* Says of every sighting of the side that is still alone why. */
static int explain(struct work *work, enum ws_side side)
{
	struct ws_join *join = work->join;
	const struct ws_side_view *here = &join->side[side], *there = &join->side[!side];
	struct miss *miss;
	uint32_t n_misses;
	int rc = undetected(there, &miss, &n_misses);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < here->n; i++) {
		enum ws_cause cause = there->n_unread ? WS_CAUSE_UNREAD : WS_CAUSE_LOST;
		const struct miss key = { .seq = here->at[i].identity.seq }, *found;

		if (!work->alone[side][i])
			continue;
		found = bsearch(&key, miss, n_misses, sizeof(*miss), compare_seq);
		if (here->at[i].ts_ns < there->first_ns || here->at[i].ts_ns > there->last_ns)
			cause = WS_CAUSE_OUTSIDE_WINDOW;
		else if (found)
			cause = cause_of(found->reason);
		join->stray[join->n_strays++] = (struct ws_stray) { i, (uint8_t)side, (uint8_t)cause };
		join->n_cause[side][cause]++;
	}
	free(miss);
	return 0;
}

static int prepare(struct work *work)
{
	struct ws_join *join = work->join;
	struct ws_members members[WS_N_SIDES];
	uint32_t n_tuples = 0, fewer, more;

	for (int side = 0; side < WS_N_SIDES; side++) {
		const struct ws_side_view *view = &join->side[side];

		work->alone[side] = malloc(view->n + 1);
		if (!work->alone[side])
			return -ENOMEM;
		for (uint32_t i = 0; i < view->n; i++) {
			work->alone[side][i] = view->at[i].reason == WS_REASON_CONTEXT;
			join->n_contexts[side] += work->alone[side][i];
			if (side == WS_SIDE_VPORT && view->at[i].tuple >= n_tuples)
				n_tuples = view->at[i].tuple + 1;
		}
		members[side] = (struct ws_members) { view->at, sizeof(*view->at), view->n, work->alone[side] };
	}
	fewer = join->side[0].n < join->side[1].n ? join->side[0].n : join->side[1].n;
	more = join->side[0].n + join->side[1].n - fewer;
	work->votes = calloc((size_t)n_tuples + 1, sizeof(*work->votes));
	work->unused = malloc(((size_t)more + 1) * sizeof(*work->unused));
	join->pair = malloc(((size_t)fewer + 1) * sizeof(*join->pair));
	if (!work->votes || !work->unused || !join->pair)
		return -ENOMEM;
	return ws_grouping_open(members, &work->grouping);
}

static int run(struct work *work)
{
	struct ws_join *join = work->join;
	size_t n_alone;
	int rc = prepare(work);

	if (rc)
		return rc;
	/* First what tells its own direction: it decides for the rest of its flow. */
	for (uint32_t i = 0; i < work->grouping.n; i++) {
		if (is_single(&work->grouping.group[i]))
			pair_single(work, &work->grouping.group[i]);
	}
	for (uint32_t i = 0; i < work->grouping.n; i++) {
		const struct ws_group *group = &work->grouping.group[i];

		if (group->first[0] != WS_NOBODY && group->first[1] != WS_NOBODY && !is_single(group))
			pair_repeated(work, group);
	}
	n_alone = join->n_contexts[0] + join->n_contexts[1] - 2 * (size_t)join->n_pairs;
	join->stray = malloc((n_alone + 1) * sizeof(*join->stray));
	if (!join->stray)
		return -ENOMEM;
	rc = n_alone ? explain(work, WS_SIDE_NIC) : 0;
	return rc || !n_alone ? rc : explain(work, WS_SIDE_VPORT);
}

int ws_join_open(const struct ws_side_view *nic, const struct ws_side_view *vport, struct ws_join *join)
{
	struct ws_join made = { .side = { *nic, *vport } };
	struct work work = { .join = &made };
	int rc = (uint64_t)nic->n + vport->n > UINT32_MAX / 2 ? -EOVERFLOW : run(&work);

	ws_grouping_close(&work.grouping);
	free(work.alone[0]);
	free(work.alone[1]);
	free(work.votes);
	free(work.unused);
	if (rc)
		ws_join_close(&made);
	else
		*join = made;
	return rc;
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
	static const char *const name[WS_N_CAUSES] = { "lost",	       "outside_window", "not_detected",     "unread",
						       "lost_segment", "out_of_order",	 "http2_undecodable" };

	return name[cause];
}
