/* SPDX-License-Identifier: BSD-2-Clause */
/* journey - see journey.h. */
#include "analyze/mesh/journey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/beside.h"
#include "analyze/mesh/expense.h"
#include "analyze/mesh/hops.h"
#include "analyze/ns.h"

const char *ws_footing_name(enum ws_footing footing)
{
	static const char *const name[] = { "measured", "aligned", "centred", "raw" };

	return name[footing];
}

const char *ws_kinship_name(enum ws_kinship kinship)
{
	static const char *const name[] = { "", "span id", "parent's span id", "service and time" };

	return name[kinship];
}

const char *ws_part_name(enum ws_part part)
{
	return part == WS_PART_OVERLAPPING ? "overlapping calls" : ws_interval_name((enum ws_interval_kind)part);
}

const char *ws_part_key(enum ws_part part)
{
	return part == WS_PART_OVERLAPPING ? "overlapping" : ws_interval_key((enum ws_interval_kind)part);
}

void ws_trace_id_widen(const uint8_t *trace_id, uint32_t len, uint8_t wide[16])
{
	memset(wide, 0, 16);
	memcpy(wide + (len < 16 ? 8 : 0), trace_id, len < 16 ? 8 : 16);
}

const char *ws_call_edge(const struct ws_atlas *atlas, const struct ws_call *call, char text[WS_CALL_EDGE_MAX])
{
	char caller[WS_OWNER_TEXT_MAX], callee[WS_OWNER_TEXT_MAX];

	snprintf(text, WS_CALL_EDGE_MAX, "%.120s -> %.120s", ws_call_caller(atlas, call, caller),
		 ws_call_callee(call, callee));
	return text;
}

/* The passages of an end of a call, nearest to the pod first. */
static void stations_of(enum ws_end end, enum ws_station station[2])
{
	station[0] = end == WS_END_CALLER ? WS_STATION_CALLER_VPORT : WS_STATION_CALLEE_VPORT;
	station[1] = end == WS_END_CALLER ? WS_STATION_CALLER_NIC : WS_STATION_CALLEE_NIC;
}

/* Any passage of that end; WS_NO_PASSAGE. */
static uint32_t any_of(const struct ws_call *call, enum ws_end end)
{
	enum ws_station station[2];

	stations_of(end, station);
	for (int i = 0; i < 2; i++) {
		if (call->request[station[i]] != WS_NO_PASSAGE)
			return call->request[station[i]];
		if (call->response[station[i]] != WS_NO_PASSAGE)
			return call->response[station[i]];
	}
	return WS_NO_PASSAGE;
}

static int64_t realtime_of(const struct ws_journey *journey, uint32_t passage)
{
	return journey->atlas->passage[passage].realtime_ns;
}

static uint32_t node_of(const struct ws_journey *journey, uint32_t passage)
{
	return journey->atlas->point[journey->atlas->passage[passage].point].node;
}

/* Twice the middle of an end's request and response, nearest to the network: there the two ends are closest. */
static bool middle(const struct ws_journey *journey, const struct ws_call *call, enum ws_end end, int64_t *middle_ns)
{
	enum ws_station station[2];

	stations_of(end, station);
	for (int i = 1; i >= 0; i--) {
		uint32_t request = call->request[station[i]], response = call->response[station[i]];

		if (request != WS_NO_PASSAGE && response != WS_NO_PASSAGE) {
			int64_t begin_ns = realtime_of(journey, request);

			*middle_ns = ws_ns_plus(begin_ns, ws_ns_less(realtime_of(journey, response), begin_ns) / 2);
			return true;
		}
	}
	return false;
}

struct ws_placing ws_placing_of_node(const struct ws_journey *journey, uint32_t passage)
{
	uint32_t node = node_of(journey, passage), first = node_of(journey, journey->origin);
	struct ws_placing shift = { .ns = ws_ns_less(0, journey->begin_ns),
				    .footing = node == first ? WS_FOOTING_MEASURED : WS_FOOTING_RAW };
	uint64_t bound_ns;
	int64_t duration_ns;

	if (node != first &&
	    ws_legs_between(journey->atlas, journey->clocks, journey->origin, passage, &duration_ns, &bound_ns)) {
		int64_t origin_ns = ws_ns_less(realtime_of(journey, journey->origin), journey->begin_ns);

		shift.ns = ws_ns_less(ws_ns_plus(origin_ns, duration_ns), realtime_of(journey, passage));
		shift.bound_ns = bound_ns;
		shift.footing = WS_FOOTING_ALIGNED;
	}
	return shift;
}

/* Where the callee's end goes, its caller's end being placed. */
static struct ws_placing place_callee(const struct ws_journey *journey, const struct ws_call *call,
				      const struct ws_placing *caller)
{
	uint32_t near = any_of(call, WS_END_CALLER), far = any_of(call, WS_END_CALLEE);
	struct ws_placing shift;
	int64_t outer_ns, inner_ns;

	if (far == WS_NO_PASSAGE || (near != WS_NO_PASSAGE && node_of(journey, near) == node_of(journey, far)))
		return *caller;
	shift = ws_placing_of_node(journey, far);
	/* On the scale's own node, too: what is called stays within what calls it. */
	if (shift.footing != WS_FOOTING_ALIGNED && caller->footing != WS_FOOTING_ALIGNED &&
	    middle(journey, call, WS_END_CALLER, &outer_ns) && middle(journey, call, WS_END_CALLEE, &inner_ns)) {
		shift.ns = ws_ns_plus(caller->ns, ws_ns_less(outer_ns, inner_ns));
		shift.footing = WS_FOOTING_CENTRED;
	}
	return shift;
}

/* Places a stage whose parent is placed. */
static void place(struct ws_journey *journey, struct ws_stage *stage)
{
	const struct ws_call *call = &journey->calls->at[stage->call];
	const struct ws_stage *parent = stage->parent == WS_NO_CALL ? NULL : &journey->stage[stage->parent];
	uint32_t near = any_of(call, WS_END_CALLER);
	uint32_t far = parent ? any_of(&journey->calls->at[parent->call], WS_END_CALLEE) : WS_NO_PASSAGE;

	if (near != WS_NO_PASSAGE && far != WS_NO_PASSAGE && node_of(journey, near) == node_of(journey, far))
		stage->shift[WS_END_CALLER] = parent->shift[WS_END_CALLEE];
	else
		stage->shift[WS_END_CALLER] =
			ws_placing_of_node(journey, near != WS_NO_PASSAGE ? near : any_of(call, WS_END_CALLEE));
	stage->shift[WS_END_CALLEE] = place_callee(journey, call, &stage->shift[WS_END_CALLER]);
	stage->begin_ns = INT64_MAX;
	stage->end_ns = INT64_MIN;
	for (int i = 0; i < 2 * WS_N_STATIONS; i++) {
		int station = i % WS_N_STATIONS;
		uint32_t passage = (i < WS_N_STATIONS ? call->request : call->response)[station];
		int64_t at_ns;

		if (passage == WS_NO_PASSAGE)
			continue;
		at_ns = ws_stage_at(journey, stage, passage, station);
		stage->begin_ns = at_ns < stage->begin_ns ? at_ns : stage->begin_ns;
		stage->end_ns = at_ns > stage->end_ns ? at_ns : stage->end_ns;
	}
}

/* Lists the calls of the trace, ascending. *list: room for all calls. */
static uint32_t find_calls(const struct ws_journey *journey, uint32_t *list)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < journey->calls->n; i++) {
		const struct ws_identity *identity = ws_call_identity(journey->atlas, &journey->calls->at[i]);
		uint8_t wide[16];

		if (!identity || !identity->trace_id_len)
			continue;
		ws_trace_id_widen(identity->trace_id, identity->trace_id_len, wide);
		if (!memcmp(wide, journey->trace_id, sizeof(wide)))
			list[n++] = i;
	}
	return n;
}

/* Calls of the trace as a tree: by place in the list. */
struct kin {
	uint32_t parent, first_child, last_child, next;
	bool is_reached;
};

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void link_kin(const struct ws_journey *journey, const uint32_t *list, uint32_t n, struct kin *kin)
{
	for (uint32_t i = 0; i < n; i++)
		kin[i] = (struct kin) { WS_NO_CALL, WS_NO_CALL, WS_NO_CALL, WS_NO_CALL, false };
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *found = bsearch(&journey->calls->at[list[i]].parent, list, n, sizeof(*list),
						compare_numbers);
		struct kin *parent;

		if (!found || found == &list[i])
			continue;
		kin[i].parent = (uint32_t)(found - list);
		parent = &kin[kin[i].parent];
		*(parent->first_child == WS_NO_CALL ? &parent->first_child : &kin[parent->last_child].next) = i;
		parent->last_child = i;
	}
}

/* Adds a call and all below it, each before what it calls. A stack would be as deep as the trace: the way back is
 * found by the parents. */
static void add_tree(struct ws_journey *journey, const uint32_t *list, struct kin *kin, uint32_t root)
{
	uint32_t at = root, parent = WS_NO_CALL; /* of its stage */

	for (;;) {
		uint32_t made = journey->n_stages++;

		kin[at].is_reached = true;
		journey->stage[made] = (struct ws_stage) {
			.call = list[at],
			.parent = parent,
			.first_child = WS_NO_CALL,
			.next = WS_NO_CALL,
			.depth = parent == WS_NO_CALL ? 0 : journey->stage[parent].depth + 1,
		};
		if (kin[at].first_child != WS_NO_CALL && !kin[kin[at].first_child].is_reached) {
			at = kin[at].first_child;
			parent = made;
			continue;
		}
		while (at != root && (kin[at].next == WS_NO_CALL || kin[kin[at].next].is_reached)) {
			at = kin[at].parent;
			parent = parent == WS_NO_CALL ? WS_NO_CALL : journey->stage[parent].parent;
		}
		if (at == root)
			return;
		at = kin[at].next;
	}
}

/* Links each stage to the children that it has. */
static void link_stages(struct ws_journey *journey)
{
	for (uint32_t i = journey->n_stages; i-- > 0;) {
		struct ws_stage *stage = &journey->stage[i];

		if (stage->parent == WS_NO_CALL) {
			journey->n_roots++;
			continue;
		}
		stage->next = journey->stage[stage->parent].first_child;
		journey->stage[stage->parent].first_child = i;
	}
}

static int make_stages(struct ws_journey *journey)
{
	uint32_t *list = malloc(((size_t)journey->calls->n + 1) * sizeof(*list));
	uint32_t n = list ? find_calls(journey, list) : 0;
	struct kin *kin = malloc(((size_t)n + 1) * sizeof(*kin));
	int rc = list && kin ? n ? 0 : -ENOENT : -ENOMEM;

	if (!rc) {
		journey->stage = calloc(n, sizeof(*journey->stage));
		rc = journey->stage ? 0 : -ENOMEM;
	}
	if (!rc) {
		link_kin(journey, list, n, kin);
		for (uint32_t i = 0; i < n; i++) {
			if (kin[i].parent == WS_NO_CALL)
				add_tree(journey, list, kin, i);
		}
		/* Parents that go in a circle: who of them was first is not known; the first seen begins. */
		for (uint32_t i = 0; i < n; i++) {
			if (!kin[i].is_reached)
				add_tree(journey, list, kin, i);
		}
		link_stages(journey);
	}
	free(list);
	free(kin);
	return rc;
}

int64_t ws_stage_at(const struct ws_journey *journey, const struct ws_stage *stage, uint32_t passage,
		    enum ws_station station)
{
	enum ws_end end = station >= WS_STATION_CALLEE_NIC ? WS_END_CALLEE : WS_END_CALLER;

	return ws_ns_plus(realtime_of(journey, passage), stage->shift[end].ns);
}

/* Puts all stages on the scale, which begins with the first of them. */
static void place_all(struct ws_journey *journey)
{
	const struct ws_call *first = &journey->calls->at[journey->stage[0].call];
	int64_t begin_ns = INT64_MAX;

	journey->origin = any_of(first, WS_END_CALLER);
	if (journey->origin == WS_NO_PASSAGE)
		journey->origin = any_of(first, WS_END_CALLEE);
	journey->begin_ns = realtime_of(journey, journey->origin);
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		struct ws_stage *stage = &journey->stage[i];

		ws_legs_make(journey->atlas, journey->clocks, &journey->calls->at[stage->call], &stage->legs);
		place(journey, stage);
		begin_ns = stage->begin_ns < begin_ns ? stage->begin_ns : begin_ns;
	}
	journey->begin_ns = ws_ns_plus(journey->begin_ns, begin_ns);
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		struct ws_stage *stage = &journey->stage[i];

		stage->begin_ns = ws_ns_less(stage->begin_ns, begin_ns);
		stage->end_ns = ws_ns_less(stage->end_ns, begin_ns);
		for (int end = 0; end < WS_N_ENDS; end++)
			stage->shift[end].ns = ws_ns_less(stage->shift[end].ns, begin_ns);
		journey->end_ns = stage->end_ns > journey->end_ns ? stage->end_ns : journey->end_ns;
	}
}

/* Which point watches what: as it was given, or as the journey's calls tell. */
static int find_watch(const struct ws_journey_source *source, struct ws_journey *journey)
{
	int rc = source->watch ? 0 : ws_lookout_open(source->atlas, &journey->own_watch);

	if (!rc && !source->watch)
		ws_lookout_learn(journey->own_watch, source->calls);
	journey->watch = source->watch ? source->watch : journey->own_watch;
	return rc;
}

int ws_journey_open(const struct ws_journey_source *source, const uint8_t *trace_id, uint32_t trace_id_len,
		    struct ws_journey *journey)
{
	struct ws_journey made = { .atlas = source->atlas, .calls = source->calls, .clocks = source->clocks };
	int rc;

	ws_trace_id_widen(trace_id, trace_id_len, made.trace_id);
	rc = make_stages(&made);
	rc = rc ? rc : find_watch(source, &made);
	if (!rc) {
		place_all(&made);
		rc = ws_hops_make(&made);
	}
	rc = rc ? rc : ws_expense_make(&made);
	rc = rc ? rc : ws_beside_make(&made);
	if (rc)
		ws_journey_close(&made);
	else
		*journey = made;
	return rc;
}

void ws_journey_close(struct ws_journey *journey)
{
	if (!journey)
		return;
	ws_lookout_close(journey->own_watch);
	free(journey->stage);
	free(journey->hop);
	free(journey->beside);
	*journey = (struct ws_journey) { 0 };
}
