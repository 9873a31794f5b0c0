/* SPDX-License-Identifier: BSD-2-Clause */
/* calls_inner - for the files that make calls of passages. */
#ifndef WS_ANALYZE_CALLS_INNER_H
#define WS_ANALYZE_CALLS_INNER_H

#include <stdbool.h>

#include "analyze/mesh/calls.h"

/* So far back a response's request is looked for on its connection: more are not sent ahead of their answers. */
#define WS_PIPELINED_MAX 1024

/* Is a TCP sequence number before another, modulo 2^32 (RFC 9293 3.4)? */
static inline bool ws_seq_is_before(uint32_t seq, uint32_t other)
{
	return (int32_t)(seq - other) < 0;
}

/* All-zero but for the atlas is an empty one. */
struct ws_calls_work {
	const struct ws_atlas *atlas;
	uint32_t *member; /* requests of the traces that are asked for, by identity and time: indexes of passages */
	uint32_t n_members;
	uint32_t *call_of; /* by passage: its call, or WS_NO_CALL */
	uint32_t *list;	   /* responses, or all, by connection and time */
	size_t room;	   /* of each of them */
};

/* Frees what the work has; NULL is fine. */
void ws_calls_work_close(struct ws_calls_work *work);

/*
 * Makes the calls of the atlas's passages, which are those of one trace; answered: by passage, the identity of the
 * request that a response answers. As ws_calls_open(), but without parents; what calls had before is lost. 0 or
 * -ENOMEM.
 */
int ws_calls_of_trace(struct ws_calls_work *work, const struct ws_identity *answered, struct ws_calls *calls);

/* Gives a call a response that was seen at the point where its request was. */
void ws_answer_assign(const struct ws_atlas *atlas, uint32_t response, struct ws_call *call, struct ws_calls *calls);

/* By point and connection, then in the atlas's order, which is that of time. Of indexes of passages; context: these. */
int ws_connections_compare(const void *a, const void *b, void *context);

/*
 * Fills in a call's requests from the n passages of one identity, which come in order of time; all else of it is set to
 * nothing. A station takes the passages of the delivery that came first: the earliest at its exit, and the latest
 * before it at its entry; the others are repeats.
 */
void ws_stations_assign(const struct ws_atlas *atlas, const uint32_t *member, uint32_t n, struct ws_call *call);

/* Fills in the calls' responses. */
void ws_answers_assign(struct ws_calls_work *work, struct ws_calls *calls);

/* Fills in parents and the numbers of children, of calls that are in order. 0 or -ENOMEM. */
int ws_parents_assign(const struct ws_atlas *atlas, struct ws_calls *calls);

#endif
