/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * figure - renders a series with a gnuplot script of reports/.
 *
 * No path and no text of the user's reaches a shell or gnuplot's parser: data come from a memory file, the picture goes
 * to gnuplot's standard output, and texts travel as arguments of the script.
 */
#ifndef WS_ANALYZE_FIGURE_H
#define WS_ANALYZE_FIGURE_H

#include <stdio.h>

#include "analyze/publication.h"
#include "lib/error.h"

struct ws_figure {
	const char *name;     /* the script is NAME.gp; the files become NAME.svg and NAME.pdf */
	const char *coverage; /* lines under the plot, separated by newlines */
	FILE *data;	      /* what the script draws: from ws_figure_open() */
};

/* Makes a figure's data file, in memory. 0 or -errno. To be closed with fclose(). */
int ws_figure_open(FILE **data, struct ws_error *err);

/* Draws NAME.svg and NAME.pdf. The same series give the same bytes. 0; -ENOENT: gnuplot or the script is missing;
 * other -errno. */
int ws_figure_publish(const struct ws_figure *figure, const struct ws_publication *publication, struct ws_error *err);

/* Draws with characters into out, as wide and high as the terminal. As above. */
int ws_figure_print(const struct ws_figure *figure, FILE *out, struct ws_error *err);

#endif
