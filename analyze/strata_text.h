/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strata_text - prints latencies that are told apart by name.
 */
#ifndef WS_ANALYZE_STRATA_TEXT_H
#define WS_ANALYZE_STRATA_TEXT_H

#include "analyze/invocation.h"
#include "analyze/strata.h"

/* Curves that the figure draws at most: those with the most packets. */
#define WS_STRATA_DRAWN_MAX 12

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_strata_print(const struct ws_strata *strata, enum ws_format format, FILE *out);

/* Writes what the figure draws, as panels.gp wants it: a panel for each direction and label. 0, -ENOMEM or -EIO. */
int ws_strata_write_panels(const struct ws_strata *strata, FILE *out);

/* Room for what ws_strata_coverage() writes. */
#define WS_STRATA_COVERAGE_MAX 512

/* What is not drawn, left over and lost, in one line. Returns text. */
const char *ws_strata_coverage(const struct ws_strata *strata, char text[WS_STRATA_COVERAGE_MAX]);

#endif
