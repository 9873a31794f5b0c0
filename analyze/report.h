/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report - one HTML page and one Markdown file for a run or a campaign: `analyze report`.
 *
 * What it says comes from the databases alone: no time of day, no host name; the same databases, the same bytes.
 */
#ifndef WS_ANALYZE_REPORT_H
#define WS_ANALYZE_REPORT_H

#include "analyze/audit.h"
#include "analyze/bundle.h"
#include "analyze/compare.h"
#include "analyze/e2e.h"
#include "analyze/figure.h"
#include "analyze/observer.h"
#include "analyze/offsets.h"
#include "analyze/page.h"
#include "analyze/publication.h"
#include "analyze/published.h"
#include "analyze/sweep.h"

/* What all chapters speak of. */
struct ws_report {
	const struct ws_campaign *campaign;
	const struct ws_invocation *invocation;
	struct ws_e2e e2e;
	struct ws_bundle bundle;
	struct ws_sweep sweep;
	struct ws_offsets offsets;
	struct ws_observer observer;
	bool has_published;
	struct ws_published published;
	struct ws_publication publication; /* where everything goes */
	struct ws_page page;
	struct ws_error missing; /* why a figure is missing; empty: none is */
};

/* Everything that the report needs of the runs: enum ws_finding. */
#define WS_REPORT_NEEDS (WS_FIND_LATENCIES | WS_FIND_DETECTIONS | WS_FIND_TRACES | WS_FIND_EDGES)

/*
 * Writes report.html, report.md, and for each figure report-NAME.svg and report-NAME.tsv into --out, else DIR/reports.
 * 0 or -errno. missing: what is not in it though it should be (gnuplot is not there); empty if nothing.
 */
int ws_report_write(const struct ws_campaign *campaign, const struct ws_invocation *invocation,
		    struct ws_error *missing, struct ws_error *err);

/*
 * For the chapters: draws, keeps the picture and its series beside the page, and puts it there. write: fills in the
 * series. 0 or -errno of what is no matter of gnuplot's.
 */
int ws_report_figure(struct ws_report *report, const struct ws_figure *figure,
		     int (*write)(const void *content, FILE *out), const void *content, const char *alt,
		     const char *caption, struct ws_error *err);

/* For the overview: what must be searched to find all contexts, an item for each curve of the figure. */
void ws_tell_detection(struct ws_report *report);

/* The chapters, in their order. 0 or -errno. */
int ws_chapter_overview(struct ws_report *report, struct ws_error *err);
int ws_chapter_end_to_end(struct ws_report *report, struct ws_error *err);
int ws_chapter_detection(struct ws_report *report, struct ws_error *err);
int ws_chapter_positions(struct ws_report *report, struct ws_error *err);
int ws_chapter_latency(struct ws_report *report, struct ws_error *err);
int ws_chapter_edges(struct ws_report *report, struct ws_error *err);
int ws_chapter_agreement(struct ws_report *report, struct ws_error *err);
int ws_chapter_observer(struct ws_report *report, struct ws_error *err);
int ws_chapter_overhead(struct ws_report *report, struct ws_error *err);
int ws_chapter_published(struct ws_report *report, struct ws_error *err);
int ws_chapter_accounts(struct ws_report *report, struct ws_error *err);
int ws_chapter_runs(struct ws_report *report, struct ws_error *err);
int ws_chapter_method(struct ws_report *report, struct ws_error *err);

#endif
