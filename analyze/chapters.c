/* SPDX-License-Identifier: BSD-2-Clause */
/* chapters - what the report says of latencies; see report.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/report.h"
#include "analyze/summary.h"

static int write_e2e(const void *content, FILE *out)
{
	return ws_e2e_write_panels(content, out);
}

static int write_bundle(const void *content, FILE *out)
{
	return ws_bundle_write_panels(content, out);
}

/* The row that differs from the other in its layout of headers only. */
static const struct ws_e2e_row *find_layout(const struct ws_e2e *e2e, const struct ws_e2e_row *like,
					    const char *headers)
{
	for (uint32_t i = 0; i < e2e->n; i++) {
		const struct ws_e2e_row *row = &e2e->row[i];

		if (row->sample.n && ws_conditions_is(row->cell->conditions, "headers", headers) &&
		    !strcmp(row->setting, like->setting))
			return row;
	}
	return NULL;
}

/* Says of every original layout how the proposed one compares, all else alike. */
static int tell_layouts(struct ws_report *report, struct ws_error *err)
{
	for (uint32_t i = 0; i < report->e2e.n; i++) {
		const struct ws_e2e_row *original = &report->e2e.row[i], *proposed;
		char words[WS_VERDICT_WORDS_MAX], caution[WS_CAUTION_MAX];
		struct ws_comparison comparison;
		int rc;

		if (!original->sample.n || !ws_conditions_is(original->cell->conditions, "headers", "original"))
			continue;
		proposed = find_layout(&report->e2e, original, "proposed");
		if (!proposed)
			continue;
		rc = ws_compare(original->sample.at, original->sample.n, proposed->sample.at, proposed->sample.n,
				&comparison);
		if (rc)
			return ws_error(err, rc, "%s", strerror(-rc));
		ws_verdict_words(&comparison, WS_UNIT_MS, words, sizeof(words));
		ws_page_list_item(&report->page, "%s, end to end, original headers (A) against proposed (B): %s%s.",
				  original->setting, words,
				  ws_summary_caution(&original->sample, &proposed->sample, WS_UNIT_MS, caution));
	}
	return 0;
}

/* Is there a strand of the same panel and source with nothing beside it? */
static bool has_alone(const struct ws_bundle *bundle, const struct ws_strand *like)
{
	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];

		if (strand != like && strand->source == like->source && strand->way == like->way &&
		    ws_conditions_is(strand->cell->conditions, "attached", ws_source_name(like->source)) &&
		    !strcmp(strand->panel, like->panel))
			return true;
	}
	return false;
}

/* The medians of a method, rx and tx in one sentence, or the only one; where it ran alone, too, only that. */
static void tell_latency(struct ws_report *report, const struct ws_strand *strand)
{
	bool is_rx = strand->way == WS_WAY_RX;
	const struct ws_strand *other = ws_bundle_find(&report->bundle, strand->cell, strand->source,
						       is_rx ? WS_WAY_TX : WS_WAY_RX);
	char text[2][WS_ESTIMATE_MAX];

	if ((other && !is_rx) || has_alone(&report->bundle, strand))
		return;
	ws_summary_estimate(&strand->sample.summary.median, WS_UNIT_US, text[0]);
	if (other)
		ws_page_list_item(&report->page, "%s, median between NIC and vport, by %s: rx %s µs, tx %s µs.",
				  strand->panel, strand->method, text[0],
				  ws_summary_estimate(&other->sample.summary.median, WS_UNIT_US, text[1]));
	else
		ws_page_list_item(&report->page, "%s, median between NIC and vport, by %s: %s %s µs; no %s.",
				  strand->panel, strand->method, ws_way_name(strand->way), text[0],
				  ws_way_name(is_rx ? WS_WAY_TX : WS_WAY_RX));
}

int ws_chapter_overview(struct ws_report *report, struct ws_error *err)
{
	const struct ws_campaign *campaign = report->campaign;
	uint64_t n_frames = 0, n_lost = 0, n_contexts = 0;
	int rc;

	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_findings *findings = &campaign->run[i].findings;

		for (uint32_t k = 0; k < findings->catalog.n_files; k++) {
			if (!findings->wanted[k])
				continue;
			n_frames += findings->catalog.file[k].n_frames;
			n_contexts += findings->catalog.file[k].n_contexts;
			n_lost += ws_tallies_sum(&findings->catalog.file[k].losses);
		}
	}
	ws_page_heading(&report->page, 2, "In short");
	ws_page_paragraph(&report->page,
			  "%u runs (a search or a node recorded at the same time is a run of its own). Their files "
			  "account for %" PRIu64 " frames and hold %" PRIu64
			  " sightings of requests with a context - a packet counts at each point, by "
			  "each method, in each search; %" PRIu64 " records or frames were lost.",
			  campaign->n_runs, n_frames, n_contexts, n_lost);
	if (!ws_audit_all_balance(campaign))
		ws_page_warning(&report->page, "A ledger does not balance: see Accounts.");
	if (campaign->n_orphans)
		ws_page_warning(&report->page,
				"%u runs were recorded beside one that is not here: what they missed is not known.",
				campaign->n_orphans);
	if (campaign->n_unloaded)
		ws_page_warning(&report->page, "%u directories hold a run that was not loaded: it is left out.",
				campaign->n_unloaded);
	rc = tell_layouts(report, err);
	if (!rc)
		ws_tell_detection(report);
	for (uint32_t i = 0; i < report->bundle.n && !rc; i++)
		tell_latency(report, &report->bundle.strand[i]);
	return rc;
}

static void put_summary_cells(struct ws_page *page, const struct ws_sample *sample, struct ws_unit unit)
{
	const struct ws_summary *summary = &sample->summary;
	char number[32], estimate[WS_ESTIMATE_MAX];

	ws_page_cell(page, "%" PRIu64, sample->n);
	ws_page_cell(page, "%.0f", sample->effective_n);
	ws_page_cell(page, "%s", ws_summary_rounds(sample, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_number((double)summary->min / ws_unit_ns(unit), number));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->median, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_mean(sample, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->p90, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->p99, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_number((double)summary->max / ws_unit_ns(unit), number));
}

static int put_schedule(struct ws_report *report, const struct ws_e2e_row *row)
{
	struct ws_page *page = &report->page;

	for (uint32_t i = 0; i < row->cell->n_runs; i++) {
		const struct ws_run *run = &report->campaign->run[row->cell->run[i]];

		for (uint32_t k = 0; k < run->findings.background.n_traffic; k++) {
			struct ws_schedule s;

			if (ws_schedule_tell(&run->findings.background.traffic[k], &s))
				return -ENOMEM;
			ws_page_cell(page, "%s", run->name);
			ws_page_cell(page, "%s", run->findings.background.traffic[k].format);
			ws_page_cell(page, "%" PRIu64, s.n);
			ws_page_cell(page, "%" PRIu64, s.n_bad);
			ws_page_cell(page, "%" PRIu64, s.n_unanswered);
			ws_page_cell(page, "%s", ws_pace_name(ws_schedule_pace(&s)));
			if (s.has_rate)
				ws_page_cell(page, "%.2f", s.rate_per_s);
			else
				ws_page_cell(page, "-");
			if (s.has_gaps) {
				ws_page_cell(page, "%.2f .. %.2f", (double)s.gap_min_ns / 1e6,
					     (double)s.gap_max_ns / 1e6);
				ws_page_cell(page, "%.2f", s.gap_cv);
				ws_page_cell(page, "%" PRIu64, s.in_flight_max);
			}
			ws_page_row_end(page);
		}
	}
	return 0;
}

int ws_chapter_end_to_end(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME }, { "n", NULL, WS_CELLS_NUMBER },
		{ "worth", NULL, WS_CELLS_NUMBER },    { "rounds", NULL, WS_CELLS_TEXT },
		{ "min", "ms", WS_CELLS_NUMBER },      { "median", "ms", WS_CELLS_NUMBER },
		{ "mean", "ms", WS_CELLS_NUMBER },     { "p90", "ms", WS_CELLS_NUMBER },
		{ "p99", "ms", WS_CELLS_NUMBER },      { "max", "ms", WS_CELLS_NUMBER },
	};
	static const struct ws_page_column schedule[] = {
		{ "run", NULL, WS_CELLS_NAME },		 { "log", NULL, WS_CELLS_TEXT },
		{ "requests", NULL, WS_CELLS_NUMBER },	 { "other status", NULL, WS_CELLS_NUMBER },
		{ "unanswered", NULL, WS_CELLS_NUMBER }, { "pace", NULL, WS_CELLS_TEXT },
		{ "rate kept", "1/s", WS_CELLS_NUMBER }, { "gaps", "ms", WS_CELLS_NUMBER },
		{ "CV of gaps", NULL, WS_CELLS_NUMBER }, { "in flight, most", NULL, WS_CELLS_NUMBER },
	};
	char coverage[WS_COVERAGE_MAX];
	const struct ws_figure figure = {
		.name = "report-e2e", .script = "panels", .coverage = coverage, .x_label = "end-to-end latency [ms]"
	};
	struct ws_page *page = &report->page;
	int rc;

	ws_page_heading(page, 2, "End-to-end latency");
	if (!report->e2e.n) {
		ws_page_paragraph(page, "No load log was loaded.");
		return 0;
	}
	ws_page_paragraph(page,
			  "From the request to the end of its answer, as the load generator logged it. Where there "
			  "are runs with nothing attached, the figure shows only those.");
	ws_coverage_e2e(&report->e2e, coverage);
	rc = ws_report_figure(report, &figure, write_e2e, &report->e2e,
			      "Distribution functions of the end-to-end latency, a panel for each set of conditions",
			      "End-to-end latency: distribution functions with their 95% bands.", err);
	if (rc)
		return rc;
	ws_page_table_begin(page, "End-to-end latency, with 95% intervals in brackets; [-]: n is too small for one",
			    columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->e2e.n; i++) {
		ws_page_cell(page, "%s", report->e2e.row[i].label);
		if (report->e2e.row[i].sample.n)
			put_summary_cells(page, &report->e2e.row[i].sample, WS_UNIT_MS);
		else
			ws_page_cell(page, "0");
		ws_page_row_end(page);
	}
	ws_page_table_end(page);
	ws_page_details_begin(page, "The schedule that was kept");
	ws_page_table_begin(page, "Load, as logged", schedule, sizeof(schedule) / sizeof(*schedule));
	for (uint32_t i = 0; i < report->e2e.n; i++) {
		if (put_schedule(report, &report->e2e.row[i]))
			return ws_error(err, -ENOMEM, "out of memory");
	}
	ws_page_table_end(page);
	ws_page_details_end(page);
	return 0;
}

int ws_chapter_latency(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME }, { "measured by", NULL, WS_CELLS_TEXT },
		{ "direction", NULL, WS_CELLS_TEXT },  { "n", NULL, WS_CELLS_NUMBER },
		{ "worth", NULL, WS_CELLS_NUMBER },    { "rounds", NULL, WS_CELLS_TEXT },
		{ "min", "µs", WS_CELLS_NUMBER },      { "median", "µs", WS_CELLS_NUMBER },
		{ "mean", "µs", WS_CELLS_NUMBER },     { "p90", "µs", WS_CELLS_NUMBER },
		{ "p99", "µs", WS_CELLS_NUMBER },      { "max", "µs", WS_CELLS_NUMBER },
	};
	char coverage[WS_COVERAGE_MAX];
	const struct ws_figure figure = {
		.name = "report-cdf", .script = "panels", .coverage = coverage, .x_label = "latency [µs]"
	};
	struct ws_page *page = &report->page;
	int rc;

	ws_page_heading(page, 2, "Latency between NIC and vport");
	if (!report->bundle.n) {
		ws_page_paragraph(page, "No run for latencies has packets that were seen at both points.");
		return 0;
	}
	ws_page_paragraph(page,
			  "rx: from NIC to vport, into the pod. tx: from vport to NIC. The time between the stamps of "
			  "the same packet at both points of a node.");
	ws_coverage_bundle(&report->bundle, coverage);
	rc = ws_report_figure(
		report, &figure, write_bundle, &report->bundle,
		"Distribution functions of the latency between the points, a panel for each direction and "
		"set of conditions",
		"Latency between the tracing points: distribution functions with their 95% bands.", err);
	if (rc)
		return rc;
	ws_page_table_begin(
		page, "Latency between the tracing points, with 95% intervals in brackets; [-]: n is too small for one",
		columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->bundle.n; i++) {
		const struct ws_strand *strand = &report->bundle.strand[i];

		ws_page_cell(page, "%s", strand->panel);
		ws_page_cell(page, "%s", strand->method);
		ws_page_cell(page, "%s", ws_way_name(strand->way));
		put_summary_cells(page, &strand->sample, WS_UNIT_US);
		ws_page_row_end(page);
	}
	ws_page_table_end(page);
	return 0;
}

/* Every cell's same packets, for the figure. */
static int write_agreement(const void *content, FILE *out)
{
	const struct ws_report *report = content;
	int rc = 0;

	fputs("# latency by eBPF minus latency by pcap over their mean, the same packets\n"
	      "# panel\tkind\tmean_us\tdifference_us\n",
	      out);
	for (uint32_t i = 0; i < report->bundle.n && !rc; i++) {
		const struct ws_strand *strand = &report->bundle.strand[i];
		struct ws_same_packets same;
		char panel[2 * WS_LABEL_MAX];

		if (strand->source != WS_SOURCE_EBPF)
			continue;
		rc = ws_same_packets_open(report->campaign, strand->cell, strand->way, false, &same);
		if (rc)
			return rc;
		snprintf(panel, sizeof(panel), "%s, %s", ws_way_name(strand->way), strand->panel);
		rc = same.n ? ws_same_packets_write(&same, panel, out) : 0;
		ws_same_packets_close(&same);
	}
	return rc;
}

static void put_agreement(struct ws_page *page, const struct ws_strand *strand, const struct ws_same_packets *same)
{
	const struct ws_bland_altman *a = &same->agreement;

	ws_page_cell(page, "%s", strand->panel);
	ws_page_cell(page, "%s", ws_way_name(strand->way));
	ws_page_cell(page, "%" PRIu64, same->n);
	if (a->median.has_interval)
		ws_page_cell(page, "%.3f [%.3f, %.3f]", (double)a->median.ns / 1000, (double)a->median.low_ns / 1000,
			     (double)a->median.high_ns / 1000);
	else
		ws_page_cell(page, "%.3f [-]", (double)a->median.ns / 1000);
	ws_page_cell(page, "%.3f .. %.3f", (double)a->p025.ns / 1000, (double)a->p975.ns / 1000);
	ws_page_cell(page, "%.3f", a->bias.ns / 1000);
	if (a->has_spread)
		ws_page_cell(page, "%.3f .. %.3f", a->lower.ns / 1000, a->upper.ns / 1000);
	ws_page_row_end(page);
}

int ws_chapter_agreement(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME },
		{ "direction", NULL, WS_CELLS_TEXT },
		{ "packets", NULL, WS_CELLS_NUMBER },
		{ "median difference", "µs", WS_CELLS_NUMBER },
		{ "95% of them lie in", "µs", WS_CELLS_NUMBER },
		{ "mean difference", "µs", WS_CELLS_NUMBER },
		{ "limits of agreement, if normal", "µs", WS_CELLS_NUMBER },
	};
	const struct ws_figure figure = { .name = "report-agreement", .script = "agreement", .coverage = "" };
	struct ws_page *page = &report->page;
	bool begun = false;
	int rc = 0;

	for (uint32_t i = 0; i < report->bundle.n && !rc; i++) {
		const struct ws_strand *strand = &report->bundle.strand[i];
		struct ws_same_packets same;

		if (strand->source != WS_SOURCE_EBPF)
			continue;
		rc = ws_same_packets_open(report->campaign, strand->cell, strand->way, false, &same);
		if (rc)
			return ws_error(err, rc, "%s", strerror(-rc));
		if (same.n && !begun) {
			ws_page_heading(page, 2, "eBPF against packet capture, packet by packet");
			ws_page_paragraph(
				page,
				"Latency by eBPF minus latency by packet capture, of the same packets "
				"(Bland-Altman). Two curves can look alike while their packets disagree; here each "
				"packet is compared with itself. Both ran at the same time, so that what "
				"each adds is in both.");
			rc = ws_report_figure(report, &figure, write_agreement, report,
					      "Differences of the two methods over their mean, packet by packet",
					      "A dot a packet, 1000 of them at most; lines: median, and percentiles "
					      "2.5 and 97.5 of all.",
					      err);
			ws_page_table_begin(page, "eBPF minus packet capture, the same packets", columns,
					    sizeof(columns) / sizeof(*columns));
			begun = true;
		}
		if (same.n)
			put_agreement(page, strand, &same);
		ws_same_packets_close(&same);
	}
	if (begun)
		ws_page_table_end(page);
	return rc;
}
