/* SPDX-License-Identifier: BSD-2-Clause */
/* topology - see topology.h. */
#include "analyze/mesh/topology.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/claims.h"
#include "analyze/mesh/interval.h"
#include "analyze/mesh/presence.h"
#include "analyze/mesh/services.h"
#include "analyze/text_pool.h"

/* While it is being made: nodes as they were first seen, an edge a call or a claim. */
struct link {
	uint32_t caller, callee;
	uint32_t call; /* WS_NO_CALL: a claim */
	uint64_t n_claimed, n_spans;
};

struct making {
	struct ws_services services;
	struct ws_lookout *watch;
	const struct ws_calls *calls;
	struct link *link;
	uint32_t n_links;
	struct ws_topology_miss *miss;
	uint32_t n_misses, room_misses;
	uint64_t *callee_ns, *round_trip_ns; /* room for the times of an edge */
};

const char *ws_verdict_name(enum ws_verdict verdict)
{
	static const char *const name[] = { "both", "only in packets", "only claimed", "from outside", "" };

	return name[verdict];
}

static int link_calls(struct making *making)
{
	int rc = 0;

	for (uint32_t i = 0; i < making->calls->n && !rc; i++) {
		struct link *link = &making->link[making->n_links++];

		*link = (struct link) { .call = i };
		rc = ws_services_of_call(&making->services, &making->calls->at[i], false, &link->caller);
		rc = rc ? rc : ws_services_of_call(&making->services, &making->calls->at[i], true, &link->callee);
	}
	return rc;
}

static int link_claim(struct making *making, const char *caller, const char *callee, uint64_t n_claimed,
		      uint64_t n_spans)
{
	struct link *link = &making->link[making->n_links++];
	int rc;

	*link = (struct link) { .call = WS_NO_CALL, .n_claimed = n_claimed, .n_spans = n_spans };
	rc = ws_services_of_name(&making->services, caller, &link->caller);
	return rc ? rc : ws_services_of_name(&making->services, callee, &link->callee);
}

static int compare_links(const void *a, const void *b)
{
	const struct link *left = a, *right = b;

	if (left->caller != right->caller)
		return left->caller < right->caller ? -1 : 1;
	if (left->callee != right->callee)
		return left->callee < right->callee ? -1 : 1;
	return (left->call > right->call) - (left->call < right->call);
}

/* All links, with the nodes' final numbers, in the order of the edges. */
static int make_links(const struct ws_atlas *atlas, struct making *making)
{
	struct ws_span_edge *span = NULL;
	uint32_t n_spans = 0, *moved = NULL;
	int rc = ws_claims_of_spans(atlas, &span, &n_spans);

	making->link = malloc(((size_t)making->calls->n + atlas->n_claims + n_spans + 1) * sizeof(*making->link));
	if (!rc && !making->link)
		rc = -ENOMEM;
	rc = rc ? rc : link_calls(making);
	for (uint32_t i = 0; i < atlas->n_claims && !rc; i++)
		rc = link_claim(making, atlas->claim[i].caller, atlas->claim[i].callee, atlas->claim[i].n_calls, 0);
	for (uint32_t i = 0; i < n_spans && !rc; i++)
		rc = link_claim(making, span[i].caller, span[i].callee, 0, 1);
	rc = rc ? rc : ws_services_finish(&making->services, &moved);
	for (uint32_t i = 0; i < making->n_links && !rc; i++) {
		making->link[i].caller = moved[making->link[i].caller];
		making->link[i].callee = moved[making->link[i].callee];
	}
	if (!rc)
		qsort(making->link, making->n_links, sizeof(*making->link), compare_links);
	free(moved);
	free(span);
	return rc;
}

static int add_miss(struct making *making, uint32_t edge, uint32_t point, bool is_response)
{
	if (making->n_misses == making->room_misses) {
		uint32_t room = making->room_misses ? 2 * making->room_misses : 64;
		struct ws_topology_miss *grown = realloc(making->miss, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		making->miss = grown;
		making->room_misses = room;
	}
	making->miss[making->n_misses++] = (struct ws_topology_miss) { edge, point, is_response, 1 };
	return 0;
}

/* What of a call was not seen. */
static int add_presences(struct making *making, const struct ws_call *call, uint32_t index,
			 struct ws_topology_edge *edge)
{
	bool is_missed = false, is_unwatched = false;

	for (int i = 0; i < 2 * WS_N_STATIONS; i++) {
		bool is_response = i >= WS_N_STATIONS;
		uint32_t point = 0;
		enum ws_presence presence = ws_lookout_presence(making->watch, call, i % WS_N_STATIONS, is_response,
								&point);

		if (presence == WS_PRESENCE_MISSED && add_miss(making, index, point, is_response))
			return -ENOMEM;
		is_missed |= presence == WS_PRESENCE_MISSED;
		is_unwatched |= presence == WS_PRESENCE_UNWATCHED && !is_response;
	}
	edge->n_incomplete += is_missed;
	edge->n_unwatched += is_unwatched;
	return 0;
}

/* Is all of a call's way known, from its outermost station on? */
static bool is_whole(const struct ws_legs *legs)
{
	bool is_whole = legs->has_round_trip && legs->has_service;

	for (uint32_t i = 0; i < legs->n; i++)
		is_whole &= legs->at[i].kind != WS_INTERVAL_GAP &&
			    (legs->at[i].kind != WS_INTERVAL_UNDERLAY || legs->has_underlay);
	return is_whole;
}

static uint64_t not_negative(int64_t ns)
{
	return ns > 0 ? (uint64_t)ns : 0;
}

static void add_status(const struct ws_atlas *atlas, const struct ws_call *call, struct ws_topology_edge *edge)
{
	for (int station = 0; station < WS_N_STATIONS; station++) {
		uint16_t status;

		if (call->response[station] == WS_NO_PASSAGE)
			continue;
		status = atlas->passage[call->response[station]].status;
		edge->n_answered++;
		edge->n_status[status / 100 < WS_N_STATUS_CLASSES ? status / 100 : 0]++;
		edge->n_errors += status >= 400;
		edge->n_judged += status != 0;
		return;
	}
}

static int add_call(const struct ws_atlas *atlas, struct making *making, const struct ws_call *call, uint32_t index,
		    struct ws_topology_edge *edge)
{
	struct ws_legs legs;

	ws_legs_make(atlas, NULL, call, &legs);
	edge->n_calls++;
	edge->n_repeats += call->n_repeats;
	edge->n_transits += call->n_transits;
	add_status(atlas, call, edge);
	if (legs.has_service)
		making->callee_ns[edge->callee_time.n++] = not_negative(legs.service_ns);
	if (legs.has_round_trip)
		making->round_trip_ns[edge->round_trip.n++] = not_negative(legs.round_trip_ns);
	if (is_whole(&legs)) {
		edge->n_shared++;
		edge->shared_ns += not_negative(legs.round_trip_ns);
		for (uint32_t i = 0; i < legs.n; i++) {
			uint8_t kind = legs.at[i].kind;

			if (kind == WS_INTERVAL_OVERLAY_TX || kind == WS_INTERVAL_OVERLAY_RX ||
			    kind == WS_INTERVAL_LOCAL)
				edge->overlay_ns += not_negative(legs.at[i].duration_ns);
		}
	}
	return add_presences(making, call, index, edge);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void summarize(uint64_t *ns, struct ws_topology_times *times)
{
	if (!times->n)
		return;
	qsort(ns, times->n, sizeof(*ns), compare_u64);
	times->summary = ws_summarize(ns, times->n);
}

static enum ws_verdict judge(const struct ws_topology *topology, const struct ws_topology_edge *edge)
{
	bool is_claimed = edge->n_claimed || edge->n_spans;

	if (!topology->has_tracer)
		return WS_VERDICT_UNKNOWN;
	if (edge->n_calls && is_claimed)
		return WS_VERDICT_BOTH;
	if (is_claimed)
		return WS_VERDICT_CLAIMED;
	return topology->node[edge->caller].is_outside ? WS_VERDICT_OUTSIDE : WS_VERDICT_PACKETS;
}

/* The edge of links [*at, ...); *at becomes the next one's first. */
static int make_edge(struct making *making, struct ws_topology *topology, uint32_t *at)
{
	struct ws_topology_edge *edge = &topology->edge[topology->n_edges];
	const struct link *first = &making->link[*at];
	int rc = 0;

	*edge = (struct ws_topology_edge) { .caller = first->caller, .callee = first->callee };
	for (; *at < making->n_links && !rc; (*at)++) {
		const struct link *link = &making->link[*at];

		if (link->caller != first->caller || link->callee != first->callee)
			break;
		edge->n_claimed += link->n_claimed;
		edge->n_spans += link->n_spans;
		if (link->call != WS_NO_CALL)
			rc = add_call(topology->atlas, making, &making->calls->at[link->call], topology->n_edges, edge);
	}
	summarize(making->callee_ns, &edge->callee_time);
	summarize(making->round_trip_ns, &edge->round_trip);
	edge->verdict = judge(topology, edge);
	topology->n_edges++;
	return rc;
}

static int compare_misses(const void *a, const void *b)
{
	const struct ws_topology_miss *left = a, *right = b;

	if (left->edge != right->edge)
		return left->edge < right->edge ? -1 : 1;
	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	return left->is_response - right->is_response;
}

/* Counts equal misses, and gives each edge its own. */
static void gather_misses(struct making *making, struct ws_topology *topology)
{
	uint32_t n = 0;

	if (making->n_misses)
		qsort(making->miss, making->n_misses, sizeof(*making->miss), compare_misses);
	for (uint32_t i = 0; i < making->n_misses; i++) {
		if (n && !compare_misses(&making->miss[n - 1], &making->miss[i]))
			making->miss[n - 1].n++;
		else
			making->miss[n++] = making->miss[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		struct ws_topology_edge *edge = &topology->edge[making->miss[i].edge];

		edge->miss = edge->n_misses ? edge->miss : &making->miss[i];
		edge->n_misses++;
	}
	topology->miss = making->miss;
	topology->n_misses = n;
	making->miss = NULL;
}

int ws_topology_open(const struct ws_atlas *atlas, const struct ws_calls *calls, struct ws_topology *topology)
{
	struct ws_topology made = {
		.atlas = atlas,
		.n_calls = calls->n,
		.n_unanswered = calls->n_unanswered,
		.n_elsewhere = calls->n_elsewhere,
		.has_tracer = atlas->n_claims || atlas->n_spans,
	};
	struct making making = { .calls = calls };
	int rc = ws_services_open(atlas, &making.services);

	rc = rc ? rc : ws_lookout_open(atlas, calls, &making.watch);
	rc = rc ? rc : make_links(atlas, &making);
	made.edge = malloc(((size_t)making.n_links + 1) * sizeof(*made.edge));
	making.callee_ns = malloc(((size_t)calls->n + 1) * sizeof(uint64_t));
	making.round_trip_ns = malloc(((size_t)calls->n + 1) * sizeof(uint64_t));
	if (!rc && (!made.edge || !making.callee_ns || !making.round_trip_ns))
		rc = -ENOMEM;
	/* Names that are not in the atlas's keeping move with the nodes. */
	made.node = making.services.node;
	made.n_nodes = making.services.n;
	for (uint32_t at = 0; at < making.n_links && !rc;)
		rc = make_edge(&making, &made, &at);
	if (!rc) {
		gather_misses(&making, &made);
		made.texts = making.services.texts;
		making.services.texts = NULL;
		making.services.node = NULL;
		making.services.n = 0;
		*topology = made;
	} else {
		free(made.edge);
	}
	free(making.miss);
	free(making.link);
	free(making.callee_ns);
	free(making.round_trip_ns);
	ws_lookout_close(making.watch);
	ws_services_close(&making.services);
	return rc;
}

void ws_topology_close(struct ws_topology *topology)
{
	if (!topology)
		return;
	for (uint32_t i = 0; i < topology->n_nodes; i++)
		free(topology->node[i].label);
	free(topology->node);
	free(topology->edge);
	free(topology->miss);
	ws_text_pool_close(topology->texts);
	*topology = (struct ws_topology) { 0 };
}
