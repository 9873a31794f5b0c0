/* SPDX-License-Identifier: BSD-2-Clause */
/* drawing - see drawing.h. */
#include "analyze/drawing.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "analyze/markup.h"
#include "analyze/utf8.h"

void ws_drawing_escape(FILE *out, const char *text)
{
	ws_markup_html(out, text, strlen(text), WS_SPACE_FOLDED);
}

void ws_drawing_begin(FILE *out, double width, double height, const char *title)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
		"font-family=\"Helvetica,Arial,sans-serif\">\n<title>",
		width, height, width, height);
	ws_drawing_escape(out, title);
	fprintf(out, "</title>\n<rect x=\"0\" y=\"0\" width=\"%.0f\" height=\"%.0f\" fill=\"#ffffff\"/>\n", width,
		height);
}

void ws_drawing_end(FILE *out)
{
	fputs("</svg>\n", out);
}

/* In units of the size; measured of Arial and Liberation Sans, rounded up. */
static double width_of(uint32_t c)
{
	if (c >= 0x2e80)
		return 1.0;
	if (c >= 0x80)
		return 0.75;
	if (strchr("iljtfI.,:;'|!()[] ", (int)c))
		return 0.36;
	return strchr("mwMW@%", (int)c) ? 1.0 : c >= 'A' && c <= 'Z' ? 0.76 : 0.6;
}

double ws_drawing_width(const char *text, double px)
{
	const char *end = text + strlen(text);
	double width = 0;

	while (text < end)
		width += width_of(ws_utf8_take(&text, end)) * px;
	return width;
}

/* How many bytes of the text fit into the room. */
static size_t fitting(const char *text, double px, double room)
{
	const char *end = text + strlen(text), *at = text, *last = text;
	double width = 0;

	while (at < end) {
		width += width_of(ws_utf8_take(&at, end)) * px;
		if (width > room)
			break;
		last = at;
	}
	return (size_t)(last - text);
}

void ws_drawing_text(FILE *out, double x, double y, const struct ws_lettering *lettering, double room, const char *text)
{
	static const char *const anchor[] = { "start", "middle", "end" };
	bool is_cut = ws_drawing_width(text, lettering->px) > room;

	fprintf(out, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%.4g\" fill=\"%s\" text-anchor=\"%s\">", x, y,
		lettering->px, lettering->fill, anchor[lettering->anchor]);
	if (is_cut) {
		fputs("<title>", out);
		ws_drawing_escape(out, text);
		fputs("</title>", out);
		ws_markup_html(out, text, fitting(text, lettering->px, room - lettering->px), WS_SPACE_FOLDED);
		fputs("…", out);
	} else {
		ws_drawing_escape(out, text);
	}
	fputs("</text>\n", out);
}

void ws_drawing_rect(FILE *out, double x, double y, double width, double height, const char *fill, const char *title)
{
	fprintf(out, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"", x, y, width, height,
		fill);
	if (title) {
		fputs("><title>", out);
		ws_drawing_escape(out, title);
		fputs("</title></rect>\n", out);
	} else {
		fputs("/>\n", out);
	}
}

void ws_drawing_line(FILE *out, double x1, double y1, double x2, double y2, const char *stroke, double width)
{
	fprintf(out, "<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" stroke-width=\"%.2f\"/>\n",
		x1, y1, x2, y2, stroke, width);
}

double ws_drawing_step(double whole, unsigned n)
{
	double decade = pow(10, floor(log10(whole / n)));
	double factor = whole / n / decade;

	return decade * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}
