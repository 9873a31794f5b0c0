/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope - what the packets between two nodes say of their clocks' offset, as limits from above and from below, in
 * short stretches of time. The offset is the other clock less ours, both in ns; times are ours.
 *
 * A packet that we send at s and the other receives at r: the offset was at most r - s. One that the other sends at s
 * and we receive at r: it was at least s - r. Within a stretch only the corners of the convex hulls are kept: what they
 * say of any straight line, all of its packets say (Zhang, Liu and Xia 2002).
 */
#ifndef WS_ANALYZE_ENVELOPE_H
#define WS_ANALYZE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/clocks/clocks.h"
#include "analyze/radix.h"

/* Stretches are made longer until there are no more than this. */
#define WS_CELLS_MAX 32768

struct ws_limit {
	int64_t at_ns;
	int64_t value_ns;
};

/* A stretch of time: from at_ns up to the next one's. */
struct ws_cell {
	int64_t at_ns;
	uint32_t limit; /* index of the first: those from above stand before those from below, each by time */
	uint32_t n_upper;
	uint32_t n_lower;
	double spare_ns; /* limits are taken to be so much tighter than they are; 0: as they are */
};

/* The first and the last cells have no limits: they reach a little beyond the packets. */
struct ws_envelope {
	struct ws_cell *cell;
	uint32_t n_cells; /* > 1, or 0: no packet */
	struct ws_limit *limit;
	size_t n_limits;
	uint64_t cell_ns; /* how long a stretch with packets is at most */
};

/*
 * From n crossings, given as order[].tag; they are between the two nodes, and order is sorted by order[].key, our
 * clock's time, biased (ws_radix_bias()). cell_ns > 0: how long the stretches shall be. 0 or -ENOMEM. To be closed with
 * ws_envelope_close().
 */
int ws_envelope_open(const struct ws_crossing *crossing, const struct ws_radix_item *order, uint32_t n, uint16_t our,
		     uint64_t cell_ns, struct ws_envelope *envelope);

/* NULL is fine. */
void ws_envelope_close(struct ws_envelope *envelope);

/* Is there a limit in it, and which? false: the crossing's times are too far apart for a number of 64 bits. */
bool ws_crossing_limit(const struct ws_crossing *crossing, uint16_t our, struct ws_limit *limit);

/* The least distance between both hulls of a cell, which is at least a round trip's delay; INFINITY where there is no
 * moment that both cover. */
double ws_envelope_gap(const struct ws_envelope *envelope, const struct ws_cell *cell);

/* a - b, whatever they are. */
static inline double ws_ns_between(int64_t a, int64_t b)
{
	return (double)((__int128)a - b);
}

#endif
