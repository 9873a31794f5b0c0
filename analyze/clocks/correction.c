/* SPDX-License-Identifier: BSD-2-Clause */
/* correction - see clocks.h: what knots say of a time. */
#include <math.h>

#include "analyze/clocks/clocks_inner.h"
#include "analyze/clocks/envelope.h"

uint64_t ws_clock_bounds_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return a == WS_CLOCK_UNBOUND || b == WS_CLOCK_UNBOUND || __builtin_add_overflow(a, b, &sum) ? WS_CLOCK_UNBOUND
												    : sum;
}

int64_t ws_clock_ns_add(int64_t a, int64_t b)
{
	int64_t sum;

	return !__builtin_add_overflow(a, b, &sum) ? sum : a < 0 ? INT64_MIN : INT64_MAX;
}

uint32_t ws_clock_knots_until(const struct ws_clock_knot *knot, uint32_t n, int64_t at_ns)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t half = low + (high - low) / 2;

		if (knot[half].at_ns <= at_ns)
			low = half + 1;
		else
			high = half;
	}
	return low;
}

int64_t ws_clock_knots_at(const struct ws_clock_knot *knot, uint32_t n_knots, int64_t at_ns, uint64_t *bound_ns)
{
	uint32_t n_until = ws_clock_knots_until(knot, n_knots, at_ns), i = n_until ? n_until - 1 : 0;
	double part, correction, bound, beyond;

	knot += i;
	if (at_ns < knot->at_ns || i + 1 == n_knots || knot->bound_ns == WS_CLOCK_UNBOUND) {
		/* A single knot stands for all times. */
		beyond = n_knots > 1 ? ceil(fabs(ws_ns_between(at_ns, knot->at_ns)) * (WS_RATE_MAX / 1e9)) : 0;
		*bound_ns = ws_clock_bounds_add(knot->bound_ns, (uint64_t)beyond);
		return *bound_ns == WS_CLOCK_UNBOUND ? 0 : knot->correction_ns;
	}
	if (knot[1].bound_ns == WS_CLOCK_UNBOUND) {
		*bound_ns = WS_CLOCK_UNBOUND;
		return 0;
	}
	part = ws_ns_between(at_ns, knot->at_ns) / ws_ns_between(knot[1].at_ns, knot->at_ns);
	correction = round(part * ws_ns_between(knot[1].correction_ns, knot->correction_ns));
	bound = ceil((1 - part) * (double)knot->bound_ns + part * (double)knot[1].bound_ns);
	*bound_ns = bound < 9e18 ? (uint64_t)bound : WS_CLOCK_UNBOUND;
	return ws_clock_ns_add(knot->correction_ns, (int64_t)fmax(-9e18, fmin(correction, 9e18)));
}

int64_t ws_clocks_correction(const struct ws_clocks *clocks, uint32_t node, int64_t at_ns, uint64_t *bound_ns)
{
	return ws_clock_knots_at(clocks->node[node].knot, clocks->node[node].n_knots, at_ns, bound_ns);
}

const struct ws_clock_pair *ws_clocks_pair(const struct ws_clocks *clocks, uint32_t a, uint32_t b)
{
	uint32_t least = a < b ? a : b, most = a < b ? b : a, low = 0, high = clocks->n_pairs;

	while (low < high) {
		uint32_t half = low + (high - low) / 2;
		const struct ws_clock_pair *pair = &clocks->pair[half];
		uint32_t first = pair->node < pair->other ? pair->node : pair->other;
		uint32_t second = pair->node < pair->other ? pair->other : pair->node;

		if (first == least && second == most)
			return pair;
		if (first < least || (first == least && second < most))
			low = half + 1;
		else
			high = half;
	}
	return NULL;
}

int64_t ws_clocks_between(const struct ws_clocks *clocks, uint32_t a, int64_t at_a_ns, uint32_t b, int64_t at_b_ns,
			  uint64_t *bound_ns)
{
	const struct ws_clock_pair *pair = ws_clocks_pair(clocks, a, b);
	uint64_t bound_a, bound_b, bound;
	int64_t correction_a, correction_b, between;

	*bound_ns = 0;
	if (a == b)
		return 0;
	correction_a = ws_clocks_correction(clocks, a, at_a_ns, &bound_a);
	correction_b = ws_clocks_correction(clocks, b, at_b_ns, &bound_b);
	*bound_ns = clocks->node[a].reference == clocks->node[b].reference ? ws_clock_bounds_add(bound_a, bound_b)
									   : WS_CLOCK_UNBOUND;
	if (__builtin_sub_overflow(correction_b, correction_a, &between))
		*bound_ns = WS_CLOCK_UNBOUND;
	if (pair) {
		bool is_b = pair->node == b;
		int64_t known = ws_clock_knots_at(pair->knot, pair->n_knots, is_b ? at_b_ns : at_a_ns, &bound);

		if (bound < *bound_ns && known > INT64_MIN) {
			*bound_ns = bound;
			between = is_b ? known : -known;
		}
	}
	return *bound_ns == WS_CLOCK_UNBOUND ? 0 : between;
}

/* Sums for a line through points, from the first of them. */
struct line {
	double n, x, y, xx, xy;
};

/* Adds a finished stretch's part to the slope of all. */
static void add_stretch(const struct line *line, double *up, double *along)
{
	if (line->n < 2)
		return;
	*up += line->xy - line->x * line->y / line->n;
	*along += line->xx - line->x * line->x / line->n;
}

void ws_clock_knots_tell(const struct ws_clock_knot *knot, uint32_t n_knots, double *drift_ppm, uint64_t *bound_ns)
{
	struct line line = { 0 };
	double up = 0, along = 0;
	uint32_t first = 0;
	uint64_t least_doubtful = WS_CLOCK_UNBOUND;

	*bound_ns = 0;
	for (uint32_t i = 0; i < n_knots; i++) {
		double x, y;

		if (knot[i].doubtful || knot[i].bound_ns == WS_CLOCK_UNBOUND) {
			add_stretch(&line, &up, &along);
			line = (struct line) { 0 };
			least_doubtful = knot[i].bound_ns < least_doubtful ? knot[i].bound_ns : least_doubtful;
			continue;
		}
		first = line.n == 0 ? i : first;
		x = ws_ns_between(knot[i].at_ns, knot[first].at_ns) / 1e9;
		y = ws_ns_between(knot[i].correction_ns, knot[first].correction_ns);
		line = (struct line) { line.n + 1, line.x + x, line.y + y, line.xx + x * x, line.xy + x * y };
		*bound_ns = knot[i].bound_ns > *bound_ns ? knot[i].bound_ns : *bound_ns;
	}
	add_stretch(&line, &up, &along);
	*drift_ppm = along > 0 ? -up / along / 1e3 : 0;
	*bound_ns = *bound_ns ? *bound_ns : least_doubtful;
}
