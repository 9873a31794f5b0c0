/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_feed - records through a thread into run.db: every field of every row as the record has it,
 * whatever the mixture and however many blocks and pages they fill; numbers go on where the database's end; failures of
 * either side end both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/feed.h"
#include "tests/unit/random.h"

#define RECORDS_MAX (3 * WS_FEED_BLOCK_RECORDS + 7)

struct world {
	char dir[64];
	char path[128];
	struct ws_database *db;
	struct ws_error err;
	uint32_t n;
	uint32_t n_given;
	int ends_with; /* what the reader returns */
	struct ws_record record[RECORDS_MAX];
};

static int begin(void **state)
{
	const char *base = getenv("TMPDIR");
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	snprintf(w->dir, sizeof(w->dir), "%.40s/feed.XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/run.db", w->dir);
	*state = w;
	return ws_database_open(w->path, &w->db, &w->err);
}

static int end(void **state)
{
	struct world *w = *state;

	ws_database_close(w->db);
	unlink(w->path);
	rmdir(w->dir);
	free(w);
	return 0;
}

static sqlite3_stmt *query(const struct world *w, sqlite3 **db, const char *sql)
{
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_open_v2(w->path, db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(*db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(*db));
	return s;
}

/* The first row of a query: its columns joined by '|', NULL as '-'. */
static void says(const struct world *w, const char *sql, const char *want)
{
	char text[1024] = "";
	sqlite3 *db;
	sqlite3_stmt *s = query(w, &db, sql);

	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const char *value = (const char *)sqlite3_column_text(s, i);

		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? "|" : "", value ? value : "-");
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_string_equal(text, want);
}

static int read_all(void *context, struct ws_feed *feed, struct ws_error *err)
{
	struct world *w = context;
	int rc = 0;

	for (w->n_given = 0; rc == 0 && w->n_given < w->n; w->n_given++) {
		if (w->n_given % 3000 == 0)
			rc = ws_feed_clock_pair(feed, w->n_given, 2 * w->n_given);
		if (rc == 0)
			rc = ws_feed_record(feed, &w->record[w->n_given]);
	}
	if (rc == 0 && w->ends_with)
		return ws_error(err, w->ends_with, "the reader's words");
	return rc;
}

/* Feeds the first n records as the file of a point. Returns what ws_feed_insert() does; after a failure nothing is
 * left.
 */
static int feed(struct world *w, const char *point, uint32_t n, struct ws_feed_counts *counts)
{
	const struct ws_input input = { .point = (char *)point, .path = (char *)"f", .source = WS_SOURCE_EBPF };
	struct ws_file_facts facts = { .contexts = "w3c" };
	struct ws_feed *feed = NULL;
	int rc;

	w->n = n;
	assert_int_equal(ws_database_begin_file(w->db, &input, "f", &w->err), 0);
	assert_int_equal(ws_feed_open(read_all, w, &feed, &w->err), 0);
	rc = ws_feed_insert(feed, w->db, counts, &w->err);
	ws_feed_close(feed);
	if (rc)
		ws_database_drop_file(w->db);
	else
		assert_int_equal(ws_database_end_file(w->db, "hash", &facts, &w->err), 0);
	return rc;
}

/* A number with any count of bits, so that every size that integers are kept in comes up, and both of its ends. */
static uint64_t any_number(uint32_t n_bits)
{
	const uint32_t n = (uint32_t)(random_number() % (n_bits + 1));
	const uint64_t top = n == 0 ? 0 : n == 64 ? UINT64_MAX : (1ull << n) - 1;

	switch (random_number() % 4) {
	case 0:
		return top;
	case 1:
		return n_bits == 64 ? top + 1 : (top + 1) & ((1ull << n_bits) - 1);
	default:
		return random_number() & top;
	}
}

static void make_record(struct ws_record *r, bool is_response)
{
	for (size_t i = 0; i < sizeof(*r); i++)
		((uint8_t *)r)[i] = (uint8_t)random_number();
	r->ts_ns = any_number(64);
	r->done_ts_ns = any_number(64);
	r->seq = (uint32_t)any_number(32);
	r->ack = (uint32_t)any_number(32);
	r->frame_len = (uint32_t)any_number(32);
	r->searched_len = (uint32_t)any_number(32);
	r->stream_id = (uint32_t)any_number(32);
	r->families = (uint16_t)any_number(16);
	r->n_segments = (uint16_t)any_number(16);
	r->http_version = random_number() % 2 ? 1 : 2;
	r->sampled = (uint8_t)(random_number() % 3);
	r->sport = (uint16_t)(random_number() % 50);
	memset(r->saddr, 0, sizeof(r->saddr));
	memset(r->daddr, 0, sizeof(r->daddr));
	memset(r->outer_saddr, 0, sizeof(r->outer_saddr));
	memset(r->outer_daddr, 0, sizeof(r->outer_daddr));
	r->vni = r->dport = r->vlan = r->ip_version = r->outer_ip_version = r->encap = 0;
	if (random_number() % 4 == 0)
		memset(r->parent_span_id, 0, 8);
	r->reason = is_response ? WS_REASON_HTTP_RESPONSE : random_number() % 3 ? WS_REASON_CONTEXT : WS_REASON_SPLIT;
}

static void is_number(sqlite3_stmt *s, int column, bool is_there, int64_t want)
{
	if (!is_there)
		assert_int_equal(sqlite3_column_type(s, column), SQLITE_NULL);
	else if (sqlite3_column_type(s, column) != SQLITE_INTEGER || sqlite3_column_int64(s, column) != want)
		fail_msg("%s: %lld, not %lld", sqlite3_column_name(s, column),
			 (long long)sqlite3_column_int64(s, column), (long long)want);
}

static void is_blob(sqlite3_stmt *s, int column, bool is_there, const uint8_t *want, int len)
{
	if (!is_there) {
		assert_int_equal(sqlite3_column_type(s, column), SQLITE_NULL);
		return;
	}
	assert_int_equal(sqlite3_column_bytes(s, column), len);
	assert_memory_equal(sqlite3_column_blob(s, column), want, (size_t)len);
}

/* The row, of which the first three columns are numbered by whoever inserts. */
static void is_request(sqlite3_stmt *s, const struct ws_record *r)
{
	const bool has = r->reason == WS_REASON_CONTEXT;
	const int skip = r->flags & WS_FLAG_TRACE_ID_64 ? 8 : 0;
	static const uint8_t none[8];
	const int64_t first[] = { (int64_t)r->ts_ns, r->seq,	r->direction, r->payload_len,
				  r->n_segments,     r->reason, r->family };
	const int64_t last[] = { r->searched_len, r->req_off, r->frame_len, r->tcp_flags };

	for (int i = 0; i < 7; i++)
		is_number(s, 3 + i, true, first[i]);
	is_number(s, 10, has, r->ids_end_off);
	is_blob(s, 11, has, r->trace_id + skip, 16 - skip);
	is_blob(s, 12, has, r->span_id, 8);
	is_number(s, 13, true, r->http_version);
	is_number(s, 14, true, r->families);
	is_number(s, 15, true, r->malformed);
	is_number(s, 16, has, r->ctx_segment);
	is_number(s, 17, has, r->ids_end_segment);
	is_number(s, 18, has, (int64_t)r->done_ts_ns);
	is_blob(s, 19, has && memcmp(r->parent_span_id, none, 8) != 0, r->parent_span_id, 8);
	is_number(s, 20, has && r->sampled != WS_SAMPLED_UNKNOWN, r->sampled == WS_SAMPLED_YES);
	is_number(s, 21, has, r->ctx_off);
	is_number(s, 22, has, r->ctx_len);
	for (int i = 0; i < 4; i++)
		is_number(s, 23 + i, true, last[i]);
	is_number(s, 27, r->http_version == 2, r->stream_id);
	is_number(s, 28, true, r->flaw);
	is_number(s, 29, true, r->flags);
}

static void is_response(sqlite3_stmt *s, const struct ws_record *r)
{
	const int64_t want[] = { (int64_t)r->ts_ns, r->seq, r->ack, r->direction, r->payload_len, r->status };

	for (int i = 0; i < 6; i++)
		is_number(s, 3 + i, true, want[i]);
}

/* The table's rows from the id on are those records of all that are of its kind, in their order, each of its flow. */
static void check_table(const struct world *w, const char *sql, bool is_of_responses, int64_t id, uint64_t n)
{
	sqlite3 *db;
	sqlite3_stmt *s = query(w, &db, sql);

	for (uint32_t i = 0; i < w->n; i++) {
		const struct ws_record *r = &w->record[i];

		if ((r->reason == WS_REASON_HTTP_RESPONSE) != is_of_responses)
			continue;
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
		is_number(s, 0, true, id++);
		is_number(s, sqlite3_column_count(s) - 1, true, r->sport);
		if (is_of_responses)
			is_response(s, r);
		else
			is_request(s, r);
		n--;
	}
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_int_equal(n, 0);
}

/* Blocks that are just full, and not; of one kind, and of every mixture. */
static void every_row_is_its_record(void **state)
{
	static const struct {
		uint32_t n, one_in; /* is a response; 0: none */
	} cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ 1, 1 },
		{ WS_FEED_BLOCK_RECORDS - 1, 0 },
		{ WS_FEED_BLOCK_RECORDS, 1 },
		{ WS_FEED_BLOCK_RECORDS + 1, 2 },
		{ RECORDS_MAX, 0 },
		{ RECORDS_MAX, 2 },
		{ RECORDS_MAX, 700 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ws_feed_counts counts;

		for (uint32_t k = 0; k < cases[i].n; k++)
			make_record(&w->record[k], cases[i].one_in && k % cases[i].one_in == 0);
		assert_int_equal(feed(w, "nic", cases[i].n, &counts), 0);
		assert_int_equal(counts.n_requests + counts.n_responses, cases[i].n);
		check_table(w,
			    "SELECT request.*, sport FROM request LEFT JOIN flow USING (flow_id) ORDER BY request_id",
			    false, 1, counts.n_requests);
		check_table(w,
			    "SELECT response.*, sport FROM response LEFT JOIN flow USING (flow_id)"
			    " ORDER BY response_id",
			    true, 1, counts.n_responses);
		says(w, "PRAGMA integrity_check", "ok");
	}
	says(w, "SELECT count(*), min(realtime_ns = 2 * monotonic_ns), max(monotonic_ns) FROM clock_pair", "3|1|6000");
}

/* As SQLite numbers rows: on from the highest that is left when a file is replaced. */
static void numbers_go_on(void **state)
{
	struct ws_feed_counts counts;
	struct world *w = *state;

	for (uint32_t i = 0; i < 10; i++)
		make_record(&w->record[i], i % 2);
	assert_int_equal(feed(w, "nic", 10, &counts), 0);
	assert_int_equal(feed(w, "vport", 4, &counts), 0);
	says(w, "SELECT min(request_id), max(request_id), count(*) FROM request WHERE file_id = 2", "6|7|2");
	says(w, "SELECT min(response_id), max(response_id), count(*) FROM response WHERE file_id = 2", "6|7|2");
	assert_int_equal(feed(w, "nic", 2, &counts), 0);
	says(w, "SELECT min(request_id), max(request_id), count(*) FROM request WHERE file_id <> 2", "8|8|1");
	assert_int_equal(feed(w, "vport", 4, &counts), 0);
	says(w, "SELECT group_concat(request_id), (SELECT group_concat(response_id) FROM response) FROM request",
	     "8,9,10|8,9,10");
	says(w, "SELECT count(*) FROM request JOIN flow USING (flow_id) WHERE request.file_id <> flow.file_id", "0");
}

static void a_reader_that_fails_leaves_nothing(void **state)
{
	struct ws_feed_counts counts;
	struct world *w = *state;

	for (uint32_t i = 0; i < RECORDS_MAX; i++)
		make_record(&w->record[i], false);
	w->ends_with = -EINVAL;
	assert_int_equal(feed(w, "nic", RECORDS_MAX, &counts), -EINVAL);
	assert_string_equal(w->err.text, "the reader's words");
	says(w, "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM flow), (SELECT count(*) FROM file)",
	     "0|0|0");
	w->ends_with = 0;
	assert_int_equal(feed(w, "nic", 3, &counts), 0);
	says(w, "SELECT count(*) FROM request", "3");
}

/* Ids that no row can follow: nothing is inserted. */
static void no_more_ids(void **state)
{
	struct ws_feed_counts counts;
	struct world *w = *state;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "INSERT INTO flow VALUES (9223372036854775807, 1, 4, x'', x'', 1, 1, '', 0, 0,"
				      " NULL, NULL, 0)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(feed(w, "nic", 1, &counts), -ERANGE);
	says(w, "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM file)", "0|0");
	assert_non_null(strstr(w->err.text, w->path));
}

/* The database refuses a row; the reader is told. */
static void a_database_that_fails_stops_the_reader(void **state)
{
	struct ws_feed_counts counts;
	struct world *w = *state;
	sqlite3 *db;

	for (uint32_t i = 0; i < RECORDS_MAX; i++)
		make_record(&w->record[i], false);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(
			db,
			"CREATE TRIGGER full BEFORE INSERT ON request WHEN (SELECT max(request_id) FROM request) = 4000"
			" BEGIN SELECT raise(ABORT, 'no room for it'); END",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(feed(w, "nic", RECORDS_MAX, &counts), -EIO);
	assert_non_null(strstr(w->err.text, "no room for it"));
	says(w, "SELECT count(*) FROM request", "0");
}

/* Gives one record until nobody wants more. */
static int read_without_end(void *context, struct ws_feed *feed, struct ws_error *err)
{
	struct world *w = context;
	int rc = 0;

	(void)err;
	for (w->n_given = 0; rc == 0; w->n_given += rc == 0)
		rc = ws_feed_record(feed, &w->record[0]);
	w->ends_with = rc;
	return rc;
}

/* It reads ahead no further than there is room, and ends when it is closed. */
static void a_feed_that_nobody_inserts_ends(void **state)
{
	struct ws_feed *feed = NULL;
	struct world *w = *state;

	make_record(&w->record[0], false);
	assert_int_equal(ws_feed_open(read_without_end, w, &feed, &w->err), 0);
	ws_feed_close(feed);
	assert_int_equal(w->ends_with, -ECANCELED);
	assert_true(w->n_given <= 64 * WS_FEED_BLOCK_RECORDS);
	ws_feed_close(NULL);
}

/* Numbers of rows do not depend on which file was begun to be read when. */
static void a_file_read_ahead_has_the_same_numbers(void **state)
{
	struct ws_feed_counts counts;
	struct world *w = *state, *ahead = test_calloc(1, sizeof(*ahead));
	const struct ws_input input = { .point = (char *)"vport", .path = (char *)"f", .source = WS_SOURCE_EBPF };
	struct ws_file_facts facts = { .contexts = "w3c" };
	struct ws_feed *feed_ahead = NULL;

	for (uint32_t i = 0; i < 10; i++)
		make_record(&w->record[i], false);
	*ahead = *w;
	ahead->n = 10;
	assert_int_equal(ws_feed_open(read_all, ahead, &feed_ahead, &w->err), 0);
	assert_int_equal(feed(w, "nic", 10, &counts), 0);
	assert_int_equal(ws_database_begin_file(w->db, &input, "f", &w->err), 0);
	assert_int_equal(ws_feed_insert(feed_ahead, w->db, &counts, &w->err), 0);
	assert_int_equal(ws_database_end_file(w->db, "hash", &facts, &w->err), 0);
	ws_feed_close(feed_ahead);
	says(w, "SELECT min(request_id), max(request_id), count(*) FROM request WHERE file_id = 2", "11|20|10");
	says(w, "SELECT count(*) FROM request JOIN flow USING (flow_id) WHERE request.file_id <> flow.file_id", "0");
	says(w,
	     "SELECT count(DISTINCT flow_id) - (SELECT count(*) FROM flow), min(flow_id), count(DISTINCT file_id) FROM "
	     "flow",
	     "0|1|2");
	test_free(ahead);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		TEST(every_row_is_its_record),
		TEST(numbers_go_on),
		TEST(a_reader_that_fails_leaves_nothing),
		TEST(no_more_ids),
		TEST(a_database_that_fails_stops_the_reader),
		TEST(a_feed_that_nobody_inserts_ends),
		TEST(a_file_read_ahead_has_the_same_numbers),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
