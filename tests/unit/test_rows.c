/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rows - blocks of records as rows: requests into request, responses into response, each with its own flow,
 * whatever the order in which they stand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ingest/rows.h"

#define BLOCK_MAX 64

extern const char ws_schema_sql[];

struct world {
	sqlite3 *db;
	struct ws_rows rows;
	struct ws_record record[BLOCK_MAX];
	int64_t flow_id[BLOCK_MAX];
};

static struct world w;

static void run(const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(w.db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

static int begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	w.rows.file_id = 5;
	w.rows.record = w.record;
	w.rows.flow_id = w.flow_id;
	assert_int_equal(sqlite3_open(":memory:", &w.db), SQLITE_OK);
	run(ws_schema_sql);
	assert_int_equal(ws_rows_register(w.db, &w.rows), SQLITE_OK);
	return 0;
}

static int end(void **state)
{
	(void)state;
	return sqlite3_close(w.db);
}

/* The query's only value. */
static int64_t number(const char *sql)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(w.db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* All rows of a query in one line. */
static void says(const char *sql, const char *want)
{
	char text[1024] = "";
	sqlite3_stmt *s;

	assert_int_equal(sqlite3_prepare_v2(w.db, sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s); i++) {
			const char *value = (const char *)sqlite3_column_text(s, i);

			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", value ? value : "-",
				 i + 1 < sqlite3_column_count(s) ? "|" : " ");
		}
	}
	sqlite3_finalize(s);
	assert_string_equal(text, want);
}

/* Record i of the block, of which bit i of the pattern says whether it is a response. */
static void make_block(uint32_t n, uint64_t pattern)
{
	memset(w.record, 0, sizeof(w.record));
	w.rows.n = n;
	for (uint32_t i = 0; i < n; i++) {
		w.flow_id[i] = 100 + i;
		w.record[i].ts_ns = 1000 + i;
		w.record[i].seq = 4000000000u + i;
		w.record[i].reason = pattern >> i & 1 ? WS_REASON_HTTP_RESPONSE : WS_REASON_NO_CONTEXT;
	}
}

static void insert(void)
{
	run(ws_rows_insert_requests_sql);
	run(ws_rows_insert_responses_sql);
}

static void fields_of_a_response(void **state)
{
	(void)state;
	make_block(1, 1);
	w.record[0].ts_ns = 1700000000000000001;
	w.record[0].ack = 0xffffffff;
	w.record[0].status = 65535;
	w.record[0].direction = 2;
	w.record[0].payload_len = 1448;
	insert();
	says("SELECT response_id, file_id, flow_id, ts_ns, seq, ack, direction, payload_len, status FROM response",
	     "1|5|100|1700000000000000001|4000000000|4294967295|2|1448|65535 ");
	assert_int_equal(number("SELECT count(*) FROM request"), 0);
}

/* What a context has and other requests have not stays as it was beside responses. */
static void fields_of_a_request_beside_it(void **state)
{
	(void)state;
	make_block(3, 2);
	w.record[2].reason = WS_REASON_CONTEXT;
	w.record[2].ids_end_off = 105;
	w.record[2].trace_id[15] = 7;
	w.record[2].http_version = 2;
	w.record[2].stream_id = 3;
	insert();
	says("SELECT request_id, file_id, flow_id, ts_ns, reason, ids_end_off, hex(trace_id), stream_id FROM request",
	     "1|5|100|1000|13|-||- 2|5|102|1002|16|105|00000000000000000000000000000007|3 ");
	says("SELECT flow_id FROM response", "101 ");
}

/* Every mixture of eight, and blocks of one kind. */
static void every_mixture(void **state)
{
	uint64_t n_requests = 0, n_responses = 0;

	(void)state;
	for (uint32_t pattern = 0; pattern < 256; pattern++) {
		const uint32_t n_here = (uint32_t)__builtin_popcount(pattern);

		make_block(8, pattern);
		w.rows.file_id = pattern;
		insert();
		n_responses += n_here;
		n_requests += 8 - n_here;
	}
	assert_int_equal(number("SELECT count(*) FROM request"), n_requests);
	assert_int_equal(number("SELECT count(*) FROM response"), n_responses);
	for (uint32_t i = 0; i < 8; i++) { /* flow 100 + i is record i of the block, of file pattern */
		char sql[256];

		snprintf(sql, sizeof(sql),
			 "SELECT (SELECT count(*) FROM response WHERE flow_id = %u AND file_id & %u AND ts_ns = %u)"
			 " + (SELECT count(*) FROM request WHERE flow_id = %u AND NOT file_id & %u AND ts_ns = %u)",
			 100 + i, 1u << i, 1000 + i, 100 + i, 1u << i, 1000 + i);
		assert_int_equal(number(sql), 256);
	}
	assert_int_equal(number("SELECT count(*) FROM (SELECT request_id, lag(file_id * 1000 + flow_id) OVER"
				" (ORDER BY request_id) AS before, file_id * 1000 + flow_id AS at FROM request)"
				" WHERE before >= at"),
			 0); /* in the block's order */
}

static void no_records(void **state)
{
	(void)state;
	make_block(0, 0);
	insert();
	assert_int_equal(number("SELECT (SELECT count(*) FROM request) + (SELECT count(*) FROM response)"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	static const struct CMUnitTest tests[] = {
		TEST(fields_of_a_response),
		TEST(fields_of_a_request_beside_it),
		TEST(every_mixture),
		TEST(no_records),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
