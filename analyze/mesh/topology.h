/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology - who calls whom, as seen in packets, beside what the mesh's tracer claims.
 *
 * A node of the graph is a service: the pods that serve it, whatever their addresses. Whoever is not in the cluster
 * snapshot is "outside"; without a snapshot, addresses stand for themselves.
 */
#ifndef WS_ANALYZE_TOPOLOGY_H
#define WS_ANALYZE_TOPOLOGY_H

#include "analyze/mesh/calls.h"
#include "analyze/clocks/clocks.h"
#include "analyze/invocation.h"
#include "analyze/statistics.h"

struct ws_text_pool;

/* Responses by the first digit of their status; 0: others. */
#define WS_N_STATUS_CLASSES 6

struct ws_topology_node {
	const char *name;	      /* of the service */
	const char *namespace;	      /* "": none */
	char *label;		      /* the name, with the namespace before it where the name alone is not enough */
	const struct ws_owner *owner; /* one of them, or NULL */
	bool is_outside;
	bool is_seen; /* in packets */
};

/* Times of an edge's calls; of none, n is 0 and the rest means nothing. */
struct ws_topology_times {
	uint64_t n;
	struct ws_summary summary; /* ns */
};

/* Stations that should have seen a packet and did not, by point. */
struct ws_topology_miss {
	uint32_t edge;
	uint32_t point;
	bool is_response;
	uint64_t n;
};

/* What packets and tracer say of an edge. */
enum ws_verdict {
	WS_VERDICT_BOTH,
	WS_VERDICT_PACKETS, /* the tracer does not know it */
	WS_VERDICT_CLAIMED, /* no packet was seen of it */
	WS_VERDICT_OUTSIDE, /* its caller is outside: no tracer claims such edges */
	WS_VERDICT_UNKNOWN, /* nothing of the tracer was loaded */
};

struct ws_topology_edge {
	uint32_t caller; /* nodes */
	uint32_t callee;
	uint64_t n_calls;
	uint64_t n_answered;
	uint64_t n_status[WS_N_STATUS_CLASSES];
	uint64_t n_errors; /* status 400 and above */
	uint64_t n_judged; /* answers of which the status is known: of these errors are a share */
	uint64_t n_repeats;
	uint64_t n_transits;
	uint64_t n_incomplete;		      /* a watched point missed their request or response */
	uint64_t n_unwatched;		      /* calls that nobody watched at some station of their way */
	uint64_t n_claimed;		      /* calls in what the tracer claims */
	uint64_t n_spans;		      /* calls in its spans */
	struct ws_topology_times callee_time; /* at its vport, from request to response */
	struct ws_topology_times round_trip;  /* at the station nearest to the caller */
	uint64_t n_shared;		      /* calls of which all of the way is known */
	uint64_t overlay_ns;		      /* of these: both nodes' overlays, there and back */
	uint64_t shared_ns;		      /* of these: the round trips */
	enum ws_verdict verdict;
	const struct ws_topology_miss *miss; /* n_misses of them, by point, request before response */
	uint32_t n_misses;
};

struct ws_topology {
	const struct ws_atlas *atlas;
	struct ws_topology_node *node; /* outside first, then by label */
	uint32_t n_nodes;
	struct ws_topology_edge *edge; /* by caller, callee */
	uint32_t n_edges;
	struct ws_topology_miss *miss;
	uint32_t n_misses;
	uint64_t n_calls;
	uint64_t n_unanswered; /* passages of responses that belong to no call */
	uint64_t n_elsewhere;  /* passages of requests at points that are neither NIC nor vport */
	bool has_tracer;
	struct ws_text_pool *texts;
};

/* A topology while it is made. It keeps an edge's counts, and 8 bytes for each of a call's two times. */
struct ws_topology_maker;

/* 0 or -ENOMEM. The atlas must outlive it and the topology. To be closed with ws_topology_maker_close(). */
int ws_topology_maker_open(const struct ws_atlas *atlas, struct ws_topology_maker **maker);

/* NULL is fine. */
void ws_topology_maker_close(struct ws_topology_maker *maker);

/* Does it matter that all calls are learned from? If not, they are only added. */
bool ws_topology_learns(const struct ws_topology_maker *maker);

/* Learns from calls where pods are watched; before any are added. All calls, in their order. */
void ws_topology_learn(struct ws_topology_maker *maker, const struct ws_calls *calls);

/* Adds calls; all calls, in their order. 0 or -ENOMEM. */
int ws_topology_add(struct ws_topology_maker *maker, const struct ws_calls *calls);

/* Makes the topology of the calls that were added, and of what the tracer claims; its n_unanswered and n_elsewhere are
 * 0. Nothing can be added then. 0 or -ENOMEM. To be closed with ws_topology_close(). */
int ws_topology_finish(struct ws_topology_maker *maker, struct ws_topology *topology);

/* NULL is fine. */
void ws_topology_close(struct ws_topology *topology);

/* "both", "only in packets", "only claimed", "from outside", "". */
const char *ws_verdict_name(enum ws_verdict verdict);

#endif
