/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage - what part of what passed a number rests on, in a line or two: stands under every table and figure.
 */
#ifndef WS_ANALYZE_COVERAGE_H
#define WS_ANALYZE_COVERAGE_H

#include <stddef.h>

#include "analyze/bundle.h"
#include "analyze/e2e.h"
#include "analyze/study.h"
#include "analyze/sweep.h"

/* Room for all lines of a run's coverage; what does not fit is cut. */
#define WS_COVERAGE_MAX 2048

/* What a file lost, whatever the reason: records and frames. */
uint64_t ws_coverage_lost(const struct ws_file *file);

/* The part of the frames with payload that TLS hides, in percent; 0 where there is none. */
double ws_coverage_tls_percent(const struct ws_file *file);

/* Writes the lines under a CDF: pairs, sightings, unmatched and lost, one line a source; and whether latencies were
 * rounded. Lines are joined by newlines. */
void ws_coverage_join(const struct ws_study *study, char text[WS_COVERAGE_MAX]);

/* Writes one line a file: frames, requests, contexts, lost. */
void ws_coverage_files(const struct ws_study *study, char text[WS_COVERAGE_MAX]);

/* Appends a line for every file most of whose payload TLS hides, and for every one that was cut off. */
void ws_coverage_warnings(const struct ws_study *study, char text[WS_COVERAGE_MAX]);

/* The same of a campaign's figures, a line each: what its curves rest on, over all cells that it shows. */
void ws_coverage_bundle(const struct ws_bundle *bundle, char text[WS_COVERAGE_MAX]);
void ws_coverage_e2e(const struct ws_e2e *e2e, char text[WS_COVERAGE_MAX]);
void ws_coverage_sweep(const struct ws_sweep *sweep, char text[WS_COVERAGE_MAX]);

#endif
