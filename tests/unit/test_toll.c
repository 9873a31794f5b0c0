/* SPDX-License-Identifier: BSD-2-Clause */
/* test_toll - what capturing costs: means and ratios of paired differences, and what is made of trials. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/overhead/toll.h"
#include "analyze/statistics.h"
#include "tests/unit/random.h"

static void assert_near(double have, double want, double tolerance)
{
	if (!(fabs(have - want) <= tolerance))
		fail_msg("%.17g is not within %g of %.17g", have, tolerance, want);
}

/* Student's "sleep" data (1908), extra hours by two drugs: the paired t-test that every book has. */
static const double drug1[] = { 0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0 };
static const double drug2[] = { 1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4 };

static void the_mean_is_student_s(void **state)
{
	struct ws_interval made;
	double difference[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		difference[i] = drug2[i] - drug1[i];
	made = ws_paired_mean(difference, 10);
	assert_true(made.has_interval);
	assert_near(made.value, 1.58, 1e-12);
	assert_near(made.low, 0.7001142, 1e-6); /* R: t.test(..., paired = TRUE) */
	assert_near(made.high, 2.4598858, 1e-6);
}

static void one_block_has_no_interval(void **state)
{
	const double a = 3, b = 2;

	(void)state;
	assert_false(ws_paired_mean(&a, 1).has_interval);
	assert_near(ws_paired_mean(&a, 1).value, 3, 0);
	assert_false(ws_paired_ratio(&a, &b, 1).has_interval);
	assert_near(ws_paired_ratio(&a, &b, 1).value, 1.5, 0);
}

/* Fieller's interval ends where the mean of a - r b is just significantly different from 0. */
static void ends_of_a_ratio_are_just_significant(void **state)
{
	double a[12], b[12], difference[12];

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct ws_interval ratio;

		for (int i = 0; i < 12; i++) {
			b[i] = 10 + (double)(random_number() % 1000) / 500;
			a[i] = 2 * b[i] + (double)(random_number() % 1000) / 250;
		}
		ratio = ws_paired_ratio(a, b, 12);
		assert_true(ratio.has_interval);
		assert_true(ratio.low < ratio.value && ratio.value < ratio.high);
		for (int end = 0; end < 2; end++) {
			const double r = end ? ratio.high : ratio.low;
			struct ws_interval mean;

			for (int i = 0; i < 12; i++)
				difference[i] = a[i] - r * b[i];
			mean = ws_paired_mean(difference, 12);
			assert_near(end ? mean.high : mean.low, 0, 1e-9);
		}
	}
}

/* Nothing is a multiple of what may be nothing. */
static void a_ratio_to_nothing_has_no_end(void **state)
{
	const double a[] = { 5, 6, 7, 5 }, b[] = { 1, -1, 0.5, -0.4 };

	(void)state;
	assert_false(ws_paired_ratio(a, b, 4).has_interval);
}

/* The intervals hold the truth as often as they say: 95% of 4000 pairs of samples, give or take 1.2%. */
static void intervals_hold_the_truth(void **state)
{
	int n_mean = 0, n_ratio = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		double a[8], b[8];
		struct ws_interval mean, ratio;

		for (int i = 0; i < 8; i++) {
			double noise[2] = { -6, -6 };

			for (int k = 0; k < 24; k++) /* nearly normal, variance 1 */
				noise[k % 2] += (double)(random_number() >> 11) / 9007199254740992.0;
			b[i] = 5 + noise[0];
			a[i] = 12.5 + noise[1] + noise[0];
		}
		mean = ws_paired_mean(a, 8);
		ratio = ws_paired_ratio(a, b, 8);
		n_mean += mean.low <= 12.5 && 12.5 <= mean.high;
		n_ratio += ratio.low <= 2.5 && 2.5 <= ratio.high;
	}
	assert_in_range(n_mean, 3752, 3848);
	assert_in_range(n_ratio, 3752, 3848);
}

/* Three treatments, so many blocks; a request takes base_ns of the treatment and what the block adds. */
static struct ws_trials make_trials(uint32_t n_blocks, const int64_t base_ns[3], int64_t block_ns)
{
	struct ws_trials made = { .n_treatments = 3 };

	strcpy(made.treatment[0].name, "none");
	strcpy(made.treatment[1].name, "empty");
	strcpy(made.treatment[2].name, "ebpf");
	for (uint32_t i = 0; i < 3 * n_blocks; i++) {
		struct ws_trial t = { .treatment = (i + i / 3) % 3, .block = 1 + i / 3, .position = 1 + i % 3 };
		const int64_t ns = base_ns[t.treatment] + block_ns * t.block;

		t.n_requests = 1000 + i;
		t.duration_ns = t.n_requests * ns;
		t.latency_mean_ns = t.latency_median_ns = t.latency_p99_ns = ns;
		t.window_ns = t.duration_ns;
		t.busy_ns = 2 * t.duration_ns;
		t.load_cpu_ns = t.duration_ns;
		t.n_frames = t.n_lost = -1;
		assert_int_equal(ws_trials_add(&made, &t), 0);
	}
	return made;
}

/* What changes from block to block is in no difference. */
static void blocks_cancel(void **state)
{
	static const int64_t base_ns[] = { 100000, 101000, 102400 };
	struct ws_trials trials = make_trials(6, base_ns, 5000);
	const struct ws_toll_pair *pair;
	struct ws_toll toll;

	(void)state;
	assert_int_equal(ws_toll_open(&trials, &toll), 0);
	assert_int_equal(toll.n_pairs, 3);
	pair = ws_toll_find(&toll, 2, 0);
	assert_non_null(pair);
	assert_int_equal(pair->n_blocks, 6);
	assert_near(pair->added_us[WS_TOLL_TIME].value, 2.4, 1e-9);
	assert_near(pair->added_us[WS_TOLL_TIME].low, 2.4, 1e-9);
	assert_near(pair->added_us[WS_TOLL_CPU].value, 4.8, 1e-9);
	assert_near(pair->added_us[WS_TOLL_MEDIAN].high, 2.4, 1e-9);
	assert_near(pair->times_empty[WS_TOLL_PROCESS].value, 2.4, 1e-9);
	assert_true(pair->times_empty[WS_TOLL_PROCESS].has_interval);
	assert_true(pair->throughput.low <= pair->throughput.value && pair->throughput.high < 1);
	assert_null(ws_toll_find(&toll, 0, 2));
	assert_false(isfinite(ws_toll_find(&toll, 1, 0)->times_empty[WS_TOLL_CPU].value));
	assert_int_equal(toll.row[0].n_blocks, 6);
	assert_int_equal(toll.row[0].n_frames, -1);
	ws_toll_close(&toll);
	ws_toll_close(NULL);
	ws_trials_close(&trials);
}

/* A block without one of both is left out of that pair, and of no other. */
static void blocks_without_one_are_left_out(void **state)
{
	static const int64_t base_ns[] = { 100000, 101000, 102400 };
	struct ws_trials trials = make_trials(3, base_ns, 0);
	struct ws_toll toll;

	(void)state;
	while (trials.at[trials.n - 1].treatment != 1) /* the last block loses what ran behind "empty", and that */
		trials.n--;
	trials.n--;
	assert_int_equal(ws_toll_open(&trials, &toll), 0);
	assert_int_equal(ws_toll_find(&toll, 1, 0)->n_blocks, 2);
	ws_toll_close(&toll);
	ws_trials_close(&trials);
}

/* Numbers as large as they may be do not overflow. */
static void the_largest_numbers_are_summed(void **state)
{
	static const int64_t base_ns[] = { 1, 2, 3 };
	struct ws_trials trials = make_trials(1100, base_ns, 0);
	struct ws_toll toll;

	(void)state;
	for (uint32_t i = 0; i < trials.n; i++)
		for (int k = 2; k < WS_N_TRIAL_MEMBERS; k++)
			*ws_trial_number(&trials.at[i], &ws_trial_member[k]) = WS_TRIAL_NUMBER_MAX;
	assert_int_equal(ws_toll_open(&trials, &toll), 0);
	assert_int_equal(toll.row[0].n_requests, INT64_MAX);
	assert_int_equal(toll.row[2].n_lost, INT64_MAX);
	ws_toll_close(&toll);
	ws_trials_close(&trials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mean_is_student_s),
		cmocka_unit_test(one_block_has_no_interval),
		cmocka_unit_test(ends_of_a_ratio_are_just_significant),
		cmocka_unit_test(a_ratio_to_nothing_has_no_end),
		cmocka_unit_test(intervals_hold_the_truth),
		cmocka_unit_test(blocks_cancel),
		cmocka_unit_test(blocks_without_one_are_left_out),
		cmocka_unit_test(the_largest_numbers_are_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
