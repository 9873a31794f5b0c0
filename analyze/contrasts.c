/* SPDX-License-Identifier: BSD-2-Clause */
/* contrasts - what the report sets side by side: ways of measuring, published and measured; see report.h. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/overhead/toll.h"
#include "analyze/report.h"
#include "analyze/summary.h"

/* Overlays that have a column of their own. */
#define OVERLAYS_MAX 8

/* Room for a measured value in words. */
#define MEASURED_MAX 160

static void put_median(struct ws_page *page, const struct ws_sample *sample, struct ws_unit unit)
{
	char estimate[WS_ESTIMATE_MAX];

	if (sample && sample->n)
		ws_page_cell(page, "%s", ws_summary_estimate(&sample->summary.median, unit, estimate));
	else
		ws_page_cell(page, "-");
}

/* Is there another watch with the same attached? */
static bool has_twin(const struct ws_vigil *vigil, const struct ws_watch *watch)
{
	for (uint32_t i = 0; i < vigil->n; i++) {
		if (&vigil->watch[i] != watch && !strcmp(vigil->watch[i].attached, watch->attached))
			return true;
	}
	return false;
}

static void put_watch(struct ws_page *page, const struct ws_vigil *vigil, const struct ws_watch *watch)
{
	const char *search_bytes = ws_conditions_get(watch->cell->conditions, "search_bytes");
	char words[64];

	ws_condition_words("attached", watch->attached, words, sizeof(words));
	if (has_twin(vigil, watch))
		ws_page_cell(page, "%s, %s bytes", words, search_bytes ? search_bytes : "unknown");
	else
		ws_page_cell(page, "%s", words);
	put_median(page, watch->end_to_end ? &watch->end_to_end->sample : NULL, WS_UNIT_MS);
	for (int way = 0; way < WS_N_WAYS; way++) {
		for (int source = 0; source < WS_N_SOURCES; source++) {
			const struct ws_strand *strand = watch->strand[source][way];

			put_median(page, strand ? &strand->sample : NULL, WS_UNIT_US);
		}
	}
	ws_page_row_end(page);
}

/* Says what one way of measuring adds to what a source sees, if the vigil has both. */
static int tell_change(struct ws_page *page, const struct ws_vigil *vigil, enum ws_source source, const char *without,
		       const char *with, const char *words)
{
	const struct ws_watch *a = ws_vigil_find(vigil, without), *b = ws_vigil_find(vigil, with);

	for (int way = 0; way < WS_N_WAYS && a && b; way++) {
		const struct ws_strand *left = a->strand[source][way], *right = b->strand[source][way];
		struct ws_comparison comparison;
		char verdict[WS_VERDICT_WORDS_MAX], caution[WS_CAUTION_MAX];

		if (!left || !right)
			continue;
		if (ws_compare(left->sample.at, left->sample.n, right->sample.at, right->sample.n, &comparison))
			return -ENOMEM;
		ws_verdict_words(&comparison, WS_UNIT_US, verdict, sizeof(verdict));
		ws_page_list_item(page, "%s, %s: %s%s.", ws_way_name(way), words, verdict,
				  ws_summary_caution(&left->sample, &right->sample, WS_UNIT_US, caution));
	}
	return 0;
}

static int tell_vigil(struct ws_page *page, const struct ws_vigil *vigil)
{
	const struct ws_watch *bare = ws_vigil_find(vigil, "none");
	int rc;

	for (uint32_t i = 0; i < vigil->n; i++) {
		const struct ws_watch *watch = &vigil->watch[i];
		char verdict[WS_VERDICT_WORDS_MAX], words[64], caution[WS_CAUTION_MAX];

		if (!watch->has_shift)
			continue;
		ws_condition_words("attached", watch->attached, words, sizeof(words));
		ws_verdict_words(&watch->shift, WS_UNIT_MS, verdict, sizeof(verdict));
		ws_page_list_item(
			page, "End to end, nothing attached (A) against %s (B): %s%s.", words, verdict,
			ws_summary_caution(&bare->end_to_end->sample, &watch->end_to_end->sample, WS_UNIT_MS, caution));
	}
	rc = tell_change(page, vigil, WS_SOURCE_EBPF, "ebpf", "both",
			 "by eBPF alone (A) against with pcap beside it (B)");
	rc = rc ? rc
		: tell_change(page, vigil, WS_SOURCE_PCAP, "pcap", "both",
			      "by pcap alone (A) against with eBPF beside it (B)");
	rc = rc ? rc
		: tell_change(page, vigil, WS_SOURCE_EBPF, "ebpf", "wakeup",
			      "by eBPF with the reader asleep (A) against the reader woken at every record (B)");
	return rc;
}

int ws_chapter_observer(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "attached", NULL, WS_CELLS_NAME },	 { "end to end", "ms", WS_CELLS_NUMBER },
		{ "rx by eBPF", "µs", WS_CELLS_NUMBER }, { "rx by pcap", "µs", WS_CELLS_NUMBER },
		{ "tx by eBPF", "µs", WS_CELLS_NUMBER }, { "tx by pcap", "µs", WS_CELLS_NUMBER },
	};
	struct ws_page *page = &report->page;

	if (!report->observer.n)
		return 0;
	ws_page_heading(page, 2, "What measuring does to the measured");
	ws_page_paragraph(page,
			  "The same load, watched in different ways. A method that runs beside another is inside the "
			  "other's interval too: that both agree does not show that neither disturbs. Medians with "
			  "their 95%% intervals; runs that follow one another on one machine also differ by "
			  "chance of the hour, which no interval here holds.");
	for (uint32_t i = 0; i < report->observer.n; i++) {
		const struct ws_vigil *vigil = &report->observer.vigil[i];

		ws_page_heading(page, 3, vigil->label);
		ws_page_table_begin(page, "Medians by what was attached", columns, sizeof(columns) / sizeof(*columns));
		for (uint32_t k = 0; k < vigil->n; k++)
			put_watch(page, vigil, &vigil->watch[k]);
		ws_page_table_end(page);
		if (tell_vigil(page, vigil))
			return ws_error(err, -ENOMEM, "out of memory");
	}
	return 0;
}

int ws_chapter_overhead(struct ws_report *report, struct ws_error *err)
{
	return ws_toll_put(report->campaign, &report->page) ? ws_error(err, -ENOMEM, "out of memory") : 0;
}

/* Has the cell what the published number was measured under? "-" asks for nothing. */
static bool fits(const struct ws_cell *cell, const struct ws_published_row *row, const char *overlay)
{
	const char *headers = row->text[WS_PUBLISHED_HEADERS], *rate = row->text[WS_PUBLISHED_RATE];

	return (!strcmp(headers, "-") || ws_conditions_is(cell->conditions, "headers", headers)) &&
	       (!strcmp(rate, "-") || ws_conditions_is(cell->conditions, "rate_per_s", rate)) &&
	       (!overlay || ws_conditions_is(cell->conditions, "overlay", overlay));
}

/* The statistic that the row names, in ns. false: it is none that is measured. */
static bool statistic(const struct ws_sample *sample, const char *name, double *ns)
{
	const struct ws_summary *summary = &sample->summary;
	const struct {
		const char *name;
		double ns;
	} all[] = {
		{ "min", (double)summary->min },
		{ "median", (double)summary->median.value },
		{ "mean", summary->mean },
		{ "max", (double)summary->max },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!strcmp(all[i].name, name)) {
			*ns = all[i].ns;
			return true;
		}
	}
	return false;
}

/* End to end: with as little attached as there is; cells come in that order. */
static bool measure_end_to_end(const struct ws_report *report, const struct ws_published_row *row, const char *overlay,
			       double *ns)
{
	for (uint32_t i = 0; i < report->e2e.n; i++) {
		const struct ws_e2e_row *measured = &report->e2e.row[i];

		if (measured->sample.n && fits(measured->cell, row, overlay))
			return statistic(&measured->sample, row->text[WS_PUBLISHED_STATISTIC], ns);
	}
	return false;
}

/* Between the points: by eBPF, with what the paper had attached, which is both. */
static bool measure_overlay(const struct ws_report *report, const struct ws_published_row *row, const char *overlay,
			    double *ns)
{
	for (uint32_t i = 0; i < report->bundle.n; i++) {
		const struct ws_strand *strand = &report->bundle.strand[i];

		if (strand->source == WS_SOURCE_EBPF && fits(strand->cell, row, overlay) &&
		    ws_conditions_is(strand->cell->conditions, "attached", "both") &&
		    !strcmp(ws_way_name(strand->way), row->text[WS_PUBLISHED_DIRECTION]))
			return statistic(&strand->sample, row->text[WS_PUBLISHED_STATISTIC], ns);
	}
	return false;
}

/* Detection: the lowest rate in the figure, by a live search of that many bytes if there is one, else by offsets. */
static bool measure_detection(const struct ws_report *report, const struct ws_published_row *row, const char *overlay,
			      double *rate)
{
	uint32_t search_bytes = (uint32_t)strtoul(row->text[WS_PUBLISHED_SEARCH], NULL, 10);
	bool known = false, live = false;

	for (uint32_t i = 0; i < report->sweep.n; i++) {
		const struct ws_probe *probe = &report->sweep.probe[i];
		struct ws_detection_rate measured = ws_probe_rate(probe, search_bytes);

		if (!measured.has_rate || !probe->drawn || !fits(probe->cell, row, overlay) ||
		    (probe->live && probe->window != search_bytes) || (live && !probe->live))
			continue;
		if (!known || (probe->live && !live) || measured.rate.rate < *rate)
			*rate = measured.rate.rate;
		known = true;
		live = probe->live;
	}
	return known;
}

/* Writes the measured value, and how it stands to the published one; "-" if nothing was measured. */
static void measure(const struct ws_report *report, const struct ws_published_row *row, const char *overlay,
		    char text[MEASURED_MAX])
{
	const char *quantity = row->text[WS_PUBLISHED_QUANTITY], *unit = row->text[WS_PUBLISHED_UNIT];
	bool is_less = !strcmp(row->text[WS_PUBLISHED_RELATION], "<");
	double value, in_unit;
	char number[32];

	snprintf(text, MEASURED_MAX, "-");
	if (!strcmp(quantity, "detection_rate")) {
		if (!measure_detection(report, row, overlay, &value))
			return;
		snprintf(text, MEASURED_MAX, "%.1f%% (%s)", 100 * value,
			 (is_less ? value < row->value : fabs(value - row->value) < 0.0005) ? "as published"
											    : "not as published");
		return;
	}
	if (!strcmp(quantity, "e2e_latency")
		    ? !measure_end_to_end(report, row, overlay, &value)
		    : strcmp(quantity, "overlay_latency") || !measure_overlay(report, row, overlay, &value))
		return;
	in_unit = value / (!strcmp(unit, "ms") ? 1e6 : 1e3);
	snprintf(text, MEASURED_MAX, "%s (%.2f times)", ws_summary_number(in_unit, number),
		 row->value > 0 ? in_unit / row->value : NAN);
}

/* The different values that the campaign's runs have for the overlay; without any: one, NULL, that asks for nothing. */
static uint32_t list_overlays(const struct ws_campaign *campaign, const char *overlay[OVERLAYS_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < campaign->n_cells; i++) {
		const char *value = ws_conditions_get(campaign->cell[i].conditions, "overlay");
		uint32_t k = 0;

		while (k < n && value && strcmp(overlay[k], value))
			k++;
		if (value && k == n && n < OVERLAYS_MAX)
			overlay[n++] = value;
	}
	if (!n)
		overlay[n++] = NULL;
	return n;
}

/* What the row is about, in words. */
static void describe(const struct ws_published_row *row, char text[WS_LABEL_MAX])
{
	const char *quantity = row->text[WS_PUBLISHED_QUANTITY], *search = row->text[WS_PUBLISHED_SEARCH];
	const char *direction = row->text[WS_PUBLISHED_DIRECTION];
	char overlay[64];

	ws_condition_words("overlay", row->text[WS_PUBLISHED_OVERLAY], overlay, sizeof(overlay));
	snprintf(text, WS_LABEL_MAX, "%s%s%s%s, %s headers, %s/s%s%s%s; %s",
		 !strcmp(quantity, "e2e_latency")      ? "end to end, "
		 : !strcmp(quantity, "detection_rate") ? "detection "
						       : "NIC and vport, ",
		 strcmp(direction, "-") ? direction : "", strcmp(direction, "-") ? " " : "",
		 row->text[WS_PUBLISHED_STATISTIC], row->text[WS_PUBLISHED_HEADERS], row->text[WS_PUBLISHED_RATE],
		 strcmp(search, "-") ? ", " : "", strcmp(search, "-") ? search : "",
		 strcmp(search, "-") ? " bytes" : "", overlay);
}

/* Lists what was found without a number, and why measured numbers may differ. */
static void put_remarks(struct ws_report *report)
{
	const struct ws_published *published = &report->published;

	if (published->n_findings)
		ws_page_paragraph(&report->page,
				  "What was found without a number; In short says what these data support:");
	for (uint32_t i = 0; i < published->n_findings; i++) {
		const struct ws_published_finding *finding = &published->finding[i];
		bool any_headers = !strcmp(finding->headers, "-"), any_rate = !strcmp(finding->rate_per_s, "-");

		ws_page_list_item(&report->page, "%s, %s%s%s%s%s%s: %s.", finding->figure, finding->place,
				  any_headers ? "" : ", headers ", any_headers ? "" : finding->headers,
				  any_rate ? "" : ", at ", any_rate ? "" : finding->rate_per_s, any_rate ? "" : "/s",
				  finding->finding);
	}
	if (published->n_reasons)
		ws_page_paragraph(&report->page, "Why measured numbers differ, as far as is known or supposed:");
	for (uint32_t i = 0; i < published->n_reasons; i++)
		ws_page_list_item(&report->page, "%s: %s", published->reason[i].figure, published->reason[i].why);
}

int ws_chapter_published(struct ws_report *report, struct ws_error *err)
{
	struct ws_page_column column[3 + OVERLAYS_MAX] = { { "where", NULL, WS_CELLS_TEXT },
							   { "what", NULL, WS_CELLS_NAME },
							   { "published", NULL, WS_CELLS_NUMBER } };
	const char *overlay[OVERLAYS_MAX];
	char name[OVERLAYS_MAX][64], text[WS_LABEL_MAX], value[MEASURED_MAX];
	uint32_t n = list_overlays(report->campaign, overlay);
	struct ws_page *page = &report->page;

	(void)err;
	if (!report->has_published)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		char words[48] = "";

		if (overlay[i])
			ws_condition_words("overlay", overlay[i], words, sizeof(words));
		snprintf(name[i], sizeof(name[i]), "measured%s%s", *words ? ", " : "", words);
		column[3 + i] = (struct ws_page_column) { name[i], NULL, WS_CELLS_NUMBER };
	}
	ws_page_heading(page, 2, "Published and measured");
	ws_page_paragraph(page,
			  "Numbers that were published, beside those of this campaign under the conditions that come "
			  "nearest: end to end with as little attached as there is; between the points by eBPF with "
			  "packet capture beside it; detection at the point where fewest were found.");
	ws_page_table_begin(page, "Published and measured", column, 3 + n);
	for (uint32_t i = 0; i < report->published.n; i++) {
		const struct ws_published_row *row = &report->published.row[i];

		describe(row, text);
		ws_page_cell(page, "%s", row->text[WS_PUBLISHED_PLACE]);
		ws_page_cell(page, "%s", text);
		if (!strcmp(row->text[WS_PUBLISHED_UNIT], "ratio"))
			ws_page_cell(page, "%s%.0f%%",
				     strcmp(row->text[WS_PUBLISHED_RELATION], "<") ? "" : "less than ",
				     100 * row->value);
		else
			ws_page_cell(page, "%s %s", row->text[WS_PUBLISHED_VALUE], row->text[WS_PUBLISHED_UNIT]);
		for (uint32_t k = 0; k < n; k++) {
			measure(report, row, overlay[k], value);
			ws_page_cell(page, "%s", value);
		}
		ws_page_row_end(page);
	}
	ws_page_table_end(page);
	put_remarks(report);
	return 0;
}
