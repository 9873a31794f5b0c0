/* SPDX-License-Identifier: BSD-2-Clause */
/* audit - see audit.h. */
#include "analyze/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/json.h"

struct ws_sent ws_audit_sent(const struct ws_run *run)
{
	const struct ws_run *sender = run->findings.background.n_traffic || !run->companion ? run : run->companion;
	const struct ws_background *background = &sender->findings.background;
	struct ws_sent sent = { .known = background->n_traffic > 0 };

	for (uint32_t i = 0; i < background->n_traffic; i++) {
		const struct ws_traffic *traffic = &background->traffic[i];

		sent.n += traffic->n;
		for (uint64_t k = 0; k < traffic->n; k++)
			sent.n_answered += traffic->status[k] != 0;
	}
	return sent;
}

bool ws_audit_unseen(const struct ws_run *run, uint32_t index, uint64_t *n_unseen)
{
	const struct ws_file *file = &run->findings.catalog.file[index];
	uint64_t n_traces = run->findings.n_traces[index];
	struct ws_sent sent = ws_audit_sent(run);
	bool saw_all = ws_file_saw_whole_heads(file) || (file->n_requests && file->n_requests == file->n_contexts);

	if (!sent.known || !saw_all)
		return false;
	*n_unseen = sent.n_answered > n_traces ? sent.n_answered - n_traces : 0;
	return true;
}

bool ws_audit_balances(const struct ws_file *file)
{
	return ws_tallies_sum(&file->reasons) == file->n_frames;
}

bool ws_audit_all_balance(const struct ws_campaign *campaign)
{
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_catalog *catalog = &campaign->run[i].findings.catalog;

		for (uint32_t k = 0; k < catalog->n_files; k++) {
			if (!ws_audit_balances(&catalog->file[k]))
				return false;
		}
	}
	return true;
}

/* Calls take for every file that was asked for, of every run. */
static int each_file(const struct ws_campaign *campaign,
		     int (*take)(const struct ws_run *run, uint32_t file, struct ws_sent sent, void *context),
		     void *context)
{
	int rc = 0;

	for (uint32_t i = 0; i < campaign->n_runs && !rc; i++) {
		const struct ws_run *run = &campaign->run[i];
		struct ws_sent sent = ws_audit_sent(run);

		for (uint32_t k = 0; k < run->findings.catalog.n_files && !rc; k++) {
			if (run->findings.wanted[k])
				rc = take(run, k, sent, context);
		}
	}
	return rc;
}

static int add_json(const struct ws_run *run, uint32_t index, struct ws_sent sent, void *list)
{
	const struct ws_file *file = &run->findings.catalog.file[index];
	json_t *object = json_pack("{s:o, s:s, s:o, s:I, s:b, s:I, s:I, s:I, s:I, s:b, s:o}", "run",
				   ws_json_text(run->name), "source", ws_source_name(file->source), "point",
				   ws_json_text(file->point), "frames", (json_int_t)file->n_frames, "balanced",
				   ws_audit_balances(file), "requests", (json_int_t)file->n_requests, "contexts",
				   (json_int_t)file->n_contexts, "traces", (json_int_t)run->findings.n_traces[index],
				   "lost", (json_int_t)ws_tallies_sum(&file->losses), "complete", file->complete,
				   "content_hash", ws_json_text(file->content_hash));
	int rc = !object;

	rc |= json_object_set_new(object, "load_requests", ws_json_integer_if(sent.known, sent.n));
	rc |= json_object_set_new(object, "load_answered", ws_json_integer_if(sent.known, sent.n_answered));
	return rc | json_array_append_new(list, object) ? -ENOMEM : 0;
}

static json_t *outcomes_json(const struct ws_campaign *campaign)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < campaign->n_runs && list; i++) {
		for (int source = 0; source < WS_N_SOURCES; source++) {
			const struct ws_outcome *outcome = &campaign->run[i].findings.outcome[source];
			json_t *classes = json_object();

			for (unsigned int class = 0; class < WS_N_CLASSES; class ++) {
				uint64_t n = outcome->n_class[WS_WAY_RX][class] + outcome->n_class[WS_WAY_TX][class];

				if (n || !class)
					json_object_set_new(classes, ws_class_name(class), json_integer((json_int_t)n));
			}
			if (!outcome->present) {
				json_decref(classes);
				continue;
			}
			json_array_append_new(
				list,
				json_pack("{s:o, s:s, s:b, s:o, s:o, s:I}", "run", ws_json_text(campaign->run[i].name),
					  "source", ws_source_name(source), "joined", outcome->joined, "why_not",
					  outcome->joined ? json_null() : ws_json_text(outcome->why), "classes",
					  classes, "unmatched", (json_int_t)outcome->n_strays));
		}
	}
	return list;
}

static int print_json(const struct ws_campaign *campaign, FILE *out)
{
	json_t *document = json_object(), *files = json_array();
	int rc = each_file(campaign, add_json, files);

	rc |= json_object_set_new(document, "files", files);
	rc |= json_object_set_new(document, "joins", outcomes_json(campaign));
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

/* What a row's file counts for; the join's columns stand in the first row of their source. */
static int print_row(const struct ws_run *run, uint32_t index, struct ws_sent sent, void *context)
{
	const struct ws_file *file = &run->findings.catalog.file[index];
	FILE *out = context;

	fprintf(out, "%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t", run->name,
		ws_source_name(file->source), file->point, file->n_frames, file->n_requests, file->n_contexts,
		run->findings.n_traces[index]);
	if (sent.known)
		fprintf(out, "%" PRIu64 "\t%" PRIu64, sent.n, sent.n_answered);
	else
		fputs("NaN\tNaN", out);
	fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%s\n", ws_tallies_sum(&file->losses),
		run->findings.outcome[file->source].n_strays, ws_audit_balances(file) ? "yes" : "NO");
	return 0;
}

static void print_tsv(const struct ws_campaign *campaign, FILE *out)
{
	fputs("# the account of every file; traces: different trace ids; load: requests in the load log; lost: records "
	      "or "
	      "frames; unmatched: sightings of the run's source\n"
	      "# "
	      "run\tsource\tpoint\tframes\trequests\tcontexts\ttraces\tload\tload_"
	      "answered\tlost\tunmatched\tbalanced\n",
	      out);
	each_file(campaign, print_row, out);
}

struct table {
	FILE *out;
	int width;
	int point_width;
};

static int print_line(const struct ws_run *run, uint32_t index, struct ws_sent sent, void *context)
{
	const struct ws_file *file = &run->findings.catalog.file[index];
	const struct table *table = context;
	uint64_t n_traces = run->findings.n_traces[index], n_unseen;
	char load[32] = "-";

	if (sent.known)
		snprintf(load, sizeof(load), "%" PRIu64, sent.n_answered);
	fprintf(table->out,
		"%-*s  %-6s%-*s%10" PRIu64 "%10" PRIu64 "%10" PRIu64 "%9s%9" PRIu64 "%10" PRIu64 "%8" PRIu64,
		table->width, run->name, ws_source_name(file->source), table->point_width, file->point, file->n_frames,
		file->n_requests, file->n_contexts, load, n_traces, run->findings.outcome[file->source].n_strays,
		ws_tallies_sum(&file->losses));
	if (ws_audit_unseen(run, index, &n_unseen) && n_unseen)
		fprintf(table->out, "  %" PRIu64 " answered requests not seen", n_unseen);
	if (!ws_audit_balances(file))
		fputs("  DOES NOT BALANCE", table->out);
	if (!file->complete)
		fputs("  cut off", table->out);
	fputc('\n', table->out);
	return 0;
}

static void print_table(const struct ws_campaign *campaign, FILE *out)
{
	struct table table = { out, 20, 8 };

	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		if ((int)strlen(campaign->run[i].name) > table.width)
			table.width = (int)strlen(campaign->run[i].name);
		for (uint32_t k = 0; k < campaign->run[i].findings.catalog.n_files; k++) {
			int n = (int)strlen(campaign->run[i].findings.catalog.file[k].point) + 1;

			table.point_width = n > table.point_width ? n : table.point_width;
		}
	}
	fprintf(out, "%-*s  %-6s%-*s%10s%10s%10s%9s%9s%10s%8s\n", table.width, "run", "source", table.point_width,
		"point", "frames", "requests", "contexts", "answered", "traces", "unmatched", "lost");
	each_file(campaign, print_line, &table);
}

int ws_audit_print(const struct ws_campaign *campaign, enum ws_format format, FILE *out)
{
	if (format == WS_FORMAT_JSON)
		return print_json(campaign, out);
	if (format == WS_FORMAT_TSV)
		print_tsv(campaign, out);
	else
		print_table(campaign, out);
	return 0;
}
