/* SPDX-License-Identifier: BSD-2-Clause */
/* run.db as ingest may find it: no file, a link, of another version, locked, full, made by two programs at once. */
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ingest/database.h"
#include "ingest/sql.h"
#include "tests/unit/written_files.h"

static char dir[64], path[96];

static int make_place(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/wirespan-database.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/run.db", dir);
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	return remove_tree(dir);
}

static int open_and_close(struct ws_error *err)
{
	struct ws_database *db = NULL;
	int rc = ws_database_open(path, &db, err);

	if (!rc)
		ws_database_close(db);
	return rc;
}

static void is_refused(int rc, const char *words)
{
	struct ws_error err = { 0 };

	assert_int_equal(open_and_close(&err), rc);
	if (!strstr(err.text, words))
		fail_msg("'%s' is not in: %s", words, err.text);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void what_is_no_file_is_refused(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	is_refused(-EINVAL, "not a regular file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	is_refused(-EINVAL, "not a regular file");
}

/* What it leads to may lie anywhere. */
static void a_link_is_not_written_through(void **state)
{
	char other[96];

	(void)state;
	snprintf(other, sizeof(other), "%s/other.db", dir);
	assert_int_equal(symlink("other.db", path), 0);
	is_refused(-ELOOP, "a symbolic link");
	assert_int_equal(access(other, F_OK), -1);
}

static void other_versions_are_left_alone(void **state)
{
	(void)state;
	run_sql("CREATE TABLE file (x); PRAGMA user_version = 3");
	is_refused(-EINVAL, "an older program made it (schema version 3");
	run_sql("PRAGMA user_version = 5");
	is_refused(-EINVAL, "of a later version (5;");
	run_sql("PRAGMA user_version = 0");
	is_refused(-EINVAL, "of another kind");
}

/* Both find nothing, and only one can make the tables. */
static void two_may_make_it_at_once(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		int pipes[2], status;
		pid_t pid[4];
		char byte;

		assert_int_equal(pipe(pipes), 0);
		for (int i = 0; i < 4; i++) {
			pid[i] = fork();
			if (pid[i] == 0) {
				close(pipes[1]);
				_exit(read(pipes[0], &byte, 1) == 0 && open_and_close(NULL) == 0 ? 0 : 1);
			}
		}
		close(pipes[0]);
		close(pipes[1]); /* off they go */
		for (int i = 0; i < 4; i++) {
			assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
			assert_int_equal(status, 0);
		}
		unlink(path);
	}
}

static void *let_go_soon(void *db)
{
	usleep(200000);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return NULL;
}

/* A reader is met before the first row, and waited for; afterwards nobody comes between. */
static void a_reader_is_waited_for_at_the_beginning(void **state)
{
	const struct ws_input input = { .point = "nic", .source = WS_SOURCE_EBPF, .path = "nic.rec.zst" };
	struct ws_database *db = NULL;
	struct ws_error err = { 0 };
	pthread_t thread;
	sqlite3 *reader;

	(void)state;
	assert_int_equal(ws_database_open(path, &db, &err), 0);
	assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM file", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(pthread_create(&thread, NULL, let_go_soon, reader), 0);
	if (ws_database_begin_file(db, &input, "nic.rec.zst", &err))
		fail_msg("%s", err.text);
	pthread_join(thread, NULL);
	assert_int_equal(sqlite3_exec(reader, "SELECT * FROM file", NULL, NULL, NULL), SQLITE_BUSY);
	ws_database_drop_file(db);
	sqlite3_close(reader);
	ws_database_close(db);
}

/* Each failure of SQLite's says what to do. */
static void failures_say_what_to_do(void **state)
{
	static const struct {
		const char *sql;
		int rc;
		const char *words;
	} cases[] = {
		{ "PRAGMA max_page_count = 20; CREATE TABLE big AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT "
		  "i + 1"
		  " FROM n LIMIT 9000) SELECT randomblob(100) FROM n",
		  -ENOSPC, "make room and run ingest again" },
		{ "PRAGMA query_only = ON; CREATE TABLE t (x)", -EACCES, "ingest writes it and its journal beside it" },
		{ "SELECT nonsense", -EIO, "no such column" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ws_sql sql = { .path = path };
		struct ws_error err = { 0 };

		assert_int_equal(sqlite3_open(path, &sql.db), SQLITE_OK);
		assert_int_equal(ws_sql_execute(&sql, cases[i].sql, &err), cases[i].rc);
		if (!strstr(err.text, cases[i].words) || !strstr(err.text, path))
			fail_msg("'%s' is not in: %s", cases[i].words, err.text);
		sqlite3_close(sql.db);
	}
}

/* SQLite writes on into a file that has no name any more. */
static void what_is_gone_is_missed(void **state)
{
	struct ws_database *db = NULL;
	struct ws_error err = { 0 };
	char other[96];

	(void)state;
	snprintf(other, sizeof(other), "%s/other.db", dir);
	for (int way = 0; way < 3; way++) {
		assert_int_equal(ws_database_open(path, &db, &err), 0);
		assert_int_equal(ws_database_check(db, &err), 0);
		assert_int_equal(way == 0 ? unlink(path) : rename(path, other), 0);
		if (way == 2)
			put(dir, "run.db", "another");
		assert_int_equal(ws_database_check(db, &err), -ENOENT);
		assert_non_null(strstr(err.text, "run.db: it was removed or moved while it was written"));
		ws_database_close(db);
		unlink(path);
	}
}

/* Trials were counted without these interrupts for a while, in databases of this version. */
static void an_older_table_of_trials_is_completed(void **state)
{
	extern const char ws_schema_sql[];
	char *old = strdup(ws_schema_sql), *from, *to;
	struct ws_database *db = NULL;
	struct ws_error err = { 0 };
	sqlite3 *raw;

	(void)state;
	from = strstr(old, "    n_irq_work");
	to = strchr(from, '\n') + 1;
	memmove(from, to, strlen(to) + 1);
	run_sql(old);
	free(old);
	assert_int_equal(ws_database_open(path, &db, &err), 0);
	assert_int_equal(ws_database_put_overhead(db, "h", "{\"version\": 9}", &err), -EINVAL);
	ws_database_close(db);
	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	/* what is refused changes nothing */
	assert_int_equal(sqlite3_exec(raw, "SELECT n_irq_work FROM overhead_trial", NULL, NULL, NULL), SQLITE_ERROR);
	sqlite3_close(raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_file_is_refused),
		TEST(a_link_is_not_written_through),
		TEST(other_versions_are_left_alone),
		TEST(two_may_make_it_at_once),
		TEST(a_reader_is_waited_for_at_the_beginning),
		TEST(failures_say_what_to_do),
		TEST(what_is_gone_is_missed),
		TEST(an_older_table_of_trials_is_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
