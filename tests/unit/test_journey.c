/* SPDX-License-Identifier: BSD-2-Clause */
/* Journeys of hand-made calls: intervals, sums, places on the scale, spans of the tracer beside them. */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyze/mesh/journey.h"
#include "analyze/mesh/journey_output.h"
#include "tests/unit/mesh_maker.h"

static const uint8_t trace[16] = { 1 };

static int open_journey_of(const struct mesh *mesh, const uint8_t *trace_id, uint32_t len, struct ws_journey *journey)
{
	const struct ws_journey_source source = { .atlas = &mesh->atlas, .calls = &mesh->calls };

	return ws_journey_open(&source, trace_id, len, journey);
}

static void open_journey(const struct mesh *mesh, struct ws_journey *journey)
{
	assert_int_equal(open_journey_of(mesh, trace, sizeof(trace), journey), 0);
}

static int64_t sum_of_parts(const struct ws_journey *journey)
{
	int64_t sum_ns = 0;

	for (int part = 0; part < WS_N_PARTS; part++)
		sum_ns += journey->part_ns[part];
	return sum_ns;
}

static void a_call_is_divided(void **state)
{
	const int64_t at_ns[8] = { 1000, 1010, 1030, 1045, 1145, 1151, 1173, 1180 };
	static const uint8_t kind[7] = { WS_INTERVAL_OVERLAY_TX, WS_INTERVAL_UNDERLAY,	 WS_INTERVAL_OVERLAY_RX,
					 WS_INTERVAL_SERVICE,	 WS_INTERVAL_OVERLAY_TX, WS_INTERVAL_UNDERLAY,
					 WS_INTERVAL_OVERLAY_RX };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh.offset_ns[1] = 5000000; /* a clock that is wrong changes no number */
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_stages, 1);
	assert_int_equal(journey.stage[0].legs.n, 7);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(journey.stage[0].legs.at[i].kind, kind[i]);
		assert_int_equal(journey.stage[0].legs.at[i].is_known, kind[i] != WS_INTERVAL_UNDERLAY);
	}
	assert_int_equal(journey.end_to_end_ns, 180);
	assert_int_equal(journey.part_ns[WS_INTERVAL_OVERLAY_TX], 10 + 6);
	assert_int_equal(journey.part_ns[WS_INTERVAL_OVERLAY_RX], 15 + 7);
	assert_int_equal(journey.part_ns[WS_INTERVAL_UNDERLAY], (1173 - 1010) - (1151 - 1030));
	assert_int_equal(journey.part_ns[WS_INTERVAL_SERVICE], 100);
	assert_int_equal(journey.part_ns[WS_INTERVAL_GAP], 0);
	assert_int_equal(sum_of_parts(&journey), 180);
	assert_int_equal(journey.n_missed, 0);
	ws_journey_close(&journey);
}

static void pods_of_one_node_have_no_nic(void **state)
{
	const int64_t at_ns[8] = { 100, -1, -1, 108, 150, -1, -1, 155 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_D, at_ns);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.stage[0].legs.n, 3);
	assert_int_equal(journey.stage[0].legs.at[0].kind, WS_INTERVAL_LOCAL);
	assert_int_equal(journey.part_ns[WS_INTERVAL_LOCAL], 8 + 5);
	assert_int_equal(journey.part_ns[WS_INTERVAL_SERVICE], 42);
	assert_int_equal(journey.n_missed, 0);
	assert_int_equal(ws_lookout_presence(journey.watch, mesh.call, WS_STATION_CALLER_NIC, false, NULL),
			 WS_PRESENCE_OFF_WAY);
	ws_journey_close(&journey);
}

static void what_was_not_seen_is_unknown(void **state)
{
	/* the request at the callee's NIC, and the response at the caller's NIC */
	const int64_t at_ns[8] = { 1000, 1010, -1, 1045, 1145, 1151, -1, 1180 };
	struct ws_journey journey;
	static struct mesh mesh;
	uint32_t point = 0;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_stages, 1);
	assert_int_equal(journey.n_missed, 2);
	assert_int_equal(ws_lookout_presence(journey.watch, mesh.call, WS_STATION_CALLEE_NIC, false, &point),
			 WS_PRESENCE_MISSED);
	assert_int_equal(point, 1);
	assert_int_equal(ws_lookout_presence(journey.watch, mesh.call, WS_STATION_CALLER_NIC, true, &point),
			 WS_PRESENCE_MISSED);
	mesh.point[0].has_responses = false;
	assert_int_equal(ws_lookout_presence(journey.watch, mesh.call, WS_STATION_CALLER_NIC, true, &point),
			 WS_PRESENCE_UNWATCHED);
	assert_int_equal(journey.stage[0].legs.at[1].kind, WS_INTERVAL_GAP);
	assert_false(journey.stage[0].legs.at[1].is_known);
	assert_int_equal(journey.part_ns[WS_INTERVAL_OVERLAY_TX], 10 + 6);
	assert_int_equal(journey.part_ns[WS_INTERVAL_OVERLAY_RX], 0);
	assert_int_equal(journey.part_ns[WS_INTERVAL_UNDERLAY], 0);
	assert_int_equal(journey.part_ns[WS_INTERVAL_GAP], 180 - 16 - 100);
	assert_int_equal(sum_of_parts(&journey), 180);
	ws_journey_close(&journey);
}

static void a_point_that_was_not_watched_missed_nothing(void **state)
{
	const int64_t at_ns[8] = { 1000, 1010, -1, -1, -1, -1, 1173, 1180 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	mesh.point[1].last_ns = 500;
	mesh.point[N_MESH_NODES + POD_B].pod = "";
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_missed, 0);
	assert_int_equal(ws_lookout_presence(journey.watch, mesh.call, WS_STATION_CALLEE_NIC, false, NULL),
			 WS_PRESENCE_UNWATCHED);
	assert_int_equal(ws_lookout_presence(journey.watch, mesh.call, WS_STATION_CALLEE_VPORT, false, NULL),
			 WS_PRESENCE_UNWATCHED);
	assert_int_equal(journey.part_ns[WS_INTERVAL_GAP], 163);
	ws_journey_close(&journey);
}

static void a_caller_from_outside_has_no_stations(void **state)
{
	const int64_t at_ns[8] = { -1, -1, 1030, 1045, 1145, 1151, -1, -1 };
	char edge[WS_CALL_EDGE_MAX];
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	mesh.call[0].caller = NULL;
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_missed, 0);
	assert_string_equal(ws_call_edge(&mesh.atlas, mesh.call, edge), "outside -> b");
	assert_int_equal(journey.end_to_end_ns, 121);
	assert_int_equal(journey.part_ns[WS_INTERVAL_OVERLAY_RX], 15);
	assert_int_equal(sum_of_parts(&journey), 121);
	ws_journey_close(&journey);
}

/* a calls b; b calls c twice, both overlapping, then d. */
static void overlapping_children_are_counted_once(void **state)
{
	const int64_t root[8] = { 0, 10, 20, 30, 1030, 1040, 1050, 1060 };
	const int64_t first[8] = { 130, -1, -1, -1, -1, -1, -1, 430 }, second[8] = { 230, -1, -1, -1, -1, -1, -1, 530 };
	const int64_t third[8] = { 630, 640, 650, 660, 690, 700, 710, 730 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, root);
	mesh_call(&mesh, 0, POD_B, POD_C, first);
	mesh_call(&mesh, 0, POD_B, POD_C, second);
	mesh_call(&mesh, 0, POD_B, POD_D, third);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_stages, 4);
	assert_int_equal(journey.stage[0].self_ns, 1000 - 400 - 100);
	/* waited for: the third, the second; of the first, what was before the second began */
	assert_int_equal(journey.part_ns[WS_PART_OVERLAPPING], 100);
	assert_int_equal(journey.part_ns[WS_INTERVAL_GAP], 300);
	assert_int_equal(journey.part_ns[WS_INTERVAL_SERVICE], 500 + 30);
	assert_int_equal(sum_of_parts(&journey), journey.end_to_end_ns);
	assert_int_equal(journey.end_to_end_ns, 1060);
	ws_journey_close(&journey);
}

/* A proxy may send the head of its answer before it asks others. */
static void a_child_may_end_after_the_answer_began(void **state)
{
	const int64_t root[8] = { 0, 10, 20, 30, 130, 140, 150, 160 };
	const int64_t across[8] = { 100, -1, -1, -1, -1, -1, -1, 200 }, after[8] = { 300, -1, -1, -1, -1, -1, -1, 400 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, root);
	mesh_call(&mesh, 0, POD_B, POD_C, across);
	mesh_call(&mesh, 0, POD_B, POD_C, after);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.stage[0].self_ns, 70);
	assert_int_equal(journey.part_ns[WS_INTERVAL_SERVICE], 70);
	assert_int_equal(journey.part_ns[WS_PART_OVERLAPPING], 30);
	assert_int_equal(sum_of_parts(&journey), 160);
	assert_int_equal(journey.end_ns, 400);
	ws_journey_close(&journey);
}

static void repeats_are_shown(void **state)
{
	const int64_t at_ns[8] = { 1000, 1010, 1030, 1045, 1145, 1151, 1173, 1180 };
	struct ws_journey journey;
	static struct mesh mesh;
	uint32_t n = 0;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	mesh_pass(&mesh, 0, N_MESH_NODES + POD_A, 1100, false);
	mesh_pass(&mesh, 0, 0, 1105, false);
	mesh_pass(&mesh, 0, 2, 1107, false); /* at a node that it has no business with */
	mesh.call[0].n_repeats = 2;
	mesh.call[0].n_transits = 1;
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_hops, 11);
	assert_int_equal(journey.n_repeats, 2);
	for (uint32_t i = 0; i < journey.n_hops; i++)
		n += journey.hop[i].station == WS_HOP_TRANSIT;
	assert_int_equal(n, 1);
	ws_journey_close(&journey);
}

static void other_nodes_are_drawn_in_the_middle(void **state)
{
	const int64_t root[8] = { 0, 10, 20, 30, 230, 240, 250, 260 },
		      child[8] = { 60, 70, 80, 90, 170, 180, 190, 200 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh.offset_ns[1] = 3000000;
	mesh.offset_ns[2] = -7000000;
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, root);
	mesh_call(&mesh, 0, POD_B, POD_C, child);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.stage[0].shift[WS_END_CALLER].footing, WS_FOOTING_MEASURED);
	assert_int_equal(journey.stage[0].shift[WS_END_CALLEE].footing, WS_FOOTING_CENTRED);
	assert_int_equal(journey.stage[1].shift[WS_END_CALLER].ns, journey.stage[0].shift[WS_END_CALLEE].ns);
	/* all delays are symmetric here, so the middle is the truth */
	assert_int_equal(journey.stage[1].begin_ns, 60);
	assert_int_equal(journey.stage[1].end_ns, 200);
	assert_int_equal(journey.end_ns, 260);
	ws_journey_close(&journey);
}

static void calls_without_a_parent_stand_side_by_side(void **state)
{
	const int64_t first[8] = { 0, 10, 20, 30, 230, 240, 250, 260 },
		      second[8] = { 500, -1, -1, 520, 540, -1, -1, 560 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, first);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_D, second);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_roots, 2);
	assert_int_equal(journey.n_roots_whole, 2);
	assert_int_equal(journey.end_to_end_ns, 320);
	assert_int_equal(sum_of_parts(&journey), 320);
	ws_journey_close(&journey);
}

static void a_short_trace_id_is_found_with_zeros(void **state)
{
	const int64_t at_ns[8] = { 0, 10, 20, 30, 230, 240, 250, 260 };
	const uint8_t half[8] = { 7 }, whole[16] = { [8] = 7 }, other[16] = { 7 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	for (uint32_t i = 0; i < mesh.atlas.n_passages; i++) {
		mesh.passage[i].identity.trace_id[0] = 7;
		mesh.passage[i].identity.trace_id_len = 8;
	}
	assert_int_equal(open_journey_of(&mesh, half, 8, &journey), 0);
	ws_journey_close(&journey);
	assert_int_equal(open_journey_of(&mesh, whole, 16, &journey), 0);
	ws_journey_close(&journey);
	assert_int_equal(open_journey_of(&mesh, other, 16, &journey), -ENOENT);
}

static void spans_are_found_by_id_service_and_time(void **state)
{
	const int64_t root[8] = { 10000, 11000, 12000, 13000, 90000, 91000, 92000, 93000 };
	const int64_t child[8] = { 30000, 31000, 32000, 33000, 60000, 61000, 62000, 63000 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, root);
	mesh_call(&mesh, 0, POD_B, POD_C, child);
	mesh_span(&mesh, 1, 0, "a", "client", 10000, 83001); /* the ids of the requests: 1 and 2 */
	mesh_span(&mesh, 1, 0, "b.ns", "server", 14000, 75001);
	mesh_span(&mesh, 2, 1, "b.ns", "client", 30000, 33001);
	mesh_span(&mesh, 77, 2, "c", "server", 34000, 25001);
	mesh_span(&mesh, 88, 77, "c", "server", 35000, 10001); /* by service and time only */
	mesh_span(&mesh, 99, 77, "elsewhere", "internal", 35000, 10001);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_beside, 6);
	for (uint32_t i = 0; i < journey.n_beside; i++) {
		const struct ws_beside *beside = &journey.beside[i];
		uint8_t id = beside->span->span_id[7];

		assert_true(beside->fits);
		assert_int_equal(beside->stage, id == 1 ? 0 : id == 99 ? WS_NO_CALL : 1);
		assert_int_equal(beside->kinship, id < 3     ? WS_KINSHIP_ID
						  : id == 77 ? WS_KINSHIP_PARENT
						  : id == 88 ? WS_KINSHIP_TIME
							     : WS_KINSHIP_NONE);
		if (beside->stage != WS_NO_CALL)
			assert_int_equal(beside->end,
					 !strcmp(beside->span->kind, "server") ? WS_END_CALLEE : WS_END_CALLER);
	}
	ws_journey_close(&journey);
}

static void a_span_whose_clock_does_not_fit_is_marked(void **state)
{
	const int64_t root[8] = { 10000, 11000, 12000, 13000, 90000, 91000, 92000, 93000 };
	struct ws_journey journey;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, root);
	mesh_span(&mesh, 1, 0, "a", "client", 500001, 1000); /* long after its packets */
	mesh_span(&mesh, 5, 1, "a", "internal", 20000, 1000);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_beside, 2);
	assert_false(journey.beside[0].fits);
	assert_int_equal(journey.beside[0].at_ns, 490001);
	assert_true(journey.beside[1].fits);
	ws_journey_close(&journey);
}

static void absurd_stamps_are_defined(void **state)
{
	/* further apart than a number of 64 bits can say */
	const int64_t at_ns[8] = { 0, INT64_MAX, 30, INT64_MAX - 1, 5, INT64_MAX - 2, 20, INT64_MAX - 3 };
	struct ws_journey journey;
	static struct mesh mesh;
	uint64_t sum_ns = 0;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	mesh_call(&mesh, 0, POD_B, POD_C, at_ns);
	for (uint32_t i = 0; i < mesh.atlas.n_passages; i += 3)
		mesh.passage[i].realtime_ns = INT64_MIN + mesh.passage[i].realtime_ns;
	mesh_span(&mesh, 1, 0, "a", "client", INT64_MAX - 5, INT64_MAX);
	mesh_span(&mesh, 2, 1, "b", "server", INT64_MIN, INT64_MAX);
	open_journey(&mesh, &journey);
	assert_int_equal(journey.n_stages, 2);
	assert_int_equal(journey.n_beside, 2);
	for (int part = 0; part < WS_N_PARTS; part++)
		sum_ns += (uint64_t)journey.part_ns[part];
	assert_true(sum_ns == (uint64_t)journey.end_to_end_ns);
	ws_journey_close(&journey);
}

static void no_share_of_an_unknown_time(void **state)
{
	/* nobody saw a response */
	const int64_t at_ns[8] = { 1000, 1010, 1030, 1045, -1, -1, -1, -1 };
	char *text = NULL, *sums;
	struct ws_journey journey;
	static struct mesh mesh;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, at_ns);
	open_journey(&mesh, &journey);
	assert_int_equal(ws_journey_print_table(&journey, out), 0);
	assert_int_equal(fclose(out), 0);
	sums = strstr(text, "end to end: not known");
	assert_non_null(sums);
	assert_non_null(strstr(sums, "all calls us"));
	assert_non_null(strstr(sums, "overlay tx"));
	assert_null(strstr(sums, "0.00"));
	free(text);
	ws_journey_close(&journey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_divided),
		cmocka_unit_test(pods_of_one_node_have_no_nic),
		cmocka_unit_test(what_was_not_seen_is_unknown),
		cmocka_unit_test(a_point_that_was_not_watched_missed_nothing),
		cmocka_unit_test(a_caller_from_outside_has_no_stations),
		cmocka_unit_test(overlapping_children_are_counted_once),
		cmocka_unit_test(a_child_may_end_after_the_answer_began),
		cmocka_unit_test(repeats_are_shown),
		cmocka_unit_test(other_nodes_are_drawn_in_the_middle),
		cmocka_unit_test(calls_without_a_parent_stand_side_by_side),
		cmocka_unit_test(a_short_trace_id_is_found_with_zeros),
		cmocka_unit_test(spans_are_found_by_id_service_and_time),
		cmocka_unit_test(a_span_whose_clock_does_not_fit_is_marked),
		cmocka_unit_test(absurd_stamps_are_defined),
		cmocka_unit_test(no_share_of_an_unknown_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
