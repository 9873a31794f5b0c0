/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.db as analyze may find it: no file, of another version, being written, interrupted, damaged in its rows. What
 * SQLite or the rows themselves can tell is told; nothing hangs.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "analyze/background.h"
#include "analyze/study.h"
#include "tests/unit/written_files.h"

extern const char ws_schema_sql[];

struct place {
	char dir[64];
	char path[96];
};

static void run_sql(const char *path, const char *sql)
{
	char *words = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &words) != SQLITE_OK)
		fail_msg("%s: %s", sql, words);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Two files of two requests each, and a load log of one. */
static const char rows[] =
	"INSERT INTO point VALUES (1, 'nic', 'nic', NULL, NULL, NULL, NULL), (2, 'vport', 'vport', NULL, NULL, NULL, "
	"NULL);"
	"INSERT INTO file SELECT point_id, point_id, 'ebpf', name || '.rec.zst', 'h', 1, 1, 0, 2, 2, 0, 2, 1, 9, NULL, "
	"'w3c', 0"
	" FROM point;"
	"INSERT INTO family SELECT file_id, 1, 'w3c' FROM file;"
	"INSERT INTO ledger SELECT file_id, 'context_w3c', 2 FROM file;"
	"INSERT INTO flow SELECT file_id, file_id, 4, zeroblob(16), zeroblob(16), 1, 80, 'none', 0, 0, NULL, NULL, 0 "
	"FROM file;"
	"INSERT INTO request (file_id, flow_id, ts_ns, seq, direction, payload_len, n_segments, reason, family, "
	"ids_end_off,"
	" trace_id, span_id, http_version, families, malformed, searched_len, req_off, frame_len, tcp_flags, flaw, "
	"flags)"
	" SELECT file_id, file_id, file_id + column1, column1, 1, 100, 1, 16, 1, 9, randomblob(16), zeroblob(8), 1, 2, "
	"0, 9, 0, 150,"
	" 24, 0, 0 FROM file, (VALUES (1), (2));"
	"INSERT INTO load_log VALUES (1, 'load.h2load', 'load.h2load', 'h', 1, 'h2load', 'realtime', 1000, 1, 0, 1);"
	"INSERT INTO load_request VALUES (1, 5, 1, 7, 200, NULL, NULL);";

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	strcpy(p->dir, "/tmp/wirespan-store.XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/run.db", p->dir);
	run_sql(p->path, ws_schema_sql);
	run_sql(p->path, rows);
	*state = p;
	return 0;
}

static int remove_place(void **state)
{
	struct place *p = *state;
	int rc = remove_tree(p->dir);

	free(p);
	return rc;
}

static int open_store(const struct place *p, struct ws_error *err)
{
	struct ws_store *store = NULL;
	int rc = ws_store_open(p->dir, &store, err);

	ws_store_close(store);
	return rc;
}

static void is_refused(const struct place *p, int rc, const char *words)
{
	struct ws_error err = { 0 };

	assert_int_equal(open_store(p, &err), rc);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

/* Reads all requests, as detect does, and all load logs. */
static int read_all(const struct place *p, struct ws_error *err)
{
	struct ws_invocation invocation = { .dir = p->dir, .source = { true, true }, .memory_bytes = 1 << 20 };
	struct ws_background background = { 0 };
	struct ws_store *store = NULL;
	struct ws_study study = { 0 };
	int rc = ws_study_open(&invocation, WS_NEED_SIGHTINGS, &study, err);

	if (rc)
		return rc;
	ws_study_close(&study);
	rc = ws_study_open(&invocation, WS_NEED_JOIN | WS_NEED_LATENCIES, &study, err);
	assert_int_equal(rc, 0);
	ws_study_close(&study);
	rc = ws_store_open(p->dir, &store, err);
	rc = rc ? rc : ws_background_open(store, &background, err);
	if (!rc)
		ws_background_close(&background);
	ws_store_close(store);
	return rc;
}

static void reading_says(const struct place *p, const char *words)
{
	struct ws_error err = { 0 };

	assert_true(read_all(p, &err) < 0);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

/* Changes what a STRICT table would not take: as damage does. */
static void break_rows(const struct place *p, const char *sql)
{
	run_sql(p->path, "PRAGMA writable_schema = ON;"
			 "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), ' INTEGER NOT NULL', '') "
			 "WHERE type = 'table' AND"
			 " sql NOT LIKE '%WITHOUT ROWID%'");
	run_sql(p->path, sql);
	run_sql(p->path, "PRAGMA writable_schema = ON");
}

static void what_is_whole_can_be_read(void **state)
{
	struct ws_error err = { 0 };

	if (read_all(*state, &err))
		fail_msg("%s", err.text);
}

static void what_is_no_file_is_refused(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	assert_int_equal(mkfifo(p->path, 0600), 0);
	is_refused(p, -EINVAL, "not a regular file");
	unlink(p->path);
	assert_int_equal(mkdir(p->path, 0700), 0);
	is_refused(p, -EINVAL, "not a regular file");
	rmdir(p->path);
	is_refused(p, -ENOENT, "run `ingest --dir");
}

/* analyze only reads: where the file lies is no matter. */
static void a_link_to_a_database_is_followed(void **state)
{
	struct place *p = *state;
	struct ws_error err = { 0 };
	char other[96];

	snprintf(other, sizeof(other), "%s/other.db", p->dir);
	assert_int_equal(rename(p->path, other), 0);
	assert_int_equal(symlink("other.db", p->path), 0);
	if (open_store(p, &err))
		fail_msg("%s", err.text);
}

static void other_versions_are_refused(void **state)
{
	struct place *p = *state;

	run_sql(p->path, "PRAGMA user_version = 5");
	is_refused(p, -EPROTO, "a later program made it");
	run_sql(p->path, "PRAGMA user_version = 0");
	is_refused(p, -EPROTO, "schema version 0");
}

static void *let_go_soon(void *db)
{
	usleep(200000);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return NULL;
}

static void who_writes_is_waited_for(void **state)
{
	struct place *p = *state;
	struct ws_error err = { 0 };
	pthread_t thread;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(pthread_create(&thread, NULL, let_go_soon, db), 0);
	if (open_store(p, &err))
		fail_msg("%s", err.text);
	pthread_join(thread, NULL);
	sqlite3_close(db);
}

static void missing_rows_are_noticed(void **state)
{
	struct place *p = *state;

	run_sql(p->path, "DELETE FROM request WHERE file_id = 1 AND seq = 1");
	reading_says(p, "1 requests of nic.rec.zst, which has 2: it is damaged");
}

static void added_rows_are_noticed(void **state)
{
	struct place *p = *state;

	run_sql(p->path, "UPDATE request SET file_id = 2 WHERE file_id = 1 AND seq = 1");
	reading_says(p, "it is damaged");
}

static void missing_lines_of_a_log_are_noticed(void **state)
{
	struct place *p = *state;

	run_sql(p->path, "DELETE FROM load_request");
	reading_says(p, "0 requests of load.h2load, which has 1: it is damaged");
}

static void values_of_another_kind_are_noticed(void **state)
{
	static const char *const column[] = { "file_id",   "flow_id",	   "ts_ns",	  "seq",
					      "direction", "payload_len",  "reason",	  "n_segments",
					      "family",	   "http_version", "families",	  "malformed",
					      "flaw",	   "flags",	   "ids_end_off", "ctx_off" };
	struct place *p = *state;
	char sql[128];

	break_rows(p, "CREATE TABLE kept AS SELECT * FROM request");
	for (size_t i = 0; i < sizeof(column) / sizeof(*column); i++) {
		snprintf(sql, sizeof(sql), "UPDATE request SET %s = 'x' WHERE request_id = 3", column[i]);
		run_sql(p->path, sql);
		reading_says(p, "its column cannot hold");
		run_sql(p->path, "DELETE FROM request; INSERT INTO request SELECT * FROM kept");
	}
	run_sql(p->path, "UPDATE request SET ts_ns = NULL WHERE request_id = 3");
	reading_says(p, "its column cannot hold");
}

static void numbers_that_there_are_not_are_noticed(void **state)
{
	struct place *p = *state;

	run_sql(p->path, "UPDATE request SET reason = 272 WHERE request_id = 3");
	reading_says(p, "a number that there is not");
	run_sql(p->path, "UPDATE request SET reason = 16, seq = 4294967296 WHERE request_id = 3");
	reading_says(p, "a number that there is not");
	run_sql(p->path, "UPDATE request SET seq = 1; UPDATE flow SET sport = 65536");
	reading_says(p, "address or port");
}

static void small_tables_are_looked_through(void **state)
{
	struct place *p = *state;

	break_rows(p, "UPDATE file SET n_frames = 'many'");
	run_sql(p->path, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'n_frames ', "
			 "'n_frames INTEGER NOT"
			 " NULL ') || ' STRICT' WHERE name = 'file'");
	is_refused(p, -EIO, "it is damaged");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_whole_can_be_read),
		TEST(what_is_no_file_is_refused),
		TEST(a_link_to_a_database_is_followed),
		TEST(other_versions_are_refused),
		TEST(who_writes_is_waited_for),
		TEST(missing_rows_are_noticed),
		TEST(added_rows_are_noticed),
		TEST(missing_lines_of_a_log_are_noticed),
		TEST(values_of_another_kind_are_noticed),
		TEST(numbers_that_there_are_not_are_noticed),
		TEST(small_tables_are_looked_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
