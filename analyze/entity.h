/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entity - XML text without its entities.
 */
#ifndef WS_ANALYZE_ENTITY_H
#define WS_ANALYZE_ENTITY_H

#include <stddef.h>

/*
 * Writes the text with the characters that its entities ("&lt;", "&#181;", "&#xb5;") stand for; entities that XML does
 * not know by itself stay as they are. Returns the length, which is at most len: plain has room for len bytes.
 */
size_t ws_entity_decode(const char *text, size_t len, char *plain);

#endif
