/* SPDX-License-Identifier: BSD-2-Clause */
/* runs - see runs.h. */
#include "analyze/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyze/json.h"
#include "analyze/runs_inner.h"
#include "lib/clickhouse/result.h"
#include "lib/clickhouse/tables.h"

/* Of the latest version of each run; others come before it. */
static const char runs_query[] =
	"run, part, toInt64(toUnixTimestamp(committed_at)), n_requests, n_responses, n_flows FROM run"
	" ORDER BY run, sequence, version";

static int take_run(struct ws_runs *runs, const struct ws_value *value)
{
	struct ws_runs_row *row = runs->n ? &runs->at[runs->n - 1] : NULL, *grown;
	size_t len = value[0].n_bytes;

	if (!row || strlen(row->name) != len || memcmp(row->name, value[0].bytes, len)) {
		grown = realloc(runs->at, (runs->n + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		runs->at = grown;
		row = &grown[runs->n++];
		*row = (struct ws_runs_row) { .name = strndup((const char *)value[0].bytes, len) };
	}
	free(row->part);
	row->part = strndup((const char *)value[1].bytes, value[1].n_bytes);
	row->committed_s = value[2].integer;
	for (int i = 0; i < WS_N_LARGE; i++)
		row->n_rows[i] = (uint64_t)value[3 + i].integer;
	return row->name && row->part ? 0 : -ENOMEM;
}

int ws_runs_read(struct ws_client *client, struct ws_runs *runs, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_STRING, WS_KIND_STRING, WS_KIND_I64,
					WS_KIND_I64,	WS_KIND_I64,	WS_KIND_I64 };
	const struct ws_value *value;
	struct ws_result *result = NULL;
	int status = 0, rc = ws_result_open(client, runs_query, kind, 6, &result, err);

	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		if (take_run(runs, value))
			rc = ws_error(err, -ENOMEM, "out of memory");
	}
	ws_result_close(result);
	return rc ? rc : status;
}

void ws_runs_close(struct ws_runs *runs)
{
	for (uint32_t i = 0; i < runs->n; i++) {
		free(runs->at[i].name);
		free(runs->at[i].part);
	}
	free(runs->at);
	*runs = (struct ws_runs) { 0 };
}

/* Adds the sizes of the large tables' parts on a server, or, through it, on all of the cluster. */
static int add_sizes(struct ws_client *client, const char *cluster, struct ws_runs *runs, struct ws_error *err)
{
	static const uint8_t kind[] = { WS_KIND_STRING, WS_KIND_I64, WS_KIND_I64, WS_KIND_I64 };
	const char *suffix = cluster ? "_local" : "";
	const struct ws_value *value;
	struct ws_result *result = NULL;
	char *query, from[WS_URL_NAME_MAX + 64] = "system.parts";
	int status = 0, rc;

	if (cluster)
		snprintf(from, sizeof(from), "cluster('%s', 'system', 'parts')", cluster);
	if (asprintf(&query,
		     "table, toInt64(sum(rows)), toInt64(sum(bytes_on_disk)), toInt64(sum(data_uncompressed_bytes))"
		     " FROM %s WHERE active AND database = '%s' AND table IN ('request%s', 'response%s', 'flow%s')"
		     " GROUP BY table",
		     from, runs->access->url.database, suffix, suffix, suffix) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_result_open(client, query, kind, 4, &result, err);
	while (!rc && (status = ws_result_next(result, &value, err)) > 0) {
		for (int i = 0; i < WS_N_LARGE; i++) {
			size_t len = strlen(ws_large_tables[i].name);

			if (value[0].n_bytes < len || memcmp(value[0].bytes, ws_large_tables[i].name, len))
				continue;
			runs->size[i].n_rows += (uint64_t)value[1].integer;
			runs->size[i].bytes_on_disk += (uint64_t)value[2].integer;
			runs->size[i].bytes += (uint64_t)value[3].integer;
		}
	}
	ws_result_close(result);
	free(query);
	return rc ? rc : status;
}

/* A run's part of what the tables take. */
static double share(const struct ws_runs *runs, const struct ws_runs_row *row, bool on_disk)
{
	double sum = 0;

	for (int i = 0; i < WS_N_LARGE; i++) {
		const struct ws_runs_size *size = &runs->size[i];

		if (size->n_rows)
			sum += (double)(on_disk ? size->bytes_on_disk : size->bytes) * (double)row->n_rows[i] /
			       (double)size->n_rows;
	}
	return sum;
}

static struct ws_runs_size total(const struct ws_runs *runs)
{
	struct ws_runs_size sum = { 0 };

	for (int i = 0; i < WS_N_LARGE; i++) {
		sum.n_rows += runs->size[i].n_rows;
		sum.bytes_on_disk += runs->size[i].bytes_on_disk;
		sum.bytes += runs->size[i].bytes;
	}
	return sum;
}

static double ratio(double bytes, double bytes_on_disk)
{
	return bytes_on_disk > 0 ? bytes / bytes_on_disk : 0;
}

static const char *when(int64_t seconds, char text[32])
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || !strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, 32, "-");
	return text;
}

static int print_json(const struct ws_runs *runs, FILE *out)
{
	const struct ws_runs_size sum = total(runs);
	json_t *document = json_object(), *list = json_array();
	char text[32];
	int rc = 0;

	for (uint32_t i = 0; i < runs->n; i++) {
		const struct ws_runs_row *row = &runs->at[i];

		rc |= json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:I}", "run",
							    ws_json_text(row->name), "part", ws_json_text(row->part),
							    "committed_at", when(row->committed_s, text), "requests",
							    (json_int_t)row->n_rows[WS_TABLE_REQUEST], "responses",
							    (json_int_t)row->n_rows[WS_TABLE_RESPONSE], "flows",
							    (json_int_t)row->n_rows[WS_TABLE_FLOW], "bytes_on_disk",
							    (json_int_t)share(runs, row, true)));
	}
	rc |= json_object_set_new(document, "runs", list);
	rc |= json_object_set_new(document, "rows", json_integer((json_int_t)sum.n_rows));
	rc |= json_object_set_new(document, "bytes_on_disk", json_integer((json_int_t)sum.bytes_on_disk));
	rc |= json_object_set_new(document, "bytes_uncompressed", json_integer((json_int_t)sum.bytes));
	rc |= json_object_set_new(document, "compression_ratio",
				  json_real(ratio((double)sum.bytes, (double)sum.bytes_on_disk)));
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

static void print_text(const struct ws_runs *runs, bool is_tsv, FILE *out)
{
	const char *format = is_tsv ? "%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%.0f\t%.2f\n"
				    : "%-32s %-16s %-20s %12" PRIu64 " %10" PRIu64 " %10" PRIu64 " %14.0f %6.2f\n";
	const struct ws_runs_size sum = total(runs);
	char text[32];

	fprintf(out, is_tsv ? "# %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n" : "%-32s %-16s %-20s %12s %10s %10s %14s %6s\n",
		"run", "part", "committed_at", "requests", "responses", "flows",
		is_tsv ? "bytes_on_disk" : "bytes on disk", "ratio");
	for (uint32_t i = 0; i < runs->n; i++) {
		const struct ws_runs_row *row = &runs->at[i];

		fprintf(out, format, row->name, row->part, when(row->committed_s, text), row->n_rows[WS_TABLE_REQUEST],
			row->n_rows[WS_TABLE_RESPONSE], row->n_rows[WS_TABLE_FLOW], share(runs, row, true),
			ratio(share(runs, row, false), share(runs, row, true)));
	}
	fprintf(out, format, is_tsv ? "#all" : "all", "", "", runs->size[WS_TABLE_REQUEST].n_rows,
		runs->size[WS_TABLE_RESPONSE].n_rows, runs->size[WS_TABLE_FLOW].n_rows, (double)sum.bytes_on_disk,
		ratio((double)sum.bytes, (double)sum.bytes_on_disk));
}

int ws_runs_print(const struct ws_invocation *invocation, FILE *out, struct ws_error *err)
{
	struct ws_runs runs = { .access = invocation->origin.access };
	struct ws_client *client = NULL;
	char *cluster = NULL;
	int rc = ws_client_open(runs.access, 0, &client, err);

	if (!rc) {
		ws_client_use_database(client);
		rc = ws_runs_read(client, &runs, err);
		rc = rc ? rc : ws_tables_cluster(client, &cluster, err);
		rc = rc ? rc : add_sizes(client, cluster, &runs, err);
	}
	if (!rc && invocation->format == WS_FORMAT_JSON)
		rc = print_json(&runs, out) ? ws_error(err, -ENOMEM, "out of memory") : 0;
	else if (!rc)
		print_text(&runs, invocation->format == WS_FORMAT_TSV, out);
	ws_runs_close(&runs);
	ws_client_close(client);
	free(cluster);
	return rc;
}
