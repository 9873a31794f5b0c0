/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * statistics - exact order statistics and intervals that assume no distribution.
 *
 * Everything works on numbers sorted ascending; ranks count from 1: x(1) is the smallest, x(n) the largest.
 */
#ifndef WS_ANALYZE_STATISTICS_H
#define WS_ANALYZE_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The level at which every interval and band is given: 95%. */
#define WS_ALPHA 0.05

/* The normal distribution's quantile of 1 - WS_ALPHA / 2. */
#define WS_Z 1.959963984540054

/* A quantile as a fraction, 0 < num < den: ceil(q n) in integers is exact, 0.07 * 100 in floating point is not. */
struct ws_quantile {
	uint32_t num;
	uint32_t den;
};

#define WS_MEDIAN     ((struct ws_quantile) { 1, 2 })
#define WS_P(percent) ((struct ws_quantile) { (percent), 100 })

/* Ranks of the two order statistics that enclose a quantile. */
struct ws_ranks {
	uint64_t low;
	uint64_t high;
};

/* A quantile of a sample, with its confidence interval at WS_ALPHA, in the unit of the sample. */
struct ws_estimate {
	uint64_t value;
	bool has_interval; /* false: no interval exists for this n, low and high mean nothing */
	uint64_t low;
	uint64_t high;
};

/* What is told of a sample, in its unit. */
struct ws_summary {
	uint64_t n; /* > 0 */
	uint64_t min;
	uint64_t max;
	double mean;
	struct ws_estimate median;
	struct ws_estimate p90;
	struct ws_estimate p99;
	double dkw_eps;
};

/* A proportion with its interval; all three in 0..1. */
struct ws_proportion {
	double rate;
	double low;
	double high;
};

/*
 * The rank of quantile q among n > 0 numbers: ceil(q n), at least 1. The inverse of the empirical distribution
 * function (definition 1 of Hyndman and Fan 1996): always a number that was measured. The median of an even n is
 * therefore the lower of the two in the middle.
 */
uint64_t ws_quantile_rank(uint64_t n, struct ws_quantile q);

/*
 * The distribution-free confidence interval of quantile q from order statistics (David and Nagaraja 2003, 7.1):
 * x(low) <= Q <= x(high) with probability P(low <= B < high) >= 1 - alpha, B binomial(n, q), whatever the
 * distribution.
 *
 * Each side gets alpha/2 where n allows it. Where not even x(n) leaves alpha/2 above itself, high is n and the lower
 * side gets what is left of alpha; likewise below. So an interval exists exactly when the widest one, x(1) to x(n),
 * covers: q^n + (1-q)^n <= alpha. At 95%: the median needs n >= 6, p90 n >= 29, p99 n >= 299. 0, or -ENODATA when no
 * interval exists for this n.
 */
int ws_quantile_ranks(uint64_t n, struct ws_quantile q, double alpha, struct ws_ranks *ranks);

/* Quantile q of n > 0 sorted numbers, and its interval at WS_ALPHA. */
struct ws_estimate ws_quantile_estimate(const uint64_t *sorted, uint64_t n, struct ws_quantile q);

/* The mean of n > 0 numbers: the sum is exact. */
double ws_mean(const uint64_t *value, uint64_t n);

/*
 * Student's quantile of 1 - WS_ALPHA / 2 for so many degrees of freedom, > 0: from a table, beyond 30 by Cornish and
 * Fisher's expansion (Abramowitz and Stegun 26.7.5), good to 1e-7.
 */
double ws_student(uint64_t degrees);

/* All that is told of n > 0 sorted numbers. */
struct ws_summary ws_summarize(const uint64_t *sorted, uint64_t n);

/*
 * Half the height of the band that holds the whole distribution function with probability 1 - alpha:
 * sqrt(ln(2/alpha) / (2n)) (Dvoretzky, Kiefer and Wolfowitz 1956, with the constant of Massart 1990). n > 0.
 */
double ws_dkw_eps(uint64_t n, double alpha);

/* Wilson's score interval at 95% of k among n > 0 (Wilson 1927; Brown, Cai and DasGupta 2001). */
struct ws_proportion ws_wilson(uint64_t k, uint64_t n);

#endif
