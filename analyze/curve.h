/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * curve - writes empirical distribution functions with their bands as TSV.
 */
#ifndef WS_ANALYZE_CURVE_H
#define WS_ANALYZE_CURVE_H

#include <stdio.h>

#include "analyze/series.h"

/* Rows that are drawn of a sample at most, in a figure of its own and in a panel: on paper, the error is under a pixel.
 */
#define WS_CURVE_DRAWN_MAX 1000
#define WS_CURVE_PANEL_MAX 160

/* One sample, and how its rows begin. Nothing is owned. */
struct ws_curve {
	const char *name[2];	    /* the first two columns: source and direction, or panel and curve */
	const uint64_t *latency_ns; /* n > 0 of them, ascending */
	uint64_t n;
	uint32_t n_drawn;  /* rows of ws_curve_write_drawn() at most: WS_CURVE_DRAWN_MAX or less */
	double eps;	   /* half the height of the band */
	uint32_t n_digits; /* of ns that the unit has: 3 us, 6 ms */
};

/*
 * Writes every point: one row for each latency that occurs, with the part of the sample that took no longer, and its
 * band: names, latency, cdf, low, high. 0, -ENOMEM or -EIO.
 */
int ws_curve_write(const struct ws_curve *curve, FILE *out);

/*
 * Writes what a figure draws, to be joined by straight lines: both corners of every step where there are few, quantiles
 * where there are many; the ends always.
 */
int ws_curve_write_drawn(const struct ws_curve *curve, FILE *out);

/* The same of all series of a run, with a header. */
int ws_curves_write(const struct ws_series_set *set, FILE *out);
int ws_curves_write_drawn(const struct ws_series_set *set, FILE *out);

#endif
