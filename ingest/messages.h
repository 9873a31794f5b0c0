/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages - where the last requests of a TCP stream lie, bodies included: what tells a retransmission from a new
 * request, and a body that looks like a request from a request.
 */
#ifndef WS_MESSAGES_H
#define WS_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/framing.h"
#include "ingest/head.h"

#define WS_MESSAGES_MAX 32

/* A request's place in the stream. */
struct ws_message {
	uint32_t start_seq;
	uint32_t end_seq; /* behind the body as far as its end is known */
};

/* A chunked body under way. */
struct ws_body {
	bool is_open;
	uint32_t start_seq; /* of its request */
	uint32_t next_seq;
	struct ws_chunks chunks;
};

/* Zero: nothing is known. */
struct ws_messages {
	uint32_t n; /* ever; the last WS_MESSAGES_MAX are at n % WS_MESSAGES_MAX */
	struct ws_message message[WS_MESSAGES_MAX];
	struct ws_body body;
};

/* Is seq inside a known request, behind its first byte? Then *end_seq is behind the request, as far as that is known.
 */
bool ws_messages_covers(const struct ws_messages *m, uint32_t seq, uint32_t *end_seq);

/* Follows a chunked body through bytes that begin at seq, if they continue it. */
void ws_messages_continue_body(struct ws_messages *m, uint32_t seq, const uint8_t *bytes, uint32_t len);

/* Notes where the request ends, as far as its head says it by now. Returns whether the head has ended. */
bool ws_messages_note(struct ws_messages *m, const struct ws_head *d);

#endif
