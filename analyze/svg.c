/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg - see svg.h. A reader of just enough XML: what it does not know is not taken over, what is not well-formed is
 * refused.
 */
#include "analyze/svg.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/entity.h"
#include "analyze/markup.h"
#include "lib/text_stream.h"

/* gnuplot nests five deep. */
#define DEPTH_MAX 64

struct span {
	const char *at;
	size_t len;
};

struct reader {
	const char *at, *end;
	FILE *out;
	const char *prefix, *label;
	char *plain;	  /* room for a text or a value without its entities, which are never shorter */
	unsigned depth;	  /* of open elements */
	unsigned skipped; /* the depth of the element that is left out with all that is in it; 0: none */
	bool is_done;
	struct span open[DEPTH_MAX];
};

static bool is(struct span span, const char *word)
{
	return span.len == strlen(word) && memcmp(span.at, word, span.len) == 0;
}

/* Is it one of the words, which have a space before and behind each? */
static bool is_any(struct span span, const char *words)
{
	const char *at = words;

	while ((at = memmem(at, strlen(at), span.at, span.len))) {
		if (at > words && at[-1] == ' ' && at[span.len] == ' ')
			return true;
		at++;
	}
	return false;
}

static bool draws(struct span element)
{
	return is_any(element,
		      " svg g defs path rect circle ellipse line polyline polygon text tspan use symbol marker pattern"
		      " clipPath mask linearGradient radialGradient stop filter feFlood feComposite feBlend feOffset"
		      " feMerge feMergeNode feGaussianBlur ");
}

static bool is_drawn_with(struct span attribute)
{
	static const char *const family[] = {
		"fill", "stroke", "font-", "text-", "clip-", "stop-", "flood-", "marker-"
	};

	for (size_t i = 0; i < sizeof(family) / sizeof(*family); i++) {
		size_t n = strlen(family[i]);

		if (attribute.len >= n && memcmp(attribute.at, family[i], n) == 0)
			return true;
	}
	return is_any(
		attribute,
		" x y x1 y1 x2 y2 cx cy r rx ry dx dy d points width height viewBox transform style color opacity"
		" display visibility filter mask rotate offset in in2 result operator mode filterUnits stdDeviation"
		" refX refY orient markerWidth markerHeight markerUnits patternUnits patternTransform textLength"
		" preserveAspectRatio xml:space ");
}

/* The text without its entities, in reader->plain. */
static struct span decode(struct reader *reader, struct span raw)
{
	return (struct span) { reader->plain, ws_entity_decode(raw.at, raw.len, reader->plain) };
}

static void put_html(FILE *out, const char *at, size_t len)
{
	ws_markup_html(out, at, len, WS_SPACE_KEPT);
}

/* The next "url" in any case; NULL: none. */
static const char *find_url(const char *at, const char *end)
{
	for (; end - at >= 3; at++) {
		if (strncasecmp(at, "url", 3) == 0)
			return at;
	}
	return NULL;
}

/* How many bytes of "url(#", "url('#" or "url("#" stand here; 0: another reference, or none. */
static size_t inner_url(const char *at, const char *end)
{
	size_t n = 4;

	if (end - at < 6 || at[3] != '(')
		return 0;
	n += at[n] == '\'' || at[n] == '"';
	return at[n] == '#' ? n + 1 : 0;
}

/* Is it a value that leads nowhere outside? */
static bool is_harmless(struct span attribute, struct span value)
{
	static const char style_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789#(),.:;%'_- ";
	const char *end = value.at + value.len;

	for (const char *at = find_url(value.at, end); at; at = find_url(at + 3, end)) {
		if (!inner_url(at, end))
			return false;
	}
	for (const char *at = value.at; at < end; at++) {
		if (*at == '\\' || !*at || (is(attribute, "style") && !strchr(style_bytes, *at)))
			return false;
	}
	return true;
}

static void write_attribute(struct reader *reader, struct span name, struct span raw)
{
	struct span value = decode(reader, raw);
	const char *at = value.at, *end = at + value.len, *url;
	bool is_id = is(name, "id"), is_reference = is(name, "href") || is(name, "xlink:href");

	if (is_reference ? value.len < 2 || *at != '#' : !is_id && (!is_drawn_with(name) || !is_harmless(name, value)))
		return;
	fprintf(reader->out, " %.*s=\"", (int)name.len, name.at);
	if (is_reference) {
		putc('#', reader->out);
		at++;
	}
	if (is_reference || is_id)
		fprintf(reader->out, "%s-", reader->prefix);
	else
		for (url = find_url(at, end); url; url = find_url(at, end)) {
			const char *name_of_id = url + inner_url(url, end);

			put_html(reader->out, at, (size_t)(name_of_id - at));
			fprintf(reader->out, "%s-", reader->prefix);
			at = name_of_id;
		}
	put_html(reader->out, at, (size_t)(end - at));
	putc('"', reader->out);
}

static void write_text(struct reader *reader, struct span text, bool is_raw)
{
	struct span plain;

	if (!reader->depth || reader->skipped || !text.len)
		return;
	plain = is_raw ? text : decode(reader, text);
	put_html(reader->out, plain.at, plain.len);
}

/* Goes behind the next such word. 0 or -EBADMSG. */
static int pass(struct reader *reader, const char *word, struct span *passed)
{
	const char *found = memmem(reader->at, (size_t)(reader->end - reader->at), word, strlen(word));

	if (!found)
		return -EBADMSG;
	*passed = (struct span) { reader->at, (size_t)(found - reader->at) };
	reader->at = found + strlen(word);
	return 0;
}

static bool begins(const struct reader *reader, const char *word)
{
	return (size_t)(reader->end - reader->at) >= strlen(word) && memcmp(reader->at, word, strlen(word)) == 0;
}

static void pass_space(struct reader *reader)
{
	while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at)
		reader->at++;
}

static int read_name(struct reader *reader, struct span *name)
{
	const char *at = reader->at;

	while (at < reader->end && (isalnum((unsigned char)*at) || (*at && strchr("_:.-", *at))))
		at++;
	*name = (struct span) { reader->at, (size_t)(at - reader->at) };
	reader->at = at;
	return name->len && name->len < 128 ? 0 : -EBADMSG;
}

/* <!DOCTYPE ... [ ... ]>, with what it declares. */
static int pass_doctype(struct reader *reader)
{
	char quote = 0;
	int depth = 0;

	if (reader->depth)
		return -EBADMSG;
	for (; reader->at < reader->end; reader->at++) {
		char c = *reader->at;

		if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '<' || c == '>') {
			depth += c == '<' ? 1 : -1;
			if (depth == 0) {
				reader->at++;
				return 0;
			}
		}
	}
	return -EBADMSG;
}

static int read_attributes(struct reader *reader, bool is_written)
{
	struct span name, value;

	for (pass_space(reader); reader->at < reader->end && *reader->at != '>' && *reader->at != '/';
	     pass_space(reader)) {
		if (read_name(reader, &name))
			return -EBADMSG;
		pass_space(reader);
		if (!begins(reader, "="))
			return -EBADMSG;
		reader->at++;
		pass_space(reader);
		if (!begins(reader, "\"") && !begins(reader, "'"))
			return -EBADMSG;
		if (pass(reader, *reader->at++ == '"' ? "\"" : "'", &value))
			return -EBADMSG;
		if (is_written)
			write_attribute(reader, name, value);
	}
	return 0;
}

static int read_start_tag(struct reader *reader)
{
	struct span name;
	bool is_written, is_empty;

	reader->at++;
	if (read_name(reader, &name) || reader->depth == DEPTH_MAX || (!reader->depth && !is(name, "svg")))
		return -EBADMSG;
	reader->open[reader->depth++] = name;
	if (!reader->skipped && !draws(name))
		reader->skipped = reader->depth;
	is_written = !reader->skipped;
	if (is_written)
		fprintf(reader->out, "<%.*s", (int)name.len, name.at);
	if (reader->depth == 1) {
		fputs(" role=\"img\" aria-label=\"", reader->out);
		ws_markup_html(reader->out, reader->label, strlen(reader->label), WS_SPACE_FOLDED);
		putc('"', reader->out);
	}
	if (read_attributes(reader, is_written))
		return -EBADMSG;
	is_empty = begins(reader, "/>");
	if (!is_empty && !begins(reader, ">"))
		return -EBADMSG;
	reader->at += is_empty ? 2 : 1;
	if (is_written)
		fputs(is_empty ? "/>" : ">", reader->out);
	if (is_empty) {
		reader->skipped = reader->skipped == reader->depth ? 0 : reader->skipped;
		reader->is_done = --reader->depth == 0;
	}
	return 0;
}

static int read_end_tag(struct reader *reader)
{
	struct span name, open;

	reader->at += 2;
	if (read_name(reader, &name) || !reader->depth)
		return -EBADMSG;
	open = reader->open[reader->depth - 1];
	pass_space(reader);
	if (open.len != name.len || memcmp(open.at, name.at, open.len) != 0 || !begins(reader, ">"))
		return -EBADMSG;
	reader->at++;
	if (!reader->skipped)
		fprintf(reader->out, "</%.*s>", (int)name.len, name.at);
	reader->skipped = reader->skipped == reader->depth ? 0 : reader->skipped;
	reader->is_done = --reader->depth == 0;
	return 0;
}

/* Up to and with the end of the svg element; what comes behind it does not count. */
static int read_document(struct reader *reader)
{
	int rc = 0;

	while (!rc && !reader->is_done) {
		const char *tag = memchr(reader->at, '<', (size_t)(reader->end - reader->at));
		struct span ignored, text;

		if (!tag)
			return -EBADMSG;
		write_text(reader, (struct span) { reader->at, (size_t)(tag - reader->at) }, false);
		reader->at = tag;
		if (begins(reader, "<!--")) {
			reader->at += 4;
			rc = pass(reader, "-->", &ignored);
		} else if (begins(reader, "<![CDATA[")) {
			reader->at += 9;
			rc = pass(reader, "]]>", &text);
			if (!rc)
				write_text(reader, text, true);
		} else if (begins(reader, "<!")) {
			rc = pass_doctype(reader);
		} else if (begins(reader, "<?")) {
			rc = pass(reader, "?>", &ignored);
		} else if (begins(reader, "</")) {
			rc = read_end_tag(reader);
		} else {
			rc = read_start_tag(reader);
		}
	}
	return rc;
}

int ws_svg_take_over(const char *svg, size_t len, const char *prefix, const char *label, char **text, size_t *text_len)
{
	struct reader reader = { .at = svg, .end = svg + len, .prefix = prefix, .label = label };
	struct ws_text_stream stream;
	int rc = ws_text_stream_open(&stream);

	if (rc)
		return rc;
	reader.out = stream.out;
	reader.plain = malloc(len + 1);
	rc = reader.plain ? read_document(&reader) : -ENOMEM;
	rc = rc ? rc : ws_text_stream_finish(&stream, text, text_len);
	ws_text_stream_close(&stream);
	free(reader.plain);
	return rc;
}
