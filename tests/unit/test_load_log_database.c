/* SPDX-License-Identifier: BSD-2-Clause */
/* Load-generator logs and conditions on their way into run.db: as wholes, once, in order; what replaces what. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ingest/load.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define REQUESTS                                                                        \
	"SELECT group_concat(start_ns || '/' || request_no || '/' || status, ' ') FROM" \
	" (SELECT * FROM load_request ORDER BY load_log_id, start_ns, request_no)"

/* A run directory with a database. */
struct world {
	char dir[64];
	struct ws_database *db;
	struct ws_error err;
};

static const char *path_in(const struct world *w, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	return path;
}

static void open_database(struct world *w)
{
	assert_int_equal(ws_database_open(path_in(w, "run.db"), &w->db, &w->err), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->dir, "/tmp/load-log-XXXXXX");
	if (!mkdtemp(w->dir))
		return -1;
	open_database(w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "run.db", "run.db-journal", "load.a", "load.b", "conditions.json" };
	struct world *w = *state;

	ws_database_close(w->db);
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(path_in(w, names[i]));
	if (rmdir(w->dir))
		return -1;
	free(w);
	return 0;
}

static void write_text(const struct world *w, const char *name, const char *text)
{
	FILE *file = fopen(path_in(w, name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static int load(struct world *w, const char *name, struct ws_loaded_log *loaded)
{
	const struct ws_log_input input = { (char *)name, strdup(path_in(w, name)) };
	int rc = ws_load_log(w->db, w->dir, &input, loaded, &w->err);

	free(input.path);
	return rc;
}

/* Is this the first column of the first row, asked by somebody else? */
static void says(const struct world *w, const char *sql, const char *expected)
{
	sqlite3_stmt *statement;
	sqlite3 *db;

	assert_int_equal(sqlite3_open_v2(path_in(w, "run.db"), &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	if (expected)
		assert_string_equal(sqlite3_column_text(statement, 0), expected);
	else
		assert_null(sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void rows_in_order_of_start(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "9\t200\t1\n5\t-1\t2\n7\t404\t3\n5\t200\t4\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_false(loaded.was_there);
	assert_int_equal(loaded.facts.n_requests, 4);
	says(w,
	     "SELECT name || ' ' || path || ' ' || size_bytes || ' ' || format || ' ' || clock || ' ' || resolution_ns"
	     " || ' ' || n_requests || ' ' || n_unread_lines || ' ' || complete FROM load_log",
	     "load.a load.a 31 h2load realtime 1000 4 0 1");
	says(w, REQUESTS, "5000/2/0 5000/4/200 7000/3/404 9000/1/200");
	says(w, "SELECT count(*) FROM load_request WHERE n_bytes_in IS NULL AND error IS NULL", "4");
}

/* A table that is in this order needs no sorting and no index beside it. */
static void order_needs_no_index(void **state)
{
	struct world *w = *state;

	says(w, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'load_request'", "0");
	says(w, "SELECT instr(sql, 'WITHOUT ROWID') > 0 FROM sqlite_schema WHERE name = 'load_request'", "1");
}

static void errors_and_bytes_are_kept(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "1,0,5,1,2,\"it's, \"\"so\"\"\nand \xc3\xa4\"\n2,200,5,1,77,\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	says(w, "SELECT error FROM load_request WHERE start_ns = 1", "it's, \"so\"\nand \xc3\xa4");
	says(w, "SELECT error FROM load_request WHERE start_ns = 2", NULL);
	says(w, "SELECT n_bytes_in FROM load_request WHERE start_ns = 2", "77");
}

static void loading_twice_changes_nothing(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "5\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_true(loaded.was_there);
	says(w, REQUESTS, "5000/1/200");
}

static void changed_log_replaces_its_rows(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "5\t200\t1\n6\t200\t1\n");
	write_text(w, "load.b", "7\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_int_equal(load(w, "load.b", &loaded), 0);
	write_text(w, "load.a", "8\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	says(w, "SELECT group_concat(start_ns, ' ') FROM (SELECT start_ns FROM load_request ORDER BY start_ns)",
	     "7000 8000");
	says(w, "SELECT count(*) FROM load_log", "2");
}

/* A log that has another name now is not a second log. */
static void renamed_log(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "5\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	write_text(w, "load.b", "5\t200\t1\n");
	unlink(path_in(w, "load.a"));
	assert_int_equal(load(w, "load.b", &loaded), 0);
	assert_false(loaded.was_there);
	says(w, "SELECT group_concat(name) FROM load_log", "load.b");
	says(w, REQUESTS, "5000/1/200");
}

static void copied_log(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "5\t200\t1\n");
	write_text(w, "load.b", "5\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_int_equal(load(w, "load.b", &loaded), -EEXIST);
	assert_non_null(strstr(w->err.text, "/load.a and "));
	assert_non_null(strstr(w->err.text, "/load.b hold the same bytes"));
	says(w, REQUESTS, "5000/1/200");
}

/* Two logs that change places are both what they were. */
static void swapped_logs(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	for (int turn = 0; turn < 3; turn++) {
		write_text(w, turn % 2 ? "load.a" : "load.b", "5\t200\t1\n");
		write_text(w, turn % 2 ? "load.b" : "load.a", "6\t200\t1\n");
		assert_int_equal(load(w, "load.a", &loaded), 0);
		assert_int_equal(load(w, "load.b", &loaded), 0);
		says(w,
		     "SELECT group_concat(start_ns || name, ' ') FROM"
		     " (SELECT * FROM load_request JOIN load_log USING (load_log_id) ORDER BY start_ns)",
		     turn % 2 ? "5000load.a 6000load.b" : "5000load.b 6000load.a");
	}
}

/* A log with a line that is none: what was loaded before is still there. */
static void refused_log_changes_nothing(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded = { 0 };

	write_text(w, "load.a", "5\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	write_text(w, "load.a", "6\t200\t1\n7\t200\n8\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), -EINVAL);
	assert_non_null(strstr(w->err.text, "/load.a: line 2 "));
	says(w, REQUESTS, "5000/1/200");
	write_text(w, "load.a", "6\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	says(w, REQUESTS, "6000/1/200");
}

static void cut_log(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;

	write_text(w, "load.a", "5\t200\t1\n6\t200\t12");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_false(loaded.facts.is_complete);
	says(w, "SELECT n_requests || ' ' || n_unread_lines || ' ' || complete FROM load_log", "1 1 0");
	says(w, REQUESTS, "5000/1/200");
}

/* Killed in the middle of a log that was to replace another. */
static void killed_load_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct ws_loaded_log loaded;
	int status;
	pid_t pid;

	write_text(w, "load.a", "5\t200\t1\n");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	ws_database_close(w->db);
	w->db = NULL;
	pid = fork();
	if (pid == 0) {
		struct ws_log_request r = { .start_ns = 1, .status = 200, .n_bytes_in = -1 };

		if (ws_database_open(path_in(w, "run.db"), &w->db, &w->err) ||
		    ws_database_begin_log(w->db, "load.a", "load.a", "another hash", 1, &w->err))
			_exit(1);
		for (int i = 0; i < 100; i++)
			if (ws_database_add_request(w->db, &r, &w->err))
				_exit(2);
		_exit(42);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 42);
	open_database(w);
	says(w, REQUESTS, "5000/1/200");
	says(w, "SELECT count(*) FROM load_log", "1");
	assert_int_equal(load(w, "load.a", &loaded), 0);
	assert_true(loaded.was_there);
}

static int put(struct world *w, const char *json)
{
	write_text(w, "conditions.json", json);
	return ws_load_conditions(w->db, path_in(w, "conditions.json"), &w->err);
}

#define CONDITIONS "SELECT group_concat(key || '=' || value, ';') FROM (SELECT * FROM condition ORDER BY key)"

static void conditions(void **state)
{
	static const struct {
		const char *json;
		const char *kept;
	} cases[] = {
		{ "{\"overlay\": \"vxlan\", \"rate_per_s\": 80}\n", "overlay=vxlan;rate_per_s=80" },
		{ "{}", NULL },
		{ "{\"a\":0.5,\"b\":0.50,\"c\":80.0,\"d\":1e3,\"e\":-0.0,\"f\":-5}",
		  "a=0.5;b=0.5;c=80;d=1000;e=0;f=-5" },
		{ "{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
		  "a=9223372036854775807;b=-9223372036854775808" },
		{ "{\"a\":true,\"b\":false,\"c\":\"true\",\"d\":\"\"}", "a=true;b=false;c=true;d=" },
		{ "{\"a\":1e-7,\"b\":1e300,\"c\":1e22}", "a=1.0e-07;b=1.0e+300;c=1.0e+22" },
		{ "{\"\\u00e4 \\\"b\\\"\":\"\xc3\xa4'\\\\\"}", "\xc3\xa4 \"b\"=\xc3\xa4'\\" },
		{ "{\"a\":\"\\\\u0000\"}", "a=\\u0000" },
		{ "{\"a\":1}", "a=1" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int turn = 0; turn < 2; turn++) {
			assert_int_equal(put(w, cases[i].json), 0);
			says(w, CONDITIONS, cases[i].kept);
			says(w, "SELECT json FROM condition_file", cases[i].json);
		}
	}
}

/* What is refused leaves what was kept. */
static void conditions_that_are_none(void **state)
{
	static const struct {
		const char *json;
		const char *said;
	} cases[] = {
		{ "", "no JSON object" },
		{ "x", "no JSON object" },
		{ "[1]", "no JSON object" },
		{ "\"a\"", "no JSON object" },
		{ "{\"a\":1", "no JSON object" },
		{ "{\"a\":1} {}", "no JSON object" },
		{ "{a:1}", "no JSON object" },
		{ "{\"a\":1,}", "no JSON object" },
		{ "{\"a\":{\"b\":1}}", "\"a\" is an object" },
		{ "{\"b\":1,\"a\":[1]}", "\"a\" is an array" },
		{ "{\"a\":null}", "\"a\" is null" },
		{ "{\"a\":1e999}", "\"a\" is too large" },
		{ "{\"a\":-1e999}", "\"a\" is too large" },
		{ "{\"a\":1,\"a\":1}", "\"a\" stands there twice" },
		{ "{\"\":1}", "a key is empty" },
		{ "{\"a\\tb\":1}", "a key is empty or holds a control character" },
		{ "{\"a\":\"b\\nc\"}", "the value of \"a\" holds a control character" },
		{ "{\"a\":\"\\u001b[31m\"}", "the value of \"a\" holds a control character" },
		{ "{\"a\":\"b\\u0000c\"}", "a text holds a NUL byte" },
		{ "{\"b\\\\\\u0000c\":\"a\"}", "a text holds a NUL byte" },
		{ "{\"a\":\"\\u007f\"}", "the value of \"a\" holds a control character" },
		{ "{\"a\":\"\\u009b31m\"}", "the value of \"a\" holds a control character" },
	};
	struct world *w = *state;

	assert_int_equal(put(w, "{\"kept\":1}"), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (put(w, cases[i].json) != -EINVAL)
			fail_msg("not refused: %s", cases[i].json);
		if (!strstr(w->err.text, cases[i].said) || !strstr(w->err.text, "/conditions.json: not taken for cond"))
			fail_msg("%s: said: %s", cases[i].json, w->err.text);
		says(w, CONDITIONS, "kept=1");
		says(w, "SELECT json FROM condition_file", "{\"kept\":1}");
	}
}

static void conditions_with_a_nul(void **state)
{
	struct world *w = *state;
	FILE *file = fopen(path_in(w, "conditions.json"), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite("{}\0{}", 1, 5, file), 5);
	fclose(file);
	assert_int_equal(ws_load_conditions(w->db, path_in(w, "conditions.json"), &w->err), -EINVAL);
	assert_non_null(strstr(w->err.text, "holds a NUL byte"));
	says(w, "SELECT count(*) FROM condition_file", "0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_in_order_of_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(order_needs_no_index, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_and_bytes_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loading_twice_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(changed_log_replaces_its_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(renamed_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(copied_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(swapped_logs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_log_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cut_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_load_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(conditions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(conditions_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(conditions_with_a_nul, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("load log: database", tests, NULL, NULL);
}
