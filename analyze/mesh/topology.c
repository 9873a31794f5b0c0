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
#include "analyze/radix.h"
#include "analyze/text_pool.h"

/* Of an edge, while it is made. */
struct strand {
	uint64_t *callee_ns, *round_trip_ns;
	uint64_t callee_room, round_trip_room;
	struct ws_topology_miss *miss; /* edge is not set yet */
};

struct ws_topology_maker {
	const struct ws_atlas *atlas;
	struct ws_services services;
	struct ws_lookout *watch;
	struct ws_topology_edge *edge; /* caller and callee: as services count them */
	struct strand *strand;	       /* by edge */
	uint32_t n_edges, room;
	uint32_t *slot; /* hash table of edge + 1 */
	uint32_t n_slots;
	uint64_t n_calls;
};

const char *ws_verdict_name(enum ws_verdict verdict)
{
	static const char *const name[] = { "both", "only in packets", "only claimed", "from outside", "" };

	return name[verdict];
}

int ws_topology_maker_open(const struct ws_atlas *atlas, struct ws_topology_maker **maker)
{
	struct ws_topology_maker *made = calloc(1, sizeof(*made));
	int rc = made ? ws_services_open(atlas, &made->services) : -ENOMEM;

	rc = rc ? rc : ws_lookout_open(atlas, &made->watch);
	if (rc) {
		ws_topology_maker_close(made);
		return rc;
	}
	made->atlas = atlas;
	*maker = made;
	return 0;
}

void ws_topology_maker_close(struct ws_topology_maker *maker)
{
	if (!maker)
		return;
	for (uint32_t i = 0; i < maker->n_edges; i++) {
		free(maker->strand[i].callee_ns);
		free(maker->strand[i].round_trip_ns);
		free(maker->strand[i].miss);
	}
	free(maker->edge);
	free(maker->strand);
	free(maker->slot);
	ws_lookout_close(maker->watch);
	ws_services_close(&maker->services);
	free(maker);
}

bool ws_topology_learns(const struct ws_topology_maker *maker)
{
	return ws_lookout_learns(maker->watch);
}

void ws_topology_learn(struct ws_topology_maker *maker, const struct ws_calls *calls)
{
	ws_lookout_learn(maker->watch, calls);
}

/* The slot of an edge: its own, or the free one where it goes. */
static uint32_t slot_of(const struct ws_topology_maker *maker, uint32_t caller, uint32_t callee)
{
	uint64_t hash = ((uint64_t)caller << 32 | callee) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t slot = (uint32_t)(hash >> 32) & (maker->n_slots - 1);

	while (maker->slot[slot] && (maker->edge[maker->slot[slot] - 1].caller != caller ||
				     maker->edge[maker->slot[slot] - 1].callee != callee))
		slot = (slot + 1) & (maker->n_slots - 1);
	return slot;
}

/* Room for one more edge. */
static int reserve(struct ws_topology_maker *maker)
{
	uint32_t room = maker->room ? 2 * maker->room : 64;
	struct ws_topology_edge *edge;
	struct strand *strand;
	uint32_t *slot;

	if (maker->n_edges < maker->room)
		return 0;
	edge = realloc(maker->edge, room * sizeof(*edge));
	maker->edge = edge ? edge : maker->edge;
	strand = realloc(maker->strand, room * sizeof(*strand));
	maker->strand = strand ? strand : maker->strand;
	slot = calloc(2 * (size_t)room, sizeof(*slot));
	if (!edge || !strand || !slot) {
		free(slot);
		return -ENOMEM;
	}
	free(maker->slot);
	maker->slot = slot;
	maker->n_slots = 2 * room;
	maker->room = room;
	for (uint32_t i = 0; i < maker->n_edges; i++)
		slot[slot_of(maker, maker->edge[i].caller, maker->edge[i].callee)] = i + 1;
	return 0;
}

/* The edge between two services, which is made if it is new. 0 or -ENOMEM. */
static int get_edge(struct ws_topology_maker *maker, uint32_t caller, uint32_t callee, uint32_t *index)
{
	int rc = reserve(maker);
	uint32_t slot;

	if (rc)
		return rc;
	slot = slot_of(maker, caller, callee);
	if (!maker->slot[slot]) {
		maker->edge[maker->n_edges] = (struct ws_topology_edge) { .caller = caller, .callee = callee };
		maker->strand[maker->n_edges] = (struct strand) { 0 };
		maker->slot[slot] = ++maker->n_edges;
	}
	*index = maker->slot[slot] - 1;
	return 0;
}

/* Adds one to the misses of an edge: there are few points by one way. */
static int add_miss(struct ws_topology_edge *edge, struct strand *strand, uint32_t point, bool is_response)
{
	struct ws_topology_miss *grown;

	for (uint32_t i = 0; i < edge->n_misses; i++) {
		if (strand->miss[i].point == point && strand->miss[i].is_response == is_response) {
			strand->miss[i].n++;
			return 0;
		}
	}
	if (!(edge->n_misses & (edge->n_misses - 1))) { /* doubled at powers of two */
		grown = realloc(strand->miss, (edge->n_misses ? 2 * (size_t)edge->n_misses : 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		strand->miss = grown;
	}
	strand->miss[edge->n_misses++] = (struct ws_topology_miss) { 0, point, is_response, 1 };
	return 0;
}

/* What of a call was not seen. */
static int add_presences(const struct ws_topology_maker *maker, const struct ws_call *call,
			 struct ws_topology_edge *edge, struct strand *strand)
{
	bool is_missed = false, is_unwatched = false;

	for (int i = 0; i < 2 * WS_N_STATIONS; i++) {
		bool is_response = i >= WS_N_STATIONS;
		uint32_t point = 0;
		enum ws_presence presence = ws_lookout_presence(maker->watch, call, i % WS_N_STATIONS, is_response,
								&point);

		if (presence == WS_PRESENCE_MISSED && add_miss(edge, strand, point, is_response))
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

static int add_time(uint64_t **ns, uint64_t *room, struct ws_topology_times *times, int64_t duration_ns)
{
	if (times->n == *room) {
		uint64_t more = *room ? 2 * *room : 16, *grown = realloc(*ns, more * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*ns = grown;
		*room = more;
	}
	(*ns)[times->n++] = not_negative(duration_ns);
	return 0;
}

static void add_shares(const struct ws_legs *legs, struct ws_topology_edge *edge)
{
	edge->n_shared++;
	edge->shared_ns += not_negative(legs->round_trip_ns);
	for (uint32_t i = 0; i < legs->n; i++) {
		uint8_t kind = legs->at[i].kind;

		if (kind == WS_INTERVAL_OVERLAY_TX || kind == WS_INTERVAL_OVERLAY_RX || kind == WS_INTERVAL_LOCAL)
			edge->overlay_ns += not_negative(legs->at[i].duration_ns);
	}
}

static int add_call(struct ws_topology_maker *maker, const struct ws_call *call)
{
	uint32_t caller = 0, callee = 0, index = 0;
	int rc = ws_services_of_call(&maker->services, call, false, &caller);
	struct ws_topology_edge *edge;
	struct strand *strand;
	struct ws_legs legs;

	rc = rc ? rc : ws_services_of_call(&maker->services, call, true, &callee);
	rc = rc ? rc : get_edge(maker, caller, callee, &index);
	if (rc)
		return rc;
	edge = &maker->edge[index];
	strand = &maker->strand[index];
	ws_legs_make(maker->atlas, NULL, call, &legs);
	edge->n_calls++;
	edge->n_repeats += call->n_repeats;
	edge->n_transits += call->n_transits;
	add_status(maker->atlas, call, edge);
	if (legs.has_service)
		rc = add_time(&strand->callee_ns, &strand->callee_room, &edge->callee_time, legs.service_ns);
	if (legs.has_round_trip && !rc)
		rc = add_time(&strand->round_trip_ns, &strand->round_trip_room, &edge->round_trip, legs.round_trip_ns);
	if (is_whole(&legs))
		add_shares(&legs, edge);
	return rc ? rc : add_presences(maker, call, edge, strand);
}

int ws_topology_add(struct ws_topology_maker *maker, const struct ws_calls *calls)
{
	int rc = 0;

	for (uint32_t i = 0; i < calls->n && !rc; i++)
		rc = add_call(maker, &calls->at[i]);
	maker->n_calls += calls->n;
	return rc;
}

static int add_claim(struct ws_topology_maker *maker, const char *caller, const char *callee, uint64_t n_claimed,
		     uint64_t n_spans)
{
	uint32_t from = 0, to = 0, index = 0;
	int rc = ws_services_of_name(&maker->services, caller, &from);

	rc = rc ? rc : ws_services_of_name(&maker->services, callee, &to);
	rc = rc ? rc : get_edge(maker, from, to, &index);
	if (rc)
		return rc;
	maker->edge[index].n_claimed += n_claimed;
	maker->edge[index].n_spans += n_spans;
	return 0;
}

/* What the tracer says. */
static int add_claims(struct ws_topology_maker *maker)
{
	const struct ws_atlas *atlas = maker->atlas;
	struct ws_span_edge *span = NULL;
	uint32_t n_spans = 0;
	int rc = ws_claims_of_spans(atlas, &span, &n_spans);

	for (uint32_t i = 0; i < atlas->n_claims && !rc; i++)
		rc = add_claim(maker, atlas->claim[i].caller, atlas->claim[i].callee, atlas->claim[i].n_calls, 0);
	for (uint32_t i = 0; i < n_spans && !rc; i++)
		rc = add_claim(maker, span[i].caller, span[i].callee, 0, 1);
	free(span);
	return rc;
}

static int summarize(uint64_t *ns, struct ws_topology_times *times)
{
	int rc = ws_radix_sort(ns, times->n);

	if (!rc && times->n)
		times->summary = ws_summarize(ns, times->n);
	return rc;
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

/* An edge of the maker's, to be put into order. */
struct ranked {
	uint32_t caller, callee;
	uint32_t index;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->caller != right->caller)
		return left->caller < right->caller ? -1 : 1;
	return (left->callee > right->callee) - (left->callee < right->callee);
}

static int compare_misses(const void *a, const void *b)
{
	const struct ws_topology_miss *left = a, *right = b;

	if (left->point != right->point)
		return left->point < right->point ? -1 : 1;
	return left->is_response - right->is_response;
}

/* Finishes the next edge. */
static int take_edge(struct ws_topology_maker *maker, const struct ranked *ranked, struct ws_topology *topology)
{
	struct ws_topology_edge *edge = &topology->edge[topology->n_edges];
	struct strand *strand = &maker->strand[ranked->index];
	int rc;

	*edge = maker->edge[ranked->index];
	edge->caller = ranked->caller;
	edge->callee = ranked->callee;
	edge->verdict = judge(topology, edge);
	edge->miss = edge->n_misses ? &topology->miss[topology->n_misses] : NULL;
	for (uint32_t i = 0; i < edge->n_misses; i++) {
		strand->miss[i].edge = topology->n_edges;
		topology->miss[topology->n_misses + i] = strand->miss[i];
	}
	if (edge->n_misses)
		qsort(&topology->miss[topology->n_misses], edge->n_misses, sizeof(*edge->miss), compare_misses);
	topology->n_misses += edge->n_misses;
	topology->n_edges++;
	rc = summarize(strand->callee_ns, &edge->callee_time);
	return rc ? rc : summarize(strand->round_trip_ns, &edge->round_trip);
}

/* The edges in order, with the services' final numbers. */
static int take_edges(struct ws_topology_maker *maker, const uint32_t *moved, struct ws_topology *topology)
{
	struct ranked *ranked = malloc(((size_t)maker->n_edges + 1) * sizeof(*ranked));
	size_t n_misses = 0;
	int rc;

	for (uint32_t i = 0; i < maker->n_edges && ranked; i++) {
		ranked[i] = (struct ranked) { moved[maker->edge[i].caller], moved[maker->edge[i].callee], i };
		n_misses += maker->edge[i].n_misses;
	}
	topology->edge = malloc(((size_t)maker->n_edges + 1) * sizeof(*topology->edge));
	topology->miss = malloc((n_misses + 1) * sizeof(*topology->miss));
	rc = ranked && topology->edge && topology->miss ? 0 : -ENOMEM;
	if (!rc)
		qsort(ranked, maker->n_edges, sizeof(*ranked), compare_ranked);
	for (uint32_t i = 0; i < maker->n_edges && !rc; i++)
		rc = take_edge(maker, &ranked[i], topology);
	free(ranked);
	return rc;
}

int ws_topology_finish(struct ws_topology_maker *maker, struct ws_topology *topology)
{
	const struct ws_atlas *atlas = maker->atlas;
	struct ws_topology made = {
		.atlas = atlas,
		.n_calls = maker->n_calls,
		.has_tracer = atlas->n_claims || atlas->n_spans,
	};
	uint32_t *moved = NULL;
	int rc = add_claims(maker);

	rc = rc ? rc : ws_services_finish(&maker->services, &moved);
	made.node = maker->services.node;
	made.n_nodes = maker->services.n;
	rc = rc ? rc : take_edges(maker, moved, &made);
	if (!rc) {
		/* names that are not in the atlas's keeping move with the nodes */
		made.texts = maker->services.texts;
		maker->services.texts = NULL;
		maker->services.node = NULL;
		maker->services.n = 0;
		*topology = made;
	} else {
		free(made.edge);
		free(made.miss);
	}
	free(moved);
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
