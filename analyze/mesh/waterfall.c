/* SPDX-License-Identifier: BSD-2-Clause */
/* waterfall - see waterfall.h: with characters. */
#include "analyze/mesh/waterfall.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/ns.h"
/* Columns of a time in us. */
#define TIME_COLUMNS 11

/* Levels of the tree that are indented: deeper ones stand below each other. */
#define INDENT_MAX 8

/* What a cell shows. Kinds of intervals, in the order in which they are drawn one over the other, then: */
enum { MARK_SPAN = WS_N_INTERVAL_KINDS, MARK_EMPTY, N_MARKS };

static const char *const mark_utf8[N_MARKS] = {
	[WS_INTERVAL_OVERLAY_TX] = "▓",
	[WS_INTERVAL_UNDERLAY] = "~",
	[WS_INTERVAL_OVERLAY_RX] = "▒",
	[WS_INTERVAL_LOCAL] = "▚",
	[WS_INTERVAL_SERVICE] = "█",
	[WS_INTERVAL_GAP] = "·",
	[MARK_SPAN] = "─",
	[MARK_EMPTY] = " ",
};

static const char *const mark_ascii[N_MARKS] = {
	[WS_INTERVAL_OVERLAY_TX] = "t",
	[WS_INTERVAL_UNDERLAY] = "~",
	[WS_INTERVAL_OVERLAY_RX] = "r",
	[WS_INTERVAL_LOCAL] = "l",
	[WS_INTERVAL_SERVICE] = "#",
	[WS_INTERVAL_GAP] = ".",
	[MARK_SPAN] = "-",
	[MARK_EMPTY] = " ",
};

/* Kinds, from what is drawn first, and may be drawn over, on. */
static const uint8_t paint_order[] = { WS_INTERVAL_SERVICE,    WS_INTERVAL_GAP,	       WS_INTERVAL_UNDERLAY,
				       WS_INTERVAL_OVERLAY_TX, WS_INTERVAL_OVERLAY_RX, WS_INTERVAL_LOCAL };

struct sheet {
	const struct ws_journey *journey;
	const struct ws_terminal *terminal;
	const char *const *mark;
	uint32_t label_columns;
	uint32_t n_cells; /* of a bar */
	uint8_t *cell;
	FILE *out;
};

const char *ws_waterfall_footing(const struct ws_journey *journey, char text[WS_FOOTING_MAX])
{
	bool has[WS_FOOTING_RAW + 1] = { false };
	uint64_t bound_ns = 0;
	const char *clocks;

	for (uint32_t i = 0; i < journey->n_hops; i++) {
		has[journey->hop[i].footing] = true;
		if (journey->hop[i].footing == WS_FOOTING_ALIGNED && journey->hop[i].bound_ns > bound_ns)
			bound_ns = journey->hop[i].bound_ns;
	}
	clocks = has[WS_FOOTING_ALIGNED] ? "not all clocks are aligned" : "clocks are not aligned";
	*text = 0;
	if (has[WS_FOOTING_CENTRED])
		snprintf(text, WS_FOOTING_MAX,
			 "%s: what other nodes saw is drawn centred within the caller's interval%s; not measured",
			 clocks, has[WS_FOOTING_RAW] ? ", or by the node's own clock" : "");
	else if (has[WS_FOOTING_RAW])
		snprintf(text, WS_FOOTING_MAX, "%s: what other nodes saw is drawn by their own clocks", clocks);
	else if (has[WS_FOOTING_ALIGNED])
		snprintf(text, WS_FOOTING_MAX,
			 "clocks are aligned: what other nodes saw lies where it is drawn, give or take %.1f us at "
			 "most",
			 (double)bound_ns / 1000);
	return text;
}

static uint32_t cell_of(const struct sheet *sheet, int64_t at_ns)
{
	int64_t whole_ns = sheet->journey->end_ns > 0 ? sheet->journey->end_ns : 1;
	double cell = (double)at_ns / (double)whole_ns * sheet->n_cells;

	return cell < 0 ? 0 : cell >= sheet->n_cells ? sheet->n_cells - 1 : (uint32_t)cell;
}

/* From the cell of the beginning to that of the end, at least one. */
static void paint(struct sheet *sheet, int64_t begin_ns, int64_t end_ns, uint8_t mark)
{
	uint32_t first = cell_of(sheet, begin_ns), last = cell_of(sheet, end_ns > begin_ns ? end_ns - 1 : begin_ns);

	memset(sheet->cell + first, mark, last - first + 1);
}

static void put_bar(const struct sheet *sheet)
{
	uint32_t n = sheet->n_cells;

	while (n && sheet->cell[n - 1] == MARK_EMPTY)
		n--;
	fputs(sheet->terminal->is_utf8 ? "│" : "|", sheet->out);
	for (uint32_t i = 0; i < n; i++)
		fputs(sheet->mark[sheet->cell[i]], sheet->out);
	putc('\n', sheet->out);
}

static void paint_stage(struct sheet *sheet, uint32_t index)
{
	const struct ws_stage *stage = &sheet->journey->stage[index];

	for (size_t k = 0; k < sizeof(paint_order); k++) {
		for (uint32_t i = 0; i < stage->legs.n; i++) {
			const struct ws_interval *interval = &stage->legs.at[i];

			if (interval->kind == paint_order[k])
				paint(sheet, ws_stage_at(sheet->journey, stage, interval->from, interval->from_station),
				      ws_stage_at(sheet->journey, stage, interval->to, interval->to_station),
				      interval->kind);
		}
	}
	/* One stamp is no interval; that there was something, is shown. */
	if (!stage->legs.n)
		paint(sheet, stage->begin_ns, stage->begin_ns, WS_INTERVAL_GAP);
}

/* Writes what leads to a call in the tree; returns its columns. */
static uint32_t put_branch(const struct sheet *sheet, uint32_t depth, bool is_last)
{
	uint32_t indent = depth < INDENT_MAX ? depth : INDENT_MAX;

	if (!depth)
		return 0;
	fprintf(sheet->out, "%*s%s ", (int)(2 * (indent - 1)), "",
		sheet->terminal->is_utf8 ? (is_last ? "└" : "├") : (is_last ? "`" : "|"));
	return 2 * indent;
}

static void print_stage(struct sheet *sheet, uint32_t index)
{
	const struct ws_stage *stage = &sheet->journey->stage[index];
	char edge[WS_CALL_EDGE_MAX], text[32] = "-";
	uint32_t used = put_branch(sheet, stage->depth, stage->next == WS_NO_CALL);

	ws_call_edge(sheet->journey->atlas, &sheet->journey->calls->at[stage->call], edge);
	ws_terminal_put(sheet->terminal, edge, sheet->label_columns - used, true, sheet->out);
	if (stage->legs.has_round_trip)
		snprintf(text, sizeof(text), "%.1f", (double)stage->legs.round_trip_ns / 1000);
	fprintf(sheet->out, "%*s ", TIME_COLUMNS - 1, text);
	memset(sheet->cell, MARK_EMPTY, sheet->n_cells);
	paint_stage(sheet, index);
	put_bar(sheet);
}

static void print_span(struct sheet *sheet, const struct ws_beside *beside)
{
	const struct ws_mesh_span *span = beside->span;
	uint32_t depth = beside->stage == WS_NO_CALL ? 0 : sheet->journey->stage[beside->stage].depth + 1;
	uint32_t indent = 2 * (depth < INDENT_MAX ? depth : INDENT_MAX);
	char text[WS_CALL_EDGE_MAX];

	snprintf(text, sizeof(text), "%sspan %s%s%s %s", beside->fits ? "" : "! ", span->kind, *span->kind ? " " : "",
		 span->service, span->operation);
	fprintf(sheet->out, "%*s", (int)indent, "");
	ws_terminal_put(sheet->terminal, text, sheet->label_columns - indent, true, sheet->out);
	fprintf(sheet->out, "%*.1f ", TIME_COLUMNS - 1, (double)span->duration_ns / 1000);
	memset(sheet->cell, MARK_EMPTY, sheet->n_cells);
	paint(sheet, beside->at_ns, ws_ns_plus(beside->at_ns, span->duration_ns), MARK_SPAN);
	put_bar(sheet);
}

static uint32_t widest_label(const struct ws_journey *journey)
{
	char edge[WS_CALL_EDGE_MAX];
	uint32_t widest = journey->n_beside ? 36 : 20;

	for (uint32_t i = 0; i < journey->n_stages; i++) {
		uint32_t depth = journey->stage[i].depth < INDENT_MAX ? journey->stage[i].depth : INDENT_MAX;
		uint32_t width = 2 * depth +
				 ws_terminal_width(ws_call_edge(journey->atlas,
								&journey->calls->at[journey->stage[i].call], edge));

		widest = width > widest ? width : widest;
	}
	return widest;
}

static void print_key(const struct sheet *sheet)
{
	bool has[N_MARKS] = { false }, is_odd = false;
	char footing[WS_FOOTING_MAX];
	uint32_t used = 0;

	for (uint32_t i = 0; i < sheet->journey->n_stages; i++) {
		for (uint32_t k = 0; k < sheet->journey->stage[i].legs.n; k++)
			has[sheet->journey->stage[i].legs.at[k].kind] = true;
	}
	has[MARK_SPAN] = sheet->journey->n_beside > 0;
	for (uint32_t i = 0; i < sheet->journey->n_beside; i++)
		is_odd |= !sheet->journey->beside[i].fits;
	for (int mark = 0; mark < MARK_EMPTY; mark++) {
		const char *name = mark == MARK_SPAN ? "span of the mesh's tracer" : ws_interval_name(mark);

		if (!has[mark])
			continue;
		if (used && used + strlen(name) + 5 > sheet->terminal->columns) {
			putc('\n', sheet->out);
			used = 0;
		}
		fprintf(sheet->out, "%s%s %s", used ? "   " : "", sheet->mark[mark], name);
		used += (uint32_t)strlen(name) + 5;
	}
	fputs("; each at least a character wide\n", sheet->out);
	if (sheet->journey->n_beside && sheet->journey->resolution_ns > 1000)
		fputs("the tracer's times are whole milliseconds\n", sheet->out);
	if (is_odd)
		fputs("! a span whose clock does not fit: it does not overlap with its packets, or begins after the "
		      "end "
		      "of a span that it contains\n",
		      sheet->out);
	if (*ws_waterfall_footing(sheet->journey, footing))
		fprintf(sheet->out, "%s\n", footing);
}

int ws_waterfall_print(const struct ws_journey *journey, const struct ws_terminal *terminal, FILE *out)
{
	uint32_t widest = widest_label(journey), most = terminal->columns * 45 / 100;
	struct sheet sheet = {
		.journey = journey,
		.terminal = terminal,
		.mark = terminal->is_utf8 ? mark_utf8 : mark_ascii,
		.label_columns = widest < most ? widest : most,
		.out = out,
	};
	uint32_t beside = 0;
	char text[32];

	sheet.n_cells = terminal->columns - sheet.label_columns - TIME_COLUMNS - 2;
	sheet.cell = malloc(sheet.n_cells);
	if (!sheet.cell)
		return -ENOMEM;
	snprintf(text, sizeof(text), "%.1f us", (double)journey->end_ns / 1000);
	fprintf(out, "%-*s%*s  0%*s\n", (int)sheet.label_columns, "call", TIME_COLUMNS - 1, "us",
		(int)sheet.n_cells - 1, text);
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		print_stage(&sheet, i);
		for (; beside < journey->n_beside && journey->beside[beside].stage == i; beside++)
			print_span(&sheet, &journey->beside[beside]);
	}
	for (; beside < journey->n_beside; beside++)
		print_span(&sheet, &journey->beside[beside]);
	print_key(&sheet);
	free(sheet.cell);
	return 0;
}
