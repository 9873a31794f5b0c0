/* SPDX-License-Identifier: BSD-2-Clause */
/* collector - see collector.h. */
#include "analyze/collector.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "analyze/far.h"
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
	uint64_t *n_rows;  /* by file: read */
	int64_t low, high; /* request_id, both included */
	pthread_t thread;
	int rc;
	const char *fault; /* what is wrong with a row */
	struct ws_error err;
};

/* Rows come in order of request_id, whatever index somebody has added: the order of equal stamps. */
#define COLUMNS                                                                                                     \
	"file_id, flow_id, ts_ns, seq, direction, payload_len, reason, trace_id, span_id, ids_end_off, n_segments," \
	" family"
#define ROWS " FROM request NOT INDEXED WHERE request_id BETWEEN ? AND ?"
static const char query[] = "SELECT ws_collect(" COLUMNS ")" ROWS;
static const char query_with_places[] = "SELECT ws_collect(" COLUMNS
					", http_version, families, malformed, ctx_segment, ids_end_segment, ctx_off,"
					" ctx_len, searched_len, stream_id, flaw, flags)" ROWS;
#define N_VALUES	     12
#define N_VALUES_WITH_PLACES 23

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

static uint32_t uint32_of(sqlite3_value *value)
{
	int64_t n = sqlite3_value_int64(value);

	return n < 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static uint16_t uint16_of(sqlite3_value *value)
{
	uint32_t n = uint32_of(value);

	return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

/* Fills in a sighting's ids. NULL, or what is wrong with them. */
static const char *read_ids(sqlite3_value **value, struct ws_sighting *s)
{
	int trace_len = sqlite3_value_bytes(value[7]), span_len = sqlite3_value_bytes(value[8]);

	if ((trace_len != 8 && trace_len != 16) || span_len != 8)
		return "a context whose ids do not have 8 or 16, and 8 bytes";
	memcpy(s->identity.trace_id, sqlite3_value_blob(value[7]), (size_t)trace_len);
	memcpy(s->identity.span_id, sqlite3_value_blob(value[8]), (size_t)span_len);
	s->identity.trace_id_len = (uint32_t)trace_len;
	if (sqlite3_value_type(value[9]) != SQLITE_NULL)
		s->ids_end_off = uint32_of(value[9]);
	ws_identity_settle(&s->identity, s->family);
	return NULL;
}

/*
 * Is every value of the kind that its column has? SQLite hands out the bytes of a damaged row as they come. Returns
 * NULL, or what is wrong.
 */
static const char *check_kinds(sqlite3_value **value, int n_values)
{
	/* those that may be NULL: ids, ids_end_off; ctx_segment, ids_end_segment, ctx_off, ctx_len, stream_id */
	static const uint32_t nullable = 1u << 7 | 1u << 8 | 1u << 9 | 1u << 15 | 1u << 16 | 1u << 17 | 1u << 18 |
					 1u << 20;

	for (int i = 0; i < n_values; i++) {
		int kind = sqlite3_value_type(value[i]);

		if (kind != SQLITE_INTEGER && !(nullable >> i & 1 && kind == SQLITE_NULL) &&
		    !((i == 7 || i == 8) && kind == SQLITE_BLOB))
			return "a request with a value that its column cannot hold";
	}
	if ((uint64_t)sqlite3_value_int64(value[3]) > UINT32_MAX || (uint64_t)sqlite3_value_int64(value[4]) > 2 ||
	    (uint64_t)sqlite3_value_int64(value[6]) >= WS_N_REASONS ||
	    (uint64_t)sqlite3_value_int64(value[11]) >= WS_MAX_FAMILIES)
		return "a request with a number that there is not";
	return NULL;
}

static struct ws_place place_of(sqlite3_value **value, const struct ws_sighting *s)
{
	struct ws_place place = {
		.http_version = (uint8_t)sqlite3_value_int(value[12]),
		.families = uint16_of(value[13]),
		.malformed = uint16_of(value[14]),
		.ctx_segment = uint16_of(value[15]),
		.ids_end_segment = uint16_of(value[16]),
		.ctx_off = uint32_of(value[17]),
		.ctx_len = uint32_of(value[18]),
		.searched_len = uint32_of(value[19]),
		.stream_id = uint32_of(value[20]),
		.flaw = (uint8_t)sqlite3_value_int(value[21]),
		.flags = (uint8_t)sqlite3_value_int(value[22]),
	};

	if (s->reason == WS_REASON_CONTEXT && s->family == WS_FAMILY_REQUEST_ID)
		place.id_version = ((const uint8_t *)sqlite3_value_blob(value[7]))[WS_ID_VERSION_BYTE] &
				   WS_ID_VERSION_MASK;
	return place;
}

/* Makes a sighting of a row. 0 or an error, with part->fault saying what is wrong. */
static int add_row(struct part *part, uint32_t file, sqlite3_value **value)
{
	struct ws_sighting s = {
		.identity.seq = (uint32_t)sqlite3_value_int64(value[3]),
		.ts_ns = sqlite3_value_int64(value[2]),
		.tuple = ws_roster_find(part->roster, sqlite3_value_int64(value[1])),
		.payload_len = uint32_of(value[5]),
		.ids_end_off = WS_NEVER,
		.n_segments = uint16_of(value[10]),
		.direction = (uint8_t)sqlite3_value_int(value[4]),
		.reason = (uint8_t)sqlite3_value_int(value[6]),
		.family = (uint8_t)sqlite3_value_int(value[11]),
		.file = (uint16_t)file,
	};
	struct ws_place place;

	if (s.tuple == UINT32_MAX)
		part->fault = "a request of a flow that is not there";
	else if (s.reason == WS_REASON_CONTEXT)
		part->fault = read_ids(value, &s);
	if (part->fault)
		return -EPROTO;
	if (part->with_places)
		place = place_of(value, &s);
	return part->sink->take(part->writer, &s, part->with_places ? &place : NULL);
}

/* The aggregate function's step: called by SQLite for every row. */
static void collect_row(sqlite3_context *context, int n_values, sqlite3_value **value)
{
	struct part *part = sqlite3_user_data(context);
	int64_t file;

	if (part->rc)
		return;
	part->fault = check_kinds(value, n_values);
	file = file_of(part, sqlite3_value_int64(value[0]));
	if (file < 0 && !part->fault)
		return;
	part->rc = part->fault ? -EPROTO : add_row(part, (uint32_t)file, value);
	if (!part->rc)
		part->n_rows[file]++;
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
				part->fault);
	if (rc == -EOVERFLOW)
		return ws_error(&part->err, rc, "%s: too many rows for one run", path);
	if (rc == -ENOMEM)
		return ws_error(&part->err, rc, "out of memory");
	return ws_error(&part->err, rc, "%s: %s", path, strerror(-rc));
}

/* Reads the part's rows. A thread's function: the outcome is in part->rc. */
static void *read_part(void *argument)
{
	struct part *part = argument;
	sqlite3 *db = ws_store_connection(part->store);
	sqlite3_stmt *statement = NULL;

	if (sqlite3_create_function_v2(db, "ws_collect", part->with_places ? N_VALUES_WITH_PLACES : N_VALUES,
				       SQLITE_UTF8, part, NULL, collect_row, collect_end, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, part->with_places ? query_with_places : query, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 1, part->low) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 2, part->high) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
		part->rc = part->rc ? complain(part, part->rc)
				    : ws_store_error(part->store, "cannot read its requests", &part->err);
	sqlite3_finalize(statement);
	return NULL;
}

/* The lowest and the highest request_id. */
static int row_range(struct ws_store *store, int64_t *low, int64_t *high, struct ws_error *err)
{
	sqlite3_stmt *row = NULL;
	int rc = 0;

	if (ws_store_far(store)) {
		*low = 1;
		*high = ws_far_last_request(ws_store_far(store));
		return 0;
	}
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

/* Are the rows only some of those that the files have? Who has asked for that knows their number. */
static bool is_restricted(struct ws_store *store)
{
	return ws_store_far(store) && ws_far_is_restricted(ws_store_far(store));
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

/* Were there as many rows of each file as it is said to have? A damaged database may lose them without a word. */
static int check_counts(const struct part *part, uint32_t n_parts, struct ws_error *err)
{
	for (uint32_t f = 0; f < part->catalog->n_files; f++) {
		const struct ws_file *file = &part->catalog->file[f];
		uint64_t n = 0;

		for (uint32_t i = 0; i < n_parts; i++)
			n += part[i].n_rows[f];
		if (part->wanted[f] && n != file->n_requests)
			return ws_error(err, -EPROTO,
					"%s: holds %" PRIu64 " requests of %s, which has %" PRIu64
					": it is damaged: remove it and run ingest again",
					ws_store_path(part->store), n, file->path, file->n_requests);
	}
	return 0;
}

static int read_parts(struct part *part, uint32_t n_parts, struct ws_error *err)
{
	const struct ws_collect_sink *sink = part->sink;
	uint32_t n_started = 1;
	int rc = 0;

	for (uint32_t i = 0; i < n_parts && !rc; i++) {
		part[i].n_rows = calloc(part->catalog->n_files, sizeof(*part[i].n_rows));
		rc = part[i].n_rows ? sink->begin(sink->context, &part[i].writer) : -ENOMEM;
	}
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
	return rc || is_restricted(part->store) ? rc : check_counts(part, n_parts, err);
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
		n_parts = is_restricted(store) ? 1 : parts_for((uint64_t)pattern.high - (uint64_t)pattern.low);
		n_parts = open_parts(&pattern, n_parts, part);
		rc = read_parts(part, n_parts, err);
	}
	for (uint32_t i = 0; i < n_parts; i++) {
		free(part[i].n_rows);
		if (i > 0)
			ws_store_close(part[i].store);
	}
	ws_roster_close(&roster);
	return rc;
}
