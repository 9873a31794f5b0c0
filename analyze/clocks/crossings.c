/* SPDX-License-Identifier: BSD-2-Clause */
/* crossings - see crossings.h. */
#include "analyze/clocks/crossings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t node_of(const struct ws_atlas *atlas, uint32_t passage)
{
	return atlas->point[atlas->passage[passage].point].node;
}

bool ws_crossing_of(const struct ws_atlas *atlas, const struct ws_call *call, enum ws_passage_kind kind,
		    struct ws_crossing *crossing)
{
	bool is_request = kind == WS_PASSAGE_REQUEST;
	const uint32_t *at = is_request ? call->request : call->response;
	uint32_t sent = at[is_request ? WS_STATION_CALLER_NIC : WS_STATION_CALLEE_NIC];
	uint32_t received = at[is_request ? WS_STATION_CALLEE_NIC : WS_STATION_CALLER_NIC];

	if (sent == WS_NO_PASSAGE || received == WS_NO_PASSAGE || node_of(atlas, sent) == node_of(atlas, received))
		return false;
	*crossing = (struct ws_crossing) {
		.sent_ns = atlas->passage[sent].realtime_ns,
		.received_ns = atlas->passage[received].realtime_ns,
		.from = (uint16_t)node_of(atlas, sent),
		.to = (uint16_t)node_of(atlas, received),
	};
	return true;
}

/* Was a packet seen at one of both NICs only? */
static bool has_one_end(const uint32_t *at)
{
	return (at[WS_STATION_CALLER_NIC] == WS_NO_PASSAGE) != (at[WS_STATION_CALLEE_NIC] == WS_NO_PASSAGE);
}

/* Did the call stay within its node? */
static bool is_local(const struct ws_call *call)
{
	return call->request[WS_STATION_CALLER_NIC] == WS_NO_PASSAGE &&
	       call->request[WS_STATION_CALLEE_NIC] == WS_NO_PASSAGE &&
	       call->request[WS_STATION_CALLER_VPORT] != WS_NO_PASSAGE &&
	       call->request[WS_STATION_CALLEE_VPORT] != WS_NO_PASSAGE;
}

/* Room for a call's two. */
static int reserve(struct ws_crossings *crossings)
{
	uint32_t room = crossings->room ? 2 * crossings->room : 64;
	struct ws_crossing *grown;

	if (crossings->n + 2 <= crossings->room)
		return 0;
	if (room > (UINT32_C(1) << 31))
		return -EOVERFLOW;
	grown = realloc(crossings->at, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	crossings->at = grown;
	crossings->room = room;
	return 0;
}

static int add_call(const struct ws_atlas *atlas, const struct ws_call *call, struct ws_crossings *crossings)
{
	int rc = reserve(crossings);

	if (rc)
		return rc;
	crossings->n_local += is_local(call);
	crossings->n_one_end += has_one_end(call->request);
	crossings->n_one_end += has_one_end(call->response);
	if (call->n_repeats) {
		crossings->n_repeated++;
		return 0;
	}
	if (ws_crossing_of(atlas, call, WS_PASSAGE_REQUEST, &crossings->at[crossings->n])) {
		crossings->n++;
		crossings->n_requests++;
	}
	if (ws_crossing_of(atlas, call, WS_PASSAGE_RESPONSE, &crossings->at[crossings->n])) {
		crossings->n++;
		crossings->n_responses++;
	}
	return 0;
}

int ws_crossings_add(const struct ws_atlas *atlas, const struct ws_calls *calls, struct ws_crossings *crossings)
{
	int rc = atlas->n_nodes > (uint32_t)UINT16_MAX + 1 ? -EOVERFLOW : 0;

	for (uint32_t i = 0; i < calls->n && !rc; i++)
		rc = add_call(atlas, &calls->at[i], crossings);
	return rc;
}

int ws_crossings_gather(const struct ws_atlas *atlas, struct ws_traces *traces, struct ws_lookout *watch,
			struct ws_crossings *crossings, struct ws_error *err)
{
	const struct ws_calls *calls;
	int rc;

	while (!(rc = ws_traces_next(traces, &calls)) && calls) {
		if (watch)
			ws_lookout_learn(watch, calls);
		rc = crossings ? ws_crossings_add(atlas, calls, crossings) : 0;
		if (rc)
			return ws_error(err, rc, "clocks from packets: %s",
					rc == -EOVERFLOW ? "too many nodes, or too many packets" : strerror(-rc));
	}
	return rc ? ws_traces_complain(rc, err) : 0;
}

void ws_crossings_close(struct ws_crossings *crossings)
{
	if (!crossings)
		return;
	free(crossings->at);
	*crossings = (struct ws_crossings) { 0 };
}
