/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency_words - how latencies between the points are told: the keys of JSON and the columns of TSV that a series of a
 * run and a stratum have in common. us.
 */
#ifndef WS_ANALYZE_LATENCY_WORDS_H
#define WS_ANALYZE_LATENCY_WORDS_H

#include <jansson.h>
#include <stdio.h>

#include "analyze/join.h"
#include "analyze/statistics.h"

/* The quantiles that are told: "median", "p90", "p99". */
#define WS_LATENCY_QUANTILES 3
const char *ws_latency_quantile_name(int i);
const struct ws_estimate *ws_latency_quantile(const struct ws_summary *summary, int i);

/*
 * Adds n, min, mean, quantiles with their intervals (null where none exists), max, dkw_eps and classes: pairs by class,
 * "matched" always, others where there are any. Not 0: out of memory; the object is not whole then.
 */
int ws_latency_json(const struct ws_summary *summary, const uint64_t n_class[WS_N_CLASSES], json_t *object);

/* "n<TAB>min_us ... dkw_eps<LF>", and a row of them; NaN where no interval exists. */
void ws_latency_put_tsv_names(FILE *out);
void ws_latency_put_tsv(const struct ws_summary *summary, FILE *out);

/* A comment that the store rounded latencies, if it did: by at most that part of each; 0: it did not. */
void ws_latency_put_rounding(double rounding, FILE *out);

#endif
