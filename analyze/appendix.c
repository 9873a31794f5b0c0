/* SPDX-License-Identifier: BSD-2-Clause */
/* appendix - what the report says of the accounts, the runs and the method; see report.h. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "analyze/report.h"

/* Says of a file what became of its frames: "no_payload 320, context_b3 160". */
static void put_reasons(struct ws_page *page, const struct ws_tallies *reasons)
{
	char text[1024] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < reasons->n && n < sizeof(text); i++) {
		if (reasons->at[i].n)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %" PRIu64, n ? ", " : "",
					      reasons->at[i].name, reasons->at[i].n);
	}
	ws_page_cell(page, "%s", text);
}

static void put_account(struct ws_page *page, const struct ws_run *run, uint32_t index, struct ws_sent sent)
{
	const struct ws_file *file = &run->findings.catalog.file[index];

	ws_page_cell(page, "%s", run->name);
	ws_page_cell(page, "%s", ws_source_name(file->source));
	ws_page_cell(page, "%s", file->point);
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
	put_reasons(page, &file->reasons);
	ws_page_row_end(page);
}

/* How many requests of the load were seen at no point that searched the whole head, over all such files. */
static uint64_t count_unseen(const struct ws_campaign *campaign, uint64_t *n_files)
{
	uint64_t n_unseen = 0;

	*n_files = 0;
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_findings *findings = &campaign->run[i].findings;
		struct ws_sent sent = ws_audit_sent(campaign, &campaign->run[i]);

		for (uint32_t k = 0; k < findings->catalog.n_files && sent.known; k++) {
			if (findings->catalog.file[k].n_requests != findings->catalog.file[k].n_contexts)
				continue;
			(*n_files)++;
			if (sent.n_answered > findings->n_traces[k])
				n_unseen += sent.n_answered - findings->n_traces[k];
		}
	}
	return n_unseen;
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
	uint64_t n_files, n_unseen = count_unseen(campaign, &n_files);

	(void)err;
	ws_page_heading(page, 2, "Accounts");
	ws_page_paragraph(
		page,
		"Every frame that passed a point is counted under one reason; the reasons add up to the frames. "
		"Answered: requests of the load that got an answer. Traces: different trace ids seen at the "
		"point: one a request, where only the load carries contexts. Unmatched: sightings, of both points "
		"of the run, without a partner at the other.");
	if (n_files)
		ws_page_paragraph(page,
				  "In the %" PRIu64 " files in which every request carries its context, %" PRIu64
				  " answered requests of the loads were not seen.",
				  n_files, n_unseen);
	ws_page_details_begin(page, "Every file");
	ws_page_table_begin(page, "The account of every file", columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_run *run = &campaign->run[i];
		struct ws_sent sent = ws_audit_sent(campaign, run);

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
static void put_cost(struct ws_page *page, const json_t *manifest)
{
	const json_t *points = json_object_get(manifest, "points");
	char text[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(points) && n < sizeof(text); i++) {
		const json_t *point = json_array_get(points, i), *cost = member(point, "ebpf", "bpf_ns_per_frame");
		const char *name = json_string_value(json_object_get(point, "name"));

		if (json_is_number(cost) && name)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %.0f", n ? ", " : "", name,
					      json_number_value(cost));
	}
	ws_page_cell(page, "%s", *text ? text : "-");
}

static void put_run(struct ws_page *page, const struct ws_run *run)
{
	const struct ws_conditions *conditions = &run->findings.background.conditions;
	const char *text = run->findings.background.manifest_json;
	json_t *manifest = text ? json_loads(text, 0, NULL) : NULL;
	char words[1024] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < conditions->n && n < sizeof(words); i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s=%s", n ? ", " : "", conditions->at[i].key,
				      conditions->at[i].value);
	ws_page_cell(page, "%s", run->name);
	ws_page_cell(page, "%s", words);
	put_text(page, member(manifest, "wirespan", "version"));
	put_text(page, member(manifest, "host", "kernel"));
	put_text(page, member(manifest, "host", "machine"));
	put_text(page, member(manifest, "host", "n_cpus"));
	put_text(page, member(manifest, "configuration", "search_bytes"));
	put_cost(page, manifest);
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
