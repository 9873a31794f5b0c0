/* SPDX-License-Identifier: BSD-2-Clause */
/* edges - what the report says of who calls whom; see report.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/pooling.h"
#include "analyze/report.h"
#include "analyze/strata_text.h"
#include "analyze/summary.h"

static int write_panels(const void *content, FILE *out)
{
	return ws_strata_write_panels(content, out);
}

static void put_row(struct ws_page *page, const struct ws_strata *strata, const struct ws_stratum *stratum)
{
	const struct ws_key *key = &strata->keys.at[stratum->key];
	const struct ws_summary *summary = &stratum->summary;
	char estimate[WS_ESTIMATE_MAX];

	ws_page_cell(page, "%s", key->part[WS_KEY_EDGE]);
	ws_page_cell(page, "%s", key->part[WS_KEY_LABEL]);
	ws_page_cell(page, "%s", ws_source_name(stratum->source));
	ws_page_cell(page, "%s", ws_way_name(stratum->way));
	ws_page_cell(page, "%" PRIu64, stratum->n);
	ws_page_cell(page, "%s", ws_summary_number(summary->mean / 1000, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->median, WS_UNIT_US, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->p90, WS_UNIT_US, estimate));
	ws_page_cell(page, "%s", ws_summary_estimate(&summary->p99, WS_UNIT_US, estimate));
	ws_page_row_end(page);
}

/* What is in no latency, where there is anything. */
static void put_leftovers(struct ws_page *page, const struct ws_strata *strata)
{
	static const struct ws_page_column columns[] = {
		{ "edge", NULL, WS_CELLS_NAME },   { "conditions", NULL, WS_CELLS_TEXT },
		{ "source", NULL, WS_CELLS_TEXT }, { "seen at", NULL, WS_CELLS_TEXT },
		{ "reason", NULL, WS_CELLS_TEXT }, { "n", NULL, WS_CELLS_NUMBER },
	};

	if (!strata->n_leftovers)
		return;
	ws_page_table_begin(page, "In no latency: sightings without a partner, records or frames that got lost",
			    columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < strata->n_leftovers; i++) {
		const struct ws_leftover *leftover = &strata->leftover[i];
		const struct ws_key *key = &strata->keys.at[leftover->key];

		for (int k = 0; k <= WS_N_SIDES * WS_N_CAUSES; k++) {
			bool is_stray = k < WS_N_SIDES * WS_N_CAUSES;
			uint64_t n = is_stray ? leftover->n_cause[k / WS_N_CAUSES][k % WS_N_CAUSES] : leftover->n_lost;

			if (!n)
				continue;
			ws_page_cell(page, "%s", key->part[WS_KEY_EDGE]);
			ws_page_cell(page, "%s", key->part[WS_KEY_LABEL]);
			ws_page_cell(page, "%s", ws_source_name(leftover->source));
			ws_page_cell(page, "%s", is_stray ? ws_side_name(k / WS_N_CAUSES) : "any");
			ws_page_cell(page, "%s", is_stray ? ws_cause_name(k % WS_N_CAUSES) : "record or frame lost");
			ws_page_cell(page, "%" PRIu64, n);
			ws_page_row_end(page);
		}
	}
	ws_page_table_end(page);
}

static int tell(struct ws_report *report, const struct ws_strata *strata, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "edge", NULL, WS_CELLS_NAME },     { "conditions", NULL, WS_CELLS_TEXT },
		{ "source", NULL, WS_CELLS_TEXT },   { "direction", NULL, WS_CELLS_TEXT },
		{ "n", NULL, WS_CELLS_NUMBER },	     { "mean", "µs", WS_CELLS_NUMBER },
		{ "median", "µs", WS_CELLS_NUMBER }, { "p90", "µs", WS_CELLS_NUMBER },
		{ "p99", "µs", WS_CELLS_NUMBER },
	};
	char coverage[WS_STRATA_COVERAGE_MAX];
	const struct ws_figure figure = { .name = "report-edges",
					  .script = "panels",
					  .coverage = ws_strata_coverage(strata, coverage),
					  .x_label = "latency [µs]" };
	struct ws_page *page = &report->page;
	int rc = 0;

	ws_page_heading(page, 2, "Edges");
	ws_page_paragraph(page,
			  "The latency between NIC and vport by who called whom, as the cluster's names say of the "
			  "packets' addresses at their time. tx: at the caller's node; rx: at the callee's.");
	if (strata->n)
		rc = ws_report_figure(
			report, &figure, write_panels, strata,
			"Distribution functions of the latency between the points, a curve for each edge",
			"Latency between the tracing points by edge: distribution functions with their 95% "
			"bands.",
			err);
	if (rc)
		return rc;
	ws_page_table_begin(page, "Latency by edge, with 95% intervals in brackets; [-]: n is too small for one",
			    columns, sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < strata->n; i++)
		put_row(page, strata, &strata->at[i]);
	ws_page_table_end(page);
	put_leftovers(page, strata);
	return 0;
}

int ws_chapter_edges(struct ws_report *report, struct ws_error *err)
{
	struct ws_strata strata = { 0 };
	int rc = ws_pooling_open(report->campaign, &strata);

	if (rc)
		return ws_error(err, rc, "%s", strerror(-rc));
	if (strata.n || strata.n_leftovers)
		rc = tell(report, &strata, err);
	ws_strata_close(&strata);
	return rc;
}
