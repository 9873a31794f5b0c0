/* SPDX-License-Identifier: BSD-2-Clause */
/* What passages of all nodes make: calls, their answers, their parents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "analyze/mesh/calls.h"
#include "analyze/text_pool.h"
#include "lib/record.h"

#define US 1000

/* Points: node A's NIC and vport, node B's NIC and two vports. */
enum { A_NIC, A_VPORT, B_NIC, B_VPORT, B_VPORT2, N_POINTS };

/* A world of two nodes, to which passages are added in order of time. */
struct world {
	struct ws_atlas atlas;
	struct ws_atlas_point point[N_POINTS];
	struct ws_passage passage[64];
	char *node[2];
	bool knows_direction;
};

static uint32_t tuple_of(struct world *w, uint8_t from, uint16_t sport, uint8_t to, uint16_t dport)
{
	struct ws_tuple tuple = { .sport = sport, .dport = dport, .ip_version = 4 };
	uint32_t index;

	memcpy(tuple.saddr, (const uint8_t[16]) { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = from }, 16);
	memcpy(tuple.daddr, (const uint8_t[16]) { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = to }, 16);
	assert_int_equal(ws_tuples_add(&w->atlas.tuples, &tuple, &index), 0);
	return index;
}

static void setup_world(struct world *w, bool knows_direction)
{
	static const enum ws_role role[N_POINTS] = { WS_ROLE_NIC, WS_ROLE_VPORT, WS_ROLE_NIC, WS_ROLE_VPORT,
						     WS_ROLE_VPORT };

	*w = (struct world) { .node = { "a", "b" }, .knows_direction = knows_direction };
	for (int i = 0; i < N_POINTS; i++)
		w->point[i] = (struct ws_atlas_point) { .node = i >= B_NIC, .role = role[i], .pod = "" };
	w->atlas.point = w->point;
	w->atlas.n_points = N_POINTS;
	w->atlas.node = w->node;
	w->atlas.n_nodes = 2;
	w->atlas.passage = w->passage;
}

static void teardown_world(struct world *w)
{
	ws_tuples_close(&w->atlas.tuples);
}

static struct ws_passage *add(struct world *w, uint32_t point, int64_t us, bool in)
{
	struct ws_passage *passage = &w->passage[w->atlas.n_passages++];

	*passage = (struct ws_passage) { .point = point, .ts_ns = us * US, .realtime_ns = us * US, .done_ns = us * US };
	if (w->knows_direction)
		passage->direction = in ? WS_DIRECTION_IN : WS_DIRECTION_OUT;
	return passage;
}

/* A request of trace 1 with this span. */
static struct ws_passage *request(struct world *w, uint32_t point, int64_t us, bool in, uint32_t tuple, uint32_t seq,
				  uint8_t span)
{
	struct ws_passage *passage = add(w, point, us, in);

	passage->tuple = tuple;
	passage->identity =
		(struct ws_identity) { .trace_id = { 1 }, .span_id = { span }, .seq = seq, .trace_id_len = 16 };
	return passage;
}

/* An answer to what ended at ack, on the request's tuple. */
static void response(struct world *w, uint32_t point, int64_t us, bool in, uint32_t tuple, uint32_t ack,
		     uint16_t status)
{
	struct ws_passage *passage = add(w, point, us, in);

	passage->kind = WS_PASSAGE_RESPONSE;
	passage->tuple = tuple;
	passage->ack = ack;
	passage->status = status;
}

static struct ws_calls calls_of(const struct world *w)
{
	struct ws_calls calls = { 0 };

	assert_int_equal(ws_calls_open(&w->atlas, &calls), 0);
	return calls;
}

static void assert_stations(const uint32_t have[WS_N_STATIONS], uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	assert_int_equal(have[0], a);
	assert_int_equal(have[1], b);
	assert_int_equal(have[2], c);
	assert_int_equal(have[3], d);
}

#define NONE WS_NO_PASSAGE

static void one_call(bool knows_direction)
{
	struct ws_calls calls;
	struct world w;
	uint32_t t;

	setup_world(&w, knows_direction);
	t = tuple_of(&w, 1, 4000, 2, 80);
	request(&w, A_VPORT, 10, true, t, 100, 7);
	request(&w, A_NIC, 20, false, t, 100, 7);
	request(&w, B_NIC, 35, true, t, 100, 7);
	request(&w, B_VPORT, 40, false, t, 100, 7);
	response(&w, B_VPORT, 140, true, t, 300, 200);
	response(&w, B_NIC, 150, false, t, 300, 200);
	response(&w, A_NIC, 165, true, t, 300, 200);
	response(&w, A_VPORT, 170, false, t, 300, 200);
	calls = calls_of(&w);
	assert_int_equal(calls.n, 1);
	assert_stations(calls.at[0].request, 0, 1, 2, 3);
	assert_stations(calls.at[0].response, 7, 6, 5, 4);
	assert_int_equal(calls.at[0].n_repeats, 0);
	assert_int_equal(calls.at[0].parent, WS_NO_CALL);
	assert_int_equal(calls.at[0].callee_port, 80);
	assert_int_equal(calls.at[0].caller_address[15], 1);
	assert_int_equal(calls.at[0].callee_address[15], 2);
	assert_int_equal(calls.n_responses, 4);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void test_a_call_passes_four_stations_and_comes_back(void **state)
{
	(void)state;
	one_call(true);
}

static void test_without_directions_the_order_tells(void **state)
{
	(void)state;
	one_call(false);
}

/* A callee's clock that is late by a second: node B's stamps lie before those of A. */
static void test_clocks_of_nodes_may_differ(void **state)
{
	struct ws_calls calls;
	struct world w;
	uint32_t t;

	(void)state;
	setup_world(&w, true);
	t = tuple_of(&w, 1, 4000, 2, 80);
	request(&w, B_NIC, 35, true, t, 100, 7);
	request(&w, B_VPORT, 40, false, t, 100, 7);
	response(&w, B_VPORT, 140, true, t, 300, 200);
	request(&w, A_VPORT, 1000010, true, t, 100, 7);
	request(&w, A_NIC, 1000020, false, t, 100, 7);
	response(&w, A_NIC, 1000165, true, t, 300, 200);
	calls = calls_of(&w);
	assert_int_equal(calls.n, 1);
	assert_stations(calls.at[0].request, 3, 4, 0, 1);
	assert_stations(calls.at[0].response, NONE, 5, NONE, 2);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void pods_of_one_node(bool knows_direction)
{
	struct ws_calls calls;
	struct world w;
	uint32_t t;

	setup_world(&w, knows_direction);
	t = tuple_of(&w, 2, 4000, 3, 80);
	request(&w, B_VPORT, 10, true, t, 100, 7);
	request(&w, B_VPORT2, 14, false, t, 100, 7);
	calls = calls_of(&w);
	assert_int_equal(calls.n, 1);
	assert_stations(calls.at[0].request, 0, NONE, NONE, 1);
	assert_int_equal(calls.at[0].n_repeats, 0);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void test_pods_of_one_node_pass_no_nic(void **state)
{
	(void)state;
	pods_of_one_node(true);
	pods_of_one_node(false);
}

/* The first copy is lost between the nodes; the second arrives. */
static void test_a_retransmission_is_counted_and_the_delivered_one_taken(void **state)
{
	struct ws_calls calls;
	struct world w;
	uint32_t t;

	(void)state;
	setup_world(&w, true);
	t = tuple_of(&w, 1, 4000, 2, 80);
	request(&w, A_VPORT, 10, true, t, 100, 7);
	request(&w, A_VPORT, 210, true, t, 100, 7);
	request(&w, A_NIC, 220, false, t, 100, 7);
	request(&w, B_NIC, 235, true, t, 100, 7);
	request(&w, B_VPORT, 240, false, t, 100, 7);
	calls = calls_of(&w);
	assert_int_equal(calls.n, 1);
	assert_stations(calls.at[0].request, 1, 2, 3, 4);
	assert_int_equal(calls.at[0].n_repeats, 1);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void test_an_answer_goes_to_the_request_before_its_ack(void **state)
{
	struct ws_calls calls;
	struct world w;
	uint32_t t;

	(void)state;
	setup_world(&w, true);
	t = tuple_of(&w, 1, 4000, 2, 80);
	/* pipelined, around the end of the sequence numbers; an interim response first */
	request(&w, A_VPORT, 10, true, t, UINT32_MAX - 50, 7);
	request(&w, A_VPORT, 11, true, t, 50, 8);
	response(&w, A_VPORT, 20, false, t, 50, 100);
	response(&w, A_VPORT, 30, false, t, 50, 200);
	response(&w, A_VPORT, 31, false, t, 50, 200);
	response(&w, A_VPORT, 40, false, t, 150, 404);
	response(&w, A_NIC, 40, false, t, 150, 404); /* where no request was seen */
	calls = calls_of(&w);
	assert_int_equal(calls.n, 2);
	assert_int_equal(calls.at[0].response[WS_STATION_CALLER_VPORT], 3);
	assert_int_equal(calls.at[1].response[WS_STATION_CALLER_VPORT], 5);
	assert_int_equal(calls.n_responses, 4);
	assert_int_equal(calls.n_unanswered, 1);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void test_a_call_is_caused_by_the_one_that_went_to_its_caller(void **state)
{
	struct ws_passage *passage;
	struct ws_calls calls;
	struct world w;
	uint32_t in, out, other;

	(void)state;
	setup_world(&w, true);
	in = tuple_of(&w, 1, 4000, 2, 80);
	other = tuple_of(&w, 1, 4001, 2, 80);
	out = tuple_of(&w, 2, 5000, 3, 80);
	request(&w, B_VPORT, 5, true, out, 800, 12); /* before both: caused by nobody */
	request(&w, B_VPORT, 10, false, in, 100, 7);
	request(&w, B_VPORT, 12, false, other, 900, 8);
	passage = request(&w, B_VPORT, 50, true, out, 200, 9); /* names the first, although the other came later */
	passage->has_parent = true;
	passage->parent_span_id[0] = 7;
	passage = request(&w, B_VPORT, 60, true, out, 400, 10); /* names neither: the later one */
	passage->has_parent = true;
	response(&w, B_VPORT, 71, true, other, 1000, 200);
	passage = request(&w, B_VPORT, 75, true, out, 500, 13); /* likewise: the one that was not answered yet */
	passage->has_parent = true;
	response(&w, B_VPORT, 77, true, in, 300, 200);
	request(&w, B_VPORT, 80, true, out, 600, 11); /* behind the beginning of both answers: the later one */
	calls = calls_of(&w);
	assert_int_equal(calls.n, 7);
	assert_int_equal(calls.at[0].parent, WS_NO_CALL);
	assert_int_equal(calls.at[3].parent, 1);
	assert_int_equal(calls.at[4].parent, 2);
	assert_int_equal(calls.at[5].parent, 1);
	assert_int_equal(calls.at[6].parent, 2);
	assert_int_equal(calls.at[1].n_children, 2);
	assert_int_equal(calls.at[2].n_children, 2);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void test_only_the_trace_that_was_asked_for_makes_calls(void **state)
{
	struct ws_calls calls;
	struct world w;
	uint32_t t;

	(void)state;
	setup_world(&w, true);
	t = tuple_of(&w, 1, 4000, 2, 80);
	request(&w, A_VPORT, 10, true, t, 100, 7);
	request(&w, A_VPORT, 20, true, t, 200, 8)->identity.trace_id[0] = 2;
	response(&w, A_VPORT, 30, false, t, 300, 200);
	w.atlas.trace_id[0] = 1;
	w.atlas.trace_id_len = 16;
	calls = calls_of(&w);
	assert_int_equal(calls.n, 1);
	assert_int_equal(calls.at[0].response[WS_STATION_CALLER_VPORT], NONE);
	ws_calls_close(&calls);
	teardown_world(&w);
}

static void test_a_trace_id_of_64_bits_is_one_of_128_with_zeros(void **state)
{
	struct ws_atlas atlas = { .trace_id = { 1, 2, 3, 4, 5, 6, 7, 8 }, .trace_id_len = 8 };
	struct ws_identity narrow = { .trace_id = { 1, 2, 3, 4, 5, 6, 7, 8 }, .trace_id_len = 8 };
	struct ws_identity wide = { .trace_id = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
				    .trace_id_len = 16 };

	(void)state;
	assert_true(ws_atlas_has_trace(&atlas, &narrow));
	assert_true(ws_atlas_has_trace(&atlas, &wide));
	memcpy(atlas.trace_id, wide.trace_id, 16);
	atlas.trace_id_len = 16;
	assert_true(ws_atlas_has_trace(&atlas, &narrow));
	assert_true(ws_atlas_has_trace(&atlas, &wide));
	wide.trace_id[0] = 1;
	assert_false(ws_atlas_has_trace(&atlas, &wide));
}

/* Adds an owner; they are kept by address and time. */
static void own(struct ws_owners *owners, uint8_t host, int64_t from_ns, int64_t until_ns, enum ws_owner_kind kind,
		const char *name)
{
	owners->at = realloc(owners->at, (owners->n + 1) * sizeof(*owners->at));
	assert_non_null(owners->at);
	owners->at[owners->n++] = (struct ws_owner) { .address = { [15] = host },
						      .from_ns = from_ns,
						      .until_ns = until_ns,
						      .kind = (uint8_t)kind,
						      .name = name,
						      .namespace = "",
						      .service = "",
						      .workload = "",
						      .node = "" };
}

static const char *owner_at(const struct ws_owners *owners, uint8_t host, int64_t realtime_ns)
{
	const uint8_t address[16] = { [15] = host };
	const struct ws_owner *owner = ws_owners_find(owners, address, realtime_ns);

	return owner ? owner->name : "nobody";
}

static void test_an_address_has_an_owner_at_a_time(void **state)
{
	struct ws_owners owners = { 0 };

	(void)state;
	own(&owners, 1, INT64_MIN, 100, WS_OWNER_POD, "early");
	own(&owners, 1, INT64_MIN, INT64_MAX, WS_OWNER_NODE, "node");
	own(&owners, 1, 200, INT64_MAX, WS_OWNER_POD, "late");
	own(&owners, 2, 300, INT64_MAX, WS_OWNER_SERVICE, "service");
	assert_string_equal(owner_at(&owners, 1, 99), "early");
	assert_string_equal(owner_at(&owners, 1, 100), "node");
	assert_string_equal(owner_at(&owners, 1, 200), "late");
	assert_string_equal(owner_at(&owners, 2, 299), "nobody");
	assert_string_equal(owner_at(&owners, 2, 300), "service");
	assert_string_equal(owner_at(&owners, 3, 300), "nobody");
	ws_owners_close(&owners);
}

static void test_an_owner_is_called_by_what_it_serves(void **state)
{
	struct ws_owner owner = { .namespace = "default",
				  .name = "reviews-v1-5b667bcb7-qrxcb",
				  .service = "reviews",
				  .workload = "reviews-v1" };
	const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 9 }, v6[16] = { 0xfd, [15] = 1 };
	char text[WS_OWNER_TEXT_MAX], full[8];

	(void)state;
	assert_string_equal(ws_owner_service(&owner, v4, text), "reviews");
	owner.service = "";
	assert_string_equal(ws_owner_service(&owner, v4, text), "reviews-v1");
	owner.workload = "";
	assert_string_equal(ws_owner_service(&owner, v4, text), "reviews-v1-5b667bcb7-qrxcb");
	assert_string_equal(ws_owner_service(NULL, v4, text), "10.0.0.9");
	assert_string_equal(ws_owner_service(NULL, v6, text), "fd00::1");
	assert_string_equal(ws_owner_full_name(&owner, v4, text, sizeof(text)), "default/reviews-v1-5b667bcb7-qrxcb");
	assert_string_equal(ws_owner_full_name(&owner, v4, full, sizeof(full)), "default");
}

/* run.db in a directory of its own, with nothing but owners in it. */
static void write_owners(const char *dir)
{
	char path[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/run.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "PRAGMA user_version = 4;"
			     "CREATE TABLE owner (address, kind, namespace, name, service, workload, node, from_ns, "
			     "until_ns);"
			     "INSERT INTO owner VALUES"
			     " (zeroblob(15) || x'01', 'pod', 'default', 'a', 'reviews', NULL, 'n', NULL, NULL),"
			     " (zeroblob(15) || x'02', 'pod', 'staging', 'b', 'reviews', NULL, 'n', NULL, NULL),"
			     " (zeroblob(15) || x'03', 'pod', 'staging', 'c', 'ratings', NULL, 'n', NULL, NULL),"
			     " (zeroblob(15) || x'04', 'node', NULL, 'n', NULL, NULL, 'n', NULL, NULL)",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
}

static void test_services_of_one_name_are_told_apart_by_namespace(void **state)
{
	static const char *const expected[] = { "default/reviews", "staging/reviews", "ratings", "n" };
	char dir[] = "/tmp/test_calls.XXXXXX", path[64], text[WS_OWNER_TEXT_MAX];
	struct ws_owners owners = { 0 };
	struct ws_store *store;
	struct ws_error err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_owners(dir);
	assert_int_equal(ws_store_open(dir, &store, &err), 0);
	for (int round = 0; round < 2; round++) /* the runs of a campaign say the same */
		assert_int_equal(ws_owners_read(store, &owners, &err), 0);
	assert_int_equal(owners.n, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_string_equal(ws_owner_service(&owners.at[i], owners.at[i].address, text), expected[i]);
	ws_owners_close(&owners);
	ws_store_close(store);
	snprintf(path, sizeof(path), "%s/run.db", dir);
	unlink(path);
	rmdir(dir);
}

static void test_a_pool_keeps_each_text_once(void **state)
{
	struct ws_text_pool *pool = NULL;
	const char *first = ws_text_pool_add(&pool, "0");

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%d", i);
			assert_string_equal(ws_text_pool_add(&pool, text), text);
		}
	}
	assert_ptr_equal(ws_text_pool_add(&pool, "0"), first);
	assert_string_equal(ws_text_pool_add(&pool, NULL), "");
	ws_text_pool_close(pool);
	ws_text_pool_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_passes_four_stations_and_comes_back),
		cmocka_unit_test(test_without_directions_the_order_tells),
		cmocka_unit_test(test_clocks_of_nodes_may_differ),
		cmocka_unit_test(test_pods_of_one_node_pass_no_nic),
		cmocka_unit_test(test_a_retransmission_is_counted_and_the_delivered_one_taken),
		cmocka_unit_test(test_an_answer_goes_to_the_request_before_its_ack),
		cmocka_unit_test(test_a_call_is_caused_by_the_one_that_went_to_its_caller),
		cmocka_unit_test(test_only_the_trace_that_was_asked_for_makes_calls),
		cmocka_unit_test(test_a_trace_id_of_64_bits_is_one_of_128_with_zeros),
		cmocka_unit_test(test_an_address_has_an_owner_at_a_time),
		cmocka_unit_test(test_an_owner_is_called_by_what_it_serves),
		cmocka_unit_test(test_services_of_one_name_are_told_apart_by_namespace),
		cmocka_unit_test(test_a_pool_keeps_each_text_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
