/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http2_wire - what an HTTP/2 client sends, written down with the truth about it: where each request begins and ends,
 * and where the field stands that carries its context. Fields are compressed by nghttp2, one by one.
 */
#ifndef WS_TEST_HTTP2_WIRE_H
#define WS_TEST_HTTP2_WIRE_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_MAX	  (600u << 10)
#define WIRE_REQUESTS_MAX 64
#define WIRE_FIELDS_MAX	  16

enum {
	WIRE_DATA = 0,
	WIRE_HEADERS = 1,
	WIRE_PRIORITY = 2,
	WIRE_RST_STREAM = 3,
	WIRE_SETTINGS = 4,
	WIRE_PING = 6,
	WIRE_WINDOW_UPDATE = 8,
	WIRE_CONTINUATION = 9,
};

enum {
	WIRE_END_STREAM = 1,
	WIRE_END_HEADERS = 4,
	WIRE_PADDED = 8,
	WIRE_PRIORITY_FLAG = 0x20,
};

/* A request, as a reader must find it. Offsets count from the first byte of its HEADERS frame. */
struct wire_request {
	uint32_t off; /* in the wire's bytes */
	uint32_t stream;
	uint32_t number; /* of its context; 0: it has none */
	uint32_t len;	 /* of the header block, with all frame headers */
	uint32_t ctx_off;
	uint32_t ids_end_off;
	bool is_grpc;
};

struct wire {
	nghttp2_hd_deflater *deflater;
	uint32_t len;
	uint32_t n;
	struct wire_request request[WIRE_REQUESTS_MAX];
	uint8_t bytes[WIRE_MAX];
};

/* How a block is laid out in frames. Zero: one frame with nothing but the block. */
struct wire_layout {
	uint8_t padding; /* bytes, and the flag, if is_padded */
	bool is_padded;
	bool has_priority;
	uint8_t flags;	   /* of HEADERS, besides those of the layout and END_HEADERS */
	uint32_t fragment; /* bytes of the block in each frame; 0: all in one */
};

/* A block in the making. */
struct wire_block {
	uint32_t len;
	uint32_t begin[WIRE_FIELDS_MAX]; /* of field i */
	uint32_t end[WIRE_FIELDS_MAX];
	uint32_t n;
	uint8_t bytes[WIRE_MAX / 2];
};

#define WIRE_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static inline void wire_put(struct wire *w, const void *bytes, uint32_t len)
{
	if (len > WIRE_MAX - w->len)
		abort();
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static inline void wire_put_number(struct wire *w, uint32_t value, uint32_t n)
{
	for (; n; n--) {
		uint8_t byte = (uint8_t)(value >> 8 * (n - 1));

		wire_put(w, &byte, 1);
	}
}

static inline void wire_frame_header(struct wire *w, uint32_t len, uint8_t type, uint8_t flags, uint32_t stream)
{
	wire_put_number(w, len, 3);
	wire_put_number(w, type, 1);
	wire_put_number(w, flags, 1);
	wire_put_number(w, stream, 4);
}

static inline void wire_frame(struct wire *w, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
			      uint32_t len)
{
	wire_frame_header(w, len, type, flags, stream);
	wire_put(w, payload, len);
}

static inline void wire_begin(struct wire *w)
{
	w->len = w->n = 0;
	if (nghttp2_hd_deflate_new(&w->deflater, 64 << 10))
		abort();
}

static inline void wire_end(struct wire *w)
{
	nghttp2_hd_deflate_del(w->deflater);
	w->deflater = NULL;
}

static inline void wire_field_n(struct wire *w, struct wire_block *b, const char *name, const void *value, size_t len)
{
	nghttp2_nv nv = { (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), len, 0 };
	ssize_t n = nghttp2_hd_deflate_hd(w->deflater, b->bytes + b->len, sizeof(b->bytes) - b->len, &nv, 1);

	if (n < 0 || b->n == WIRE_FIELDS_MAX)
		abort();
	b->begin[b->n] = b->len;
	b->len += (uint32_t)n;
	b->end[b->n++] = b->len;
}

static inline void wire_field(struct wire *w, struct wire_block *b, const char *name, const char *value)
{
	wire_field_n(w, b, name, value, strlen(value));
}

/* Lays the block out in frames. begin and end: offsets in the block, turned into offsets from the HEADERS frame. */
static inline void wire_put_block(struct wire *w, const struct wire_block *b, uint32_t stream,
				  const struct wire_layout *layout, uint32_t *begin, uint32_t *end)
{
	const uint32_t first = w->len, begin_block = *begin, end_block = *end;
	uint32_t at = 0;

	do {
		bool is_first = at == 0;
		uint32_t n = layout->fragment && layout->fragment < b->len - at ? layout->fragment : b->len - at;
		uint32_t len = n;
		uint8_t flags = at + n == b->len ? WIRE_END_HEADERS : 0;

		if (is_first) {
			flags |= (uint8_t)(layout->flags | (layout->is_padded ? WIRE_PADDED : 0) |
					   (layout->has_priority ? WIRE_PRIORITY_FLAG : 0));
			len += layout->is_padded ? 1u + layout->padding : 0;
			len += layout->has_priority ? 5 : 0;
		}
		wire_frame_header(w, len, is_first ? WIRE_HEADERS : WIRE_CONTINUATION, flags, stream);
		if (is_first && layout->is_padded)
			wire_put_number(w, layout->padding, 1);
		if (is_first && layout->has_priority)
			wire_put(w, "\0\0\0\0\x0f", 5);
		if (begin_block >= at && begin_block < at + n)
			*begin = w->len - first + begin_block - at;
		if (end_block > at && end_block <= at + n)
			*end = w->len - first + end_block - at;
		wire_put(w, b->bytes + at, n);
		for (uint32_t i = 0; is_first && layout->is_padded && i < layout->padding; i++)
			wire_put_number(w, 0x80, 1); /* no field begins so */
		at += n;
	} while (at < b->len);
}

static inline void wire_traceparent(uint32_t number, char value[56])
{
	snprintf(value, 56, "00-0af7651916cd43dd8448eb21%08x-b7ad6b71%08x-01", number, ~number);
}

/* A request whose context says its number; 0: without one. */
static inline void wire_request(struct wire *w, uint32_t stream, uint32_t number, bool is_grpc,
				const struct wire_layout *layout)
{
	static struct wire_block b;
	struct wire_request *r = &w->request[w->n++];
	char value[56];

	if (w->n > WIRE_REQUESTS_MAX)
		abort();
	b.len = b.n = 0;
	*r = (struct wire_request) { .off = w->len, .stream = stream, .number = number, .is_grpc = is_grpc };
	wire_field(w, &b, ":method", is_grpc ? "POST" : "GET");
	wire_field(w, &b, ":scheme", "http");
	wire_field(w, &b, ":authority", "shop.example");
	wire_field(w, &b, ":path", "/api/v1/items?id=7");
	if (is_grpc)
		wire_field(w, &b, "content-type", "application/grpc");
	if (number) {
		wire_traceparent(number, value);
		wire_field(w, &b, "traceparent", value);
		r->ctx_off = b.begin[b.n - 1];
		r->ids_end_off = b.end[b.n - 1];
	}
	wire_field(w, &b, "accept", "*/*");
	wire_put_block(w, &b, stream, layout, &r->ctx_off, &r->ids_end_off);
	r->len = w->len - r->off;
}

/* Trailers with a field that the table keeps. */
static inline void wire_trailers(struct wire *w, uint32_t stream, const struct wire_layout *layout)
{
	static struct wire_block b;
	uint32_t begin = 0, end = 0;

	b.len = b.n = 0;
	wire_field(w, &b, "x-checksum", "0123456789abcdef");
	wire_put_block(w, &b, stream, layout, &begin, &end);
}

static const struct wire_layout wire_plain;

/* Everything that a client may do with its header blocks, and other frames in between. */
static inline void wire_connection(struct wire *w)
{
	const struct wire_layout padded = { .is_padded = true, .padding = 9, .has_priority = true };
	const struct wire_layout in_three = { .has_priority = true, .flags = WIRE_END_STREAM, .fragment = 40 };
	const struct wire_layout bytewise = { .is_padded = true, .padding = 3, .fragment = 1 };
	const struct wire_layout empty_padding = { .is_padded = true };
	const struct wire_layout ends = { .flags = WIRE_END_STREAM };

	wire_frame(w, WIRE_SETTINGS, 0, 0, "\0\3\0\0\0d", 6);
	wire_frame(w, WIRE_WINDOW_UPDATE, 0, 0, "\0\xff\0\0", 4);
	wire_request(w, 1, 7, false, &wire_plain);
	wire_request(w, 3, 8, true, &padded);
	wire_frame(w, WIRE_DATA, 0, 3, "\0\0\0\0\5hello", 10);
	wire_trailers(w, 3, &ends);
	wire_request(w, 5, 0, false, &in_three);
	wire_request(w, 7, 9, true, &in_three);
	wire_request(w, 9, 9, true, &bytewise); /* the same context: the field is an index */
	wire_trailers(w, 9, &bytewise);
	wire_request(w, 101, 10, false, &empty_padding);
}

#endif
