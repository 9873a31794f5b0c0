/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * context - the search for a distributed tracing context in an HTTP/1.x request head.
 *
 * One text for kernel and host. The search walks the head a line at a time in small steps, each of which needs no loop
 * of unknown length, so that the kernel runs it under bpf_loop() and the host under while. Header names are compared
 * only where a line starts and only up to the empty line that ends the head. The first complete context ends it.
 *
 * A further family is a line or two in WS_CONTEXT_HEADERS, a case in ws_search_value() and one in ws_search_finish().
 *
 * Sources: W3C Trace Context 3.2 (traceparent), openzipkin/b3-propagation (multiple headers), RFC 9112 2.2, 5.
 */
#ifndef WS_CONTEXT_H
#define WS_CONTEXT_H

#include "lib/bytes.h"
#include "lib/http.h"
#include "lib/record.h"

/* Payload bytes that one search can cover, what it peeks at behind the window included. */
#define WS_SEARCH_MAX 16448
/* Bytes behind the window that may be looked at to see that a value within it ends as it must. */
#define WS_SEARCH_PEEK 64
/* The largest window: the N of "search N bytes". */
#define WS_WINDOW_MAX (WS_SEARCH_MAX - WS_SEARCH_PEEK)

/* Header fields that carry a part of a context: name with its colon, in lower case; the part. At most 24 bytes. */
#define WS_CONTEXT_HEADERS(X)                      \
	X("traceparent:", WS_PART_W3C)             \
	X("x-b3-traceid:", WS_PART_B3_TRACE)       \
	X("x-b3-spanid:", WS_PART_B3_SPAN)         \
	X("x-b3-parentspanid:", WS_PART_B3_PARENT) \
	X("x-b3-sampled:", WS_PART_B3_SAMPLED)     \
	X("x-b3-flags:", WS_PART_B3_FLAGS)

enum ws_part {
	WS_PART_NONE = 0,
	WS_PART_W3C,
	WS_PART_B3_TRACE,
	WS_PART_B3_SPAN,
	WS_PART_B3_PARENT,
	WS_N_ID_PARTS, /* the parts above hold ids, and their place is kept */
	WS_PART_B3_SAMPLED,
	WS_PART_B3_FLAGS,
};

enum ws_search_state {
	WS_SEARCH_REQUEST_LINE = 0,
	WS_SEARCH_LINES,  /* looking for the end of a header line */
	WS_SEARCH_BLANKS, /* behind a context header's colon */
	WS_SEARCH_TRAIL,  /* behind a context header's value */
};

enum ws_search_end {
	WS_SEARCH_GOES_ON = 0,
	WS_SEARCH_NOT_HTTP, /* the first line is no request line */
	WS_SEARCH_HEAD_END, /* the empty line was reached */
	WS_SEARCH_RAN_OUT,  /* of bytes, or of window */
	WS_SEARCH_FOUND,
};

/* The state of one search. Offsets count from the request line's first byte, which is byte 0 of the bytes searched. */
struct ws_search {
	uint32_t window;		   /* ids count when they end at or before this offset */
	uint32_t pos;			   /* the next byte to look at */
	uint32_t line_off;		   /* start of the header line that pos is in */
	uint32_t begin_off[WS_N_ID_PARTS]; /* by part: its header line */
	uint32_t end_off[WS_N_ID_PARTS];   /* by part: behind its last id */
	uint8_t w3c_trace_id[16];
	uint8_t w3c_span_id[8];
	uint8_t b3_trace_id[16];
	uint8_t b3_span_id[8];
	uint8_t b3_parent_id[8];
	uint8_t state; /* enum ws_search_state */
	uint8_t end;   /* enum ws_search_end */
	uint8_t part;  /* enum ws_part of the line being read */
	uint8_t parts; /* bit 1 << part: this part was read and is valid */
	uint8_t malformed;
	uint8_t w3c_later_version; /* above 00: the value may go on behind a '-' */
	uint8_t w3c_sampled;	   /* enum ws_sampled */
	uint8_t b3_sampled;
	uint8_t b3_debug;
	uint8_t b3_trace_id_64;
};

/* What follows the ids in a traceparent: "-" and two digits. */
#define WS_W3C_FLAGS_LEN 3

#define WS_PARTS_B3_IDS (1u << WS_PART_B3_TRACE | 1u << WS_PART_B3_SPAN)

static __always_inline int ws_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Eight lower-case hex digits, the first in the lowest byte, to four bytes in the same order. Returns 0, or -1. */
static __always_inline int ws_hex8(uint64_t digits, uint32_t *bytes)
{
	const uint64_t ones = 0x0101010101010101u;
	const uint64_t tops = ones << 7;

	if (digits & tops)
		return -1;

	uint64_t from_0 = digits + ones * (0x80 - '0');
	uint64_t over_9 = digits + ones * (0x80 - '9' - 1);
	uint64_t from_a = digits + ones * (0x80 - 'a');
	uint64_t over_f = digits + ones * (0x80 - 'f' - 1);

	if ((((from_0 & ~over_9) | (from_a & ~over_f)) & tops) != tops)
		return -1;

	uint64_t n = (digits & (ones * 0x0f)) + ((digits >> 6) & ones) * 9;

	n = (n << 4 | n >> 8) & 0x00ff00ff00ff00ffu;
	n = (n | n >> 8) & 0x0000ffff0000ffffu;
	*bytes = (uint32_t)(n | n >> 16);
	return 0;
}

/* Sixteen hex digits at off to the 8 bytes of id. Returns 0, or -1 if they are not all hex digits. */
WS_ONE_COPY int ws_hex16(const struct ws_bytes *b, uint32_t off, uint64_t *id)
{
	uint32_t low, high;

	if (ws_hex8(ws_bytes_word(b, off), &low) || ws_hex8(ws_bytes_word(b, off + 8), &high))
		return -1;
	*id = (uint64_t)high << 32 | low;
	return 0;
}

static __always_inline int ws_is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A lower-case name of at most 24 bytes against the bytes at off; letters match in any case. first: its first word. */
static __always_inline int ws_name_is(const struct ws_bytes *b, uint32_t off, uint64_t first, const char *padded,
				      uint32_t len)
{
	const uint64_t ones = 0x0101010101010101u;

#ifdef __bpf__
#pragma unroll
#endif
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t want, keep = ~0ull, letters, have;

		if (i * 8 >= len)
			break;
		__builtin_memcpy(&want, padded + i * 8, 8);
		if (len - i * 8 < 8)
			keep = (1ull << ((len - i * 8) * 8)) - 1;
		letters = (want + ones * (0x80 - 'a')) & ~(want + ones * (0x80 - 'z' - 1)) & (ones << 7);
		have = i ? ws_bytes_word(b, off + i * 8) : first;
		if ((have ^ want) & ~(letters >> 2) & keep)
			return 0;
	}
	return ws_bytes_has(b, off, len);
}

/* Which context header begins at off? Sets *name_len. */
static __always_inline uint8_t ws_context_header(const struct ws_bytes *b, uint32_t off, uint64_t first,
						 uint32_t *name_len)
{
#define WS_MATCH(name, part)                                               \
	{                                                                  \
		static const char padded[32] = name;                       \
		if (ws_name_is(b, off, first, padded, sizeof(name) - 1)) { \
			*name_len = sizeof(name) - 1;                      \
			return part;                                       \
		}                                                          \
	}
	WS_CONTEXT_HEADERS(WS_MATCH)
#undef WS_MATCH
	return WS_PART_NONE;
}

static __always_inline int ws_search_is_complete(const struct ws_search *s)
{
	return (s->parts & (1u << WS_PART_W3C)) || (s->parts & WS_PARTS_B3_IDS) == WS_PARTS_B3_IDS;
}

static __always_inline int ws_search_stop(struct ws_search *s, uint8_t end)
{
	s->end = end;
	return 1;
}

/* A context header's value breaks its standard: forget it, and go on behind its line. */
static __always_inline int ws_search_refuse(struct ws_search *s)
{
	s->malformed = 1;
	s->parts &= (uint8_t) ~(1u << s->part);
	s->state = WS_SEARCH_LINES;
	return 0;
}

static __always_inline int ws_search_take(struct ws_search *s, uint32_t part, uint32_t value_end_off)
{
	s->parts |= (uint8_t)(1u << part);
	s->begin_off[part] = s->line_off;
	s->end_off[part] = value_end_off;
	s->pos = value_end_off;
	s->state = WS_SEARCH_TRAIL;
	return 0;
}

/* A value is shorter than its standard says, as far as it is at hand. Was it cut, or does its line end too soon? */
WS_ONE_COPY int ws_search_short(struct ws_search *s, const struct ws_bytes *b)
{
	if (ws_bytes_find_newline(b, s->pos) < b->len)
		return ws_search_refuse(s);
	return ws_search_stop(s, WS_SEARCH_RAN_OUT);
}

/*
 * traceparent (W3C Trace Context 3.2.2): version "-" trace-id "-" parent-id "-" flags, all lower-case hex. The ids must
 * be at hand; the flags count as far as they are.
 */
static __always_inline int ws_search_traceparent(struct ws_search *s, const struct ws_bytes *b)
{
	uint32_t at = s->pos, n_tail, low, high;
	uint64_t head = ws_bytes_word(b, at), tail, trace[2], span;

	if (!ws_bytes_has(b, at, 52))
		return ws_search_short(s, b);
	if (!ws_is_hex(head & 0xff) || !ws_is_hex(head >> 8 & 0xff) || (head & 0xffff) == 0x6666 /* "ff" */ ||
	    (head >> 16 & 0xff) != '-' || ws_bytes_u8(b, at + 35) != '-' || ws_hex16(b, at + 3, &trace[0]) ||
	    ws_hex16(b, at + 19, &trace[1]) || ws_hex16(b, at + 36, &span) || !(trace[0] | trace[1]) || !span)
		return ws_search_refuse(s);
	s->w3c_later_version = (head & 0xffff) != 0x3030; /* "00" */
	s->w3c_sampled = WS_SAMPLED_UNKNOWN;

	n_tail = b->len - at - 52;
	tail = ws_bytes_word(b, at + 52);
	low = tail >> 16 & 0xff;
	high = tail >> 8 & 0xff;
	if ((n_tail > 0 && (tail & 0xff) != '-') || (n_tail > 1 && !ws_is_hex(high)) || (n_tail > 2 && !ws_is_hex(low)))
		return ws_search_refuse(s);
	if (n_tail > 2) /* bit 0 of the flags; 'a' is an odd character and an even digit */
		s->w3c_sampled = ((low >= 'a' ? low - 'a' + 10 : low) & 1) ? WS_SAMPLED_YES : WS_SAMPLED_NO;
	__builtin_memcpy(s->w3c_trace_id, trace, 16);
	__builtin_memcpy(s->w3c_span_id, &span, 8);
	ws_search_take(s, WS_PART_W3C, at + 52);
	s->pos = at + 52 + (n_tail > WS_W3C_FLAGS_LEN ? WS_W3C_FLAGS_LEN : n_tail);
	return 0;
}

/* X-B3-TraceId: 32 or 16 lower-case hex digits, not all zero. */
static __always_inline int ws_search_b3_trace(struct ws_search *s, const struct ws_bytes *b)
{
	uint32_t at = s->pos;
	uint64_t id[2];
	uint8_t behind;

	if (!ws_bytes_has(b, at, 17))
		return ws_search_short(s, b);
	if (ws_hex16(b, at, &id[0]))
		return ws_search_refuse(s);
	behind = ws_bytes_u8(b, at + 16);
	if (ws_is_hex(behind)) {
		if (!ws_bytes_has(b, at, 32))
			return ws_search_short(s, b);
		if (ws_hex16(b, at + 16, &id[1]) || !(id[0] | id[1]))
			return ws_search_refuse(s);
		s->b3_trace_id_64 = 0;
		__builtin_memcpy(s->b3_trace_id, id, 16);
		return ws_search_take(s, WS_PART_B3_TRACE, at + 32);
	}
	if (!id[0])
		return ws_search_refuse(s);
	id[1] = id[0];
	id[0] = 0;
	s->b3_trace_id_64 = 1;
	__builtin_memcpy(s->b3_trace_id, id, 16);
	return ws_search_take(s, WS_PART_B3_TRACE, at + 16);
}

/* X-B3-SpanId and X-B3-ParentSpanId: 16 lower-case hex digits, not all zero. */
static __always_inline int ws_search_b3_span(struct ws_search *s, const struct ws_bytes *b, uint32_t part,
					     uint8_t to[8])
{
	uint32_t at = s->pos;
	uint64_t id;

	if (!ws_bytes_has(b, at, 16))
		return ws_search_short(s, b);
	if (ws_hex16(b, at, &id) || !id)
		return ws_search_refuse(s);
	__builtin_memcpy(to, &id, 8);
	return ws_search_take(s, part, at + 16);
}

/*
 * X-B3-Sampled (1, 0, true, false), of which the first counts, and X-B3-Flags (1: debug, which implies sampled and
 * overrides). Anything else says nothing.
 */
static __always_inline int ws_search_b3_decision(struct ws_search *s, const struct ws_bytes *b)
{
	uint8_t c = ws_bytes_has(b, s->pos, 1) ? ws_bytes_u8(b, s->pos) : 0;

	if (s->part == WS_PART_B3_FLAGS)
		s->b3_debug |= c == '1';
	else if (s->b3_sampled == WS_SAMPLED_UNKNOWN && (c == '1' || c == 't'))
		s->b3_sampled = WS_SAMPLED_YES;
	else if (s->b3_sampled == WS_SAMPLED_UNKNOWN && (c == '0' || c == 'f'))
		s->b3_sampled = WS_SAMPLED_NO;
	s->state = WS_SEARCH_LINES;
	return 0;
}

/* Reads the value at s->pos, behind the blanks. A part that was read before stands: the first one counts. */
static __always_inline int ws_search_value(struct ws_search *s, const struct ws_bytes *b)
{
	if (s->parts & (1u << s->part)) {
		s->state = WS_SEARCH_LINES;
		return 0;
	}
	switch (s->part) {
	case WS_PART_W3C:
		return ws_search_traceparent(s, b);
	case WS_PART_B3_TRACE:
		return ws_search_b3_trace(s, b);
	case WS_PART_B3_SPAN:
		return ws_search_b3_span(s, b, WS_PART_B3_SPAN, s->b3_span_id);
	case WS_PART_B3_PARENT:
		return ws_search_b3_span(s, b, WS_PART_B3_PARENT, s->b3_parent_id);
	default:
		return ws_search_b3_decision(s, b);
	}
}

/* Skips up to eight blanks behind the colon; then the value. */
static __always_inline int ws_search_blanks(struct ws_search *s, const struct ws_bytes *b)
{
	WS_KEEP_LOOP
	for (int i = 0; i < 8; i++) {
		if (!ws_bytes_has(b, s->pos, 1))
			return ws_search_stop(s, WS_SEARCH_RAN_OUT);
		if (!ws_is_blank(ws_bytes_u8(b, s->pos)))
			return ws_search_value(s, b);
		s->pos++;
	}
	return 0;
}

/* The value has ended as it must. */
static __always_inline int ws_search_accept(struct ws_search *s)
{
	s->state = WS_SEARCH_LINES;
	if (s->parts & (1u << WS_PART_W3C))
		return ws_search_stop(s, WS_SEARCH_FOUND);
	return 0;
}

/* Behind a value only blanks may stand before the line's end. What is not at hand is given the benefit of the doubt. */
static __always_inline int ws_search_trail(struct ws_search *s, const struct ws_bytes *b)
{
	WS_KEEP_LOOP
	for (int i = 0; i < 8; i++) {
		uint8_t c;

		if (!ws_bytes_has(b, s->pos, 1)) {
			s->state = WS_SEARCH_LINES;
			return ws_search_stop(s, ws_search_is_complete(s) ? WS_SEARCH_FOUND : WS_SEARCH_RAN_OUT);
		}
		c = ws_bytes_u8(b, s->pos);
		if (c == '\n' || (s->part == WS_PART_W3C && s->w3c_later_version && c == '-' &&
				  s->pos == s->end_off[WS_PART_W3C] + WS_W3C_FLAGS_LEN))
			return ws_search_accept(s);
		if (c == '\r') {
			if (ws_bytes_has(b, s->pos, 2) && ws_bytes_u8(b, s->pos + 1) != '\n')
				return ws_search_refuse(s);
			return ws_search_accept(s);
		}
		if (!ws_is_blank(c))
			return ws_search_refuse(s);
		s->pos++;
	}
	return 0;
}

/* A line begins at off: the end of the head, a context header, or another line. */
static __always_inline int ws_search_line(struct ws_search *s, const struct ws_bytes *b, uint32_t off)
{
	uint64_t first = ws_bytes_word(b, off);
	uint32_t name_len = 0;
	uint8_t c = first & 0xff;

	s->pos = off;
	s->line_off = off;
	s->part = WS_PART_NONE;
	s->state = WS_SEARCH_LINES;
	if (!ws_bytes_has(b, off, 1))
		return ws_search_stop(s, ws_search_is_complete(s) ? WS_SEARCH_FOUND : WS_SEARCH_RAN_OUT);
	if (c == '\n' || ((first & 0xffff) == 0x0a0d && ws_bytes_has(b, off, 2)))
		return ws_search_stop(s, ws_search_is_complete(s) ? WS_SEARCH_FOUND : WS_SEARCH_HEAD_END);
	if (off < s->window && ((c | 0x20) == 'x' || (c | 0x20) == 't'))
		s->part = ws_context_header(b, off, first, &name_len);
	if (ws_search_is_complete(s) && s->part < WS_PART_B3_PARENT)
		return ws_search_stop(s, WS_SEARCH_FOUND);
	if (off >= s->window)
		return ws_search_stop(s, WS_SEARCH_RAN_OUT);
	if (s->part != WS_PART_NONE) {
		s->pos = off + name_len;
		s->state = WS_SEARCH_BLANKS;
	}
	return 0;
}

/* Looks for the end of the line that pos is in. */
static __always_inline int ws_search_newline(struct ws_search *s, const struct ws_bytes *b)
{
	uint32_t at = ws_bytes_find_newline(b, s->pos);
	int is_found = at < s->pos + WS_BYTES_STEP;

	if (at >= b->len) {
		s->pos = b->len;
		if (s->state == WS_SEARCH_REQUEST_LINE && !ws_http_plausible_target(b))
			return ws_search_stop(s, WS_SEARCH_NOT_HTTP);
		return ws_search_stop(s, ws_search_is_complete(s) ? WS_SEARCH_FOUND : WS_SEARCH_RAN_OUT);
	}
	if (!is_found) {
		s->pos = at;
		return 0;
	}
	if (s->state == WS_SEARCH_REQUEST_LINE) {
		uint32_t end_off = at;

		if (at > 0 && ws_bytes_u8(b, at - 1) == '\r')
			end_off = at - 1;
		if (!ws_http_ends_request_line(b, end_off))
			return ws_search_stop(s, WS_SEARCH_NOT_HTTP);
	}
	return ws_search_line(s, b, at + 1);
}

/* Prepares a search for contexts whose ids end within the first window bytes. */
static __always_inline void ws_search_init(struct ws_search *s, uint32_t window)
{
	__builtin_memset(s, 0, sizeof(*s));
	s->window = window;
}

/*
 * One step of a search over b, whose byte 0 is the request line's first byte and which holds at least
 * min(payload, window + WS_SEARCH_PEEK) bytes; the answer does not depend on bytes behind those. Returns 1 when the
 * search has ended, else 0. Every step either ends, moves pos forward, or changes state once before it does: 2 * len +
 * 2 steps are enough.
 */
static __always_inline int ws_search_step(struct ws_search *s, const struct ws_bytes *b)
{
	struct ws_bytes seen = *b;

	if (seen.len > s->window + WS_SEARCH_PEEK)
		seen.len = s->window + WS_SEARCH_PEEK;
	switch (s->state) {
	case WS_SEARCH_BLANKS:
		return ws_search_blanks(s, &seen);
	case WS_SEARCH_TRAIL:
		return ws_search_trail(s, &seen);
	default:
		return ws_search_newline(s, &seen);
	}
}

/* The context's place: from its first header line to the end of its last id. */
static __always_inline void ws_search_place(const struct ws_search *s, struct ws_record *r)
{
	if (s->parts & (1u << WS_PART_W3C)) {
		r->ctx_off = s->begin_off[WS_PART_W3C];
		r->ids_end_off = s->end_off[WS_PART_W3C];
		r->ctx_len = r->ids_end_off - r->ctx_off;
		return;
	}

	uint32_t begin = s->begin_off[WS_PART_B3_TRACE], end = s->end_off[WS_PART_B3_TRACE];

	if (s->begin_off[WS_PART_B3_SPAN] < begin)
		begin = s->begin_off[WS_PART_B3_SPAN];
	if (s->end_off[WS_PART_B3_SPAN] > end)
		end = s->end_off[WS_PART_B3_SPAN];
	r->ids_end_off = end;
	if (s->parts & (1u << WS_PART_B3_PARENT)) {
		if (s->begin_off[WS_PART_B3_PARENT] < begin)
			begin = s->begin_off[WS_PART_B3_PARENT];
		if (s->end_off[WS_PART_B3_PARENT] > end)
			end = s->end_off[WS_PART_B3_PARENT];
	}
	r->ctx_off = begin;
	r->ctx_len = end - begin;
}

/* Why a search that ended without a context did not find one. head_len: bytes of the head's payload there are. */
static __always_inline uint8_t ws_search_why_not(const struct ws_search *s, uint32_t head_len)
{
	if (s->end == WS_SEARCH_NOT_HTTP)
		return WS_REASON_OTHER_PAYLOAD;
	if (s->end == WS_SEARCH_HEAD_END) {
		if (s->malformed)
			return WS_REASON_MALFORMED;
		return s->parts & WS_PARTS_B3_IDS ? WS_REASON_INCOMPLETE : WS_REASON_NO_CONTEXT;
	}
	return head_len > s->window ? WS_REASON_BEYOND_WINDOW : WS_REASON_SPLIT;
}

/*
 * Writes what an ended search found into the record: reason, family, ids, their place. The fields stay zero that have
 * no value. payload_len: bytes of payload from the request line on, searched or not.
 */
static __always_inline void ws_search_finish(const struct ws_search *s, uint32_t payload_len, struct ws_record *r)
{
	r->searched_len = s->pos < s->window ? s->pos : s->window;
	if (s->end == WS_SEARCH_NOT_HTTP || !ws_search_is_complete(s)) {
		r->reason = ws_search_why_not(s, payload_len);
		return;
	}
	ws_search_place(s, r);
	if (r->ids_end_off > s->window) {
		r->reason = WS_REASON_BEYOND_WINDOW;
		r->ctx_off = r->ctx_len = r->ids_end_off = 0;
		return;
	}
	r->reason = WS_REASON_CONTEXT;
	if (s->parts & (1u << WS_PART_W3C)) {
		r->family = WS_FAMILY_W3C;
		r->sampled = s->w3c_sampled;
		__builtin_memcpy(r->trace_id, s->w3c_trace_id, 16);
		__builtin_memcpy(r->span_id, s->w3c_span_id, 8);
		return;
	}
	r->family = WS_FAMILY_B3;
	r->sampled = s->b3_debug ? WS_SAMPLED_YES : s->b3_sampled;
	r->flags |= s->b3_trace_id_64 ? WS_FLAG_TRACE_ID_64 : 0;
	__builtin_memcpy(r->trace_id, s->b3_trace_id, 16);
	__builtin_memcpy(r->span_id, s->b3_span_id, 8);
	if (s->parts & (1u << WS_PART_B3_PARENT))
		__builtin_memcpy(r->parent_span_id, s->b3_parent_id, 8);
}

#endif
