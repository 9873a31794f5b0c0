/* SPDX-License-Identifier: BSD-2-Clause */
/* comparison - see comparison.h. */
#include "analyze/comparison.h"

#include <inttypes.h>
#include <stdio.h>

/* An interval is written so finely that it is at least so many units of the last decimal wide. */
#define FINENESS 10

/* Room for one number: 20 digits, up to 9 zeros before them, point, sign. */
#define NUMBER_MAX 40

enum rounding { ROUND_DOWN, ROUND_NEAREST, ROUND_UP };

enum ws_verdict ws_verdict(const struct ws_shift *median, double p, uint64_t n_a, uint64_t n_b)
{
	if (n_a == 0 || n_b == 0 || !median->has_interval)
		return WS_VERDICT_TOO_FEW;
	if (median->low_ns > 0)
		return WS_VERDICT_B_LARGER;
	if (median->high_ns < 0)
		return WS_VERDICT_B_SMALLER;
	return p < WS_ALPHA ? WS_VERDICT_SHAPE_DIFFERS : WS_VERDICT_NO_DIFFERENCE_FOUND;
}

int ws_compare(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b, struct ws_comparison *comparison)
{
	struct ws_comparison made = { .n_a = n_a, .n_b = n_b };

	if (n_a > 0 && n_b > 0) {
		int rc = ws_distance(a, n_a, b, n_b, &made.distance);

		if (rc)
			return rc;
		made.median = ws_quantile_shift(a, n_a, b, n_b, WS_MEDIAN);
		made.p90 = ws_quantile_shift(a, n_a, b, n_b, WS_P(90));
		made.p99 = ws_quantile_shift(a, n_a, b, n_b, WS_P(99));
	}
	made.verdict = ws_verdict(&made.median, made.distance.p, n_a, n_b);
	*comparison = made;
	return 0;
}

static uint64_t magnitude(int64_t ns)
{
	return ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
}

static uint64_t power_of_ten(int exponent)
{
	uint64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* |ns| in units of step, rounded in the direction that ns itself is to go. */
static uint64_t in_steps(int64_t ns, uint64_t step, enum rounding rounding)
{
	uint64_t size = magnitude(ns), steps = size / step, rest = size % step;

	if (rounding == ROUND_NEAREST)
		return steps + (rest >= step - rest);
	return steps + (rest > 0 && (rounding == ROUND_UP) == (ns > 0));
}

/* How many decimals to write an interval with: fine enough for its width, and to tell its ends from zero. */
static int decimals_of(const struct ws_shift *shift, int digits)
{
	uint64_t width = (uint64_t)shift->high_ns - (uint64_t)shift->low_ns;
	int decimals = 0;

	while (decimals < digits) {
		uint64_t step = power_of_ten(digits - decimals);

		if (width / FINENESS >= step && (shift->low_ns <= 0 || magnitude(shift->low_ns) >= step) &&
		    (shift->high_ns >= 0 || magnitude(shift->high_ns) >= step))
			break;
		decimals++;
	}
	return decimals;
}

/* Writes ns in the unit, in integers throughout, from the last digit to the first. Returns its start, within text. */
static const char *number(int64_t ns, int digits, int decimals, enum rounding rounding, char text[NUMBER_MAX])
{
	uint64_t steps = in_steps(ns, power_of_ten(digits - decimals), rounding);
	bool is_negative = ns < 0 && steps > 0;
	char *at = text + NUMBER_MAX - 1;

	*at = '\0';
	for (int place = 0; place <= decimals || steps > 0; place++) {
		if (place == decimals && decimals > 0)
			*--at = '.';
		*--at = (char)('0' + steps % 10);
		steps /= 10;
	}
	if (is_negative)
		*--at = '-';
	return at;
}

/* Writes p as "p = 0.012", or "p < 0.0001". */
static void p_words(double p, char *text)
{
	if (p < 0.0001)
		snprintf(text, NUMBER_MAX, "p < 0.0001");
	else
		snprintf(text, NUMBER_MAX, "p = %.2g", p);
}

/* Writes "12.0 us, 95% interval 10.2..13.9 us" and the largest shift in it, "13.9 us". */
static void shift_words(const struct ws_shift *shift, struct ws_unit unit, char *text, size_t size, char *largest,
			size_t largest_size)
{
	int decimals = decimals_of(shift, unit.digits);
	char middle[NUMBER_MAX], low_text[NUMBER_MAX], high_text[NUMBER_MAX];
	const char *low = number(shift->low_ns, unit.digits, decimals, ROUND_DOWN, low_text);
	const char *high = number(shift->high_ns, unit.digits, decimals, ROUND_UP, high_text);

	snprintf(text, size, "%s %s, 95%% interval %s..%s %s",
		 number(shift->shift_ns, unit.digits, decimals, ROUND_NEAREST, middle), unit.name, low, high,
		 unit.name);
	snprintf(largest, largest_size, "%s %s", magnitude(shift->low_ns) > magnitude(shift->high_ns) ? low : high,
		 unit.name);
}

void ws_verdict_words(const struct ws_comparison *comparison, struct ws_unit unit, char *text, size_t size)
{
	char shift[4 * NUMBER_MAX], largest[2 * NUMBER_MAX], p[NUMBER_MAX], n[2 * NUMBER_MAX];

	snprintf(n, sizeof(n), "n = %" PRIu64 " and %" PRIu64, comparison->n_a, comparison->n_b);
	p_words(comparison->distance.p, p);
	shift_words(&comparison->median, unit, shift, sizeof(shift), largest, sizeof(largest));
	switch (comparison->verdict) {
	case WS_VERDICT_TOO_FEW:
		snprintf(text, size, "too few to judge: %s; the shift of the median has an interval from %d of each on",
			 n, WS_SHIFT_MEDIAN_N);
		break;
	case WS_VERDICT_NO_DIFFERENCE_FOUND:
		snprintf(text, size,
			 "no difference found: shift of the median %s, %s, KS %s; a shift of up to %s is not "
			 "excluded",
			 shift, n, p, largest);
		break;
	case WS_VERDICT_SHAPE_DIFFERS:
		snprintf(text, size,
			 "the medians do not differ detectably (shift %s; one of up to %s is not excluded), but the "
			 "distributions do (KS D = %.2g, %s), %s",
			 shift, largest, comparison->distance.d, p, n);
		break;
	case WS_VERDICT_B_LARGER:
	case WS_VERDICT_B_SMALLER:
		snprintf(text, size, "the median of B is %s: shift %s, %s; one of up to %s is not excluded",
			 comparison->verdict == WS_VERDICT_B_LARGER ? "larger" : "smaller", shift, n, largest);
		break;
	}
}
