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

/* A server is asked about so many rows at a time: it answers before it seems to be silent, and within its memory. */
#define SLICE_ROWS 8000000

struct asking {
	struct ws_far *far;
	const struct ws_far_question *question;
	int (*take)(void *context, const struct ws_told *told);
	void *context;
	struct ws_sift_sql sql;
	char *condition; /* of the files that take part */
	uint64_t *left;	 /* bits: buckets of identities that are left */
};

static int take_left(struct asking *asking, const struct ws_told *told)
{
	uint64_t bucket = (uint64_t)told->a, bit;

	if (bucket >= WS_SIFT_BUCKETS)
		return -EPROTO;
	bit = UINT64_C(1) << bucket % 64;
	asking->sql.n_left += !(asking->left[bucket / 64] & bit);
	asking->left[bucket / 64] |= bit;
	return 0;
}

/* Reads what a server tells. */
static int read_told(struct asking *asking, struct ws_result *result, struct ws_error *err)
{
	const struct ws_value *value;
	int status, rc = 0;

	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		struct ws_told told = { (enum ws_told_kind)value[0].integer, value[1].integer, value[2].integer,
					(uint64_t)value[3].integer, (uint64_t)value[4].integer };

		rc = told.kind == WS_TOLD_LEFT ? take_left(asking, &told) : 0;
		rc = rc ? rc : asking->take(asking->context, &told);
		if (rc)
			return rc;
	}
	return rc ? rc : status;
}

/* All servers work at the same time. */
static int ask(struct asking *asking, const struct ws_far_servers *servers, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_U8, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	struct ws_result **result = calloc((size_t)servers->n + 1, sizeof(*result));
	int rc = result ? 0 : ws_error(err, -ENOMEM, "out of memory");

	for (uint32_t i = 0; i < servers->n && !rc; i++) {
		char *text = ws_sift_sql_ask(&asking->sql, servers->at[i].table, servers->at[i].is_all);

		rc = text ? ws_result_open(servers->at[i].client, text, kind, 5, &result[i], err)
			  : ws_error(err, -ENOMEM, "out of memory");
		free(text);
	}
	for (uint32_t i = 0; i < servers->n && !rc; i++)
		rc = read_told(asking, result[i], err);
	for (uint32_t i = 0; i < servers->n && result; i++)
		ws_result_close(result[i]);
	free(result);
	return rc;
}

/* How many slices there are, of rows that lie evenly on all servers. */
static uint64_t count_slices(const struct asking *asking, const struct ws_far_servers *servers)
{
	const struct ws_catalog *catalog = asking->question->catalog;
	uint64_t n_rows = 0;

	for (uint32_t f = 0; f < catalog->n_files; f++)
		n_rows += asking->question->list_of_file[f] != WS_NO_LIST ? catalog->file[f].n_requests : 0;
	return n_rows / servers->n / SLICE_ROWS + 1;
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
		if (asking->question->list_of_file[f] != WS_NO_LIST && n[f] != catalog->file[f].n_requests)
			rc = ws_error(err, -EPROTO,
				      "%s: holds %" PRIu64 " requests of %s, which has %" PRIu64
				      ": another program loads it, or rows are lost: try again, else drop the run and "
				      "load it again",
				      ws_far_name(asking->far), n[f], catalog->file[f].path,
				      catalog->file[f].n_requests);
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

int ws_far_sift(struct ws_far *far, const struct ws_far_question *question,
		int (*take)(void *context, const struct ws_told *told), void *context, struct ws_error *err)
{
	struct ws_far_servers servers = { 0 };
	struct asking asking = {
		.far = far,
		.question = question,
		.take = take,
		.context = context,
		.condition = condition_of_files(far, question),
		.left = calloc(WS_SIFT_BUCKETS / 64, sizeof(*asking.left)),
	};
	int rc = asking.condition && asking.left ? 0 : ws_error(err, -ENOMEM, "out of memory");

	asking.sql = (struct ws_sift_sql) { .question = question, .condition = asking.condition, .left = asking.left };
	rc = rc ? rc : ws_far_servers_open(far, &servers, err);
	rc = rc ? rc : check_files(&asking, err);
	asking.sql.n_slices = rc ? 0 : count_slices(&asking, &servers);
	for (; asking.sql.slice < asking.sql.n_slices && !rc; asking.sql.slice++)
		rc = ask(&asking, &servers, err);
	rc = rc ? rc : restrict_rows(&asking, err);
	ws_far_servers_close(&servers);
	free(asking.condition);
	free(asking.left);
	return rc;
}
