/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * curve - writes empirical distribution functions with their bands as TSV.
 */
#ifndef WS_ANALYZE_CURVE_H
#define WS_ANALYZE_CURVE_H

#include <stdio.h>

#include "analyze/series.h"

/* Rows that ws_curve_write_drawn() writes for a series at most: on paper, the error is under a pixel. */
#define WS_CURVE_DRAWN_MAX 1000

/*
 * Writes every point: one row for each latency that occurs, with the part of the pairs that took no longer.
 * Check ferror(out) afterwards.
 */
void ws_curve_write(const struct ws_series_set *set, FILE *out);

/*
 * Writes what a figure draws, to be joined by straight lines: both corners of every step where there are few, quantiles
 * where there are many; the ends always.
 */
void ws_curve_write_drawn(const struct ws_series_set *set, FILE *out);

#endif
