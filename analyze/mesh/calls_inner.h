/* SPDX-License-Identifier: BSD-2-Clause */
/* calls_inner - for the files that make calls of passages. */
#ifndef WS_ANALYZE_CALLS_INNER_H
#define WS_ANALYZE_CALLS_INNER_H

#include "analyze/mesh/calls.h"

struct ws_calls_work {
	const struct ws_atlas *atlas;
	uint32_t *member; /* requests of the traces that are asked for, by identity and time: indexes of passages */
	uint32_t n_members;
	uint32_t *call_of; /* by passage: its call, or WS_NO_CALL */
};

/*
 * Fills in a call's requests from the n passages of one identity, which come in order of time; all else of it is set to
 * nothing. A station takes the passages of the delivery that came first: the earliest at its exit, and the latest
 * before it at its entry; the others are repeats.
 */
void ws_stations_assign(const struct ws_atlas *atlas, const uint32_t *member, uint32_t n, struct ws_call *call);

/* Fills in the calls' responses. 0 or -ENOMEM. */
int ws_answers_assign(struct ws_calls_work *work, struct ws_calls *calls);

/* Fills in parents and the numbers of children, of calls that are in order. 0 or -ENOMEM. */
int ws_parents_assign(const struct ws_atlas *atlas, struct ws_calls *calls);

#endif
