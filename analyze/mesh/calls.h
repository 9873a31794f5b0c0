/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls - one request and its answer at all points that they passed: from the caller's vport over its node's NIC and
 * that of the callee's node to the callee's vport, and back.
 *
 * The passages of one identity (TCP sequence number, trace id, span id) are one call. A passage at a vport is on the
 * caller's side if it came from the pod, at a NIC if it left the node; where the kernel did not say which way, the
 * addresses' owners do, else the order in which the points of its node saw it. A response belongs to the call on the
 * same connection, the other way round, whose request was the last that began before its ack; at each point by itself.
 */
#ifndef WS_ANALYZE_CALLS_H
#define WS_ANALYZE_CALLS_H

#include "analyze/mesh/atlas.h"

/* Where a call passes, in the order in which a request does. */
enum ws_station {
	WS_STATION_CALLER_VPORT,
	WS_STATION_CALLER_NIC,
	WS_STATION_CALLEE_NIC,
	WS_STATION_CALLEE_VPORT,
	WS_N_STATIONS,
};

/* No passage, no call. */
#define WS_NO_PASSAGE UINT32_MAX
#define WS_NO_CALL    UINT32_MAX

struct ws_call {
	uint32_t request[WS_N_STATIONS];  /* indexes of passages, WS_NO_PASSAGE: not seen there */
	uint32_t response[WS_N_STATIONS]; /* likewise; a response passes them from the last to the first */
	uint32_t n_repeats;		  /* further passages of the same request: retransmitted, duplicated */
	uint32_t n_transits;		  /* passages at NICs of nodes that are neither the caller's nor the callee's */
	uint32_t parent;		  /* the call that caused it, or WS_NO_CALL: see below */
	uint32_t n_children;
	const struct ws_owner *caller; /* NULL: not known */
	const struct ws_owner *callee;
	uint8_t caller_address[16]; /* as seen nearest to the caller; callee: nearest to the callee */
	uint8_t callee_address[16];
	uint16_t callee_port;
};

/*
 * Calls by trace id, then by time of their first passage. A call's parent is a call of the same trace that went to the
 * pod that makes it, and came there before it: one whose span id is its parent span id (or, where it names none, its
 * own span id) rather than another; then one whose answer had not begun rather than another (servers begin to answer
 * before they are done); then the latest.
 */
struct ws_calls {
	struct ws_call *at;
	uint32_t n;
	uint32_t room;
	uint64_t n_elsewhere;  /* passages of requests at points that are neither NIC nor vport: no part of any call */
	uint64_t n_requests;   /* passages of requests that went into calls */
	uint64_t n_responses;  /* of responses that did */
	uint64_t n_unanswered; /* passages of responses that belong to no call */
};

/* 0 or -ENOMEM. The atlas must outlive them. To be closed with ws_calls_close(). */
int ws_calls_open(const struct ws_atlas *atlas, struct ws_calls *calls);

/* NULL is fine. */
void ws_calls_close(struct ws_calls *calls);

/* The identity of a call: that of any of its requests. */
const struct ws_identity *ws_call_identity(const struct ws_atlas *atlas, const struct ws_call *call);

/* The service that calls: "outside" if names are known and its address is nobody's; else as ws_owner_service(). */
const char *ws_call_caller(const struct ws_atlas *atlas, const struct ws_call *call, char text[WS_OWNER_TEXT_MAX]);

/* The service that is called. */
const char *ws_call_callee(const struct ws_call *call, char text[WS_OWNER_TEXT_MAX]);

/* "caller_vport", "caller_nic" ... */
const char *ws_station_name(enum ws_station station);

#endif
