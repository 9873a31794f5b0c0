/* SPDX-License-Identifier: BSD-2-Clause */
/* test_effective - the effective size of series whose correlation is known, of independent ones, and of odd ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/effective.h"
#include "tests/unit/random.h"

#define N_SERIES 50000

/* Near enough to normal, and without a function of the mathematics library. */
static double normal(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += (double)(random_number() >> 11) / 9007199254740992.0;
	return sum;
}

static uint64_t series[N_SERIES];

/* x(t) = r x(t - 1) + noise, about a center, with a standard deviation of 1000. */
static void autoregress(double r, double center)
{
	double x = normal();

	for (size_t i = 0; i < N_SERIES; i++) {
		series[i] = (uint64_t)(center + 1000 * x);
		x = r * x + sqrt(1 - r * r) * normal();
	}
}

static void assert_part(double have, double low, double high)
{
	if (!(have >= low * N_SERIES && have <= high * N_SERIES))
		fail_msg("%g of %d is not in %g .. %g of them", have, N_SERIES, low, high);
}

static void independent_numbers_count_nearly_all(void **state)
{
	(void)state;
	autoregress(0, 10000);
	assert_part(ws_effective_n(series, N_SERIES).n, 0.9, 1);
	assert_part(ws_effective_n_at(series, N_SERIES, 10000).n, 0.9, 1);
	assert_false(ws_effective_n(series, N_SERIES).is_bound);
}

/* An AR(1) series is worth (1 - r) / (1 + r) of its length; its signs are correlated by 2/pi asin(r^k). */
static void autoregression_has_its_known_size(void **state)
{
	static const double r[] = { 0.5, 0.8, 0.95 };

	(void)state;
	for (size_t i = 0; i < sizeof(r) / sizeof(*r); i++) {
		double want = (1 - r[i]) / (1 + r[i]), time = 1;

		autoregress(r[i], 10000);
		assert_part(ws_effective_n(series, N_SERIES).n, 0.85 * want, 1.15 * want);
		for (int k = 1; k < 1000; k++)
			time += 2 * M_2_PI * asin(pow(r[i], k));
		assert_part(ws_effective_n_at(series, N_SERIES, 10000).n, 0.85 / time, 1.15 / time);
	}
}

/* The same numbers far from zero: the mean is taken off before anything is rounded. */
static void offset_does_not_matter(void **state)
{
	struct ws_effective near, far;

	(void)state;
	autoregress(0.8, 10000);
	near = ws_effective_n(series, N_SERIES);
	for (size_t i = 0; i < N_SERIES; i++)
		series[i] += UINT64_C(1) << 62;
	far = ws_effective_n(series, N_SERIES);
	assert_true(fabs(near.n / far.n - 1) < 1e-9);
	assert_int_equal(near.n_lags, far.n_lags);
}

/* One enormous latency hides the correlation from the mean's size, not from the part's. */
static void outlier_does_not_hide_correlation_from_the_part(void **state)
{
	(void)state;
	autoregress(0.95, 10000);
	series[N_SERIES / 2] = UINT64_C(10000000000);
	assert_true(ws_effective_n(series, N_SERIES).n > 0.9 * N_SERIES);
	assert_true(ws_effective_n_at(series, N_SERIES, 10000).n < 0.1 * N_SERIES);
}

static void alternating_numbers_count_no_more_than_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SERIES; i++)
		series[i] = i % 2 ? 10 : 20;
	assert_true(ws_effective_n(series, N_SERIES).n == N_SERIES);
}

/* A slow ramp is correlated beyond every lag that is looked at. */
static void ramp_is_a_bound(void **state)
{
	struct ws_effective effective;

	(void)state;
	for (size_t i = 0; i < N_SERIES; i++)
		series[i] = i;
	effective = ws_effective_n(series, N_SERIES);
	assert_true(effective.is_bound);
	assert_int_equal(effective.n_lags, WS_EFFECTIVE_LAGS);
	assert_true(effective.n < N_SERIES / 1900.0);
}

static void few_and_equal_numbers(void **state)
{
	static const uint64_t some[] = { 1, 2, 3, 10, 11, 12 }, equal[] = { 4, 4, 4, 4 };
	struct ws_effective effective;

	(void)state;
	effective = ws_effective_n(some, 1);
	assert_true(effective.n == 1 && !effective.is_bound);
	for (uint64_t n = 1; n <= 6; n++) {
		effective = ws_effective_n(some, n);
		assert_true(effective.n >= 1 && effective.n <= (double)n);
	}
	assert_true(ws_effective_n(equal, 4).n == 4);
	assert_true(ws_effective_n_at(some, 6, 100).n == 6);
	/* By hand: -5.5 -4.5 -3.5 3.5 4.5 5.5; squares 125.5, products of neighbours 68.75. */
	effective = ws_effective_n(some, 6);
	assert_int_equal(effective.n_lags, 2);
	assert_true(fabs(effective.n - 6 / (1 + 2 * 68.75 / 125.5)) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(independent_numbers_count_nearly_all),
		cmocka_unit_test(autoregression_has_its_known_size),
		cmocka_unit_test(offset_does_not_matter),
		cmocka_unit_test(outlier_does_not_hide_correlation_from_the_part),
		cmocka_unit_test(alternating_numbers_count_no_more_than_all),
		cmocka_unit_test(ramp_is_a_bound),
		cmocka_unit_test(few_and_equal_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
