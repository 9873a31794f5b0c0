/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_traces - traces that are read one after the other, in whatever memory, have the calls that all passages together
 * have: seeded runs full of retransmissions, equal stamps, shared sequence numbers, answers to nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "analyze/mesh/traces.h"
#include "lib/record.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/seeded_db.h"

extern const char ws_schema_sql[];

#define N_SEEDS	  WS_ROUNDS(32)
#define N_POINTS  6
#define N_FLOWS	  4 /* a file: even ones there, the next one back */
#define ROWS_MAX  4000
#define FAR_APART UINT64_C(88172645463325252)

/* Points by name, in the order of the catalog: by role, then name. The last one is neither NIC nor vport. */
static const struct {
	const char *name, *role, *node;
	bool has_responses;
} point[N_POINTS] = {
	{ "nic-a", "nic", "a", true },	   { "nic-b", "nic", "b", false },     { "vport-a", "vport", "a", true },
	{ "vport-b", "vport", "b", true }, { "vport-c", "vport", "b", false }, { "tap", "other", "b", true },
};

/* A run, and all that it saw as the test made it. */
struct world {
	uint64_t state; /* of the random numbers */
	uint32_t n_traces;
	struct ws_passage passage[ROWS_MAX];
	uint32_t point[ROWS_MAX]; /* in the table above */
	uint32_t n;
};

static struct ws_tuple flow_of(uint32_t flow)
{
	bool is_back = flow % 2;
	uint8_t here = (uint8_t)(1 + flow / 2), there = 9;
	struct ws_tuple tuple = { .ip_version = 4, .sport = is_back ? 80 : 1000, .dport = is_back ? 1000 : 80 };

	memcpy(tuple.saddr, (const uint8_t[16]) { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = is_back ? there : here },
	       16);
	memcpy(tuple.daddr, (const uint8_t[16]) { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = is_back ? here : there },
	       16);
	return tuple;
}

static void add_point(sqlite3 *db, uint32_t i)
{
	EXECUTE(db, "INSERT INTO point (point_id, name, role, node) VALUES (%u, '%s', '%s', '%s')", i + 1,
		point[i].name, point[i].role, point[i].node);
	EXECUTE(db,
		"INSERT INTO file SELECT %u, %u, 'pcap', 'x', 'h%u', 1, 1, 0, 0, 0, 0, 0, 100, 3500, NULL, 'w3c', 0",
		i + 1, i + 1, i);
	for (uint32_t flow = 0; flow < N_FLOWS; flow++) {
		struct ws_tuple tuple = flow_of(flow);

		EXECUTE(db,
			"INSERT INTO flow VALUES (%u, %u, 4, X'00000000000000000000ffff0a0000%02x', "
			"X'00000000000000000000ffff0a0000%02x', %u, %u, 'none', 0, 0, NULL, NULL, 0)",
			N_FLOWS * (i + 1) + flow, i + 1, tuple.saddr[15], tuple.daddr[15], tuple.sport, tuple.dport);
	}
}

static void bind_common(sqlite3_stmt *insert, uint32_t at, uint32_t flow, const struct ws_passage *passage)
{
	sqlite3_bind_int64(insert, 1, at + 1);
	sqlite3_bind_int64(insert, 2, N_FLOWS * (at + 1) + flow);
	sqlite3_bind_int64(insert, 3, passage->ts_ns);
	sqlite3_bind_int64(insert, 4, passage->identity.seq);
	sqlite3_bind_int(insert, 5, passage->direction);
}

/* Few ids, stamps and sequence numbers, so that everything meets everything. */
static void add_request(sqlite3_stmt *insert, struct world *world, uint32_t at)
{
	uint32_t id = below(&world->state, world->n_traces), flow = 2 * below(&world->state, N_FLOWS / 2);
	struct ws_passage *passage = &world->passage[world->n];

	*passage = (struct ws_passage) {
		.kind = WS_PASSAGE_REQUEST,
		.identity = { .trace_id = { (uint8_t)id, (uint8_t)(id >> 8), 1 },
			      .span_id = { (uint8_t)below(&world->state, 3) },
			      .seq = 10 * below(&world->state, 4),
			      .trace_id_len = below(&world->state, 5) ? 16 : 8 },
		.ts_ns = below(&world->state, 400),
		.direction = (uint8_t)below(&world->state, 3),
		.tuple = flow,
		.family = 1,
	};
	world->point[world->n++] = at;
	bind_common(insert, at, flow, passage);
	sqlite3_bind_blob(insert, 6, passage->identity.trace_id, (int)passage->identity.trace_id_len, SQLITE_TRANSIENT);
	sqlite3_bind_blob(insert, 7, passage->identity.span_id, 8, SQLITE_TRANSIENT);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	sqlite3_reset(insert);
}

static void add_response(sqlite3_stmt *insert, struct world *world, uint32_t at)
{
	static const uint16_t status[] = { 100, 103, 200, 404, 0 };
	uint32_t flow = 1 + 2 * below(&world->state, N_FLOWS / 2);
	struct ws_passage *passage = &world->passage[world->n];

	*passage = (struct ws_passage) {
		.kind = WS_PASSAGE_RESPONSE,
		.identity.seq = below(&world->state, 4),
		.ts_ns = below(&world->state, 400),
		.direction = (uint8_t)below(&world->state, 3),
		.tuple = flow - 1,
		.ack = below(&world->state, 50),
		.status = status[below(&world->state, 5)],
	};
	world->point[world->n++] = at;
	bind_common(insert, at, flow, passage);
	sqlite3_bind_int64(insert, 6, passage->ack);
	sqlite3_bind_int(insert, 7, passage->status);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	sqlite3_reset(insert);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *made;

	if (sqlite3_prepare_v2(db, sql, -1, &made, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	return made;
}

static void make_run(const char *dir, struct world *world)
{
	uint32_t n_rows = 1 + below(&world->state, ROWS_MAX / N_POINTS / 2);
	sqlite3_stmt *request, *response;
	char path[256];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/run.db", dir);
	unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	execute(db, "PRAGMA synchronous = OFF; BEGIN");
	execute(db, ws_schema_sql);
	for (uint32_t i = 0; i < N_POINTS; i++)
		add_point(db, i);
	request = prepare(db, "INSERT INTO request (file_id, flow_id, ts_ns, seq, direction, payload_len, n_segments, "
			      "reason, family, ids_end_off, trace_id, span_id, http_version, families, malformed, "
			      "searched_len, req_off, frame_len, tcp_flags, flaw, flags) VALUES (?1, ?2, ?3, ?4, ?5, "
			      "100, 1, 16, 1, 9, ?6, ?7, 1, 0, 0, 0, 0, 0, 0, 0, 0)");
	response = prepare(db, "INSERT INTO response (file_id, flow_id, ts_ns, seq, direction, payload_len, ack, "
			       "status) VALUES (?1, ?2, ?3, ?4, ?5, 100, ?6, ?7)");
	for (uint32_t i = 0; i < N_POINTS; i++) {
		for (uint32_t k = 0; k < n_rows; k++) {
			add_request(request, world, i);
			if (point[i].has_responses && below(&world->state, 4))
				add_response(response, world, i);
		}
	}
	sqlite3_finalize(request);
	sqlite3_finalize(response);
	execute(db, "UPDATE file SET n_responses = (SELECT count(*) FROM response WHERE response.file_id = "
		    "file.file_id), n_contexts = (SELECT count(*) FROM request WHERE request.file_id = file.file_id), "
		    "n_requests = (SELECT count(*) FROM request WHERE request.file_id = file.file_id)");
	execute(db, "COMMIT");
	sqlite3_close(db);
}

static const struct world *sorted; /* of compare_rows() */

/* As the atlas orders passages; what is equal stays in the order of its rows. */
static int compare_rows(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct ws_passage *left = &sorted->passage[i], *right = &sorted->passage[k];
	int order;

	if (left->realtime_ns != right->realtime_ns)
		return left->realtime_ns < right->realtime_ns ? -1 : 1;
	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	if (left->identity.seq != right->identity.seq)
		return left->identity.seq < right->identity.seq ? -1 : 1;
	order = memcmp(&left->identity, &right->identity, sizeof(left->identity));
	return order ? order : (i > k) - (i < k);
}

/* The passages of the world as those of a copy of the atlas; to be freed. */
static struct ws_atlas whole_of(const struct ws_atlas *atlas, struct world *world)
{
	struct ws_atlas whole = *atlas;
	uint32_t *order = malloc(world->n * sizeof(*order));

	for (uint32_t i = 0; i < world->n; i++) {
		struct ws_passage *passage = &world->passage[i];
		struct ws_tuple tuple = flow_of(passage->tuple);

		order[i] = i;
		assert_int_equal(ws_tuples_add(&whole.tuples, &tuple, &passage->tuple), 0);
		for (passage->point = 0; strcmp(atlas->point[passage->point].name, point[world->point[i]].name) != 0;)
			passage->point++;
		passage->realtime_ns = passage->ts_ns;
	}
	sorted = world;
	qsort(order, world->n, sizeof(*order), compare_rows);
	whole.passage = malloc(world->n * sizeof(*whole.passage));
	whole.n_passages = world->n;
	for (uint32_t i = 0; i < world->n; i++)
		whole.passage[i] = world->passage[order[i]];
	free(order);
	return whole;
}

static void assert_same_passage(const struct ws_atlas *have, uint32_t i, const struct ws_atlas *want, uint32_t k)
{
	const struct ws_passage *a, *b;

	assert_int_equal(i == WS_NO_PASSAGE, k == WS_NO_PASSAGE);
	if (i == WS_NO_PASSAGE)
		return;
	a = &have->passage[i];
	b = &want->passage[k];
	assert_memory_equal(&a->identity, &b->identity, sizeof(a->identity));
	assert_int_equal(a->realtime_ns, b->realtime_ns);
	assert_int_equal(a->point, b->point);
	assert_int_equal(a->tuple, b->tuple);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->direction, b->direction);
}

static void assert_same_call(const struct ws_atlas *have, const struct ws_call *a, const struct ws_atlas *want,
			     const struct ws_call *b)
{
	for (int station = 0; station < WS_N_STATIONS; station++) {
		assert_same_passage(have, a->request[station], want, b->request[station]);
		assert_same_passage(have, a->response[station], want, b->response[station]);
	}
	assert_int_equal(a->n_repeats, b->n_repeats);
	assert_int_equal(a->n_transits, b->n_transits);
	assert_memory_equal(a->caller_address, b->caller_address, 16);
	assert_memory_equal(a->callee_address, b->callee_address, 16);
	assert_int_equal(a->callee_port, b->callee_port);
}

/* All traces, twice, against the calls of all passages together. */
static void read_and_compare(const char *dir, struct world *world, uint64_t memory_bytes)
{
	const struct ws_invocation invocation = {
		.dir = dir, .source = { true, true }, .memory_bytes = memory_bytes, .origin.root = dir
	};
	struct ws_traces *traces = NULL;
	struct ws_atlas atlas = { 0 }, whole;
	const struct ws_calls *calls;
	struct ws_calls expected;
	struct ws_error err = { 0 };

	if (ws_traces_open(&invocation, true, &atlas, &traces, &err))
		fail_msg("%s", err.text);
	whole = whole_of(&atlas, world);
	assert_int_equal(ws_calls_open(&whole, &expected), 0);
	assert_int_equal(ws_traces_any(traces), expected.n > 0);
	for (int round = 0; round < 2; round++) {
		uint32_t n = 0;

		while (!ws_traces_next(traces, &calls) && calls) {
			for (uint32_t i = 0; i < calls->n; i++, n++) {
				assert_true(n < expected.n);
				assert_same_call(&atlas, &calls->at[i], &whole, &expected.at[n]);
			}
		}
		assert_int_equal(n, expected.n);
		assert_int_equal(ws_traces_n_unanswered(traces), expected.n_unanswered);
		assert_int_equal(ws_traces_n_elsewhere(traces), expected.n_elsewhere);
		assert_int_equal(ws_traces_rewind(traces), 0);
	}
	free(whole.passage);
	ws_calls_close(&expected);
	atlas.tuples = whole.tuples;
	ws_traces_close(traces);
	ws_atlas_close(&atlas);
}

static void traces_do_not_depend_on_the_memory(void **state)
{
	static const uint64_t memory[] = { 0, 20000, 1 << 28 };
	static struct world world, made;
	char dir[] = "/tmp/test_traces-XXXXXX", path[256];

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (uint32_t seed = 0; seed < N_SEEDS; seed++) {
		made = (struct world) { .state = FAR_APART + seed, .n_traces = seed % 4 ? 5 << seed % 8 : 1 };
		make_run(dir, &made);
		for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++) {
			world = made;
			read_and_compare(dir, &world, memory[i]);
		}
	}
	snprintf(path, sizeof(path), "%s/run.db", dir);
	unlink(path);
	rmdir(dir);
}

static void a_full_disk_is_told(void **state)
{
	struct ws_invocation invocation = { .source = { true, true } };
	char dir[] = "/tmp/test_traces-XXXXXX", path[256];
	const char *before = getenv("TMPDIR");
	char *kept = before ? strdup(before) : NULL;
	struct ws_traces *traces = NULL;
	struct ws_atlas atlas = { 0 };
	struct ws_error err = { 0 };
	static struct world world;

	(void)state;
	assert_non_null(mkdtemp(dir));
	world = (struct world) { .state = FAR_APART, .n_traces = 100 };
	make_run(dir, &world);
	invocation.dir = invocation.origin.root = dir;
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_not_equal(ws_traces_open(&invocation, true, &atlas, &traces, &err), 0);
	assert_non_null(strstr(err.text, "/nowhere"));
	assert_non_null(strstr(err.text, "--memory"));
	assert_null(traces);
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	free(kept);
	snprintf(path, sizeof(path), "%s/run.db", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(traces_do_not_depend_on_the_memory),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
