/* SPDX-License-Identifier: BSD-2-Clause */
/* entity - see entity.h. */
#include "analyze/entity.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "analyze/utf8.h"

/* "&#x10ffff;", and leading zeros that some write. */
#define ENTITY_MAX 16

/* The character that is named, between & and semicolon; 0: none. */
static uint32_t character(const char *name, size_t len)
{
	static const struct {
		const char *name;
		char is;
	} known[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' } };
	bool is_hex = len > 2 && name[1] == 'x';
	uint32_t c = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (len == strlen(known[i].name) && memcmp(name, known[i].name, len) == 0)
			return (unsigned char)known[i].is;
	}
	if (len < 2 || name[0] != '#')
		return 0;
	for (size_t i = is_hex ? 2 : 1; i < len; i++) {
		int digit = tolower((unsigned char)name[i]);

		if (!(is_hex ? isxdigit(digit) : isdigit(digit)))
			return 0;
		c = c * (is_hex ? 16 : 10) + (uint32_t)(isdigit(digit) ? digit - '0' : digit - 'a' + 10);
		if (c > 0x10ffff)
			return 0;
	}
	return c;
}

size_t ws_entity_decode(const char *text, size_t len, char *plain)
{
	const char *end = text + len;
	char *to = plain, encoded[4];

	while (text < end) {
		size_t room = (size_t)(end - text) < ENTITY_MAX ? (size_t)(end - text) : ENTITY_MAX;
		const char *semicolon = *text == '&' ? memchr(text, ';', room) : NULL;
		uint32_t c = semicolon ? character(text + 1, (size_t)(semicolon - text) - 1) : 0;
		size_t n = c ? ws_utf8_put(encoded, c) : 1;

		memcpy(to, c ? encoded : text, n);
		to += n;
		text = c ? semicolon + 1 : text + 1;
	}
	return (size_t)(to - plain);
}
