/* SPDX-License-Identifier: BSD-2-Clause */
/* track_inner - what the files of track.h share. */
#ifndef WS_ANALYZE_TRACK_INNER_H
#define WS_ANALYZE_TRACK_INNER_H

#include <math.h>

#include "analyze/clocks/track.h"

/* Cells that a course goes through. */
struct ws_piece {
	uint32_t first; /* of what is known to be on its side of the jumps */
	uint32_t end;
	uint32_t begun; /* where the course began and broke */
	uint32_t broken;
	bool brief; /* not believed, but what it says may be true near the jumps beside it */
};

struct ws_tracking {
	struct ws_course course;
	struct ws_piece *piece; /* room for one a cell */
	uint32_t n_pieces;
	struct ws_region *before;   /* one a cell: what the time before it leaves */
	struct ws_track_knot *best; /* one a cell: its best known moment, if that is not its beginning */
	struct ws_track track;
};

/* A base and what is counted from it, at most what a number of 64 bits can hold. */
static inline int64_t ws_offset_from(int64_t base_ns, double ns)
{
	__int128 sum = (__int128)base_ns + (__int128)fmax(-1e18, fmin(ns, 1e18));

	return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

/* Finds the pieces between breaks, and fills the knots with what they say, and best. All is allocated. false: there is
 * nothing that is believed. */
bool ws_track_fill(struct ws_tracking *tracking);

#endif
