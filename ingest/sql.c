/* SPDX-License-Identifier: BSD-2-Clause */
/* sql - see the header. */
#include "ingest/sql.h"

#include <errno.h>
#include <string.h>

#include "lib/sqlite/sqlite_memory.h"

/* What failed below SQLite, if anything did. */
static const char *system_words(sqlite3 *db)
{
	int code = sqlite3_system_errno(db);

	return code ? strerror(code) : NULL;
}

int ws_sql_check_place(struct ws_sql *sql, struct ws_error *err)
{
	int has_moved = 0;

	if (sqlite3_file_control(sql->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) != SQLITE_OK || !has_moved)
		return 0;
	return ws_error(err, -ENOENT,
			"%s: it was removed or moved while it was written, and what was loaded went with it: run "
			"ingest again",
			sql->path);
}

int ws_sql_fail(struct ws_sql *sql, struct ws_error *err)
{
	const char *words = sqlite3_errmsg(sql->db), *why = system_words(sql->db);
	int code = sqlite3_errcode(sql->db) & 0xff;

	if (sqlite3_extended_errcode(sql->db) == SQLITE_IOERR_NOMEM)
		code = SQLITE_NOMEM;
	/* a write that a full disk refuses may come as an error of input and output */
	if (code == SQLITE_IOERR && sqlite3_system_errno(sql->db) == ENOSPC)
		code = SQLITE_FULL;
	if ((code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_CANTOPEN) &&
	    ws_sql_check_place(sql, err))
		return -ENOENT;
	switch (code) {
	case SQLITE_NOMEM:
		return ws_error(err, -ENOMEM, "%s: out of memory", sql->path);
	case SQLITE_FULL:
		return ws_error(
			err, -ENOSPC,
			"%s: no room is left on its disk; what was loaded before is kept: make room and run ingest "
			"again",
			sql->path);
	case SQLITE_BUSY:
		return ws_error(
			err, -EBUSY,
			"%s: another program has kept it locked for %d s: end that or wait for it, and run ingest "
			"again",
			sql->path, WS_BUSY_TIMEOUT_MS / 1000);
	case SQLITE_NOTADB:
		return ws_error(err, -EINVAL, "%s: %s: move it away and run ingest again", sql->path, words);
	case SQLITE_CORRUPT:
		return ws_error(
			err, -EIO,
			"%s: it is damaged (%s): move it away and run ingest again, which makes it from the files "
			"beside it",
			sql->path, words);
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return ws_error(err, -EACCES, "%s: %s%s%s: ingest writes it and its journal beside it", sql->path,
				words, why ? ": " : "", why ? why : "");
	default:
		return ws_error(err, -EIO, "%s: %s%s%s", sql->path, words, why ? ": " : "", why ? why : "");
	}
}

int ws_sql_execute(struct ws_sql *sql, const char *text, struct ws_error *err)
{
	return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : ws_sql_fail(sql, err);
}

int ws_sql_begin(struct ws_sql *sql, const char *how, struct ws_error *err)
{
	int rc = sqlite3_get_autocommit(sql->db) ? 0 : ws_sql_execute(sql, "ROLLBACK", err);

	rc = rc ? rc : ws_sql_execute(sql, how, err);
	if (rc && !sqlite3_get_autocommit(sql->db)) /* it took effect, and failed behind that */
		ws_sql_rollback(sql);
	sql->refusals_before = ws_sqlite_memory_refusals();
	return rc;
}

/* -ENOMEM if SQLite was refused memory since the transaction began, else rc. */
static int believed(struct ws_sql *sql, int rc, struct ws_error *err)
{
	return ws_sqlite_memory_refusals() == sql->refusals_before
		       ? rc
		       : ws_error(err, -ENOMEM, "%s: out of memory", sql->path);
}

int ws_sql_commit(struct ws_sql *sql, struct ws_error *err)
{
	int rc = believed(sql, 0, err);

	return rc ? rc : ws_sql_execute(sql, "COMMIT", err);
}

int ws_sql_end(struct ws_sql *sql, int rc, struct ws_error *err)
{
	rc = believed(sql, rc, err);
	rc = rc ? rc : ws_sql_execute(sql, "COMMIT", err);
	if (rc)
		ws_sql_rollback(sql);
	return rc;
}

void ws_sql_rollback(struct ws_sql *sql)
{
	sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
}

int ws_sql_prepare(struct ws_sql *sql, const char *text, sqlite3_stmt **statement, struct ws_error *err)
{
	return sqlite3_prepare_v2(sql->db, text, -1, statement, NULL) == SQLITE_OK ? 0 : ws_sql_fail(sql, err);
}

int ws_sql_run(struct ws_sql *sql, sqlite3_stmt *statement, struct ws_error *err)
{
	int rc = sqlite3_step(statement) == SQLITE_DONE ? 0 : ws_sql_fail(sql, err);

	sqlite3_reset(statement);
	return rc;
}

int ws_sql_run_with_texts(struct ws_sql *sql, struct ws_error *err, const char *text, ...)
{
	sqlite3_stmt *statement;
	const char *value;
	va_list values;
	int rc = ws_sql_prepare(sql, text, &statement, err), i = 1;

	if (rc)
		return rc;
	va_start(values, text);
	while ((value = va_arg(values, const char *)))
		sqlite3_bind_text(statement, i++, value, -1, SQLITE_STATIC); /* no copy: it could fail */
	va_end(values);
	rc = ws_sql_run(sql, statement, err);
	sqlite3_finalize(statement);
	return rc;
}

int ws_sql_select_number(struct ws_sql *sql, const char *text, int64_t fallback, int64_t *number, struct ws_error *err)
{
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(sql, text, &statement, err), code;

	if (rc)
		return rc;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_type(statement, 0) == SQLITE_NULL ? fallback
									   : sqlite3_column_int64(statement, 0);
	else if (code == SQLITE_DONE)
		*number = fallback;
	else
		rc = ws_sql_fail(sql, err);
	sqlite3_finalize(statement);
	return rc;
}
