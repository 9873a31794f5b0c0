/* SPDX-License-Identifier: BSD-2-Clause */
/* query - see query.h. */
#include "analyze/query.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

const char *ws_query_text(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

int64_t ws_query_int_or(sqlite3_stmt *row, int column, int64_t otherwise)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL ? otherwise : sqlite3_column_int64(row, column);
}

int ws_query_bytes(sqlite3_stmt *row, int column, uint8_t *bytes, int size)
{
	if (sqlite3_column_bytes(row, column) != size)
		return -EPROTO;
	memcpy(bytes, sqlite3_column_blob(row, column), (size_t)size);
	return 0;
}

int ws_query_each(struct ws_store *store, const char *query, int64_t parameter, const char *what,
		  int (*take)(sqlite3_stmt *row, void *context), void *context, struct ws_error *err)
{
	sqlite3_stmt *row = NULL;
	int status = SQLITE_DONE, rc = 0;
	char doing[128];

	snprintf(doing, sizeof(doing), "cannot read %s", what);
	if (sqlite3_prepare_v2(ws_store_connection(store), query, -1, &row, NULL) != SQLITE_OK)
		return ws_store_error(store, doing, err);
	sqlite3_bind_int64(row, 1, parameter);
	while (!rc && (status = sqlite3_step(row)) == SQLITE_ROW)
		rc = take(row, context);
	if (rc == -ENOMEM)
		ws_error(err, rc, "out of memory");
	else if (rc == -EOVERFLOW)
		ws_error(err, rc, "%s: too many rows", ws_store_path(store));
	else if (rc)
		ws_error(err, rc, "%s: %s: a row makes no sense: remove the file and run ingest again",
			 ws_store_path(store), what);
	else if (status != SQLITE_DONE)
		rc = ws_store_error(store, doing, err);
	sqlite3_finalize(row);
	return rc;
}
