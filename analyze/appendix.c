/* SPDX-License-Identifier: BSD-2-Clause */
/* appendix - what the report says of the accounts, the runs and the method; see report.h. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"
#include "lib/text_stream.h"

/* Writes a cell of a list, whatever its length. */
static void put_list(struct ws_page *page, void (*write)(const void *content, FILE *out), const void *content)
{
	struct ws_text_stream stream;
	char *text = NULL;
	int rc = ws_text_stream_open(&stream);

	if (rc == 0) {
		write(content, stream.out);
		rc = ws_text_stream_finish(&stream, &text, NULL);
	}
	if (rc)
		ws_page_fail(page, rc);
	else
		ws_page_cell(page, "%s", *text ? text : "-");
	free(text);
}

/* What became of a file's frames: "no_payload 320, context_b3 160". */
static void write_reasons(const void *content, FILE *out)
{
	const struct ws_tallies *reasons = content;
	const char *separator = "";

	for (uint32_t i = 0; i < reasons->n; i++) {
		if (!reasons->at[i].n)
			continue;
		fprintf(out, "%s%s %" PRIu64, separator, reasons->at[i].name, reasons->at[i].n);
		separator = ", ";
	}
}

/* A point, and beside it which pod of which node it is of, where that is known. */
static void put_point(struct ws_page *page, const struct ws_run *run, const struct ws_file *file)
{
	if (run->findings.has_names && (*file->pod || *file->node))
		ws_page_cell(page, "%s (%s%s%s)", file->point, file->pod, *file->pod && *file->node ? ", " : "",
			     file->node);
	else
		ws_page_cell(page, "%s", file->point);
}

static void put_account(struct ws_page *page, const struct ws_run *run, uint32_t index, struct ws_sent sent)
{
	const struct ws_file *file = &run->findings.catalog.file[index];

	ws_page_cell(page, "%s", run->name);
	ws_page_cell(page, "%s", ws_source_name(file->source));
	put_point(page, run, file);
	ws_page_cell(page, "%" PRIu64, file->n_frames);
	ws_page_cell(page, "%" PRIu64, file->n_requests);
	ws_page_cell(page, "%" PRIu64, file->n_contexts);
	if (sent.known)
		ws_page_cell(page, "%" PRIu64, sent.n_answered);
	else
		ws_page_cell(page, "-");
	ws_page_cell(page, "%" PRIu64, run->findings.n_traces[index]);
	ws_page_cell(page, "%" PRIu64, run->findings.outcome[file->source].n_strays);
	ws_page_cell(page, "%" PRIu64, ws_tallies_sum(&file->losses));
	ws_page_cell(page, "%s", ws_audit_balances(file) ? "yes" : "NO");
	put_list(page, write_reasons, &file->reasons);
	ws_page_row_end(page);
}

/* Do two files of a run watch the same point? */
static bool same_point(const struct ws_findings *findings, uint32_t a, uint32_t b)
{
	return !strcmp(findings->catalog.file[a].point, findings->catalog.file[b].point);
}

/* Adds up, over all points, the answered requests of the loads that no source saw there. n_points: where it can be
 * said. */
static uint64_t count_unseen(const struct ws_campaign *campaign, uint64_t *n_points)
{
	uint64_t n_all = 0;

	*n_points = 0;
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_findings *findings = &campaign->run[i].findings;

		for (uint32_t k = 0; k < findings->catalog.n_files; k++) {
			uint64_t n_least = UINT64_MAX, n;
			bool is_first = true;

			for (uint32_t f = 0; f < findings->catalog.n_files; f++) {
				if (!findings->wanted[f] || !same_point(findings, f, k))
					continue;
				is_first &= f >= k;
				if (ws_audit_unseen(&campaign->run[i], f, &n) && n < n_least)
					n_least = n;
			}
			if (!is_first || n_least == UINT64_MAX || !findings->wanted[k])
				continue;
			(*n_points)++;
			n_all += n_least;
		}
	}
	return n_all;
}

int ws_chapter_accounts(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "run", NULL, WS_CELLS_NAME },		{ "source", NULL, WS_CELLS_TEXT },
		{ "point", NULL, WS_CELLS_TEXT },	{ "frames", NULL, WS_CELLS_NUMBER },
		{ "requests", NULL, WS_CELLS_NUMBER },	{ "contexts", NULL, WS_CELLS_NUMBER },
		{ "answered", NULL, WS_CELLS_NUMBER },	{ "traces", NULL, WS_CELLS_NUMBER },
		{ "unmatched", NULL, WS_CELLS_NUMBER }, { "lost", NULL, WS_CELLS_NUMBER },
		{ "balances", NULL, WS_CELLS_TEXT },	{ "frames by reason", NULL, WS_CELLS_TEXT },
	};
	const struct ws_campaign *campaign = report->campaign;
	struct ws_page *page = &report->page;
	uint64_t n_points, n_unseen = count_unseen(campaign, &n_points);

	(void)err;
	ws_page_heading(page, 2, "Accounts");
	ws_page_paragraph(
		page,
		"Every frame that passed a point is counted under one reason; the reasons add up to the frames. "
		"Answered: requests of the load that got an answer. Traces: different trace ids seen at the "
		"point: one a request, where only the load carries contexts. Unmatched: sightings, of both points "
		"of the run, without a partner at the other.");
	if (n_points)
		ws_page_paragraph(page,
				  "At %" PRIu64
				  " points whole heads were searched or every request had its context. Of the "
				  "answered requests of the loads, %" PRIu64 " in all were not seen at one.",
				  n_points, n_unseen);
	ws_page_details_begin(page, "Every file");
	ws_page_table_begin(page, "The account of every file", columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_run *run = &campaign->run[i];
		struct ws_sent sent = ws_audit_sent(run);

		for (uint32_t k = 0; k < run->findings.catalog.n_files; k++) {
			if (run->findings.wanted[k])
				put_account(page, run, k, sent);
		}
	}
	ws_page_table_end(page);
	ws_page_details_end(page);
	return 0;
}

/* The member at a path of keys, or NULL. */
static const json_t *member(const json_t *document, const char *first, const char *second)
{
	return json_object_get(json_object_get(document, first), second);
}

static void put_text(struct ws_page *page, const json_t *value)
{
	if (json_is_string(value))
		ws_page_cell(page, "%s", json_string_value(value));
	else if (json_is_integer(value))
		ws_page_cell(page, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		ws_page_cell(page, "-");
}

/* What the program cost at each point, as the kernel timed it: "nic 1606, vport 1432". */
static void write_cost(const void *content, FILE *out)
{
	const json_t *points = json_object_get(content, "points");
	const char *separator = "";

	for (size_t i = 0; i < json_array_size(points); i++) {
		const json_t *point = json_array_get(points, i), *cost = member(point, "ebpf", "bpf_ns_per_frame");
		const char *name = json_string_value(json_object_get(point, "name"));

		if (!json_is_number(cost) || !name)
			continue;
		fprintf(out, "%s%s %.0f", separator, name, json_number_value(cost));
		separator = ", ";
	}
}

static void write_conditions(const void *content, FILE *out)
{
	const struct ws_conditions *conditions = content;

	for (uint32_t i = 0; i < conditions->n; i++)
		fprintf(out, "%s%s=%s", i ? ", " : "", conditions->at[i].key, conditions->at[i].value);
}

static void put_run(struct ws_page *page, const struct ws_run *run)
{
	const char *text = run->findings.background.manifest_json;
	json_t *manifest = text ? json_loads(text, 0, NULL) : NULL;

	ws_page_cell(page, "%s", run->name);
	put_list(page, write_conditions, &run->findings.background.conditions);
	put_text(page, member(manifest, "wirespan", "version"));
	put_text(page, member(manifest, "host", "kernel"));
	put_text(page, member(manifest, "host", "machine"));
	put_text(page, member(manifest, "host", "n_cpus"));
	put_text(page, member(manifest, "configuration", "search_bytes"));
	put_list(page, write_cost, manifest);
	ws_page_row_end(page);
	json_decref(manifest);
}

static void put_hash(struct ws_page *page, const struct ws_run *run, const char *path, const char *hash)
{
	if (!hash)
		return;
	ws_page_cell(page, "%s", run->name);
	ws_page_cell(page, "%s", path);
	ws_page_cell(page, "%s", hash);
	ws_page_row_end(page);
}

static void put_hashes(struct ws_report *report)
{
	static const struct ws_page_column columns[] = {
		{ "run", NULL, WS_CELLS_NAME },
		{ "file", NULL, WS_CELLS_TEXT },
		{ "XXH3-128", NULL, WS_CELLS_CODE },
	};
	struct ws_page *page = &report->page;

	ws_page_table_begin(page, "What this page was made from (xxhsum -H2)", columns,
			    sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->campaign->n_runs; i++) {
		const struct ws_run *run = &report->campaign->run[i];
		const struct ws_background *background = &run->findings.background;

		put_hash(page, run, "run.json", background->manifest_hash);
		put_hash(page, run, "conditions.json", background->conditions_hash);
		for (uint32_t k = 0; k < background->n_traffic; k++)
			put_hash(page, run, background->traffic[k].path, background->traffic[k].content_hash);
		for (uint32_t k = 0; k < run->findings.catalog.n_files; k++)
			put_hash(page, run, run->findings.catalog.file[k].path,
				 run->findings.catalog.file[k].content_hash);
	}
	ws_page_table_end(page);
}

int ws_chapter_runs(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "run", NULL, WS_CELLS_NAME },		{ "conditions", NULL, WS_CELLS_TEXT },
		{ "wirespan", NULL, WS_CELLS_TEXT },	{ "kernel", NULL, WS_CELLS_TEXT },
		{ "machine", NULL, WS_CELLS_TEXT },	{ "CPUs", NULL, WS_CELLS_NUMBER },
		{ "search", "bytes", WS_CELLS_NUMBER }, { "cost of a frame", "ns", WS_CELLS_TEXT },
	};
	struct ws_page *page = &report->page;

	(void)err;
	ws_page_heading(page, 2, "Runs");
	ws_page_paragraph(page,
			  "How each run was made, from its manifest and its conditions. The cost is the in-kernel "
			  "program's own time, as the kernel measured it, for an average frame.");
	ws_page_details_begin(page, "Every run");
	ws_page_table_begin(page, "Runs and their conditions", columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->campaign->n_runs; i++)
		put_run(page, &report->campaign->run[i]);
	ws_page_table_end(page);
	ws_page_details_end(page);
	ws_page_details_begin(page, "Content hashes");
	put_hashes(report);
	ws_page_details_end(page);
	return 0;
}

int ws_chapter_method(struct ws_report *report, struct ws_error *err)
{
	static const char *const item[] = {
		"The same packet at two points has the same TCP sequence number, trace id and span id; the difference "
		"of its "
		"stamps is the latency. Stamps of one node come from one clock; nothing is corrected.",
		"Quantiles are order statistics, x(ceil(q n)), with intervals that assume no distribution; \"n too "
		"small\" "
		"says that none exists. Bands of distribution functions are Dvoretzky-Kiefer-Wolfowitz with Massart's "
		"constant, intervals of rates are Wilson's. All at 95%.",
		"The interval of a mean is Student's, with the number of independent requests that the n are worth "
		"(column "
		"worth): requests that follow one another are alike, and n of them tell less than n. Where they are "
		"worth "
		"too little there is none. The other intervals take n as it is, and so are somewhat too narrow.",
		"Comparisons rest on the shift of the median and, where its interval includes zero, on "
		"Kolmogorov-Smirnov. \"No difference found\" is not \"equal\": the interval says what is not excluded. "
		"Many "
		"comparisons are made here; one in twenty or so will find a difference by chance.",
		"eBPF and packet capture each take time inside what both measure, most of all while both run. The "
		"chapter on "
		"measuring shows how much.",
	};

	(void)err;
	ws_page_heading(&report->page, 2, "Method");
	for (size_t i = 0; i < sizeof(item) / sizeof(*item); i++)
		ws_page_list_item(&report->page, "%s", item[i]);
	return 0;
}
