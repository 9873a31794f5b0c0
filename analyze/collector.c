/* SPDX-License-Identifier: BSD-2-Clause */
/* collector - see collector.h. */
#include "analyze/collector.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "analyze/pages.h"
#include "analyze/roster.h"
#include "lib/record.h"

/* Reading rows is what takes the time: it is shared out among so many threads at most, of so many rows at least. */
#define PARTS_MAX     WS_COLLECT_PARTS_MAX
#define ROWS_PER_PART 50000

/* A range of rows, read by one thread over a connection of its own. */
struct part {
	const struct ws_catalog *catalog;
	const bool *wanted;
	bool with_places;
	const struct ws_roster *roster;
	struct ws_store *store;
	const struct ws_collect_sink *sink;
	void *writer;	   /* the sink's, for this part */
	uint32_t file;	   /* index of the last row's file: rows of a file lie together */
	int64_t low, high; /* request_id, both included */
	pthread_t thread;
	int rc;
	const char *fault; /* what is wrong with a row */
	struct ws_error err;
};

/* The columns of table request, in its order, as far as they are read. */
enum column {
	REQUEST_ID,
	FILE_ID,
	FLOW_ID,
	TS_NS,
	SEQ,
	DIRECTION,
	PAYLOAD_LEN,
	N_SEGMENTS,
	REASON,
	FAMILY,
	IDS_END_OFF,
	TRACE_ID,
	SPAN_ID,
	N_COLUMNS, /* without places */
	HTTP_VERSION = N_COLUMNS,
	FAMILIES,
	MALFORMED,
	CTX_SEGMENT,
	IDS_END_SEGMENT,
	CTX_OFF = IDS_END_SEGMENT + 4,
	CTX_LEN,
	SEARCHED_LEN,
	STREAM_ID = SEARCHED_LEN + 4,
	FLAW,
	FLAGS,
	N_COLUMNS_WITH_PLACES,
};

static const char *const column_name[N_COLUMNS_WITH_PLACES] = {
	"request_id",  "file_id",	 "flow_id",   "ts_ns",	   "seq",	  "direction",
	"payload_len", "n_segments",	 "reason",    "family",	   "ids_end_off", "trace_id",
	"span_id",     "http_version",	 "families",  "malformed", "ctx_segment", "ids_end_segment",
	"done_ts_ns",  "parent_span_id", "sampled",   "ctx_off",   "ctx_len",	  "searched_len",
	"req_off",     "frame_len",	 "tcp_flags", "stream_id", "flaw",	  "flags",
};

/* Rows come in order of request_id, whatever index somebody has added: the order of equal stamps. */
#define COLUMNS                                                                                                      \
	"request_id, file_id, flow_id, ts_ns, seq, direction, payload_len, n_segments, reason, family, ids_end_off," \
	" trace_id, span_id"
#define ROWS " FROM request NOT INDEXED WHERE request_id BETWEEN ? AND ?"
static const char query[] = "SELECT ws_collect(" COLUMNS ")" ROWS;
static const char query_with_places[] =
	"SELECT ws_collect(" COLUMNS ", http_version, families, malformed, ctx_segment, ids_end_segment, done_ts_ns,"
	" parent_span_id, sampled, ctx_off, ctx_len, searched_len, req_off, frame_len, tcp_flags, stream_id, flaw,"
	" flags)" ROWS;

/* The index of the file, or -1 if it is not wanted. */
static int64_t file_of(struct part *part, int64_t file_id)
{
	if (part->catalog->file[part->file].file_id != file_id) {
		uint32_t i = 0;

		while (i < part->catalog->n_files && part->catalog->file[i].file_id != file_id)
			i++;
		if (i == part->catalog->n_files)
			return -1;
		part->file = i;
	}
	return part->wanted[part->file] ? (int64_t)part->file : -1;
}

static uint32_t uint32_of(const struct ws_cell *cell)
{
	int64_t n = cell->integer;

	return n < 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static uint16_t uint16_of(const struct ws_cell *cell)
{
	uint32_t n = uint32_of(cell);

	return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

/* Fills in a sighting's ids. NULL, or what is wrong with them. */
static const char *read_ids(const struct ws_cell *cell, struct ws_sighting *s)
{
	uint32_t trace_len = cell[TRACE_ID].n_bytes, span_len = cell[SPAN_ID].n_bytes;

	if ((trace_len != 8 && trace_len != 16) || span_len != 8)
		return "a context whose ids do not have 8 or 16, and 8 bytes";
	memcpy(s->identity.trace_id, cell[TRACE_ID].blob, trace_len);
	memcpy(s->identity.span_id, cell[SPAN_ID].blob, span_len);
	s->identity.trace_id_len = trace_len;
	if (!cell[IDS_END_OFF].is_null)
		s->ids_end_off = uint32_of(&cell[IDS_END_OFF]);
	ws_identity_settle(&s->identity, s->family);
	return NULL;
}

static struct ws_place place_of(const struct ws_cell *cell, const struct ws_sighting *s)
{
	struct ws_place place = {
		.http_version = (uint8_t)cell[HTTP_VERSION].integer,
		.families = uint16_of(&cell[FAMILIES]),
		.malformed = uint16_of(&cell[MALFORMED]),
		.ctx_segment = uint16_of(&cell[CTX_SEGMENT]),
		.ids_end_segment = uint16_of(&cell[IDS_END_SEGMENT]),
		.ctx_off = uint32_of(&cell[CTX_OFF]),
		.ctx_len = uint32_of(&cell[CTX_LEN]),
		.searched_len = uint32_of(&cell[SEARCHED_LEN]),
		.stream_id = uint32_of(&cell[STREAM_ID]),
		.flaw = (uint8_t)cell[FLAW].integer,
		.flags = (uint8_t)cell[FLAGS].integer,
	};

	if (s->reason == WS_REASON_CONTEXT && s->family == WS_FAMILY_REQUEST_ID)
		place.id_version = cell[TRACE_ID].blob[WS_ID_VERSION_BYTE] & WS_ID_VERSION_MASK;
	return place;
}

/* Makes a sighting of a row. 0 or an error, with part->fault saying what is wrong. */
static int add_row(void *context, const struct ws_cell *cell)
{
	struct part *part = context;
	int64_t file = file_of(part, cell[FILE_ID].integer);
	struct ws_sighting s;
	struct ws_place place;

	if (file < 0)
		return 0;
	s = (struct ws_sighting) {
		.identity.seq = (uint32_t)cell[SEQ].integer,
		.ts_ns = cell[TS_NS].integer,
		.tuple = ws_roster_find(part->roster, cell[FLOW_ID].integer),
		.payload_len = uint32_of(&cell[PAYLOAD_LEN]),
		.ids_end_off = WS_NEVER,
		.n_segments = uint16_of(&cell[N_SEGMENTS]),
		.direction = (uint8_t)cell[DIRECTION].integer,
		.reason = (uint8_t)cell[REASON].integer,
		.family = (uint8_t)cell[FAMILY].integer,
		.file = (uint16_t)file,
	};
	if (s.tuple == UINT32_MAX)
		part->fault = "a request of a flow that is not there";
	else if (s.reason == WS_REASON_CONTEXT)
		part->fault = read_ids(cell, &s);
	if (part->fault)
		return -EPROTO;
	if (part->with_places)
		place = place_of(cell, &s);
	return part->sink->take(part->writer, &s, part->with_places ? &place : NULL);
}

/* The aggregate function's step: called by SQLite for every row. */
static void collect_row(sqlite3_context *context, int n_values, sqlite3_value **value)
{
	struct part *part = sqlite3_user_data(context);
	struct ws_cell cell[N_COLUMNS_WITH_PLACES];

	if (part->rc)
		return;
	for (int i = 0; i < n_values; i++) {
		int type = sqlite3_value_type(value[i]);

		cell[i] = (struct ws_cell) {
			.integer = type == SQLITE_INTEGER ? sqlite3_value_int64(value[i]) : 0,
			.blob = type == SQLITE_BLOB ? sqlite3_value_blob(value[i]) : NULL,
			.n_bytes = type == SQLITE_BLOB ? (uint32_t)sqlite3_value_bytes(value[i]) : 0,
			.is_null = type == SQLITE_NULL,
		};
	}
	part->rc = add_row(part, cell);
	if (part->rc)
		sqlite3_result_error(context, "stopped", -1);
}

static void collect_end(sqlite3_context *context)
{
	struct part *part = sqlite3_user_data(context);

	if (!part->rc)
		sqlite3_result_null(context);
}

/* An error of ours in words. */
static int complain(struct part *part, int rc)
{
	const char *path = ws_store_path(part->store);

	if (rc == -EPROTO)
		return ws_error(&part->err, rc, "%s: holds %s: remove the file and run ingest again", path,
				part->fault ? part->fault : "a request whose values are not of their kinds");
	if (rc == -EIO)
		return ws_error(&part->err, rc, "%s: cannot read its requests: database disk image is malformed", path);
	if (rc == -EOVERFLOW)
		return ws_error(&part->err, rc, "%s: too many rows for one run", path);
	if (rc == -ENOMEM)
		return ws_error(&part->err, rc, "out of memory");
	return ws_error(&part->err, rc, "%s: %s", path, strerror(-rc));
}

/* Reads the part's rows with SQL. */
static void select_rows(struct part *part)
{
	sqlite3 *db = ws_store_connection(part->store);
	sqlite3_stmt *statement = NULL;

	if (sqlite3_create_function_v2(db, "ws_collect", part->with_places ? N_COLUMNS_WITH_PLACES : N_COLUMNS,
				       SQLITE_UTF8, part, NULL, collect_row, collect_end, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, part->with_places ? query_with_places : query, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 1, part->low) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 2, part->high) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
		part->rc = part->rc ? complain(part, part->rc)
				    : ws_store_error(part->store, "cannot read its requests", &part->err);
	sqlite3_finalize(statement);
}

/* Reads the part's rows, from the file's pages if they hold all there is. A thread's function: see part->rc. */
static void *read_part(void *argument)
{
	struct part *part = argument;
	struct ws_pages *pages = NULL;
	uint32_t n_columns = part->with_places ? N_COLUMNS_WITH_PLACES : N_COLUMNS;
	int rc = ws_store_is_whole(part->store)
			 ? ws_pages_open(ws_store_connection(part->store), "request", column_name, n_columns, &pages)
			 : -ENOTSUP;

	if (rc == -ENOTSUP) {
		select_rows(part);
		return NULL;
	}
	rc = rc ? rc : ws_pages_read(pages, part->low, part->high, n_columns, add_row, part);
	part->rc = rc ? complain(part, rc) : 0;
	ws_pages_close(pages);
	return NULL;
}

/* The lowest and the highest request_id. */
static int row_range(struct ws_store *store, int64_t *low, int64_t *high, struct ws_error *err)
{
	sqlite3_stmt *row = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(ws_store_connection(store),
			       "SELECT (SELECT min(request_id) FROM request), (SELECT max(request_id) FROM request)",
			       -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW) {
		*low = sqlite3_column_int64(row, 0);
		*high = sqlite3_column_int64(row, 1);
	} else {
		rc = ws_store_error(store, "cannot read its requests", err);
	}
	sqlite3_finalize(row);
	return rc;
}

/* How many threads are worth it, of what the machine has. */
static uint32_t parts_for(uint64_t n_rows)
{
	uint64_t n = n_rows / ROWS_PER_PART;
	int n_cpus = get_nprocs();

	if (n_cpus > 0 && n > (uint64_t)n_cpus)
		n = (uint64_t)n_cpus;
	return n < 1 ? 1 : n > PARTS_MAX ? PARTS_MAX : (uint32_t)n;
}

/*
 * Opens connections for up to n_parts parts, the first over the store's own. Returns how many there are: less
 * when the database does not let another connection see what the first one sees.
 */
static uint32_t open_parts(const struct part *pattern, uint32_t n_parts, struct part *part)
{
	uint64_t low = (uint64_t)pattern->low, n_rows = (uint64_t)pattern->high - low + 1;
	uint32_t n = 0;

	for (; n < n_parts; n++) {
		part[n] = *pattern;
		if (n > 0 && ws_store_twin(pattern->store, &part[n].store))
			break;
	}
	for (uint32_t i = 0; i < n; i++) {
		part[i].low = (int64_t)(low + n_rows / n * i);
		part[i].high = i + 1 < n ? (int64_t)(low + n_rows / n * (i + 1) - 1) : pattern->high;
	}
	return n;
}

static int read_parts(struct part *part, uint32_t n_parts, struct ws_error *err)
{
	const struct ws_collect_sink *sink = part->sink;
	uint32_t n_started = 1;
	int rc = 0;

	for (uint32_t i = 0; i < n_parts && !rc; i++)
		rc = sink->begin(sink->context, &part[i].writer);
	if (rc)
		return ws_error(err, rc, "out of memory");

	while (n_started < n_parts && !pthread_create(&part[n_started].thread, NULL, read_part, &part[n_started]))
		n_started++;
	read_part(&part[0]);
	for (uint32_t i = 1; i < n_parts; i++) {
		if (i < n_started)
			pthread_join(part[i].thread, NULL);
		else
			read_part(&part[i]);
	}
	for (uint32_t i = 0; i < n_parts && !rc; i++) {
		rc = part[i].rc;
		if (rc)
			*err = part[i].err;
	}
	return rc;
}

int ws_collect_rows(struct ws_store *store, const struct ws_catalog *catalog, const bool *wanted, bool with_places,
		    struct ws_tuples *tuples, const struct ws_collect_sink *sink, struct ws_error *err)
{
	struct ws_roster roster = { 0 };
	struct part pattern = {
		.catalog = catalog,
		.wanted = wanted,
		.with_places = with_places,
		.roster = &roster,
		.store = store,
		.sink = sink,
	};
	struct part part[PARTS_MAX];
	uint32_t n_parts = 0;
	int rc;

	if (!catalog->n_files)
		return 0;
	if (catalog->n_files > UINT16_MAX)
		return ws_error(err, -EOVERFLOW, "%s: too many files for one run", ws_store_path(store));
	rc = ws_roster_open(store, tuples, &roster, err);
	rc = rc ? rc : row_range(store, &pattern.low, &pattern.high, err);
	if (!rc) {
		n_parts = open_parts(&pattern, parts_for((uint64_t)pattern.high - (uint64_t)pattern.low), part);
		rc = read_parts(part, n_parts, err);
	}
	for (uint32_t i = 1; i < n_parts; i++)
		ws_store_close(part[i].store);
	ws_roster_close(&roster);
	return rc;
}
