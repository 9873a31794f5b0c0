/* SPDX-License-Identifier: BSD-2-Clause */
/* control - characters that no terminal should be sent, and that end what analyze prints in columns. */
#ifndef WS_CONTROL_H
#define WS_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

/* Does the text hold a control character: of C0, DEL, or of C1 in UTF-8 (U+009B is as good as ESC [)? */
static inline bool ws_control_in(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i], next = i + 1 < len ? (unsigned char)text[i + 1] : 0;

		if (c < ' ' || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0))
			return true;
	}
	return false;
}

#endif
