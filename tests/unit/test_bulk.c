/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bulk - a run joined in bulk says what the same run says that is joined at once, whatever the limit: seeded runs
 * full of retransmissions, duplicates, equal stamps, several nodes and points, requests without a context.
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

#include "analyze/findings.h"
#include "analyze/series.h"
#include "analyze/trays.h"
#include "lib/record.h"
#include "tests/unit/sanitized.h"

extern const char ws_schema_sql[];

#define N_SEEDS WS_ROUNDS(40)

/* What a run is like. */
struct world {
	uint64_t state; /* of the random numbers */
	uint32_t n_nodes;
	uint32_t n_vports; /* a node */
	bool has_pcap;
	bool knows_names;
	bool knows_direction;
	uint32_t n_ids;
	uint32_t n_rows; /* a file */
};

static uint32_t below(struct world *world, uint32_t n)
{
	world->state ^= world->state >> 12;
	world->state ^= world->state << 25;
	world->state ^= world->state >> 27;
	return (uint32_t)((world->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static void execute(sqlite3 *db, const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

#define EXECUTE(db, ...)                                   \
	do {                                               \
		char sql_[1024];                           \
                                                           \
		snprintf(sql_, sizeof(sql_), __VA_ARGS__); \
		execute(db, sql_);                         \
	} while (0)

/* Flows 1..8, between the same pods; of a file, so that tuples come up in every one. */
#define N_FLOWS 8

static void add_file(sqlite3 *db, const struct world *world, int file_id, const char *point, const char *role,
		     uint32_t node, const char *source)
{
	EXECUTE(db,
		"INSERT OR IGNORE INTO point (point_id, name, role, node, pod) SELECT coalesce(max(point_id), 0) "
		"+ 1, '%s', '%s', 'node%u', %s%s%s FROM point",
		point, role, node, world->knows_names && *role == 'v' ? "'ns/pod-" : "NULL",
		world->knows_names && *role == 'v' ? point : "", world->knows_names && *role == 'v' ? "'" : "");
	EXECUTE(db,
		"INSERT INTO file SELECT %d, point_id, '%s', 'x', 'h%d', 1, 1, 0, 0, 0, 0, 0, 100, 3500, NULL, "
		"'w3c', 0 FROM point WHERE name = '%s'",
		file_id, source, file_id, point);
	EXECUTE(db, "INSERT INTO family VALUES (%d, 1, 'w3c'), (%d, 2, 'b3')", file_id, file_id);
	for (int flow = 0; flow < N_FLOWS; flow++)
		EXECUTE(db,
			"INSERT INTO flow VALUES (%d, %d, 4, X'00000000000000000000ffff0a00000%d', "
			"X'00000000000000000000ffff0a00000%d', %d, 80, 'none', 0, 0, NULL, NULL, 0)",
			N_FLOWS * file_id + flow, file_id, flow % 4, (flow + 1) % 4, 1000 + flow);
	if (below((struct world *)world, 2))
		EXECUTE(db, "INSERT INTO loss VALUES (%d, 'ring_full', 3)", file_id);
}

static void add_row(sqlite3_stmt *insert, struct world *world, int file_id)
{
	static const uint8_t other[] = { WS_REASON_BEYOND_WINDOW, WS_REASON_NO_CONTEXT, WS_REASON_UNREAD,
					 WS_REASON_LOST_SEGMENT, WS_REASON_OUT_OF_ORDER };
	uint32_t id = below(world, world->n_ids);
	bool is_context = below(world, 10) != 0;
	uint8_t trace_id[16] = { (uint8_t)id, (uint8_t)(id >> 8) }, span_id[8] = { (uint8_t)id };

	sqlite3_bind_int(insert, 1, file_id);
	/* mostly the flow of the id: elsewhere it is NAT */
	sqlite3_bind_int64(insert, 2, N_FLOWS * file_id + (int)(below(world, 20) ? id : below(world, 99)) % N_FLOWS);
	sqlite3_bind_int64(insert, 3, below(world, 4000));
	sqlite3_bind_int64(insert, 4, is_context ? 7 * id : 7 * below(world, world->n_ids));
	sqlite3_bind_int(insert, 5, world->knows_direction ? (int)below(world, 3) : 0);
	sqlite3_bind_int(insert, 6, below(world, 9) ? 100 : 101);
	sqlite3_bind_int(insert, 7, is_context ? WS_REASON_CONTEXT : other[below(world, sizeof(other))]);
	sqlite3_bind_int(insert, 8, !is_context ? 0 : below(world, 5) ? 1 : 2);
	sqlite3_bind_blob(insert, 9, is_context ? trace_id : NULL, id % 5 ? 16 : 8, SQLITE_TRANSIENT);
	sqlite3_bind_blob(insert, 10, is_context ? span_id : NULL, 8, SQLITE_TRANSIENT);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	sqlite3_reset(insert);
}

static void make_run(const char *dir, struct world *world)
{
	sqlite3_stmt *insert;
	sqlite3 *db;
	char path[256];
	int n_files = 0;

	snprintf(path, sizeof(path), "%s/run.db", dir);
	unlink(path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	execute(db, "PRAGMA synchronous = OFF; BEGIN");
	execute(db, ws_schema_sql);
	for (uint32_t source = 0; source < (world->has_pcap ? 2u : 1u); source++) {
		for (uint32_t node = 0; node < world->n_nodes; node++) {
			for (uint32_t i = 0; i <= world->n_vports; i++) {
				char name[32];

				snprintf(name, sizeof(name), i ? "vport%u-%u" : "nic%u", node, i);
				add_file(db, world, ++n_files, name, i ? "vport" : "nic", node,
					 source ? "pcap" : "ebpf");
			}
		}
	}
	for (int pod = 0; pod < 3 && world->knows_names; pod++)
		EXECUTE(db,
			"INSERT INTO owner VALUES (X'00000000000000000000ffff0a00000%d', 'pod', 'ns', "
			"'pod-vport%u-1', 's', 'w', 'node%u', NULL, %s)",
			pod, pod % world->n_nodes, pod % world->n_nodes, pod ? "NULL" : "2000");
	assert_int_equal(sqlite3_prepare_v2(db,
					    "INSERT INTO request (file_id, flow_id, ts_ns, seq, direction, "
					    "payload_len, n_segments, reason, family, ids_end_off, trace_id, span_id, "
					    "http_version, families, malformed, searched_len, req_off, frame_len, "
					    "tcp_flags, flaw, flags) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, 9, "
					    "?9, ?10, 1, 0, 0, 0, 0, 0, 0, 0, 0)",
					    -1, &insert, NULL),
			 SQLITE_OK);
	for (int file = 1; file <= n_files; file++) {
		for (uint32_t i = 0; i < world->n_rows; i++)
			add_row(insert, world, file);
	}
	/* rows of a file need not lie together */
	for (uint32_t i = 0; i < 300; i++)
		add_row(insert, world, 1 + (int)below(world, (uint32_t)n_files));
	sqlite3_finalize(insert);
	execute(db, "UPDATE file SET n_requests = (SELECT count(*) FROM request WHERE request.file_id = file.file_id)");
	execute(db, "COMMIT");
	sqlite3_close(db);
}

static void open_study(const char *dir, enum ws_depth depth, uint64_t memory_bytes, const char *family,
		       struct ws_study *study)
{
	struct ws_invocation invocation = {
		.dir = dir,
		.source = { true, true },
		.memory_bytes = memory_bytes,
		.family = family,
	};
	struct ws_error err = { 0 };

	if (ws_study_open(&invocation, depth, study, &err))
		fail_msg("%s", err.text);
}

static void assert_same_joins(struct ws_study *bulk, struct ws_study *whole)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_join *a = &bulk->view[source].join, *b = &whole->view[source].join;

		assert_int_equal(bulk->view[source].joined, whole->view[source].joined);
		assert_int_equal(a->n_pairs, b->n_pairs);
		assert_int_equal(a->n_strays, b->n_strays);
		assert_int_equal(a->n_causes, b->n_causes);
		assert_memory_equal(a->n_class, b->n_class, sizeof(a->n_class));
		assert_memory_equal(a->n_cause, b->n_cause, sizeof(a->n_cause));
		assert_memory_equal(a->n_contexts, b->n_contexts, sizeof(a->n_contexts));
	}
}

/* Compares; returns how many packets both sources paired. */
static uint64_t assert_same_latencies(struct ws_study *bulk, struct ws_study *whole)
{
	struct ws_series_set a, b;
	struct ws_agreement agreement = { 0 };

	assert_int_equal(ws_series_open(bulk, &a), 0);
	assert_int_equal(ws_series_open(whole, &b), 0);
	assert_int_equal(a.n, b.n);
	for (uint32_t i = 0; i < a.n; i++) {
		assert_int_equal(a.at[i].n, b.at[i].n);
		assert_int_equal(a.at[i].way, b.at[i].way);
		assert_memory_equal(a.at[i].latency_ns, b.at[i].latency_ns, a.at[i].n * sizeof(uint64_t));
	}
	ws_series_close(&a);
	ws_series_close(&b);
	assert_int_equal(bulk->has_agreement, whole->view[0].joined && whole->view[1].joined);
	if (!bulk->has_agreement)
		return 0;
	assert_int_equal(ws_agreement(&whole->view[0].join, &whole->view[1].join, NULL, &agreement), 0);
	assert_memory_equal(&agreement, &bulk->agreement, sizeof(agreement));
	return agreement.n;
}

/* Joins the run both ways and compares; returns how many packets both sources paired. */
static uint64_t compare(const char *dir, const char *family)
{
	static const uint64_t limit[] = { UINT64_C(512) << 20, 40000, 0 };
	struct ws_study whole, bulk;
	uint64_t n_common = 0;

	open_study(dir, WS_DEPTH_JOIN, 0, family, &whole);
	assert_true(whole.view[0].join.n_pairs > 0 && whole.view[0].join.n_strays > 0);
	for (size_t i = 0; i < sizeof(limit) / sizeof(*limit); i++) {
		open_study(dir, WS_DEPTH_LATENCIES, limit[i], family, &bulk);
		assert_same_joins(&bulk, &whole);
		n_common = assert_same_latencies(&bulk, &whole);
		ws_study_close(&bulk);
		open_study(dir, WS_DEPTH_COUNTS, limit[i], family, &bulk);
		assert_same_joins(&bulk, &whole);
		ws_study_close(&bulk);
	}
	ws_study_close(&whole);
	return n_common;
}

static void assert_same_groups(const struct ws_detection *a, const struct ws_detection *b)
{
	struct ws_spot_groups left, right;

	assert_int_equal(ws_detection_groups(a, WS_BY_HOP | WS_BY_FAMILY | WS_BY_FORMAT, &left), 0);
	assert_int_equal(ws_detection_groups(b, WS_BY_HOP | WS_BY_FAMILY | WS_BY_FORMAT, &right), 0);
	assert_int_equal(left.n, right.n);
	for (uint32_t i = 0; i < left.n; i++) {
		const struct ws_spot_group *l = &left.at[i], *r = &right.at[i];

		assert_string_equal(l->family, r->family);
		assert_int_equal(l->n_places, r->n_places);
		assert_memory_equal(l->found, r->found, l->n_places * sizeof(*l->found));
		assert_int_equal(l->n_found, r->n_found);
		assert_int_equal(l->n_missed, r->n_missed);
		assert_int_equal(l->n_open, r->n_open);
		assert_int_equal(l->n_expected, r->n_expected);
	}
	ws_spot_groups_close(&left);
	ws_spot_groups_close(&right);
}

/* Asks the run for everything, with all of it in memory and point after point. Returns how many contexts were found. */
static uint64_t compare_findings(const char *dir, const char *family)
{
	const unsigned int needs = WS_FIND_LATENCIES | WS_FIND_DETECTIONS | WS_FIND_TRACES | WS_FIND_EDGES;
	struct ws_invocation invocation = { .source = { true, true }, .family = family, .memory_bytes = UINT64_MAX };
	struct ws_findings whole, part;
	struct ws_error err = { 0 };
	uint64_t n_found = 0;

	assert_int_equal(ws_findings_open(dir, &invocation, needs, &whole, &err), 0);
	for (uint64_t limit = 0; limit <= 40000; limit += 20000) {
		invocation.memory_bytes = limit;
		assert_int_equal(ws_findings_open(dir, &invocation, needs, &part, &err), 0);
		assert_memory_equal(part.outcome, whole.outcome, sizeof(part.outcome));
		assert_int_equal(part.series.n, whole.series.n);
		assert_memory_equal(part.effective_n, whole.effective_n, sizeof(part.effective_n));
		assert_memory_equal(part.n_traces, whole.n_traces, whole.catalog.n_files * sizeof(*whole.n_traces));
		assert_int_equal(part.n_detections, whole.n_detections);
		for (uint32_t i = 0; i < whole.n_detections; i++) {
			const struct ws_detection *a = &whole.detection[i], *b = &part.detection[i];

			assert_string_equal(a->file->point, b->file->point);
			assert_int_equal(a->n_found, b->n_found);
			assert_memory_equal(a->found_at, b->found_at, a->n_found * sizeof(*a->found_at));
			assert_int_equal(a->n_expected, b->n_expected);
			assert_int_equal(a->n_resolved, b->n_resolved);
			assert_int_equal(a->n_open, b->n_open);
			assert_same_groups(a, b);
			n_found += a->n_found;
		}
		ws_findings_close(&part);
	}
	ws_findings_close(&whole);
	return n_found;
}

static void bulk_is_the_whole(void **state)
{
	const char *dir = *state;
	uint64_t n_common = 0, n_found = 0;

	for (uint32_t seed = 1; seed <= N_SEEDS; seed++) {
		struct world world = {
			.state = seed * UINT64_C(0x9e3779b97f4a7c15),
			.n_nodes = 1 + seed % 3,
			.n_vports = 1 + seed / 3 % 2,
			.has_pcap = seed % 2,
			.knows_names = seed % 5 < 2,
			.knows_direction = seed % 4 == 0,
			.n_ids = 50 + seed % 7 * 400,
			.n_rows = 100 + seed % 6 * 150,
		};

		make_run(dir, &world);
		n_common += compare(dir, NULL);
		n_found += compare_findings(dir, seed % 4 == 3 ? "b3" : NULL);
		if (seed % 4 == 1)
			compare(dir, "b3");
	}
	assert_true(n_common > WS_ROUNDS(600));
	assert_true(n_found > WS_ROUNDS(600));
}

static void a_full_disk_is_told(void **state)
{
	struct world world = { .state = 5, .n_nodes = 1, .n_vports = 1, .n_ids = 3000, .n_rows = 3000 };
	struct ws_invocation invocation = { .dir = *state, .source = { true, true } };
	const char *before = getenv("TMPDIR");
	struct ws_study study;
	struct ws_error err = { 0 };
	char *kept = before ? strdup(before) : NULL;

	make_run(*state, &world);
	setenv("TMPDIR", "/nowhere", 1);
	assert_int_not_equal(ws_study_open(&invocation, WS_DEPTH_COUNTS, &study, &err), 0);
	assert_non_null(strstr(err.text, "/nowhere"));
	assert_non_null(strstr(err.text, "TMPDIR"));
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	free(kept);
}

static struct ws_packed packed_of(uint32_t id)
{
	return (struct ws_packed) { .trace_id = { (uint8_t)id, (uint8_t)(id >> 8) }, .seq = id, .trace_id_len = 16 };
}

/* Trays give back what was put there: in order, by list, from memory and from the file, until it is cleared. */
static void trays_keep_order(void **state)
{
	static const uint8_t list_of_file[] = { 0, 1, 0 };
	struct ws_packed packed, *at = calloc(30000, sizeof(*at));
	uint16_t *file = calloc(30000, sizeof(*file));
	struct ws_tray_writer *writer[2];
	struct ws_trays *trays;
	size_t n_all = 0;

	(void)state;
	assert_int_equal(ws_trays_open(200000, 100000, list_of_file, &trays), 0);
	assert_true(ws_trays_n(trays) > 4);
	for (int w = 0; w < 2; w++) {
		assert_int_equal(ws_trays_writer(trays, &writer[w]), 0);
		for (uint32_t i = 0; i < 15000; i++) {
			packed = packed_of(i);
			packed.ts_ns = 15000 * w + i;
			assert_int_equal(ws_tray_put(writer[w], i / 5000, &packed), 0);
		}
	}
	for (uint32_t tray = 0; tray < ws_trays_n(trays); tray++) {
		for (uint32_t list = 0; list < 2; list++) {
			size_t n = ws_tray_count(trays, tray, list, 0, 2);

			assert_int_equal(ws_tray_read(trays, tray, list, 0, 2, at, file), 0);
			for (size_t i = 0; i < n; i++) {
				assert_int_equal(list_of_file[file[i]], list);
				assert_int_equal(file[i], at[i].ts_ns % 15000 / 5000);
				assert_true(i == 0 || at[i].ts_ns > at[i - 1].ts_ns);
			}
			n_all += n;
		}
		ws_tray_clear(trays, tray, 0, 2);
		assert_int_equal(ws_tray_count(trays, tray, 0, 0, 2), 0);
	}
	assert_int_equal(n_all, 30000);
	ws_trays_close(trays);
	free(at);
	free(file);
}

static int make_directory(void **state)
{
	char name[] = "/tmp/wirespan-test-bulk-XXXXXX";

	*state = strdup(mkdtemp(name) ? name : "");
	return 0;
}

static int remove_directory(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/run.db", (char *)*state);
	unlink(path);
	rmdir(*state);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trays_keep_order),
		cmocka_unit_test(bulk_is_the_whole),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
