/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bland_altman - how well two methods agree that measured the same things: the differences of their pairs, their
 * average and the limits between which most of them lie (Bland and Altman 1986, 1999).
 *
 * The limits say how far apart both methods are for a single packet. Whether that is close enough is the reader's
 * question, not one of a test.
 */
#ifndef WS_ANALYZE_BLAND_ALTMAN_H
#define WS_ANALYZE_BLAND_ALTMAN_H

#include "analyze/statistics.h"

/* A number with its confidence interval at WS_ALPHA, ns. */
struct ws_limit {
	double ns;
	double low_ns;
	double high_ns;
};

/* ws_estimate, signed. */
struct ws_signed_estimate {
	int64_t ns;
	bool has_interval;
	int64_t low_ns;
	int64_t high_ns;
};

struct ws_bland_altman {
	uint64_t n;
	struct ws_limit bias; /* the mean difference */
	bool has_spread;      /* n > 1: sd and limits exist, and the interval of the bias */
	double sd_ns;	      /* with n - 1 */
	/* bias -+ 1.96 sd: hold 95% of the differences if these are normal. Latencies' are not: see the percentiles. */
	struct ws_limit lower;
	struct ws_limit upper;
	/* The same limits as percentiles, 2.5 and 97.5, and the median: order statistics, which assume nothing. */
	struct ws_signed_estimate p025;
	struct ws_signed_estimate median;
	struct ws_signed_estimate p975;
};

/* Whether the difference depends on the size of what is measured. */
struct ws_trend {
	double slope;	    /* least squares: ns of difference for each ns of mean */
	double correlation; /* Pearson's, -1..1 */
};

/*
 * Describes n differences, biased by ws_radix_bias() and sorted ascending. 0 or -ENODATA (n = 0).
 *
 * Intervals of the means by Student's t with n - 1 degrees of freedom: bias -+ t sd sqrt(1/n), limit -+ t sd
 * sqrt(1/n + 1.96^2 / (2 (n - 1))) (Bland and Altman 1999, section 2.2; the second is an approximation). The sum of the
 * differences is exact, the sum of squares is taken about the mean in a second pass: no cancellation for any int64_t.
 */
int ws_bland_altman(const uint64_t *sorted_biased, uint64_t n, struct ws_bland_altman *out);

/*
 * The trend of n differences over the means of their pairs, both in one order, ns. 0 or -ENODATA: fewer than three, or
 * means or differences that are all equal. One packet of ten thousand times the usual latency can make a trend: look at
 * the plot.
 */
int ws_bland_altman_trend(const int64_t *difference, const int64_t *mean, uint64_t n, struct ws_trend *out);

#endif
