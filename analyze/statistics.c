/* SPDX-License-Identifier: BSD-2-Clause */
/* statistics - see statistics.h. */
#include "analyze/statistics.h"

#include <errno.h>
#include <math.h>

/* Beyond so many standard deviations (and some, for small means) a binomial tail is nothing: below 1e-30. */
#define TAIL_DEVIATIONS 12.0
#define TAIL_SLACK	30.0

uint64_t ws_quantile_rank(uint64_t n, struct ws_quantile q)
{
	unsigned __int128 product = (unsigned __int128)n * q.num;
	uint64_t rank = (uint64_t)((product + q.den - 1) / q.den);

	return rank > 0 ? rank : 1;
}

/* ln(n!), without the global that lgamma() writes to. */
static double log_factorial(double n)
{
	int sign;

	return lgamma_r(n + 1, &sign);
}

/* P(B = k) for B binomial(n, p), 0 < p < 1. */
static double binomial_point(double n, double p, double k)
{
	return exp(log_factorial(n) - log_factorial(k) - log_factorial(n - k) + k * log(p) + (n - k) * log1p(-p));
}

/*
 * The largest k >= 0 with P(B < k) <= budget, B binomial(n, p). Adds up points from the lower tail, each from the one
 * before: no difference of nearly equal numbers anywhere.
 */
static uint64_t lower_rank(uint64_t n, double p, double budget)
{
	double mean = (double)n * p, start = floor(mean - TAIL_DEVIATIONS * sqrt(mean * (1 - p)) - TAIL_SLACK);
	uint64_t k = start > 0 ? (uint64_t)start : 0;
	double point = binomial_point((double)n, p, (double)k), sum = 0;

	while (k < n && sum + point <= budget) {
		sum += point;
		point *= (double)(n - k) / (double)(k + 1) * (p / (1 - p));
		k++;
	}
	return k;
}

int ws_quantile_ranks(uint64_t n, struct ws_quantile q, double alpha, struct ws_ranks *ranks)
{
	double p = (double)q.num / q.den;
	double all_below = pow(p, (double)n), all_above = pow(1 - p, (double)n);
	double low_budget = alpha / 2, high_budget = alpha / 2;
	uint64_t low, high;

	if (n == 0 || all_below + all_above > alpha)
		return -ENODATA;
	/* x(n) lies below the quantile with probability q^n, x(1) above it with (1-q)^n. */
	if (all_below > high_budget)
		low_budget = alpha - all_below;
	else if (all_above > low_budget)
		high_budget = alpha - all_above;
	low = lower_rank(n, p, low_budget);
	/* The upper side is the lower side of the mirror image: n - B is binomial(n, 1 - q). */
	high = n + 1 - lower_rank(n, 1 - p, high_budget);
	ranks->low = low > 0 ? low : 1;
	ranks->high = high <= n ? high : n;
	return 0;
}

struct ws_estimate ws_quantile_estimate(const uint64_t *sorted, uint64_t n, struct ws_quantile q)
{
	struct ws_estimate estimate = { .value = sorted[ws_quantile_rank(n, q) - 1] };
	struct ws_ranks ranks;

	if (ws_quantile_ranks(n, q, WS_ALPHA, &ranks) == 0) {
		estimate.has_interval = true;
		estimate.low = sorted[ranks.low - 1];
		estimate.high = sorted[ranks.high - 1];
	}
	return estimate;
}

double ws_mean(const uint64_t *value, uint64_t n)
{
	unsigned __int128 sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += value[i];
	return (double)(uint64_t)(sum / n) + (double)(uint64_t)(sum % n) / (double)n;
}

struct ws_summary ws_summarize(const uint64_t *sorted, uint64_t n)
{
	return (struct ws_summary) {
		.n = n,
		.min = sorted[0],
		.max = sorted[n - 1],
		.mean = ws_mean(sorted, n),
		.median = ws_quantile_estimate(sorted, n, WS_MEDIAN),
		.p90 = ws_quantile_estimate(sorted, n, WS_P(90)),
		.p99 = ws_quantile_estimate(sorted, n, WS_P(99)),
		.dkw_eps = ws_dkw_eps(n, WS_ALPHA),
	};
}

/* Degrees of freedom that have their t in the table. */
#define N_STUDENT 30

/* Student's t, 97.5%: from the table, beyond by Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5), to 1e-7.
 */
double ws_student(uint64_t degrees)
{
	static const double table[N_STUDENT] = {
		12.70620474, 4.30265273, 3.18244631, 2.77644511, 2.57058184, 2.44691185, 2.36462425, 2.30600414,
		2.26215716,  2.22813885, 2.20098516, 2.17881283, 2.16036866, 2.14478669, 2.13144955, 2.1199053,
		2.10981558,  2.10092204, 2.09302405, 2.08596345, 2.07961384, 2.07387307, 2.06865761, 2.06389856,
		2.05953855,  2.05552944, 2.05183052, 2.04840714, 2.04522964, 2.04227246,
	};
	double z = WS_Z, z2 = z * z, v = (double)degrees;

	if (degrees <= N_STUDENT)
		return table[degrees - 1];
	return z + z * (z2 + 1) / (4 * v) + z * ((5 * z2 + 16) * z2 + 3) / (96 * v * v) +
	       z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v) +
	       z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / (92160 * v * v * v * v);
}

double ws_dkw_eps(uint64_t n, double alpha)
{
	return sqrt(log(2 / alpha) / (2 * (double)n));
}

struct ws_proportion ws_wilson(uint64_t k, uint64_t n)
{
	double rate = (double)k / (double)n, z2 = WS_Z * WS_Z / (double)n;
	double center = (rate + z2 / 2) / (1 + z2);
	double half = WS_Z * sqrt(rate * (1 - rate) / (double)n + z2 / (4 * (double)n)) / (1 + z2);

	/* At the ends the bound is 0 or 1 by algebra; rounding must not say 1.0000000000000002. */
	return (struct ws_proportion) {
		.rate = rate,
		.low = k == 0 ? 0 : fmax(center - half, 0),
		.high = k == n ? 1 : fmin(center + half, 1),
	};
}
