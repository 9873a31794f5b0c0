/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* chunks - where a chunked body ends (RFC 9112 7.1), a byte at a time but for the chunks' data. For kernel and host. */
#ifndef WS_CHUNKS_H
#define WS_CHUNKS_H

#include "lib/bytes.h"

/* A longer chunk is none: a quarter of the sequence space. */
#define WS_CHUNK_MAX (1u << 30)

enum ws_chunks_state {
	WS_CHUNKS_SIZE = 0, /* reading hex digits */
	WS_CHUNKS_EXTENSION,
	WS_CHUNKS_DATA,
	WS_CHUNKS_TRAILER,
};

/* How far a chunked body has been followed. Zero: at its first byte. */
struct ws_chunks {
	uint32_t left;	       /* DATA: bytes of the chunk, its final CR LF included */
	uint32_t size;	       /* of the chunk whose size line is being read */
	uint8_t state;	       /* enum ws_chunks_state */
	uint8_t has_digit;     /* the size line has one */
	uint8_t is_line_empty; /* nothing yet on the trailer line */
	uint8_t zero;
};

enum ws_chunks_step {
	WS_CHUNKS_GO_ON = 0,
	WS_CHUNKS_SKIP,	  /* data follows: left bytes, to be taken by ws_chunks_skip() */
	WS_CHUNKS_ENDED,  /* the body ends with this byte */
	WS_CHUNKS_BROKEN, /* this is no chunked body: nothing is known from this byte on */
};

/* The value of a hex digit; 16 for anything else. */
static __always_inline uint32_t ws_chunks_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16;
}

/* Takes the next byte; not in state DATA. */
static __always_inline enum ws_chunks_step ws_chunks_byte(struct ws_chunks *c, uint8_t byte)
{
	if (c->state == WS_CHUNKS_SIZE) {
		uint32_t digit = ws_chunks_digit(byte);

		if (digit < 16 && c->size <= WS_CHUNK_MAX / 16) {
			c->size = c->size * 16 + digit;
			c->has_digit = 1;
			return WS_CHUNKS_GO_ON;
		}
		if (!c->has_digit || (byte != '\n' && byte != '\r' && byte != ';' && byte != ' '))
			return WS_CHUNKS_BROKEN;
		c->state = WS_CHUNKS_EXTENSION;
	}
	if (c->state == WS_CHUNKS_EXTENSION) {
		uint32_t size = c->size;

		if (byte != '\n')
			return WS_CHUNKS_GO_ON;
		c->left = size + 2;
		c->size = 0;
		c->has_digit = 0;
		c->is_line_empty = 1;
		c->state = size ? WS_CHUNKS_DATA : WS_CHUNKS_TRAILER;
		return size ? WS_CHUNKS_SKIP : WS_CHUNKS_GO_ON;
	}
	if (byte == '\n' && c->is_line_empty)
		return WS_CHUNKS_ENDED;
	if (byte != '\r')
		c->is_line_empty = byte == '\n';
	return WS_CHUNKS_GO_ON;
}

/* In state DATA: takes at most n bytes of the chunk's data. Returns how many. */
static __always_inline uint32_t ws_chunks_skip(struct ws_chunks *c, uint32_t n)
{
	if (n > c->left)
		n = c->left;
	c->left -= n;
	if (c->left == 0)
		c->state = WS_CHUNKS_SIZE;
	return n;
}

#endif
