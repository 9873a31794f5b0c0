/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http - what a TCP payload begins with: an HTTP/1.x request line, a status line, a TLS record, an HTTP/2 connection or
 * HEADERS frame, or something else (RFC 9112 3, 4; RFC 8446 5.1; RFC 9113 3.4, 4.1).
 */
#ifndef WS_HTTP_H
#define WS_HTTP_H

#include "lib/bytes.h"

/* Methods are tokens of upper-case letters and '-' (the IANA registry has no other); this is the longest we take. */
#define WS_HTTP_METHOD_MAX 20
/* Bytes that ws_http_kind() may look at. */
#define WS_HTTP_START_LEN 32

enum ws_http_kind {
	WS_HTTP_NONE = 0,
	WS_HTTP_REQUEST = 1, /* looks like a request line as far as it was read: the search checks its end */
	WS_HTTP_RESPONSE = 2,
	WS_HTTP_TLS = 3,
	WS_HTTP_IN_METHOD = 4, /* the payload ends in what may be a request's method */
};

/* A TLS record header: content type 20..24, version 3.0 .. 3.4. */
static __always_inline int ws_http_is_tls(uint64_t word)
{
	uint8_t type = word & 0xff;

	return type >= 20 && type <= 24 && (word >> 8 & 0xff) == 3 && (word >> 16 & 0xff) <= 4;
}

/*
 * Classifies the payload that begins at off and ends at b->len, if that is less than WS_HTTP_START_LEN away.
 */
static __always_inline enum ws_http_kind ws_http_kind(const struct ws_bytes *b, uint32_t off)
{
	uint64_t word = ws_bytes_word(b, off);
	uint8_t first = word & 0xff;

	if (first < 'A' || first > 'Z')
		return ws_bytes_has(b, off, 3) && ws_http_is_tls(word) ? WS_HTTP_TLS : WS_HTTP_NONE;
	if ((word & 0xffffffffffffffu) ==
	    0x2e312f50545448u) /* "HTTP/1."; a blank follows the version of a status line */
		return ws_bytes_has(b, off, 9) && ws_bytes_u8(b, off + 8) == ' ' ? WS_HTTP_RESPONSE : WS_HTTP_NONE;
	if (!ws_bytes_has(b, off, 1))
		return WS_HTTP_NONE;

	WS_KEEP_LOOP
	for (uint32_t i = 1; i <= WS_HTTP_METHOD_MAX; i++) {
		uint8_t c;

		if (!ws_bytes_has(b, off, i + 1))
			return WS_HTTP_IN_METHOD;
		c = ws_bytes_u8(b, off + i);
		if (c == ' ') {
			uint8_t target;

			if (!ws_bytes_has(b, off, i + 2))
				return WS_HTTP_IN_METHOD;
			target = ws_bytes_u8(b, off + i + 1);
			return target > ' ' && target < 0x7f ? WS_HTTP_REQUEST : WS_HTTP_NONE;
		}
		if ((c < 'A' || c > 'Z') && c != '-')
			return WS_HTTP_NONE;
	}
	return WS_HTTP_NONE;
}

/* The status code of the status line at off; 0 where its three digits are none, or not at hand (RFC 9112 4). */
static __always_inline uint16_t ws_http_status(const struct ws_bytes *b, uint32_t off)
{
	uint32_t hundreds, tens, ones;

	if (!ws_bytes_has(b, off, 12))
		return 0;
	hundreds = ws_bytes_u8(b, off + 9) - (uint32_t)'0';
	tens = ws_bytes_u8(b, off + 10) - (uint32_t)'0';
	ones = ws_bytes_u8(b, off + 11) - (uint32_t)'0';
	return hundreds > 9 || tens > 9 || ones > 9 ? 0 : (uint16_t)(100 * hundreds + 10 * tens + ones);
}

/* Does the line that ends before end_off end in " HTTP/1.<digit>"? */
static __always_inline int ws_http_ends_request_line(const struct ws_bytes *b, uint32_t end_off)
{
	if (end_off < 9)
		return 0;

	uint64_t word = ws_bytes_word(b, end_off - 8);
	uint8_t digit = word >> 56;

	return (word & 0xffffffffffffffu) == 0x2e312f50545448u && digit >= '0' && digit <= '9' &&
	       ws_bytes_u8(b, end_off - 9) == ' ';
}

/*
 * Is the request line at pos, whose end is not at hand, worth taking for one? Its target must have one of the four
 * forms of RFC 9112 3.2: origin-form, absolute-form, asterisk-form, or CONNECT's authority-form. Returns 1, 0, or -1 if
 * the bytes end before the target begins.
 */
static __always_inline int ws_http_plausible_target(const struct ws_bytes *b, uint32_t pos)
{
	WS_KEEP_LOOP
	for (uint32_t i = 1; i <= WS_HTTP_METHOD_MAX; i++) {
		uint8_t target;

		if (!ws_bytes_has(b, pos, i + 2))
			return -1;
		if (ws_bytes_u8(b, pos + i) != ' ')
			continue;
		target = ws_bytes_u8(b, pos + i + 1);
		return target == '/' || target == '*' || (target | 0x20) == 'h' ||
		       (ws_bytes_word(b, pos) == 0x205443454e4e4f43u); /* "CONNECT " */
	}
	return 0;
}

/* Bytes that ws_http2_is_preface() and ws_http2_is_headers() look at. */
#define WS_HTTP2_PREFACE_LEN	  24
#define WS_HTTP2_FRAME_HEADER_LEN 9

/* Of HTTP/2's frames those that carry headers, their flags, and what may stand in front of a block (RFC
 * 9113 6.2, 6.10). */
enum ws_http2_type {
	WS_HTTP2_HEADERS = 1,
	WS_HTTP2_CONTINUATION = 9,
};

enum ws_http2_flag {
	WS_HTTP2_END_HEADERS = 0x04,
	WS_HTTP2_PADDED = 0x08,
	WS_HTTP2_PRIORITY = 0x20,
};

#define WS_HTTP2_PRIORITY_LEN 5

/* Does a client's HTTP/2 connection begin at off: "PRI * HTTP/2.0", empty line, "SM", empty line (RFC 9113 3.4)? */
static __always_inline int ws_http2_is_preface(const struct ws_bytes *b, uint32_t off)
{
	return ws_bytes_has(b, off, WS_HTTP2_PREFACE_LEN) && ws_bytes_word(b, off) == 0x5448202a20495250u &&
	       ws_bytes_word(b, off + 8) == 0x0a0d302e322f5054u && ws_bytes_word(b, off + 16) == 0x0a0d0a0d4d530a0du;
}

/*
 * Is it beyond much doubt the header of an HTTP/2 HEADERS frame that stands at off (RFC 9113 4.1, 6.2)? Such a frame of
 * usual size, with no flag but those defined, END_HEADERS among them, on a stream that a client opened: 24 of its 72
 * bits must be as they are.
 */
static __always_inline int ws_http2_is_headers(const struct ws_bytes *b, uint32_t off)
{
	uint64_t word = ws_bytes_word(b, off);
	uint32_t len = (word & 0xff) << 16 | (word & 0xff00) | (word >> 16 & 0xff), flags = word >> 32 & 0xff;

	return ws_bytes_has(b, off, WS_HTTP2_FRAME_HEADER_LEN) && (word >> 24 & 0xff) == 1 && len >= 1 &&
	       len <= 16384 && (flags & ~0x2du) == 0 && (flags & 4) && !(word >> 40 & 0x80) &&
	       (ws_bytes_u8(b, off + 8) & 1);
}

/*
 * Is the HEADERS frame at off (see ws_http2_is_headers()) an answer's? The first field of such a block is :status, one
 * of the entries 8 to 14 of the static table, or by the name of entry 8 (RFC 7541 6.1, 6.2, appendix A; RFC 9113 8.3).
 */
static __always_inline int ws_http2_is_answer(const struct ws_bytes *b, uint32_t off)
{
	uint8_t flags = ws_bytes_u8(b, off + 4), first;

	off += WS_HTTP2_FRAME_HEADER_LEN + (flags & WS_HTTP2_PADDED ? 1 : 0) +
	       (flags & WS_HTTP2_PRIORITY ? WS_HTTP2_PRIORITY_LEN : 0);
	if (!ws_bytes_has(b, off, 1))
		return 0;
	first = ws_bytes_u8(b, off);
	return (first >= 0x88 && first <= 0x8e) || first == 0x48 || first == 0x08 || first == 0x18;
}

#endif
