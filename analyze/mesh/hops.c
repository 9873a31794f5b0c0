/* SPDX-License-Identifier: BSD-2-Clause */
/* hops - see hops.h. */
#include "analyze/mesh/hops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/ns.h"
static enum ws_end end_of(int station)
{
	return station >= WS_STATION_CALLEE_NIC ? WS_END_CALLEE : WS_END_CALLER;
}

static struct ws_hop make_hop(const struct ws_journey *journey, uint32_t stage, uint32_t passage, int station,
			      const struct ws_placing *shift)
{
	return (struct ws_hop) {
		.passage = passage,
		.stage = stage,
		.station = (uint8_t)station,
		.footing = shift->footing,
		.at_ns = ws_ns_plus(journey->atlas->passage[passage].realtime_ns, shift->ns),
		.bound_ns = shift->bound_ns,
	};
}

/* The stations of a call, and how long each is behind the one before. */
static void add_stations(struct ws_journey *journey, uint32_t stage)
{
	const struct ws_call *call = &journey->calls->at[journey->stage[stage].call];
	const struct ws_legs *legs = &journey->stage[stage].legs;

	for (int step = 0; step < 2 * WS_N_STATIONS; step++) {
		bool is_response = step >= WS_N_STATIONS;
		int station = is_response ? 2 * WS_N_STATIONS - 1 - step : step;
		uint32_t passage = (is_response ? call->response : call->request)[station];
		struct ws_hop *hop = &journey->hop[journey->n_hops];

		journey->n_missed += ws_lookout_presence(journey->watch, call, station, is_response, NULL) ==
				     WS_PRESENCE_MISSED;
		if (passage == WS_NO_PASSAGE)
			continue;
		*hop = make_hop(journey, stage, passage, station, &journey->stage[stage].shift[end_of(station)]);
		for (uint32_t i = 0; i < legs->n; i++) {
			if (legs->at[i].to != passage || !legs->at[i].is_known)
				continue;
			hop->has_latency = true;
			hop->latency_ns = legs->at[i].duration_ns;
			hop->latency_bound_ns = legs->at[i].bound_ns;
		}
		journey->n_hops++;
	}
}

/* What finds a call's further passages: its identity. */
struct known {
	struct ws_identity identity;
	uint32_t stage;
};

static int compare_known(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ws_identity));
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

/* A further passage of a call's request: on the clock of the end that its node is of. */
static struct ws_hop make_repeat(const struct ws_journey *journey, uint32_t stage, uint32_t passage)
{
	const struct ws_call *call = &journey->calls->at[journey->stage[stage].call];
	uint32_t node = journey->atlas->point[journey->atlas->passage[passage].point].node;
	struct ws_placing shift;

	for (int end = 0; end < WS_N_ENDS; end++) {
		if (ws_lookout_node(journey->watch, call, end == WS_END_CALLEE) == node)
			return make_hop(journey, stage, passage, WS_HOP_REPEAT, &journey->stage[stage].shift[end]);
	}
	shift = ws_placing_of_node(journey, passage);
	return make_hop(journey, stage, passage, WS_HOP_TRANSIT, &shift);
}

/* Passages of requests of the trace that are no station of their call's. used: the passages that are, ascending. */
static int add_repeats(struct ws_journey *journey, const struct known *known, const uint32_t *used, uint32_t n_used)
{
	uint32_t room = journey->n_hops;

	for (uint32_t i = 0; i < journey->atlas->n_passages; i++) {
		const struct ws_passage *passage = &journey->atlas->passage[i];
		const struct known *found;

		if (passage->kind != WS_PASSAGE_REQUEST || bsearch(&i, used, n_used, sizeof(*used), compare_numbers))
			continue;
		found = bsearch(&passage->identity, known, journey->n_stages, sizeof(*known), compare_known);
		if (!found)
			continue;
		if (journey->n_hops == room) {
			struct ws_hop *grown = realloc(journey->hop, (2 * (size_t)room + 1) * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			journey->hop = grown;
			room = 2 * room + 1;
		}
		journey->hop[journey->n_hops] = make_repeat(journey, found->stage, i);
		journey->n_repeats += journey->hop[journey->n_hops++].station == WS_HOP_REPEAT;
	}
	return 0;
}

/* In the order of the way: a request's stations, then the response's from the last to the first. */
static int step_of(const struct ws_journey *journey, const struct ws_hop *hop)
{
	bool is_response = journey->atlas->passage[hop->passage].kind == WS_PASSAGE_RESPONSE;

	return is_response ? 2 * WS_N_STATIONS - hop->station : hop->station;
}

static int compare_hops(const void *a, const void *b, void *context)
{
	const struct ws_hop *left = a, *right = b;
	int step = step_of(context, left) - step_of(context, right);

	if (left->at_ns != right->at_ns)
		return left->at_ns < right->at_ns ? -1 : 1;
	if (left->stage != right->stage)
		return left->stage < right->stage ? -1 : 1;
	return step ? step : (left->passage > right->passage) - (left->passage < right->passage);
}

int ws_hops_make(struct ws_journey *journey)
{
	size_t n = journey->n_stages;
	struct known *known = malloc((n + 1) * sizeof(*known));
	uint32_t *used = malloc((n * 2 * WS_N_STATIONS + 1) * sizeof(*used));
	int rc = known && used ? 0 : -ENOMEM;

	journey->hop = malloc((n * 2 * WS_N_STATIONS + 1) * sizeof(*journey->hop));
	if (!journey->hop)
		rc = -ENOMEM;
	for (uint32_t i = 0; i < n && !rc; i++) {
		known[i] = (struct known) {
			*ws_call_identity(journey->atlas, &journey->calls->at[journey->stage[i].call]), i
		};
		add_stations(journey, i);
	}
	if (!rc) {
		uint32_t n_used = journey->n_hops;

		for (uint32_t i = 0; i < n_used; i++)
			used[i] = journey->hop[i].passage;
		qsort(used, n_used, sizeof(*used), compare_numbers);
		qsort(known, n, sizeof(*known), compare_known);
		rc = add_repeats(journey, known, used, n_used);
		qsort_r(journey->hop, journey->n_hops, sizeof(*journey->hop), compare_hops, journey);
	}
	free(known);
	free(used);
	return rc;
}
