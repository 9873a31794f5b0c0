/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * interval - what lies between the stations of a call: one pair of neighbouring stamps, one interval.
 *
 * Stamps of one node are compared as they are. Those of different nodes only if their clocks were aligned; the
 * interval then carries the bound of that. What the network between the nodes took there and back together needs no
 * clocks that agree: it is the difference of two differences, each of one node.
 */
#ifndef WS_ANALYZE_INTERVAL_H
#define WS_ANALYZE_INTERVAL_H

#include "analyze/mesh/calls.h"
#include "analyze/clocks/clocks.h"

enum ws_interval_kind {
	WS_INTERVAL_OVERLAY_TX, /* from a pod's vport to its node's NIC */
	WS_INTERVAL_UNDERLAY,	/* from NIC to NIC */
	WS_INTERVAL_OVERLAY_RX, /* from a node's NIC to the vport of its pod */
	WS_INTERVAL_LOCAL,	/* from vport to vport of one node */
	WS_INTERVAL_SERVICE,	/* the callee: from the request at its vport to the response there */
	WS_INTERVAL_GAP,	/* stations between were not seen: it is not known what took how long */
	WS_N_INTERVAL_KINDS,
};

struct ws_interval {
	uint32_t from; /* passages */
	uint32_t to;
	uint8_t from_station; /* enum ws_station */
	uint8_t to_station;
	uint8_t kind;	/* enum ws_interval_kind */
	bool is_answer; /* on the way back */
	bool is_known;	/* the clocks of both ends can be compared: what follows means something */
	int64_t duration_ns;
	uint64_t bound_ns; /* the truth is within so much of it; 0 within one node */
};

/* Stations there and back, less one. */
#define WS_MAX_INTERVALS (2 * WS_N_STATIONS - 1)

/* All that is known of one call's way, in the order of the way. */
struct ws_legs {
	struct ws_interval at[WS_MAX_INTERVALS];
	uint32_t n;
	enum ws_station outer; /* the first station that saw request and response, if has_round_trip */
	bool has_round_trip;
	bool has_service;
	bool has_underlay;
	int64_t round_trip_ns; /* at that station */
	int64_t service_ns;    /* at the callee's vport: request in, response out */
	int64_t underlay_ns;   /* the network there and back, with all that is between the NICs */
};

/* clocks: NULL: the nodes' clocks are not compared. */
void ws_legs_make(const struct ws_atlas *atlas, const struct ws_clocks *clocks, const struct ws_call *call,
		  struct ws_legs *legs);

/* Sets the time from one passage to the other and its bound; false: their clocks cannot be compared. */
bool ws_legs_between(const struct ws_atlas *atlas, const struct ws_clocks *clocks, uint32_t from, uint32_t to,
		     int64_t *duration_ns, uint64_t *bound_ns);

/* "overlay tx", "underlay" ... */
const char *ws_interval_name(enum ws_interval_kind kind);

/* The same as a part of keys: "overlay_tx". */
const char *ws_interval_key(enum ws_interval_kind kind);

/* "request", "response"; of the callee's time "callee". */
const char *ws_interval_way(const struct ws_interval *interval);

#endif
