/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terminal - how wide the terminal is, what characters it has, and texts that may be anything on it.
 */
#ifndef WS_ANALYZE_TERMINAL_H
#define WS_ANALYZE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ws_terminal {
	uint32_t columns; /* 40 to 500 */
	bool is_utf8;
};

/* Of $COLUMNS, else of what out is connected to, else 100 columns; the characters by LC_ALL, LC_CTYPE, LANG. */
struct ws_terminal ws_terminal_find(FILE *out);

/* How many columns a text takes: a character each. */
uint32_t ws_terminal_width(const char *text);

/*
 * Writes a text in at most width columns, what does not fit cut off with a mark at its end, and fills up with spaces if
 * pads. What would move the cursor or turn the direction of writing, and what is not UTF-8, becomes a question mark;
 * without UTF-8, all that is not ASCII.
 */
void ws_terminal_put(const struct ws_terminal *terminal, const char *text, uint32_t width, bool pads, FILE *out);

/* Writes a field of TSV: tabs and line ends become spaces, what else is not to be shown U+FFFD. */
void ws_terminal_put_field(const char *text, FILE *out);

#endif
