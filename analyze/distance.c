/* SPDX-License-Identifier: BSD-2-Clause */
/* distance - see distance.h. */
#include "analyze/distance.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Where both series for Kolmogorov's limit need equally few terms. */
#define KOLMOGOROV_SWITCH 1.18

/* With so many terms either series is exact in double on its side of the switch: the next one is below 1e-30. */
#define KOLMOGOROV_TERMS 5

/* What the walk over both samples finds, in units of 1 / (n_a n_b). */
struct gap {
	uint64_t largest;
	uint64_t at_ns;
	unsigned __int128 area; /* times ns; at most n_a n_b times the range: below 2^127 */
};

static struct gap measure_gap(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b)
{
	struct gap gap = { .at_ns = a[0] < b[0] ? a[0] : b[0] };
	uint64_t i = 0, j = 0, height = 0, before = gap.at_ns;

	while (i < n_a || j < n_b) {
		uint64_t x = j == n_b || (i < n_a && a[i] < b[j]) ? a[i] : b[j];

		gap.area += (unsigned __int128)height * (x - before);
		while (i < n_a && a[i] == x)
			i++;
		while (j < n_b && b[j] == x)
			j++;
		height = i * n_b > j * n_a ? i * n_b - j * n_a : j * n_a - i * n_b;
		if (height > gap.largest) {
			gap.largest = height;
			gap.at_ns = x;
		}
		before = x;
	}
	return gap;
}

/*
 * The part of all lattice paths from (0, 0) to (n_long, n_short) that reach a cell (i, j) with |i n_short - j n_long|
 * >= height. A path to (i, j) came from (i - 1, j) in i of i + j cases, so the share of a cell is the mean of both its
 * neighbours' shares in these weights; it is 1 from the height on. Only cells below the height are visited.
 */
static int exact_p(uint64_t n_long, uint64_t n_short, uint64_t height, double *p)
{
	double *share = malloc((n_short + 1) * sizeof(*share));

	if (!share)
		return -ENOMEM;
	for (uint64_t j = 0; j <= n_short; j++)
		share[j] = 1;
	share[0] = 0;
	for (uint64_t i = 0; i <= n_long; i++) {
		uint64_t here = i * n_short;
		uint64_t first = here < height ? 0 : (here - height) / n_long + 1;
		uint64_t last = (here + height - 1) / n_long;
		double left = first > 0 ? 1 : 0;

		if (last > n_short)
			last = n_short;
		for (uint64_t j = first; j <= last; j++) {
			if (i + j > 0) {
				double weight = 1 / (double)(i + j);

				share[j] = (double)i * weight * share[j] + (double)j * weight * left;
			}
			left = share[j];
		}
	}
	*p = fmin(share[n_short], 1);
	free(share);
	return 0;
}

/* P(K > z) of Kolmogorov's distribution. */
static double kolmogorov(double z)
{
	double sum = 0;

	if (z <= 0)
		return 1;
	if (z < KOLMOGOROV_SWITCH) {
		for (int k = KOLMOGOROV_TERMS; k >= 1; k--)
			sum += exp(-(2 * k - 1) * (2 * k - 1) * M_PI * M_PI / (8 * z * z));
		return fmin(1 - sqrt(2 * M_PI) / z * sum, 1);
	}
	for (int k = KOLMOGOROV_TERMS; k >= 1; k--)
		sum += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * z * z);
	return sum;
}

int ws_distance(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b, struct ws_distance *distance)
{
	struct ws_distance made = { 0 };
	struct gap gap;
	uint64_t product;
	int rc = 0;

	if (n_a == 0 || n_b == 0)
		return -ENODATA;
	if (n_a > INT64_MAX / n_b)
		return -EOVERFLOW;
	product = n_a * n_b;
	gap = measure_gap(a, n_a, b, n_b);
	made.d = (double)gap.largest / (double)product;
	made.d_at_ns = gap.at_ns;
	made.wasserstein_ns = (double)(uint64_t)(gap.area / product) +
			      (double)(uint64_t)(gap.area % product) / (double)product;
	made.p_is_exact = product <= WS_KS_EXACT_PRODUCT;
	if (gap.largest == 0)
		made.p = 1;
	else if (made.p_is_exact)
		rc = exact_p(n_a > n_b ? n_a : n_b, n_a > n_b ? n_b : n_a, gap.largest, &made.p);
	else
		made.p = kolmogorov(made.d * sqrt((double)product / ((double)n_a + (double)n_b)));
	if (rc)
		return rc;
	*distance = made;
	return 0;
}
