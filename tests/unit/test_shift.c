/* SPDX-License-Identifier: BSD-2-Clause */
/* test_shift - shifts of quantiles: values by hand, sizes, the guarantee of the interval, and its coverage. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/radix.h"
#include "analyze/shift.h"
#include "tests/unit/random.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* 0, 1 .. n - 1, times step, plus offset. */
static void count_up(uint64_t *sample, uint64_t n, uint64_t step, uint64_t offset)
{
	for (uint64_t i = 0; i < n; i++)
		sample[i] = step * i + offset;
}

static uint64_t smallest_n(struct ws_quantile q)
{
	static uint64_t sample[1000];
	uint64_t n = 1;

	count_up(sample, N(sample), 1, 0);
	while (!ws_quantile_shift(sample, n, sample, n, q).has_interval)
		n++;
	/* The larger sample does not help the smaller one. */
	assert_false(ws_quantile_shift(sample, n - 1, sample, N(sample), q).has_interval);
	assert_false(ws_quantile_shift(sample, N(sample), sample, n - 1, q).has_interval);
	return n;
}

static void interval_exists_from_the_documented_n_on(void **state)
{
	(void)state;
	assert_int_equal(smallest_n(WS_MEDIAN), WS_SHIFT_MEDIAN_N);
	assert_int_equal(smallest_n(WS_P(90)), 46);
	assert_int_equal(smallest_n(WS_P(10)), 46);
	assert_int_equal(smallest_n(WS_P(99)), 481);
}

/* Seven each: the pair in the middle of the nine, 0.044 on both sides, has the extremes, as P(B < 2) = 8/128. */
static void interval_of_seven_by_hand(void **state)
{
	uint64_t a[7], b[7];
	struct ws_shift shift;

	(void)state;
	count_up(a, 7, 10, 100);
	count_up(b, 7, 1, 1000);
	shift = ws_quantile_shift(a, 7, b, 7, WS_MEDIAN);
	assert_true(shift.has_interval);
	assert_int_equal(shift.shift_ns, 1003 - 130);
	assert_int_equal(shift.low_ns, 1000 - 160);
	assert_int_equal(shift.high_ns, 1006 - 100);
}

/* A against B is B against A, turned about zero. */
static void interval_turns_with_its_arguments(void **state)
{
	static uint64_t a[777], b[1234];
	static const struct ws_quantile q[] = { { 1, 2 }, { 1, 10 }, { 9, 10 }, { 99, 100 } };

	(void)state;
	for (size_t i = 0; i < N(a); i++)
		a[i] = random_number() % 100000;
	for (size_t i = 0; i < N(b); i++)
		b[i] = random_number() % 130000;
	assert_int_equal(ws_radix_sort(a, N(a)), 0);
	assert_int_equal(ws_radix_sort(b, N(b)), 0);
	for (size_t i = 0; i < N(q); i++) {
		struct ws_shift there = ws_quantile_shift(a, N(a), b, N(b), q[i]);
		struct ws_shift back = ws_quantile_shift(b, N(b), a, N(a), q[i]);

		assert_true(there.has_interval && back.has_interval);
		assert_true(there.low_ns <= there.shift_ns && there.shift_ns <= there.high_ns);
		assert_int_equal(there.shift_ns, -back.shift_ns);
		assert_int_equal(there.low_ns, -back.high_ns);
		assert_int_equal(there.high_ns, -back.low_ns);
	}
}

static void equal_samples_include_zero(void **state)
{
	static uint64_t a[5000];
	struct ws_shift shift;

	(void)state;
	for (size_t i = 0; i < N(a); i++)
		a[i] = random_number() % 3000;
	assert_int_equal(ws_radix_sort(a, N(a)), 0);
	shift = ws_quantile_shift(a, N(a), a, N(a), WS_P(90));
	assert_int_equal(shift.shift_ns, 0);
	assert_true(shift.low_ns < 0 && shift.high_ns > 0);
	for (size_t i = 0; i < N(a); i++)
		a[i] = 77;
	shift = ws_quantile_shift(a, N(a), a, 10, WS_MEDIAN);
	assert_true(shift.has_interval && shift.shift_ns == 0 && shift.low_ns == 0 && shift.high_ns == 0);
}

static void one_value_each_has_a_shift_without_interval(void **state)
{
	static const uint64_t a[] = { 10 }, b[] = { 7 };
	struct ws_shift shift = ws_quantile_shift(a, 1, b, 1, WS_P(99));

	(void)state;
	assert_int_equal(shift.shift_ns, -3);
	assert_false(shift.has_interval);
}

static void extremes_end_at_int64(void **state)
{
	uint64_t low[10] = { 0 }, high[10];
	struct ws_shift shift;

	(void)state;
	for (size_t i = 0; i < N(high); i++)
		high[i] = UINT64_MAX;
	shift = ws_quantile_shift(low, 10, high, 10, WS_MEDIAN);
	assert_true(shift.shift_ns == INT64_MAX && shift.low_ns == INT64_MAX && shift.high_ns == INT64_MAX);
	shift = ws_quantile_shift(high, 10, low, 10, WS_MEDIAN);
	assert_true(shift.shift_ns == INT64_MIN && shift.low_ns == INT64_MIN && shift.high_ns == INT64_MIN);
}

/* P(B < k), B binomial(n, p), small n. */
static long double below(uint64_t n, long double p, uint64_t k)
{
	long double point = powl(1 - p, (long double)n), sum = 0;

	for (uint64_t i = 0; i < k; i++) {
		sum += point;
		point *= (long double)(n - i) / (long double)(i + 1) * p / (1 - p);
	}
	return sum;
}

/*
 * The probability that low is above the true shift where both distributions are hostile: values that grow so fast that
 * the bound of the header is reached as far as the ranks allow. Found through the interval alone: A and B are such that
 * low_ns tells which of the pairs of ranks is the smallest. For a pair of ranks (i of B, k of A) that the interval
 * uses, a cut (B at most 0 up to rank i, A at least 0 from rank k on) has low <= 0; every other cut has low > 0.
 */
static long double chance_of_low_above(uint64_t n_a, uint64_t n_b, struct ws_quantile q)
{
	static uint64_t a[1000], b[1000];
	long double p = (long double)q.num / q.den, sum = 0;

	/* n_low of B lie at or below their quantile, n_high of A at or above: the number of each is binomial. */
	for (uint64_t n_low = 0; n_low <= n_b; n_low++) {
		long double weight = below(n_b, p, n_low + 1) - below(n_b, p, n_low);
		uint64_t least = 0, most = n_a + 1;

		for (uint64_t i = 0; i < n_b; i++)
			b[i] = i < n_low ? 1000 : 2000;
		/* How many of A must be at or above so that low is not wrong, by halving. */
		while (least < most) {
			uint64_t n_high = (least + most) / 2;
			struct ws_shift shift;

			for (uint64_t i = 0; i < n_a; i++)
				a[i] = i + n_high < n_a ? 0 : 1000;
			shift = ws_quantile_shift(a, n_a, b, n_b, q);
			if (n_high <= n_a && shift.low_ns > 0)
				least = n_high + 1;
			else
				most = n_high;
		}
		sum += weight * below(n_a, 1 - p, least);
	}
	return sum;
}

static void interval_keeps_its_promise_for_the_worst_distributions(void **state)
{
	static const uint64_t size[][2] = { { 7, 7 }, { 10, 60 }, { 60, 60 }, { 60, 150 }, { 300, 100 }, { 600, 600 } };
	static const struct ws_quantile q[] = { { 1, 2 }, { 9, 10 }, { 1, 10 } };

	(void)state;
	for (size_t i = 0; i < N(size) * N(q); i++) {
		static uint64_t sample[1000];
		const uint64_t *n = size[i / N(q)];
		struct ws_quantile at = q[i % N(q)];
		long double chance;

		if (!ws_quantile_shift(sample, n[0], sample, n[1], at).has_interval)
			continue;
		chance = chance_of_low_above(n[0], n[1], at);
		if (chance > 0.025L || (n[0] >= 600 && chance < 0.0195L))
			fail_msg("n = %lu and %lu, q = %u/%u: %Lg", n[0], n[1], at.num, at.den, chance);
	}
}

/* A latency that is exponential, has gaps, or takes few values. */
static uint64_t draw(int kind)
{
	double u = ((double)(random_number() >> 11) + 0.5) / 9007199254740992.0;

	switch (kind) {
	case 0:
		return (uint64_t)(-1e5 * log(u));
	case 1:
		return (uint64_t)(-1e5 * log(u)) / 30000 * 30000;
	default:
		return u < 0.52 ? (uint64_t)(1e4 * u) : (uint64_t)(1e6 + 1e4 * u);
	}
}

/* Equal distributions: the true shift is 0. Promised are 95%, measured 98.6%: 950 of 1000 fail with less than 1e-6. */
static void interval_covers(void **state)
{
	static uint64_t a[600], b[600];

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		int n_within = 0;

		for (int round = 0; round < 1000; round++) {
			struct ws_shift shift;

			for (size_t i = 0; i < N(a); i++) {
				a[i] = draw(kind);
				b[i] = draw(kind);
			}
			assert_int_equal(ws_radix_sort(a, N(a)), 0);
			assert_int_equal(ws_radix_sort(b, N(b)), 0);
			shift = ws_quantile_shift(a, N(a), b, N(b), WS_MEDIAN);
			n_within += shift.low_ns <= 0 && shift.high_ns >= 0;
		}
		assert_true(n_within >= 950);
	}
}

/* Evenly spread samples of a million: half the width is 2.408 sqrt(1/4n + 1/4n) of the range. */
static void many_have_the_normal_width(void **state)
{
	static uint64_t a[1000000];
	struct ws_shift shift;
	double half = 2.4083 * sqrt(0.5 / N(a)) * N(a);

	(void)state;
	count_up(a, N(a), 1, 0);
	shift = ws_quantile_shift(a, N(a), a, N(a), WS_MEDIAN);
	assert_true(fabs((double)shift.high_ns - half) < 4);
	assert_true(fabs((double)shift.low_ns + half) < 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interval_exists_from_the_documented_n_on),
		cmocka_unit_test(interval_of_seven_by_hand),
		cmocka_unit_test(interval_turns_with_its_arguments),
		cmocka_unit_test(equal_samples_include_zero),
		cmocka_unit_test(one_value_each_has_a_shift_without_interval),
		cmocka_unit_test(extremes_end_at_int64),
		cmocka_unit_test(interval_keeps_its_promise_for_the_worst_distributions),
		cmocka_unit_test(interval_covers),
		cmocka_unit_test(many_have_the_normal_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
