/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join - finds the same packet at both tracing points of a node and tells how long it took from one to the other.
 *
 * Same packet = same node, same TCP sequence number and same trace and span id. A sighting is used at most once. A node
 * may have several points of a side: all its vports, more than one NIC.
 *
 * An identity seen once at each point is one pair; what came first is its entry: rx from NIC to vport, tx from vport to
 * NIC. At equal stamps the kernel's direction decides, else it is rx.
 *
 * An identity seen more often, at any one point, was retransmitted or duplicated. Its direction is the kernel's, as
 * most of its sightings have it; if the kernel does not know, or is of two minds: the direction of most pairs of
 * once-seen packets of the same flow at the vport; failing that, what was seen first. Its exits are taken in time
 * order; each takes the latest entry before (or at) it that is not used yet. An identity seen at several points of a
 * side may go both ways, out of one pod and into another; then what the kernel saw going each way is taken by itself.
 *
 * Sightings without a context take no part, but explain why others remain alone.
 */
#ifndef WS_ANALYZE_JOIN_H
#define WS_ANALYZE_JOIN_H

#include <stdbool.h>
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
	WS_CAUSE_LOCAL,	       /* it went from pod to pod of the node: it never was at the NIC */
	WS_CAUSE_OTHER_POD,    /* at the NIC: it was for or from a pod of the node whose vport was not watched */
	WS_N_CAUSES,
};

/* Causes of a run of one NIC and one vport of which nobody knows the pods: those before WS_CAUSE_LOCAL. */
#define WS_N_PLAIN_CAUSES WS_CAUSE_LOCAL

/* When and where a point was watched. */
struct ws_vantage {
	int64_t first_ns; /* INT64_MIN, INT64_MAX where unknown */
	int64_t last_ns;
	uint64_t n_unread; /* requests of which the records were lost */
	uint32_t node;	   /* number, from 0 */
};

/* The points of one side. Not owned. */
struct ws_side_view {
	const struct ws_sighting *at; /* by node, then by point; those of a point in time order */
	uint32_t n;
	const struct ws_vantage *vantage; /* one a point */
	uint32_t n_vantages;
	uint32_t first_file; /* ws_sighting.file of the first point; those of the others follow */
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
	struct ws_stray *stray; /* by node, side and point, in time order */
	uint32_t n_strays;
	unsigned int n_causes; /* that there can be: WS_N_PLAIN_CAUSES or WS_N_CAUSES */
	uint64_t n_class[WS_N_WAYS][WS_N_CLASSES];
	uint64_t n_cause[WS_N_SIDES][WS_N_CAUSES];
	uint64_t n_contexts[WS_N_SIDES]; /* sightings that took part */
};

/*
 * Joins all NICs and all vports, node by node. Pairs come in an order that depends on the input alone. The sides'
 * sightings stay the caller's and must outlive the join. 0, -ENOMEM, or -EOVERFLOW for more than 2^31 sightings. To be
 * closed with ws_join_close().
 */
int ws_join_open(const struct ws_side_view *nic, const struct ws_side_view *vport, struct ws_join *join);

/*
 * Requests in which a side of a node saw no context: sequence number << 8 | enum ws_reason, ascending. They explain why
 * the other side's sightings remain alone.
 */
struct ws_misses {
	uint64_t *at;
	uint64_t n;
};

/* A sighting as a miss; any sighting, to be looked for by its sequence number. */
static inline uint64_t ws_miss(const struct ws_sighting *sighting)
{
	return (uint64_t)sighting->identity.seq << 8 | sighting->reason;
}

/* What is known from elsewhere, where only a part of all packets is joined at a time. Not owned. */
struct ws_join_known {
	const uint32_t (*votes)[WS_N_WAYS]; /* by node, and in it by tuple at the vport, of all once-seen pairs */
	uint32_t n_tuples;		    /* of a node, more than the largest */
	const struct ws_misses *misses[WS_N_SIDES]; /* one a node */
};

/*
 * As ws_join_open(), of some of the packets: all sightings of each of them, and none without a context. The parts'
 * pairs, strays and counts together are those of the whole.
 */
int ws_join_open_part(const struct ws_side_view *nic, const struct ws_side_view *vport,
		      const struct ws_join_known *known, struct ws_join *join);

/* Adds the counts of a part. */
void ws_join_add_counts(struct ws_join *join, const struct ws_join *part);

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

/* Where a sighting was made. */
static inline const struct ws_vantage *ws_side_vantage(const struct ws_side_view *side,
						       const struct ws_sighting *sighting)
{
	return &side->vantage[sighting->file - side->first_file];
}

/* The node of a pair. */
static inline uint32_t ws_pair_node(const struct ws_join *join, const struct ws_pair *pair)
{
	return ws_side_vantage(&join->side[0], &join->side[0].at[pair->at[0]])->node;
}

/*
 * Which way a frame goes that the kernel saw at that side: one that the NIC receives, or that the vport's interface
 * sends to the pod, is on its way in. enum ws_way; WS_N_WAYS: it did not say.
 */
unsigned int ws_kernel_way(enum ws_side side, uint8_t direction);

/*
 * The way of an identity that was seen once at each side, and the class of a pair: see above.
 */
unsigned int ws_single_way(const struct ws_sighting *nic, const struct ws_sighting *vport);
uint8_t ws_pair_class(const struct ws_sighting *nic, const struct ws_sighting *vport, unsigned int way, bool repeated);

/* How long a packet was between the points. ns; unsigned arithmetic, so that no pair of stamps can overflow. */
static inline uint64_t ws_latency_ns(unsigned int way, int64_t nic_ns, int64_t vport_ns)
{
	return way == WS_WAY_RX ? (uint64_t)vport_ns - (uint64_t)nic_ns : (uint64_t)nic_ns - (uint64_t)vport_ns;
}

static inline uint64_t ws_pair_latency_ns(const struct ws_join *join, const struct ws_pair *pair)
{
	return ws_latency_ns(pair->way, join->side[WS_SIDE_NIC].at[pair->at[WS_SIDE_NIC]].ts_ns,
			     join->side[WS_SIDE_VPORT].at[pair->at[WS_SIDE_VPORT]].ts_ns);
}

/* "rx", "tx"; "nic", "vport"; "matched", "nat+retransmit" ...; "lost", "outside_window", "not_detected",
 * "unread", "lost_segment" ... "local", "other_pod" */
const char *ws_way_name(enum ws_way way);
const char *ws_side_name(enum ws_side side);
const char *ws_class_name(unsigned int class);
const char *ws_cause_name(enum ws_cause cause);

#endif
