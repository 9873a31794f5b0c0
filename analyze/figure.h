/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figure - renders a series with a gnuplot script of reports/.
 *
 * No path and no text of the user's reaches a shell or gnuplot's parser: data come from a memory file, the picture goes
 * to another one, and texts travel as arguments of the script. Only a whole picture leaves it.
 */
#ifndef WS_ANALYZE_FIGURE_H
#define WS_ANALYZE_FIGURE_H

#include <stddef.h>
#include <stdio.h>

#include "analyze/publication.h"
#include "lib/error.h"

/* The figure was not drawn; all else is well. */
#define WS_FIGURE_MISSING 1

struct ws_figure {
	const char *name;     /* the files become NAME.svg and NAME.pdf */
	const char *script;   /* it is drawn by SCRIPT.gp; NULL: by NAME.gp */
	const char *coverage; /* lines under the plot, separated by newlines */
	const char *x_label;  /* for the scripts that take one; NULL: theirs */
	FILE *data;	      /* what the script draws: from ws_figure_open() */
};

/* Makes a figure's data file, in memory. 0 or -errno. To be closed with fclose(). */
int ws_figure_open(FILE **data, struct ws_error *err);

/*
 * Writes a name, which may be anything, as a field of the data: gnuplot takes it as it is. What is not UTF-8 becomes
 * U+FFFD; tabs, line feeds and carriage returns become spaces, quotation marks apostrophes, backslashes two; before a #
 * at the beginning comes a no-break space, or it would be a note.
 */
void ws_figure_put_name(FILE *data, const char *name);

/*
 * Draws NAME.svg and NAME.pdf. The same series give the same bytes. 0; WS_FIGURE_MISSING: it could not be drawn, as
 * gnuplot or the script is missing, failed or hung; -errno: the file cannot be written.
 */
int ws_figure_publish(const struct ws_figure *figure, const struct ws_publication *publication, struct ws_error *err);

/*
 * Draws an SVG document into memory, the same bytes as NAME.svg: *svg is owned by the caller (free), len bytes long
 * with a 0 behind them. 0; -ENOENT: gnuplot or the script is missing; other -errno.
 */
int ws_figure_render_svg(const struct ws_figure *figure, char **svg, size_t *len, struct ws_error *err);

/* Draws with characters into out, as wide and high as the terminal. As above. */
int ws_figure_print(const struct ws_figure *figure, FILE *out, struct ws_error *err);

#endif
