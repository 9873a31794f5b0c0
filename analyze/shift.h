/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shift - by how much a quantile of sample B is larger than the same quantile of sample A, with an interval that
 * assumes no distribution.
 */
#ifndef WS_ANALYZE_SHIFT_H
#define WS_ANALYZE_SHIFT_H

#include "analyze/statistics.h"

/* So many values of each sample always give the shift of the median an interval. */
#define WS_SHIFT_MEDIAN_N 7

/* A difference of quantiles, B minus A, in ns; beyond the range of int64_t: its end. */
struct ws_shift {
	int64_t shift_ns;
	bool has_interval; /* at WS_ALPHA; false: none exists for these sizes, low and high mean nothing */
	int64_t low_ns;
	int64_t high_ns;
};

/*
 * Q_B(q) - Q_A(q) of sorted samples of n_a > 0 and n_b > 0 numbers; quantiles as ws_quantile_rank() has them.
 *
 * The interval. For a level e let l(e) be the rank with P(x(l) > Q) <= e, and h(e) that with P(x(h) < Q) <= e, from the
 * binomial distribution (see ws_quantile_ranks()), whatever the samples' distributions. With levels e_1 < ... < e_9:
 *
 *     low  = min over k of  B(l(e_k)) - A(h(e_(10-k)))        high = max over k of  B(h(e_k)) - A(l(e_(10-k)))
 *
 * Low is wrong (above the true shift) only if for every k either B(l(e_k)) > Q_B or A(h(e_(10-k))) < Q_A. The first
 * event grows with k, the second shrinks, and they are independent. So, with k the first for which B fails, A must have
 * failed at k - 1, and the probability is at most
 *
 *     e_1 + sum over k = 2..9 of (e_k - e_(k-1)) e_(11-k) + (1 - e_9) e_1
 *
 * which the levels make 0.025. Likewise for high. So the interval holds the true shift with probability 95% or more
 * for every pair of distributions, with ties and with gaps, and for every size. What it does assume: draws are
 * independent, within a sample and between both (see analyze/effective.h). Where x(1) or x(n) is wrong more often
 * than e_1 there is no interval: the median needs 7 of each sample, p90 46, p99 481.
 *
 * Why this one. e_k = Phi(-R cos(t_k)), t_k = 0..90 degrees in steps of 11.25, R = 2.408: nine rectangles around a
 * circle in the plane of both ranks, where one sample's luck may be worse if the other's is better. Two intervals of
 * 97.5% each (Bonferroni) are the one rectangle [L_B - H_A, H_B - L_A], safe too, but 1.2 to 1.3 times as wide
 * for smooth distributions and equal sizes.
 * MOVER (Zou and Donner 2008), shift - sqrt((Q_B - L_B)^2 + (H_A - Q_A)^2) and so on, is 0.8 times as wide, but not
 * safe: it takes for granted that a quantile half as unlikely is half as far away. Near a gap or an atom it fails.
 *
 * Measured on 4000 pairs of samples of each kind, drawn with xorshift64*, for n = 60, 600, 4800, and 60 against 4800:
 *
 *     coverage of the shift of                 this            MOVER           Bonferroni
 *     lognormal, median, 60/600/4800           .997 .991 .985  .984 .961 .954  .999 .999 .998
 *     lognormal, p90                           .999 .994 .989  .986 .968 .955  1    .999 .999
 *     lognormal, p99 (600, 4800)               .999 .989       .980 .961       1    .999
 *     a dozen values, median and p90, least    .999            .987            .999
 *     two modes, 52% in the lower; median      .997 .990 .986  .981 .948 .947  1    .999 .999
 *     atom of 50.5% v lognormal, median        .989 .987 .990  .951 .912 .897  .993 .984 .986
 *     the same, 60 against 4800                .987            .797            .986
 *
 * The least of 2500 pairs of distributions with one to four gaps or atoms near the quantile (20,000 samples of each):
 * this .977, MOVER .690, Bonferroni .974.
 */
struct ws_shift ws_quantile_shift(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b,
				  struct ws_quantile q);

#endif
