/* SPDX-License-Identifier: BSD-2-Clause */
/* searches - what the report says of detection; see report.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/coverage.h"
#include "analyze/report.h"

static int write_sweep(const void *content, FILE *out)
{
	return ws_sweep_write_panels(content, out);
}

/* The probe of the cell's and source's other point; NULL if there is none, or more than one. */
static const struct ws_probe *find_other_point(const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	const struct ws_probe *found = NULL;

	for (uint32_t i = 0; i < sweep->n; i++) {
		const struct ws_probe *other = &sweep->probe[i];

		if (other == probe || other->cell != probe->cell || other->source != probe->source)
			continue;
		if (found)
			return NULL;
		found = other;
	}
	return found;
}

/* What must be searched, by the offsets of the whole head; both points of a node in one sentence where they agree. */
static void tell_probe(struct ws_report *report, const struct ws_probe *probe)
{
	uint32_t all = ws_probe_bytes_for(probe, 100), half = ws_probe_bytes_for(probe, 50);
	const struct ws_probe *other = find_other_point(&report->sweep, probe);
	bool agree = other && ws_probe_bytes_for(other, 100) == all && ws_probe_bytes_for(other, 50) == half &&
		     other->n_expected == probe->n_expected;

	if (probe->live || !all || !probe->drawn || (agree && other < probe))
		return;
	ws_page_list_item(&report->page,
			  "%s, at %s: half of the contexts end within %u bytes of the request, all %" PRIu64
			  " within %u.",
			  probe->label, agree ? "both points" : probe->point, half, probe->n_expected, all);
}

void ws_tell_detection(struct ws_report *report)
{
	for (uint32_t i = 0; i < report->sweep.n; i++)
		tell_probe(report, &report->sweep.probe[i]);
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

		if (!probe->live && probe->drawn == drawn)
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
		if (probe->offsets != WS_NO_PROBE) {
			said = ws_probe_rate(&report->sweep.probe[probe->offsets], probe->window);
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
