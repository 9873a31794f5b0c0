/* SPDX-License-Identifier: BSD-2-Clause */
/* pairing - which sightings of a node are the same packet; see join.h and join_inner.h. */
#include <stdlib.h>

#include "analyze/join_inner.h"

static unsigned int majority(const uint32_t votes[WS_N_WAYS])
{
	if (votes[WS_WAY_RX] == votes[WS_WAY_TX])
		return WS_N_WAYS;
	return votes[WS_WAY_RX] > votes[WS_WAY_TX] ? WS_WAY_RX : WS_WAY_TX;
}

uint8_t ws_pair_class(const struct ws_sighting *nic, const struct ws_sighting *vport, unsigned int way, bool repeated)
{
	unsigned int nic_way = ws_kernel_way(WS_SIDE_NIC, nic->direction);
	unsigned int vport_way = ws_kernel_way(WS_SIDE_VPORT, vport->direction);
	unsigned int class = repeated ? WS_CLASS_RETRANSMIT : 0;

	if (nic->tuple != vport->tuple)
		class |= WS_CLASS_NAT;
	/* of a repetition's head the points may know more or less, from what passed before */
	if (nic->payload_len != vport->payload_len || (!repeated && nic->n_segments != vport->n_segments))
		class |= WS_CLASS_SPLIT;
	if ((nic_way != WS_N_WAYS && nic_way != way) || (vport_way != WS_N_WAYS && vport_way != way))
		class |= WS_CLASS_INCONSISTENT;
	return (uint8_t) class;
}

static void add_pair(struct ws_join_work *work, uint32_t nic, uint32_t vport, unsigned int way, bool repeated)
{
	struct ws_join *join = work->join;
	uint8_t class = ws_pair_class(ws_join_sighting(work, WS_SIDE_NIC, nic),
				      ws_join_sighting(work, WS_SIDE_VPORT, vport), way, repeated);

	join->pair[join->n_pairs++] =
		(struct ws_pair) { { work->base[0] + nic, work->base[1] + vport }, (uint8_t)way, class };
	join->n_class[way][class]++;
	work->alone[WS_SIDE_NIC][nic] = WS_NOT_ALONE;
	work->alone[WS_SIDE_VPORT][vport] = WS_NOT_ALONE;
}

static bool is_single(const struct ws_group *group)
{
	return group->first[0] != WS_NOBODY && group->first[1] != WS_NOBODY && group->first[0] == group->last[0] &&
	       group->first[1] == group->last[1];
}

unsigned int ws_single_way(const struct ws_sighting *nic, const struct ws_sighting *vport)
{
	unsigned int way;

	if (vport->ts_ns != nic->ts_ns)
		return vport->ts_ns < nic->ts_ns ? WS_WAY_TX : WS_WAY_RX;
	way = ws_kernel_way(WS_SIDE_VPORT, vport->direction);
	if (way == WS_N_WAYS)
		way = ws_kernel_way(WS_SIDE_NIC, nic->direction);
	return way == WS_N_WAYS ? WS_WAY_RX : way;
}

/* Pairs an identity that was seen once at each point: its stamps tell the direction. */
static void pair_single(struct ws_join_work *work, const struct ws_group *group)
{
	const struct ws_sighting *vport = ws_join_sighting(work, WS_SIDE_VPORT, group->first[WS_SIDE_VPORT]);
	unsigned int way = ws_single_way(ws_join_sighting(work, WS_SIDE_NIC, group->first[WS_SIDE_NIC]), vport);

	add_pair(work, group->first[WS_SIDE_NIC], group->first[WS_SIDE_VPORT], way, false);
	if (work->own_votes)
		work->own_votes[vport->tuple][way]++;
}

static unsigned int repeated_way(const struct ws_join_work *work, const struct ws_group *group)
{
	const struct ws_sighting *nic = ws_join_sighting(work, WS_SIDE_NIC, group->first[WS_SIDE_NIC]);
	const struct ws_sighting *vport = ws_join_sighting(work, WS_SIDE_VPORT, group->first[WS_SIDE_VPORT]);
	uint32_t votes[WS_N_WAYS + 1] = { 0 };
	unsigned int way;

	for (int side = 0; side < WS_N_SIDES; side++) {
		for (uint32_t i = group->first[side]; i != WS_NOBODY; i = work->grouping.next[side][i])
			votes[ws_kernel_way(side, ws_join_sighting(work, side, i)->direction)]++;
	}
	way = majority(votes);
	if (way == WS_N_WAYS)
		way = majority(work->votes[vport->tuple]);
	if (way == WS_N_WAYS)
		way = vport->ts_ns < nic->ts_ns ? WS_WAY_TX : WS_WAY_RX;
	return way;
}

/* Pairs an identity that was seen more than once: entries wait on a stack, so that the latest is taken first. */
static void pair_repeated(struct ws_join_work *work, const struct ws_group *group)
{
	unsigned int way = repeated_way(work, group);
	int in = way == WS_WAY_RX ? WS_SIDE_NIC : WS_SIDE_VPORT, out = !in;
	uint32_t entry = group->first[in], n_unused = 0;

	for (uint32_t leave = group->first[out]; leave != WS_NOBODY; leave = work->grouping.next[out][leave]) {
		int64_t leave_ns = ws_join_sighting(work, out, leave)->ts_ns;
		uint32_t at[WS_N_SIDES];

		for (; entry != WS_NOBODY && ws_join_sighting(work, in, entry)->ts_ns <= leave_ns;
		     entry = work->grouping.next[in][entry])
			work->unused[n_unused++] = entry;
		if (!n_unused)
			continue;
		at[in] = work->unused[--n_unused];
		at[out] = leave;
		add_pair(work, at[WS_SIDE_NIC], at[WS_SIDE_VPORT], way, true);
	}
}

/* Was it seen at more than one point of the side? A side's sightings lie together by point. */
static bool is_scattered(const struct ws_join_work *work, const struct ws_group *group, enum ws_side side)
{
	return group->first[side] != WS_NOBODY && ws_join_sighting(work, side, group->first[side])->file !=
							  ws_join_sighting(work, side, group->last[side])->file;
}

static unsigned int way_or(const struct ws_join_work *work, enum ws_side side, uint32_t i, unsigned int otherwise)
{
	unsigned int way = ws_kernel_way(side, ws_join_sighting(work, side, i)->direction);

	return way == WS_N_WAYS ? otherwise : way;
}

static int compare_moments(const void *left, const void *right)
{
	const struct ws_moment *a = left, *b = right;

	if (a->ts_ns != b->ts_ns)
		return a->ts_ns < b->ts_ns ? -1 : 1;
	return (a->at > b->at) - (a->at < b->at);
}

/*
 * Lists the side's sightings that go that way in time order, whatever their point; those of which the kernel does not
 * know it go the other way. *repeated becomes true if a point saw it go that way more than once.
 */
static uint32_t list_moments(const struct ws_join_work *work, const struct ws_group *group, enum ws_side side,
			     unsigned int way, unsigned int otherwise, bool *repeated)
{
	struct ws_moment *moment = work->moment[side];
	uint32_t n = 0;

	for (uint32_t i = group->first[side]; i != WS_NOBODY; i = work->grouping.next[side][i]) {
		const struct ws_sighting *s = ws_join_sighting(work, side, i);

		if (way_or(work, side, i, otherwise) != way)
			continue;
		*repeated |= n && ws_join_sighting(work, side, moment[n - 1].at)->file == s->file;
		moment[n++] = (struct ws_moment) { s->ts_ns, i };
	}
	qsort(moment, n, sizeof(*moment), compare_moments);
	return n;
}

/* Pairs an identity that was seen at several points of a side: each way by itself, as pair_repeated() does. */
static void pair_scattered(struct ws_join_work *work, const struct ws_group *group)
{
	unsigned int otherwise = repeated_way(work, group);

	for (unsigned int way = 0; way < WS_N_WAYS; way++) {
		int in = way == WS_WAY_RX ? WS_SIDE_NIC : WS_SIDE_VPORT, out = !in;
		bool repeated = false;
		uint32_t n_in = list_moments(work, group, in, way, otherwise, &repeated);
		uint32_t n_out = list_moments(work, group, out, way, otherwise, &repeated);
		uint32_t entry = 0, n_unused = 0;

		for (uint32_t leave = 0; leave < n_out; leave++) {
			uint32_t at[WS_N_SIDES];

			for (; entry < n_in && work->moment[in][entry].ts_ns <= work->moment[out][leave].ts_ns; entry++)
				work->unused[n_unused++] = work->moment[in][entry].at;
			if (!n_unused)
				continue;
			at[in] = work->unused[--n_unused];
			at[out] = work->moment[out][leave].at;
			add_pair(work, at[WS_SIDE_NIC], at[WS_SIDE_VPORT], way, repeated);
		}
	}
}

/* Notes what was seen at two vports and never at the NIC. */
static void note_local(struct ws_join_work *work, const struct ws_group *group)
{
	if (group->first[WS_SIDE_NIC] != WS_NOBODY || !is_scattered(work, group, WS_SIDE_VPORT))
		return;
	for (uint32_t i = group->first[WS_SIDE_VPORT]; i != WS_NOBODY; i = work->grouping.next[WS_SIDE_VPORT][i])
		work->alone[WS_SIDE_VPORT][i] = WS_ALONE_AND_LOCAL;
}

void ws_pairing_run(struct ws_join_work *work)
{
	/* First what tells its own direction: it decides for the rest of its flow. */
	for (uint32_t i = 0; i < work->grouping.n; i++) {
		if (is_single(&work->grouping.group[i]))
			pair_single(work, &work->grouping.group[i]);
	}
	for (uint32_t i = 0; i < work->grouping.n; i++) {
		const struct ws_group *group = &work->grouping.group[i];

		if (group->first[0] == WS_NOBODY || group->first[1] == WS_NOBODY) {
			if (work->has_several)
				note_local(work, group);
		} else if (work->has_several && (is_scattered(work, group, 0) || is_scattered(work, group, 1))) {
			pair_scattered(work, group);
		} else if (!is_single(group)) {
			pair_repeated(work, group);
		}
	}
}
