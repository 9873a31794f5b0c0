/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_load_file - record files and packet captures into run.db: every field of a record arrives in its column, NULL
 * where there is nothing to say; what was looked for is kept, and decides whether a capture is loaded again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/load.h"
#include "lib/recfile.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A directory of its own, and the paths in it. */
struct world {
	char dir[64];
	char database[128];
	char records[128];
	char capture[128];
};

static int begin(void **state)
{
	const char *base = getenv("TMPDIR");
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	snprintf(w->dir, sizeof(w->dir), "%.40s/load.XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->database, sizeof(w->database), "%s/run.db", w->dir);
	snprintf(w->records, sizeof(w->records), "%s/nic.rec.zst", w->dir);
	snprintf(w->capture, sizeof(w->capture), "%s/nic.pcap", w->dir);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct world *w = *state;

	unlink(w->database);
	unlink(w->records);
	unlink(w->capture);
	rmdir(w->dir);
	free(w);
	return 0;
}

/* Loads one file as ingest does. */
static struct ws_loaded load(struct world *w, enum ws_source source, const char *contexts, bool prefers_list)
{
	struct ws_input input = { .point = "nic", .source = source };
	struct ws_reading reading = { .tunnels = { .vxlan_port = { 4789 } } };
	struct ws_database *db = NULL;
	struct ws_loaded loaded = { 0 };
	struct ws_error err = { 0 };

	input.path = source == WS_SOURCE_EBPF ? w->records : w->capture;
	assert_int_equal(ws_wanted_parse(contexts, &reading.wanted, &err), 0);
	reading.wanted.prefers_list = prefers_list;
	if (ws_database_open(w->database, &db, &err) ||
	    ws_load_end(ws_load_begin(db, w->dir, &input, &reading), db, &loaded, &err))
		fail_msg("%s", err.text);
	ws_database_close(db);
	return loaded;
}

/* The first row of a query: its columns joined by '|', NULL as nothing. */
static void answers(struct world *w, const char *query, const char *want)
{
	char have[1024] = "";
	sqlite3_stmt *s;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(w->database, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const char *text = (const char *)sqlite3_column_text(s, i);

		snprintf(have + strlen(have), sizeof(have) - strlen(have), "%s%s", i ? "|" : "", text ? text : "");
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	assert_string_equal(have, want);
}

static void write_records(struct world *w, const char *contexts, const struct ws_record *records, uint32_t n)
{
	struct ws_recfile_head head = { .point = "nic", .window_bytes = 4096, .prefers_list = true };
	const struct ws_recfile_mark mark = { .n_frames = { [WS_REASON_HTTP2] = 5, [63] = 2 } };
	struct ws_recfile_writer *writer;
	struct ws_error err = { 0 };

	snprintf(head.contexts, sizeof(head.contexts), "%s", contexts);
	assert_int_equal(ws_recfile_create(w->records, &head, 1, &writer, &err), 0);
	for (uint32_t i = 0; i < n; i++)
		*ws_recfile_slot(writer) = records[i];
	assert_int_equal(ws_recfile_finish(writer, &mark, &err), 0);
	ws_recfile_close(writer);
}

/* Every integer of the record is another number, so that none can stand for another. */
static const struct ws_record whole = {
	.ts_ns = 1001,
	.trace_id = "trace-id-of-16-b",
	.span_id = "span-id-",
	.parent_span_id = "parent--",
	.seq = 4000000002,
	.frame_len = 1003,
	.payload_len = 1004,
	.req_off = 1005,
	.ctx_off = 1006,
	.ctx_len = 1007,
	.ids_end_off = 1008,
	.searched_len = 1009,
	.n_segments = 60010,
	.direction = WS_DIRECTION_OUT,
	.ip_version = 4,
	.tcp_flags = 0x18,
	.reason = WS_REASON_CONTEXT,
	.family = WS_FAMILY_USER + 3,
	.sampled = WS_SAMPLED_YES,
	.flags = WS_FLAG_GRPC | WS_FLAG_CROWDED,
	.flaw = WS_FLAW_PART,
	.http_version = 2,
	.done_ts_ns = 1011,
	.stream_id = 2147483647,
	.families = 0x8123,
	.malformed = 0xc456,
	.ctx_segment = 60012,
	.ids_end_segment = 60013,
};

static void every_field_has_its_column(void **state)
{
	struct world *w = *state;

	write_records(w, "w3c", &whole, 1);
	assert_int_equal(load(w, WS_SOURCE_EBPF, "default", false).facts.n_contexts, 1);
	answers(w,
		"SELECT ts_ns, seq, direction, payload_len, n_segments, reason, family, ids_end_off, trace_id, span_id"
		" FROM request",
		"1001|4000000002|2|1004|60010|16|15|1008|trace-id-of-16-b|span-id-");
	answers(w,
		"SELECT http_version, families, malformed, ctx_segment, ids_end_segment, done_ts_ns, parent_span_id,"
		" sampled, ctx_off, ctx_len, searched_len, req_off, frame_len, tcp_flags, stream_id, flaw, flags"
		" FROM request",
		"2|33059|50262|60012|60013|1011|parent--|1|1006|1007|1009|1005|1003|24|2147483647|5|48");
	answers(w, "SELECT count(*) FROM pragma_table_info('request')", "30");
}

/* Without a context its columns are NULL, whatever the record holds; HTTP/1.x has no stream. */
static void nothing_to_say_is_null(void **state)
{
	struct world *w = *state;
	struct ws_record r = whole;

	r.reason = WS_REASON_LOST_SEGMENT;
	r.http_version = 1;
	write_records(w, "w3c", &r, 1);
	assert_int_equal(load(w, WS_SOURCE_EBPF, "default", false).facts.n_contexts, 0);
	answers(w, "SELECT reason, http_version, families, malformed, flaw, flags FROM request",
		"33|1|33059|50262|5|48");
	answers(w,
		"SELECT ids_end_off, trace_id, span_id, ctx_segment, ids_end_segment, done_ts_ns, parent_span_id,"
		" sampled, ctx_off, ctx_len, stream_id FROM request WHERE coalesce(ids_end_off, trace_id, span_id,"
		" ctx_segment, ids_end_segment, done_ts_ns, parent_span_id, sampled, ctx_off, ctx_len, stream_id) IS "
		"NULL",
		"||||||||||");
}

/* Counters beyond those with a name are in the account, too. */
static void every_frame_is_in_the_ledger(void **state)
{
	struct world *w = *state;

	write_records(w, "w3c", &whole, 1);
	load(w, WS_SOURCE_EBPF, "default", false);
	answers(w,
		"SELECT n_frames, (SELECT sum(n_frames) FROM ledger), (SELECT n_frames FROM ledger WHERE reason = "
		"'unknown'),"
		" (SELECT n_frames FROM ledger WHERE reason = 'http2') FROM file",
		"7|7|2|5");
}

static void what_was_looked_for_is_kept(void **state)
{
	static const struct {
		const char *contexts, *kept, *families;
	} lists[] = {
		{ "b3,header:X-My-Trace,w3c", "b3,header:x-my-trace,w3c", "1 w3c,2 b3,12 header:x-my-trace" },
		{ "default", "w3c,b3,b3-single,jaeger,datadog,skywalking,aws,google",
		  "1 w3c,2 b3,3 b3-single,4 jaeger,5 datadog,6 skywalking,7 aws,8 google" },
		{ "w3c,of-a-later-version", "w3c,of-a-later-version", "" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(lists); i++) {
		write_records(w, lists[i].contexts, &whole, 1);
		assert_false(load(w, WS_SOURCE_EBPF, "w3c", false).was_there);
		answers(w, "SELECT contexts FROM file", lists[i].kept);
		answers(w, "SELECT prefers_list, count(*) FROM file", "1|1");
		answers(w, "SELECT group_concat(family || ' ' || name) FROM (SELECT * FROM family ORDER BY family)",
			lists[i].families);
		unlink(w->records);
	}
}

/* What a record file holds does not depend on what is looked for in captures. */
static void record_file_is_loaded_once(void **state)
{
	struct world *w = *state;

	write_records(w, "w3c", &whole, 1);
	assert_false(load(w, WS_SOURCE_EBPF, "default", false).was_there);
	assert_true(load(w, WS_SOURCE_EBPF, "b3", true).was_there);
}

/* A capture of raw IP with one segment: a request with two contexts. */
static void write_capture(const char *path)
{
	static const char payload[] = "GET / HTTP/1.1\r\n"
				      "b3: 00000000000000010000000000000002-0000000000000003-1\r\n"
				      "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n";
	static const uint8_t head[24] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, [17] = 0, [18] = 4, [20] = 101 };
	const uint16_t len = 40 + sizeof(payload) - 1;
	const uint32_t packet[] = { 1700000000, 0, len, len };
	uint8_t headers[40] = {
		0x45, 0,    (uint8_t)(len >> 8), (uint8_t)len, [8] = 64, 6, [12] = 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40,
		0x1f, 0x90, [32] = 0x50,	 0x18
	};
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	fwrite(head, sizeof(head), 1, file);
	fwrite(packet, sizeof(packet), 1, file);
	fwrite(headers, sizeof(headers), 1, file);
	fwrite(payload, sizeof(payload) - 1, 1, file);
	assert_int_equal(fclose(file), 0);
}

/* The same bytes, looked through for something else, are loaded again; otherwise they are not. */
static void capture_is_loaded_again_for_another_list(void **state)
{
	static const struct {
		const char *contexts;
		bool prefers_list, was_there;
		const char *family; /* of the context that counts, and all */
	} turns[] = {
		{ "w3c", false, false, "1|2" },
		{ "w3c", false, true, "1|2" },
		{ "w3c,b3-single", false, false, "3|10" },
		{ "w3c,b3-single", true, false, "1|10" },
		{ "w3c,b3-single", true, true, "1|10" },
		{ "b3-single,w3c", true, false, "3|10" },
		{ "default", false, false, "3|10" },
		{ "w3c,b3,b3-single,jaeger,datadog,skywalking,aws,google", false, true, "3|10" },
		{ "jaeger", false, false, "0|0" },
	};
	struct world *w = *state;

	write_capture(w->capture);
	for (size_t i = 0; i < COUNT(turns); i++) {
		assert_int_equal(load(w, WS_SOURCE_PCAP, turns[i].contexts, turns[i].prefers_list).was_there,
				 turns[i].was_there);
		answers(w, "SELECT family, families FROM request", turns[i].family);
		answers(w, "SELECT count(*), (SELECT count(*) FROM file) FROM request", "1|1");
	}
	answers(w, "SELECT contexts, prefers_list FROM file", "jaeger|0");
	answers(w, "SELECT group_concat(family || ' ' || name) FROM family", "4 jaeger");
}

/* A database of an earlier version is left as it is; the words name it. */
static void earlier_version_is_refused(void **state)
{
	struct world *w = *state;
	struct ws_database *db = NULL;
	struct ws_error err = { 0 };
	sqlite3 *old;

	assert_int_equal(sqlite3_open(w->database, &old), SQLITE_OK);
	assert_int_equal(sqlite3_exec(old, "CREATE TABLE meta (key, value); PRAGMA user_version = 2", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(old);
	assert_int_equal(ws_database_open(w->database, &db, &err), -EINVAL);
	assert_non_null(strstr(err.text, w->database));
	assert_non_null(strstr(err.text, "(schema version 2; this one writes 4)"));
	answers(w, "PRAGMA user_version", "2");
	answers(w, "SELECT count(*) FROM sqlite_schema", "1");
}

/* Packet captures are searched for what the manifest says that the records were searched for. */
static void the_manifest_says_what_to_look_for(void **state)
{
	static const struct {
		const char *json, *contexts;
		int rc;
		bool prefers_list;
	} cases[] = {
		{ "{\"configuration\": {\"contexts\": [\"w3c\", \"header:x-a\"], \"prefers\": \"list\"}}",
		  "w3c,header:x-a", 1, true },
		{ "{\"configuration\": {\"contexts\": [\"b3\"], \"prefers\": \"first\"}}", "b3", 1, false },
		{ "{\"configuration\": {\"contexts\": [\"b3\"]}}", "b3", 1, false },
		{ "{\"configuration\": {\"contexts\": []}}", "", 0, false },
		{ "{\"configuration\": {\"search_bytes\": 16384}}", "", 0, false },
		{ "[]", "", 0, false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[WS_WANTED_TEXT_LEN] = "";
		bool prefers_list = false;
		struct ws_database *db;
		struct ws_error err = { 0 };
		char hash[8];

		assert_int_equal(ws_database_open(w->database, &db, &err), 0);
		assert_int_equal(ws_database_contexts(db, text, sizeof(text), &prefers_list, &err), 0);
		snprintf(hash, sizeof(hash), "%zu", i);
		assert_int_equal(ws_database_put_manifest(db, hash, cases[i].json, &err), 0);
		assert_int_equal(ws_database_contexts(db, text, sizeof(text), &prefers_list, &err), cases[i].rc);
		assert_string_equal(text, cases[i].contexts);
		assert_int_equal(prefers_list, cases[i].prefers_list);
		ws_database_close(db);
		unlink(w->database);
	}
}

/* Control bytes of a file's name are refused, and not shown. */
static void a_name_cannot_move_a_cursor(void **state)
{
	static const char *const name[] = { "a\x1b[2J.pcap", "a\302\2332J.pcap", "\x7f.rec.zst" };
	struct world *w = *state;
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(name) / sizeof(*name); i++) {
		struct ws_inputs inputs;
		struct ws_error err = { 0 };

		snprintf(path, sizeof(path), "%s/%s", w->dir, name[i]);
		fclose(fopen(path, "w"));
		assert_int_equal(ws_inputs_find(w->dir, &inputs, &err), -EINVAL);
		assert_non_null(strstr(err.text, "none of them a control character"));
		for (const char *c = err.text; *c; c++)
			assert_true(*c >= ' ' && *c < 0x7f);
		unlink(path);
	}
}

/* A name of 39 characters, the longest. */
#define LONGEST(last) "header:x-a-name-of-39-characters-000000000000" last

/* What is written of a list reads back as the same list. */
static void list_as_text_reads_back(void **state)
{
	static const char *const lists[] = {
		"default",
		"all",
		"google,w3c",
		"header:x-a,b3,header:x-b",
		"all,header:a1,header:b1,header:c1,header:d1",
		LONGEST("0") "," LONGEST("1") "," LONGEST("2") "," LONGEST("3") ",all",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		char text[WS_WANTED_TEXT_LEN], again[WS_WANTED_TEXT_LEN];
		struct ws_wanted a, b;
		struct ws_error err = { 0 };

		if (ws_wanted_parse(lists[i], &a, &err) || ws_wanted_parse(ws_wanted_text(&a, text), &b, &err))
			fail_msg("%s", err.text);
		assert_memory_equal(&a, &b, sizeof(a));
		assert_string_equal(ws_wanted_text(&b, again), text);
		assert_null(strstr(text, "default"));
		assert_null(strstr(text, "all"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_field_has_its_column),   TEST(nothing_to_say_is_null),
		TEST(every_frame_is_in_the_ledger), TEST(what_was_looked_for_is_kept),
		TEST(record_file_is_loaded_once),   TEST(capture_is_loaded_again_for_another_list),
		TEST(earlier_version_is_refused),   TEST(a_name_cannot_move_a_cursor),
		TEST(list_as_text_reads_back),	    TEST(the_manifest_says_what_to_look_for),
	};

	return cmocka_run_group_tests_name("load_file", tests, NULL, NULL);
}
