/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8 - see utf8.h. */
#include "analyze/utf8.h"

#include <stdbool.h>

static bool is_unseemly(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7f && c < 0xa0) || c == 0x061c ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0xfeff || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

uint32_t ws_utf8_take(const char **at, const char *end)
{
	static const uint32_t smallest[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)*at;
	unsigned n = s[0] < 0x80 ? 0 : s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1; /* bytes that follow */
	uint32_t c = n ? s[0] & (0x3fu >> n) : s[0];
	bool bad = (s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || (size_t)(end - *at) <= n;

	for (unsigned i = 1; !bad && i <= n; i++) {
		bad = (s[i] & 0xc0) != 0x80;
		c = c << 6 | (s[i] & 0x3f);
	}
	bad = bad || c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff);
	*at += bad ? 1 : n + 1;
	return bad || is_unseemly(c) ? WS_UTF8_REPLACEMENT : c;
}

size_t ws_utf8_put(char to[static 4], uint32_t c)
{
	size_t n = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; /* bytes that follow */

	to[0] = (char)(n ? (0xff00u >> (n + 1) & 0xff) | c >> 6 * n : c);
	for (size_t i = 1; i <= n; i++)
		to[i] = (char)(0x80 | (c >> 6 * (n - i) & 0x3f));
	return n + 1;
}
