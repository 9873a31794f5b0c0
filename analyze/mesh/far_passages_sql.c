/* SPDX-License-Identifier: BSD-2-Clause */
/* far_passages_sql - see far_passages_sql.h. */
#include "analyze/mesh/far_passages_sql.h"

#include <inttypes.h>

#include "analyze/far_sift_sql.h"
#include "analyze/far_sql.h"
#include "lib/text_stream.h"

/* More sightings of a trace, or of an identity, do not come in a row. */
#define SIGHTINGS_MAX 256

/* What is grouped by. */
#define LENGTH	 "toUInt8(length(" WS_SQL_SETTLED_TRACE_ID "))"
#define TRACE	 WS_SIFT_ID ", " LENGTH
#define SPAN	 "reinterpretAsInt64(toFixedString(substring(span_id, 1, 8), 8))"
#define IDENTITY TRACE ", " SPAN ", toUInt32(seq)"

/* Is an element e of another identity than b, the one before it? */
#define IS_NEW "(tupleElement(e, 1) != tupleElement(b, 1) OR tupleElement(e, 2) != tupleElement(b, 2))"

/* Of a group's stamps. */
#define LEAST "min(at) AS base, toUInt64(max(at) - base) >= 4294967296 AS is_wide"

_Static_assert(WS_RESPONSES_PER_ROW == 256, "the rest of a response_id is a byte");

/* The first bytes of a number. */
static void put_bytes(const char *number, uint32_t n, FILE *out)
{
	fprintf(out, "substring(toFixedString(reinterpretAsString(%s), 8), 1, %" PRIu32 ")", number, n);
}

/* A stamp as a difference from the least one. */
static void put_difference(const char *stamp, FILE *out)
{
	fprintf(out,
		"substring(toFixedString(reinterpretAsString(toUInt64(%s) - toUInt64(base)), 8), 1, if(is_wide, 8, 4))",
		stamp);
}

/* To one server. */
struct question {
	const struct ws_passages_sql *sql;
	const struct ws_far_server *server;
};

static bool offset_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_passages_sql *sql = context;

	*number = sql->passages->offset_ns[file];
	return sql->wanted[file];
}

static bool index_of(const void *context, uint32_t file, int64_t *number)
{
	const struct ws_passages_sql *sql = context;

	*number = file;
	return sql->wanted[file];
}

/* FROM and WHERE: the rows of the files that are wanted. */
static void put_from(const struct ws_passages_sql *sql, const char *table, const char *suffix, FILE *out)
{
	const struct ws_catalog *catalog = sql->passages->catalog;

	/* servers later than 18.16 ask for an alias where their analyzer is the older one, until 24.3 the default */
	fprintf(out, " FROM %s%s AS one WHERE %s AND file_id IN (", table, suffix, sql->condition);
	for (uint32_t f = 0; f < catalog->n_files; f++) {
		if (sql->wanted[f])
			fprintf(out, "%" PRId64 ", ", catalog->file[f].file_id);
	}
	fputs("0)", out); /* no file has this number */
}

/* A trace is at one server: what a server groups of its own, and of what is in a group, is all that there is. */
static void put_settings(const struct ws_far_server *server, FILE *out)
{
	fprintf(out, " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES "%s%s",
		ws_far_merging(server->is_all), server->is_all ? ", distributed_product_mode = 'local'" : "");
}

/* Of a trace's sightings, in order, what their elements hold. */
static void put_packed(const struct ws_passages_sql *sql, FILE *out)
{
	fputs("arrayStringConcat(arrayMap((e, b) -> concat(", out);
	put_difference("tupleElement(e, 4)", out);
	fputs(", ", out);
	put_bytes("tupleElement(e, 5) + if(" IS_NEW ", 64, 0)", 1 + sql->file_bytes + sql->flow_bytes, out);
	fputs(", if(" IS_NEW ", concat(", out);
	put_bytes("tupleElement(e, 1)", 8, out);
	fputs(", ", out);
	put_bytes("tupleElement(e, 2)", 4, out);
	fputs("), '')), seen, arrayPushFront(arrayPopBack(seen), (toInt64(0), toUInt32(0), toInt64(0), toInt64(0),"
	      " toUInt64(0)))))",
	      out);
}

_Static_assert(WS_TRAITS_NEW == 64, "as it is written above");

/* The sightings of a trace, in order of span id, seq and request_id. */
static void put_seen(const struct ws_passages_sql *sql, FILE *out)
{
	fprintf(out, "arraySort(groupArray(%d)((" SPAN ", toUInt32(seq), toInt64(request_id), ts_ns + ", SIGHTINGS_MAX);
	ws_far_put_wide_numbers(sql->passages->catalog, offset_of, sql, out);
	fprintf(out, " AS at, toUInt64(direction) + toUInt64(family) * %d + 256 * toUInt64(", 1 << WS_TRAITS_FAMILY_AT);
	ws_far_put_wide_numbers(sql->passages->catalog, index_of, sql, out);
	fprintf(out, ") + toUInt64(flow_id) * %" PRIu64 ")))", UINT64_C(256) << 8 * sql->file_bytes);
}

static void put_requests(const void *context, FILE *out)
{
	const struct question *question = context;
	const struct ws_passages_sql *sql = question->sql;

	fprintf(out, "trace, toUInt8(length + is_wide * %d + is_many * %d), base, if(is_many, '', ", WS_FORM_WIDE,
		WS_FORM_MANY);
	put_packed(sql, out);
	fputs(") FROM (SELECT " WS_SIFT_ID " AS trace, " LENGTH " AS length, ", out);
	put_seen(sql, out);
	fprintf(out, " AS seen, " LEAST ", count() > %d AS is_many", SIGHTINGS_MAX);
	put_from(sql, "request", question->server->suffix, out);
	fputs(" AND reason = 16", out);
	if (sql->n_slices > 1)
		fprintf(out, " AND cityHash64(" WS_SIFT_ID ") %% %" PRIu64 " = %" PRIu64, sql->n_slices, sql->slice);
	if (sql->by_identity) {
		fputs(" AND (" TRACE ") IN (SELECT " TRACE, out);
		put_from(sql, "request", question->server->suffix, out);
		fprintf(out, " AND reason = 16 GROUP BY " TRACE " HAVING count() > %d)", SIGHTINGS_MAX);
	}
	fputs(sql->by_identity ? " GROUP BY " IDENTITY ")" : " GROUP BY " TRACE ")", out);
	put_settings(question->server, out);
}

static void put_responses(const void *context, FILE *out)
{
	const struct question *question = context;
	const struct ws_passages_sql *sql = question->sql;

	fprintf(out, "toUInt16(file), toInt64(block), toUInt8(is_wide * %d), base, ", WS_FORM_WIDE);
	fputs("arrayStringConcat(arrayMap(e -> concat(", out);
	put_difference("tupleElement(e, 1)", out);
	fputs(", ", out);
	put_bytes("tupleElement(e, 2)", 8, out);
	fputs(", ", out);
	put_bytes("tupleElement(e, 3)", 4 + sql->flow_bytes, out);
	fputs("), seen)) FROM (SELECT ", out);
	ws_far_put_wide_numbers(sql->passages->catalog, index_of, sql, out);
	fputs(" AS file, intDiv(toUInt64(response_id), 256) AS block, groupArray((ts_ns + ", out);
	ws_far_put_wide_numbers(sql->passages->catalog, offset_of, sql, out);
	fputs(" AS at, toUInt64(seq) + toUInt64(ack) * 4294967296, toUInt64(status) + toUInt64(direction) * 65536 +"
	      " toUInt64(response_id) % 256 * 16777216 + toUInt64(flow_id) * 4294967296)) AS seen, " LEAST,
	      out);
	put_from(sql, "response", question->server->suffix, out);
	if (sql->n_slices > 1)
		fprintf(out, " AND intDiv(toUInt64(response_id), 256) %% %" PRIu64 " = %" PRIu64, sql->n_slices,
			sql->slice);
	fputs(" GROUP BY file, block)", out);
	put_settings(question->server, out);
}

static void put_left(const void *context, FILE *out)
{
	const struct ws_passages_sql *sql = context;

	fputs("reason = 16 AND (" IDENTITY ") IN (SELECT " IDENTITY, out);
	put_from(sql, "request", "", out);
	fprintf(out, " AND reason = 16 GROUP BY " IDENTITY " HAVING count() > %d)", SIGHTINGS_MAX);
}

char *ws_passages_sql_requests(const struct ws_passages_sql *sql, const struct ws_far_server *server)
{
	const struct question question = { sql, server };

	return ws_text_written(put_requests, &question);
}

char *ws_passages_sql_responses(const struct ws_passages_sql *sql, const struct ws_far_server *server)
{
	const struct question question = { sql, server };

	return ws_text_written(put_responses, &question);
}

char *ws_passages_sql_left(const struct ws_passages_sql *sql)
{
	return ws_text_written(put_left, sql);
}
