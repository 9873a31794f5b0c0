/* SPDX-License-Identifier: BSD-2-Clause */
/* paired - see paired.h. */
#include "analyze/overhead/paired.h"

#include <math.h>

#include "analyze/statistics.h"

static double mean(const double *value, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += value[i];
	return sum / n;
}

/* The covariance of the means of a and b, n > 1. */
static double covariance(const double *a, double mean_a, const double *b, double mean_b, uint32_t n)
{
	double sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += (a[i] - mean_a) * (b[i] - mean_b);
	return sum / (n - 1) / n;
}

struct ws_interval ws_paired_mean(const double *difference, uint32_t n)
{
	struct ws_interval made = { .value = mean(difference, n), .has_interval = n > 1 };

	if (n > 1) {
		const double half = ws_student(n - 1) *
				    sqrt(covariance(difference, made.value, difference, made.value, n));

		made.low = made.value - half;
		made.high = made.value + half;
	}
	return made;
}

struct ws_interval ws_paired_ratio(const double *a, const double *b, uint32_t n)
{
	const double mean_a = mean(a, n), mean_b = mean(b, n);
	struct ws_interval made = { .value = mean_a / mean_b };
	double t2, square, middle, rest, root;

	if (n < 2)
		return made;
	/* (mean_a - r mean_b)^2 <= t^2 var(mean_a - r mean_b), as a quadratic in r */
	t2 = ws_student(n - 1) * ws_student(n - 1);
	square = mean_b * mean_b - t2 * covariance(b, mean_b, b, mean_b, n);
	middle = mean_a * mean_b - t2 * covariance(a, mean_a, b, mean_b, n);
	rest = mean_a * mean_a - t2 * covariance(a, mean_a, a, mean_a, n);
	if (!(square > 0))
		return made;
	root = sqrt(fmax(middle * middle - square * rest, 0));
	made.has_interval = true;
	made.low = (middle - root) / square;
	made.high = (middle + root) / square;
	return made;
}
