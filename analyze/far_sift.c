/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sift - see far_sift.h. */
#include "analyze/far_sift.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/far_servers.h"
#include "analyze/far_sift_sql.h"
#include "analyze/trays.h"
#include "lib/clickhouse/result.h"

struct asking {
	struct ws_far *far;
	const struct ws_far_question *question;
	const struct ws_far_listener *listener;
	struct ws_sift_sql sql;
	char *condition; /* of the files that take part */
	uint64_t *left;	 /* bits: buckets of identities that are left */
	bool is_odd;	 /* an answer makes no sense */
};

static int take_left(struct asking *asking, uint64_t bucket)
{
	uint64_t bit;

	asking->is_odd = bucket >= WS_SIFT_BUCKETS;
	if (asking->is_odd)
		return -EPROTO;
	bit = UINT64_C(1) << bucket % 64;
	asking->sql.n_left += !(asking->left[bucket / 64] & bit);
	asking->left[bucket / 64] |= bit;
	return 0;
}

static int take_alike(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	struct ws_told told = { (enum ws_told_kind)row[0].integer, row[1].integer, row[2].integer,
				(uint64_t)row[3].integer, (uint64_t)row[4].integer };
	int rc = told.kind == WS_TOLD_LEFT ? take_left(asking, (uint64_t)told.a) : 0;

	return rc ? rc : asking->listener->alike(asking->listener->context, &told);
}

/* The question's state, for a server. */
static struct ws_sift_sql sql_for(const struct asking *asking, const struct ws_far_server *server)
{
	struct ws_sift_sql sql = asking->sql;

	sql.suffix = server->suffix;
	sql.is_all = server->is_all;
	return sql;
}

static char *compose_alike(const void *context, const struct ws_far_server *server)
{
	const struct ws_sift_sql sql = sql_for(context, server);

	return ws_sift_sql_ask(&sql);
}

static char *compose_pairs(const void *context, const struct ws_far_server *server)
{
	const struct ws_sift_sql sql = sql_for(context, server);

	return ws_sift_sql_pairs(&sql);
}

/* Takes both spots of a source from its columns, of which the first is row[0]. 0, or -EPROTO: there are no such. */
static int take_spots(const struct ws_far_question *question, int source, const struct ws_value *row,
		      struct ws_far_spot spot[WS_N_SIDES])
{
	for (int side = 0; side < WS_N_SIDES; side++, row += 4) {
		const uint64_t traits = (uint64_t)row[3].integer;

		if (row[1].integer >= question->catalog->n_files ||
		    question->list_of_file[row[1].integer] != WS_N_SIDES * source + side)
			return -EPROTO;
		spot[side] = (struct ws_far_spot) {
			.flow_id = row[0].integer,
			.file = (uint16_t)row[1].integer,
			.ts_ns = row[2].integer,
			.payload_len = (uint32_t)(traits >> 24),
			.n_segments = (uint16_t)(traits >> 8),
			.direction = (uint8_t)traits,
		};
	}
	spot[WS_SIDE_NIC].row = (uint64_t)row[0].integer;
	if (question->ids) {
		const uint64_t extras = (uint64_t)row[1].integer;

		spot[WS_SIDE_VPORT].http_version = (uint8_t)extras;
		spot[WS_SIDE_VPORT].family = (uint8_t)(extras >> 8);
		spot[WS_SIDE_VPORT].id_version = (uint8_t)(extras >> 16);
		spot[WS_SIDE_VPORT].stream_id = (uint32_t)(extras >> 24);
	}
	return 0;
}

static int take_pair(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	const struct ws_far_question *question = asking->question;
	const int64_t which = row[0].integer;
	struct ws_far_pair pair = { .identity.seq = (uint32_t)row[1].integer };
	uint32_t at = 2;
	int rc = 0;

	if (which > 2)
		return take_left(asking, (uint64_t)row[1].integer);
	if (question->ids) {
		memcpy(pair.identity.trace_id, row[2].bytes, sizeof(pair.identity.trace_id));
		pair.identity.trace_id_len = (uint32_t)row[3].integer;
		if (pair.identity.trace_id_len != 8 && pair.identity.trace_id_len != 16)
			asking->is_odd = true;
		memcpy(pair.identity.span_id, &row[4].integer, sizeof(pair.identity.span_id));
		at += 3;
	}
	rc = asking->is_odd ? -EPROTO : 0;
	for (int source = 0; source < WS_N_SOURCES && !rc; source++) {
		pair.is_seen[source] = question->is_joined[source] && (which == 2 || which == source);
		if (pair.is_seen[source])
			rc = take_spots(question, source, &row[at], pair.at[source]);
		asking->is_odd |= rc;
		at += question->is_joined[source] ? 9 + question->ids : 0;
	}
	return rc ? rc : asking->listener->pair(asking->listener->context, &pair);
}

/* How many slices there are, of rows that lie evenly on all servers. */
static uint64_t count_slices(const struct asking *asking, const struct ws_far_servers *servers)
{
	const struct ws_catalog *catalog = asking->question->catalog;
	uint64_t n_rows = 0;

	for (uint32_t f = 0; f < catalog->n_files; f++)
		n_rows += asking->question->list_of_file[f] != WS_NO_LIST ? catalog->file[f].n_requests : 0;
	return n_rows / servers->n / WS_FAR_SLICE_ROWS + 1;
}

/* Does each file have the rows that it is said to have? */
static int check_files(const struct asking *asking, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_I64, WS_KIND_I64 };
	const struct ws_catalog *catalog = asking->question->catalog;
	uint64_t *n = calloc((size_t)catalog->n_files + 1, sizeof(*n));
	const struct ws_value *value;
	struct ws_result *result = NULL;
	char *query = NULL;
	int rc, status = 0;

	if (!n || asprintf(&query, "toInt64(file_id), toInt64(count()) FROM request WHERE %s GROUP BY file_id",
			   asking->condition) < 0)
		query = NULL;
	rc = query ? ws_result_open(ws_far_client(asking->far), query, kind, 2, &result, err)
		   : ws_error(err, -ENOMEM, "out of memory");
	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		for (uint32_t f = 0; f < catalog->n_files; f++)
			n[f] += catalog->file[f].file_id == value[0].integer ? (uint64_t)value[1].integer : 0;
	}
	rc = rc ? rc : status;
	for (uint32_t f = 0; f < catalog->n_files && !rc; f++) {
		if (asking->question->list_of_file[f] != WS_NO_LIST)
			rc = ws_far_check_rows(asking->far, &catalog->file[f], n[f], err);
	}
	ws_result_close(result);
	free(query);
	free(n);
	return rc;
}

/* Rows that take no part, and, if there are some, those of identities that are left. */
static int restrict_rows(struct asking *asking, struct ws_error *err)
{
	char *prewhere, *where;

	if (ws_sift_sql_left(&asking->sql, &prewhere, &where))
		return ws_error(err, -ENOMEM, "out of memory");
	ws_far_restrict(asking->far, prewhere, where);
	return 0;
}

static char *condition_of_files(const struct ws_far *far, const struct ws_far_question *question)
{
	const struct ws_catalog *catalog = question->catalog;
	int64_t *file_id = calloc((size_t)catalog->n_files + 1, sizeof(*file_id));
	uint32_t n = 0;
	char *condition;

	if (!file_id)
		return NULL;
	for (uint32_t f = 0; f < catalog->n_files; f++) {
		if (question->list_of_file[f] != WS_NO_LIST)
			file_id[n++] = catalog->file[f].file_id;
	}
	condition = ws_far_condition_of(far, file_id, n);
	free(file_id);
	return condition;
}

/* Asks for all slices of the identities, one after the other. */
static int ask(struct asking *asking, const struct ws_far_servers *servers, struct ws_error *err)
{
	static const uint8_t kind_alike[] = { WS_KIND_U8, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	uint8_t kind_pair[WS_SIFT_COLUMNS_MAX];
	struct ws_far_asking all = { compose_alike, kind_alike, sizeof(kind_alike), take_alike, asking };
	int rc = 0;

	if (!asking->listener->alike)
		all = (struct ws_far_asking) { compose_pairs, kind_pair,
					       ws_sift_pair_kinds(asking->question, kind_pair), take_pair, asking };
	asking->sql.n_slices = count_slices(asking, servers);
	for (; asking->sql.slice < asking->sql.n_slices && !rc; asking->sql.slice++)
		rc = ws_far_servers_ask(servers, &all, err);
	return rc;
}

int ws_far_sift(struct ws_far *far, const struct ws_far_question *question, const struct ws_far_listener *listener,
		struct ws_error *err)
{
	struct ws_far_servers servers = { 0 };
	struct asking asking = {
		.far = far,
		.question = question,
		.listener = listener,
		.condition = condition_of_files(far, question),
		.left = calloc(WS_SIFT_BUCKETS / 64, sizeof(*asking.left)),
	};
	int rc = asking.condition && asking.left ? 0 : ws_error(err, -ENOMEM, "out of memory");

	asking.sql = (struct ws_sift_sql) { .question = question, .condition = asking.condition, .left = asking.left };
	rc = rc ? rc : ws_far_servers_open(far, &servers, err);
	rc = rc ? rc : check_files(&asking, err);
	rc = rc ? rc : ask(&asking, &servers, err);
	rc = rc ? rc : restrict_rows(&asking, err);
	if (asking.is_odd)
		ws_error(err, rc, "%s: told of pairs of files that take no part: try again", ws_far_name(far));
	ws_far_servers_close(&servers);
	free(asking.condition);
	free(asking.left);
	return rc;
}
