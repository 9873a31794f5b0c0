/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * course - follows what an offset can be from cell to cell of an envelope, both ways through time.
 *
 * A region stands for the moment at which a cell begins; its offsets are counted from a base.
 */
#ifndef WS_ANALYZE_COURSE_H
#define WS_ANALYZE_COURSE_H

#include <stdbool.h>

#include "analyze/clocks/envelope.h"
#include "analyze/clocks/region.h"

struct ws_course {
	const struct ws_envelope *envelope;
	double wander; /* ns/s per s that a rate changes at most */
};

/* What a course that begins, or ends, at that cell is counted from: near its first limit. */
int64_t ws_course_base(const struct ws_course *course, uint32_t cell);

/* Everything that it can be where nothing was seen yet. */
struct ws_region ws_course_anything(void);

/* Carries a region from one cell's moment to that of the next, or of the one before. */
void ws_course_step(const struct ws_course *course, uint32_t from, uint32_t to, struct ws_region *region);

/* Cuts away what a cell's limits exclude. false: nothing is left. */
bool ws_course_see(const struct ws_course *course, uint32_t cell, int64_t base_ns, struct ws_region *region);

/* Follows from a cell on; returns the first one whose limits exclude everything, or the number of cells. */
uint32_t ws_course_follow(const struct ws_course *course, uint32_t from);

/* How often the course breaks, begun anew whenever it does. */
uint32_t ws_course_breaks(const struct ws_course *course);

#endif
