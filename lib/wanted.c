/* SPDX-License-Identifier: BSD-2-Clause */
/* wanted - see the header. */
#include "lib/wanted.h"

#include <stdio.h>
#include <string.h>

_Static_assert(WS_USER_HEADERS_MAX *WS_FAMILY_TEXT_LEN + WS_FAMILY_USER * 16 <= WS_RECFILE_CONTEXTS_MAX,
	       "the longest headers fit, and names of 15 bytes for all other families, with their commas");

const char *ws_wanted_text(const struct ws_wanted *wanted, char text[WS_WANTED_TEXT_LEN])
{
	size_t len = 0;

	text[0] = '\0';
	for (uint8_t rank = 0; rank < WS_MAX_FAMILIES; rank++) {
		for (uint8_t f = 0; f < WS_MAX_FAMILIES; f++) {
			char name[WS_FAMILY_TEXT_LEN];

			if (!(wanted->families & 1u << f) || wanted->rank[f] != rank || len >= WS_WANTED_TEXT_LEN)
				continue;
			len += (size_t)snprintf(text + len, WS_WANTED_TEXT_LEN - len, "%s%s", len ? "," : "",
						ws_wanted_family_name(wanted, f, name));
		}
	}
	return text;
}
