/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * region - all that the offset between two clocks and its rate can be at one moment: a convex polygon.
 *
 * What is known of a moment is carried to another by ws_region_advance(), which lets the rate change by so much a
 * second and no more; what is seen cuts pieces off by ws_region_cut(). Whatever is not possible under these two rules
 * goes, and nothing else does (set-membership filtering; Schweppe 1968).
 */
#ifndef WS_ANALYZE_REGION_H
#define WS_ANALYZE_REGION_H

#include <stdint.h>

/* A polygon of more corners is replaced by one of fewer around it. */
#define WS_REGION_CORNERS 48

struct ws_corner {
	double offset_ns;
	double rate; /* ns/s */
};

struct ws_region {
	uint32_t n; /* corners, counterclockwise; 0: nothing is possible */
	struct ws_corner at[WS_REGION_CORNERS];
};

/* Everything within so much of zero. */
struct ws_region ws_region_box(double offset_ns, double rate);

/* Keeps what has by_offset * offset + by_rate * rate <= limit. */
void ws_region_cut(struct ws_region *region, double by_offset, double by_rate, double limit);

/* From a moment to dt_s later, or earlier if it is negative, for a rate that changes by wander (ns/s per s) at most. */
void ws_region_advance(struct ws_region *region, double dt_s, double wander);

/* Keeps what is in the other as well. */
void ws_region_intersect(struct ws_region *region, const struct ws_region *other);

/* The least and the largest offset of a region that is not empty. */
void ws_region_offsets(const struct ws_region *region, double *least_ns, double *largest_ns);

#endif
