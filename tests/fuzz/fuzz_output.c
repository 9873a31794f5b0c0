/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_output - a libFuzzer target: any text as a name in what analyze writes, and any bytes as a picture that a page
 * takes over.
 *
 * Input, by its first byte: an even one, a text; an odd one, an SVG document. What must hold is checked by abort():
 *	- HTML and SVG: the text ends no element, attribute or entity; read back it is the text, with U+FFFD for what is
 *	  no text
 *	- Markdown: one line, without marks; between fences the text ends no fence
 *	- a link's path leads to no other host and runs no script
 *	- CSV and JSON are read back as the text
 *	- gnuplot's data: one field, no note
 *	- a picture that is taken over holds nothing that runs or fetches
 * No corpus is needed.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "analyze/drawing.h"
#include "analyze/figure.h"
#include "analyze/markup.h"
#include "analyze/mesh/export.h"
#include "analyze/svg.h"
#include "analyze/utf8.h"
#include "tests/fuzz/must.h"

#define TEXT_MAX 4096

/* What is written, in memory. */
static char *written;
static size_t written_len;

static FILE *begin(void)
{
	FILE *out = open_memstream(&written, &written_len);

	MUST(out);
	return out;
}

static void end(FILE *out)
{
	MUST(fclose(out) == 0);
}

static void check_is_utf8(const char *text, size_t len)
{
	for (const char *at = text, *stop = text + len; at < stop;) {
		const char *from = at;
		char again[4];
		const uint32_t c = ws_utf8_take(&at, stop);

		MUST(ws_utf8_put(again, c) == (size_t)(at - from) && !memcmp(again, from, (size_t)(at - from)));
	}
}

/* The characters of a text, with U+FFFD for what is none; white space is a space. */
static size_t characters(const char *text, size_t len, uint32_t *to)
{
	size_t n = 0;

	for (const char *at = text, *stop = text + len; at < stop; n++) {
		to[n] = ws_utf8_take(&at, stop);
		if (to[n] == '\n' || to[n] == '\t' || to[n] == '\r')
			to[n] = ' ';
	}
	return n;
}

/* Takes the place of an entity at *at. */
static uint32_t take_html(const char **at, const char *stop)
{
	static const struct {
		const char *entity;
		char c;
	} known[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&#39;", '\'' } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const size_t n = strlen(known[i].entity);

		if ((size_t)(stop - *at) >= n && !memcmp(*at, known[i].entity, n)) {
			*at += n;
			return (unsigned char)known[i].c;
		}
	}
	MUST(!strchr("&<>\"'", **at));
	return ws_utf8_take(at, stop);
}

static void check_html(const char *text, size_t len)
{
	static uint32_t wanted[TEXT_MAX];
	const size_t n = characters(text, len, wanted);
	const char *at, *stop;
	size_t i = 0;
	FILE *out = begin();

	ws_markup_html(out, text, len, WS_SPACE_FOLDED);
	end(out);
	check_is_utf8(written, written_len);
	for (at = written, stop = written + written_len; at < stop; i++)
		MUST(i < n && take_html(&at, stop) == wanted[i]);
	MUST(i == n);
	free(written);
	out = begin();
	ws_drawing_text(out, 1, 1, &(struct ws_lettering) { 10, "#000", WS_ANCHOR_START }, 100, text);
	end(out);
	at = strchr(written, '>');
	MUST(at && strlen(written) == written_len && strcmp(written + written_len - 8, "</text>\n") == 0);
	check_is_utf8(written, written_len);
	free(written);
}

static void check_markdown(const char *text)
{
	FILE *out = begin();
	size_t n_ticks;

	ws_markup_markdown(out, text);
	end(out);
	for (size_t i = 0; i < written_len; i++) {
		MUST(written[i] != '\n' && written[i] != '\r' && written[i] != '<' && written[i] != '>');
		if (written[i] == '\\')
			i++; /* what follows stands for itself */
		else
			MUST(!strchr("`*_[]|", written[i]));
	}
	check_is_utf8(written, written_len);
	free(written);
	out = begin();
	ws_markup_fenced(out, text);
	end(out);
	n_ticks = strspn(written, "`");
	MUST(n_ticks >= 3 && written[n_ticks] == '\n' && written_len >= 2 * n_ticks + 2);
	for (size_t i = n_ticks; i < written_len - n_ticks - 1; i++)
		MUST(strspn(written + i, "`") < n_ticks);
	free(written);
}

static void check_links(const char *text)
{
	char anchor[40];
	FILE *out = begin();

	ws_markup_path(out, text);
	end(out);
	MUST(written_len && *written != '/');
	for (size_t i = 0; i < written_len; i++)
		MUST(isalnum((unsigned char)written[i]) || strchr("._/%-", written[i]));
	free(written);
	ws_markup_anchor(text, anchor, sizeof(anchor));
	MUST(strlen(anchor) < sizeof(anchor));
	for (const char *at = anchor; *at; at++)
		MUST(islower((unsigned char)*at) || isdigit((unsigned char)*at) || *at == '-' || *at == '_');
}

static void check_csv(const char *text)
{
	FILE *out = begin();
	const char *at;

	ws_export_field(text, out);
	end(out);
	MUST(written_len && written[written_len - 1] == ',');
	written[written_len - 1] = '\0';
	if (*written != '"') {
		MUST(strcmp(written, text) == 0 && !strpbrk(written, ",\"\r\n"));
		free(written);
		return;
	}
	for (at = written + 1; *text; text++, at++) {
		MUST(*at == *text);
		if (*at == '"')
			MUST(*++at == '"');
	}
	MUST(at[0] == '"' && at[1] == '\0');
	free(written);
}

static void check_json(const char *text, size_t len)
{
	static uint32_t wanted[TEXT_MAX], got[TEXT_MAX];
	const size_t n = characters(text, len, wanted);
	FILE *out = begin();
	json_t *value;

	ws_export_string(text, out);
	end(out);
	MUST(!strpbrk(written, "\r\n\t"));
	value = json_loadb(written, written_len, JSON_DECODE_ANY, NULL);
	MUST(value && json_is_string(value));
	MUST(characters(json_string_value(value), json_string_length(value), got) == n);
	MUST(!memcmp(got, wanted, n * sizeof(*got)));
	json_decref(value);
	free(written);
}

static void check_figure(const char *text)
{
	FILE *out = begin();

	ws_figure_put_name(out, text);
	end(out);
	MUST(!strpbrk(written, "\"\n\r\t"));
	MUST(written[strspn(written, " ")] != '#');
	for (const char *at = written; (at = strchr(at, '\\')); at += 2)
		MUST(at[1] == '\\');
	check_is_utf8(written, written_len);
	free(written);
}

static void check_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	size_t len;

	MUST(text);
	memcpy(text, data, size);
	text[size] = '\0';
	len = strlen(text);
	check_html(text, len);
	check_markdown(text);
	check_links(text);
	check_csv(text);
	check_json(text, len);
	check_figure(text);
	free(text);
}

/* References in an element's attributes lead to the picture itself. */
static void check_tag(const char *tag)
{
	const char *end = strchr(tag, '>');

	MUST(end);
	for (const char *at = tag; (at = strcasestr(at, "url(")) && at < end; at++) {
		const char *to = at + 4;

		to += strncmp(to, "&quot;", 6) == 0 ? 6 : strncmp(to, "&#39;", 5) == 0 ? 5 : 0;
		MUST(*to == '#');
	}
}

static void check_picture(const uint8_t *data, size_t size)
{
	static const char *const never[] = { "<script",	 "<foreignobject", "<!",     "<?",	 "<style",
					     "<image",	 "<iframe",	   "<a ",    "href=\"h", "href=\"j",
					     "href=\"d", "href=\"/",	   "<title", "<set",	 "<animate" };
	char *copy = malloc(size), *text = NULL;
	size_t len = 0;
	int rc;

	MUST(copy || !size);
	if (size)
		memcpy(copy, data, size);
	rc = ws_svg_take_over(copy, size, "p1", "a <label> & \"more\"", &text, &len);
	free(copy);
	MUST(rc == 0 || rc == -EBADMSG);
	if (rc)
		return;
	MUST(strlen(text) == len);
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		MUST(!strcasestr(text, never[i]));
	for (const char *at = text; (at = strchr(at, '<')); at++)
		check_tag(at);
	MUST(strncmp(text, "<svg", 4) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size >= TEXT_MAX)
		return 0;
	if (data[0] % 2)
		check_picture(data + 1, size - 1);
	else
		check_text(data + 1, size - 1);
	return 0;
}
