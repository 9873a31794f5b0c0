/* SPDX-License-Identifier: BSD-2-Clause */
/* words - what is to be said to the user once it is time to, each on its stream and in the order in which it came. */
#ifndef WS_WORDS_H
#define WS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Zero: none. */
struct ws_words {
	char *text; /* each: 'e' for standard error or 'o', the words, a NUL */
	size_t len;
	size_t cap;
	bool are_lost; /* some, for want of memory */
};

/* Appends words, for stderr or stdout. Without memory they are lost; returns -ENOMEM then, or 0. */
__attribute__((format(printf, 3, 4))) int ws_words_add(struct ws_words *w, FILE *stream, const char *format, ...);

/* Writes them all to their streams, and forgets them; not whether some were lost. */
void ws_words_say(struct ws_words *w);

#endif
