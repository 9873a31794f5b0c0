/* SPDX-License-Identifier: BSD-2-Clause */
/* track - see track.h. */
#include "analyze/clocks/track_inner.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Cells are as long as this at most, and shorter where there is less than CELLS_FEW times as much to see. */
#define CELL_NS	      UINT64_C(100000000)
#define CELL_LEAST_NS UINT64_C(1000000)
#define CELLS_FEW     64

/* Wander is looked for in cells that are longer. */
#define CELLS_COARSE 10

/* Wanders that are tried: doubled from WS_WANDER_LEAST / 2, so often. */
#define WANDER_STEPS 12

/* What is left of the least distance then, to each side of its middle. */
#define NARROW_PART 0.02

#define SECOND_NS UINT64_C(1000000000)

/*
 * Narrows the limits to where the offset would be if the least delays were steady: around the middle between both
 * hulls, by as much as this cell's distance is above the least one; and a little, or nothing goes through.
 */
static void narrow(struct ws_envelope *envelope)
{
	double least = INFINITY;

	for (uint32_t i = 0; i < envelope->n_cells; i++) {
		double gap = ws_envelope_gap(envelope, &envelope->cell[i]);

		if (gap > 0)
			least = fmin(least, gap);
	}
	for (uint32_t i = 0; i < envelope->n_cells; i++) {
		double gap = ws_envelope_gap(envelope, &envelope->cell[i]);

		if (gap > 0 && isfinite(gap))
			envelope->cell[i].spare_ns = least * (0.5 - NARROW_PART);
	}
}

/* The least of the wanders tried with which the course breaks no more often than with the largest. */
static double least_wander(const struct ws_envelope *envelope)
{
	struct ws_course course = { envelope, WS_WANDER_LEAST / 2 * (1 << (WANDER_STEPS - 1)) };
	uint32_t n = ws_course_breaks(&course);
	int low = 0, high = WANDER_STEPS - 1;

	while (low < high) {
		int middle = (low + high) / 2;

		course.wander = WS_WANDER_LEAST / 2 * (1 << middle);
		if (ws_course_breaks(&course) <= n)
			high = middle;
		else
			low = middle + 1;
	}
	return WS_WANDER_LEAST / 2 * (1 << high);
}

static int find_wander(const struct ws_crossing *crossing, const struct ws_radix_item *order, uint32_t n, uint16_t our,
		       const struct ws_envelope *fine, double *wander)
{
	struct ws_envelope coarse;
	int rc = ws_envelope_open(crossing, order, n, our, CELLS_COARSE * fine->cell_ns, &coarse);

	if (rc)
		return rc;
	narrow(&coarse);
	*wander = 2 * fmax(least_wander(&coarse), least_wander(fine));
	ws_envelope_close(&coarse);
	return 0;
}

/* Between two knots the offset leaves the straight line by wander dt^2 / 8 at most. */
static void allow_bends(struct ws_track *track)
{
	double dt_s, bend = 0, next;

	for (uint32_t i = 0; i < track->n_knots; i++) {
		struct ws_track_knot *knot = &track->knot[i];

		dt_s = i + 1 < track->n_knots ? ws_ns_between(knot[1].at_ns, knot->at_ns) / 1e9 : 0;
		next = track->wander * dt_s * dt_s / 8;
		if (knot->least_ns <= knot->largest_ns) {
			knot->least_ns = ws_offset_from(knot->least_ns, -round(fmax(bend, next)));
			knot->largest_ns = ws_offset_from(knot->largest_ns, round(fmax(bend, next)));
		}
		bend = next;
	}
}

/* The least distance of both directions' limits from the course, within a second. */
static void measure_round_trip(const struct ws_envelope *envelope, struct ws_track *track)
{
	double least = INFINITY, above = INFINITY, below = INFINITY;
	int64_t begun_ns = 0;

	for (uint32_t i = 0; i + 1 < envelope->n_cells; i++) {
		const struct ws_cell *cell = &envelope->cell[i];

		if (ws_ns_between(cell->at_ns, begun_ns) >= (double)SECOND_NS || !i) {
			begun_ns = cell->at_ns;
			above = below = INFINITY;
		}
		if (track->knot[i].doubtful || track->knot[i + 1].doubtful)
			continue;
		for (uint32_t k = 0; k < cell->n_upper + cell->n_lower; k++) {
			const struct ws_limit *limit = &envelope->limit[cell->limit + k];
			int64_t least_ns, largest_ns;
			double far;

			if (!ws_track_at(track, limit->at_ns, &least_ns, &largest_ns))
				continue;
			far = ws_ns_between(limit->value_ns, least_ns) / 2 +
			      ws_ns_between(limit->value_ns, largest_ns) / 2;
			if (k < cell->n_upper)
				above = fmin(above, far);
			else
				below = fmin(below, -far);
		}
		least = fmin(least, above + below);
	}
	track->min_round_trip_ns = isfinite(least) ? ws_offset_from(0, round(least)) : INT64_MAX;
}

/* Puts the best moments between the cells' beginnings. 0 or -ENOMEM. */
static int add_best(struct ws_tracking *tracking)
{
	struct ws_track *track = &tracking->track;
	struct ws_track_knot *knot = calloc(2 * (size_t)track->n_knots, sizeof(*knot));
	uint32_t n = 0;

	if (!knot)
		return -ENOMEM;
	for (uint32_t i = 0; i < track->n_knots; i++) {
		knot[n++] = track->knot[i];
		if (tracking->best[i].least_ns <= tracking->best[i].largest_ns)
			knot[n++] = tracking->best[i];
	}
	free(track->knot);
	track->knot = knot;
	track->n_knots = n;
	return 0;
}

static int follow(struct ws_tracking *tracking)
{
	const struct ws_envelope *envelope = tracking->course.envelope;
	struct ws_track *track = &tracking->track;

	tracking->piece = calloc(envelope->n_cells, sizeof(*tracking->piece));
	tracking->before = malloc(envelope->n_cells * sizeof(*tracking->before));
	track->knot = calloc(envelope->n_cells, sizeof(*track->knot));
	track->jump = calloc(envelope->n_cells, sizeof(*track->jump));
	tracking->best = calloc(envelope->n_cells, sizeof(*tracking->best));
	if (!tracking->piece || !tracking->before || !tracking->best || !track->knot || !track->jump)
		return -ENOMEM;
	track->n_knots = envelope->n_cells;
	for (uint32_t i = 0; i < track->n_knots; i++)
		track->knot[i] = tracking->best[i] = (struct ws_track_knot) { envelope->cell[i].at_ns, INT64_MAX,
									      INT64_MIN, false };
	if (!ws_track_fill(tracking))
		return -ENODATA;
	measure_round_trip(envelope, track);
	if (add_best(tracking))
		return -ENOMEM;
	allow_bends(track);
	return 0;
}

/* How long cells shall be. */
static uint64_t cell_length(const struct ws_radix_item *order, uint32_t n)
{
	uint64_t length = n ? (order[n - 1].key - order[0].key) / CELLS_FEW : CELL_NS;

	return length < CELL_LEAST_NS ? CELL_LEAST_NS : length > CELL_NS ? CELL_NS : length;
}

/* Sorts by our time; what has no limit goes. Returns how many are left, or -ENOMEM. */
static int64_t arrange(const struct ws_crossing *crossing, struct ws_radix_item *order, uint32_t n, uint16_t our)
{
	struct ws_limit limit;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (ws_crossing_limit(&crossing[order[i].tag], our, &limit))
			order[kept++] = (struct ws_radix_item) { ws_radix_bias(limit.at_ns), order[i].tag };
	}
	return ws_radix_sort_items(order, kept) ? -ENOMEM : (int64_t)kept;
}

int ws_track_open(const struct ws_crossing *crossing, struct ws_radix_item *order, uint32_t n, uint16_t our,
		  struct ws_track *track)
{
	struct ws_envelope envelope = { 0 };
	struct ws_tracking tracking = { .course.envelope = &envelope };
	int64_t kept = arrange(crossing, order, n, our);
	int rc = kept < 0 ? (int)kept : kept ? 0 : -ENODATA;

	rc = rc ? rc
		: ws_envelope_open(crossing, order, (uint32_t)kept, our, cell_length(order, (uint32_t)kept), &envelope);
	rc = rc ? rc : find_wander(crossing, order, (uint32_t)kept, our, &envelope, &tracking.course.wander);
	tracking.track.wander = tracking.course.wander;
	rc = rc ? rc : follow(&tracking);
	if (rc)
		ws_track_close(&tracking.track);
	else
		*track = tracking.track;
	free(tracking.piece);
	free(tracking.before);
	free(tracking.best);
	ws_envelope_close(&envelope);
	return rc;
}

void ws_track_close(struct ws_track *track)
{
	if (!track)
		return;
	free(track->knot);
	free(track->jump);
	*track = (struct ws_track) { 0 };
}

/* The value at at_ns of a line between two knots. */
static double between(const struct ws_track_knot *knot, int64_t from_ns, int64_t to_ns, int64_t at_ns)
{
	double part = ws_ns_between(at_ns, knot[0].at_ns) / ws_ns_between(knot[1].at_ns, knot[0].at_ns);

	return part * ws_ns_between(to_ns, from_ns);
}

bool ws_track_at(const struct ws_track *track, int64_t at_ns, int64_t *least_ns, int64_t *largest_ns)
{
	const struct ws_track_knot *knot = track->knot;
	uint32_t low = 0, high = track->n_knots;
	double beyond = 0;

	while (low < high) {
		uint32_t half = low + (high - low) / 2;

		if (knot[half].at_ns <= at_ns)
			low = half + 1;
		else
			high = half;
	}
	if (low == 0 || low == track->n_knots) {
		knot += low ? low - 1 : 0;
		beyond = fabs(ws_ns_between(at_ns, knot->at_ns)) * (WS_RATE_MAX / 1e9);
		if (knot->least_ns > knot->largest_ns)
			return false;
		*least_ns = ws_offset_from(knot->least_ns, -ceil(beyond));
		*largest_ns = ws_offset_from(knot->largest_ns, ceil(beyond));
		return true;
	}
	knot += low - 1;
	if (knot[0].least_ns > knot[0].largest_ns || knot[1].least_ns > knot[1].largest_ns)
		return false;
	*least_ns = ws_offset_from(knot->least_ns, floor(between(knot, knot[0].least_ns, knot[1].least_ns, at_ns)));
	*largest_ns = ws_offset_from(knot->largest_ns,
				     ceil(between(knot, knot[0].largest_ns, knot[1].largest_ns, at_ns)));
	return true;
}
