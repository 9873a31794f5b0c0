/* SPDX-License-Identifier: BSD-2-Clause */
/* framing - where an HTTP/1.x request ends: its head, and the body that the head announces (RFC 9112 6). */
#ifndef WS_FRAMING_H
#define WS_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chunks.h"

struct ws_framing {
	uint32_t head_len;  /* request line to the empty line, both included */
	uint64_t body_len;  /* by Content-Length; 0 without one */
	bool is_chunked;    /* the body says itself where it ends: follow it with ws_chunks_read() */
	bool is_open_ended; /* a length that cannot be read: where the body ends is not known */
};

/*
 * Follows a chunked body through len more bytes. Returns how many of them belong to it; *has_ended says whether the
 * body ends there. Bytes that are no chunked body end it, too: nothing is known of what follows them.
 */
uint32_t ws_chunks_read(struct ws_chunks *c, const uint8_t *bytes, uint32_t len, bool *has_ended);

/*
 * Reads the head that begins at bytes. Returns 0 with *framing filled if it ends within len bytes, -EAGAIN if it does
 * not.
 */
int ws_framing_read(const uint8_t *bytes, uint32_t len, struct ws_framing *framing);

#endif
