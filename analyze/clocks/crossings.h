/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crossings - the packets that went from one node's NIC to another's: requests and responses of calls.
 */
#ifndef WS_ANALYZE_CROSSINGS_H
#define WS_ANALYZE_CROSSINGS_H

#include "analyze/mesh/atlas.h"
#include "analyze/mesh/calls.h"
#include "analyze/clocks/clocks.h"

struct ws_crossings {
	struct ws_crossing *at; /* in order of the calls, a call's request before its response */
	uint32_t n;
	uint64_t n_requests;
	uint64_t n_responses;
	uint64_t n_repeated; /* calls left out: one of their packets was seen twice, so which met which is not known */
	uint64_t n_local;    /* calls within a node */
	uint64_t n_one_end;  /* packets of calls seen at one NIC only */
};

/* Tells how a call's packet went from one node's NIC to another's; false: it did not, or was not seen at both. */
bool ws_crossing_of(const struct ws_atlas *atlas, const struct ws_call *call, enum ws_passage_kind kind,
		    struct ws_crossing *crossing);

/* All of the calls. 0, -ENOMEM, or -EOVERFLOW: more nodes than 65536. To be closed with ws_crossings_close(). */
int ws_crossings_open(const struct ws_atlas *atlas, const struct ws_calls *calls, struct ws_crossings *crossings);

/* NULL is fine. */
void ws_crossings_close(struct ws_crossings *crossings);

#endif
