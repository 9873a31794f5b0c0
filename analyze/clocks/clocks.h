/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clocks - how far the nodes' clocks are apart, from the packets that went between them.
 *
 * A packet from A to B is received after it was sent: received (B's clock) - sent (A's clock) = delay + offset, and one
 * from B to A: delay' - offset, offset being B's clock less A's. So each packet bounds the offset at its time, from
 * above or from below, whatever the delays are; the truth lies between both (Cristian 1989; Moon, Skelly and Towsley
 * 1999). track.h follows it between every two nodes that sent to each other, and says what that takes for granted; the
 * estimate is the middle of what is left, its bound half the width: at most half the round trip of any request and
 * response there and then, and a little for how fast clocks may wander.
 *
 * Of nodes that are related, the one that most others sent to and heard from is the reference; the others' offsets from
 * it are added up along the shortest ways over the nodes between, bounds as well, and where there are several such ways
 * what all of them allow is taken. Nodes that exchange packets in one direction only are not related by them.
 */
#ifndef WS_ANALYZE_CLOCKS_H
#define WS_ANALYZE_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Two clocks' rates differ by no more, in ns/s: 977 us/s; NTP turns a clock by 500 at most. */
#define WS_RATE_MAX (1e9 / 1024)

/* One packet from one node's NIC to another's; times on the nodes' own clocks. */
struct ws_crossing {
	int64_t sent_ns;
	int64_t received_ns;
	uint16_t from;
	uint16_t to;
};

/* The clocks of two nodes are not related. */
#define WS_CLOCK_UNBOUND UINT64_MAX

/* A node's correction from at_ns (its own clock) on to the next knot: linear in between. */
struct ws_clock_knot {
	int64_t at_ns;
	int64_t correction_ns; /* to be added to the node's clock to have the reference's */
	uint64_t bound_ns;     /* the truth is within so much of it; WS_CLOCK_UNBOUND */
	bool doubtful;	       /* a jump is near: it may be before or behind it; the bound holds both */
};

/* A clock was set while it was watched; or was stopped, or a stamp is wrong. */
struct ws_clock_jump {
	int64_t at_ns; /* give or take within_ns */
	int64_t within_ns;
	int64_t size_ns; /* of the correction: behind less before */
};

/* What is known of a node's clock. */
struct ws_clock_model {
	uint32_t reference;	    /* the node whose clock is taken for true */
	struct ws_clock_knot *knot; /* ascending at_ns, n > 0 */
	uint32_t n_knots;
	double drift_ppm;	   /* us/s that the node's clock gains on the reference's, jumps apart */
	uint64_t bound_ns;	   /* the largest of the knots that are not doubtful */
	uint64_t n_crossings[2];   /* packets to the node, from it, to and from nodes that it is related to */
	int64_t min_round_trip_ns; /* least delay there and back between it and one of these; INT64_MAX: none */
	uint32_t n_jumps;	   /* against the node next to it on the way to the reference */
};

/* Two nodes that sent to each other. */
struct ws_clock_pair {
	uint32_t node;	/* whose clock the knots' times are of */
	uint32_t other; /* whose clock a correction leads to */
	struct ws_clock_knot *knot;
	uint32_t n_knots;
	struct ws_clock_jump *jump;
	uint32_t n_jumps;
	double drift_ppm;	   /* us/s that node's clock gains on the other's */
	double wander_ppm_s;	   /* us/s per s that this may change at most; the bounds take it for granted */
	uint64_t bound_ns;	   /* as above */
	uint64_t n_crossings[2];   /* packets to node, from node */
	int64_t min_round_trip_ns; /* least delay there and least delay back within a second */
};

struct ws_clocks {
	struct ws_clock_model *node; /* one a node */
	uint32_t n_nodes;
	struct ws_clock_pair *pair; /* by the lower and the higher of both nodes */
	uint32_t n_pairs;
};

/*
 * Estimates the clocks of n_nodes nodes from n crossings, in any order. 0, -ENOMEM, or -EINVAL for a crossing of a node
 * that there is not. Times may be anything; packets whose times are more than 2^63 ns apart are left out. To be
 * closed with ws_clocks_close().
 */
int ws_clocks_estimate(const struct ws_crossing *crossing, uint32_t n, uint32_t n_nodes, struct ws_clocks *clocks);

/* Clocks from what chrony or PTP said: constant corrections with their bounds. Nodes of which nothing was said are
 * unbound. offset_ns, bound_ns: one a node; bound WS_CLOCK_UNBOUND: nothing was said. 0 or -ENOMEM. */
int ws_clocks_from_words(const int64_t *offset_ns, const uint64_t *bound_ns, uint32_t n_nodes,
			 struct ws_clocks *clocks);

/* Only n_nodes nodes that are not related; a node is bound to itself only. 0 or -ENOMEM. */
int ws_clocks_unrelated(uint32_t n_nodes, struct ws_clocks *clocks);

/* NULL is fine. */
void ws_clocks_close(struct ws_clocks *clocks);

/* What to add to the node's clock at that time (its own) to have the reference's. *bound_ns: WS_CLOCK_UNBOUND: nobody
 * knows; the correction is 0 then. */
int64_t ws_clocks_correction(const struct ws_clocks *clocks, uint32_t node, int64_t at_ns, uint64_t *bound_ns);

/*
 * What to add to b's time less a's time to have what lies between: b's correction less a's, or the other clock's of
 * the two as its pair has it where that is known better. 0 and bound 0 for one node. *bound_ns as above.
 */
int64_t ws_clocks_between(const struct ws_clocks *clocks, uint32_t a, int64_t at_a_ns, uint32_t b, int64_t at_b_ns,
			  uint64_t *bound_ns);

/* The pair of these two, either way round; NULL: they did not both send to each other. */
const struct ws_clock_pair *ws_clocks_pair(const struct ws_clocks *clocks, uint32_t a, uint32_t b);

/* How many knots there are up to and at a time. */
uint32_t ws_clock_knots_until(const struct ws_clock_knot *knot, uint32_t n_knots, int64_t at_ns);

/* The value of knots at a time: between two, in between; beyond them, the bound grows by WS_RATE_MAX. */
int64_t ws_clock_knots_at(const struct ws_clock_knot *knot, uint32_t n_knots, int64_t at_ns, uint64_t *bound_ns);

#endif
