/* SPDX-License-Identifier: BSD-2-Clause */
/* json_scan - see the header. */
#include "lib/json_scan.h"

#include <string.h>

enum state {
	TEXT, /* before a text, or behind the last */
	VALUE,
	FIRST_VALUE, /* or the end of the array */
	FIRST_KEY,   /* or the end of the object */
	KEY,
	COLON,
	AFTER, /* a value in an array or object */
	STRING,
	CHARACTER, /* of several bytes */
	ESCAPE,
	HEX,
	WORD,
	MINUS,
	ZERO,
	WHOLE,
	POINT,
	FRACTION,
	EXPONENT,
	EXPONENT_SIGN,
	EXPONENT_DIGITS,
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_in_object(const struct ws_json_scan *s)
{
	return s->depth && s->is_object[(s->depth - 1) / 8] & 1u << (s->depth - 1) % 8;
}

static bool broken(struct ws_json_scan *s, const char *why)
{
	s->why = why;
	return false;
}

static bool push(struct ws_json_scan *s, bool is_object)
{
	if (s->depth == WS_JSON_DEPTH_MAX)
		return broken(s, "arrays and objects are nested too deeply");
	if (is_object)
		s->is_object[s->depth / 8] |= (uint8_t)(1u << s->depth % 8);
	else
		s->is_object[s->depth / 8] &= (uint8_t) ~(1u << s->depth % 8);
	s->depth++;
	s->state = is_object ? FIRST_KEY : FIRST_VALUE;
	return true;
}

static bool begin_word(struct ws_json_scan *s, const char *rest)
{
	s->word = rest;
	s->state = WORD;
	return true;
}

/* The first byte of a value. */
static bool begin_value(struct ws_json_scan *s, uint8_t c)
{
	switch (c) {
	case '{':
	case '[':
		return push(s, c == '{');
	case '"':
		s->is_key = false;
		s->state = STRING;
		return true;
	case 't':
		return begin_word(s, "rue");
	case 'f':
		return begin_word(s, "alse");
	case 'n':
		return begin_word(s, "ull");
	case '-':
		s->state = MINUS;
		return true;
	case '0':
		s->state = ZERO;
		return true;
	default:
		s->state = WHOLE;
		return is_digit(c) ? true : broken(s, "a value should stand here");
	}
}

static void begin_key(struct ws_json_scan *s)
{
	s->is_key = true;
	s->state = STRING;
	if (s->depth == 1)
		s->key_len = 0;
}

static void note_key(struct ws_json_scan *s, const uint8_t *bytes, size_t n)
{
	if (!s->is_key || s->depth != 1)
		return;
	if (n > (size_t)WS_JSON_KEY_MAX - (s->key_len <= WS_JSON_KEY_MAX ? s->key_len : WS_JSON_KEY_MAX)) {
		s->key_len = WS_JSON_KEY_MAX + 1;
		return;
	}
	memcpy(s->key + s->key_len, bytes, n);
	s->key_len = (uint8_t)(s->key_len + n);
}

/* The first byte of a character of several (RFC 3629): how many follow, and where the next lies. */
static bool begin_character(struct ws_json_scan *s, uint8_t c)
{
	s->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	s->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	s->n_left = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	s->state = CHARACTER;
	return c >= 0xc2 && c <= 0xf4 ? true : broken(s, "a text is not UTF-8");
}

/* A byte in a string that is not plain; *ended says that it was the last. */
static bool string_byte(struct ws_json_scan *s, uint8_t c, bool *ended)
{
	if (c == '"') {
		s->state = COLON;
		*ended = !s->is_key;
		return true;
	}
	if (c == '\\') {
		if (s->depth == 1)
			s->key_len = s->is_key ? WS_JSON_KEY_MAX + 1 : s->key_len;
		s->state = ESCAPE;
		return true;
	}
	return c < ' ' ? broken(s, "a text holds a control character, or does not end") : begin_character(s, c);
}

static bool escape_byte(struct ws_json_scan *s, uint8_t c)
{
	s->n_left = 4;
	s->state = c == 'u' ? HEX : STRING;
	return c == 'u' || (c && strchr("\"\\/bfnrt", c)) ? true : broken(s, "no escape is written like this");
}

static bool character_byte(struct ws_json_scan *s, uint8_t c)
{
	if (c < s->low || c > s->high)
		return broken(s, "a text is not UTF-8");
	s->low = 0x80;
	s->high = 0xbf;
	if (--s->n_left == 0)
		s->state = STRING;
	return true;
}

static bool hex_byte(struct ws_json_scan *s, uint8_t c)
{
	if (--s->n_left == 0)
		s->state = STRING;
	return is_hex(c) ? true : broken(s, "no escape is written like this");
}

static bool word_byte(struct ws_json_scan *s, uint8_t c, bool *ended)
{
	if (c != (uint8_t)*s->word)
		return broken(s, "a value should stand here");
	*ended = !*++s->word;
	return true;
}

/* A byte in or behind a number; *is_behind says that the number ended before it. */
static bool number_byte(struct ws_json_scan *s, uint8_t c, bool *is_behind)
{
	switch (s->state) {
	case MINUS:
		s->state = c == '0' ? ZERO : WHOLE;
		return is_digit(c) ? true : broken(s, "a digit should stand here");
	case POINT:
		s->state = FRACTION;
		return is_digit(c) ? true : broken(s, "a digit should stand here");
	case EXPONENT:
		s->state = c == '+' || c == '-' ? EXPONENT_SIGN : EXPONENT_DIGITS;
		return is_digit(c) || c == '+' || c == '-' ? true : broken(s, "a digit should stand here");
	case EXPONENT_SIGN:
		s->state = EXPONENT_DIGITS;
		return is_digit(c) ? true : broken(s, "a digit should stand here");
	default:
		break;
	}
	if (is_digit(c) && s->state != ZERO)
		return true;
	if (c == '.' && (s->state == ZERO || s->state == WHOLE))
		s->state = POINT;
	else if ((c == 'e' || c == 'E') && s->state != EXPONENT_DIGITS)
		s->state = EXPONENT;
	else
		*is_behind = true;
	return true;
}

/* A byte between values, no space; *ended says that it ended an array or object. */
static bool structure_byte(struct ws_json_scan *s, uint8_t c, bool *ended)
{
	const bool in_object = is_in_object(s);

	switch (s->state) {
	case COLON:
		s->state = VALUE;
		return c == ':' ? true : broken(s, "a colon should stand here");
	case KEY:
	case FIRST_KEY:
		if (c == '"') {
			begin_key(s);
			return true;
		}
		*ended = c == '}' && s->state == FIRST_KEY;
		break;
	case FIRST_VALUE:
		*ended = c == ']';
		break;
	default:
		if (c == ',') {
			s->state = in_object ? KEY : VALUE;
			return true;
		}
		*ended = c == (in_object ? '}' : ']');
		break;
	}
	if (!*ended)
		return broken(s, in_object ? "a name, a comma or the object's end should stand here"
					   : "a comma or the array's end should stand here");
	s->depth--;
	return true;
}

static bool begins_value(const struct ws_json_scan *s, uint8_t c)
{
	return s->state == TEXT || s->state == VALUE || (s->state == FIRST_VALUE && c != ']');
}

static enum ws_json_event end_value(struct ws_json_scan *s)
{
	s->state = s->depth ? AFTER : TEXT;
	return WS_JSON_END;
}

/* One byte that is no part of a string's plain run. */
static bool step(struct ws_json_scan *s, uint8_t c, bool *ended, bool *is_behind)
{
	switch (s->state) {
	case STRING:
		return string_byte(s, c, ended);
	case CHARACTER:
		return character_byte(s, c);
	case ESCAPE:
		return escape_byte(s, c);
	case HEX:
		return hex_byte(s, c);
	case WORD:
		return word_byte(s, c, ended);
	case MINUS:
	case ZERO:
	case WHOLE:
	case POINT:
	case FRACTION:
	case EXPONENT:
	case EXPONENT_SIGN:
	case EXPONENT_DIGITS:
		return number_byte(s, c, is_behind);
	default:
		return structure_byte(s, c, ended);
	}
}

static size_t plain_run(const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] >= ' ' && bytes[n] < 0x80 && bytes[n] != '"' && bytes[n] != '\\')
		n++;
	return n;
}

enum ws_json_event ws_json_scan(struct ws_json_scan *s, const uint8_t *bytes, size_t len, size_t *at)
{
	while (*at < len) {
		const uint8_t c = bytes[*at];
		bool ended = false, is_behind = false;

		if (s->state == STRING) {
			size_t n = plain_run(bytes + *at, len - *at);

			if (n) {
				note_key(s, bytes + *at, n);
				*at += n;
				s->off += n;
				continue;
			}
		} else if (s->state <= AFTER && is_space(c)) {
			++*at;
			s->off++;
			continue;
		} else if (begins_value(s, c)) {
			if (!s->is_begun) {
				s->is_begun = true;
				return WS_JSON_BEGIN;
			}
			s->is_begun = false;
			if (!begin_value(s, c))
				return WS_JSON_BROKEN;
			++*at;
			s->off++;
			continue;
		}
		if (!step(s, c, &ended, &is_behind))
			return WS_JSON_BROKEN;
		if (is_behind)
			return end_value(s);
		++*at;
		s->off++;
		if (ended)
			return end_value(s);
	}
	return WS_JSON_MORE;
}

bool ws_json_scan_is_complete(const struct ws_json_scan *s)
{
	return s->state == TEXT;
}

bool ws_json_scan_is_key(const struct ws_json_scan *s, const char *key)
{
	size_t len = strlen(key);

	return s->key_len == len && memcmp(s->key, key, len) == 0;
}
