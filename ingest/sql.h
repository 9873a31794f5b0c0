/* SPDX-License-Identifier: BSD-2-Clause */
/* sql - SQLite for the files that write run.db: statements whose failures are a -errno with words. */
#ifndef WS_SQL_H
#define WS_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "lib/error.h"

struct ws_sql {
	sqlite3 *db;
	char *path;
	uint64_t refusals_before; /* ws_sqlite_memory_refusals() when the transaction under way began */
};

/* How long to wait for another program that has the database locked. */
#define WS_BUSY_TIMEOUT_MS 10000

/* Is the database still at its path? 0; -ENOENT with words: it was removed or moved. */
int ws_sql_check_place(struct ws_sql *sql, struct ws_error *err);

/*
 * What SQLite failed with last: words with what to do, and -ENOMEM, -ENOSPC, -EBUSY, -EINVAL (no database), -ENOENT
 * (gone), -EACCES or -EIO.
 */
int ws_sql_fail(struct ws_sql *sql, struct ws_error *err);

/* Runs statements that give no rows. */
int ws_sql_execute(struct ws_sql *sql, const char *text, struct ws_error *err);

/*
 * Begins a transaction: "BEGIN", "BEGIN IMMEDIATE" or "BEGIN EXCLUSIVE". On failure none is under way; one that a
 * rollback without memory has left is undone first.
 */
int ws_sql_begin(struct ws_sql *sql, const char *how, struct ws_error *err);

/*
 * Ends the transaction. -ENOMEM where SQLite was refused memory since it began: its JSON functions say nothing of it,
 * and give NULL. After a failure the caller undoes it.
 */
int ws_sql_commit(struct ws_sql *sql, struct ws_error *err);

/* The same if rc is 0, else undoes it: after any failure none is under way. Returns rc, or what went wrong here. */
int ws_sql_end(struct ws_sql *sql, int rc, struct ws_error *err);

/* Undoes the transaction under way, if there is one. */
void ws_sql_rollback(struct ws_sql *sql);

/* The statement is the caller's, to be finalized. */
int ws_sql_prepare(struct ws_sql *sql, const char *text, sqlite3_stmt **statement, struct ws_error *err);

/* Runs a statement that gives no rows, and readies it for the next time. */
int ws_sql_run(struct ws_sql *sql, sqlite3_stmt *statement, struct ws_error *err);

/* Prepares, binds texts (NULL ends them), runs and forgets a statement. */
int ws_sql_run_with_texts(struct ws_sql *sql, struct ws_error *err, const char *text, ...);

/* The first column of the first row as a number; fallback without a row or with NULL. */
int ws_sql_select_number(struct ws_sql *sql, const char *text, int64_t fallback, int64_t *number, struct ws_error *err);

#endif
