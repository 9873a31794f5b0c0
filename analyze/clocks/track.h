/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * track - the offset between two clocks over time, and where it can be at most, from the packets between them.
 *
 * No delay is below zero, and a clock's rate differs from another's by no more than WS_RATE_MAX and changes by no more
 * than so much a second (its wander). All that these two rules leave is followed through time, from both ends
 * (region.h): the truth is in it, however the delays are distributed. Wander is WS_WANDER_LEAST, or twice what the
 * limits need so that a course goes between them at all; for that question they are narrowed by most of the least
 * distance between them, since an offset that swings by less than the distance would stay unseen otherwise. That takes
 * the least delays of both directions to be steady; nothing else here does. What wanders faster than that shows, within
 * a fiftieth of the least round trip, is outside the model.
 *
 * Where no course goes on, the clock jumped (or a stamp is wrong): the time before and the time behind are followed
 * each by itself; between the last moment that the time behind cannot explain and the first that the time before
 * cannot, it may be either. A jump that is smaller than the round trip is not seen for sure.
 */
#ifndef WS_ANALYZE_TRACK_H
#define WS_ANALYZE_TRACK_H

#include <stdbool.h>

#include "analyze/clocks/course.h"

/* ns/s per s: 0.02 us/s in a second; a quartz that warms by a degree a minute has half of it. */
#define WS_WANDER_LEAST 20.0

/* The offset at a moment of our clock. */
struct ws_track_knot {
	int64_t at_ns;
	int64_t least_ns; /* above largest_ns: it is not known */
	int64_t largest_ns;
	bool doubtful; /* a jump is near: it may be before or behind it */
};

/* Between two knots the offset is between the lines from least to least and from largest to largest. */
struct ws_track {
	struct ws_track_knot *knot; /* ascending at_ns */
	uint32_t n_knots;
	struct ws_clock_jump *jump;
	uint32_t n_jumps;
	double wander;		   /* ns/s per s, that it is based upon */
	int64_t min_round_trip_ns; /* least delay there and back within a second; INT64_MAX: not known */
};

/*
 * Follows the offset. n crossings between the two nodes, order[].tag; order is sorted here, its keys are overwritten.
 * 0; -ENODATA: there are not both directions, or nowhere enough that agrees; -ENOMEM. To be closed with
 * ws_track_close().
 */
int ws_track_open(const struct ws_crossing *crossing, struct ws_radix_item *order, uint32_t n, uint16_t our,
		  struct ws_track *track);

/* NULL is fine. */
void ws_track_close(struct ws_track *track);

/* What the offset can be at a moment; before the first knot and behind the last, as there and at WS_RATE_MAX more with
 * the distance. false: not known. */
bool ws_track_at(const struct ws_track *track, int64_t at_ns, int64_t *least_ns, int64_t *largest_ns);

#endif
