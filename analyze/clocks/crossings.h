/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crossings - the packets that went from one node's NIC to another's: requests and responses of calls.
 */
#ifndef WS_ANALYZE_CROSSINGS_H
#define WS_ANALYZE_CROSSINGS_H

#include "analyze/mesh/atlas.h"
#include "analyze/mesh/presence.h"
#include "analyze/mesh/traces.h"
#include "analyze/clocks/clocks.h"

struct ws_crossings {
	struct ws_crossing *at; /* in order of the calls, a call's request before its response */
	uint32_t n;
	uint32_t room;
	uint64_t n_requests;
	uint64_t n_responses;
	uint64_t n_repeated; /* calls left out: one of their packets was seen twice, so which met which is not known */
	uint64_t n_local;    /* calls within a node */
	uint64_t n_one_end;  /* packets of calls seen at one NIC only */
};

/* Tells how a call's packet went from one node's NIC to another's; false: it did not, or was not seen at both. */
bool ws_crossing_of(const struct ws_atlas *atlas, const struct ws_call *call, enum ws_passage_kind kind,
		    struct ws_crossing *crossing);

/* Adds those of further calls; all-zero is an empty one. 0, -ENOMEM, or -EOVERFLOW: more nodes than 65536, or more
 * than 2^31 crossings. To be closed with ws_crossings_close(). */
int ws_crossings_add(const struct ws_atlas *atlas, const struct ws_calls *calls, struct ws_crossings *crossings);

/*
 * Goes through all traces, from where they are: their crossings (NULL: not wanted), and what their calls teach a
 * lookout (likewise). 0, or what ws_crossings_add() and ws_traces_next() say, in words. 24 bytes a packet.
 */
int ws_crossings_gather(const struct ws_atlas *atlas, struct ws_traces *traces, struct ws_lookout *watch,
			struct ws_crossings *crossings, struct ws_error *err);

/* NULL is fine. */
void ws_crossings_close(struct ws_crossings *crossings);

#endif
