/* SPDX-License-Identifier: BSD-2-Clause */
/* test_join - pairs, directions, classes and causes, one by one and against a reference that looks at everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/join.h"
#include "lib/record.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define NOBODY	 UINT32_MAX

/* What test sightings have in common: one point of a side, with a window in which nothing is outside. */
static const struct ws_vantage always = { INT64_MIN, INT64_MAX, 0, 0 };

static struct ws_side_view view_of(const struct ws_sighting *at, uint32_t n)
{
	return (struct ws_side_view) { at, n, &always, 1, 0 };
}

/* A sighting of packet id of flow 0, in one segment, whose direction the kernel does not know. */
static struct ws_sighting seen(uint32_t id, int64_t ts_ns)
{
	struct ws_sighting s = {
		.identity = { .seq = id, .trace_id_len = 16 },
		.ts_ns = ts_ns,
		.payload_len = 500,
		.ids_end_off = 100,
		.n_segments = 1,
		.reason = WS_REASON_CONTEXT,
	};

	s.identity.trace_id[15] = (uint8_t)id;
	s.identity.span_id[0] = (uint8_t)(id >> 8);
	return s;
}

static struct ws_sighting seen_going(uint32_t id, int64_t ts_ns, enum ws_direction direction)
{
	struct ws_sighting s = seen(id, ts_ns);

	s.direction = direction;
	return s;
}

static struct ws_sighting seen_in_flow(uint32_t id, int64_t ts_ns, uint32_t tuple)
{
	struct ws_sighting s = seen(id, ts_ns);

	s.tuple = tuple;
	return s;
}

/* Joins two arrays. To be closed with ws_join_close(). */
#define JOIN(nic, vport) join_of((nic), N(nic), (vport), N(vport))
static struct ws_join join_of(const struct ws_sighting *nic, uint32_t n_nic, const struct ws_sighting *vport,
			      uint32_t n_vport)
{
	struct ws_side_view side[] = { view_of(nic, n_nic), view_of(vport, n_vport) };
	struct ws_join join;

	assert_int_equal(ws_join_open(&side[0], &side[1], &join), 0);
	assert_int_equal(ws_join_sort(&join), 0);
	return join;
}

static void assert_pair(const struct ws_join *join, uint32_t i, uint32_t nic, uint32_t vport, enum ws_way way,
			unsigned int class)
{
	assert_true(i < join->n_pairs);
	assert_int_equal(join->pair[i].at[WS_SIDE_NIC], nic);
	assert_int_equal(join->pair[i].at[WS_SIDE_VPORT], vport);
	assert_int_equal(join->pair[i].way, way);
	assert_string_equal(ws_class_name(join->pair[i].class), ws_class_name(class));
}

static void assert_stray(const struct ws_join *join, uint32_t i, enum ws_side side, uint32_t at, enum ws_cause cause)
{
	assert_true(i < join->n_strays);
	assert_int_equal(join->stray[i].side, side);
	assert_int_equal(join->stray[i].at, at);
	assert_string_equal(ws_cause_name(join->stray[i].cause), ws_cause_name(cause));
}

static void first_stamp_tells_the_direction(void **state)
{
	struct ws_sighting nic[] = { seen(1, 100), seen(2, 240) }, vport[] = { seen(1, 130), seen(2, 200) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 2);
	assert_pair(&join, 0, 0, 0, WS_WAY_RX, 0);
	assert_pair(&join, 1, 1, 1, WS_WAY_TX, 0);
	assert_int_equal(ws_pair_latency_ns(&join, &join.pair[0]), 30);
	assert_int_equal(ws_pair_latency_ns(&join, &join.pair[1]), 40);
	assert_int_equal(join.n_strays, 0);
	ws_join_close(&join);
}

static void nothing_joins_to_nothing(void **state)
{
	struct ws_sighting nic[] = { seen(1, 100) };
	struct ws_join join = join_of(NULL, 0, NULL, 0);

	(void)state;
	assert_int_equal(join.n_pairs + join.n_strays, 0);
	ws_join_close(&join);
	join = join_of(nic, 1, NULL, 0);
	assert_int_equal(join.n_pairs, 0);
	assert_stray(&join, 0, WS_SIDE_NIC, 0, WS_CAUSE_LOST);
	ws_join_close(&join);
	ws_join_close(NULL);
}

static void same_seq_is_not_enough(void **state)
{
	struct ws_sighting nic[] = { seen(1, 100), seen(2, 101), seen(3, 102) };
	struct ws_sighting vport[] = { seen(1, 110), seen(2, 111), seen(3, 112) };
	struct ws_join join;

	(void)state;
	vport[0].identity.trace_id[0] = 1;
	vport[1].identity.span_id[7] = 1;
	vport[2].identity.trace_id_len = 8;
	join = JOIN(nic, vport);
	assert_int_equal(join.n_pairs, 0);
	assert_int_equal(join.n_strays, 6);
	ws_join_close(&join);
}

static void equal_stamps_go_by_the_kernel(void **state)
{
	struct ws_sighting nic[] = { seen(1, 100), seen_going(2, 200, WS_DIRECTION_OUT), seen(3, 300) };
	struct ws_sighting vport[] = { seen(1, 100), seen(2, 200), seen_going(3, 300, WS_DIRECTION_IN) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_pair(&join, 0, 0, 0, WS_WAY_RX, 0);
	assert_pair(&join, 1, 1, 1, WS_WAY_TX, 0);
	assert_pair(&join, 2, 2, 2, WS_WAY_TX, 0);
	assert_int_equal(ws_pair_latency_ns(&join, &join.pair[2]), 0);
	ws_join_close(&join);
}

static void classes_are_told_apart_and_joined(void **state)
{
	struct ws_sighting nic[] = { seen_in_flow(1, 100, 7), seen(2, 200), seen(3, 300),
				     seen_going(4, 400, WS_DIRECTION_OUT), seen_in_flow(5, 500, 7) };
	struct ws_sighting vport[] = {
		seen(1, 110), seen(2, 210), seen(3, 310), seen(4, 410), seen_going(5, 510, WS_DIRECTION_IN),
		seen(5, 2000)
	};
	struct ws_join join;

	(void)state;
	nic[1].payload_len = 3000;
	nic[2].n_segments = 2;
	vport[4].payload_len = 3000;
	join = JOIN(nic, vport);
	assert_pair(&join, 0, 0, 0, WS_WAY_RX, WS_CLASS_NAT);
	assert_pair(&join, 1, 1, 1, WS_WAY_RX, WS_CLASS_SPLIT);
	assert_pair(&join, 2, 2, 2, WS_WAY_RX, WS_CLASS_SPLIT);
	assert_pair(&join, 3, 3, 3, WS_WAY_RX, WS_CLASS_INCONSISTENT);
	/* Sent by the pod, the kernel says: the NIC's only sighting comes too early to be its exit. */
	assert_int_equal(join.n_pairs, 4);
	assert_stray(&join, 0, WS_SIDE_NIC, 4, WS_CAUSE_LOST);
	assert_string_equal(ws_class_name(WS_CLASS_NAT | WS_CLASS_RETRANSMIT | WS_CLASS_SPLIT | WS_CLASS_INCONSISTENT),
			    "nat+retransmit+split+inconsistent");
	assert_int_equal(join.n_class[WS_WAY_RX][WS_CLASS_SPLIT], 2);
	ws_join_close(&join);
}

static void repeated_packets_can_be_inconsistent(void **state)
{
	struct ws_sighting nic[] = { seen_going(1, 100, WS_DIRECTION_IN), seen_going(1, 300, WS_DIRECTION_IN) };
	struct ws_sighting vport[] = { seen_going(1, 110, WS_DIRECTION_IN), seen(1, 310) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_pair(&join, 0, 0, 0, WS_WAY_RX, WS_CLASS_RETRANSMIT | WS_CLASS_INCONSISTENT);
	assert_pair(&join, 1, 1, 1, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	ws_join_close(&join);
}

static void retransmission_lost_between_the_points_rx(void **state)
{
	/* The first copy passed the NIC and got lost; the second arrived. */
	struct ws_sighting nic[] = { seen(1, 100), seen(1, 5000) }, vport[] = { seen(1, 5030) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 1);
	assert_pair(&join, 0, 1, 0, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_int_equal(ws_pair_latency_ns(&join, &join.pair[0]), 30);
	assert_stray(&join, 0, WS_SIDE_NIC, 0, WS_CAUSE_LOST);
	ws_join_close(&join);
}

static void retransmission_lost_between_the_points_tx(void **state)
{
	struct ws_sighting vport[] = { seen(1, 100), seen(1, 5000) }, nic[] = { seen(1, 5030) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 1);
	assert_pair(&join, 0, 0, 1, WS_WAY_TX, WS_CLASS_RETRANSMIT);
	assert_stray(&join, 0, WS_SIDE_VPORT, 0, WS_CAUSE_LOST);
	ws_join_close(&join);
}

/* The entry of the first copy was missed: what was seen first would be taken for the entry of all. */
static void flow_decides_where_the_entry_is_missing(void **state)
{
	struct ws_sighting nic[] = { seen(8, 10), seen(9, 20), seen(1, 1000) };
	struct ws_sighting vport[] = { seen(8, 15), seen(9, 25), seen(1, 500), seen(1, 1030) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 3);
	assert_pair(&join, 2, 2, 3, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_stray(&join, 0, WS_SIDE_VPORT, 2, WS_CAUSE_LOST);
	ws_join_close(&join);
	/* Without the flow's other packets it looks as if the pod had sent the first copy. */
	join = join_of(nic + 2, 1, vport + 2, 2);
	assert_int_equal(join.n_pairs, 1);
	assert_pair(&join, 0, 0, 0, WS_WAY_TX, WS_CLASS_RETRANSMIT);
	ws_join_close(&join);
}

static void flows_majority_is_the_vports(void **state)
{
	/* At the NIC all have the tuple 3; at the vport two flows, of which the repeated packet belongs to the second.
	 */
	struct ws_sighting nic[] = { seen_in_flow(5, 10, 3), seen_in_flow(6, 12, 3), seen_in_flow(7, 40, 3),
				     seen_in_flow(1, 500, 3), seen_in_flow(1, 1030, 3) };
	struct ws_sighting vport[] = { seen_in_flow(5, 15, 0), seen_in_flow(6, 16, 0), seen_in_flow(7, 30, 1),
				       seen_in_flow(1, 1000, 1) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 4);
	assert_pair(&join, 3, 4, 3, WS_WAY_TX, WS_CLASS_NAT | WS_CLASS_RETRANSMIT);
	ws_join_close(&join);
}

static void kernel_decides_before_the_flow(void **state)
{
	struct ws_sighting nic[] = { seen(8, 10), seen(9, 20), seen_going(1, 1000, WS_DIRECTION_OUT) };
	struct ws_sighting vport[] = { seen(8, 15), seen(9, 25), seen(1, 500), seen(1, 990) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_pair(&join, 2, 2, 3, WS_WAY_TX, WS_CLASS_RETRANSMIT);
	ws_join_close(&join);
}

static void interleaved_duplicates_take_the_latest_unused_entry(void **state)
{
	/* in in in out out | in out out out: 2-3, 1-4, then 5-6, 0-7; nothing is left for the exit 8. */
	struct ws_sighting nic[] = { seen(1, 0), seen(1, 1), seen(1, 2), seen(1, 5) };
	struct ws_sighting vport[] = { seen(1, 3), seen(1, 4), seen(1, 6), seen(1, 7), seen(1, 8) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 4);
	assert_pair(&join, 0, 0, 3, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_pair(&join, 1, 1, 1, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_pair(&join, 2, 2, 0, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_pair(&join, 3, 3, 2, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_stray(&join, 0, WS_SIDE_VPORT, 4, WS_CAUSE_LOST);
	ws_join_close(&join);
}

static void sequence_numbers_may_wrap(void **state)
{
	struct ws_sighting nic[] = { seen(UINT32_MAX, 100), seen(0, 200), seen(1, 300) };
	struct ws_sighting vport[] = { seen(UINT32_MAX, 110), seen(0, 210), seen(1, 310) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		assert_pair(&join, i, i, i, WS_WAY_RX, 0);
	ws_join_close(&join);
}

static void latency_never_wraps(void **state)
{
	struct ws_sighting nic[] = { seen(1, INT64_MIN) }, vport[] = { seen(1, INT64_MAX) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_true(ws_pair_latency_ns(&join, &join.pair[0]) == UINT64_MAX);
	ws_join_close(&join);
}

static void causes_are_told_apart(void **state)
{
	struct ws_sighting nic[] = { seen(1, 50), seen(2, 100), seen(3, 150), seen(4, 1000), seen(5, 1001) };
	struct ws_sighting vport[] = { seen(3, 160), seen(9, 170) };
	struct ws_side_view side[] = { view_of(nic, N(nic)), view_of(vport, N(vport)) };
	const struct ws_vantage window = { 100, 1000, 0, 0 };
	struct ws_join join;

	(void)state;
	vport[0].reason = WS_REASON_BEYOND_WINDOW;
	memset(&vport[0].identity.trace_id, 0, sizeof(vport[0].identity.trace_id));
	side[1].vantage = &window;
	assert_int_equal(ws_join_open(&side[0], &side[1], &join), 0);
	assert_int_equal(join.n_pairs, 0);
	assert_int_equal(join.n_strays, 6);
	assert_stray(&join, 0, WS_SIDE_NIC, 0, WS_CAUSE_OUTSIDE_WINDOW);
	assert_stray(&join, 1, WS_SIDE_NIC, 1, WS_CAUSE_LOST);
	assert_stray(&join, 2, WS_SIDE_NIC, 2, WS_CAUSE_NOT_DETECTED);
	assert_stray(&join, 3, WS_SIDE_NIC, 3, WS_CAUSE_LOST);
	assert_stray(&join, 4, WS_SIDE_NIC, 4, WS_CAUSE_OUTSIDE_WINDOW);
	assert_stray(&join, 5, WS_SIDE_VPORT, 1, WS_CAUSE_LOST);
	assert_int_equal(join.n_cause[WS_SIDE_NIC][WS_CAUSE_LOST], 2);
	assert_int_equal(join.n_contexts[WS_SIDE_VPORT], 1);
	ws_join_close(&join);
}

static void causes_say_why_the_other_point_does_not_know(void **state)
{
	static const struct {
		uint8_t reason;
		enum ws_cause cause;
		const char *name;
	} known[] = {
		{ WS_REASON_NO_CONTEXT, WS_CAUSE_NOT_DETECTED, "not_detected" },
		{ WS_REASON_SPLIT, WS_CAUSE_NOT_DETECTED, "not_detected" },
		{ WS_REASON_OTHER_FAMILY, WS_CAUSE_NOT_DETECTED, "not_detected" },
		{ WS_REASON_UNREAD, WS_CAUSE_UNREAD, "unread" },
		{ WS_REASON_LOST_SEGMENT, WS_CAUSE_LOST_SEGMENT, "lost_segment" },
		{ WS_REASON_OUT_OF_ORDER, WS_CAUSE_OUT_OF_ORDER, "out_of_order" },
		{ WS_REASON_UNDECODABLE, WS_CAUSE_UNDECODABLE, "http2_undecodable" },
	};

	(void)state;
	for (size_t i = 0; i < N(known); i++) {
		struct ws_sighting nic[] = { seen(1, 100) }, vport[] = { seen(1, 110) };
		struct ws_join join;

		vport[0].reason = known[i].reason;
		join = JOIN(nic, vport);
		assert_int_equal(join.n_pairs, 0);
		assert_stray(&join, 0, WS_SIDE_NIC, 0, known[i].cause);
		assert_string_equal(ws_cause_name(known[i].cause), known[i].name);
		ws_join_close(&join);
	}
}

static void lost_records_may_be_the_partners(void **state)
{
	struct ws_sighting nic[] = { seen(1, 100) }, vport[] = { seen(2, 110) };
	struct ws_side_view side[] = { view_of(nic, 1), view_of(vport, 1) };
	const struct ws_vantage unread = { INT64_MIN, INT64_MAX, 1, 0 };
	struct ws_join join;

	(void)state;
	side[WS_SIDE_VPORT].vantage = &unread;
	assert_int_equal(ws_join_open(&side[0], &side[1], &join), 0);
	assert_stray(&join, 0, WS_SIDE_NIC, 0, WS_CAUSE_UNREAD);
	assert_stray(&join, 1, WS_SIDE_VPORT, 0, WS_CAUSE_LOST);
	ws_join_close(&join);
}

/* Several HTTP/2 requests in one segment: the same stamp and flow, sequence numbers of their own. */
static void streams_of_one_segment_are_packets_of_their_own(void **state)
{
	struct ws_sighting nic[] = { seen(1, 100), seen(200, 100), seen(400, 100) };
	struct ws_sighting vport[] = { seen(1, 130), seen(200, 130), seen(400, 130) };
	struct ws_join join;

	(void)state;
	/* One trace: only the spans differ. */
	for (int i = 0; i < 3; i++) {
		memset(nic[i].identity.trace_id, 7, sizeof(nic[i].identity.trace_id));
		memset(vport[i].identity.trace_id, 7, sizeof(vport[i].identity.trace_id));
	}
	join = JOIN(nic, vport);
	assert_int_equal(join.n_pairs, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_pair(&join, i, i, i, WS_WAY_RX, 0);
		assert_int_equal(ws_pair_latency_ns(&join, &join.pair[i]), 30);
	}
	ws_join_close(&join);
}

/* ---- the reference: says for every sighting of the NIC its partner, by looking at everything every time ---- */

struct reference {
	const struct ws_sighting *at[WS_N_SIDES];
	uint32_t n[WS_N_SIDES];
	uint32_t *partner[WS_N_SIDES];
	uint8_t *way; /* by NIC sighting */
	uint32_t n_pairs;
};

static bool same(const struct ws_sighting *a, const struct ws_sighting *b)
{
	return a->reason == WS_REASON_CONTEXT && b->reason == WS_REASON_CONTEXT &&
	       !memcmp(&a->identity, &b->identity, sizeof(a->identity));
}

static uint32_t count_same(const struct reference *r, int side, const struct ws_sighting *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n[side]; i++)
		n += same(s, &r->at[side][i]);
	return n;
}

/* +1 rx, -1 tx, 0 unknown. */
static int says_kernel(int side, const struct ws_sighting *s)
{
	if (s->direction == 0)
		return 0;
	if (side == WS_SIDE_NIC)
		return s->direction == 1 ? 1 : -1;
	return s->direction == 2 ? 1 : -1;
}

static void set_pair(struct reference *r, uint32_t nic, uint32_t vport, int rx)
{
	r->partner[0][nic] = vport;
	r->partner[1][vport] = nic;
	r->way[nic] = rx > 0 ? WS_WAY_RX : WS_WAY_TX;
	r->n_pairs++;
}

/* Pairs identities that were seen once at both points. */
static void reference_singles(struct reference *r)
{
	for (uint32_t i = 0; i < r->n[0]; i++) {
		const struct ws_sighting *nic = &r->at[0][i];

		if (count_same(r, 0, nic) != 1 || count_same(r, 1, nic) != 1)
			continue;
		for (uint32_t k = 0; k < r->n[1]; k++) {
			const struct ws_sighting *vport = &r->at[1][k];
			int rx = vport->ts_ns > nic->ts_ns ? 1 : vport->ts_ns < nic->ts_ns ? -1 : says_kernel(1, vport);

			if (same(nic, vport))
				set_pair(r, i, k, rx ? rx : says_kernel(0, nic) ? says_kernel(0, nic) : 1);
		}
	}
}

static int reference_way(const struct reference *r, uint32_t first_nic, uint32_t first_vport,
			 const uint32_t *singles_vport, const uint8_t *singles_way)
{
	const struct ws_sighting *nic = &r->at[0][first_nic], *vport = &r->at[1][first_vport];
	int rx = 0;

	for (int side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < r->n[side]; i++)
			rx += same(nic, &r->at[side][i]) ? says_kernel(side, &r->at[side][i]) : 0;
	}
	for (uint32_t i = 0, asked = !rx; i < r->n[0] && asked; i++) {
		if (singles_vport[i] != NOBODY && r->at[1][singles_vport[i]].tuple == vport->tuple)
			rx += singles_way[i] == WS_WAY_RX ? 1 : -1;
	}
	return rx ? rx : vport->ts_ns < nic->ts_ns ? -1 : 1;
}

/* Every exit in time order: of all entries the latest that is unused and not after it. */
static void reference_repeated(struct reference *r, uint32_t first_nic, int rx)
{
	const struct ws_sighting *model = &r->at[0][first_nic];
	int in = rx > 0 ? 0 : 1, out = !in;

	for (uint32_t k = 0; k < r->n[out]; k++) {
		uint32_t best = NOBODY;

		if (!same(model, &r->at[out][k]))
			continue;
		for (uint32_t i = 0; i < r->n[in]; i++) {
			if (same(model, &r->at[in][i]) && r->partner[in][i] == NOBODY &&
			    r->at[in][i].ts_ns <= r->at[out][k].ts_ns)
				best = i;
		}
		if (best != NOBODY)
			set_pair(r, in == 0 ? best : k, in == 0 ? k : best, rx);
	}
}

static void reference_join(struct reference *r)
{
	uint32_t *singles_vport = malloc((r->n[0] + 1) * sizeof(*singles_vport));
	uint8_t *singles_way = malloc(r->n[0] + 1);

	assert_non_null(singles_vport);
	assert_non_null(singles_way);
	reference_singles(r);
	memcpy(singles_vport, r->partner[0], r->n[0] * sizeof(*singles_vport));
	memcpy(singles_way, r->way, r->n[0]);
	for (uint32_t i = 0; i < r->n[0]; i++) {
		const struct ws_sighting *nic = &r->at[0][i];
		uint32_t first = 0;

		while (first < i && !same(nic, &r->at[0][first]))
			first++;
		if (first < i || !count_same(r, 1, nic) || (count_same(r, 0, nic) == 1 && count_same(r, 1, nic) == 1))
			continue;
		first = 0;
		while (!same(nic, &r->at[1][first]))
			first++;
		reference_repeated(r, i, reference_way(r, i, first, singles_vport, singles_way));
	}
	free(singles_vport);
	free(singles_way);
}

/* ---- random runs ---- */

static uint64_t random_state = 42;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* Sightings in time order, of few packets in little time: repetitions, equal stamps and rows without context abound. */
static void fill(struct ws_sighting *at, uint32_t n, uint32_t n_ids)
{
	int64_t ts_ns = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t id = random_below(n_ids);

		ts_ns += random_below(3);
		at[i] = seen_in_flow(id, ts_ns, id % 5);
		at[i].direction = (uint8_t)(random_below(4) ? 0 : 1 + random_below(2));
		if (random_below(20) == 0)
			at[i].reason = WS_REASON_NO_CONTEXT;
	}
}

static void compare_with_reference(const struct ws_sighting *nic, const struct ws_sighting *vport, uint32_t n)
{
	struct ws_join join = join_of(nic, n, vport, n);
	struct reference r = { .at = { nic, vport }, .n = { n, n } };

	for (int side = 0; side < 2; side++) {
		r.partner[side] = malloc(n * sizeof(uint32_t));
		assert_non_null(r.partner[side]);
		memset(r.partner[side], 0xff, n * sizeof(uint32_t));
	}
	r.way = calloc(n, 1);
	assert_non_null(r.way);
	reference_join(&r);
	assert_int_equal(join.n_pairs, r.n_pairs);
	for (uint32_t i = 0; i < join.n_pairs; i++) {
		assert_int_equal(join.pair[i].at[1], r.partner[0][join.pair[i].at[0]]);
		assert_int_equal(join.pair[i].way, r.way[join.pair[i].at[0]]);
		assert_true(ws_pair_latency_ns(&join, &join.pair[i]) <= INT64_MAX);
		assert_true(i == 0 ||
			    ws_pair_entry_ns(&join, &join.pair[i - 1]) <= ws_pair_entry_ns(&join, &join.pair[i]));
	}
	for (uint32_t i = 0; i < join.n_strays; i++)
		assert_true(r.partner[join.stray[i].side][join.stray[i].at] == NOBODY);
	assert_int_equal(join.n_contexts[0] + join.n_contexts[1], 2 * (uint64_t)join.n_pairs + join.n_strays);
	ws_join_close(&join);
	free(r.partner[0]);
	free(r.partner[1]);
	free(r.way);
}

static void joins_as_the_reference_does(void **state)
{
	static struct ws_sighting nic[250], vport[250];

	(void)state;
	/* 2 x 250 x 200: a hundred thousand sightings. */
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t n_ids = round % 4 == 0 ? 20 : round % 4 == 1 ? 120 : round % 4 == 2 ? 250 : 1500;

		fill(nic, N(nic), n_ids);
		fill(vport, N(vport), n_ids);
		compare_with_reference(nic, vport, N(nic));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_stamp_tells_the_direction),
		cmocka_unit_test(nothing_joins_to_nothing),
		cmocka_unit_test(same_seq_is_not_enough),
		cmocka_unit_test(equal_stamps_go_by_the_kernel),
		cmocka_unit_test(classes_are_told_apart_and_joined),
		cmocka_unit_test(repeated_packets_can_be_inconsistent),
		cmocka_unit_test(retransmission_lost_between_the_points_rx),
		cmocka_unit_test(retransmission_lost_between_the_points_tx),
		cmocka_unit_test(flow_decides_where_the_entry_is_missing),
		cmocka_unit_test(flows_majority_is_the_vports),
		cmocka_unit_test(kernel_decides_before_the_flow),
		cmocka_unit_test(interleaved_duplicates_take_the_latest_unused_entry),
		cmocka_unit_test(sequence_numbers_may_wrap),
		cmocka_unit_test(latency_never_wraps),
		cmocka_unit_test(causes_are_told_apart),
		cmocka_unit_test(causes_say_why_the_other_point_does_not_know),
		cmocka_unit_test(lost_records_may_be_the_partners),
		cmocka_unit_test(streams_of_one_segment_are_packets_of_their_own),
		cmocka_unit_test(joins_as_the_reference_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
