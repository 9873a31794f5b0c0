/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http - what a TCP payload begins with: an HTTP/1.x request line, a status line, a TLS record, or something else
 * (RFC 9112 3, 4; RFC 8446 5.1).
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
};

/* A TLS record header: content type 20..24, version 3.0 .. 3.4. */
static __always_inline int ws_http_is_tls(uint64_t word)
{
	uint8_t type = word & 0xff;

	return type >= 20 && type <= 24 && (word >> 8 & 0xff) == 3 && (word >> 16 & 0xff) <= 4;
}

/*
 * Classifies the payload that begins at off. b->len bounds what is known of it; a payload cut inside its method is
 * no request, one cut behind "METHOD SP" is one.
 */
static __always_inline enum ws_http_kind ws_http_kind(const struct ws_bytes *b, uint32_t off)
{
	if (!ws_bytes_has(b, off, 3))
		return WS_HTTP_NONE;

	uint64_t word = ws_bytes_word(b, off);
	uint8_t first = word & 0xff;

	if (first < 'A' || first > 'Z')
		return ws_http_is_tls(word) ? WS_HTTP_TLS : WS_HTTP_NONE;
	if ((word & 0xffffffffffffffu) ==
	    0x2e312f50545448u) /* "HTTP/1."; a blank follows the version of a status line */
		return ws_bytes_has(b, off, 9) && ws_bytes_u8(b, off + 8) == ' ' ? WS_HTTP_RESPONSE : WS_HTTP_NONE;

	WS_KEEP_LOOP
	for (uint32_t i = 1; i <= WS_HTTP_METHOD_MAX; i++) {
		uint8_t c;

		if (!ws_bytes_has(b, off, i + 2))
			return WS_HTTP_NONE;
		c = ws_bytes_u8(b, off + i);
		if (c == ' ') {
			uint8_t target = ws_bytes_u8(b, off + i + 1);

			return target > ' ' && target < 0x7f ? WS_HTTP_REQUEST : WS_HTTP_NONE;
		}
		if ((c < 'A' || c > 'Z') && c != '-')
			return WS_HTTP_NONE;
	}
	return WS_HTTP_NONE;
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
 * Is a request line whose end is not at hand worth taking for one? Its target must have one of the four forms of
 * RFC 9112 3.2: origin-form, absolute-form, asterisk-form, or CONNECT's authority-form.
 */
static __always_inline int ws_http_plausible_target(const struct ws_bytes *b)
{
	WS_KEEP_LOOP
	for (uint32_t i = 1; i <= WS_HTTP_METHOD_MAX; i++) {
		uint8_t target;

		if (!ws_bytes_has(b, 0, i + 2))
			return 0;
		if (ws_bytes_u8(b, i) != ' ')
			continue;
		target = ws_bytes_u8(b, i + 1);
		return target == '/' || target == '*' || (target | 0x20) == 'h' ||
		       (ws_bytes_word(b, 0) == 0x205443454e4e4f43u); /* "CONNECT " */
	}
	return 0;
}

#endif
