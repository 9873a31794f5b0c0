/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gallery - the files that a command leaves behind for later: series, document and figure, side by side.
 */
#ifndef WS_ANALYZE_GALLERY_H
#define WS_ANALYZE_GALLERY_H

#include "analyze/cdf.h"
#include "analyze/detect.h"

/*
 * Both write into --out, else DIR/reports. 0 or -errno. What could be written is there even if something could not:
 * without gnuplot, everything but the figure.
 */

/* cdf.tsv, cdf-drawn.tsv, cdf.json, cdf.svg, cdf.pdf. */
int ws_gallery_cdf(const struct ws_cdf *cdf, const struct ws_invocation *invocation, struct ws_error *err);

/* detect.tsv, detect.json, detect.svg, detect.pdf. */
int ws_gallery_detect(const struct ws_detect *detect, const struct ws_invocation *invocation, struct ws_error *err);

/* Draws the CDF with characters into out. 0 or -errno. */
int ws_gallery_print_cdf(const struct ws_cdf *cdf, FILE *out, struct ws_error *err);

#endif
