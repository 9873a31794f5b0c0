/* SPDX-License-Identifier: BSD-2-Clause */
/* What ingest does where an allocation is refused. */
#include <sqlite3.h>

#include "ingest/database.h"
#include "ingest/sql.h"
#include "tests/unit/refusing.h"

static enum outcome begin_transaction(void)
{
	struct ws_sql sql = { .path = in_place("sql.db") };
	const uint64_t refused = refused_one;
	struct ws_error err = { 0 };
	int rc;

	refused_one = 0;
	if (sqlite3_open(sql.path, &sql.db) != SQLITE_OK)
		return WRONG;
	refused_one = refused;
	rc = ws_sql_begin(&sql, "BEGIN EXCLUSIVE", &err);
	if (rc == 0)
		return ws_sql_end(&sql, 0, &err) == 0 ? WHOLE : told(-ENOMEM, &err);
	if (!sqlite3_get_autocommit(sql.db) || ws_sql_begin(&sql, "BEGIN", &err))
		return WRONG;
	return told(rc, &err);
}

static void no_transaction_is_open_where_one_could_not_begin(void **state)
{
	(void)state;
	with_each_refused(begin_transaction);
}

/* A rollback that found no memory leaves the transaction open: the next one is begun behind it. */
static void a_transaction_that_was_left_open_is_undone(void **state)
{
	struct ws_sql sql = { .path = in_place("sql.db") };
	struct ws_error err = { 0 };
	int64_t n = -1;

	(void)state;
	assert_int_equal(sqlite3_open(sql.path, &sql.db), SQLITE_OK);
	assert_int_equal(ws_sql_execute(&sql, "BEGIN; CREATE TABLE half (done)", &err), 0);
	assert_int_equal(ws_sql_begin(&sql, "BEGIN", &err), 0);
	assert_int_equal(ws_sql_select_number(&sql, "SELECT count(*) FROM sqlite_schema", 0, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(ws_sql_end(&sql, 0, &err), 0);
	sqlite3_close(sql.db);
}

static enum outcome load_conditions(void)
{
	const uint64_t refused = refused_one;
	struct ws_error err = { 0 };
	struct ws_database *db;
	sqlite3_stmt *row;
	sqlite3 *again;
	int rc;

	refused_one = 0;
	unlink(in_place("run.db"));
	if (ws_database_open(in_place("run.db"), &db, &err))
		return WRONG;
	refused_one = refused;
	rc = ws_database_put_conditions(db, "hash", "{\"overlay\": \"vxlan\", \"rate_per_s\": 80}", &err);
	refused_one = 0;
	if (rc)
		return told(rc, &err);
	ws_database_close(db);
	if (sqlite3_open(in_place("run.db"), &again) != SQLITE_OK ||
	    sqlite3_prepare_v2(again, "SELECT group_concat(key || '=' || value) FROM condition", -1, &row, NULL) ||
	    sqlite3_step(row) != SQLITE_ROW)
		return WRONG;
	return strcmp((const char *)sqlite3_column_text(row, 0), "overlay=vxlan,rate_per_s=80") == 0 ? WHOLE : WRONG;
}

static void conditions_are_whole_or_not_there(void **state)
{
	(void)state;
	with_each_refused(load_conditions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_transaction_is_open_where_one_could_not_begin),
		TEST(a_transaction_that_was_left_open_is_undone),
		TEST(conditions_are_whole_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
