/* SPDX-License-Identifier: BSD-2-Clause */
/* far_table - request, response and flow of a run in a store, as virtual tables of SQLite's; see far.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far_inner.h"
#include "lib/clickhouse/result.h"
#include "lib/clickhouse/tables.h"

#define COLUMNS_MAX 62

/* What a server may keep in memory to put rows in order; what is more goes to its disk. */
#define SORT_BYTES "536870912"

struct table {
	sqlite3_vtab base;
	struct ws_far *far;
	const struct ws_table *large;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct ws_result *result;
	const struct ws_value *value; /* of the row; NULL behind the last one */
	uint8_t kind[COLUMNS_MAX];
	uint8_t place[COLUMNS_MAX]; /* of a column in value, plus 1; 0: it was not asked for */
};

/* Notes a failure for who asks ws_far_failure(), and gives its words to SQLite. */
static int fail(struct table *table, int rc, const struct ws_error *err)
{
	table->far->rc = rc;
	table->far->err = *err;
	sqlite3_free(table->base.zErrMsg);
	table->base.zErrMsg = sqlite3_mprintf("%s", err->text);
	return rc == -ENOMEM ? SQLITE_NOMEM : SQLITE_ERROR;
}

static bool is_number(uint8_t kind)
{
	kind &= (uint8_t)~WS_KIND_NULLABLE;
	return kind == WS_KIND_U8 || kind == WS_KIND_U16 || kind == WS_KIND_U32 || kind == WS_KIND_I64;
}

static int connect(sqlite3 *db, void *client_data, int argc, const char *const *argv, sqlite3_vtab **made, char **error)
{
	struct table *table = sqlite3_malloc(sizeof(*table));
	sqlite3_str *text = sqlite3_str_new(db);
	char *declaration;
	int status = SQLITE_ERROR;

	(void)argc;
	(void)error;
	if (table) {
		*table = (struct table) { .far = client_data };
		for (int i = 0; i < WS_N_LARGE; i++)
			table->large = strcmp(argv[2], ws_large_tables[i].name) ? table->large : &ws_large_tables[i];
	}
	sqlite3_str_appendall(text, "CREATE TABLE x(");
	for (uint32_t i = 0; table && table->large && i < table->large->n_columns; i++)
		sqlite3_str_appendf(text, "%s\"%w\" %s", i ? ", " : "", table->large->column[i].name,
				    is_number(table->large->column[i].kind) ? "INTEGER" : "");
	sqlite3_str_appendall(text, ")");
	declaration = sqlite3_str_finish(text);
	if (!table || !declaration)
		status = SQLITE_NOMEM;
	else if (table->large && table->large->n_columns <= COLUMNS_MAX)
		status = sqlite3_declare_vtab(db, declaration);
	sqlite3_free(declaration);
	if (status == SQLITE_OK)
		*made = &table->base;
	else
		sqlite3_free(table);
	return status;
}

static int disconnect(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

/* The operator of a comparison that the store makes; 0: of none. */
static char operator_of(unsigned char op, uint8_t kind)
{
	if (op == SQLITE_INDEX_CONSTRAINT_EQ)
		return '=';
	if (!is_number(kind))
		return 0;
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_GT:
		return '>';
	case SQLITE_INDEX_CONSTRAINT_GE:
		return 'g';
	case SQLITE_INDEX_CONSTRAINT_LT:
		return '<';
	case SQLITE_INDEX_CONSTRAINT_LE:
		return 'l';
	default:
		return 0;
	}
}

/* How many rows are left of a comparison, of 10^9. A guess that only orders SQLite's plans. */
static double share_of(const struct table *table, int column, char op)
{
	const char *name = table->large->column[column].name;

	if (op != '=')
		return 0.5;
	if (column == 0)
		return 1e-9;
	return strcmp(name, "trace_id") ? 0.1 : 1e-7;
}

/*
 * Takes every comparison with a constant that the store can make. idxStr: the columns that are used, in hexadecimal,
 * and for every argument " COLUMN OPERATOR". SQLite compares once more: rows that do not belong do no harm.
 */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	struct table *table = (struct table *)base;
	sqlite3_str *text = sqlite3_str_new(NULL);
	double n_rows = 1e9;
	int n = 0;

	sqlite3_str_appendf(text, "%llx", (unsigned long long)info->colUsed);
	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn < 0 ? 0 : info->aConstraint[i].iColumn;
		char op = operator_of(info->aConstraint[i].op, table->large->column[column].kind);

		if (!op || !info->aConstraint[i].usable)
			continue;
		info->aConstraintUsage[i].argvIndex = ++n;
		sqlite3_str_appendf(text, " %d%c", column, op);
		n_rows *= share_of(table, column, op);
	}
	info->idxStr = sqlite3_str_finish(text);
	info->needToFreeIdxStr = 1;
	info->estimatedRows = n_rows < 1 ? 1 : (sqlite3_int64)n_rows;
	info->estimatedCost = n_rows < 1 ? 1 : n_rows;
	/* rows come in the order of the first column */
	info->orderByConsumed = info->nOrderBy == 1 && info->aOrderBy[0].iColumn <= 0 && !info->aOrderBy[0].desc;
	return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **made)
{
	struct cursor *cursor = sqlite3_malloc(sizeof(*cursor));

	(void)base;
	if (!cursor)
		return SQLITE_NOMEM;
	*cursor = (struct cursor) { 0 };
	*made = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	ws_result_close(((struct cursor *)base)->result);
	sqlite3_free(base);
	return SQLITE_OK;
}

/* A comparison, as SQL of the store. One with what its column cannot hold is left to SQLite. */
static void compare(sqlite3_str *query, const struct ws_table_column *column, char op, sqlite3_value *value)
{
	const char *symbol = op == 'g' ? ">=" : op == 'l' ? "<=" : op == '>' ? ">" : op == '<' ? "<" : "=";
	const unsigned char *bytes = sqlite3_value_blob(value);
	int n = sqlite3_value_bytes(value);

	if (is_number(column->kind) && sqlite3_value_type(value) == SQLITE_INTEGER)
		sqlite3_str_appendf(query, " AND %s %s %lld", column->name, symbol, sqlite3_value_int64(value));
	if (is_number(column->kind) || sqlite3_value_type(value) != SQLITE_BLOB || !bytes || !n)
		return;
	sqlite3_str_appendf(query, " AND %s = unhex('", column->name);
	for (int i = 0; i < n; i++)
		sqlite3_str_appendf(query, "%02x", bytes[i]);
	sqlite3_str_appendall(query, "')");
}

/* Columns that are used, and the first one in any case. Returns how many. */
static uint32_t choose_columns(struct cursor *cursor, const struct ws_table *large, uint64_t used, sqlite3_str *query)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < large->n_columns; i++) {
		cursor->place[i] = 0;
		if (i && !(used >> i & 1))
			continue;
		sqlite3_str_appendf(query, "%s%s", n ? ", " : "", large->column[i].name);
		cursor->kind[n++] = large->column[i].kind;
		cursor->place[i] = (uint8_t)n;
	}
	return n;
}

static char *compose(struct cursor *cursor, const struct table *table, const char *plan, sqlite3_value **argument,
		     uint32_t *n_columns)
{
	const struct ws_far *far = table->far;
	const struct ws_table *large = table->large;
	char *rows = ws_far_rows(far, (enum ws_large)(large - ws_large_tables)), *end;
	sqlite3_str *query = sqlite3_str_new(NULL);

	*n_columns = choose_columns(cursor, large, strtoull(plan, &end, 16), query);
	sqlite3_str_appendf(query, " %s", rows ? rows : "");
	for (int i = 0; *end == ' '; i++, end++) {
		unsigned long column = strtoul(end, &end, 10);

		compare(query, &large->column[column], *end, argument[i]);
	}
	sqlite3_str_appendf(query,
			    " ORDER BY %s SETTINGS max_bytes_before_external_sort = " SORT_BYTES
			    ", distributed_product_mode = 'local'",
			    large->column[0].name);
	if (!rows) {
		sqlite3_free(sqlite3_str_finish(query));
		return NULL;
	}
	free(rows);
	return sqlite3_str_finish(query);
}

static int next(sqlite3_vtab_cursor *base)
{
	struct cursor *cursor = (struct cursor *)base;
	struct ws_error err = { 0 };
	int status = ws_result_next(cursor->result, &cursor->value, &err);

	if (status <= 0)
		cursor->value = NULL;
	return status < 0 ? fail((struct table *)base->pVtab, status, &err) : SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc, sqlite3_value **argument)
{
	struct cursor *cursor = (struct cursor *)base;
	struct table *table = (struct table *)base->pVtab;
	struct ws_error err = { 0 };
	uint32_t n_columns = 0;
	char *query = compose(cursor, table, plan, argument, &n_columns);
	int rc;

	(void)number;
	(void)argc;
	ws_result_close(cursor->result);
	cursor->result = NULL;
	if (!query)
		return SQLITE_NOMEM;
	rc = ws_result_open(table->far->client, query, cursor->kind, n_columns, &cursor->result, &err);
	sqlite3_free(query);
	return rc ? fail(table, rc, &err) : next(base);
}

static int at_end(sqlite3_vtab_cursor *base)
{
	return !((struct cursor *)base)->value;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i)
{
	const struct cursor *cursor = (struct cursor *)base;
	const struct ws_value *value = cursor->place[i] ? &cursor->value[cursor->place[i] - 1] : NULL;

	if (!value || value->type == WS_VALUE_NULL)
		sqlite3_result_null(context);
	else if (value->type == WS_VALUE_INTEGER)
		sqlite3_result_int64(context, value->integer);
	else if ((cursor->kind[cursor->place[i] - 1] & ~WS_KIND_NULLABLE) == WS_KIND_STRING)
		sqlite3_result_text64(context, (const char *)value->bytes, value->n_bytes, SQLITE_TRANSIENT,
				      SQLITE_UTF8);
	else
		sqlite3_result_blob64(context, value->bytes, value->n_bytes, SQLITE_TRANSIENT);
	return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
	*id = ((struct cursor *)base)->value[0].integer;
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.iVersion = 1,
	.xCreate = connect,
	.xConnect = connect,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xDestroy = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = filter,
	.xNext = next,
	.xEof = at_end,
	.xColumn = column,
	.xRowid = row_id,
};

int ws_far_tables(struct ws_far *far)
{
	int status = sqlite3_create_module(far->db, "ws_far", &module, far);

	for (int i = 0; i < WS_N_LARGE && status == SQLITE_OK; i++) {
		char text[128];

		snprintf(text, sizeof(text), "CREATE VIRTUAL TABLE %s USING ws_far", ws_large_tables[i].name);
		status = sqlite3_exec(far->db, text, NULL, NULL, NULL);
	}
	return status;
}
