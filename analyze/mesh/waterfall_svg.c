/* SPDX-License-Identifier: BSD-2-Clause */
/* waterfall_svg - see waterfall.h: as SVG. */
#include <stdio.h>
#include <string.h>

#include "analyze/drawing.h"
#include "analyze/ns.h"
#include "analyze/mesh/waterfall.h"
#include "lib/names.h"

#define PAGE_WIDTH 1000.0
#define LABEL_X	   12.0
#define TIME_X	   420.0 /* right edge of the times */
#define BAR_X	   435.0
#define BAR_WIDTH  545.0
#define TOP	   66.0 /* of the first row */
#define CALL_ROW   24.0
#define SPAN_ROW   15.0
#define INDENT	   14.0
#define INDENT_MAX 8u

/* What is shown is not thinner than this. */
#define BAR_MIN 1.5

/* Colours of Okabe and Ito, which the colour-blind tell apart. */
static const char *const fill_of[WS_N_PARTS] = {
	[WS_INTERVAL_OVERLAY_TX] = "#D55E00", [WS_INTERVAL_UNDERLAY] = "#56B4E9", [WS_INTERVAL_OVERLAY_RX] = "#E69F00",
	[WS_INTERVAL_LOCAL] = "#CC79A7",      [WS_INTERVAL_SERVICE] = "#0072B2",  [WS_INTERVAL_GAP] = "#C4C4C4",
	[WS_PART_OVERLAPPING] = "#009E73",
};
#define SPAN_FILL "#333333"
#define ODD_FILL  "#CC0000"

static const struct ws_lettering label_style = { 12, "#000000", WS_ANCHOR_START };
static const struct ws_lettering time_style = { 12, "#000000", WS_ANCHOR_END };
static const struct ws_lettering span_style = { 10, "#555555", WS_ANCHOR_START };
static const struct ws_lettering span_time_style = { 10, "#555555", WS_ANCHOR_END };
static const struct ws_lettering axis_style = { 10.5, "#444444", WS_ANCHOR_MIDDLE };
static const struct ws_lettering note_style = { 11, "#444444", WS_ANCHOR_START };
static const struct ws_lettering title_style = { 14, "#000000", WS_ANCHOR_START };

/* A time in us, of a length that fits the column. */
static const char *us_text(int64_t ns, char text[32])
{
	snprintf(text, 32, "%.1f us", (double)ns / 1000);
	return text;
}

static double x_of(const struct ws_journey *journey, int64_t at_ns)
{
	double whole_ns = journey->end_ns > 0 ? (double)journey->end_ns : 1;
	double x = BAR_X + (double)at_ns / whole_ns * BAR_WIDTH;

	/* Spans of another clock may lie far outside. */
	return x < BAR_X - 4 ? BAR_X - 4 : x > BAR_X + BAR_WIDTH + 4 ? BAR_X + BAR_WIDTH + 4 : x;
}

static void draw_bar(const struct ws_journey *journey, int64_t begin_ns, int64_t end_ns, double y, double height,
		     const char *fill, const char *title, FILE *out)
{
	double x = x_of(journey, begin_ns), width = x_of(journey, end_ns) - x;

	ws_drawing_rect(out, x, y, width < BAR_MIN ? BAR_MIN : width, height, fill, title);
}

static double indent_of(uint32_t depth)
{
	return LABEL_X + INDENT * (depth < INDENT_MAX ? depth : INDENT_MAX);
}

static void draw_interval(const struct ws_journey *journey, const struct ws_stage *stage,
			  const struct ws_interval *interval, double y, FILE *out)
{
	const struct ws_atlas *atlas = journey->atlas;
	char took[32] = "", bound[48] = "", title[512];

	if (interval->is_known)
		us_text(interval->duration_ns, took);
	if (interval->is_known && interval->bound_ns)
		snprintf(bound, sizeof(bound), " +- %.1f us", (double)interval->bound_ns / 1000);
	snprintf(title, sizeof(title), "%s (%s), %.150s to %.150s: %s%s", ws_interval_name(interval->kind),
		 ws_interval_way(interval), atlas->point[atlas->passage[interval->from].point].name,
		 atlas->point[atlas->passage[interval->to].point].name, *took ? took : "not measured", bound);
	draw_bar(journey, ws_stage_at(journey, stage, interval->from, interval->from_station),
		 ws_stage_at(journey, stage, interval->to, interval->to_station), y + 5, CALL_ROW - 10,
		 fill_of[interval->kind], title, out);
}

static void draw_stage(const struct ws_journey *journey, uint32_t index, double y, FILE *out)
{
	static const uint8_t order[] = { WS_INTERVAL_SERVICE,	 WS_INTERVAL_GAP,	 WS_INTERVAL_UNDERLAY,
					 WS_INTERVAL_OVERLAY_TX, WS_INTERVAL_OVERLAY_RX, WS_INTERVAL_LOCAL };
	const struct ws_stage *stage = &journey->stage[index];
	char edge[WS_CALL_EDGE_MAX], text[32] = "-";
	double x = indent_of(stage->depth);

	if (stage->legs.has_round_trip)
		us_text(stage->legs.round_trip_ns, text);
	ws_drawing_text(out, TIME_X, y + 16, &time_style, 100, text);
	ws_drawing_text(out, x, y + 16, &label_style, TIME_X - 12 - ws_drawing_width(text, 12) - x,
			ws_call_edge(journey->atlas, &journey->calls->at[stage->call], edge));
	for (size_t k = 0; k < sizeof(order); k++) {
		for (uint32_t i = 0; i < stage->legs.n; i++) {
			if (stage->legs.at[i].kind == order[k])
				draw_interval(journey, stage, &stage->legs.at[i], y, out);
		}
	}
	if (!stage->legs.n)
		draw_bar(journey, stage->begin_ns, stage->begin_ns, y + 5, CALL_ROW - 10, fill_of[WS_INTERVAL_GAP],
			 "seen once", out);
}

/* Marks of a span that begins before the picture, or ends after it. */
static void draw_cuts(const struct ws_journey *journey, int64_t begin_ns, int64_t end_ns, double y, FILE *out)
{
	if (begin_ns < 0)
		ws_drawing_text(out, BAR_X - 6, y, &span_time_style, 10, "<");
	if (end_ns > journey->end_ns)
		ws_drawing_text(out, BAR_X + BAR_WIDTH + 6, y, &span_style, 10, ">");
}

static void draw_span(const struct ws_journey *journey, const struct ws_beside *beside, double y, FILE *out)
{
	const struct ws_mesh_span *span = beside->span;
	int64_t end_ns = ws_ns_plus(beside->at_ns, span->duration_ns);
	double x = indent_of(beside->stage == WS_NO_CALL ? 0 : journey->stage[beside->stage].depth + 1);
	char text[512], took[32];

	snprintf(text, sizeof(text), "%sspan %s%s%.200s %.200s", beside->fits ? "" : "clock does not fit: ", span->kind,
		 *span->kind ? " " : "", span->service, span->operation);
	us_text(span->duration_ns, took);
	ws_drawing_text(out, TIME_X, y + 11, &span_time_style, 100, took);
	ws_drawing_text(out, x, y + 11, &span_style, TIME_X - 12 - ws_drawing_width(took, 10) - x, text);
	draw_bar(journey, beside->at_ns, end_ns, y + 5, SPAN_ROW - 10, beside->fits ? SPAN_FILL : ODD_FILL, text, out);
	draw_cuts(journey, beside->at_ns, end_ns, y + 11, out);
}

/* Marks of the scale, over all rows. */
static void draw_axis(const struct ws_journey *journey, double bottom, FILE *out)
{
	double whole_us = journey->end_ns > 0 ? (double)journey->end_ns / 1000 : 0.001;
	double step_us = ws_drawing_step(whole_us, 6);
	char text[32];

	for (unsigned i = 0; i * step_us <= whole_us; i++) {
		double x = BAR_X + i * step_us / whole_us * BAR_WIDTH;

		ws_drawing_line(out, x, TOP - 6, x, bottom, "#dddddd", 1);
		snprintf(text, sizeof(text), "%.10g%s", i * step_us, i ? "" : " us");
		ws_drawing_text(out, x, TOP - 12, &axis_style, BAR_WIDTH / 4, text);
	}
}

/* What the colours mean, and how much of the time each was. Returns the y below. */
static double draw_key(const struct ws_journey *journey, double y, FILE *out)
{
	char text[160];
	unsigned n = 0;

	for (int part = 0; part <= WS_N_PARTS; part++) {
		bool is_span = part == WS_N_PARTS;
		double x = LABEL_X + 325.0 * (n % 3);

		if (is_span ? !journey->n_beside
			    : !journey->part_ns[part] && !(part < WS_N_INTERVAL_KINDS && journey->n_summed[part]))
			continue;
		if (is_span)
			snprintf(text, sizeof(text), "span of the mesh's tracer (< > goes on)");
		else if (!journey->end_to_end_ns)
			snprintf(text, sizeof(text), "%s", ws_part_name(part));
		else
			snprintf(text, sizeof(text), "%s: %.1f us (%.1f%%)", ws_part_name(part),
				 (double)journey->part_ns[part] / 1000,
				 100 * (double)journey->part_ns[part] / (double)journey->end_to_end_ns);
		ws_drawing_rect(out, x, y + 18.0 * (n / 3) + (is_span ? 4 : 0), 12, is_span ? 5 : 12,
				is_span ? SPAN_FILL : fill_of[part], NULL);
		ws_drawing_text(out, x + 18, y + 18.0 * (n / 3) + 10, &note_style, 300, text);
		n++;
	}
	return y + 18.0 * ((n + 2) / 3);
}

void ws_waterfall_write_svg(const struct ws_journey *journey, FILE *out)
{
	double rows = CALL_ROW * journey->n_stages + SPAN_ROW * journey->n_beside, y = TOP, bottom = TOP + rows + 4;
	char title[128], id[33], footing[WS_FOOTING_MAX], end_to_end[128] = "End to end: not known";
	uint32_t beside = 0;

	snprintf(title, sizeof(title), "Trace %s", ws_hex_text(journey->trace_id, sizeof(journey->trace_id), id));
	ws_drawing_begin(out, PAGE_WIDTH, bottom + 120, title);
	ws_drawing_text(out, LABEL_X, 24, &title_style, PAGE_WIDTH - 2 * LABEL_X, title);
	ws_drawing_text(out, LABEL_X, TOP - 12, &note_style, 300, "call, and its time from request to response");
	draw_axis(journey, bottom, out);
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		draw_stage(journey, i, y, out);
		y += CALL_ROW;
		for (; beside < journey->n_beside && journey->beside[beside].stage == i; beside++, y += SPAN_ROW)
			draw_span(journey, &journey->beside[beside], y, out);
	}
	for (; beside < journey->n_beside; beside++, y += SPAN_ROW)
		draw_span(journey, &journey->beside[beside], y, out);
	if (journey->n_roots_whole)
		snprintf(end_to_end, sizeof(end_to_end),
			 "End to end: %.1f us to the first byte of the answer, of which",
			 (double)journey->end_to_end_ns / 1000);
	ws_drawing_text(out, LABEL_X, bottom + 22, &label_style, PAGE_WIDTH - 2 * LABEL_X, end_to_end);
	y = draw_key(journey, bottom + 34, out);
	ws_drawing_text(out, LABEL_X, y + 12, &note_style, PAGE_WIDTH - 2 * LABEL_X,
			ws_waterfall_footing(journey, footing));
	ws_drawing_end(out);
}
