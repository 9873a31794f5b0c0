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

/* What thresholds in the report are told apart by. */
#define REPORT_BY (WS_BY_FAMILY | WS_BY_FORMAT)

/* Do two points say the same, group by group? */
static bool groups_agree(const struct ws_subject subject[2], const struct ws_spot_groups groups[2])
{
	if (groups[0].n != groups[1].n)
		return false;
	for (uint32_t i = 0; i < groups[0].n; i++) {
		const struct ws_spot_group *a = &groups[0].at[i], *b = &groups[1].at[i];

		if (strcmp(a->family, b->family) || a->http_version != b->http_version ||
		    a->expected_known != b->expected_known || a->n_expected != b->n_expected)
			return false;
		for (int k = 0; k < WS_N_THRESHOLDS; k++) {
			struct ws_threshold left = ws_subject_threshold(&subject[0], a, ws_threshold_percent[k]);
			struct ws_threshold right = ws_subject_threshold(&subject[1], b, ws_threshold_percent[k]);

			if (left.kind != right.kind || (left.kind == WS_THRESHOLD_BYTES && left.bytes != right.bytes))
				return false;
		}
	}
	return true;
}

static void put_group(struct ws_page *page, const struct ws_subject *subject, const struct ws_spot_group *group,
		      const char *point)
{
	char text[WS_THRESHOLD_TEXT_MAX];

	ws_page_cell(page, "%s", subject->label ? subject->label : "this run");
	ws_page_cell(page, "%s", group->family);
	ws_page_cell(page, "HTTP/%u", group->http_version);
	ws_page_cell(page, "%s", ws_source_name(subject->source));
	ws_page_cell(page, "%s", point);
	if (group->expected_known)
		ws_page_cell(page, "%" PRIu64, group->n_expected);
	else
		ws_page_cell(page, "unknown");
	for (int k = 0; k < WS_N_THRESHOLDS; k++) {
		struct ws_threshold threshold = ws_subject_threshold(subject, group, ws_threshold_percent[k]);

		ws_page_cell(page, "%s", ws_subject_threshold_words(subject, &threshold, text));
	}
	ws_page_row_end(page);
}

/* The rows of a probe; points that say the same are told once. 0 or -ENOMEM. */
static int put_offsets_rows(struct ws_page *page, const struct ws_sweep *sweep, const struct ws_probe *probe)
{
	const struct ws_probe *other = find_other_point(sweep, probe);
	struct ws_subject subject[2] = { ws_probe_subject(sweep, probe) };
	struct ws_spot_groups groups[2] = { 0 };
	int rc = ws_subject_groups(&subject[0], REPORT_BY, &groups[0]);
	bool agree = false;

	if (other && !rc) {
		subject[1] = ws_probe_subject(sweep, other);
		rc = ws_subject_groups(&subject[1], REPORT_BY, &groups[1]);
		agree = !rc && groups_agree(subject, groups);
	}
	for (uint32_t i = 0; i < groups[0].n && !rc && !(agree && other < probe); i++)
		put_group(page, &subject[0], &groups[0].at[i], agree ? "both" : probe->point);
	ws_spot_groups_close(&groups[0]);
	ws_spot_groups_close(&groups[1]);
	return rc;
}

/* The probes that are drawn, or the others. 0 or -ENOMEM. */
static int put_offsets(struct ws_report *report, bool drawn)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME },	 { "family", NULL, WS_CELLS_TEXT },
		{ "format", NULL, WS_CELLS_TEXT },	 { "source", NULL, WS_CELLS_TEXT },
		{ "point", NULL, WS_CELLS_TEXT },	 { "contexts", NULL, WS_CELLS_NUMBER },
		{ "for 50%", "bytes", WS_CELLS_NUMBER }, { "for 90%", "bytes", WS_CELLS_NUMBER },
		{ "for 99%", "bytes", WS_CELLS_NUMBER }, { "for 100%", "bytes", WS_CELLS_NUMBER },
	};
	struct ws_page *page = &report->page;
	int rc = 0;

	ws_page_table_begin(page,
			    "How many bytes of a request must be searched for so many of its contexts, by offsets",
			    columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < report->sweep.n && !rc; i++) {
		const struct ws_probe *probe = &report->sweep.probe[i];

		if (!probe->live && probe->drawn == drawn)
			rc = put_offsets_rows(page, &report->sweep, probe);
	}
	ws_page_table_end(page);
	return rc;
}

/* Why no context was found; searches that found one in every request have no row. */
static void put_misses(struct ws_report *report)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME }, { "source", NULL, WS_CELLS_TEXT },
		{ "point", NULL, WS_CELLS_TEXT },      { "searched", "bytes", WS_CELLS_NUMBER },
		{ "reason", NULL, WS_CELLS_TEXT },     { "requests", NULL, WS_CELLS_NUMBER },
		{ "have one", NULL, WS_CELLS_NUMBER },
	};
	struct ws_page *page = &report->page;
	bool begun = false;

	for (uint32_t i = 0; i < report->sweep.n; i++) {
		const struct ws_probe *probe = &report->sweep.probe[i];

		for (int reason = 0; reason < WS_N_MISSES; reason++) {
			const struct ws_miss *miss = &probe->remarks.miss[reason];

			if (!miss->n || !ws_miss_name((uint8_t)reason))
				continue;
			if (!begun) {
				ws_page_details_begin(page, "Requests in which no context was found");
				ws_page_table_begin(
					page,
					"Why none was found, and how many have one as the capture of the same "
					"point knows",
					columns, sizeof(columns) / sizeof(*columns));
			}
			begun = true;
			ws_page_cell(page, "%s", probe->label);
			ws_page_cell(page, "%s", ws_source_name(probe->source));
			ws_page_cell(page, "%s", probe->point);
			if (probe->live)
				ws_page_cell(page, "%u", probe->window);
			else
				ws_page_cell(page, "all");
			ws_page_cell(page, "%s", ws_miss_name((uint8_t)reason));
			ws_page_cell(page, "%" PRIu64, miss->n);
			if (probe->remarks.is_judged)
				ws_page_cell(page, "%" PRIu64, miss->n_with_context);
			else
				ws_page_cell(page, "unknown");
			ws_page_row_end(page);
		}
	}
	if (begun) {
		ws_page_table_end(page);
		ws_page_details_end(page);
	}
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
	rc = put_offsets(report, true);
	ws_page_details_begin(page, "The same of other points, by packet capture, and of runs for latencies");
	rc = rc ? rc : put_offsets(report, false);
	ws_page_details_end(page);
	if (rc)
		return ws_error(err, rc, "%s", strerror(-rc));
	put_misses(report);
	for (uint32_t i = 0; i < report->sweep.n; i++) {
		const struct ws_probe *probe = &report->sweep.probe[i];

		if (probe->n_unread)
			ws_page_warning(page,
					"%s, %s, %s: the records of %" PRIu64
					" requests were lost. They count as not found: the rates are lower bounds.",
					probe->label, probe->point, ws_source_name(probe->source), probe->n_unread);
	}
	if (has_probe(&report->sweep, true)) {
		ws_page_details_begin(page, "Every live search");
		put_live(report);
		ws_page_details_end(page);
	}
	return 0;
}
