/* SPDX-License-Identifier: BSD-2-Clause */
/* test_distance - Kolmogorov-Smirnov and Wasserstein against scipy's values, against counting, and at the extremes. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/distance.h"
#include "analyze/radix.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

#define SAMPLE_MAX 20000

/* The same numbers on every machine, and in three lines of Python. */
static uint64_t next_number(uint64_t *state, uint64_t below)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % below;
}

/* n sorted numbers below a bound, each plus offset. */
static void fill(uint64_t *sample, uint64_t n, uint64_t seed, uint64_t below, uint64_t offset)
{
	for (uint64_t i = 0; i < n; i++)
		sample[i] = next_number(&seed, below) + offset;
	assert_int_equal(ws_radix_sort(sample, n), 0);
}

static void assert_close(double have, double want, double relative)
{
	if (!(fabs(have - want) <= relative * fabs(want)))
		fail_msg("%.17g is not within %g of %.17g", have, relative, want);
}

static struct ws_distance distance_of(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b)
{
	struct ws_distance distance;

	assert_int_equal(ws_distance(a, n_a, b, n_b, &distance), 0);
	return distance;
}

/*
 * D and p from scipy.stats.ks_2samp(a, b, method='exact'), the area from scipy.stats.wasserstein_distance(a, b), scipy
 * 1.10.1; a from next_number() with state 1, b with state 2.
 */
static void agrees_with_scipy(void **state)
{
	static const struct {
		uint64_t n_a, n_b, below_a, below_b, offset;
		double d, p, wasserstein;
	} table[] = {
		{ 1, 1, 100, 100, 0, 1, 1, 34 },
		{ 1, 9, 100, 100, 0, 0.55555555555555558, 1, 26.1111111111111 },
		{ 5, 7, 1000, 1000, 0, 0.59999999999999998, 0.166666666666667, 204.428571428571 },
		{ 10, 10, 1000, 1000, 300, 0.5, 0.167821342743943, 306 },
		{ 20, 13, 8, 8, 1, 0.21923076923076923, 0.749738404083812, 0.784615384615384 },
		{ 50, 50, 4, 4, 1, 0.44, 9.90930138665597e-05, 1.14 },
		{ 100, 37, 1000000, 1000000, 0, 0.1845945945945946, 0.274535671660523, 67619.1705405405 },
		{ 64, 64, 1000000, 1000000, 400000, 0.53125, 1.28776096145215e-08, 427969.375 },
		{ 200, 300, 1000, 1100, 0, 0.089999999999999997, 0.274059067812585, 33.3 },
		{ 500, 500, 1000000, 900000, 0, 0.13400000000000001, 0.000247806502505268, 80114.02 },
		{ 1000, 10, 50, 60, 0, 0.501, 0.00810864188681536, 12.41 },
		{ 1500, 900, 1000000000, 1040000000, 0, 0.058666666666666666, 0.0401596798302125, 36673935.3168889 },
		{ 5000, 5000, 1000000, 1000000, 15000, 0.024400000000000002, 0.101898061238128, 9239.7326 },
	};
	static uint64_t a[SAMPLE_MAX], b[SAMPLE_MAX];

	(void)state;
	for (size_t i = 0; i < N(table); i++) {
		struct ws_distance distance;

		fill(a, table[i].n_a, 1, table[i].below_a, 0);
		fill(b, table[i].n_b, 2, table[i].below_b, table[i].offset);
		distance = distance_of(a, table[i].n_a, b, table[i].n_b);
		assert_close(distance.d, table[i].d, 1e-15);
		assert_close(distance.p, table[i].p, 1e-12);
		assert_close(distance.wasserstein_ns, table[i].wasserstein, 1e-13);
		assert_true(distance.p_is_exact);
		distance = distance_of(b, table[i].n_b, a, table[i].n_a);
		assert_close(distance.d, table[i].d, 1e-15);
		assert_close(distance.p, table[i].p, 1e-12);
		assert_close(distance.wasserstein_ns, table[i].wasserstein, 1e-13);
	}
}

/* D and the limit from scipy.special.kolmogorov(sqrt(n m / (n + m)) d): 0.000349247747311815. */
static void many_have_the_limits_p(void **state)
{
	static uint64_t a[SAMPLE_MAX], b[SAMPLE_MAX];
	struct ws_distance distance;

	(void)state;
	fill(a, 20000, 1, 1000000, 0);
	fill(b, 15000, 2, 1020000, 0);
	distance = distance_of(a, 20000, b, 15000);
	assert_false(distance.p_is_exact);
	assert_close(distance.d, 0.022466666666666635, 1e-14);
	assert_close(distance.p, 0.000349247747311815, 1e-12);
}

/* Numbers 0, 1 .. against the same moved up by k have D = k / n: p on both sides of the switch of the series. */
static void limit_is_kolmogorovs_distribution(void **state)
{
	/* scipy.special.kolmogorov(k / n sqrt(n / 2)), n = 20000 */
	static const struct {
		uint64_t k;
		double p;
	} table[] = { { 100, 0.9639452436648751 }, { 200, 0.26999967167735456 }, { 400, 0.0006709252557796953 } };
	static uint64_t a[SAMPLE_MAX], b[SAMPLE_MAX];

	(void)state;
	for (size_t i = 0; i < N(table); i++) {
		struct ws_distance distance;

		for (uint64_t k = 0; k < SAMPLE_MAX; k++) {
			a[k] = k;
			b[k] = k + table[i].k;
		}
		distance = distance_of(a, SAMPLE_MAX, b, SAMPLE_MAX);
		assert_true(distance.d == (double)table[i].k / SAMPLE_MAX);
		assert_true(distance.wasserstein_ns == (double)table[i].k);
		assert_close(distance.p, table[i].p, 1e-12);
	}
}

/* The part of numbers that is at most x. */
static double part(const uint64_t *sample, uint64_t n, uint64_t x)
{
	uint64_t k = 0;

	for (uint64_t i = 0; i < n; i++)
		k += sample[i] <= x;
	return (double)k / (double)n;
}

/* D and area by their definitions, value by value. */
static void walk_is_the_definition(void **state)
{
	static uint64_t a[300], b[300];
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 300; round++) {
		uint64_t n_a = 1 + next_number(&seed, N(a)), n_b = 1 + next_number(&seed, N(b));
		uint64_t below = 1 + next_number(&seed, round % 2 ? 10 : 400);
		double d = 0, area = 0;
		struct ws_distance distance;

		fill(a, n_a, seed + 1, below, 0);
		fill(b, n_b, seed + 2, below, round % 5);
		for (uint64_t x = 0; x < below + 5; x++) {
			double gap = fabs(part(a, n_a, x) - part(b, n_b, x));

			d = fmax(d, gap);
			area += gap;
		}
		distance = distance_of(a, n_a, b, n_b);
		assert_true(fabs(distance.d - d) < 1e-12);
		assert_true(fabs(distance.wasserstein_ns - area) < 1e-9);
		assert_true(fabs(fabs(part(a, n_a, distance.d_at_ns) - part(b, n_b, distance.d_at_ns)) - d) < 1e-12);
	}
}

/* p by trying every order in which the values of two samples can come. */
static double counted_p(unsigned n_a, unsigned n_b, double d)
{
	uint64_t n_orders = 0, n_reached = 0;

	for (uint32_t order = 0; order < UINT32_C(1) << (n_a + n_b); order++) {
		unsigned i = 0, j = 0;
		double largest = 0;

		if ((unsigned)__builtin_popcount(order) != n_a)
			continue;
		for (unsigned k = 0; k < n_a + n_b; k++) {
			order >> k & 1 ? i++ : j++;
			largest = fmax(largest, fabs((double)i / n_a - (double)j / n_b));
		}
		n_orders++;
		n_reached += largest > d - 1e-9;
	}
	return (double)n_reached / (double)n_orders;
}

static void exact_p_is_counted(void **state)
{
	uint64_t a[9], b[9], seed = 11;

	(void)state;
	for (int round = 0; round < 60; round++) {
		uint64_t n_a = 1 + next_number(&seed, 9), n_b = 1 + next_number(&seed, 7);
		struct ws_distance distance;

		fill(a, n_a, seed + 1, 1000000, 0);
		fill(b, n_b, seed + 2, 1000000, 100000 * (uint64_t)(round % 4));
		distance = distance_of(a, n_a, b, n_b);
		assert_close(distance.p, counted_p((unsigned)n_a, (unsigned)n_b, distance.d), 1e-13);
	}
}

static void equal_samples_have_no_distance(void **state)
{
	static uint64_t a[1000];
	static const uint64_t tied[] = { 5, 5, 5 };
	struct ws_distance distance;

	(void)state;
	fill(a, N(a), 3, 500, 0);
	distance = distance_of(a, N(a), a, N(a));
	assert_true(distance.d == 0 && distance.p == 1 && distance.wasserstein_ns == 0);
	distance = distance_of(tied, 3, tied, 1);
	assert_true(distance.d == 0 && distance.p == 1 && distance.wasserstein_ns == 0);
	assert_int_equal(distance.d_at_ns, 5);
}

static void place_is_the_first_of_several(void **state)
{
	static const uint64_t a[] = { 1, 10 }, b[] = { 5, 20 };
	struct ws_distance distance = distance_of(a, 2, b, 2);

	(void)state;
	assert_true(distance.d == 0.5);
	assert_int_equal(distance.d_at_ns, 1);
}

static void disjoint_samples_are_far_apart(void **state)
{
	static uint64_t a[100], b[100];
	struct ws_distance distance;

	(void)state;
	fill(a, N(a), 3, 1000, 0);
	fill(b, N(b), 3, 1000, 5000);
	distance = distance_of(a, N(a), b, N(b));
	assert_true(distance.d == 1);
	assert_int_equal(distance.d_at_ns, a[N(a) - 1]);
	assert_true(distance.wasserstein_ns == 5000);
	/* Two of the C(200, 100) orders: 2.2e-59 keeps its digits. */
	assert_close(distance.p, 2 * exp(2 * lgamma(101) - lgamma(201)), 1e-11);
}

static void extremes_do_not_overflow(void **state)
{
	static const uint64_t low[] = { 0 }, high[] = { UINT64_MAX }, half[] = { 0, UINT64_C(1) << 63 };
	static uint64_t many_low[2000], many_high[3000];
	struct ws_distance distance;

	(void)state;
	distance = distance_of(low, 1, high, 1);
	assert_true(distance.wasserstein_ns == (double)UINT64_MAX);
	distance = distance_of(low, 1, half, 2);
	assert_true(distance.d == 0.5 && distance.wasserstein_ns == 4611686018427387904.0);
	for (size_t i = 0; i < N(many_high); i++)
		many_high[i] = UINT64_MAX;
	distance = distance_of(many_high, N(many_high), many_low, N(many_low));
	assert_true(distance.d == 1 && distance.wasserstein_ns == (double)UINT64_MAX);
	assert_int_equal(distance.d_at_ns, 0);
	assert_true(distance.p >= 0 && distance.p < 1e-300);
}

static void refuses_what_cannot_be_compared(void **state)
{
	static const uint64_t one[] = { 1 };
	struct ws_distance distance = { .d = 42 };

	(void)state;
	assert_int_equal(ws_distance(one, 0, one, 1, &distance), -ENODATA);
	assert_int_equal(ws_distance(one, 1, one, 0, &distance), -ENODATA);
	assert_int_equal(ws_distance(one, UINT64_C(1) << 32, one, UINT64_C(1) << 31, &distance), -EOVERFLOW);
	assert_true(distance.d == 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_scipy),
		cmocka_unit_test(many_have_the_limits_p),
		cmocka_unit_test(limit_is_kolmogorovs_distribution),
		cmocka_unit_test(walk_is_the_definition),
		cmocka_unit_test(exact_p_is_counted),
		cmocka_unit_test(equal_samples_have_no_distance),
		cmocka_unit_test(place_is_the_first_of_several),
		cmocka_unit_test(disjoint_samples_are_far_apart),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(refuses_what_cannot_be_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
