/* SPDX-License-Identifier: BSD-2-Clause */
/* far_counts - see far_counts.h. */
#include "analyze/mesh/far_counts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "analyze/far_sql.h"

struct counting {
	const struct ws_catalog *catalog;
	const char *condition;
	struct ws_far_counts *counts;
};

/* A row of a flow that is not there. Servers know flows all together: which shard has a flow does not follow from it.
 */
#define IS_TORN "flow_id GLOBAL NOT IN (SELECT flow_id FROM flow WHERE %s)"

#define IS_ODD "(" WS_FAR_IS_ODD " OR " IS_TORN " OR (reason = 16 AND length(parent_span_id) NOT IN (0, 8)))"

#define SETTINGS " SETTINGS max_bytes_before_external_group_by = " WS_FAR_GROUP_BYTES "%s"

static char *compose_requests(const void *context, const struct ws_far_server *server)
{
	const struct counting *counting = context;
	char *text;

	if (asprintf(&text,
		     "toInt64(file_id), toInt64(count()), toInt64(countIf(reason = 16)), toInt64(0),"
		     " toInt64(countIf" IS_ODD "), toInt64(countIf(reason = 16 AND family = 5))"
		     " FROM request%s WHERE %s GROUP BY file_id" SETTINGS,
		     counting->condition, server->suffix, counting->condition, ws_far_merging(server->is_all)) < 0)
		return NULL;
	return text;
}

static char *compose_responses(const void *context, const struct ws_far_server *server)
{
	const struct counting *counting = context;
	char *text;

	if (asprintf(&text,
		     "toInt64(file_id), toInt64(0), toInt64(0), toInt64(count()), toInt64(countIf(" IS_TORN
		     ")), toInt64(0) FROM response%s WHERE %s GROUP BY file_id" SETTINGS,
		     counting->condition, server->suffix, counting->condition, ws_far_merging(server->is_all)) < 0)
		return NULL;
	return text;
}

static int take(void *context, const struct ws_value *row)
{
	const struct counting *counting = context;
	struct ws_far_counts *counts = counting->counts;

	for (uint32_t f = 0; f < counting->catalog->n_files; f++) {
		if (counting->catalog->file[f].file_id != row[0].integer)
			continue;
		counts->file[f].n_requests += (uint64_t)row[1].integer;
		counts->file[f].n_contexts += (uint64_t)row[2].integer;
		counts->file[f].n_responses += (uint64_t)row[3].integer;
	}
	counts->n_odd += (uint64_t)row[4].integer;
	counts->n_datadog += (uint64_t)row[5].integer;
	return 0;
}

/* A flow that cannot be one. */
static int count_flows(const struct ws_far *far, const char *condition, struct ws_far_counts *counts,
		       struct ws_error *err)
{
	char *text;
	int64_t n = 0;
	int rc;

	if (asprintf(&text, "SELECT toInt64(countIf(ip_version < 4 OR ip_version > 6)) FROM flow WHERE %s", condition) <
	    0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_client_number(ws_far_client(far), text, &n, err);
	free(text);
	counts->n_odd += (uint64_t)n;
	return rc;
}

int ws_far_counts_open(const struct ws_far *far, const struct ws_far_servers *servers, const struct ws_catalog *catalog,
		       struct ws_far_counts *counts, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	struct ws_far_counts made = { .file = calloc((size_t)catalog->n_files + 1, sizeof(*made.file)) };
	char *condition = ws_far_condition_of(far, NULL, UINT32_MAX);
	struct counting counting = { catalog, condition, &made };
	const struct ws_far_asking requests = { compose_requests, kind, sizeof(kind), take, &counting };
	const struct ws_far_asking responses = { compose_responses, kind, sizeof(kind), take, &counting };
	int rc = condition && made.file ? 0 : ws_error(err, -ENOMEM, "out of memory");

	rc = rc ? rc : count_flows(far, condition, &made, err);
	rc = rc ? rc : ws_far_servers_ask(servers, &requests, err);
	rc = rc ? rc : ws_far_servers_ask(servers, &responses, err);
	free(condition);
	if (rc)
		ws_far_counts_close(&made);
	else
		*counts = made;
	return rc;
}

void ws_far_counts_close(struct ws_far_counts *counts)
{
	free(counts->file);
	*counts = (struct ws_far_counts) { 0 };
}
