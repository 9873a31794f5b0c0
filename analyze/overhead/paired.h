/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paired - means of differences between two treatments that were measured in the same blocks. A block's own luck is in
 * both and cancels; blocks are the independent draws, however many requests each holds.
 */
#ifndef WS_ANALYZE_PAIRED_H
#define WS_ANALYZE_PAIRED_H

#include <stdbool.h>
#include <stdint.h>

/* A number with its interval at WS_ALPHA. */
struct ws_interval {
	double value;
	bool has_interval; /* false: there are too few, or it has no end; low and high mean nothing */
	double low;
	double high;
};

/*
 * The mean of n > 0 differences, one a block; the interval by Student's t with n - 1 degrees of freedom, for n > 1. The
 * sum of squares is taken about the mean in a second pass.
 */
struct ws_interval ws_paired_mean(const double *difference, uint32_t n);

/*
 * The mean of a over the mean of b, n > 0 of both in the same order of blocks. The interval is Fieller's (1954): the
 * ratios r for which the mean of a - r b is not significantly different from 0. It has no end, and there is none, where
 * the mean of b itself is not significantly different from 0.
 */
struct ws_interval ws_paired_ratio(const double *a, const double *b, uint32_t n);

#endif
