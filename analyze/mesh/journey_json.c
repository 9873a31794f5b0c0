/* SPDX-License-Identifier: BSD-2-Clause */
/* journey_json - see journey_output.h: as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "analyze/clocks/alignment.h"
#include "analyze/mesh/journey_output.h"
#include "analyze/json.h"
#include "analyze/mesh/waterfall.h"
#include "lib/names.h"

static json_t *ns_if(bool is_known, int64_t ns)
{
	return is_known ? json_integer(ns) : json_null();
}

static json_t *hex(const uint8_t *bytes, size_t n)
{
	char text[33];

	return json_string(ws_hex_text(bytes, n, text));
}

static const struct ws_call *call_of(const struct ws_journey *journey, uint32_t stage)
{
	return &journey->calls->at[journey->stage[stage].call];
}

static const struct ws_atlas_point *point_of(const struct ws_journey *journey, uint32_t passage)
{
	return &journey->atlas->point[journey->atlas->passage[passage].point];
}

/* What was seen of a request or a response, station by station. */
static json_t *presence_json(const struct ws_journey *journey, const struct ws_call *call, bool is_response)
{
	json_t *object = json_object();
	int rc = !object;

	for (int station = 0; station < WS_N_STATIONS; station++)
		rc |= json_object_set_new(object, ws_station_name(station),
					  json_string(ws_presence_name(ws_lookout_presence(
						  journey->watch, call, station, is_response, NULL))));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *interval_json(const struct ws_journey *journey, const struct ws_stage *stage,
			     const struct ws_interval *interval)
{
	const struct ws_atlas_point *from = point_of(journey, interval->from), *to = point_of(journey, interval->to);

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "kind", ws_interval_name(interval->kind),
			 "way", ws_interval_way(interval), "from_node", ws_json_text(journey->atlas->node[from->node]),
			 "from_point", ws_json_text(from->name), "to_node",
			 ws_json_text(journey->atlas->node[to->node]), "to_point", ws_json_text(to->name), "begin_ns",
			 (json_int_t)ws_stage_at(journey, stage, interval->from, interval->from_station), "duration_ns",
			 ns_if(interval->is_known, interval->duration_ns), "bound_ns",
			 ns_if(interval->is_known, (int64_t)interval->bound_ns));
}

static json_t *placed_json(const struct ws_placing *shift)
{
	return json_pack("{s:s, s:o}", "by", ws_footing_name(shift->footing), "bound_ns",
			 ns_if(shift->footing == WS_FOOTING_ALIGNED, (int64_t)shift->bound_ns));
}

static json_t *owner_json(const struct ws_owner *owner, const uint8_t address[16])
{
	char text[WS_ADDRESS_TEXT_LEN];
	json_t *object = json_pack("{s:s}", "address", ws_address_text(address, text));
	int rc = !object;

	if (owner) {
		rc |= json_object_set_new(object, "namespace", ws_json_text(owner->namespace));
		rc |= json_object_set_new(object, "name", ws_json_text(owner->name));
		rc |= json_object_set_new(object, "service", ws_json_text(owner->service));
		rc |= json_object_set_new(object, "node", ws_json_text(owner->node));
	}
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static uint16_t status_of(const struct ws_journey *journey, const struct ws_call *call)
{
	for (int station = 0; station < WS_N_STATIONS; station++) {
		if (call->response[station] != WS_NO_PASSAGE)
			return journey->atlas->passage[call->response[station]].status;
	}
	return 0;
}

static json_t *call_json(const struct ws_journey *journey, uint32_t index)
{
	const struct ws_stage *stage = &journey->stage[index];
	const struct ws_legs *legs = &stage->legs;
	const struct ws_call *call = call_of(journey, index);
	const struct ws_identity *identity = ws_call_identity(journey->atlas, call);
	char edge[WS_CALL_EDGE_MAX];
	json_t *intervals = json_array();
	json_t *object = json_pack(
		"{s:I, s:o, s:I, s:o, s:o, s:o, s:i, s:o, s:I, s:o, s:I, s:I}", "call", (json_int_t)index, "parent",
		ns_if(stage->parent != WS_NO_CALL, stage->parent), "depth", (json_int_t)stage->depth, "edge",
		ws_json_text(ws_call_edge(journey->atlas, call, edge)), "caller",
		owner_json(call->caller, call->caller_address), "callee",
		owner_json(call->callee, call->callee_address), "callee_port", (int)call->callee_port, "span_id",
		hex(identity->span_id, sizeof(identity->span_id)), "seq", (json_int_t)identity->seq, "status",
		ns_if(status_of(journey, call), status_of(journey, call)), "n_repeats", (json_int_t)call->n_repeats,
		"n_transits", (json_int_t)call->n_transits);
	int rc = !object;

	rc |= json_object_set_new(object, "begin_ns", json_integer(stage->begin_ns));
	rc |= json_object_set_new(object, "end_ns", json_integer(stage->end_ns));
	rc |= json_object_set_new(object, "round_trip_ns", ns_if(legs->has_round_trip, legs->round_trip_ns));
	rc |= json_object_set_new(object, "round_trip_at",
				  legs->has_round_trip ? json_string(ws_station_name(legs->outer)) : json_null());
	rc |= json_object_set_new(object, "service_ns", ns_if(legs->has_service, legs->service_ns));
	rc |= json_object_set_new(object, "self_ns", ns_if(legs->has_service, stage->self_ns));
	rc |= json_object_set_new(object, "underlay_round_trip_ns", ns_if(legs->has_underlay, legs->underlay_ns));
	rc |= json_object_set_new(object, "caller_placed", placed_json(&stage->shift[WS_END_CALLER]));
	rc |= json_object_set_new(object, "callee_placed", placed_json(&stage->shift[WS_END_CALLEE]));
	rc |= json_object_set_new(object, "request", presence_json(journey, call, false));
	rc |= json_object_set_new(object, "response", presence_json(journey, call, true));
	for (uint32_t i = 0; i < legs->n; i++)
		rc |= json_array_append_new(intervals, interval_json(journey, stage, &legs->at[i]));
	rc |= json_object_set_new(object, "intervals", intervals);
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *hop_json(const struct ws_journey *journey, const struct ws_hop *hop)
{
	const struct ws_passage *passage = &journey->atlas->passage[hop->passage];
	const struct ws_atlas_point *point = point_of(journey, hop->passage);
	const struct ws_tuple *tuple = &journey->atlas->tuples.at[passage->tuple];
	bool is_response = passage->kind == WS_PASSAGE_RESPONSE;
	char saddr[WS_ADDRESS_TEXT_LEN], daddr[WS_ADDRESS_TEXT_LEN];

	/* A response has its request's tuple. */
	ws_address_text(is_response ? tuple->daddr : tuple->saddr, saddr);
	ws_address_text(is_response ? tuple->saddr : tuple->daddr, daddr);
	return json_pack("{s:I, s:s, s:o, s:I, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:s, s:i, s:s, s:i, "
			 "s:o, s:o, s:o}",
			 "at_ns", (json_int_t)hop->at_ns, "placed", ws_footing_name(hop->footing), "bound_ns",
			 ns_if(hop->footing == WS_FOOTING_ALIGNED, (int64_t)hop->bound_ns), "call",
			 (json_int_t)hop->stage, "kind", ws_hop_kind(passage), "station", ws_hop_station(hop), "node",
			 ws_json_text(journey->atlas->node[point->node]), "point", ws_json_text(point->name), "pod",
			 ws_json_text(point->pod), "source", ws_source_name(point->source), "direction",
			 ws_direction_name(passage->direction), "ts_ns", (json_int_t)passage->ts_ns, "realtime_ns",
			 (json_int_t)passage->realtime_ns, "seq", (json_int_t)passage->identity.seq, "saddr", saddr,
			 "sport", (int)(is_response ? tuple->dport : tuple->sport), "daddr", daddr, "dport",
			 (int)(is_response ? tuple->sport : tuple->dport), "status",
			 ns_if(is_response, passage->status), "since_last_ns", ns_if(hop->has_latency, hop->latency_ns),
			 "since_last_bound_ns", ns_if(hop->has_latency, (int64_t)hop->latency_bound_ns));
}

static json_t *span_json(const struct ws_beside *beside)
{
	const struct ws_mesh_span *span = beside->span;

	return json_pack("{s:o, s:s, s:b, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "call",
			 ns_if(beside->stage != WS_NO_CALL, beside->stage), "matched_by",
			 ws_kinship_name(beside->kinship), "fits", (int)beside->fits, "at_ns",
			 (json_int_t)beside->at_ns, "duration_ns", (json_int_t)span->duration_ns, "start_realtime_ns",
			 (json_int_t)span->start_ns, "service", ws_json_text(span->service), "kind",
			 ws_json_text(span->kind), "operation", ws_json_text(span->operation), "span_id",
			 hex(span->span_id, 8), "parent_span_id",
			 span->has_parent ? hex(span->parent_span_id, 8) : json_null(), "node",
			 ws_json_text(span->node), "pod", ws_json_text(span->pod));
}

static json_t *totals_json(const struct ws_journey *journey)
{
	json_t *parts = json_object(), *sums = json_object();
	char key[64];
	int rc = 0;

	for (int part = 0; part < WS_N_PARTS; part++) {
		snprintf(key, sizeof(key), "%s_ns", ws_part_key(part));
		rc |= json_object_set_new(parts, key, ns_if(journey->n_roots_whole, journey->part_ns[part]));
		if (part < WS_N_INTERVAL_KINDS)
			rc |= json_object_set_new(sums, key, json_integer(journey->sum_ns[part]));
	}
	if (rc) {
		json_decref(parts);
		json_decref(sums);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:o, s:I}", "end_to_end_ns", ns_if(journey->n_roots_whole, journey->end_to_end_ns),
			 "of_end_to_end", parts, "over_all_calls", sums, "n_first_calls", (json_int_t)journey->n_roots);
}

int ws_journey_print_json(const struct ws_journey *journey, FILE *out)
{
	json_t *calls = json_array(), *packets = json_array(), *spans = json_array();
	char footing[WS_FOOTING_MAX];
	json_t *document = json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "trace_id",
				     hex(journey->trace_id, sizeof(journey->trace_id)), "align",
				     ws_align_name(journey->align), "placing", ws_waterfall_footing(journey, footing),
				     "begin_realtime_ns", (json_int_t)journey->begin_ns, "duration_ns",
				     (json_int_t)journey->end_ns, "n_repeats", (json_int_t)journey->n_repeats,
				     "n_missed", (json_int_t)journey->n_missed, "totals", totals_json(journey));
	int rc = !document;

	for (uint32_t i = 0; i < journey->n_stages; i++)
		rc |= json_array_append_new(calls, call_json(journey, i));
	for (uint32_t i = 0; i < journey->n_hops; i++)
		rc |= json_array_append_new(packets, hop_json(journey, &journey->hop[i]));
	for (uint32_t i = 0; i < journey->n_beside; i++)
		rc |= json_array_append_new(spans, span_json(&journey->beside[i]));
	rc |= json_object_set_new(document, "span_resolution_ns", json_integer(journey->resolution_ns));
	rc |= json_object_set_new(document, "calls", calls);
	rc |= json_object_set_new(document, "packets", packets);
	rc |= json_object_set_new(document, "spans", spans);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}
