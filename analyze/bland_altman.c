/* SPDX-License-Identifier: BSD-2-Clause */
/* bland_altman - see bland_altman.h. */
#include "analyze/bland_altman.h"

#include <errno.h>
#include <math.h>

#include "analyze/radix.h"

/* A mean, exactly: whole + part, -1 < part < 1. */
struct center {
	int64_t whole;
	double part;
};

static struct center center_of(__int128 sum, uint64_t n)
{
	return (struct center) { (int64_t)(sum / (__int128)n), (double)(int64_t)(sum % (__int128)n) / (double)n };
}

static double center_value(struct center center)
{
	return (double)center.whole + center.part;
}

static double distance_from(struct center center, int64_t value)
{
	return (double)((__int128)value - center.whole) - center.part;
}

static struct ws_limit limit(double ns, double half)
{
	return (struct ws_limit) { ns, ns - half, ns + half };
}

static struct ws_signed_estimate percentile(const uint64_t *sorted_biased, uint64_t n, struct ws_quantile q)
{
	struct ws_estimate estimate = ws_quantile_estimate(sorted_biased, n, q);

	return (struct ws_signed_estimate) {
		.ns = ws_radix_unbias(estimate.value),
		.has_interval = estimate.has_interval,
		.low_ns = estimate.has_interval ? ws_radix_unbias(estimate.low) : 0,
		.high_ns = estimate.has_interval ? ws_radix_unbias(estimate.high) : 0,
	};
}

int ws_bland_altman(const uint64_t *sorted_biased, uint64_t n, struct ws_bland_altman *out)
{
	struct ws_bland_altman made = { .n = n, .has_spread = n > 1 };
	struct center center;
	__int128 sum = 0;
	double squares = 0;

	if (n == 0)
		return -ENODATA;
	for (uint64_t i = 0; i < n; i++)
		sum += ws_radix_unbias(sorted_biased[i]);
	center = center_of(sum, n);
	made.bias = limit(center_value(center), 0);
	made.p025 = percentile(sorted_biased, n, (struct ws_quantile) { 1, 40 });
	made.median = percentile(sorted_biased, n, WS_MEDIAN);
	made.p975 = percentile(sorted_biased, n, (struct ws_quantile) { 39, 40 });
	if (made.has_spread) {
		double t = ws_student(n - 1), one = 1 / (double)n, half;

		for (uint64_t i = 0; i < n; i++) {
			double away = distance_from(center, ws_radix_unbias(sorted_biased[i]));

			squares += away * away;
		}
		made.sd_ns = sqrt(squares / (double)(n - 1));
		half = t * made.sd_ns * sqrt(one + WS_Z * WS_Z / (2 * (double)(n - 1)));
		made.bias = limit(made.bias.ns, t * made.sd_ns * sqrt(one));
		made.lower = limit(made.bias.ns - WS_Z * made.sd_ns, half);
		made.upper = limit(made.bias.ns + WS_Z * made.sd_ns, half);
	}
	*out = made;
	return 0;
}

int ws_bland_altman_trend(const int64_t *difference, const int64_t *mean, uint64_t n, struct ws_trend *out)
{
	__int128 sum_x = 0, sum_y = 0;
	double xx = 0, xy = 0, yy = 0;
	struct center x, y;

	if (n < 3)
		return -ENODATA;
	for (uint64_t i = 0; i < n; i++) {
		sum_x += mean[i];
		sum_y += difference[i];
	}
	x = center_of(sum_x, n);
	y = center_of(sum_y, n);
	for (uint64_t i = 0; i < n; i++) {
		double dx = distance_from(x, mean[i]), dy = distance_from(y, difference[i]);

		xx += dx * dx;
		xy += dx * dy;
		yy += dy * dy;
	}
	if (xx == 0 || yy == 0)
		return -ENODATA;
	out->slope = xy / xx;
	out->correlation = fmax(-1, fmin(1, xy / (sqrt(xx) * sqrt(yy))));
	return 0;
}
