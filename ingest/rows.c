/* SPDX-License-Identifier: BSD-2-Clause */
/* rows - see the header: an eponymous-only virtual table (sqlite.org/vtab.html). */
#include "ingest/rows.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                                 \
	"file_id, flow_id, ts_ns, seq, direction, tcp_flags, frame_len, payload_len, req_off, reason, family, " \
	"trace_id, span_id, parent_span_id, sampled, ctx_off, ctx_len, ids_end_off, searched_len, n_segments"

const char ws_rows_insert_sql[] = "INSERT INTO request (" COLUMNS ") SELECT " COLUMNS " FROM ws_rows";

/* In the order of COLUMNS. */
enum column {
	COLUMN_FILE_ID,
	COLUMN_FLOW_ID,
	COLUMN_TS_NS,
	COLUMN_SEQ,
	COLUMN_DIRECTION,
	COLUMN_TCP_FLAGS,
	COLUMN_FRAME_LEN,
	COLUMN_PAYLOAD_LEN,
	COLUMN_REQ_OFF,
	COLUMN_REASON,
	COLUMN_FAMILY,
	COLUMN_TRACE_ID,
	COLUMN_SPAN_ID,
	COLUMN_PARENT_SPAN_ID,
	COLUMN_SAMPLED,
	COLUMN_CTX_OFF,
	COLUMN_CTX_LEN,
	COLUMN_IDS_END_OFF,
	COLUMN_SEARCHED_LEN,
	COLUMN_N_SEGMENTS,
};

struct table {
	sqlite3_vtab base;
	const struct ws_rows *rows;
};

struct cursor {
	sqlite3_vtab_cursor base;
	uint32_t at;
};

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **vtab, char **error)
{
	struct table *t;
	int code = sqlite3_declare_vtab(db, "CREATE TABLE x (" COLUMNS ")");

	(void)argc;
	(void)argv;
	(void)error;
	if (code != SQLITE_OK)
		return code;
	t = calloc(1, sizeof(*t));
	if (!t)
		return SQLITE_NOMEM;
	t->rows = aux;
	*vtab = &t->base;
	return SQLITE_OK;
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

static int cursor_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc, sqlite3_value **argv)
{
	(void)number;
	(void)text;
	(void)argc;
	(void)argv;
	((struct cursor *)cursor)->at = 0;
	return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *cursor)
{
	((struct cursor *)cursor)->at++;
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

/* Columns that only a context has. The blobs stay valid: the records outlive the statement. */
static void context_column(sqlite3_context *result, const struct ws_record *r, int column)
{
	static const uint8_t zero[8];
	const int skip = r->flags & WS_FLAG_TRACE_ID_64 ? 8 : 0;

	switch (column) {
	case COLUMN_TRACE_ID:
		sqlite3_result_blob(result, r->trace_id + skip, 16 - skip, SQLITE_STATIC);
		break;
	case COLUMN_SPAN_ID:
		sqlite3_result_blob(result, r->span_id, 8, SQLITE_STATIC);
		break;
	case COLUMN_PARENT_SPAN_ID:
		if (memcmp(r->parent_span_id, zero, 8) != 0)
			sqlite3_result_blob(result, r->parent_span_id, 8, SQLITE_STATIC);
		break;
	case COLUMN_SAMPLED:
		if (r->sampled != WS_SAMPLED_UNKNOWN)
			sqlite3_result_int(result, r->sampled == WS_SAMPLED_YES);
		break;
	case COLUMN_CTX_OFF:
		sqlite3_result_int64(result, r->ctx_off);
		break;
	case COLUMN_CTX_LEN:
		sqlite3_result_int64(result, r->ctx_len);
		break;
	case COLUMN_IDS_END_OFF:
		sqlite3_result_int64(result, r->ids_end_off);
		break;
	}
}

static int cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column)
{
	const struct ws_rows *rows = ((struct table *)cursor->pVtab)->rows;
	const uint32_t at = ((struct cursor *)cursor)->at;
	const struct ws_record *r = &rows->record[at];

	switch (column) {
	case COLUMN_FILE_ID:
		sqlite3_result_int64(result, rows->file_id);
		break;
	case COLUMN_FLOW_ID:
		sqlite3_result_int64(result, rows->flow_id[at]);
		break;
	case COLUMN_TS_NS:
		sqlite3_result_int64(result, (sqlite3_int64)r->ts_ns);
		break;
	case COLUMN_SEQ:
		sqlite3_result_int64(result, r->seq);
		break;
	case COLUMN_DIRECTION:
		sqlite3_result_int(result, r->direction);
		break;
	case COLUMN_TCP_FLAGS:
		sqlite3_result_int(result, r->tcp_flags);
		break;
	case COLUMN_FRAME_LEN:
		sqlite3_result_int64(result, r->frame_len);
		break;
	case COLUMN_PAYLOAD_LEN:
		sqlite3_result_int64(result, r->payload_len);
		break;
	case COLUMN_REQ_OFF:
		sqlite3_result_int64(result, r->req_off);
		break;
	case COLUMN_REASON:
		sqlite3_result_int(result, r->reason);
		break;
	case COLUMN_FAMILY:
		sqlite3_result_int(result, r->family);
		break;
	case COLUMN_SEARCHED_LEN:
		sqlite3_result_int64(result, r->searched_len);
		break;
	case COLUMN_N_SEGMENTS:
		sqlite3_result_int(result, r->n_segments);
		break;
	default:
		if (r->reason == WS_REASON_CONTEXT)
			context_column(result, r, column);
	}
	return SQLITE_OK;
}

int ws_rows_register(sqlite3 *db, const struct ws_rows *rows)
{
	static const sqlite3_module module = {
		.xConnect = table_connect,
		.xBestIndex = table_best_index,
		.xDisconnect = table_disconnect,
		.xOpen = cursor_open,
		.xClose = cursor_close,
		.xFilter = cursor_filter,
		.xNext = cursor_next,
		.xEof = cursor_eof,
		.xColumn = cursor_column,
		.xRowid = cursor_rowid,
	};

	return sqlite3_create_module(db, "ws_rows", &module, (void *)rows);
}
