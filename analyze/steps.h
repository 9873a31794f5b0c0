/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * steps - the part of a group's contexts that a search of N bytes finds, for every N, as sweep.gp draws it.
 */
#ifndef WS_ANALYZE_STEPS_H
#define WS_ANALYZE_STEPS_H

#include <stdio.h>

#include "analyze/subject.h"

/* Rows that are drawn of a curve at most: quantiles, where there are more offsets. */
#define WS_STEPS_DRAWN_MAX 1000

/* Notes and names of the columns: panel, curve, kind, search_bytes, rate, ci_low, ci_high. */
void ws_steps_write_head(FILE *out);

/* Writes a row. live: a search that ended there; else what offsets say. */
void ws_steps_write_row(const char *panel, const char *curve, bool live, uint32_t search_bytes,
			const struct ws_proportion *rate, FILE *out);

/*
 * Writes a group's curve: 0, every distinct offset, and last, where the figure ends, if the search went that far. The
 * group's expectation must be known and not 0.
 */
void ws_steps_write(const struct ws_spot_group *group, const char *panel, const char *curve, uint32_t reach,
		    uint32_t last, FILE *out);

#endif
