/* SPDX-License-Identifier: BSD-2-Clause */
/* interval - see interval.h. */
#include "analyze/mesh/interval.h"

#include "analyze/ns.h"
static const struct {
	const char *name, *key;
} words[] = {
	[WS_INTERVAL_OVERLAY_TX] = { "overlay tx", "overlay_tx" },
	[WS_INTERVAL_UNDERLAY] = { "underlay", "underlay" },
	[WS_INTERVAL_OVERLAY_RX] = { "overlay rx", "overlay_rx" },
	[WS_INTERVAL_LOCAL] = { "local", "local" },
	[WS_INTERVAL_SERVICE] = { "sidecar and application", "service" },
	[WS_INTERVAL_GAP] = { "unknown", "unknown" },
};

const char *ws_interval_name(enum ws_interval_kind kind)
{
	return words[kind].name;
}

const char *ws_interval_key(enum ws_interval_kind kind)
{
	return words[kind].key;
}

const char *ws_interval_way(const struct ws_interval *interval)
{
	return interval->kind == WS_INTERVAL_SERVICE ? "callee" : interval->is_answer ? "response" : "request";
}

bool ws_legs_between(const struct ws_atlas *atlas, const struct ws_clocks *clocks, uint32_t from, uint32_t to,
		     int64_t *duration_ns, uint64_t *bound_ns)
{
	const struct ws_passage *a = &atlas->passage[from], *b = &atlas->passage[to];
	uint32_t node_a = atlas->point[a->point].node, node_b = atlas->point[b->point].node;
	int64_t correction_ns;

	if (node_a == node_b) {
		*duration_ns = ws_ns_less(b->realtime_ns, a->realtime_ns);
		*bound_ns = 0;
		return true;
	}
	if (!clocks)
		return false;
	correction_ns = ws_clocks_between(clocks, node_a, a->realtime_ns, node_b, b->realtime_ns, bound_ns);
	*duration_ns = ws_ns_plus(ws_ns_less(b->realtime_ns, a->realtime_ns), correction_ns);
	return *bound_ns != WS_CLOCK_UNBOUND;
}

static uint32_t node_of(const struct ws_atlas *atlas, uint32_t passage)
{
	return atlas->point[atlas->passage[passage].point].node;
}

/* What lies between two stations that saw the packet, one after the other. Of the way back, they are given as of the
 * way there: from is nearer to the caller. */
static enum ws_interval_kind kind_of(const struct ws_atlas *atlas, enum ws_station from, enum ws_station to, uint32_t a,
				     uint32_t b)
{
	bool same_node = node_of(atlas, a) == node_of(atlas, b);

	if (from == WS_STATION_CALLER_VPORT && to == WS_STATION_CALLER_NIC && same_node)
		return WS_INTERVAL_OVERLAY_TX;
	if (from == WS_STATION_CALLER_NIC && to == WS_STATION_CALLEE_NIC)
		return WS_INTERVAL_UNDERLAY;
	if (from == WS_STATION_CALLEE_NIC && to == WS_STATION_CALLEE_VPORT && same_node)
		return WS_INTERVAL_OVERLAY_RX;
	if (from == WS_STATION_CALLER_VPORT && to == WS_STATION_CALLEE_VPORT && same_node)
		return WS_INTERVAL_LOCAL;
	return WS_INTERVAL_GAP;
}

static enum ws_interval_kind turned(enum ws_interval_kind kind)
{
	return kind == WS_INTERVAL_OVERLAY_TX	? WS_INTERVAL_OVERLAY_RX
	       : kind == WS_INTERVAL_OVERLAY_RX ? WS_INTERVAL_OVERLAY_TX
						: kind;
}

/* Where the way leads in its order: request's stations first to last, then the response's last to first. */
#define N_STEPS (2 * WS_N_STATIONS)

static enum ws_station station_of(int step)
{
	return step < WS_N_STATIONS ? step : N_STEPS - 1 - step;
}

static uint32_t passage_of(const struct ws_call *call, int step)
{
	return step < WS_N_STATIONS ? call->request[step] : call->response[station_of(step)];
}

static enum ws_interval_kind kind_between(const struct ws_atlas *atlas, const struct ws_call *call, int from, int to)
{
	uint32_t a = passage_of(call, from), b = passage_of(call, to);

	if (to < WS_N_STATIONS)
		return kind_of(atlas, from, to, a, b);
	if (from >= WS_N_STATIONS)
		return turned(kind_of(atlas, station_of(to), station_of(from), b, a));
	return station_of(from) == WS_STATION_CALLEE_VPORT && station_of(to) == WS_STATION_CALLEE_VPORT
		       ? WS_INTERVAL_SERVICE
		       : WS_INTERVAL_GAP;
}

/* The time between request and response at a station. */
static bool there_and_back(const struct ws_atlas *atlas, const struct ws_call *call, enum ws_station station,
			   int64_t *ns)
{
	uint64_t ignored;

	return call->request[station] != WS_NO_PASSAGE && call->response[station] != WS_NO_PASSAGE &&
	       ws_legs_between(atlas, NULL, call->request[station], call->response[station], ns, &ignored);
}

void ws_legs_make(const struct ws_atlas *atlas, const struct ws_clocks *clocks, const struct ws_call *call,
		  struct ws_legs *legs)
{
	struct ws_legs made = { 0 };
	int64_t caller_ns, callee_ns;
	int last = -1;

	for (int step = 0; step < N_STEPS; step++) {
		struct ws_interval *interval = &made.at[made.n];

		if (passage_of(call, step) == WS_NO_PASSAGE)
			continue;
		if (last >= 0) {
			interval->from = passage_of(call, last);
			interval->to = passage_of(call, step);
			interval->from_station = (uint8_t)station_of(last);
			interval->to_station = (uint8_t)station_of(step);
			interval->kind = (uint8_t)kind_between(atlas, call, last, step);
			interval->is_answer = last >= WS_N_STATIONS;
			interval->is_known = ws_legs_between(atlas, clocks, interval->from, interval->to,
							     &interval->duration_ns, &interval->bound_ns);
			made.n++;
		}
		last = step;
	}
	for (int station = 0; station < WS_N_STATIONS && !made.has_round_trip; station++) {
		made.has_round_trip = there_and_back(atlas, call, station, &made.round_trip_ns);
		made.outer = station;
	}
	made.has_service = there_and_back(atlas, call, WS_STATION_CALLEE_VPORT, &made.service_ns);
	if (there_and_back(atlas, call, WS_STATION_CALLER_NIC, &caller_ns) &&
	    there_and_back(atlas, call, WS_STATION_CALLEE_NIC, &callee_ns)) {
		made.has_underlay = true;
		made.underlay_ns = ws_ns_less(caller_ns, callee_ns);
	}
	*legs = made;
}
