/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manuscript - a text in memory that is written twice at once: as HTML and as Markdown.
 */
#ifndef WS_ANALYZE_MANUSCRIPT_H
#define WS_ANALYZE_MANUSCRIPT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/text_stream.h"

/* Zeroed: nothing to close. Must stay where it is while it is open. */
struct ws_manuscript {
	FILE *html, *markdown; /* markup is written here */
	struct ws_text_stream html_stream, markdown_stream;
	char *html_text, *markdown_text;
	size_t html_len, markdown_len;
};

/* What stands before and behind a text, in each medium; taken as it is. */
struct ws_around {
	const char *html[2];
	const char *markdown[2];
};

/* 0 or -ENOMEM. To be closed with ws_manuscript_close(). */
int ws_manuscript_open(struct ws_manuscript *manuscript);

/* Writes a plain text, escaped for each medium. */
void ws_manuscript_put(struct ws_manuscript *manuscript, const char *text, struct ws_around around);

/* The same with a format. 0 or -ENOMEM. */
__attribute__((format(printf, 2, 0))) int ws_manuscript_put_format(struct ws_manuscript *manuscript, const char *format,
								   va_list args, struct ws_around around);

/* Ends the writing: from now on texts and lengths are valid. 0, or -ENOMEM: something was lost on the way. */
int ws_manuscript_finish(struct ws_manuscript *manuscript);

void ws_manuscript_close(struct ws_manuscript *manuscript);

#endif
