/* SPDX-License-Identifier: BSD-2-Clause */
/* shift - see shift.h. */
#include "analyze/shift.h"

#include <errno.h>
#include <math.h>

#define N_LEVELS 9

/* The levels e_1 to e_9, rounded down. shift.h says what they are and why. */
static const double level[N_LEVELS] = { 0.008013, 0.009087, 0.01304,  0.022618, 0.044289,
					0.090449, 0.178362, 0.319234, 0.499999 };

/* The ranks for every level. -ENODATA: not even the extremes are outside so seldom. */
static int find_ranks(uint64_t n, struct ws_quantile q, struct ws_ranks ranks[N_LEVELS])
{
	double p = (double)q.num / q.den;

	if (pow(fmax(p, 1 - p), (double)n) > level[0])
		return -ENODATA;
	for (int k = 0; k < N_LEVELS; k++) {
		int rc = ws_quantile_ranks(n, q, 2 * level[k], &ranks[k]);

		if (rc)
			return rc;
	}
	return 0;
}

static int64_t minus(uint64_t left, uint64_t right)
{
	__int128 difference = (__int128)left - (__int128)right;

	if (difference > INT64_MAX)
		return INT64_MAX;
	return difference < INT64_MIN ? INT64_MIN : (int64_t)difference;
}

struct ws_shift ws_quantile_shift(const uint64_t *a, uint64_t n_a, const uint64_t *b, uint64_t n_b,
				  struct ws_quantile q)
{
	struct ws_shift shift = {
		.shift_ns = minus(b[ws_quantile_rank(n_b, q) - 1], a[ws_quantile_rank(n_a, q) - 1]),
	};
	struct ws_ranks in_a[N_LEVELS], in_b[N_LEVELS];

	if (find_ranks(n_a, q, in_a) || find_ranks(n_b, q, in_b))
		return shift;
	shift.has_interval = true;
	shift.low_ns = INT64_MAX;
	shift.high_ns = INT64_MIN;
	for (int k = 0; k < N_LEVELS; k++) {
		const struct ws_ranks *of_a = &in_a[N_LEVELS - 1 - k], *of_b = &in_b[k];
		int64_t low = minus(b[of_b->low - 1], a[of_a->high - 1]);
		int64_t high = minus(b[of_b->high - 1], a[of_a->low - 1]);

		shift.low_ns = low < shift.low_ns ? low : shift.low_ns;
		shift.high_ns = high > shift.high_ns ? high : shift.high_ns;
	}
	return shift;
}
