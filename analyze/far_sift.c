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

static int take_row(void *context, const struct ws_value *row)
{
	struct asking *asking = context;
	struct ws_told told = { (enum ws_told_kind)row[0].integer, row[1].integer, row[2].integer,
				(uint64_t)row[3].integer, (uint64_t)row[4].integer };
	int rc = told.kind == WS_TOLD_LEFT ? take_left(asking, &told) : 0;

	return rc ? rc : asking->take(asking->context, &told);
}

static char *compose(const void *context, const struct ws_far_server *server)
{
	return ws_sift_sql_ask(&((const struct asking *)context)->sql, server->table, server->is_all);
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
	static const uint8_t kind[] = { WS_KIND_U8, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	const struct ws_far_asking all = { compose, kind, 5, take_row, &asking };
	int rc = asking.condition && asking.left ? 0 : ws_error(err, -ENOMEM, "out of memory");

	asking.sql = (struct ws_sift_sql) { .question = question, .condition = asking.condition, .left = asking.left };
	rc = rc ? rc : ws_far_servers_open(far, &servers, err);
	rc = rc ? rc : check_files(&asking, err);
	asking.sql.n_slices = rc ? 0 : count_slices(&asking, &servers);
	for (; asking.sql.slice < asking.sql.n_slices && !rc; asking.sql.slice++)
		rc = ws_far_servers_ask(&servers, &all, err);
	rc = rc ? rc : restrict_rows(&asking, err);
	ws_far_servers_close(&servers);
	free(asking.condition);
	free(asking.left);
	return rc;
}
