/* SPDX-License-Identifier: BSD-2-Clause */
/* test_join_points - a join over several vports, several NICs and several nodes. */
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

/* Files of the scenes: two NICs, then four vports; two nodes. */
enum { NIC_A, NIC_B, FIRST_VPORT, VPORT_A1 = FIRST_VPORT, VPORT_A2, VPORT_B1, VPORT_B2, N_FILES };

static const struct ws_vantage scene[N_FILES] = {
	[NIC_A] = { INT64_MIN, INT64_MAX, 0, 0 },    [NIC_B] = { INT64_MIN, INT64_MAX, 0, 1 },
	[VPORT_A1] = { INT64_MIN, INT64_MAX, 0, 0 }, [VPORT_A2] = { INT64_MIN, INT64_MAX, 0, 0 },
	[VPORT_B1] = { INT64_MIN, INT64_MAX, 0, 1 }, [VPORT_B2] = { INT64_MIN, INT64_MAX, 0, 1 },
};

static struct ws_sighting seen(int file, uint32_t id, int64_t ts_ns, enum ws_direction direction)
{
	struct ws_sighting s = {
		.identity = { .seq = id, .trace_id_len = 16 },
		.ts_ns = ts_ns,
		.payload_len = 500,
		.ids_end_off = 100,
		.n_segments = 1,
		.direction = (uint8_t)direction,
		.reason = WS_REASON_CONTEXT,
		.file = (uint16_t)file,
	};

	memcpy(s.identity.trace_id, &id, sizeof(id));
	return s;
}

#define UNKNOWN WS_DIRECTION_UNKNOWN
#define IN	WS_DIRECTION_IN
#define OUT	WS_DIRECTION_OUT

static struct ws_join join_points(const struct ws_vantage points[N_FILES], const struct ws_sighting *nic,
				  uint32_t n_nic, const struct ws_sighting *vport, uint32_t n_vport)
{
	struct ws_side_view side[] = {
		{ nic, n_nic, points, FIRST_VPORT, 0 },
		{ vport, n_vport, points + FIRST_VPORT, N_FILES - FIRST_VPORT, FIRST_VPORT },
	};
	struct ws_join join;

	assert_int_equal(ws_join_open(&side[0], &side[1], &join), 0);
	assert_int_equal(ws_join_sort(&join), 0);
	assert_int_equal(join.n_contexts[0] + join.n_contexts[1], 2 * (uint64_t)join.n_pairs + join.n_strays);
	return join;
}
#define JOIN(nic, vport) join_points(scene, (nic), N(nic), (vport), N(vport))

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

static void every_vport_of_a_node_takes_part(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 1, 100, IN), seen(NIC_A, 2, 240, OUT), seen(NIC_A, 3, 300, IN) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 130, OUT), seen(VPORT_A2, 2, 200, IN),
				       seen(VPORT_A2, 3, 333, OUT) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 3);
	assert_pair(&join, 0, 0, 0, WS_WAY_RX, 0);
	assert_pair(&join, 1, 1, 1, WS_WAY_TX, 0);
	assert_pair(&join, 2, 2, 2, WS_WAY_RX, 0);
	assert_int_equal(join.n_causes, WS_N_CAUSES);
	ws_join_close(&join);
}

/* The same packet leaves node A and arrives at node B, whose clock is far behind. */
static void nodes_are_not_mixed(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 1, 5040, OUT), seen(NIC_B, 1, 10, IN) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 5000, IN), seen(VPORT_B1, 1, 70, OUT) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 2);
	assert_pair(&join, 0, 1, 1, WS_WAY_RX, 0);
	assert_pair(&join, 1, 0, 0, WS_WAY_TX, 0);
	assert_int_equal(ws_pair_node(&join, &join.pair[0]), 1);
	assert_int_equal(ws_pair_latency_ns(&join, &join.pair[0]), 60);
	assert_int_equal(ws_pair_latency_ns(&join, &join.pair[1]), 40);
	assert_int_equal(join.n_strays, 0);
	ws_join_close(&join);
}

/* Seen at A's NIC and at B's vport only: two losses, and no pair. */
static void no_pair_spans_two_nodes(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 1, 100, OUT) }, vport[] = { seen(VPORT_B1, 1, 200, OUT) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 0);
	assert_stray(&join, 0, WS_SIDE_NIC, 0, WS_CAUSE_LOST);
	assert_stray(&join, 1, WS_SIDE_VPORT, 0, WS_CAUSE_LOST);
	ws_join_close(&join);
}

static void from_pod_to_pod_of_a_node_is_local(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 9, 100, OUT) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 100, IN), seen(VPORT_A1, 2, 150, IN),
				       seen(VPORT_A2, 1, 120, OUT), seen(VPORT_B1, 2, 170, OUT) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 0);
	assert_stray(&join, 1, WS_SIDE_VPORT, 0, WS_CAUSE_LOCAL);
	assert_stray(&join, 2, WS_SIDE_VPORT, 1, WS_CAUSE_LOST);
	assert_stray(&join, 3, WS_SIDE_VPORT, 2, WS_CAUSE_LOCAL);
	assert_stray(&join, 4, WS_SIDE_VPORT, 3, WS_CAUSE_LOST);
	assert_int_equal(join.n_cause[WS_SIDE_VPORT][WS_CAUSE_LOCAL], 2);
	assert_string_equal(ws_cause_name(WS_CAUSE_LOCAL), "local");
	assert_string_equal(ws_cause_name(WS_CAUSE_OTHER_POD), "other_pod");
	ws_join_close(&join);
}

/* Twice at one vport is a retransmission that never reached the NIC, not local traffic. */
static void repeated_at_one_vport_is_not_local(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 9, 100, OUT) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 100, IN), seen(VPORT_A1, 1, 300, IN) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_stray(&join, 1, WS_SIDE_VPORT, 0, WS_CAUSE_LOST);
	assert_stray(&join, 2, WS_SIDE_VPORT, 1, WS_CAUSE_LOST);
	ws_join_close(&join);
}

/* A retransmission that B's node never saw the first of: each node counts its own repetitions. */
static void retransmissions_are_those_of_a_node(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 1, 110, OUT), seen(NIC_A, 1, 310, OUT), seen(NIC_B, 1, 500, IN) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 100, IN), seen(VPORT_A1, 1, 300, IN),
				       seen(VPORT_B2, 1, 530, OUT) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 3);
	assert_pair(&join, 0, 0, 0, WS_WAY_TX, WS_CLASS_RETRANSMIT);
	assert_pair(&join, 1, 1, 1, WS_WAY_TX, WS_CLASS_RETRANSMIT);
	assert_pair(&join, 2, 2, 2, WS_WAY_RX, 0);
	ws_join_close(&join);
}

/* Out of one pod, over a balancer outside, back into another pod of the same node. */
static void hairpin_goes_both_ways(void **state)
{
	struct ws_sighting nic[] = { seen(NIC_A, 1, 110, OUT), seen(NIC_A, 1, 200, IN) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 100, IN), seen(VPORT_A2, 1, 230, OUT) };
	struct ws_join join = JOIN(nic, vport);

	(void)state;
	assert_int_equal(join.n_pairs, 2);
	assert_pair(&join, 0, 0, 0, WS_WAY_TX, 0);
	assert_pair(&join, 1, 1, 1, WS_WAY_RX, 0);
	assert_int_equal(join.n_strays, 0);
	ws_join_close(&join);
}

/* One packet at two NICs of a node, a bond and what it is made of: paired once, with the one nearest to the pod. */
static void two_nics_of_a_node_pair_once(void **state)
{
	struct ws_vantage points[N_FILES];
	struct ws_sighting nic[] = { seen(NIC_A, 1, 100, IN), seen(NIC_A, 1, 400, IN), seen(NIC_B, 1, 105, IN),
				     seen(NIC_B, 1, 405, IN) };
	struct ws_sighting vport[] = { seen(VPORT_A1, 1, 130, OUT), seen(VPORT_A1, 1, 430, OUT) };
	struct ws_join join;

	(void)state;
	memcpy(points, scene, sizeof(points));
	points[NIC_B].node = 0;
	join = join_points(points, nic, N(nic), vport, N(vport));
	assert_int_equal(join.n_pairs, 2);
	assert_pair(&join, 0, 2, 0, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_pair(&join, 1, 3, 1, WS_WAY_RX, WS_CLASS_RETRANSMIT);
	assert_int_equal(join.n_strays, 2);
	ws_join_close(&join);
}

static void windows_are_those_of_the_node(void **state)
{
	struct ws_vantage points[N_FILES];
	struct ws_sighting nic[] = { seen(NIC_A, 1, 50, IN),  seen(NIC_A, 2, 150, IN), seen(NIC_A, 3, 350, IN),
				     seen(NIC_A, 4, 450, IN), seen(NIC_B, 5, 450, IN), seen(NIC_B, 6, 1050, IN) };
	struct ws_join join;

	(void)state;
	memcpy(points, scene, sizeof(points));
	/* A's second pod came when the first was gone; B's run is of another time. */
	points[VPORT_A1] = (struct ws_vantage) { 100, 200, 0, 0 };
	points[VPORT_A2] = (struct ws_vantage) { 300, 400, 0, 0 };
	points[VPORT_B1] = (struct ws_vantage) { 1000, 2000, 0, 1 };
	points[VPORT_B2] = (struct ws_vantage) { 1000, 2000, 1, 1 };
	join = join_points(points, nic, N(nic), NULL, 0);
	assert_stray(&join, 0, WS_SIDE_NIC, 0, WS_CAUSE_OUTSIDE_WINDOW);
	assert_stray(&join, 1, WS_SIDE_NIC, 1, WS_CAUSE_LOST);
	assert_stray(&join, 2, WS_SIDE_NIC, 2, WS_CAUSE_LOST);
	assert_stray(&join, 3, WS_SIDE_NIC, 3, WS_CAUSE_OUTSIDE_WINDOW);
	assert_stray(&join, 4, WS_SIDE_NIC, 4, WS_CAUSE_OUTSIDE_WINDOW);
	assert_stray(&join, 5, WS_SIDE_NIC, 5, WS_CAUSE_UNREAD);
	ws_join_close(&join);
}

/* A node without a NIC file: the other point was not watched. */
static void node_without_a_nic_is_outside_every_window(void **state)
{
	struct ws_sighting vport[] = { seen(VPORT_B1, 1, 100, IN) };
	struct ws_vantage points[N_FILES];
	struct ws_join join;

	(void)state;
	memcpy(points, scene, sizeof(points));
	points[NIC_B].node = 0;
	join = join_points(points, NULL, 0, vport, N(vport));
	assert_stray(&join, 0, WS_SIDE_VPORT, 0, WS_CAUSE_OUTSIDE_WINDOW);
	ws_join_close(&join);
}

/* ---- random runs: all nodes at once is each node by itself, and several vports are one that saw it all ---- */

static uint64_t random_state = 42;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static void fill(struct ws_sighting *at, uint32_t n, int file, uint32_t first_id, uint32_t n_ids)
{
	int64_t ts_ns = 0;

	for (uint32_t i = 0; i < n; i++) {
		ts_ns += 1 + random_below(3);
		/* no two points have a stamp in common, so that merged ones have an order of their own */
		at[i] = seen(file, first_id + random_below(n_ids), 10 * ts_ns + file,
			     (enum ws_direction)(random_below(4) ? 0 : 1 + random_below(2)));
		if (random_below(20) == 0)
			at[i].reason = WS_REASON_NO_CONTEXT;
	}
}

static int compare_times(const void *a, const void *b)
{
	int64_t left = ((const struct ws_sighting *)a)->ts_ns, right = ((const struct ws_sighting *)b)->ts_ns;

	return (left > right) - (left < right);
}

/* Joins one node's NIC with what its vports saw, as if one vport had seen it. */
static struct ws_join join_as_one(const struct ws_sighting *nic, uint32_t n_nic, struct ws_sighting *vport,
				  uint32_t n_vport)
{
	static const struct ws_vantage always = { INT64_MIN, INT64_MAX, 0, 0 };
	struct ws_side_view side[2];
	struct ws_join join;

	qsort(vport, n_vport, sizeof(*vport), compare_times);
	side[0] = (struct ws_side_view) { nic, n_nic, &always, 1, nic->file };
	for (uint32_t i = 0; i < n_vport; i++)
		vport[i].file = 0;
	side[1] = (struct ws_side_view) { vport, n_vport, &always, 1, 0 };
	assert_int_equal(ws_join_open(&side[0], &side[1], &join), 0);
	assert_int_equal(ws_join_sort(&join), 0);
	return join;
}

#define N_EACH 100

static void compare_nodes(const struct ws_join *all, uint32_t node, const struct ws_join *one)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < all->n_pairs; i++) {
		const struct ws_pair *pair = &all->pair[i];

		if (ws_pair_node(all, pair) != node)
			continue;
		assert_true(n < one->n_pairs);
		assert_int_equal(ws_pair_entry_ns(all, pair), ws_pair_entry_ns(one, &one->pair[n]));
		assert_int_equal(ws_pair_exit_ns(all, pair), ws_pair_exit_ns(one, &one->pair[n]));
		assert_int_equal(pair->way, one->pair[n].way);
		assert_int_equal(pair->class, one->pair[n].class);
		n++;
	}
	assert_int_equal(n, one->n_pairs);
}

static void all_at_once_is_each_by_itself(void **state)
{
	static struct ws_sighting nic[2 * N_EACH], vport[4 * N_EACH], one[2 * N_EACH];

	(void)state;
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t n_ids = round % 3 == 0 ? 20 : round % 3 == 1 ? 100 : 600;
		struct ws_join all;

		for (int node = 0; node < 2; node++) {
			fill(nic + node * N_EACH, N_EACH, NIC_A + node, 0, 2 * n_ids);
			/* a pod's packets are its own */
			for (int pod = 0; pod < 2; pod++)
				fill(vport + (2 * node + pod) * N_EACH, N_EACH, VPORT_A1 + 2 * node + pod,
				     (uint32_t)pod * n_ids, n_ids);
		}
		all = JOIN(nic, vport);
		assert_int_equal(all.n_cause[WS_SIDE_VPORT][WS_CAUSE_LOCAL], 0);
		for (uint32_t node = 0; node < 2; node++) {
			struct ws_join by_itself;

			memcpy(one, vport + node * 2 * N_EACH, sizeof(one));
			by_itself = join_as_one(nic + node * N_EACH, N_EACH, one, 2 * N_EACH);
			compare_nodes(&all, node, &by_itself);
			ws_join_close(&by_itself);
		}
		ws_join_close(&all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vport_of_a_node_takes_part),
		cmocka_unit_test(nodes_are_not_mixed),
		cmocka_unit_test(no_pair_spans_two_nodes),
		cmocka_unit_test(from_pod_to_pod_of_a_node_is_local),
		cmocka_unit_test(repeated_at_one_vport_is_not_local),
		cmocka_unit_test(retransmissions_are_those_of_a_node),
		cmocka_unit_test(hairpin_goes_both_ways),
		cmocka_unit_test(two_nics_of_a_node_pair_once),
		cmocka_unit_test(windows_are_those_of_the_node),
		cmocka_unit_test(node_without_a_nic_is_outside_every_window),
		cmocka_unit_test(all_at_once_is_each_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
