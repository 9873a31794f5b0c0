/* SPDX-License-Identifier: BSD-2-Clause */
/* test_bland_altman - agreement of paired measurements: values from numpy, stability for large numbers, few pairs. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/bland_altman.h"
#include "analyze/radix.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

static void assert_near(double have, double want, double tolerance)
{
	if (!(fabs(have - want) <= tolerance))
		fail_msg("%.17g is not within %g of %.17g", have, tolerance, want);
}

static struct ws_bland_altman describe(const int64_t *difference, uint64_t n)
{
	uint64_t *biased = malloc(n * sizeof(*biased));
	struct ws_bland_altman made;

	assert_non_null(biased);
	for (uint64_t i = 0; i < n; i++)
		biased[i] = ws_radix_bias(difference[i]);
	assert_int_equal(ws_radix_sort(biased, n), 0);
	assert_int_equal(ws_bland_altman(biased, n, &made), 0);
	free(biased);
	return made;
}

/* mean and std(ddof=1) of numpy; the intervals with scipy.stats.t.ppf(0.975, 9). */
static void ten_are_as_numpy_has_them(void **state)
{
	static const int64_t difference[] = { -5, 3, 8, 12, -1, 0, 7, 4, 4, -20 };
	struct ws_bland_altman made = describe(difference, N(difference));

	(void)state;
	assert_int_equal(made.n, 10);
	assert_true(made.has_spread);
	assert_near(made.bias.ns, 1.2, 1e-14);
	assert_near(made.sd_ns, 8.879439421745296, 1e-12);
	assert_near(made.lower.ns, -16.203381469525944, 1e-12);
	assert_near(made.upper.ns, 18.603381469525942, 1e-12);
	assert_near(made.bias.high_ns - made.bias.ns, 6.351968311333011, 1e-7);
	assert_near(made.bias.ns - made.bias.low_ns, 6.351968311333011, 1e-7);
	assert_near(made.lower.ns - made.lower.low_ns, 11.245215472096168, 1e-7);
	assert_near(made.upper.high_ns - made.upper.ns, 11.245215472096168, 1e-7);
	assert_int_equal(made.median.ns, 3);
	assert_true(made.median.has_interval); /* x(2) and x(9) */
	assert_int_equal(made.median.low_ns, -5);
	assert_int_equal(made.median.high_ns, 8);
	assert_int_equal(made.p025.ns, -20);
	assert_int_equal(made.p975.ns, 12);
	assert_false(made.p025.has_interval || made.p975.has_interval);
}

/* Student's t seen through the interval of the bias; scipy.stats.t.ppf(0.975, n - 1). */
static void interval_of_the_bias_is_students(void **state)
{
	static const struct {
		uint64_t n;
		double t;
	} table[] = { { 2, 12.7062047364 }, { 3, 4.30265272991 },  { 10, 2.26215716274 }, { 31, 2.0422724563 },
		      { 32, 2.0395134464 }, { 33, 2.03693334346 }, { 50, 2.00957523449 }, { 101, 1.98397151845 } };
	int64_t difference[101];

	(void)state;
	for (size_t i = 0; i < N(table); i++) {
		struct ws_bland_altman made;

		for (int64_t k = 0; k < (int64_t)table[i].n; k++)
			difference[k] = 1000 * k;
		made = describe(difference, table[i].n);
		assert_near((made.bias.high_ns - made.bias.ns) / made.sd_ns * sqrt((double)table[i].n), table[i].t,
			    1e-6);
	}
}

static void one_pair_has_no_spread(void **state)
{
	static const int64_t difference[] = { -7 };
	struct ws_bland_altman made = describe(difference, 1);

	(void)state;
	assert_false(made.has_spread || made.median.has_interval);
	assert_true(made.bias.ns == -7 && made.median.ns == -7 && made.p025.ns == -7 && made.p975.ns == -7);
	assert_int_equal(ws_bland_altman(NULL, 0, &made), -ENODATA);
	assert_int_equal(made.n, 1);
}

static void equal_differences_have_no_width(void **state)
{
	int64_t difference[200];
	struct ws_bland_altman made;

	(void)state;
	for (size_t i = 0; i < N(difference); i++)
		difference[i] = -12345;
	made = describe(difference, N(difference));
	assert_true(made.sd_ns == 0 && made.lower.ns == -12345 && made.upper.high_ns == -12345);
	assert_true(made.p025.has_interval && made.p025.low_ns == -12345 && made.p975.high_ns == -12345);
}

/* A spread of a few ns about 2^62: squares of the values themselves would lose all of it. */
static void large_offsets_keep_the_spread(void **state)
{
	static const int64_t offset[] = { INT64_C(1) << 62, -(INT64_C(1) << 62), INT64_MAX - 9, INT64_MIN };
	int64_t difference[10];

	(void)state;
	for (size_t k = 0; k < N(offset); k++) {
		for (int64_t i = 0; i < 10; i++)
			difference[i] = offset[k] + i;
		assert_near(describe(difference, N(difference)).sd_ns, 3.0276503540974917, 1e-14);
	}
}

static void extremes_do_not_overflow(void **state)
{
	static const int64_t difference[] = { INT64_MIN, INT64_MAX };
	struct ws_bland_altman made = describe(difference, 2);

	(void)state;
	assert_true(made.bias.ns == -0.5);
	assert_near(made.sd_ns / 13043817825332782212.0, 1, 1e-14); /* 2^64 / sqrt 2 */
	assert_true(made.p025.ns == INT64_MIN && made.p975.ns == INT64_MAX);
}

/* The percentiles leave 25 of 1000 outside on each side, and their intervals enclose them. */
static void percentiles_are_order_statistics(void **state)
{
	static int64_t difference[1000];
	struct ws_bland_altman made;

	(void)state;
	for (int64_t i = 0; i < 1000; i++)
		difference[i] = (i * 7919) % 1000 - 500;
	made = describe(difference, N(difference));
	assert_int_equal(made.p025.ns, -500 + 24);
	assert_int_equal(made.p975.ns, -500 + 974);
	assert_true(made.p025.has_interval && made.p025.low_ns < made.p025.ns && made.p025.ns < made.p025.high_ns);
	assert_true(made.p975.has_interval && made.p975.low_ns < made.p975.ns && made.p975.ns < made.p975.high_ns);
	assert_int_equal(made.median.ns, -1);
}

/* numpy.polyfit and numpy.corrcoef. */
static void trend_is_the_least_squares_line(void **state)
{
	static const int64_t mean[] = { 1, 2, 3, 4, 10 }, difference[] = { 2, 1, 4, 3, 7 };
	static const int64_t same[] = { 5, 5, 5, 5, 5 };
	int64_t far[N(mean)];
	struct ws_trend trend = { 0 };

	(void)state;
	assert_int_equal(ws_bland_altman_trend(difference, mean, N(mean), &trend), 0);
	assert_near(trend.slope, 0.6, 1e-14);
	assert_near(trend.correlation, 0.9214426752509266, 1e-14);
	for (size_t i = 0; i < N(mean); i++)
		far[i] = mean[i] + (INT64_C(1) << 62);
	assert_int_equal(ws_bland_altman_trend(difference, far, N(mean), &trend), 0);
	assert_near(trend.slope, 0.6, 1e-14);
	assert_int_equal(ws_bland_altman_trend(difference, same, N(mean), &trend), -ENODATA);
	assert_int_equal(ws_bland_altman_trend(same, mean, N(mean), &trend), -ENODATA);
	assert_int_equal(ws_bland_altman_trend(difference, mean, 2, &trend), -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_are_as_numpy_has_them),	    cmocka_unit_test(interval_of_the_bias_is_students),
		cmocka_unit_test(one_pair_has_no_spread),	    cmocka_unit_test(equal_differences_have_no_width),
		cmocka_unit_test(large_offsets_keep_the_spread),    cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(percentiles_are_order_statistics), cmocka_unit_test(trend_is_the_least_squares_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
