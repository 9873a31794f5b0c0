/* SPDX-License-Identifier: BSD-2-Clause */
/* test_comparison - verdicts and their sentences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/comparison.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* The sentence for a shift with an interval, in a unit. */
static const char *words(struct ws_comparison comparison, struct ws_unit unit)
{
	static char text[WS_VERDICT_WORDS_MAX];

	comparison.median.has_interval = true;
	comparison.verdict = ws_verdict(&comparison.median, comparison.distance.p, comparison.n_a, comparison.n_b);
	ws_verdict_words(&comparison, unit, text, sizeof(text));
	return text;
}

static void verdict_follows_the_interval(void **state)
{
	struct ws_shift shift = { 5, true, 1, 9 };

	(void)state;
	assert_int_equal(ws_verdict(&shift, 0.5, 10, 10), WS_VERDICT_B_LARGER);
	shift.low_ns = 0;
	assert_int_equal(ws_verdict(&shift, 0.05, 10, 10), WS_VERDICT_NO_DIFFERENCE_FOUND);
	assert_int_equal(ws_verdict(&shift, 0.0499, 10, 10), WS_VERDICT_SHAPE_DIFFERS);
	shift = (struct ws_shift) { -5, true, -9, 0 };
	assert_int_equal(ws_verdict(&shift, 0.5, 10, 10), WS_VERDICT_NO_DIFFERENCE_FOUND);
	shift.high_ns = -1;
	assert_int_equal(ws_verdict(&shift, 0.5, 10, 10), WS_VERDICT_B_SMALLER);
	assert_int_equal(ws_verdict(&shift, 0.5, 0, 10), WS_VERDICT_TOO_FEW);
	assert_int_equal(ws_verdict(&shift, 0.5, 10, 0), WS_VERDICT_TOO_FEW);
	shift.has_interval = false;
	assert_int_equal(ws_verdict(&shift, 0, 10, 10), WS_VERDICT_TOO_FEW);
}

static void sentences_say_what_the_data_supports(void **state)
{
	(void)state;
	assert_string_equal(words((struct ws_comparison) { .n_a = 4800,
							   .n_b = 4801,
							   .distance.p = 0.321,
							   .median = { -349, true, -1032, 549 } },
				  WS_UNIT_US),
			    "no difference found: shift of the median -0.3 us, 95% interval -1.1..0.6 us, n = 4800 and "
			    "4801, KS p = 0.32; a shift of up to -1.1 us is not excluded");
	assert_string_equal(
		words((struct ws_comparison) { .n_a = 600, .n_b = 60, .median = { 12000, true, 10250, 13811 } },
		      WS_UNIT_US),
		"the median of B is larger: shift 12.0 us, 95% interval 10.2..13.9 us, n = 600 and 60; one of up to "
		"13.9 us is not excluded");
	assert_string_equal(words((struct ws_comparison) { .n_a = 600,
							   .n_b = 60,
							   .median = { -12000000, true, -13811000, -10250000 } },
				  WS_UNIT_MS),
			    "the median of B is smaller: shift -12.0 ms, 95% interval -13.9..-10.2 ms, n = 600 and 60; "
			    "one of up to "
			    "-13.9 ms is not excluded");
	assert_string_equal(
		words((struct ws_comparison) { .n_a = 50,
					       .n_b = 70,
					       .distance = { .d = 0.0712, .p = 0.00041 },
					       .median = { 0, true, -250000, 240000 } },
		      WS_UNIT_US),
		"the medians do not differ detectably (shift 0 us, 95% interval -250..240 us; one of up to "
		"-250 us is not excluded), but the distributions do (KS D = 0.071, p = 0.00041), n = 50 and "
		"70");
	assert_non_null(
		strstr(words((struct ws_comparison) { .n_a = 9, .n_b = 9, .median = { 0, true, 0, 0 } }, WS_UNIT_US),
		       "p < 0.0001"));
}

/* An end of the interval that is not zero must not be written as zero, nor a number as "-0". */
static void numbers_keep_their_sign(void **state)
{
	(void)state;
	assert_non_null(strstr(
		words((struct ws_comparison) { .n_a = 9, .n_b = 9, .median = { 900, true, 40, 1800 } }, WS_UNIT_US),
		"shift 0.90 us, 95% interval 0.04..1.80 us"));
	assert_non_null(strstr(
		words((struct ws_comparison) { .n_a = 9, .n_b = 9, .median = { -900, true, -1800, -1 } }, WS_UNIT_US),
		"shift -0.900 us, 95% interval -1.800..-0.001 us"));
	assert_non_null(strstr(words((struct ws_comparison) { .n_a = 9,
							      .n_b = 9,
							      .distance.p = 1,
							      .median = { -4, true, -1000, 1000 } },
				     WS_UNIT_US),
			       "median 0.0 us, 95% interval -1.0..1.0 us"));
	assert_non_null(
		strstr(words((struct ws_comparison) { .n_a = 9, .n_b = 9, .median = { 7, true, 7, 7 } }, WS_UNIT_MS),
		       "shift 0.000007 ms, 95% interval 0.000007..0.000007 ms"));
	assert_non_null(
		strstr(words((struct ws_comparison) { .n_a = 9, .n_b = 9, .median = { 7, true, 6, 99 } }, WS_UNIT_NS),
		       "shift 7 ns, 95% interval 6..99 ns"));
}

/* The longest sentence there is fits, and a short buffer is cut, not overrun. */
static void extremes_fit(void **state)
{
	struct ws_comparison comparison = { .n_a = UINT64_MAX,
					    .n_b = UINT64_MAX,
					    .distance = { .d = 0.00123456, .p = 0.00012345 },
					    .median = { INT64_MIN, true, INT64_MIN, INT64_MAX } };
	char text[8];

	(void)state;
	assert_non_null(strstr(words(comparison, WS_UNIT_NS), "-9223372036854775808..9223372036854775807 ns"));
	assert_non_null(strstr(words(comparison, WS_UNIT_US), "-9223372036854776..9223372036854776 us"));
	assert_true(strlen(words(comparison, WS_UNIT_NS)) < WS_VERDICT_WORDS_MAX - 1);
	assert_non_null(strstr(words(comparison, WS_UNIT_NS), "18446744073709551615 and 18446744073709551615"));
	comparison.median = (struct ws_shift) { INT64_MIN, true, INT64_MIN, INT64_MIN };
	assert_non_null(strstr(words(comparison, WS_UNIT_US), "-9223372036854775.808..-9223372036854775.808 us"));
	ws_verdict_words(&comparison, WS_UNIT_US, text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

static void samples_are_compared_in_every_way(void **state)
{
	static uint64_t a[1000], b[1000], wide[1000];
	struct ws_comparison comparison;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		a[i] = 10000 + i;
		b[i] = 10300 + i;
		wide[i] = 8000 + 5 * i;
	}
	assert_int_equal(ws_compare(a, 1000, b, 1000, &comparison), 0);
	assert_int_equal(comparison.verdict, WS_VERDICT_B_LARGER);
	assert_int_equal(comparison.median.shift_ns, 300);
	assert_int_equal(comparison.p99.shift_ns, 300);
	assert_true(comparison.p90.has_interval && comparison.p99.has_interval);
	assert_true(comparison.distance.d == 0.3 && comparison.distance.wasserstein_ns == 300);
	assert_int_equal(ws_compare(b, 1000, a, 1000, &comparison), 0);
	assert_int_equal(comparison.verdict, WS_VERDICT_B_SMALLER);
	assert_int_equal(ws_compare(a, 1000, a, 1000, &comparison), 0);
	assert_int_equal(comparison.verdict, WS_VERDICT_NO_DIFFERENCE_FOUND);
	assert_int_equal(ws_compare(a, 1000, wide, 1000, &comparison), 0);
	assert_int_equal(comparison.verdict, WS_VERDICT_SHAPE_DIFFERS);
}

static void few_and_none_are_too_few(void **state)
{
	static const uint64_t a[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct ws_comparison comparison;
	char text[WS_VERDICT_WORDS_MAX];

	(void)state;
	for (uint64_t n = 0; n < WS_SHIFT_MEDIAN_N; n++) {
		assert_int_equal(ws_compare(a, n, a, N(a), &comparison), 0);
		assert_int_equal(comparison.verdict, WS_VERDICT_TOO_FEW);
	}
	assert_int_equal(ws_compare(a, N(a), a, N(a), &comparison), 0);
	assert_int_equal(comparison.verdict, WS_VERDICT_NO_DIFFERENCE_FOUND);
	assert_int_equal(ws_compare(a, 5, NULL, 0, &comparison), 0);
	assert_int_equal(comparison.verdict, WS_VERDICT_TOO_FEW);
	assert_true(comparison.distance.d == 0 && !comparison.median.has_interval);
	ws_verdict_words(&comparison, WS_UNIT_US, text, sizeof(text));
	assert_string_equal(text,
			    "too few to judge: n = 5 and 0; the shift of the median has an interval from 7 of each on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_follows_the_interval),
		cmocka_unit_test(sentences_say_what_the_data_supports),
		cmocka_unit_test(numbers_keep_their_sign),
		cmocka_unit_test(extremes_fit),
		cmocka_unit_test(samples_are_compared_in_every_way),
		cmocka_unit_test(few_and_none_are_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
