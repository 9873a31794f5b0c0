/* SPDX-License-Identifier: BSD-2-Clause */
/* test_statistics - order statistics, intervals and sorting against values from tables and from hand. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/radix.h"
#include "analyze/statistics.h"
#include "tests/unit/random.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

static void assert_near(double have, double want, double tolerance)
{
	if (!(fabs(have - want) <= tolerance))
		fail_msg("%.12g is not within %g of %.12g", have, tolerance, want);
}

/* The smallest n for which quantile q has an interval at 95%. */
static uint64_t smallest_n(struct ws_quantile q)
{
	struct ws_ranks ranks;
	uint64_t n = 1;

	while (ws_quantile_ranks(n, q, WS_ALPHA, &ranks) == -ENODATA)
		n++;
	return n;
}

static void rank_is_the_ceiling(void **state)
{
	(void)state;
	assert_int_equal(ws_quantile_rank(1, WS_MEDIAN), 1);
	assert_int_equal(ws_quantile_rank(4, WS_MEDIAN), 2); /* the lower of the two in the middle */
	assert_int_equal(ws_quantile_rank(5, WS_MEDIAN), 3);
	assert_int_equal(ws_quantile_rank(10, WS_P(90)), 9);
	assert_int_equal(ws_quantile_rank(11, WS_P(90)), 10);
	assert_int_equal(ws_quantile_rank(100, WS_P(7)), 7); /* ceil(0.07 * 100) in floating point is 8 */
	assert_int_equal(ws_quantile_rank(100, WS_P(99)), 99);
	assert_int_equal(ws_quantile_rank(101, WS_P(99)), 100);
	assert_int_equal(ws_quantile_rank(UINT64_MAX / 2, WS_P(99)), 9131138316486228049);
}

static void interval_exists_from_the_published_n_on(void **state)
{
	(void)state;
	assert_int_equal(smallest_n(WS_MEDIAN), 6);  /* 2 / 2^6 <= 0.05 < 2 / 2^5 */
	assert_int_equal(smallest_n(WS_P(90)), 29);  /* 0.9^29 = 0.0471 */
	assert_int_equal(smallest_n(WS_P(95)), 59);  /* 0.95^59 = 0.0485: Wilks's sample of 59 */
	assert_int_equal(smallest_n(WS_P(99)), 299); /* 0.99^299 = 0.0495 */
}

/* P(low <= B < high), added up in long double from the recurrence: small n only. */
static long double coverage(uint64_t n, struct ws_quantile q, struct ws_ranks ranks)
{
	long double p = (long double)q.num / q.den, point = powl(1 - p, (long double)n), sum = 0;

	for (uint64_t k = 0; k <= n; k++) {
		if (k >= ranks.low && k < ranks.high)
			sum += point;
		point *= (long double)(n - k) / (long double)(k + 1) * p / (1 - p);
	}
	return sum;
}

/* Ranks of the median's 95% interval as in tables of the sign test. */
static void interval_of_the_median_is_that_of_the_tables(void **state)
{
	static const uint64_t table[][3] = { { 6, 1, 6 },    { 8, 1, 8 },    { 9, 2, 8 },   { 10, 2, 9 },
					     { 15, 4, 12 },  { 20, 6, 15 },  { 25, 8, 18 }, { 30, 10, 21 },
					     { 50, 18, 33 }, { 100, 40, 61 } };
	struct ws_ranks ranks;

	(void)state;
	for (size_t i = 0; i < N(table); i++) {
		assert_int_equal(ws_quantile_ranks(table[i][0], WS_MEDIAN, WS_ALPHA, &ranks), 0);
		assert_int_equal(ranks.low, table[i][1]);
		assert_int_equal(ranks.high, table[i][2]);
	}
}

static void interval_covers_and_is_tight(void **state)
{
	static const struct ws_quantile quantile[] = { { 1, 2 }, { 9, 10 }, { 99, 100 }, { 1, 10 }, { 1, 100 } };

	(void)state;
	for (size_t i = 0; i < N(quantile); i++) {
		for (uint64_t n = 1; n < 1500; n += n < 700 ? 1 : 37) {
			struct ws_ranks ranks = { 0, 0 };
			struct ws_ranks widest = { 1, n };
			int rc = ws_quantile_ranks(n, quantile[i], WS_ALPHA, &ranks);

			assert_int_equal(rc, coverage(n, quantile[i], widest) >= 0.95L ? 0 : -ENODATA);
			if (rc)
				continue;
			assert_true(1 <= ranks.low && ranks.low < ranks.high && ranks.high <= n);
			assert_true(coverage(n, quantile[i], ranks) >= 0.95L - 1e-9L);
			/* One narrower on both sides, each has more than its part of alpha outside. */
			ranks.low++;
			ranks.high--;
			assert_true(coverage(n, quantile[i], ranks) < 0.95L + 1e-9L);
		}
	}
}

static void interval_of_many_is_the_normal_one(void **state)
{
	static const uint64_t n[] = { 10000, 1000000, 100000000 };

	(void)state;
	for (size_t i = 0; i < N(n); i++) {
		double sd = sqrt((double)n[i] * 0.99 * 0.01);
		struct ws_ranks ranks;

		assert_int_equal(ws_quantile_ranks(n[i], WS_P(99), WS_ALPHA, &ranks), 0);
		assert_near((double)ranks.low, 0.99 * (double)n[i] - 1.96 * sd, 3);
		assert_near((double)ranks.high, 0.99 * (double)n[i] + 1.96 * sd, 3);
	}
}

static void estimate_says_when_there_is_no_interval(void **state)
{
	uint64_t sorted[299];
	struct ws_estimate estimate;

	(void)state;
	for (uint64_t i = 0; i < N(sorted); i++)
		sorted[i] = 10 * (i + 1);
	estimate = ws_quantile_estimate(sorted, 298, WS_P(99));
	assert_false(estimate.has_interval);
	assert_int_equal(estimate.value, 2960); /* x(ceil(295.02)) */
	estimate = ws_quantile_estimate(sorted, 299, WS_P(99));
	assert_true(estimate.has_interval);
	assert_int_equal(estimate.value, 2970);
	assert_int_equal(estimate.high, 2990);
	assert_true(estimate.low < estimate.value);
}

static void mean_is_exact(void **state)
{
	static const uint64_t large[] = { UINT64_MAX, UINT64_MAX, UINT64_MAX - 3 };
	static const uint64_t thirds[] = { 1, 1, 2 };

	(void)state;
	assert_true(ws_mean(large, 3) == 18446744073709551614.0);
	assert_near(ws_mean(thirds, 3), 4.0 / 3, 1e-15);
}

static void band_is_massarts(void **state)
{
	(void)state;
	assert_near(ws_dkw_eps(100, 0.05), 0.135810, 1e-6); /* sqrt(ln 40 / 200) */
	assert_near(ws_dkw_eps(1000000, 0.05), 0.00135810, 1e-8);
}

static void wilson_is_the_published_interval(void **state)
{
	struct ws_proportion p;

	(void)state;
	/* Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29. */
	p = ws_wilson(81, 263);
	assert_near(p.low, 0.2553, 5e-5);
	assert_near(p.high, 0.3662, 5e-5);
	p = ws_wilson(15, 148);
	assert_near(p.low, 0.0624, 5e-5);
	assert_near(p.high, 0.1605, 5e-5);
	p = ws_wilson(0, 20);
	assert_true(p.low == 0);
	assert_near(p.high, 0.1611, 5e-5);
	p = ws_wilson(1, 29);
	assert_near(p.low, 0.0061, 5e-5);
	assert_near(p.high, 0.1718, 5e-5);
	p = ws_wilson(20, 20);
	assert_true(p.high == 1);
	assert_near(p.low, 0.8389, 5e-5);
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void radix_sorts_as_qsort_does(void **state)
{
	static const size_t size[] = { 0, 1, 2, 63, 64, 65, 1000, 70000 };
	static const int shift[] = { 0, 20, 45, 56, 63 };

	(void)state;
	for (size_t i = 0; i < N(size) * N(shift); i++) {
		size_t n = size[i % N(size)];
		uint64_t *have = malloc((n + 1) * sizeof(*have)), *want = malloc((n + 1) * sizeof(*want));

		assert_non_null(have);
		assert_non_null(want);
		for (size_t k = 0; k < n; k++)
			have[k] = want[k] = random_number() >> shift[i / N(size)];
		assert_int_equal(ws_radix_sort(have, n), 0);
		qsort(want, n, sizeof(*want), compare);
		assert_true(n == 0 || !memcmp(have, want, n * sizeof(*want)));
		free(have);
		free(want);
	}
}

static void radix_keeps_the_order_of_equals(void **state)
{
	static struct ws_radix_item item[5000];

	(void)state;
	for (size_t i = 0; i < N(item); i++)
		item[i] = (struct ws_radix_item) { ws_radix_bias((int64_t)(random_number() % 100) - 50), i };
	assert_int_equal(ws_radix_sort_items(item, N(item)), 0);
	for (size_t i = 1; i < N(item); i++) {
		int64_t before = ws_radix_unbias(item[i - 1].key), now = ws_radix_unbias(item[i].key);

		assert_true(before < now || (before == now && item[i - 1].tag < item[i].tag));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rank_is_the_ceiling),
		cmocka_unit_test(interval_exists_from_the_published_n_on),
		cmocka_unit_test(interval_of_the_median_is_that_of_the_tables),
		cmocka_unit_test(interval_covers_and_is_tight),
		cmocka_unit_test(interval_of_many_is_the_normal_one),
		cmocka_unit_test(estimate_says_when_there_is_no_interval),
		cmocka_unit_test(mean_is_exact),
		cmocka_unit_test(band_is_massarts),
		cmocka_unit_test(wilson_is_the_published_interval),
		cmocka_unit_test(radix_sorts_as_qsort_does),
		cmocka_unit_test(radix_keeps_the_order_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
