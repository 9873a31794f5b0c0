/* SPDX-License-Identifier: BSD-2-Clause */
/* positions - what the report says of where in the head contexts sit; see report.h. */
#include <inttypes.h>

#include "analyze/report.h"

static int write_bins(const void *content, FILE *out)
{
	return ws_offsets_write_bins(content, out);
}

static void put_row(struct ws_page *page, const struct ws_offsets *offsets, const struct ws_offsets_row *row)
{
	const struct ws_subject *subject = row->subject;
	char words[WS_GROUP_WORDS_MAX];

	ws_page_cell(page, "%s", subject->label ? subject->label : "this run");
	ws_page_cell(page, "%s", ws_subject_group_words(subject, row->group, offsets->by, words));
	ws_page_cell(page, "%s", ws_source_name(subject->source));
	ws_page_cell(page, "%s", subject->point);
	if (subject->saw_whole)
		ws_page_cell(page, "all");
	else
		ws_page_cell(page, "%" PRIu32, subject->search_bytes);
	ws_page_cell(page, "%" PRIu64, row->group->n_found);
	ws_page_cell(page, "%" PRIu32 " .. %" PRIu32, row->begin.min, row->begin.max);
	ws_page_cell(page, "%" PRIu32, row->begin.median);
	ws_page_cell(page, "%" PRIu32 " .. %" PRIu32, row->end.min, row->end.max);
	ws_page_cell(page, "%" PRIu32, row->end.median);
	ws_page_cell(page, "%" PRIu32, row->end.p99);
	ws_page_cell(page, "%" PRIu64, row->n_end_later);
	ws_page_row_end(page);
}

/* One sentence for each row of the figure. */
static void tell(struct ws_report *report)
{
	const struct ws_offsets *offsets = &report->offsets;
	char text[WS_OFFSETS_WORDS_MAX];

	for (uint32_t i = 0; i < offsets->n; i++) {
		if (ws_offsets_is_drawn(offsets, &offsets->row[i]))
			ws_page_list_item(&report->page, "%s", ws_offsets_words(offsets, &offsets->row[i], text));
	}
}

int ws_chapter_positions(struct ws_report *report, struct ws_error *err)
{
	static const struct ws_page_column columns[] = {
		{ "conditions", NULL, WS_CELLS_NAME },
		{ "contexts", NULL, WS_CELLS_TEXT },
		{ "source", NULL, WS_CELLS_TEXT },
		{ "point", NULL, WS_CELLS_TEXT },
		{ "searched", "bytes", WS_CELLS_NUMBER },
		{ "n", NULL, WS_CELLS_NUMBER },
		{ "begin", "bytes", WS_CELLS_NUMBER },
		{ "median begin", "bytes", WS_CELLS_NUMBER },
		{ "end", "bytes", WS_CELLS_NUMBER },
		{ "median end", "bytes", WS_CELLS_NUMBER },
		{ "99% end within", "bytes", WS_CELLS_NUMBER },
		{ "end in a later segment", NULL, WS_CELLS_NUMBER },
	};
	const struct ws_figure figure = { .name = "report-offsets", .script = "offsets", .coverage = "" };
	const struct ws_offsets *offsets = &report->offsets;
	struct ws_page *page = &report->page;
	int rc;

	if (!offsets->n)
		return 0;
	ws_page_heading(page, 2, "Where the context sits");
	ws_page_paragraph(page, "Places in the head, in bytes from the first of the request. A context begins with its "
				"first header line, and ends with the last byte of its trace id and span id: a search "
				"must go that far.");
	tell(report);
	rc = ws_report_figure(report, &figure, write_bins, offsets,
			      "Histograms of where contexts begin and end along the head, a row for each group",
			      "Part of the contexts that begin (up) and end (down) in each piece of the head.", err);
	if (rc)
		return rc;
	ws_page_details_begin(page, "Every search");
	ws_page_table_begin(page, "Where the contexts that were found begin and end", columns,
			    sizeof(columns) / sizeof(*columns));
	for (uint32_t i = 0; i < offsets->n; i++)
		put_row(page, offsets, &offsets->row[i]);
	ws_page_table_end(page);
	ws_page_details_end(page);
	return 0;
}
