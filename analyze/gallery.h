/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gallery - the files that a command leaves behind for later: series, document and figure, side by side.
 */
#ifndef WS_ANALYZE_GALLERY_H
#define WS_ANALYZE_GALLERY_H

#include "analyze/bundle.h"
#include "analyze/cdf.h"
#include "analyze/compare.h"
#include "analyze/detect.h"
#include "analyze/e2e.h"
#include "analyze/offsets.h"
#include "analyze/strata_text.h"
#include "analyze/sweep.h"

/*
 * All write into --out, else DIR/reports: NAME.tsv, NAME.json, NAME-drawn.tsv (what the figure draws), NAME.svg and
 * NAME.pdf. 0; WS_FIGURE_MISSING: everything but the figure is there; or -errno. What could be written is there even if
 * something could not.
 */

/* cdf, of a run: cdf.tsv has every point. */
int ws_gallery_cdf(const struct ws_cdf *cdf, const struct ws_invocation *invocation, struct ws_error *err);

/* cdf --by edge and the like, of a run or a campaign: cdf-by.tsv and so on. */
int ws_gallery_strata(const struct ws_strata *strata, const struct ws_invocation *invocation, struct ws_error *err);
int ws_gallery_print_strata(const struct ws_strata *strata, FILE *out, struct ws_error *err);

/* detect, of a run. */
int ws_gallery_detect(const struct ws_detect *detect, const struct ws_invocation *invocation, struct ws_error *err);

/* cdf, of a campaign. */
int ws_gallery_bundle(const struct ws_bundle *bundle, const struct ws_invocation *invocation, struct ws_error *err);

/* detect, of a campaign. */
int ws_gallery_sweep(const struct ws_sweep *sweep, const struct ws_invocation *invocation, struct ws_error *err);

int ws_gallery_offsets(const struct ws_offsets *offsets, const struct ws_invocation *invocation, struct ws_error *err);

int ws_gallery_e2e(const struct ws_e2e *e2e, const struct ws_invocation *invocation, struct ws_error *err);

/* Only with --out; of the same packets by both methods compare-packets.tsv, .svg and .pdf, too. */
int ws_gallery_compare(const struct ws_compare *compare, const struct ws_invocation *invocation, struct ws_error *err);

/* Draws the CDF with characters into out. 0 or -errno. */
int ws_gallery_print_cdf(const struct ws_cdf *cdf, FILE *out, struct ws_error *err);

/* The same of a campaign's figures. */
int ws_gallery_print_bundle(const struct ws_bundle *bundle, FILE *out, struct ws_error *err);
int ws_gallery_print_e2e(const struct ws_e2e *e2e, FILE *out, struct ws_error *err);

#endif
