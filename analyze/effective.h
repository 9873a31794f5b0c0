/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * effective - how many independent draws a series of latencies is worth.
 *
 * Requests of one load are not independent: they meet the same queue, the same busy CPU, the same minute. Every
 * interval, band and p-value of this program assumes independent draws, and so is a lower bound on the uncertainty.
 * The effective n says by how much: an interval is too narrow by about sqrt(n / effective n). What differs between runs
 * (another day, another placement) is in no series of one run; only repeated runs show it.
 */
#ifndef WS_ANALYZE_EFFECTIVE_H
#define WS_ANALYZE_EFFECTIVE_H

#include <stdbool.h>
#include <stdint.h>

/* No lag of this length or more is looked at. */
#define WS_EFFECTIVE_LAGS 1000

struct ws_effective {
	double n;	 /* 1..n of the series */
	uint64_t n_lags; /* the lags that were added up: 0 .. n_lags - 1 */
	bool is_bound;	 /* the correlation went on to the last lag that was looked at: n is an upper bound */
};

/*
 * The effective size of n > 0 latencies in order of time, up to INT64_MAX ns each: n / (1 + 2 sum of autocorrelations),
 * the sum by Geyer's initial positive sequence (1992): over pairs of lags (2k, 2k + 1) as long as the pair's sum is
 * positive. Never more than n. O(n) a lag; lags below n and WS_EFFECTIVE_LAGS. Where all are equal: n, as nothing
 * can be told. Of n independent numbers it makes 0.92 n (n = 600), 0.97 n (4800), 0.99 n (48,000) on
 * average of 200 to 1000 series, as it adds up chance, too; of one series of 600 in 1000 as little as 0.43 n.
 *
 * ws_effective_n() is that of the mean. One latency of a thousand times the usual hides the correlation of the others.
 * ws_effective_n_at() is that of F(at), the part of the latencies that is at most at: it uses only which are, and does
 * not mind outliers. With at = the median it belongs to the intervals of the median.
 */
struct ws_effective ws_effective_n(const uint64_t *in_time_order, uint64_t n);
struct ws_effective ws_effective_n_at(const uint64_t *in_time_order, uint64_t n, uint64_t at);

#endif
