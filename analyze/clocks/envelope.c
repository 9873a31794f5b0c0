/* SPDX-License-Identifier: BSD-2-Clause */
/* envelope - see envelope.h. */
#include "analyze/clocks/envelope.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

bool ws_crossing_limit(const struct ws_crossing *crossing, uint16_t our, struct ws_limit *limit)
{
	bool sent = crossing->from == our;

	limit->at_ns = sent ? crossing->sent_ns : crossing->received_ns;
	return !__builtin_sub_overflow(sent ? crossing->received_ns : crossing->sent_ns, limit->at_ns,
				       &limit->value_ns);
}

/*
 * Calls take for every cell: the moment at which it begins, and the packets in it, [first, end). Cells without packets
 * fill gaps, longer and longer towards their middle, so that what is known of a gap's edges fades where it should.
 */
typedef void (*cell_taker)(void *context, uint64_t at, uint32_t first, uint32_t end);

static void fill_gap(uint64_t from, uint64_t to, uint64_t cell_ns, cell_taker take, void *context)
{
	uint64_t gap = to - from, reach[64];
	uint32_t n = 0;

	for (uint64_t far = 0, step = cell_ns; far < gap / 2 && n < 64; step *= 2) {
		reach[n++] = far;
		if (step > gap)
			break;
		far += step;
	}
	for (uint32_t i = 0; i < n; i++)
		take(context, from + reach[i], 0, 0);
	for (uint32_t i = n; i > 1; i--)
		take(context, to - reach[i - 1], 0, 0);
}

/* How far knots reach beyond the first and the last packet, in cells. */
static const uint64_t overhang[] = { 1, 3 };
#define N_OVERHANG (sizeof(overhang) / sizeof(*overhang))

static void each_cell(const struct ws_radix_item *order, uint32_t n, uint64_t cell_ns, cell_taker take, void *context)
{
	uint32_t first = 0;

	for (size_t i = N_OVERHANG; n && i > 0; i--) {
		if (order[0].key / overhang[i - 1] > cell_ns)
			take(context, order[0].key - overhang[i - 1] * cell_ns, 0, 0);
	}
	while (first < n) {
		uint64_t at = order[first].key, last;
		uint32_t end = first;

		while (end < n && order[end].key - at < cell_ns)
			end++;
		take(context, at, first, end);
		last = order[end - 1].key;
		if (end < n && order[end].key - at > 2 * cell_ns)
			fill_gap(at + cell_ns, order[end].key, cell_ns, take, context);
		else if (end == n)
			take(context, last + (last < UINT64_MAX), 0, 0);
		first = end;
		for (size_t i = 0; end == n && i < N_OVERHANG; i++) {
			if ((UINT64_MAX - last) / overhang[i] > cell_ns)
				take(context, last + overhang[i] * cell_ns, 0, 0);
		}
	}
}

static void count_cell(void *context, uint64_t at, uint32_t first, uint32_t end)
{
	uint64_t *n = context;

	(void)at, (void)first, (void)end;
	++*n;
}

struct making {
	struct ws_envelope *envelope;
	const struct ws_crossing *crossing;
	const struct ws_radix_item *order;
	uint16_t our;
};

/* Does b, between a and c, say nothing that a and c do not? sign: 1 for limits from above, -1 from below. */
static bool is_idle(const struct ws_limit *a, const struct ws_limit *b, const struct ws_limit *c, double sign)
{
	double over = ws_ns_between(b->value_ns, a->value_ns) * ws_ns_between(c->at_ns, a->at_ns);

	return sign * over >= sign * ws_ns_between(c->value_ns, a->value_ns) * ws_ns_between(b->at_ns, a->at_ns);
}

/* Appends one side's hull of the packets [first, end). Returns the number of its corners. */
static uint32_t append_hull(const struct making *making, uint32_t first, uint32_t end, bool upper)
{
	struct ws_envelope *envelope = making->envelope;
	struct ws_limit *hull = envelope->limit + envelope->n_limits, limit;
	double sign = upper ? 1 : -1;
	uint32_t n = 0;

	for (uint32_t i = first; i < end; i++) {
		const struct ws_crossing *crossing = &making->crossing[making->order[i].tag];

		if ((crossing->from == making->our) != upper || !ws_crossing_limit(crossing, making->our, &limit))
			continue;
		if (n && hull[n - 1].at_ns == limit.at_ns) {
			if (sign * ws_ns_between(limit.value_ns, hull[n - 1].value_ns) >= 0)
				continue;
			n--;
		}
		while (n > 1 && is_idle(&hull[n - 2], &hull[n - 1], &limit, sign))
			n--;
		hull[n++] = limit;
	}
	envelope->n_limits += n;
	return n;
}

static void make_cell(void *context, uint64_t at, uint32_t first, uint32_t end)
{
	struct making *making = context;
	struct ws_envelope *envelope = making->envelope;
	struct ws_cell *cell = &envelope->cell[envelope->n_cells++];

	*cell = (struct ws_cell) { .at_ns = ws_radix_unbias(at), .limit = (uint32_t)envelope->n_limits };
	cell->n_upper = append_hull(making, first, end, true);
	cell->n_lower = append_hull(making, first, end, false);
}

int ws_envelope_open(const struct ws_crossing *crossing, const struct ws_radix_item *order, uint32_t n, uint16_t our,
		     uint64_t cell_ns, struct ws_envelope *envelope)
{
	struct ws_envelope made = { .cell_ns = cell_ns };
	struct making making = { &made, crossing, order, our };
	uint64_t n_cells = 0;

	each_cell(order, n, made.cell_ns, count_cell, &n_cells);
	while (n_cells > WS_CELLS_MAX && made.cell_ns < UINT64_MAX / 8) {
		made.cell_ns *= 2;
		n_cells = 0;
		each_cell(order, n, made.cell_ns, count_cell, &n_cells);
	}
	made.cell = calloc(n_cells + 1, sizeof(*made.cell));
	made.limit = calloc((size_t)n + 1, sizeof(*made.limit));
	if (!made.cell || !made.limit) {
		ws_envelope_close(&made);
		return -ENOMEM;
	}
	each_cell(order, n, made.cell_ns, make_cell, &making);
	*envelope = made;
	return 0;
}

void ws_envelope_close(struct ws_envelope *envelope)
{
	if (!envelope)
		return;
	free(envelope->cell);
	free(envelope->limit);
	*envelope = (struct ws_envelope) { 0 };
}

/* The least height of one hull's corners above the other hull. sign: 1 if the corners are those from above. */
static double least_height(const struct ws_limit *corner, uint32_t n, const struct ws_limit *hull, uint32_t n_hull,
			   double sign)
{
	double least = INFINITY;
	uint32_t k = 0;

	for (uint32_t i = 0; i < n && n_hull; i++) {
		double part, run, height;

		if (corner[i].at_ns < hull[0].at_ns || corner[i].at_ns > hull[n_hull - 1].at_ns)
			continue;
		while (k + 1 < n_hull && hull[k + 1].at_ns <= corner[i].at_ns)
			k++;
		height = ws_ns_between(corner[i].value_ns, hull[k].value_ns);
		if (k + 1 < n_hull) {
			run = ws_ns_between(hull[k + 1].at_ns, hull[k].at_ns);
			part = ws_ns_between(corner[i].at_ns, hull[k].at_ns) / run;
			height -= part * ws_ns_between(hull[k + 1].value_ns, hull[k].value_ns);
		}
		least = fmin(least, sign * height);
	}
	return least;
}

double ws_envelope_gap(const struct ws_envelope *envelope, const struct ws_cell *cell)
{
	const struct ws_limit *upper = envelope->limit + cell->limit, *lower = upper + cell->n_upper;

	return fmin(least_height(upper, cell->n_upper, lower, cell->n_lower, 1),
		    least_height(lower, cell->n_lower, upper, cell->n_upper, -1));
}
