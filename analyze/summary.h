/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary - a sample of latencies in numbers: the columns that the tables of several commands have in common.
 */
#ifndef WS_ANALYZE_SUMMARY_H
#define WS_ANALYZE_SUMMARY_H

#include <jansson.h>
#include <stdio.h>

#include "analyze/comparison.h"
#include "analyze/sample.h"

/* Room for a value with its interval. */
#define WS_ESTIMATE_MAX 128

/* Room for a caution. */
#define WS_CAUTION_MAX 256

/*
 * Adds n, effective_n, rounds and the range of their medians, min, median, mean, p90, p99, max and the intervals (null
 * where there is none) to the object, the unit in the keys: "median_ms", "median_ci_low_ms". 0 or nonzero: out of
 * memory.
 */
int ws_summary_json(const struct ws_sample *sample, struct ws_unit unit, json_t *object);

/* The same as columns of TSV, each after a tab: the header's names, and a row's values (NaN where there is none). */
void ws_summary_tsv_header(struct ws_unit unit, FILE *out);
void ws_summary_tsv(const struct ws_sample *sample, struct ws_unit unit, FILE *out);

/* How many ns the unit has. */
double ws_unit_ns(struct ws_unit unit);

/* Writes a number with four figures that mean something: "0.123", "12.34", "1234". */
const char *ws_summary_number(double value, char text[32]);

/* Writes how many rounds a sample has, and from where to where their medians go: "3: 12.3 .. 14.1". */
const char *ws_summary_rounds(const struct ws_sample *sample, struct ws_unit unit, char text[WS_ESTIMATE_MAX]);

/*
 * Writes what a comparison of two samples owes to rounds, to follow its verdict: how far the medians of rounds lie
 * apart, and that they overlap if they do; or that there was one round each, which leaves that unknown.
 */
const char *ws_summary_caution(const struct ws_sample *a, const struct ws_sample *b, struct ws_unit unit,
			       char text[WS_CAUTION_MAX]);

/* Sets NAME + middle + unit of the object to a number of ns in that unit, or to null. 0 or nonzero: out of memory. */
int ws_summary_set(json_t *object, const char *name, const char *middle, struct ws_unit unit, bool known, double ns);

/* Writes a value with its interval: "12.34 [12.10, 12.60]"; where n is too small for one: "12.34 [-]". */
const char *ws_summary_estimate(const struct ws_estimate *estimate, struct ws_unit unit, char text[WS_ESTIMATE_MAX]);

/* The same of the mean. */
const char *ws_summary_mean(const struct ws_sample *sample, struct ws_unit unit, char text[WS_ESTIMATE_MAX]);

#endif
