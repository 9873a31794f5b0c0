/* SPDX-License-Identifier: BSD-2-Clause */
/* sql - see the header. */
#include "ingest/sql.h"

#include <errno.h>

int ws_sql_fail(struct ws_sql *sql, struct ws_error *err)
{
	int code = sqlite3_errcode(sql->db);

	return ws_error(err,
			code == SQLITE_NOMEM  ? -ENOMEM
			: code == SQLITE_FULL ? -ENOSPC
					      : -EIO,
			"%s: %s", sql->path, sqlite3_errmsg(sql->db));
}

int ws_sql_execute(struct ws_sql *sql, const char *text, struct ws_error *err)
{
	return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : ws_sql_fail(sql, err);
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
		sqlite3_bind_text(statement, i++, value, -1, SQLITE_TRANSIENT);
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
