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

#include "analyze/absence.h"
#include "analyze/findings.h"
#include "analyze/harvest.h"
#include "analyze/series.h"
#include "analyze/trays.h"
#include "lib/record.h"
#include "tests/unit/sanitized.h"
#include "tests/unit/seeded_db.h"

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
	if (below(&((struct world *)world)->state, 2))
		EXECUTE(db, "INSERT INTO loss VALUES (%d, 'ring_full', 3)", file_id);
}

static void add_row(sqlite3_stmt *insert, struct world *world, int file_id)
{
	static const uint8_t other[] = { WS_REASON_BEYOND_WINDOW, WS_REASON_NO_CONTEXT, WS_REASON_UNREAD,
					 WS_REASON_LOST_SEGMENT, WS_REASON_OUT_OF_ORDER };
	uint32_t id = below(&world->state, world->n_ids);
	bool is_context = below(&world->state, 10) != 0;
	uint8_t trace_id[16] = { (uint8_t)id, (uint8_t)(id >> 8) }, span_id[8] = { (uint8_t)id };

	sqlite3_bind_int(insert, 1, file_id);
	/* mostly the flow of the id: elsewhere it is NAT */
	sqlite3_bind_int64(insert, 2,
			   N_FLOWS * file_id +
				   (int)(below(&world->state, 20) ? id : below(&world->state, 99)) % N_FLOWS);
	sqlite3_bind_int64(insert, 3, below(&world->state, 4000));
	sqlite3_bind_int64(insert, 4, is_context ? 7 * id : 7 * below(&world->state, world->n_ids));
	sqlite3_bind_int(insert, 5, world->knows_direction ? (int)below(&world->state, 3) : 0);
	sqlite3_bind_int(insert, 6, below(&world->state, 9) ? 100 : 101);
	sqlite3_bind_int(insert, 7, is_context ? WS_REASON_CONTEXT : other[below(&world->state, sizeof(other))]);
	sqlite3_bind_int(insert, 8, !is_context ? 0 : below(&world->state, 5) ? 1 : 2);
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
		add_row(insert, world, 1 + (int)below(&world->state, (uint32_t)n_files));
	sqlite3_finalize(insert);
	execute(db, "UPDATE file SET n_requests = (SELECT count(*) FROM request WHERE request.file_id = file.file_id)");
	execute(db, "COMMIT");
	sqlite3_close(db);
}

static void open_study(const char *dir, unsigned int needs, uint64_t memory_bytes, const char *family,
		       struct ws_study *study)
{
	struct ws_invocation invocation = {
		.dir = dir,
		.source = { true, true },
		.memory_bytes = memory_bytes,
		.family = family,
	};
	struct ws_error err = { 0 };

	if (ws_study_open(&invocation, needs, study, &err))
		fail_msg("%s", err.text);
}

/* The run, read by other means and joined at once. */
struct whole {
	struct ws_study study;
	struct ws_sighting *sighting[WS_N_SOURCES][WS_N_SIDES];
	struct ws_join join[WS_N_SOURCES]; /* sorted */
};

/* The tuple of the row's flow, added if it is new. */
static uint32_t tuple_of(struct whole *whole, sqlite3_stmt *row)
{
	struct ws_tuple tuple = { .ip_version = 4,
				  .sport = (uint16_t)sqlite3_column_int(row, 11),
				  .dport = (uint16_t)sqlite3_column_int(row, 12) };
	uint32_t index;

	memcpy(tuple.saddr, sqlite3_column_blob(row, 9), 16);
	memcpy(tuple.daddr, sqlite3_column_blob(row, 10), 16);
	assert_int_equal(ws_tuples_add(&whole->study.tuples, &tuple, &index), 0);
	return index;
}

static void read_row(struct whole *whole, sqlite3_stmt *row, uint16_t file, const char *family,
		     struct ws_sighting *sighting)
{
	*sighting = (struct ws_sighting) {
		.ts_ns = sqlite3_column_int64(row, 0),
		.identity.seq = (uint32_t)sqlite3_column_int64(row, 1),
		.direction = (uint8_t)sqlite3_column_int(row, 2),
		.payload_len = (uint32_t)sqlite3_column_int(row, 3),
		.n_segments = (uint16_t)sqlite3_column_int(row, 4),
		.reason = (uint8_t)sqlite3_column_int(row, 5),
		.family = (uint8_t)sqlite3_column_int(row, 6),
		.tuple = tuple_of(whole, row),
		.file = file,
	};
	if (sighting->reason != WS_REASON_CONTEXT)
		return;
	sighting->identity.trace_id_len = (uint32_t)sqlite3_column_bytes(row, 7);
	memcpy(sighting->identity.trace_id, sqlite3_column_blob(row, 7), sighting->identity.trace_id_len);
	memcpy(sighting->identity.span_id, sqlite3_column_blob(row, 8), 8);
	if (family && sighting->family != 2)
		sighting->reason = WS_REASON_OTHER_FAMILY;
}

/* Reads what a side of a source saw, by node, file, time and number. */
static struct ws_side_view read_side(struct whole *whole, sqlite3 *db, enum ws_source source, enum ws_side side,
				     const char *family)
{
	const struct ws_view *view = &whole->study.view[source];
	uint32_t first = (uint32_t)(view->file[side] - whole->study.catalog.file), n = 0, room = 100000;
	struct ws_sighting *at = whole->sighting[source][side] = calloc(room, sizeof(*at));
	sqlite3_stmt *row;

	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT ts_ns, seq, direction, payload_len, n_segments, reason, family, "
				   "trace_id, span_id, saddr, daddr, sport, dport FROM request JOIN flow USING "
				   "(flow_id) WHERE request.file_id = ? ORDER BY ts_ns, request_id",
				   -1, &row, NULL),
		SQLITE_OK);
	for (uint32_t node = 0; node < whole->study.n_nodes; node++) {
		for (uint32_t file = first; file < first + view->n_files[side]; file++) {
			if (whole->study.vantage[file].node != node)
				continue;
			sqlite3_bind_int64(row, 1, whole->study.catalog.file[file].file_id);
			while (sqlite3_step(row) == SQLITE_ROW) {
				assert_true(n < room);
				read_row(whole, row, (uint16_t)file, family, &at[n++]);
			}
			sqlite3_reset(row);
		}
	}
	sqlite3_finalize(row);
	return (struct ws_side_view) { at, n, &whole->study.vantage[first], view->n_files[side], first };
}

static void join_whole(const char *dir, const char *family, struct whole *whole)
{
	char path[256];
	sqlite3 *db;

	*whole = (struct whole) { 0 };
	open_study(dir, 0, 0, NULL, &whole->study);
	snprintf(path, sizeof(path), "%s/run.db", dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	for (int source = 0; source < WS_N_SOURCES; source++) {
		struct ws_join *join = &whole->join[source];
		struct ws_absence *absence;
		struct ws_side_view side[WS_N_SIDES];

		if (!whole->study.view[source].present)
			continue;
		for (int i = 0; i < WS_N_SIDES; i++)
			side[i] = read_side(whole, db, source, i, family);
		assert_int_equal(ws_join_open(&side[0], &side[1], join), 0);
		assert_int_equal(ws_absence_open(&whole->study, source, &absence), 0);
		if (absence) {
			join->n_causes = WS_N_CAUSES;
			assert_int_equal(ws_absence_of(absence, join), 0);
		}
		ws_absence_close(absence);
		assert_int_equal(ws_join_sort(join), 0);
	}
	sqlite3_close(db);
}

static void whole_close(struct whole *whole)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		ws_join_close(&whole->join[source]);
		free(whole->sighting[source][0]);
		free(whole->sighting[source][1]);
	}
	ws_study_close(&whole->study);
}

static void assert_same_counts(const struct ws_study *bulk, const struct whole *whole)
{
	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_join *a = &bulk->view[source].join, *b = &whole->join[source];

		assert_int_equal(bulk->view[source].joined, whole->study.view[source].present);
		assert_int_equal(a->n_pairs, b->n_pairs);
		assert_int_equal(a->n_strays, b->n_strays);
		assert_int_equal(a->n_causes, b->n_causes);
		assert_memory_equal(a->n_class, b->n_class, sizeof(a->n_class));
		assert_memory_equal(a->n_cause, b->n_cause, sizeof(a->n_cause));
		assert_memory_equal(a->n_contexts, b->n_contexts, sizeof(a->n_contexts));
	}
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* What the harvest says of a series: in order of time. */
struct expected {
	const struct whole *whole;
	uint64_t n; /* latencies that came */
};

static int expect_series(void *context, enum ws_source source, enum ws_way way, const uint64_t *latency_ns, uint64_t n)
{
	struct expected *expected = context;
	const struct ws_join *join = &expected->whole->join[source];
	uint64_t *at = calloc(join->n_pairs, sizeof(*at)), n_at = 0;
	bool is_found = false;

	for (uint32_t node = 0; node < expected->whole->study.n_nodes && !is_found; node++) {
		n_at = 0;
		for (uint32_t i = 0; i < join->n_pairs; i++) {
			if (join->pair[i].way == way && ws_pair_node(join, &join->pair[i]) == node)
				at[n_at++] = ws_pair_latency_ns(join, &join->pair[i]);
		}
		is_found = n_at == n && !memcmp(at, latency_ns, n * sizeof(*at));
	}
	assert_true(is_found);
	expected->n += n;
	free(at);
	return 0;
}

static void assert_same_series(struct ws_study *bulk, const struct whole *whole)
{
	struct expected expected = { whole, 0 };
	struct ws_series_set set;

	assert_int_equal(ws_series_open(bulk, &set), 0);
	for (uint32_t i = 0; i < set.n; i++) {
		const struct ws_join *join = &whole->join[set.at[i].source];
		uint64_t *at = calloc(join->n_pairs, sizeof(*at)), n = 0;

		for (uint32_t k = 0; k < join->n_pairs; k++) {
			if (join->pair[k].way == set.at[i].way)
				at[n++] = ws_pair_latency_ns(join, &join->pair[k]);
		}
		qsort(at, n, sizeof(*at), compare_numbers);
		assert_int_equal(set.at[i].n, n);
		assert_memory_equal(set.at[i].latency_ns, at, n * sizeof(*at));
		free(at);
	}
	ws_series_close(&set);
	assert_int_equal(ws_harvest_series(bulk->harvest, expect_series, &expected), 0);
	assert_int_equal(expected.n, whole->join[0].n_pairs + whole->join[1].n_pairs);
}

/* Of the pairs of a join, in order, the next from that one on with the same packet at the vport; or n_pairs. */
static uint32_t next_alike(const struct ws_join *join, uint32_t from, const struct ws_sighting *s, uint32_t node)
{
	uint32_t i;

	for (i = from; i < join->n_pairs; i++) {
		const struct ws_sighting *vport = &join->side[1].at[join->pair[i].at[1]];

		if (!memcmp(&vport->identity, &s->identity, sizeof(s->identity)) && vport->tuple == s->tuple &&
		    ws_pair_node(join, &join->pair[i]) == node)
			break;
	}
	return i;
}

/* Compares packet by packet, as agreement.h says it; returns how many packets both sources paired. */
static uint64_t assert_same_pairings(struct ws_study *bulk, const struct whole *whole)
{
	const struct ws_join *ebpf = &whole->join[0], *pcap = &whole->join[1];
	struct ws_pairings paired[WS_N_WAYS];
	uint64_t n = 0, n_way_differs = 0, n_of_way[WS_N_WAYS] = { 0 };

	if (!bulk->has_agreement)
		return 0;
	assert_int_equal(ws_harvest_pairings(bulk->harvest, paired), 0);
	for (uint32_t i = 0; i < ebpf->n_pairs; i++) {
		const struct ws_sighting *s = &ebpf->side[1].at[ebpf->pair[i].at[1]];
		uint32_t node = ws_pair_node(ebpf, &ebpf->pair[i]), a = i, b = next_alike(pcap, 0, s, node);

		/* all repetitions with the first */
		if (next_alike(ebpf, 0, s, node) < i)
			continue;
		while (a < ebpf->n_pairs && b < pcap->n_pairs) {
			unsigned int way = ebpf->pair[a].way;

			n++;
			if (way == pcap->pair[b].way) {
				assert_true(n_of_way[way] < paired[way].n);
				assert_int_equal(paired[way].ebpf_ns[n_of_way[way]],
						 ws_pair_latency_ns(ebpf, &ebpf->pair[a]));
				assert_int_equal(paired[way].pcap_ns[n_of_way[way]++],
						 ws_pair_latency_ns(pcap, &pcap->pair[b]));
			} else {
				n_way_differs++;
			}
			a = next_alike(ebpf, a + 1, s, node);
			b = next_alike(pcap, b + 1, s, node);
		}
	}
	for (int way = 0; way < WS_N_WAYS; way++) {
		assert_int_equal(paired[way].n, n_of_way[way]);
		assert_int_equal(bulk->agreement.way[way].n, n_of_way[way]);
		ws_pairings_close(&paired[way]);
	}
	assert_int_equal(bulk->agreement.n, n);
	assert_int_equal(bulk->agreement.n_way_differs, n_way_differs);
	assert_int_equal(bulk->agreement.n_ebpf_only, ebpf->n_pairs - n);
	assert_int_equal(bulk->agreement.n_pcap_only, pcap->n_pairs - n);
	return n;
}

/* Are pairs, or strays, told as the join has them? */
static void assert_same_packets(struct ws_study *bulk, const struct whole *whole, bool strays)
{
	struct ws_told told;

	for (int source = 0; source < WS_N_SOURCES; source++) {
		const struct ws_join *join = &whole->join[source];

		for (uint32_t i = 0; i < (strays ? join->n_strays : join->n_pairs); i++) {
			const struct ws_stray *stray = strays ? &join->stray[i] : NULL;
			const struct ws_pair *pair = strays ? NULL : &join->pair[i];
			const struct ws_sighting *at = strays ? &join->side[stray->side].at[stray->at]
							      : &join->side[1].at[pair->at[1]];

			assert_int_equal(ws_harvest_next(bulk->harvest, &told), 1);
			assert_int_equal(told.source, source);
			assert_memory_equal(&told.at.identity, &at->identity, sizeof(at->identity));
			assert_int_equal(told.at.ts_ns, at->ts_ns);
			assert_int_equal(told.at.file, at->file);
			assert_int_equal(told.at.family, at->family);
			assert_memory_equal(&bulk->tuples.at[told.at.tuple], &whole->study.tuples.at[at->tuple],
					    sizeof(struct ws_tuple));
			assert_int_equal(told.is_pair, !strays);
			if (strays) {
				assert_int_equal(told.side, stray->side);
				assert_int_equal(told.cause, stray->cause);
			} else {
				assert_int_equal(told.way, pair->way);
				assert_int_equal(told.class, pair->class);
				assert_int_equal(told.other.ts_ns, join->side[0].at[pair->at[0]].ts_ns);
				assert_int_equal(told.other.file, join->side[0].at[pair->at[0]].file);
			}
		}
	}
	assert_int_equal(ws_harvest_next(bulk->harvest, &told), 0);
}

/* Joins the run both ways and compares; returns how many packets both sources paired. */
static uint64_t compare(const char *dir, const char *family)
{
	static const uint64_t limit[] = { UINT64_C(512) << 20, 40000, 0 };
	const unsigned int latencies = WS_NEED_JOIN | WS_NEED_LATENCIES | WS_NEED_ORDER;
	struct ws_study bulk;
	struct whole whole;
	uint64_t n_common = 0;

	join_whole(dir, family, &whole);
	assert_true(whole.join[0].n_pairs > 0 && whole.join[0].n_strays > 0);
	for (size_t i = 0; i < sizeof(limit) / sizeof(*limit); i++) {
		open_study(dir, latencies, limit[i], family, &bulk);
		assert_same_counts(&bulk, &whole);
		assert_same_series(&bulk, &whole);
		n_common = assert_same_pairings(&bulk, &whole);
		ws_study_close(&bulk);
		for (int strays = 0; strays < 2; strays++) {
			open_study(dir, WS_NEED_JOIN | (strays ? WS_NEED_STRAYS : WS_NEED_PAIRS), limit[i], family,
				   &bulk);
			assert_same_counts(&bulk, &whole);
			assert_same_packets(&bulk, &whole, strays);
			ws_study_close(&bulk);
		}
		open_study(dir, WS_NEED_JOIN, limit[i], family, &bulk);
		assert_same_counts(&bulk, &whole);
		ws_study_close(&bulk);
	}
	whole_close(&whole);
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
	assert_int_not_equal(ws_study_open(&invocation, WS_NEED_JOIN, &study, &err), 0);
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
	struct ws_packed_more more = { 0 }, *all = calloc(30000, sizeof(*all));
	uint16_t *file = calloc(30000, sizeof(*file));
	struct ws_tray_writer *writer[2];
	struct ws_trays *trays;
	size_t n_all = 0;

	(void)state;
	assert_int_equal(ws_trays_open(200000, 100000, list_of_file, true, &trays), 0);
	assert_true(ws_trays_n(trays) > 4);
	for (int w = 0; w < 2; w++) {
		assert_int_equal(ws_trays_writer(trays, &writer[w]), 0);
		for (uint32_t i = 0; i < 15000; i++) {
			packed = packed_of(i);
			packed.ts_ns = 15000 * w + i;
			more.row = packed.ts_ns;
			assert_int_equal(ws_tray_put(writer[w], i / 5000, &packed, &more), 0);
		}
	}
	for (uint32_t tray = 0; tray < ws_trays_n(trays); tray++) {
		for (uint32_t list = 0; list < 2; list++) {
			size_t n = ws_tray_count(trays, tray, list, 0, 2);

			assert_int_equal(ws_tray_read(trays, tray, list, 0, 2, at, file, all), 0);
			for (size_t i = 0; i < n; i++) {
				assert_int_equal(list_of_file[file[i]], list);
				assert_int_equal(all[i].row, at[i].ts_ns);
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
	free(all);
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
