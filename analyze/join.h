/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join - finds the same packet at both tracing points of a node and tells how long it took from one to the other.
 *
 * Same packet = same TCP sequence number and same trace and span id. A sighting is used at most once.
 *
 * An identity seen once at each point is one pair; what came first is its entry: rx from NIC to vport, tx from vport to
 * NIC. At equal stamps the kernel's direction decides, else it is rx.
 *
 * An identity seen more often, at either point, was retransmitted or duplicated. Its direction is the kernel's, as most
 * of its sightings have it; if the kernel does not know, or is of two minds: the direction of most pairs of
 * once-seen packets of the same flow at the vport; failing that, what was seen first. Its exits are taken in time
 * order; each takes the latest entry before (or at) it that is not used yet.
 *
 * Sightings without a context take no part, but explain why others remain alone.
 */
#ifndef WS_ANALYZE_JOIN_H
#define WS_ANALYZE_JOIN_H

#include <stdint.h>

#include "analyze/sighting.h"

/* The two points between which the overlay lies. */
enum ws_side { WS_SIDE_NIC, WS_SIDE_VPORT, WS_N_SIDES };

/* Which way the packet took: rx NIC to vport, tx vport to NIC. */
enum ws_way { WS_WAY_RX, WS_WAY_TX, WS_N_WAYS };

/* What is remarkable about a pair: bits. None: matched. */
enum ws_class {
	WS_CLASS_NAT = 1,	   /* inner addresses or ports differ between the points */
	WS_CLASS_RETRANSMIT = 2,   /* the identity was seen more than once, at either point */
	WS_CLASS_SPLIT = 4,	   /* a GSO super-packet at one point, segments at the other: lengths differ */
	WS_CLASS_INCONSISTENT = 8, /* the kernel's own direction, at either point, disagrees with the pair's */
	WS_N_CLASSES = 16,
};

/* Why a sighting with a context has no partner. */
enum ws_cause {
	WS_CAUSE_LOST,		 /* the other point never saw it */
	WS_CAUSE_OUTSIDE_WINDOW, /* the other point was not watched at that time */
	WS_CAUSE_NOT_DETECTED,	 /* the other point saw a request there, and found no context in it */
	WS_CAUSE_UNREAD, /* nothing is known of it at the other point, where records were lost: it may be theirs */
	WS_CAUSE_LOST_SEGMENT, /* the other point saw the request, but not every segment of its head */
	WS_CAUSE_OUT_OF_ORDER, /* or saw these in another order */
	WS_CAUSE_UNDECODABLE,  /* or could not read its HTTP/2 headers */
	WS_N_CAUSES,
};

/* One point's part of the input. Not owned. */
struct ws_side_view {
	const struct ws_sighting *at; /* in time order */
	uint32_t n;
	int64_t first_ns; /* the time in which the point was watched; INT64_MIN, INT64_MAX where unknown */
	int64_t last_ns;
	uint64_t n_unread; /* requests of which the records were lost */
};

/* One packet seen at both points. */
struct ws_pair {
	uint32_t at[WS_N_SIDES]; /* indexes into the sides' sightings */
	uint8_t way;		 /* enum ws_way */
	uint8_t class;		 /* bits of enum ws_class */
};

/* One sighting with a context and without a partner. */
struct ws_stray {
	uint32_t at;
	uint8_t side;  /* enum ws_side: where it was seen */
	uint8_t cause; /* enum ws_cause */
};

struct ws_join {
	struct ws_side_view side[WS_N_SIDES]; /* the input */
	struct ws_pair *pair;
	uint32_t n_pairs;
	struct ws_stray *stray; /* by side, in time order */
	uint32_t n_strays;
	uint64_t n_class[WS_N_WAYS][WS_N_CLASSES];
	uint64_t n_cause[WS_N_SIDES][WS_N_CAUSES];
	uint64_t n_contexts[WS_N_SIDES]; /* sightings that took part */
};

/*
 * Joins nic and vport. Pairs come in an order that depends on the input alone. The sides' sightings stay the caller's
 * and must outlive the join. 0, -ENOMEM, or -EOVERFLOW for more than 2^31 sightings.
 * To be closed with ws_join_close().
 */
int ws_join_open(const struct ws_side_view *nic, const struct ws_side_view *vport, struct ws_join *join);

/* Puts the pairs into order of their entry's stamp, ties by sequence number, then by order at the NIC. 0 or -ENOMEM. */
int ws_join_sort(struct ws_join *join);

/* Frees what ws_join_open() made; NULL and all-zero are fine. */
void ws_join_close(struct ws_join *join);

/* Stamps of a pair's entry and exit; the exit is never before the entry. ns. */
static inline int64_t ws_pair_entry_ns(const struct ws_join *join, const struct ws_pair *pair)
{
	int side = pair->way == WS_WAY_RX ? WS_SIDE_NIC : WS_SIDE_VPORT;

	return join->side[side].at[pair->at[side]].ts_ns;
}

static inline int64_t ws_pair_exit_ns(const struct ws_join *join, const struct ws_pair *pair)
{
	int side = pair->way == WS_WAY_RX ? WS_SIDE_VPORT : WS_SIDE_NIC;

	return join->side[side].at[pair->at[side]].ts_ns;
}

/* How long the packet was between the points. ns; unsigned arithmetic, so that no pair of stamps can overflow. */
static inline uint64_t ws_pair_latency_ns(const struct ws_join *join, const struct ws_pair *pair)
{
	return (uint64_t)ws_pair_exit_ns(join, pair) - (uint64_t)ws_pair_entry_ns(join, pair);
}

/* "rx", "tx"; "nic", "vport"; "matched", "nat+retransmit" ...; "lost", "outside_window", "not_detected",
 * "unread", "lost_segment" ... */
const char *ws_way_name(enum ws_way way);
const char *ws_side_name(enum ws_side side);
const char *ws_class_name(unsigned int class);
const char *ws_cause_name(enum ws_cause cause);

#endif
