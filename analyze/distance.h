/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * distance - how far apart two samples' distribution functions are: the largest step between them (Kolmogorov and
 * Smirnov), with a p-value, and the area between them (Wasserstein).
 *
 * F_A(x) is the part of sample A that is at most x. Both numbers come from one walk over both sorted samples, in
 * integers: F_A - F_B = (i n_b - j n_a) / (n_a n_b), looked at only where all equal values of both samples are counted.
 */
#ifndef WS_ANALYZE_DISTANCE_H
#define WS_ANALYZE_DISTANCE_H

#include <stdbool.h>
#include <stdint.h>

/* Up to this n_a * n_b the p-value is exact; the work is at most this many cells, less than a second. */
#define WS_KS_EXACT_PRODUCT UINT64_C(100000000)

struct ws_distance {
	double d;	  /* max |F_A(x) - F_B(x)|, 0..1 */
	uint64_t d_at_ns; /* the smallest x where it is reached */
	double p;	  /* of d, two-sided: P(D >= d) if both samples come from one distribution */
	bool p_is_exact;  /* false: asymptotic */
	double wasserstein_ns;
};

/*
 * Compares sorted samples of n_a and n_b numbers, in O(n_a + n_b) plus the p-value. 0, -ENODATA (an empty sample),
 * -EOVERFLOW (n_a * n_b of 2^63 or more), -ENOMEM.
 *
 * p: the probability that two samples of these sizes from one continuous distribution are at least so far apart.
 *   Exact up to WS_KS_EXACT_PRODUCT: the part of all orders in which the n_a + n_b values can come that reach d, by
 *   counting lattice paths (Hodges 1958) as shares, all positive, so that small p keep their digits (relative error
 *   below 1e-15 (n_a + n_b)). Beyond: Kolmogorov's limit Q(z) = 2 sum (-1)^(k-1) exp(-2 k^2 z^2), with
 *   z = d sqrt(n_a n_b / (n_a + n_b)). Measured just beyond, against the exact one: within 0.1% (p near 0.05) or 0.3%
 *   (p near 1e-6) for equal sizes; for others too large, by up to 2% (p near 0.05) or 6% (p near 1e-6); where the
 * smaller sample has a hundred values, by 10% or half; where it has ten, by half at p near 0.05 and many times further
 * out. It errs towards "no difference". With ties p is an upper bound: equal values can only bring the curves closer
 * (Schroeer and Trenkler 1995). Both samples must be independent draws: those of one load are not, see
 * analyze/effective.h.
 *
 * wasserstein_ns: the integral of |F_A(x) - F_B(x)| dx, which is also the mean of |Q_A(u) - Q_B(u)| over all u in 0..1:
 *   how far, on average, a request would have to move. Summed exactly in 128 bits, then rounded, for any uint64_t.
 */
int ws_distance(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b, struct ws_distance *distance);

#endif
