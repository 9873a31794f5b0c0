/* SPDX-License-Identifier: BSD-2-Clause */
/* test_pages - what is read from a database file's pages is what SQLite says; and damage is told, not walked into. */
#include <errno.h>
#include <fcntl.h>
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

#include "analyze/pages.h"

#define N_COLUMNS 5

static const char *const column_name[N_COLUMNS] = { "id", "a", "b", "blob", "tail" };
static const char schema[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, blob BLOB, tail BLOB)";

static char path[] = "/tmp/wirespan-test-pages-XXXXXX";
static uint64_t random_state = 1;

static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static void execute(sqlite3 *db, const char *sql)
{
	char *text = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
}

static sqlite3 *open_new(uint32_t page_bytes, const char *sql)
{
	char pragma[64];
	sqlite3 *db;

	truncate(path, 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	snprintf(pragma, sizeof(pragma), "PRAGMA page_size = %u; PRAGMA synchronous = OFF", page_bytes);
	execute(db, pragma);
	execute(db, sql);
	return db;
}

/* Rows of all widths of integers and lengths of blobs, some longer than a page; in no order, with holes. */
static void fill(sqlite3 *db, uint32_t n_rows, uint32_t longest)
{
	static uint8_t bytes[9000];
	sqlite3_stmt *insert;

	execute(db, "BEGIN");
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO t VALUES (?, ?, ?, ?, ?)", -1, &insert, NULL),
			 SQLITE_OK);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random_number();
	for (uint32_t i = 0; i < n_rows; i++) {
		uint32_t lot = (uint32_t)(random_number() >> 40);

		sqlite3_bind_int64(insert, 1, (int64_t)(random_number() >> 33) % (2 * n_rows) - n_rows / 2);
		sqlite3_bind_int64(insert, 2, (int64_t)random_number() >> random_number() % 64);
		if (lot % 7)
			sqlite3_bind_int(insert, 3, (int)(lot % 3));
		else
			sqlite3_bind_null(insert, 3);
		sqlite3_bind_blob(insert, 4, bytes + lot % 50, (int)(lot % 40), SQLITE_STATIC);
		sqlite3_bind_blob(insert, 5, bytes, lot % 50 ? (int)(lot % 200) : (int)(lot % longest), SQLITE_STATIC);
		assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	execute(db, "COMMIT; DELETE FROM t WHERE id % 11 = 3");
}

/* What a reading is held against. */
struct expected {
	sqlite3_stmt *row;
	uint64_t n;
};

static int compare_row(void *context, const struct ws_cell *cell)
{
	struct expected *expected = context;

	assert_int_equal(sqlite3_step(expected->row), SQLITE_ROW);
	assert_true(cell[0].is_null);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(cell[i].is_null, sqlite3_column_type(expected->row, i) == SQLITE_NULL);
		assert_int_equal(cell[i].integer, sqlite3_column_int64(expected->row, i));
	}
	assert_int_equal(cell[3].n_bytes, sqlite3_column_bytes(expected->row, 3));
	if (cell[3].n_bytes)
		assert_memory_equal(cell[3].blob, sqlite3_column_blob(expected->row, 3), cell[3].n_bytes);
	expected->n++;
	return 0;
}

static uint64_t compare_range(sqlite3 *db, struct ws_pages *pages, int64_t low, int64_t high)
{
	struct expected expected = { 0 };

	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT * FROM t WHERE id BETWEEN ? AND ? ORDER BY id", -1, &expected.row, NULL),
		SQLITE_OK);
	sqlite3_bind_int64(expected.row, 1, low);
	sqlite3_bind_int64(expected.row, 2, high);
	assert_int_equal(ws_pages_read(pages, low, high, N_COLUMNS - 1, compare_row, &expected), 0);
	assert_int_equal(sqlite3_step(expected.row), SQLITE_DONE);
	sqlite3_finalize(expected.row);
	return expected.n;
}

static void pages_say_what_sql_says(void **state)
{
	static const uint32_t page_bytes[] = { 512, 1024, 4096, 65536 };

	(void)state;
	for (size_t i = 0; i < sizeof(page_bytes) / sizeof(*page_bytes); i++) {
		for (uint32_t n_rows = 0; n_rows <= 8000; n_rows = n_rows ? 20 * n_rows : 1) {
			sqlite3 *db = open_new(page_bytes[i], schema);
			struct ws_pages *pages;

			fill(db, n_rows, 9000);
			execute(db, "BEGIN; SELECT * FROM t");
			assert_int_equal(ws_pages_open(db, "t", column_name, N_COLUMNS, &pages), 0);
			assert_true(compare_range(db, pages, INT64_MIN, INT64_MAX) >= n_rows / 4);
			compare_range(db, pages, n_rows / 4, n_rows / 2);
			compare_range(db, pages, -5, -5);
			compare_range(db, pages, n_rows / 2, INT64_MAX);
			ws_pages_close(pages);
			sqlite3_close(db);
		}
	}
}

static int count_row(void *context, const struct ws_cell *cell)
{
	uint64_t *n = context;

	*n += cell[N_COLUMNS - 1].n_bytes ? cell[N_COLUMNS - 1].blob[cell[N_COLUMNS - 1].n_bytes - 1] : 1;
	return 0;
}

static int stop(void *context, const struct ws_cell *cell)
{
	(void)context;
	(void)cell;
	return -ENOSPC;
}

static void other_tables_are_left_to_sql(void **state)
{
	static const char *const other[] = {
		"CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, blob BLOB, tail BLOB) WITHOUT ROWID",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, a INTEGER, blob BLOB, tail BLOB)",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, blob BLOB)",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, blob BLOB, tail BLOB, c AS (a))",
		"CREATE TABLE s (x); CREATE VIEW t AS SELECT x AS id, x AS a, x AS b, x AS blob, x AS tail FROM s",
		"CREATE TABLE s (x)",
	};
	struct ws_pages *pages = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
		sqlite3 *db = open_new(4096, other[i]);

		execute(db, "BEGIN; SELECT * FROM sqlite_schema");
		assert_int_equal(ws_pages_open(db, "t", column_name, N_COLUMNS, &pages), -ENOTSUP);
		sqlite3_close(db);
	}
	ws_pages_close(pages);
}

static void whoever_takes_can_stop(void **state)
{
	sqlite3 *db = open_new(512, schema);
	struct ws_pages *pages;

	(void)state;
	fill(db, 100, 3500);
	execute(db, "BEGIN; SELECT * FROM t");
	assert_int_equal(ws_pages_open(db, "t", column_name, N_COLUMNS, &pages), 0);
	assert_int_equal(ws_pages_read(pages, 0, 100, N_COLUMNS, stop, NULL), -ENOSPC);
	ws_pages_close(pages);
	sqlite3_close(db);
}

/* Damages the file anew each time: reading ends, with an error or with some rows, and touches nothing else. */
static void damage_is_not_walked_into(void **state)
{
	uint32_t n_failed = 0, n_read = 0;
	uint8_t *whole;
	off_t n_bytes;
	int fd;

	(void)state;
	for (int i = 0; i < 2; i++) {
		sqlite3 *db = open_new(i ? 1024 : 512, schema);

		fill(db, 400, 3500);
		sqlite3_close(db);
		fd = open(path, O_RDWR);
		n_bytes = lseek(fd, 0, SEEK_END);
		whole = malloc((size_t)n_bytes);
		assert_int_equal(pread(fd, whole, (size_t)n_bytes, 0), n_bytes);
		for (uint32_t round = 0; round < 3000; round++) {
			struct ws_pages *pages = NULL;
			uint64_t sum = 0;
			int rc;

			for (uint64_t k = random_number() % 4; k < 5; k++) {
				/* mostly where pages begin: that is where the tree is */
				off_t off = (off_t)(random_number() % (uint64_t)n_bytes);
				uint8_t byte = (uint8_t)random_number();

				off = random_number() % 3 ? off - off % 512 + (off_t)(random_number() % 24) : off;
				if (off >= 100 && off < n_bytes)
					assert_int_equal(pwrite(fd, &byte, 1, off), 1);
			}
			assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
			sqlite3_exec(db, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
			rc = ws_pages_open(db, "t", column_name, N_COLUMNS, &pages);
			assert_true(rc == 0 || rc == -ENOTSUP);
			rc = rc ? rc : ws_pages_read(pages, INT64_MIN, INT64_MAX, N_COLUMNS, count_row, &sum);
			assert_true(rc == 0 || rc == -ENOTSUP || rc == -EIO || rc == -EPROTO);
			n_failed += rc != 0;
			n_read += rc == 0;
			ws_pages_close(pages);
			sqlite3_close(db);
			if (round % 3 == 2)
				assert_int_equal(pwrite(fd, whole, (size_t)n_bytes, 0), n_bytes);
		}
		free(whole);
		close(fd);
	}
	assert_true(n_failed > 500 && n_read > 500);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_say_what_sql_says),
		cmocka_unit_test(other_tables_are_left_to_sql),
		cmocka_unit_test(whoever_takes_can_stop),
		cmocka_unit_test(damage_is_not_walked_into),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
