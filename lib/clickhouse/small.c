/* SPDX-License-Identifier: BSD-2-Clause */
/* small - see the header. */
#include "lib/clickhouse/small.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/rowbinary.h"

/* lib/schema.sql; see the Makefile. */
extern const char ws_schema_sql[];

static const char file_load_sql[] =
	"CREATE TABLE IF NOT EXISTS file_load (file_id INTEGER PRIMARY KEY, load INTEGER NOT NULL, n_flows INTEGER NOT "
	"NULL,"
	" last_request_id INTEGER NOT NULL, last_response_id INTEGER NOT NULL, last_flow_id INTEGER NOT NULL) STRICT";

static int fail(sqlite3 *db, struct ws_error *err)
{
	const int code = sqlite3_errcode(db);

	return ws_error(err, code == SQLITE_NOMEM ? -ENOMEM : -EIO,
			"the run's small tables in a temporary database: %s", sqlite3_errmsg(db));
}

int ws_small_create(sqlite3 *db, struct ws_error *err)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(db, "SELECT count(*) FROM sqlite_schema", -1, &s, NULL);
	bool is_empty;

	if (code == SQLITE_OK)
		code = sqlite3_step(s);
	is_empty = code == SQLITE_ROW && sqlite3_column_int(s, 0) == 0;
	sqlite3_finalize(s);
	if (code != SQLITE_ROW)
		return fail(db, err);
	if (is_empty && sqlite3_exec(db, ws_schema_sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(db, err);
	return sqlite3_exec(db, file_load_sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, err);
}

/* A row of query: table, column, type, must it not be NULL. */
static int add_column(struct ws_small_tables *tables, sqlite3_stmt *row, struct ws_error *err)
{
	const char *name = (const char *)sqlite3_column_text(row, 0);
	const char *column = (const char *)sqlite3_column_text(row, 1);
	const char *type = (const char *)sqlite3_column_text(row, 2);
	struct ws_small_table *t = tables->n ? &tables->table[tables->n - 1] : NULL;
	struct ws_small_column *c;

	if (!name || !column || !type)
		return ws_error(err, -ENOMEM, "out of memory");
	if (!t || strcmp(t->name, name) != 0) {
		if (tables->n == WS_SMALL_TABLES_MAX)
			return ws_error(err, -EPROTO, "the schema has more tables than a store takes");
		t = &tables->table[tables->n];
		t->name = strdup(name);
		if (!t->name)
			return ws_error(err, -ENOMEM, "out of memory");
		tables->n++;
	}
	if (t->n_columns == WS_SMALL_COLUMNS_MAX)
		return ws_error(err, -EPROTO, "table %s of the schema has more columns than a store takes", name);
	c = &t->column[t->n_columns];
	c->kind = strcmp(type, "INTEGER") == 0 ? WS_KIND_I64 : WS_KIND_STRING;
	if (!sqlite3_column_int(row, 3))
		c->kind |= WS_KIND_NULLABLE;
	c->is_text = strcmp(type, "TEXT") == 0;
	c->name = strdup(column);
	if (!c->name)
		return ws_error(err, -ENOMEM, "out of memory");
	t->n_columns++;
	return 0;
}

int ws_small_read(sqlite3 *db, struct ws_small_tables *tables, struct ws_error *err)
{
	/* in the schema's order: who is referred to comes first */
	static const char query[] = "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk FROM sqlite_schema AS t,"
				    " pragma_table_info(t.name) AS c WHERE t.type = 'table'"
				    " AND t.name NOT IN ('request', 'response', 'flow') AND t.name NOT LIKE 'sqlite%'"
				    " ORDER BY t.rowid, c.cid";
	sqlite3_stmt *row = NULL;
	int rc = 0, code = SQLITE_DONE;

	*tables = (struct ws_small_tables) { 0 };
	if (sqlite3_prepare_v2(db, query, -1, &row, NULL) != SQLITE_OK)
		return fail(db, err);
	while (rc == 0 && (code = sqlite3_step(row)) == SQLITE_ROW)
		rc = add_column(tables, row, err);
	if (rc == 0 && code != SQLITE_DONE)
		rc = fail(db, err);
	sqlite3_finalize(row);
	return rc;
}

void ws_small_free(struct ws_small_tables *tables)
{
	for (uint32_t i = 0; i < tables->n; i++) {
		for (uint32_t k = 0; k < tables->table[i].n_columns; k++)
			free(tables->table[i].column[k].name);
		free(tables->table[i].name);
	}
	*tables = (struct ws_small_tables) { 0 };
}
