/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context_parts - what the values of context headers are made of: hex and decimal numbers, Base64, separators, and
 * their ends, where a value may be cut. Inner part of lib/context.h.
 *
 * Every ws_take_...() reads what stands at v->at and moves behind it. It returns WS_FLAW_NONE, the flaw, or WS_GOES_ON;
 * after the latter two v->at and what was asked for mean nothing.
 */
#ifndef WS_CONTEXT_PARTS_H
#define WS_CONTEXT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/families.h"

/* Beside enum ws_flaw: the bytes at hand end before the part does, and nothing is wrong so far. */
#define WS_GOES_ON 0xff

enum ws_digits {
	WS_DIGITS_LOWER_HEX = 0,
	WS_DIGITS_HEX,
	WS_DIGITS_DECIMAL,
};

/* A value under way. What separates its parts, and their digits, tell one flaw from another. */
struct ws_value {
	const uint8_t *begin;
	const uint8_t *end;
	const uint8_t *at;
	bool is_cut;	/* more bytes follow, or may */
	bool is_full;	/* those are never looked at: what is not there by now is taken as not there */
	char separator; /* ':' stands for "%3A", too */
	uint8_t digits; /* enum ws_digits */
};

/* Bytes of text that the Base64 in a value can hold. */
#define WS_BASE64_TEXT_MAX (WS_VALUE_MAX / 4 * 3)

static inline bool ws_value_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static inline size_t ws_value_left(const struct ws_value *v)
{
	return (size_t)(v->end - v->at);
}

/* Nothing but blanks may follow here. */
static inline bool ws_value_is_done(const struct ws_value *v)
{
	return v->at == v->end || ws_value_is_blank(*v->at);
}

static inline void ws_value_skip_blanks(struct ws_value *v)
{
	while (v->at < v->end && ws_value_is_blank(*v->at))
		v->at++;
}

static inline bool ws_value_is_digit(const struct ws_value *v, uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f' && v->digits != WS_DIGITS_DECIMAL) ||
	       (c >= 'A' && c <= 'F' && v->digits == WS_DIGITS_HEX);
}

static inline bool ws_value_begins_with(const struct ws_value *v, const char *word)
{
	return ws_value_left(v) >= strlen(word) && !memcmp(v->at, word, strlen(word));
}

/* n: a multiple of 8. */
static inline bool ws_is_zero(const uint8_t *bytes, size_t n)
{
	uint64_t any = 0, word;

	for (size_t i = 0; i < n; i += 8) {
		memcpy(&word, bytes + i, 8);
		any |= word;
	}
	return any == 0;
}

/* What it means that n digits of the part at v->at are there, and no further one. Never WS_FLAW_NONE. */
uint8_t ws_value_why_short(const struct ws_value *v, size_t n);

/* The value's end, but for blanks. */
uint8_t ws_take_end(struct ws_value *v);

uint8_t ws_take_separator(struct ws_value *v);

/* n_digits hex digits, a multiple of 8, to half as many bytes. */
uint8_t ws_take_hex(struct ws_value *v, size_t n_digits, uint8_t *to);

/* Two hex digits. */
uint8_t ws_take_byte(struct ws_value *v, uint8_t *byte);

/* 1 to n_max (8, 16 or 32) hex digits, leading zeros left out, to the end of n_max / 2 bytes; how many they were. */
uint8_t ws_take_short_hex(struct ws_value *v, size_t n_max, uint8_t *to, size_t *n_digits);

/* A decimal number of 64 bits without a sign, to 8 bytes, the highest first. */
uint8_t ws_take_decimal(struct ws_value *v, uint8_t to[8]);

/* Base64 (RFC 4648 4) with its padding up to the separator, to text. */
uint8_t ws_take_base64(struct ws_value *v, uint8_t text[WS_BASE64_TEXT_MAX], size_t *len);

/* Is the text 32 hex digits, or a UUID (RFC 9562 4)? Then to 16 bytes. */
bool ws_text_is_128_bits(const uint8_t *text, size_t len, uint8_t id[16]);

/* Eight lower-case hex digits, the first in the lowest byte, to four bytes in the same order. Returns 0, or -1. */
static inline int ws_hex8(uint64_t digits, uint32_t *bytes)
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

#endif
