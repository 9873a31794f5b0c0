/* SPDX-License-Identifier: BSD-2-Clause */
/* topology_svg - see topology_output.h: the graph in layers from left to right. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/drawing.h"
#include "analyze/mesh/layers.h"
#include "analyze/mesh/topology_output.h"

#define MARGIN	   10.0
#define BOX_WIDTH  124.0
#define BOX_HEIGHT 30.0
#define GAP	   90.0 /* between layers */
#define ROW	   62.0
#define TOP	   56.0
#define KEY_HEIGHT 58.0

/* More labels than this tell nobody anything; the table has them all. */
#define LABELS_MAX 400

/* Size of the letters of a label. */
#define LABEL_PX 9.5

/* Of a box's name. */
#define BOX_PX	   10.5
#define BOX_PX_MIN 8.0

static const char *const stroke_of[] = {
	[WS_VERDICT_BOTH] = "#0072B2",	  [WS_VERDICT_PACKETS] = "#D55E00", [WS_VERDICT_CLAIMED] = "#999999",
	[WS_VERDICT_OUTSIDE] = "#444444", [WS_VERDICT_UNKNOWN] = "#0072B2",
};

static const struct ws_lettering title_style = { 14, "#000000", WS_ANCHOR_START };
static const struct ws_lettering note_style = { 11, "#444444", WS_ANCHOR_START };
static const struct ws_lettering label_style = { LABEL_PX, "#000000", WS_ANCHOR_MIDDLE };

struct box {
	double x, y, width, height;
};

struct sheet {
	const struct ws_topology *topology;
	struct ws_layers layers;
	struct box *taken; /* labels so far */
	uint32_t n_taken;
	uint64_t most_calls;
	double height; /* of the layers */
	FILE *out;
};

/* The middle of a place. */
static double x_of(const struct sheet *sheet, uint32_t place)
{
	return MARGIN + BOX_WIDTH / 2 + sheet->layers.place[place].layer * (BOX_WIDTH + GAP);
}

static double y_of(const struct sheet *sheet, uint32_t place)
{
	const struct ws_layer_place *at = &sheet->layers.place[place];

	return TOP + sheet->height / 2 + (at->row - (sheet->layers.height[at->layer] - 1) / 2.0) * ROW;
}

/* An edge from box to box, from left to right, over its bends. */
struct path {
	uint32_t left, right; /* nodes */
	uint32_t bend, n_bends;
	double shift; /* edges back are a little lower */
};

static struct path path_of(const struct sheet *sheet, uint32_t index)
{
	const struct ws_topology_edge *edge = &sheet->topology->edge[index];
	bool is_turned = sheet->layers.is_turned[index];

	return (struct path) {
		.left = is_turned ? edge->callee : edge->caller,
		.right = is_turned ? edge->caller : edge->callee,
		.bend = sheet->layers.bend[index],
		.n_bends = sheet->layers.n_bends[index],
		.shift = is_turned ? 9 : 0,
	};
}

/* One piece of a path: a curve that begins and ends level. */
struct piece {
	double x1, y1, x2, y2;
};

static struct piece piece_of(const struct sheet *sheet, const struct path *path, uint32_t i)
{
	uint32_t from = i ? path->bend + i - 1 : path->left, to = i < path->n_bends ? path->bend + i : path->right;

	/* Bends take the room of a box as a level line. */
	return (struct piece) {
		x_of(sheet, from) + BOX_WIDTH / 2,
		y_of(sheet, from) + path->shift,
		x_of(sheet, to) - BOX_WIDTH / 2,
		y_of(sheet, to) + path->shift,
	};
}

/* The point of a cubic curve with level ends. */
static void point_on(const struct piece *piece, double t, double *x, double *y)
{
	double half = (piece->x2 - piece->x1) / 2, u = 1 - t;

	*x = u * u * u * piece->x1 + 3 * u * u * t * (piece->x1 + half) + 3 * u * t * t * (piece->x2 - half) +
	     t * t * t * piece->x2;
	*y = (u * u * u + 3 * u * u * t) * piece->y1 + (3 * u * t * t + t * t * t) * piece->y2;
}

static double width_of(const struct sheet *sheet, const struct ws_topology_edge *edge)
{
	uint64_t n = edge->n_calls ? edge->n_calls : 1;

	return sheet->most_calls ? 1 + 4 * sqrt((double)n / (double)sheet->most_calls) : 1;
}

static const char *dashes_of(const struct ws_topology_edge *edge)
{
	return edge->verdict == WS_VERDICT_CLAIMED ? " stroke-dasharray=\"5 4\"" : "";
}

/* The tip of an arrow at a box's edge. */
static void draw_tip(double x, double y, bool is_leftward, double size, const char *fill, FILE *out)
{
	double back = is_leftward ? size : -size;

	fprintf(out, "<path d=\"M%.2f %.2fL%.2f %.2fL%.2f %.2fZ\" fill=\"%s\"/>\n", x, y, x + back, y - size / 2,
		x + back, y + size / 2, fill);
}

static void put_title(const struct sheet *sheet, const struct ws_topology_edge *edge)
{
	char text[600];

	snprintf(text, sizeof(text), "%.200s -> %.200s: %" PRIu64 " calls", sheet->topology->node[edge->caller].label,
		 sheet->topology->node[edge->callee].label, edge->n_calls);
	fputs("<title>", sheet->out);
	ws_drawing_escape(sheet->out, text);
	fputs("</title>", sheet->out);
}

static void draw_edge(const struct sheet *sheet, uint32_t index)
{
	const struct ws_topology_edge *edge = &sheet->topology->edge[index];
	const char *stroke = stroke_of[edge->verdict];
	struct path path = path_of(sheet, index);
	bool is_turned = sheet->layers.is_turned[index];
	double width = width_of(sheet, edge), tip = 6 + width;
	FILE *out = sheet->out;

	fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.2f\"%s d=\"", stroke, width, dashes_of(edge));
	for (uint32_t i = 0; i <= path.n_bends; i++) {
		struct piece piece = piece_of(sheet, &path, i);
		double half = (piece.x2 - piece.x1) / 2;

		/* The line ends within the tip. */
		piece.x1 += is_turned && i == 0 ? tip - 1 : 0;
		piece.x2 -= !is_turned && i == path.n_bends ? tip - 1 : 0;
		fprintf(out, "%c%.2f %.2fC%.2f %.2f %.2f %.2f %.2f %.2f", i ? 'L' : 'M', piece.x1, piece.y1,
			piece.x1 + half, piece.y1, piece.x2 - half, piece.y2, piece.x2, piece.y2);
	}
	fputs("\">", out);
	put_title(sheet, edge);
	fputs("</path>\n", out);
	if (is_turned) {
		struct piece first = piece_of(sheet, &path, 0);

		draw_tip(first.x1, first.y1, true, tip, stroke, out);
	} else {
		struct piece last = piece_of(sheet, &path, path.n_bends);

		draw_tip(last.x2, last.y2, false, tip, stroke, out);
	}
}

/* A service that calls itself. */
static void draw_loop(const struct sheet *sheet, uint32_t index)
{
	const struct ws_topology_edge *edge = &sheet->topology->edge[index];
	double x = x_of(sheet, edge->caller), y = y_of(sheet, edge->caller) - BOX_HEIGHT / 2;

	fprintf(sheet->out,
		"<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.2f\"%s d=\"M%.2f %.2fC%.2f %.2f %.2f %.2f %.2f "
		"%.2f\">",
		stroke_of[edge->verdict], width_of(sheet, edge), dashes_of(edge), x - 14, y, x - 20, y - 18, x + 20,
		y - 18, x + 14, y);
	put_title(sheet, edge);
	fputs("</path>\n", sheet->out);
}

static bool overlaps(const struct box *a, const struct box *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

/* Finds room for a label along the path; false: there is none. */
static bool find_room(const struct sheet *sheet, const struct path *path, struct box *box)
{
	static const double part[] = { 0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75 };

	for (uint32_t i = 0; i <= path->n_bends; i++) {
		struct piece piece = piece_of(sheet, path, path->n_bends - i);

		for (size_t k = 0; k < sizeof(part) / sizeof(*part); k++) {
			uint32_t taken = 0;
			double x, y;

			point_on(&piece, part[k], &x, &y);
			/* Above a level line, not on it. */
			if (fabs(piece.y2 - piece.y1) < LABEL_PX)
				y -= box->height / 2 + 3;
			box->x = x - box->width / 2;
			box->y = y - box->height / 2;
			if (box->x < piece.x1 || box->x + box->width > piece.x2)
				continue;
			while (taken < sheet->n_taken && !overlaps(box, &sheet->taken[taken]))
				taken++;
			if (taken == sheet->n_taken)
				return true;
		}
	}
	return false;
}

static void draw_label(struct sheet *sheet, uint32_t index)
{
	const struct ws_topology_edge *edge = &sheet->topology->edge[index];
	struct path path = path_of(sheet, index);
	struct ws_lettering error_style = { LABEL_PX, "#CC0000", WS_ANCHOR_MIDDLE };
	char count[40], median[40] = "", errors[40] = "";
	unsigned n_lines = 1;
	struct box box;

	if (edge->caller == edge->callee)
		return;
	if (edge->n_calls)
		snprintf(count, sizeof(count), "%" PRIu64, edge->n_calls);
	else
		snprintf(count, sizeof(count), "%" PRIu64 " %s", edge->n_claimed ? edge->n_claimed : edge->n_spans,
			 edge->n_claimed ? "claimed" : "spans");
	if (edge->round_trip.n) {
		snprintf(median, sizeof(median), "%.0f us", (double)edge->round_trip.summary.median.value / 1000);
		n_lines++;
	}
	if (edge->n_errors) {
		snprintf(errors, sizeof(errors), "%.1f%% errors",
			 100 * (double)edge->n_errors / (double)edge->n_judged);
		n_lines++;
	}
	box.width = 6 + fmax(ws_drawing_width(count, LABEL_PX),
			     fmax(ws_drawing_width(median, LABEL_PX), ws_drawing_width(errors, LABEL_PX)));
	box.height = 4 + n_lines * (LABEL_PX + 2);
	if (!find_room(sheet, &path, &box))
		return;
	sheet->taken[sheet->n_taken++] = box;
	fprintf(sheet->out,
		"<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#ffffff\" fill-opacity=\"0.8\"/>\n",
		box.x, box.y, box.width, box.height);
	/* A white rim keeps the letters apart from the line. */
	fputs("<g stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\" stroke-linejoin=\"round\">\n",
	      sheet->out);
	for (unsigned i = 0; i < n_lines; i++) {
		bool is_error = *errors && i == n_lines - 1;

		ws_drawing_text(sheet->out, box.x + box.width / 2, box.y + LABEL_PX + 1 + i * (LABEL_PX + 2),
				is_error ? &error_style : &label_style, box.width,
				is_error ? errors
				: i	 ? median
					 : count);
	}
	fputs("</g>\n", sheet->out);
}

static void draw_node(const struct sheet *sheet, uint32_t index)
{
	const struct ws_topology_node *node = &sheet->topology->node[index];
	double x = x_of(sheet, index), y = y_of(sheet, index), room = BOX_WIDTH - 8;
	double width = ws_drawing_width(node->label, BOX_PX);
	struct ws_lettering style = { BOX_PX, "#000000", WS_ANCHOR_MIDDLE };

	/* Rather smaller than cut, within reason. */
	if (width > room)
		style.px = fmax(BOX_PX_MIN, BOX_PX * room / width * 0.999);
	fprintf(sheet->out,
		"<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" rx=\"5\" fill=\"%s\" stroke=\"%s\"%s/>\n",
		x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2, BOX_WIDTH, BOX_HEIGHT, node->is_outside ? "#f2f2f2" : "#eaf3fa",
		node->is_seen ? "#333333" : "#999999", node->is_seen ? "" : " stroke-dasharray=\"4 3\"");
	ws_drawing_text(sheet->out, x, y + 4, &style, room, node->label);
}

/* What the lines mean. */
static void draw_key(const struct sheet *sheet, double y)
{
	static const struct {
		enum ws_verdict verdict;
		const char *text;
	} line[] = {
		{ WS_VERDICT_BOTH, "in packets and claimed" }, { WS_VERDICT_PACKETS, "only in packets" },
		{ WS_VERDICT_CLAIMED, "only claimed" },	       { WS_VERDICT_OUTSIDE, "from outside" },
		{ WS_VERDICT_UNKNOWN, "in packets" },
	};
	bool has[WS_VERDICT_UNKNOWN + 1] = { false };
	double x = MARGIN;

	for (uint32_t i = 0; i < sheet->topology->n_edges; i++)
		has[sheet->topology->edge[i].verdict] = true;
	for (size_t i = 0; i < sizeof(line) / sizeof(*line); i++) {
		if (!has[line[i].verdict])
			continue;
		fprintf(sheet->out,
			"<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" stroke-width=\"3\"%s/>\n",
			x, y, x + 28, y, stroke_of[line[i].verdict],
			line[i].verdict == WS_VERDICT_CLAIMED ? " stroke-dasharray=\"5 4\"" : "");
		ws_drawing_text(sheet->out, x + 34, y + 4, &note_style, 150, line[i].text);
		x += 46 + ws_drawing_width(line[i].text, 11);
	}
	ws_drawing_text(
		sheet->out, MARGIN, y + 24, &note_style, 980,
		sheet->topology->n_edges > LABELS_MAX
			? "thickness: number of calls; too many edges for labels: they are in topology.tsv"
			: "at the lines: number of calls, median from request to response, seen nearest to the caller");
}

static void draw(struct sheet *sheet)
{
	double width = 2 * MARGIN + sheet->layers.n_layers * BOX_WIDTH + (sheet->layers.n_layers - 1.0) * GAP;
	uint32_t n_edges = sheet->topology->n_edges;
	char text[128];

	width = width < 600 ? 600 : width;
	ws_drawing_begin(sheet->out, width, TOP + sheet->height + KEY_HEIGHT, "Who calls whom");
	snprintf(text, sizeof(text), "Who calls whom: %" PRIu64 " calls seen in packets", sheet->topology->n_calls);
	ws_drawing_text(sheet->out, MARGIN, 24, &title_style, width - 2 * MARGIN, text);
	for (uint32_t i = 0; i < n_edges; i++) {
		if (sheet->topology->edge[i].caller == sheet->topology->edge[i].callee)
			draw_loop(sheet, i);
		else
			draw_edge(sheet, i);
	}
	for (uint32_t i = 0; i < sheet->topology->n_nodes; i++)
		draw_node(sheet, i);
	for (uint32_t i = 0; i < n_edges && n_edges <= LABELS_MAX; i++)
		draw_label(sheet, i);
	draw_key(sheet, TOP + sheet->height + 22);
	ws_drawing_end(sheet->out);
}

int ws_topology_write_svg(const struct ws_topology *topology, FILE *out)
{
	struct sheet sheet = { .topology = topology, .out = out };
	struct ws_arc *arc = malloc(((size_t)topology->n_edges + 1) * sizeof(*arc));
	int rc;

	sheet.taken = malloc((LABELS_MAX + 1) * sizeof(*sheet.taken));
	rc = arc && sheet.taken ? 0 : -ENOMEM;
	for (uint32_t i = 0; i < topology->n_edges && !rc; i++) {
		arc[i] = (struct ws_arc) { topology->edge[i].caller, topology->edge[i].callee };
		if (topology->edge[i].n_calls > sheet.most_calls)
			sheet.most_calls = topology->edge[i].n_calls;
	}
	rc = rc ? rc : ws_layers_make(topology->n_nodes, arc, topology->n_edges, &sheet.layers);
	if (!rc) {
		sheet.height = (sheet.layers.n_rows ? sheet.layers.n_rows : 1) * ROW;
		draw(&sheet);
		ws_layers_close(&sheet.layers);
	}
	free(sheet.taken);
	free(arc);
	return rc;
}
