/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drawing - writes an SVG document, piece by piece. Texts may be anything: they are cut to the room that they have and
 * escaped. Sizes are in pixels. Nothing here fails; whether the file took it is for ferror() to say.
 */
#ifndef WS_ANALYZE_DRAWING_H
#define WS_ANALYZE_DRAWING_H

#include <stdio.h>

enum ws_anchor { WS_ANCHOR_START, WS_ANCHOR_MIDDLE, WS_ANCHOR_END };

/* How a text is written. */
struct ws_lettering {
	double px;
	const char *fill;
	enum ws_anchor anchor;
};

/* A white page. To be ended with ws_drawing_end(). */
void ws_drawing_begin(FILE *out, double width, double height, const char *title);
void ws_drawing_end(FILE *out);

/* A text with its base line at y; cut, with a mark at its end, where it would be wider than room. */
void ws_drawing_text(FILE *out, double x, double y, const struct ws_lettering *lettering, double room,
		     const char *text);

/* About how wide a text is in a sans-serif face of that size; rather too much than too little. */
double ws_drawing_width(const char *text, double px);

/* A filled rectangle; title: what it says under the pointer, or NULL. */
void ws_drawing_rect(FILE *out, double x, double y, double width, double height, const char *fill, const char *title);

void ws_drawing_line(FILE *out, double x1, double y1, double x2, double y2, const char *stroke, double width);

/* A piece of text as the content of an element or an attribute. */
void ws_drawing_escape(FILE *out, const char *text);

/* 1, 2 or 5 times a power of ten: the step between marks of an axis with about n of them up to whole > 0. */
double ws_drawing_step(double whole, unsigned n);

#endif
