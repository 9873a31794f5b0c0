/* SPDX-License-Identifier: BSD-2-Clause */
/* far_traces - see far_traces.h. */
#include "analyze/far_traces.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "analyze/far_servers.h"
#include "analyze/far_sift_sql.h"

/* Ids that analyze refuses, and those of 16 bytes that are one of 8 bytes with zeros behind it, elsewhere maybe. */
#define IS_ODD                                                                         \
	"(reason = 16 AND (length(span_id) != 8 OR length(trace_id) NOT IN (8, 16) OR" \
	" (length(trace_id) = 16 AND substring(trace_id, 9, 8) = unhex('0000000000000000'))))"

struct counting {
	const struct ws_catalog *catalog;
	char *condition;
	uint64_t slice, n_slices;
	uint64_t n_odd;
	uint64_t *n_rows;   /* by file */
	uint64_t *n_traces; /* by file */
};

static char *compose(const void *context, const struct ws_far_server *server)
{
	const struct counting *counting = context;
	char *text;

	if (asprintf(&text,
		     "toInt64(file_id), toInt64(count()), toInt64(uniqExactIf(" WS_SIFT_ID ", reason = 16)),"
		     " toInt64(countIf" IS_ODD ") FROM request%s WHERE %s AND cityHash64(" WS_SIFT_ID ") %% %" PRIu64
		     " = %" PRIu64 " GROUP BY file_id%s",
		     server->suffix, counting->condition, counting->n_slices, counting->slice,
		     server->is_all ? " SETTINGS distributed_group_by_no_merge = 1" : "") < 0)
		return NULL;
	return text;
}

static int take(void *context, const struct ws_value *row)
{
	struct counting *counting = context;

	for (uint32_t f = 0; f < counting->catalog->n_files; f++) {
		if (counting->catalog->file[f].file_id != row[0].integer)
			continue;
		counting->n_rows[f] += (uint64_t)row[1].integer;
		counting->n_traces[f] += (uint64_t)row[2].integer;
	}
	counting->n_odd += (uint64_t)row[3].integer;
	return 0;
}

static int ask(struct ws_far *far, struct counting *counting, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_I64, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	const struct ws_far_asking asking = { compose, kind, 4, take, counting };
	struct ws_far_servers servers = { 0 };
	uint64_t n_rows = 0;
	int rc = ws_far_servers_open(far, &servers, err);

	for (uint32_t f = 0; f < counting->catalog->n_files; f++)
		n_rows += counting->catalog->file[f].n_requests;
	counting->n_slices = rc ? 0 : n_rows / servers.n / WS_FAR_SLICE_ROWS + 1;
	for (; counting->slice < counting->n_slices && !rc; counting->slice++)
		rc = ws_far_servers_ask(&servers, &asking, err);
	ws_far_servers_close(&servers);
	for (uint32_t f = 0; f < counting->catalog->n_files && !rc; f++)
		rc = ws_far_check_rows(far, &counting->catalog->file[f], counting->n_rows[f], err);
	return rc;
}

int ws_far_traces(struct ws_far *far, const struct ws_catalog *catalog, uint64_t **n_traces, struct ws_error *err)
{
	struct counting counting = {
		.catalog = catalog,
		.condition = ws_far_condition_of(far, NULL, UINT32_MAX),
		.n_rows = calloc((size_t)catalog->n_files + 1, sizeof(*counting.n_rows)),
		.n_traces = calloc((size_t)catalog->n_files + 1, sizeof(*counting.n_traces)),
	};
	int rc = counting.condition && counting.n_rows && counting.n_traces ? ask(far, &counting, err)
									    : ws_error(err, -ENOMEM, "out of memory");

	if (!rc && !counting.n_odd) {
		*n_traces = counting.n_traces;
		counting.n_traces = NULL;
	}
	free(counting.condition);
	free(counting.n_rows);
	free(counting.n_traces);
	return rc;
}
