/* SPDX-License-Identifier: BSD-2-Clause */
/* crossings - see crossings.h. */
#include "analyze/clocks/crossings.h"

#include <errno.h>
#include <stdlib.h>

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

int ws_crossings_open(const struct ws_atlas *atlas, const struct ws_calls *calls, struct ws_crossings *crossings)
{
	struct ws_crossings made = { 0 };

	if (atlas->n_nodes > (uint32_t)UINT16_MAX + 1)
		return -EOVERFLOW;
	made.at = malloc((2 * (size_t)calls->n + 1) * sizeof(*made.at));
	if (!made.at)
		return -ENOMEM;
	for (uint32_t i = 0; i < calls->n; i++) {
		const struct ws_call *call = &calls->at[i];

		made.n_local += is_local(call);
		made.n_one_end += has_one_end(call->request);
		made.n_one_end += has_one_end(call->response);
		if (call->n_repeats) {
			made.n_repeated++;
			continue;
		}
		if (ws_crossing_of(atlas, call, WS_PASSAGE_REQUEST, &made.at[made.n])) {
			made.n++;
			made.n_requests++;
		}
		if (ws_crossing_of(atlas, call, WS_PASSAGE_RESPONSE, &made.at[made.n])) {
			made.n++;
			made.n_responses++;
		}
	}
	*crossings = made;
	return 0;
}

void ws_crossings_close(struct ws_crossings *crossings)
{
	if (!crossings)
		return;
	free(crossings->at);
	*crossings = (struct ws_crossings) { 0 };
}
