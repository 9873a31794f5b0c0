/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * markup - plain text, hostile or not, as HTML and as Markdown that show just this text.
 *
 * Everywhere: what is not UTF-8, control characters, and characters that turn the direction of writing become U+FFFD.
 * Nothing here fails; whether the file took it is for ferror() to say.
 */
#ifndef WS_ANALYZE_MARKUP_H
#define WS_ANALYZE_MARKUP_H

#include <stddef.h>
#include <stdio.h>

/* What becomes of line feeds, tabs and carriage returns. */
enum ws_markup_space {
	WS_SPACE_FOLDED, /* spaces */
	WS_SPACE_KEPT,	 /* line feeds and tabs stay, carriage returns go */
};

/* Good between tags and in quoted attributes. */
void ws_markup_html(FILE *out, const char *text, size_t len, enum ws_markup_space space);

/* Good at the beginning of a block, in the middle of a line, and in the cell of a table. Spaces at both ends go. */
void ws_markup_markdown(FILE *out, const char *text);

/* Between fences; ends with a line feed. */
void ws_markup_fenced(FILE *out, const char *text);

/* A relative path as the target of a link, percent-encoded; good in both media. It never leads to another host. */
void ws_markup_path(FILE *out, const char *path);

/* The anchor of a heading: a-z, 0-9, - and _; other characters are left out. At most size - 1 bytes. */
void ws_markup_anchor(const char *text, char *anchor, size_t size);

#endif
