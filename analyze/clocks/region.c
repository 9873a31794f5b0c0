/* SPDX-License-Identifier: BSD-2-Clause */
/* region - see region.h. */
#include "analyze/clocks/region.h"

#include <math.h>
#include <stdbool.h>

/* A polygon that has this many corners is made simpler, down to the second number; what follows adds five at most. */
#define CORNERS_MANY (WS_REGION_CORNERS - 8)
#define CORNERS_FEW  24

struct ws_region ws_region_box(double offset_ns, double rate)
{
	return (struct ws_region) {
		.n = 4,
		.at = { { -offset_ns, -rate }, { offset_ns, -rate }, { offset_ns, rate }, { -offset_ns, rate } },
	};
}

static double cross(struct ws_corner a, struct ws_corner b)
{
	return a.offset_ns * b.rate - a.rate * b.offset_ns;
}

static struct ws_corner minus(struct ws_corner a, struct ws_corner b)
{
	return (struct ws_corner) { a.offset_ns - b.offset_ns, a.rate - b.rate };
}

/* Moves a by t times b. */
static struct ws_corner plus(struct ws_corner a, double t, struct ws_corner b)
{
	return (struct ws_corner) { a.offset_ns + t * b.offset_ns, a.rate + t * b.rate };
}

/*
 * What taking out the edge from corner i to the next would add: its neighbours are drawn on until they meet. Returns
 * twice the area, INFINITY where they do not meet, and where they do.
 */
static double added_without(const struct ws_region *region, uint32_t i, struct ws_corner *meet)
{
	uint32_t n = region->n;
	struct ws_corner a = region->at[i], b = region->at[(i + 1) % n];
	struct ws_corner before = minus(a, region->at[(i + n - 1) % n]), behind = minus(region->at[(i + 2) % n], b);
	double turn = cross(before, behind), t = cross(minus(b, a), behind) / turn, area;

	if (!(turn > 0) || !isfinite(t))
		return INFINITY;
	*meet = plus(a, t, before);
	area = fabs(cross(minus(*meet, a), minus(b, a)));
	return isfinite(area) ? area : INFINITY;
}

/* Replaces the polygon by a simpler one around it. */
static void simplify(struct ws_region *region)
{
	while (region->n > CORNERS_FEW) {
		struct ws_corner meet = { 0 }, best_meet = { 0 };
		double area, best = INFINITY;
		uint32_t edge = 0, next;

		for (uint32_t i = 0; i < region->n; i++) {
			area = added_without(region, i, &meet);
			if (area < best) {
				best = area;
				best_meet = meet;
				edge = i;
			}
		}
		if (best == INFINITY)
			return;
		next = (edge + 1) % region->n;
		region->at[edge] = best_meet;
		for (uint32_t i = next; i + 1 < region->n; i++)
			region->at[i] = region->at[i + 1];
		region->n--;
	}
}

static void append(struct ws_region *region, struct ws_corner corner)
{
	const struct ws_corner *last = &region->at[region->n ? region->n - 1 : 0];

	if (region->n == WS_REGION_CORNERS ||
	    (region->n && last->offset_ns == corner.offset_ns && last->rate == corner.rate))
		return;
	region->at[region->n++] = corner;
}

/* Ends a polygon that was appended corner by corner. One without an area is empty. */
static void finish(struct ws_region *region)
{
	const struct ws_corner *first = &region->at[0], *last = &region->at[region->n ? region->n - 1 : 0];

	if (region->n > 1 && first->offset_ns == last->offset_ns && first->rate == last->rate)
		region->n--;
	if (region->n < 3)
		region->n = 0;
	if (region->n > CORNERS_MANY)
		simplify(region);
}

void ws_region_cut(struct ws_region *region, double by_offset, double by_rate, double limit)
{
	double beyond[WS_REGION_CORNERS];
	struct ws_region made;
	bool cuts = false;

	for (uint32_t i = 0; i < region->n; i++) {
		beyond[i] = by_offset * region->at[i].offset_ns + by_rate * region->at[i].rate - limit;
		cuts |= beyond[i] > 0;
	}
	if (!cuts)
		return;
	made.n = 0;
	for (uint32_t i = 0; i < region->n; i++) {
		uint32_t next = (i + 1) % region->n;

		if (beyond[i] <= 0)
			append(&made, region->at[i]);
		if ((beyond[i] < 0 && beyond[next] > 0) || (beyond[i] > 0 && beyond[next] < 0))
			append(&made, plus(region->at[i], beyond[i] / (beyond[i] - beyond[next]),
					   minus(region->at[next], region->at[i])));
	}
	finish(&made);
	*region = made;
}

/* Adds to every point every multiple of by from -1 to 1. */
static void smear(struct ws_region *region, struct ws_corner by)
{
	struct ws_region made = { .n = 0 };
	uint32_t n = region->n;
	double last = 0;

	/* The side of the last edge; of one along the smear itself, that of the one before it. */
	for (uint32_t i = n; i > 0 && last == 0; i--)
		last = -cross(minus(region->at[i % n], region->at[i - 1]), by);
	for (uint32_t i = 0; i < n; i++) {
		double side = -cross(minus(region->at[(i + 1) % n], region->at[i]), by);

		if (side == 0)
			side = last;
		if ((side > 0) != (last > 0))
			append(&made, plus(region->at[i], last > 0 ? 1 : -1, by));
		append(&made, plus(region->at[i], side > 0 ? 1 : -1, by));
		last = side;
	}
	finish(&made);
	*region = made;
}

void ws_region_advance(struct ws_region *region, double dt_s, double wander)
{
	double turn = wander * fabs(dt_s);

	if (!region->n || dt_s == 0)
		return;
	for (uint32_t i = 0; i < region->n; i++)
		region->at[i].offset_ns += region->at[i].rate * dt_s;
	/* A rate that ends v higher has moved the offset by v dt / 2, give or take wander dt^2 / 4. */
	smear(region, (struct ws_corner) { turn * dt_s / 2, turn });
	smear(region, (struct ws_corner) { turn * fabs(dt_s) / 4, 0 });
}

void ws_region_intersect(struct ws_region *region, const struct ws_region *other)
{
	if (!other->n)
		region->n = 0;
	for (uint32_t i = 0; i < other->n && region->n; i++) {
		struct ws_corner a = other->at[i], edge = minus(other->at[(i + 1) % other->n], a);

		/* What is left of an edge is inside: cross(edge, p - a) >= 0. */
		ws_region_cut(region, edge.rate, -edge.offset_ns, edge.rate * a.offset_ns - edge.offset_ns * a.rate);
	}
}

void ws_region_offsets(const struct ws_region *region, double *least_ns, double *largest_ns)
{
	*least_ns = INFINITY;
	*largest_ns = -INFINITY;
	for (uint32_t i = 0; i < region->n; i++) {
		*least_ns = fmin(*least_ns, region->at[i].offset_ns);
		*largest_ns = fmax(*largest_ns, region->at[i].offset_ns);
	}
}
