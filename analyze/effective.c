/* SPDX-License-Identifier: BSD-2-Clause */
/* effective - see effective.h. */
#include "analyze/effective.h"

#include <math.h>

/* A series of numbers less their mean: of latencies, or of 1 where a latency is at most at and 0 elsewhere. */
struct deviations {
	const uint64_t *value;
	uint64_t n;
	bool is_part;
	uint64_t at;
	uint64_t whole; /* the mean, exactly: whole + part */
	double part;
};

static double deviation(const struct deviations *series, uint64_t i)
{
	if (series->is_part)
		return (series->value[i] <= series->at ? 1.0 : 0.0) - series->part;
	return (double)(int64_t)(series->value[i] - series->whole) - series->part;
}

static double products(const struct deviations *series, uint64_t lag)
{
	double sum = 0;

	for (uint64_t i = 0; i + lag < series->n; i++)
		sum += deviation(series, i) * deviation(series, i + lag);
	return sum;
}

/* Geyer's estimator. All sums lack the same factor 1/n, which cancels. */
static struct ws_effective estimate(const struct deviations *series)
{
	double at_zero = products(series, 0), sum = 0;
	struct ws_effective effective = { .n = (double)series->n, .is_bound = true };
	uint64_t end = series->n < WS_EFFECTIVE_LAGS ? series->n : WS_EFFECTIVE_LAGS;

	if (at_zero == 0) {
		effective.is_bound = false;
		return effective;
	}
	for (uint64_t lag = 0; lag + 1 < end; lag += 2) {
		double pair = (lag ? products(series, lag) : at_zero) + products(series, lag + 1);

		if (pair <= 0) {
			effective.is_bound = false;
			break;
		}
		sum += pair;
		effective.n_lags = lag + 2;
	}
	/* 1 + 2 (r1 + r2 + ...) = 2 (r0 + r1 + ...) - 1; below 1 for numbers that alternate: n is enough for those. */
	effective.n = fmax(1, (double)series->n / fmax(1, 2 * sum / at_zero - 1));
	return effective;
}

struct ws_effective ws_effective_n(const uint64_t *in_time_order, uint64_t n)
{
	unsigned __int128 sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += in_time_order[i];
	return estimate(&(struct deviations) {
		.value = in_time_order,
		.n = n,
		.whole = (uint64_t)(sum / n),
		.part = (double)(uint64_t)(sum % n) / (double)n,
	});
}

struct ws_effective ws_effective_n_at(const uint64_t *in_time_order, uint64_t n, uint64_t at)
{
	uint64_t n_within = 0;

	for (uint64_t i = 0; i < n; i++)
		n_within += in_time_order[i] <= at;
	return estimate(&(struct deviations) {
		.value = in_time_order,
		.n = n,
		.is_part = true,
		.at = at,
		.part = (double)n_within / (double)n,
	});
}
