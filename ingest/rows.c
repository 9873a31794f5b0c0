/* SPDX-License-Identifier: BSD-2-Clause */
/* rows - see the header: eponymous-only virtual tables (sqlite.org/vtab.html). */
#include "ingest/rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/*
 * Every column but the first two, which are no fields of a record: KIND(name), name being that of column and field. In
 * the table's order.
 */
#define FIELDS(ALWAYS, CONTEXT, OTHER)          \
	ALWAYS(ts_ns)                           \
	ALWAYS(seq)                             \
	ALWAYS(direction)                       \
	ALWAYS(payload_len)                     \
	ALWAYS(n_segments)                      \
	ALWAYS(reason)                          \
	ALWAYS(family)                          \
	CONTEXT(ids_end_off)                    \
	OTHER(trace_id, KIND_TRACE_ID)          \
	OTHER(span_id, KIND_SPAN_ID)            \
	ALWAYS(http_version)                    \
	ALWAYS(families)                        \
	ALWAYS(malformed)                       \
	CONTEXT(ctx_segment)                    \
	CONTEXT(ids_end_segment)                \
	CONTEXT(done_ts_ns)                     \
	OTHER(parent_span_id, KIND_PARENT_SPAN) \
	OTHER(sampled, KIND_SAMPLED)            \
	CONTEXT(ctx_off)                        \
	CONTEXT(ctx_len)                        \
	ALWAYS(searched_len)                    \
	ALWAYS(req_off)                         \
	ALWAYS(frame_len)                       \
	ALWAYS(tcp_flags)                       \
	OTHER(stream_id, KIND_STREAM_ID)        \
	ALWAYS(flaw)                            \
	ALWAYS(flags)

/* The same of the table of responses. */
#define RESPONSE_FIELDS(ALWAYS) \
	ALWAYS(ts_ns)           \
	ALWAYS(seq)             \
	ALWAYS(ack)             \
	ALWAYS(direction)       \
	ALWAYS(payload_len)     \
	ALWAYS(status)

#define NAME(name)	    ", " #name
#define NAME_2(name, kind)  ", " #name
#define COLUMNS		    "file_id, flow_id" FIELDS(NAME, NAME, NAME_2)
#define RESPONSE_COLUMNS    "file_id, flow_id" RESPONSE_FIELDS(NAME)
#define WIDTH(name)	    sizeof(((struct ws_record *)0)->name)
#define FIELD(name, kind)   { offsetof(struct ws_record, name), WIDTH(name), kind },
#define FIELD_ALWAYS(name)  FIELD(name, KIND_ALWAYS)
#define FIELD_CONTEXT(name) FIELD(name, KIND_CONTEXT)

const char ws_rows_insert_requests_sql[] = "INSERT INTO request (" COLUMNS ") SELECT " COLUMNS " FROM ws_requests";
const char ws_rows_insert_responses_sql[] = "INSERT INTO response (" RESPONSE_COLUMNS ") SELECT " RESPONSE_COLUMNS
					    " FROM ws_responses";

enum kind {
	KIND_ALWAYS,  /* an integer that every record has */
	KIND_CONTEXT, /* an integer; NULL without a context */
	KIND_TRACE_ID,
	KIND_SPAN_ID,
	KIND_PARENT_SPAN,
	KIND_SAMPLED,
	KIND_STREAM_ID,
};

struct field {
	uint16_t off;
	uint8_t width;
	uint8_t kind;
};

static const struct field request_fields[] = { FIELDS(FIELD_ALWAYS, FIELD_CONTEXT, FIELD) };
static const struct field response_fields[] = { RESPONSE_FIELDS(FIELD_ALWAYS) };

enum column {
	COLUMN_FILE_ID,
	COLUMN_FLOW_ID,
	COLUMN_FIELDS, /* the first of them */
};

struct table {
	sqlite3_vtab base;
	const struct ws_rows *rows;
	const struct field *fields;
	bool is_of_responses;
};

struct cursor {
	sqlite3_vtab_cursor base;
	uint32_t at;
};

static int connect_table(sqlite3 *db, const char *declaration, const struct table *like, sqlite3_vtab **vtab)
{
	struct table *t;
	int code = sqlite3_declare_vtab(db, declaration);

	if (code != SQLITE_OK)
		return code;
	t = malloc(sizeof(*t));
	if (!t)
		return SQLITE_NOMEM;
	*t = *like;
	*vtab = &t->base;
	return SQLITE_OK;
}

static int connect_requests(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **vtab,
			    char **error)
{
	const struct table like = { .rows = aux, .fields = request_fields };

	(void)argc;
	(void)argv;
	(void)error;
	return connect_table(db, "CREATE TABLE x (" COLUMNS ")", &like, vtab);
}

static int connect_responses(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **vtab,
			     char **error)
{
	const struct table like = { .rows = aux, .fields = response_fields, .is_of_responses = true };

	(void)argc;
	(void)argv;
	(void)error;
	return connect_table(db, "CREATE TABLE x (" RESPONSE_COLUMNS ")", &like, vtab);
}

static int table_disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	info->estimatedCost = ((struct table *)vtab)->rows->n;
	return SQLITE_OK;
}

static int cursor_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
	struct cursor *c = calloc(1, sizeof(*c));

	(void)vtab;
	if (!c)
		return SQLITE_NOMEM;
	*cursor = &c->base;
	return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

/* Goes on to the next record that is the table's, from the one where the cursor is on. */
static void skip_others(struct cursor *c)
{
	const struct table *t = (const struct table *)c->base.pVtab;
	const struct ws_rows *rows = t->rows;

	while (c->at < rows->n && (rows->record[c->at].reason == WS_REASON_HTTP_RESPONSE) != t->is_of_responses)
		c->at++;
}

static int cursor_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc, sqlite3_value **argv)
{
	(void)number;
	(void)text;
	(void)argc;
	(void)argv;
	((struct cursor *)cursor)->at = 0;
	skip_others((struct cursor *)cursor);
	return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *cursor)
{
	((struct cursor *)cursor)->at++;
	skip_others((struct cursor *)cursor);
	return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *cursor)
{
	return ((struct cursor *)cursor)->at >= ((struct table *)cursor->pVtab)->rows->n;
}

static int cursor_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid)
{
	*rowid = ((struct cursor *)cursor)->at;
	return SQLITE_OK;
}

static sqlite3_int64 integer_at(const uint8_t *at, uint8_t width)
{
	uint16_t value16;
	uint32_t value32;
	int64_t value64;

	switch (width) {
	case 1:
		return *at;
	case 2:
		memcpy(&value16, at, sizeof(value16));
		return value16;
	case 4:
		memcpy(&value32, at, sizeof(value32));
		return value32;
	default:
		memcpy(&value64, at, sizeof(value64));
		return value64;
	}
}

/* A field; what is not said is NULL. The blobs stay valid: the records outlive the statement. */
static void field_column(sqlite3_context *result, const struct ws_record *r, const struct field *f)
{
	const int skip = r->flags & WS_FLAG_TRACE_ID_64 ? 8 : 0;
	static const uint8_t zero[8];

	if (f->kind != KIND_ALWAYS && f->kind != KIND_STREAM_ID && r->reason != WS_REASON_CONTEXT)
		return;
	switch (f->kind) {
	case KIND_ALWAYS:
	case KIND_CONTEXT:
		sqlite3_result_int64(result, integer_at((const uint8_t *)r + f->off, f->width));
		break;
	case KIND_TRACE_ID:
		sqlite3_result_blob(result, r->trace_id + skip, 16 - skip, SQLITE_STATIC);
		break;
	case KIND_SPAN_ID:
		sqlite3_result_blob(result, r->span_id, 8, SQLITE_STATIC);
		break;
	case KIND_PARENT_SPAN:
		if (memcmp(r->parent_span_id, zero, 8) != 0)
			sqlite3_result_blob(result, r->parent_span_id, 8, SQLITE_STATIC);
		break;
	case KIND_SAMPLED:
		if (r->sampled != WS_SAMPLED_UNKNOWN)
			sqlite3_result_int(result, r->sampled == WS_SAMPLED_YES);
		break;
	case KIND_STREAM_ID:
		if (r->http_version == 2)
			sqlite3_result_int64(result, r->stream_id);
		break;
	}
}

static int cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column)
{
	const struct table *table = (const struct table *)cursor->pVtab;
	const struct ws_rows *rows = table->rows;
	const uint32_t at = ((struct cursor *)cursor)->at;

	if (column == COLUMN_FILE_ID)
		sqlite3_result_int64(result, rows->file_id);
	else if (column == COLUMN_FLOW_ID)
		sqlite3_result_int64(result, rows->flow_id[at]);
	else
		field_column(result, &rows->record[at], &table->fields[column - COLUMN_FIELDS]);
	return SQLITE_OK;
}

#define MODULE(connect)                                                                                       \
	{                                                                                                     \
		.xConnect = connect, .xBestIndex = table_best_index, .xDisconnect = table_disconnect,         \
		.xOpen = cursor_open, .xClose = cursor_close, .xFilter = cursor_filter, .xNext = cursor_next, \
		.xEof = cursor_eof, .xColumn = cursor_column, .xRowid = cursor_rowid,                         \
	}

int ws_rows_register(sqlite3 *db, const struct ws_rows *rows)
{
	static const sqlite3_module requests = MODULE(connect_requests), responses = MODULE(connect_responses);
	int code = sqlite3_create_module(db, "ws_requests", &requests, (void *)rows);

	return code ? code : sqlite3_create_module(db, "ws_responses", &responses, (void *)rows);
}
