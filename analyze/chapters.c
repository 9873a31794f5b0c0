/* SPDX-License-Identifier: BSD-2-Clause */
/* chapters - what the report says of latencies and detection; see report.h. */
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

static int write_sweep(const void *content, FILE *out)
{
	return ws_sweep_write_panels(content, out);
}

static int write_bundle(const void *content, FILE *out)
{
	return ws_bundle_write_panels(content, out);
}

/* The row that a figure would draw of the panel's other layout of headers: with as little attached. */
static const struct ws_e2e_row *find_layout(const struct ws_e2e *e2e, const struct ws_e2e_row *like,
					    const char *headers)
{
	static const char *const layout[] = { "headers", NULL };

	for (uint32_t i = 0; i < e2e->n; i++) {
		const struct ws_e2e_row *row = &e2e->row[i];

		if (row->sample.n && ws_conditions_is(row->cell->conditions, "headers", headers) &&
		    ws_cells_alike(row->cell, like->cell, layout))
			return row;
	}
	return NULL;
}

/* Calls tell for every original layout beside its proposed one, nothing attached. */
static int each_layout_pair(struct ws_report *report,
			    void (*tell)(struct ws_report *report, const struct ws_e2e_row *original,
					 const struct ws_e2e_row *proposed, const struct ws_comparison *comparison),
			    struct ws_error *err)
{
	for (uint32_t i = 0; i < report->e2e.n; i++) {
		const struct ws_e2e_row *original = &report->e2e.row[i], *proposed;
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
		tell(report, original, proposed, &comparison);
	}
	return 0;
}

static void tell_layouts(struct ws_report *report, const struct ws_e2e_row *original, const struct ws_e2e_row *proposed,
			 const struct ws_comparison *comparison)
{
	char words[WS_VERDICT_WORDS_MAX];

	(void)proposed;
	ws_verdict_words(comparison, WS_UNIT_MS, words, sizeof(words));
	ws_page_list_item(&report->page, "%s, end to end, original headers (A) against proposed (B): %s.",
			  original->panel, words);
}

/* The same probe at the node's other point, or NULL. */
static const struct ws_probe *find_other_point(const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *other = &sweep->probe[i];

		if (other != probe && other->cell == probe->cell && other->source == probe->source)
			return other;
	}
	return NULL;
}

/* What must be searched, by the offsets of the whole head; both points of a node in one sentence where they agree. */
static void tell_detection(struct ws_report *report, const struct ws_probe *probe)
{
	uint32_t all = ws_probe_bytes_for(probe, 100), half = ws_probe_bytes_for(probe, 50);
	const struct ws_probe *other = find_other_point(&report->sweep, probe);
	bool agree = other && ws_probe_bytes_for(other, 100) == all && ws_probe_bytes_for(other, 50) == half &&
		     other->n_expected == probe->n_expected;

	if (probe->live || !all || !ws_probe_is_drawn(&report->sweep, probe) || (agree && other < probe))
		return;
	ws_page_list_item(&report->page,
			  "%s, at %s: half of the contexts end within %u bytes of the request, all %" PRIu64
			  " within %u.",
			  probe->label, agree ? "both points" : probe->point, half, probe->n_expected, all);
}

/* Is there a strand like this one, by the same source, with nothing beside it? */
static bool has_alone(const struct ws_bundle *bundle, const struct ws_strand *like)
{
	static const char *const watch_keys[] = { "attached", "search_bytes", NULL };

	for (uint32_t i = 0; i < bundle->n; i++) {
		const struct ws_strand *strand = &bundle->strand[i];

		if (strand != like && strand->source == like->source && strand->way == like->way &&
		    ws_conditions_is(strand->cell->conditions, "attached", ws_source_name(like->source)) &&
		    ws_cells_alike(strand->cell, like->cell, watch_keys))
			return true;
	}
	return false;
}

/* The medians of a method, rx and tx in one sentence; where it ran alone, too, only that. */
static void tell_latency(struct ws_report *report, const struct ws_strand *rx)
{
	const struct ws_strand *tx = ws_bundle_find(&report->bundle, rx->cell, rx->source, WS_WAY_TX);
	char method[WS_LABEL_MAX], text[2][WS_ESTIMATE_MAX];

	if (rx->way != WS_WAY_RX || !tx || has_alone(&report->bundle, rx))
		return;
	ws_strand_method(rx, method);
	ws_page_list_item(&report->page, "%s, median between NIC and vport, by %s: rx %s µs, tx %s µs.", rx->panel,
			  method, ws_summary_estimate(&rx->sample.summary.median, WS_UNIT_US, text[0]),
			  ws_summary_estimate(&tx->sample.summary.median, WS_UNIT_US, text[1]));
}

int ws_chapter_overview(struct ws_report *report, struct ws_error *err)
{
	const struct ws_campaign *campaign = report->campaign;
	uint64_t n_frames = 0, n_lost = 0, n_contexts = 0;
	int rc;

	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		const struct ws_catalog *catalog = &campaign->run[i].findings.catalog;

		for (uint32_t k = 0; k < catalog->n_files; k++) {
			n_frames += catalog->file[k].n_frames;
			n_contexts += catalog->file[k].n_contexts;
			n_lost += ws_tallies_sum(&catalog->file[k].losses);
		}
	}
	ws_page_heading(&report->page, 2, "In short");
	ws_page_paragraph(&report->page,
			  "%u runs under %u sets of conditions. %" PRIu64 " frames passed the tracing points, %" PRIu64
			  " requests with a tracing context were seen at one; %" PRIu64 " records or frames were lost.",
			  campaign->n_runs, campaign->n_cells, n_frames, n_contexts, n_lost);
	if (!ws_audit_all_balance(campaign))
		ws_page_warning(&report->page, "A ledger does not balance: see Accounts.");
	if (campaign->n_unloaded)
		ws_page_warning(&report->page, "%u directories hold a run that was not loaded: it is left out.",
				campaign->n_unloaded);
	rc = each_layout_pair(report, tell_layouts, err);
	for (uint32_t i = 0; i < report->sweep.n && !rc; i++)
		tell_detection(report, &report->sweep.probe[i]);
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
	ws_page_cell(page, "%s", ws_summary_number((double)summary->min / ws_unit_ns(unit), number));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->median, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_mean(sample, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->p90, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->p99, unit, estimate));
	ws_page_cell(page, "%s", ws_summary_number((double)summary->max / ws_unit_ns(unit), number));
}

static void put_schedule(struct ws_report *report, const struct ws_e2e_row *row)
{
	struct ws_page *page = &report->page;

	for (uint32_t i = 0; i < row->cell->n_runs; i++) {
		const struct ws_run *run = &report->campaign->run[row->cell->run[i]];

		for (uint32_t k = 0; k < run->findings.background.n_traffic; k++) {
			struct ws_schedule s;

			if (ws_schedule_tell(&run->findings.background.traffic[k], &s))
				continue;
			ws_page_cell(page, "%s", run->name);
			ws_page_cell(page, "%s", run->findings.background.traffic[k].format);
			ws_page_cell(page, "%" PRIu64, s.n);
			ws_page_cell(page, "%" PRIu64, s.n_bad);
			ws_page_cell(page, "%" PRIu64, s.n_unanswered);
			ws_page_cell(page, "%s", ws_pace_name(ws_schedule_pace(&s)));
			if (s.has_gaps) {
				ws_page_cell(page, "%.2f", s.rate_per_s);
				ws_page_cell(page, "%.2f .. %.2f", (double)s.gap_min_ns / 1e6,
					     (double)s.gap_max_ns / 1e6);
				ws_page_cell(page, "%.2f", s.gap_cv);
				ws_page_cell(page, "%" PRIu64, s.in_flight_max);
			}
			ws_page_row_end(page);
		}
	}
}

int ws_chapter_end_to_end(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME }, { "n", NULL, WS_CELLS_NUMBER },
		{ "worth", NULL, WS_CELLS_NUMBER },    { "min", "ms", WS_CELLS_NUMBER },
		{ "median", "ms", WS_CELLS_NUMBER },   { "mean", "ms", WS_CELLS_NUMBER },
		{ "p90", "ms", WS_CELLS_NUMBER },      { "p99", "ms", WS_CELLS_NUMBER },
		{ "max", "ms", WS_CELLS_NUMBER },
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
	for (uint32_t i = 0; i < report->e2e.n; i++)
		put_schedule(report, &report->e2e.row[i]);
	ws_page_table_end(page);
	ws_page_details_end(page);
	return 0;
}

/* A rate with its interval, in percent. */
static void put_rate(struct ws_page *page, const struct ws_detection_rate *rate)
{
	if (rate->has_rate)
		ws_page_cell(page, "%.1f [%.1f, %.1f]", 100 * rate->rate.rate, 100 * rate->rate.low,
			     100 * rate->rate.high);
	else
		ws_page_cell(page, "unknown");
}

/* A row of the table of offsets; points that say the same are one row. */
static void put_offsets_row(struct ws_page *page, const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	static const uint32_t percent[] = { 50, 90, 99, 100 };
	const struct ws_probe *other = find_other_point(sweep, probe);
	bool agree = other && other->n_expected == probe->n_expected && other->expected_known == probe->expected_known;

	for (int k = 0; k < 4 && agree; k++)
		agree = ws_probe_bytes_for(other, percent[k]) == ws_probe_bytes_for(probe, percent[k]);
	if (agree && other < probe)
		return;
	ws_page_cell(page, "%s", probe->label);
	ws_page_cell(page, "%s", ws_source_name(probe->source));
	ws_page_cell(page, "%s", agree ? "both" : probe->point);
	if (probe->expected_known)
		ws_page_cell(page, "%" PRIu64, probe->n_expected);
	else
		ws_page_cell(page, "unknown");
	for (int k = 0; k < 4; k++) {
		uint32_t n = ws_probe_bytes_for(probe, percent[k]);

		if (n)
			ws_page_cell(page, "%u", n);
		else
			ws_page_cell(page, "-");
	}
	ws_page_row_end(page);
}

/* The probes that are drawn, or the others. */
static void put_offsets(struct ws_report *report, bool drawn)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME },	 { "source", NULL, WS_CELLS_TEXT },
		{ "point", NULL, WS_CELLS_TEXT },	 { "contexts", NULL, WS_CELLS_NUMBER },
		{ "for 50%", "bytes", WS_CELLS_NUMBER }, { "for 90%", "bytes", WS_CELLS_NUMBER },
		{ "for 99%", "bytes", WS_CELLS_NUMBER }, { "for 100%", "bytes", WS_CELLS_NUMBER },
	};
	struct ws_page *page = &report->page;

	ws_page_table_begin(page,
			    "How many bytes of a request must be searched for so many of its contexts, by offsets",
			    columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->sweep.n; i++) {
		const struct ws_probe *probe = &report->sweep.probe[i];

		if (!probe->live && ws_probe_is_drawn(&report->sweep, probe) == drawn)
			put_offsets_row(page, &report->sweep, probe);
	}
	ws_page_table_end(page);
}

static void put_live(struct ws_report *report)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME },	  { "point", NULL, WS_CELLS_TEXT },
		{ "searched", "bytes", WS_CELLS_NUMBER }, { "contexts", NULL, WS_CELLS_NUMBER },
		{ "found live", "%", WS_CELLS_NUMBER },	  { "by offsets", "%", WS_CELLS_NUMBER },
	};
	struct ws_page *page = &report->page;

	ws_page_table_begin(page, "Live searches, and what the offsets say of that many bytes", columns,
			    sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->sweep.n; i++) {
		const struct ws_probe *probe = &report->sweep.probe[i];
		const struct ws_probe *offsets = ws_probe_offsets(&report->sweep, probe);
		struct ws_detection_rate live = ws_probe_rate(probe, probe->window), said;

		if (!probe->live)
			continue;
		ws_page_cell(page, "%s", probe->label);
		ws_page_cell(page, "%s", probe->point);
		ws_page_cell(page, "%u", probe->window);
		if (probe->expected_known)
			ws_page_cell(page, "%" PRIu64, probe->n_expected);
		else
			ws_page_cell(page, "unknown");
		put_rate(page, &live);
		if (offsets) {
			said = ws_probe_rate(offsets, probe->window);
			put_rate(page, &said);
		} else {
			ws_page_cell(page, "-");
		}
		ws_page_row_end(page);
	}
	ws_page_table_end(page);
}

/* Is there a probe with a known rate, or a live one? */
static bool has_probe(const struct ws_sweep *sweep, bool live)
{
	for (uint32_t i = 0; i < sweep->n; i++) {
		if (live ? sweep->probe[i].live : ws_probe_rate(&sweep->probe[i], 0).has_rate)
			return true;
	}
	return false;
}

int ws_chapter_detection(struct ws_report *report, struct ws_error *err)
{
	char coverage[WS_COVERAGE_MAX];
	const struct ws_figure figure = { .name = "report-detect", .script = "sweep", .coverage = coverage };
	struct ws_page *page = &report->page;
	int rc = 0;

	ws_page_heading(page, 2, "Detection");
	if (!report->sweep.n) {
		ws_page_paragraph(page, "No records and no captures were loaded.");
		return 0;
	}
	ws_page_paragraph(
		page, "Of the requests that carry a tracing context, the part whose trace id and span id lie within "
		      "the first N bytes. The lines come from the offsets that a search of the whole head recorded; "
		      "the marks are live searches in the kernel that ended after N bytes.");
	ws_coverage_sweep(&report->sweep, coverage);
	if (has_probe(&report->sweep, false))
		rc = ws_report_figure(report, &figure, write_sweep, &report->sweep,
				      "Detection rate over the bytes searched, a panel for each set of conditions",
				      "Detection rate over the bytes searched, with Wilson's 95% intervals.", err);
	if (rc)
		return rc;
	put_offsets(report, true);
	ws_page_details_begin(page, "The same of other points, by packet capture, and of runs for latencies");
	put_offsets(report, false);
	ws_page_details_end(page);
	if (has_probe(&report->sweep, true)) {
		ws_page_details_begin(page, "Every live search");
		put_live(report);
		ws_page_details_end(page);
	}
	return 0;
}

int ws_chapter_latency(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME }, { "measured by", NULL, WS_CELLS_TEXT },
		{ "direction", NULL, WS_CELLS_TEXT },  { "n", NULL, WS_CELLS_NUMBER },
		{ "worth", NULL, WS_CELLS_NUMBER },    { "min", "µs", WS_CELLS_NUMBER },
		{ "median", "µs", WS_CELLS_NUMBER },   { "mean", "µs", WS_CELLS_NUMBER },
		{ "p90", "µs", WS_CELLS_NUMBER },      { "p99", "µs", WS_CELLS_NUMBER },
		{ "max", "µs", WS_CELLS_NUMBER },
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
		char method[WS_LABEL_MAX];

		ws_strand_method(strand, method);
		ws_page_cell(page, "%s", strand->panel);
		ws_page_cell(page, "%s", method);
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
					      "A dot a packet; lines: median, and percentiles 2.5 and 97.5.", err);
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
