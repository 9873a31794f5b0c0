/* SPDX-License-Identifier: BSD-2-Clause */
/* words - see the header. */
#include "ingest/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int ws_words_add(struct ws_words *w, FILE *stream, const char *format, ...)
{
	char *text;
	size_t len;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		w->are_lost = true;
		return -ENOMEM;
	}
	len = (size_t)n + 2;
	if (w->len + len > w->cap) {
		char *grown = realloc(w->text, 2 * (w->len + len));

		if (!grown) {
			free(text);
			w->are_lost = true;
			return -ENOMEM;
		}
		w->text = grown;
		w->cap = 2 * (w->len + len);
	}
	w->text[w->len] = stream == stderr ? 'e' : 'o';
	memcpy(w->text + w->len + 1, text, len - 1);
	w->len += len;
	free(text);
	return 0;
}

void ws_words_say(struct ws_words *w)
{
	for (size_t at = 0; at < w->len; at += strlen(w->text + at) + 1)
		fputs(w->text + at + 1, w->text[at] == 'e' ? stderr : stdout);
	free(w->text);
	*w = (struct ws_words) { .are_lost = w->are_lost };
}
