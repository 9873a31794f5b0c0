/* SPDX-License-Identifier: BSD-2-Clause */
/* markup - see markup.h. */
#include "analyze/markup.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "analyze/utf8.h"

static bool is_ascii_alnum(unsigned c)
{
	return c < 0x80 && isalnum((int)c); /* the C locale: nothing calls setlocale() */
}

static void put(FILE *out, uint32_t c)
{
	char encoded[4];

	fwrite(encoded, 1, ws_utf8_put(encoded, c), out);
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Writes what stands for c in HTML; false: c itself does. */
static bool put_entity(FILE *out, uint32_t c)
{
	const char *entity = c == '&'	 ? "&amp;"
			     : c == '<'	 ? "&lt;"
			     : c == '>'	 ? "&gt;"
			     : c == '"'	 ? "&quot;"
			     : c == '\'' ? "&#39;"
					 : NULL;

	if (entity)
		fputs(entity, out);
	return entity;
}

void ws_markup_html(FILE *out, const char *text, size_t len, enum ws_markup_space space)
{
	for (const char *at = text, *end = text + len; at < end;) {
		uint32_t c = ws_utf8_take(&at, end);

		if (c == '\r' && space == WS_SPACE_KEPT)
			continue;
		if (is_space(c) && space == WS_SPACE_FOLDED)
			c = ' ';
		if (!put_entity(out, c))
			put(out, c);
	}
}

/*
 * Where a backslash keeps the beginning of a block from being the mark of a list or a line ("1. x", "- x", "---"); -1:
 * nowhere. Numbers such as -1.5 need none.
 */
static ptrdiff_t list_mark(const char *text)
{
	size_t n_digits = strspn(text, "0123456789");
	const char *mark = text + n_digits;

	if (!*mark || !strchr(n_digits ? ".)" : "-+=:", *mark))
		return -1;
	return is_ascii_alnum((unsigned char)mark[1]) || mark[1] == '.' ? -1 : mark - text;
}

/* Is a backslash needed before c? What makes a link of an address is taken apart, too. */
static bool needs_backslash(uint32_t c, const char *text, const char *at)
{
	if (c < 0x80 && c && strchr("\\`*_[]|#~$", (int)c))
		return true;
	if (c == ':')
		return at[1] == '/';
	return c == '.' && at - text >= 3 && strncasecmp(at - 3, "www", 3) == 0;
}

void ws_markup_markdown(FILE *out, const char *text)
{
	const char *end = text + strlen(text);
	ptrdiff_t mark;

	while (is_space((unsigned char)*text))
		text++;
	while (end > text && is_space((unsigned char)end[-1]))
		end--;
	mark = list_mark(text);
	for (const char *at = text; at < end;) {
		const char *here = at;
		uint32_t c = ws_utf8_take(&at, end);

		c = is_space(c) ? ' ' : c;
		if (c == '&' || c == '<' || c == '>') {
			put_entity(out, c);
			continue;
		}
		if (here - text == mark || needs_backslash(c, text, here))
			putc('\\', out);
		put(out, c);
	}
}

void ws_markup_fenced(FILE *out, const char *text)
{
	const char *end = text + strlen(text);
	size_t longest = 2;
	uint32_t last = '\n';

	for (const char *at = text; *at; at++) {
		size_t n = strspn(at, "`");

		longest = n > longest ? n : longest;
		at += n ? n - 1 : 0;
	}
	for (size_t i = 0; i <= longest; i++)
		putc('`', out);
	putc('\n', out);
	for (const char *at = text; at < end;) {
		uint32_t c = ws_utf8_take(&at, end);

		if (c == '\r')
			continue;
		put(out, c);
		last = c;
	}
	if (last != '\n')
		putc('\n', out);
	for (size_t i = 0; i <= longest; i++)
		putc('`', out);
	putc('\n', out);
}

void ws_markup_path(FILE *out, const char *path)
{
	/* "/x" would be another place, "//x" another host; a colon, which ends a scheme, is encoded below. */
	if (*path == '/' || !*path)
		putc('.', out);
	for (const unsigned char *at = (const unsigned char *)path; *at; at++) {
		if (is_ascii_alnum(*at) || strchr("._/-", *at))
			putc(*at, out);
		else
			fprintf(out, "%%%02X", *at);
	}
}

void ws_markup_anchor(const char *text, char *anchor, size_t size)
{
	size_t n = 0;

	while (is_space((unsigned char)*text))
		text++;
	for (; *text && n + 1 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_ascii_alnum(c) || c == '-' || c == '_')
			anchor[n++] = (char)tolower(c);
		else if (is_space(c))
			anchor[n++] = '-';
	}
	anchor[n] = 0;
}
