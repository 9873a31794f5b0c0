/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * comparison - two samples of latencies, A and B: how far apart they are, by which quantiles, and what may be said.
 *
 * The verdict rests on the shift of the median and, where its interval includes zero, on the p-value of Kolmogorov and
 * Smirnov. Other quantiles describe; each has its own 95%, and of many some will miss zero by chance. The verdict, too,
 * has two ways to find a difference where there is none; in 400 to 4000 pairs of equal samples of five shapes and four
 * sizes both together did in 1.1 to 5.3%, with "larger" or "smaller" in at most 1.3%. That none was found does not mean
 * that there is none: the interval says which shifts the data do not exclude. All of it assumes independent draws: see
 * effective.h.
 */
#ifndef WS_ANALYZE_COMPARISON_H
#define WS_ANALYZE_COMPARISON_H

#include <stddef.h>

#include "analyze/distance.h"
#include "analyze/shift.h"

enum ws_verdict {
	WS_VERDICT_TOO_FEW,		/* the median's shift has no interval */
	WS_VERDICT_NO_DIFFERENCE_FOUND, /* it includes zero, and p >= WS_ALPHA */
	WS_VERDICT_SHAPE_DIFFERS,	/* it includes zero, and p < WS_ALPHA */
	WS_VERDICT_B_LARGER,		/* it lies above zero */
	WS_VERDICT_B_SMALLER,		/* it lies below zero */
};

struct ws_comparison {
	uint64_t n_a;
	uint64_t n_b;
	/* The others are zero where a sample is empty. */
	struct ws_distance distance;
	struct ws_shift median;
	struct ws_shift p90;
	struct ws_shift p99;
	enum ws_verdict verdict;
};

/* A unit to write ns in: 10^digits ns. At most so many decimals are written, so that the last one is 1 ns. */
struct ws_unit {
	const char *name;
	int digits; /* 0..9 */
};

#define WS_UNIT_NS ((struct ws_unit) { "ns", 0 })
#define WS_UNIT_US ((struct ws_unit) { "us", 3 })
#define WS_UNIT_MS ((struct ws_unit) { "ms", 6 })

/* Room for any sentence of ws_verdict_words() in these units. */
#define WS_VERDICT_WORDS_MAX 384

/* What may be said of a shift of the median and a p-value; n_a or n_b zero: too few. */
enum ws_verdict ws_verdict(const struct ws_shift *median, double p, uint64_t n_a, uint64_t n_b);

/* Compares sorted samples. 0, or -EOVERFLOW (n_a * n_b of 2^63 or more), -ENOMEM. */
int ws_compare(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b, struct ws_comparison *comparison);

/*
 * The verdict as a sentence without a full stop, with shift, interval, sizes, and the largest shift that the interval
 * does not exclude. As many decimals as the interval's width makes meaningful; its ends are rounded outwards, and never
 * to zero if they are not. size > 0; what does not fit is cut.
 */
void ws_verdict_words(const struct ws_comparison *comparison, struct ws_unit unit, char *text, size_t size);

#endif
