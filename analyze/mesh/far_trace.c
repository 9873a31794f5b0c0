/* SPDX-License-Identifier: BSD-2-Clause */
/* far_trace - see far_trace.h. */
#include "analyze/mesh/far_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "analyze/mesh/far_counts.h"
#include "lib/text_stream.h"

#define THERE "(ip_version, saddr, daddr, sport, dport)"
#define BACK  "(ip_version, daddr, saddr, dport, sport)"

/* What restrictions are made from. */
struct asked {
	const struct ws_atlas_run *run;
	const char *condition; /* of the run's rows */
	struct ws_trace_forms forms;
	bool has_datadog;
};

static void put_id(const struct asked *asked, uint32_t form, FILE *out)
{
	fputs("unhex('", out);
	for (uint32_t i = 0; i < asked->forms.len[form]; i++)
		fprintf(out, "%02x", asked->forms.bytes[form][i]);
	fputs("')", out);
}

static void put_ids(const struct asked *asked, FILE *out)
{
	for (uint32_t i = 0; i < asked->forms.n; i++) {
		fputs(i ? ", " : " IN (", out);
		put_id(asked, i, out);
	}
	fputc(')', out);
}

/* Requests of the trace. The tables are sorted by ids as they were sent: the second part looks at all rows. */
static void put_is_trace(const struct asked *asked, FILE *out)
{
	fputs("reason = 16 AND (trace_id", out);
	put_ids(asked, out);
	for (uint32_t i = 0; i < asked->forms.n && asked->has_datadog; i++) {
		if (asked->forms.len[i] != 8)
			continue;
		fputs(" OR (family = 5 AND length(trace_id) = 16 AND substring(trace_id, 9, 8) = ", out);
		put_id(asked, i, out);
		fputc(')', out);
	}
	fputc(')', out);
}

/* Addresses and ports on which the trace went: are these, in their order or the other way round, among them? */
static void put_is_among(const struct asked *asked, const char *which, FILE *out)
{
	fprintf(out,
		"%s GLOBAL IN (SELECT ip_version, saddr, daddr, sport, dport FROM flow WHERE %s AND flow_id"
		" GLOBAL IN (SELECT flow_id FROM request WHERE %s AND ",
		which, asked->condition, asked->condition);
	put_is_trace(asked, out);
	fputs("))", out);
}

static void put_flows(const void *context, FILE *out)
{
	const struct asked *asked = context;

	put_is_among(asked, THERE, out);
	fputs(" OR ", out);
	put_is_among(asked, BACK, out);
}

static void put_flow_is_among(const struct asked *asked, const char *which, FILE *out)
{
	fprintf(out, "flow_id GLOBAL IN (SELECT flow_id FROM flow WHERE %s AND ", asked->condition);
	put_is_among(asked, which, out);
	fputc(')', out);
}

void ws_far_put_files(const struct ws_atlas_run *run, bool with_responses, FILE *out)
{
	fputs("file_id IN (", out);
	for (uint32_t i = 0; i < run->n_files; i++) {
		if (!with_responses || run->file[i].file->n_responses)
			fprintf(out, "%" PRId64 ", ", run->file[i].file_id);
	}
	fputs("0)", out); /* no file has this number */
}

void ws_far_put_is_of_trace(const struct ws_atlas *atlas, FILE *out)
{
	struct asked asked = { 0 };

	ws_trace_forms(atlas->trace_id, atlas->trace_id_len, &asked.forms);
	fputs(WS_SQL_SETTLED_TRACE_ID, out);
	put_ids(&asked, out);
}

static void put_requests(const void *context, FILE *out)
{
	const struct asked *asked = context;

	ws_far_put_files(asked->run, false, out);
	fputs(" AND ", out);
	put_flow_is_among(asked, THERE, out);
	fputs(" AND (", out);
	ws_far_put_files(asked->run, true, out);
	fputs(" OR " WS_SQL_SETTLED_TRACE_ID, out);
	put_ids(asked, out);
	fputc(')', out);
}

static void put_responses(const void *context, FILE *out)
{
	const struct asked *asked = context;

	ws_far_put_files(asked->run, false, out);
	fputs(" AND ", out);
	put_flow_is_among(asked, BACK, out);
}

static int restrict_tables(struct ws_far *far, const struct asked *asked, struct ws_error *err)
{
	char *flows = ws_text_written(put_flows, asked), *requests = ws_text_written(put_requests, asked),
	     *responses = ws_text_written(put_responses, asked);

	if (!flows || !requests || !responses) {
		free(flows);
		free(requests);
		free(responses);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	ws_far_restrict_table(far, WS_TABLE_FLOW, flows);
	ws_far_restrict_table(far, WS_TABLE_RESPONSE, responses);
	ws_far_restrict(far, NULL, requests);
	return 0;
}

/* Are the rows of all files that are taken there, and such as they should be? */
static bool are_whole(const struct ws_atlas_run *run, const struct ws_far_counts *counts)
{
	bool are = !counts->n_odd;

	for (uint32_t i = 0; i < run->n_files; i++) {
		const struct ws_far_count *count = &counts->file[run->file[i].file - run->catalog.file];

		are &= count->n_contexts == run->file[i].file->n_contexts &&
		       count->n_responses == run->file[i].file->n_responses;
	}
	return are;
}

/* Lets the servers count, and restricts the tables if it comes out right. */
static int count_and_restrict(const struct ws_atlas *atlas, struct ws_far *far, struct asked *asked,
			      const struct ws_far_servers *servers, struct ws_error *err)
{
	struct ws_far_counts counts = { 0 };
	int rc = ws_far_counts_open(far, servers, &asked->run->catalog, &counts, err);

	if (!rc && are_whole(asked->run, &counts)) {
		asked->has_datadog = counts.n_datadog;
		ws_trace_forms(atlas->trace_id, atlas->trace_id_len, &asked->forms);
		rc = restrict_tables(far, asked, err);
	}
	ws_far_counts_close(&counts);
	return rc;
}

int ws_far_trace(const struct ws_atlas *atlas, const struct ws_atlas_run *run, struct ws_error *err)
{
	struct ws_far *far = ws_store_far(run->store);
	struct ws_far_servers servers = { 0 };
	struct asked asked = { .run = run };
	char *condition;
	int rc;

	if (run->catalog.n_files > WS_FAR_FILES_MAX)
		return 0;
	condition = ws_far_condition_of(far, NULL, UINT32_MAX);
	asked.condition = condition;
	rc = condition ? ws_far_servers_open(far, &servers, err) : ws_error(err, -ENOMEM, "out of memory");
	rc = rc ? rc : count_and_restrict(atlas, far, &asked, &servers, err);
	ws_far_servers_close(&servers);
	free(condition);
	return rc;
}
