/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8 - characters of texts that may be anything.
 */
#ifndef WS_ANALYZE_UTF8_H
#define WS_ANALYZE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define WS_UTF8_REPLACEMENT 0xfffdu

/*
 * Takes a character off the text [*at, end), which is not empty. WS_UTF8_REPLACEMENT for each byte that is not UTF-8,
 * and for what should not be shown: control characters (not line feed, carriage return, tab), those that turn the
 * direction of writing, line separators, noncharacters.
 */
uint32_t ws_utf8_take(const char **at, const char *end);

/* Writes c, at most 0x10ffff, as up to 4 bytes; returns how many. */
size_t ws_utf8_put(char to[static 4], uint32_t c);

#endif
