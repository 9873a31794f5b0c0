/* SPDX-License-Identifier: BSD-2-Clause */
/* csv - see the header. */
#include "lib/log/csv.h"

#include <errno.h>
#include <string.h>

enum state {
	AT_START,     /* of a field */
	IN_PLAIN,     /* in a field without quotes */
	IN_QUOTES,    /* in a field with quotes */
	BEHIND_QUOTE, /* that ends the field or is one of two */
	WRONG,
};

/* What a byte of the row makes of the state. */
static enum state step(enum state state, char c)
{
	switch (state) {
	case AT_START:
		return c == '"' ? IN_QUOTES : c == ',' ? AT_START : IN_PLAIN;
	case IN_PLAIN:
		return c == '"' ? WRONG : c == ',' ? AT_START : IN_PLAIN;
	case IN_QUOTES:
		return c == '"' ? BEHIND_QUOTE : IN_QUOTES;
	case BEHIND_QUOTE:
		return c == '"' ? IN_QUOTES : c == ',' ? AT_START : WRONG;
	default:
		return WRONG;
	}
}

/* The length of a row without the carriage return that RFC 4180 puts before the line feed. */
static size_t length_of_row(const struct ws_line *line)
{
	return line->len && line->text[line->len - 1] == '\r' ? line->len - 1 : line->len;
}

static int wrong_quote(const char *path, const struct ws_line *line, size_t off, struct ws_error *err)
{
	return ws_error(
		err, -EINVAL,
		"%s: line %llu: byte %zu: a quote that neither begins nor ends a field, or text behind one that "
		"ends it",
		path, (unsigned long long)line->number, off + 1);
}

/* Reads lines until the row's quotes are closed. Returns 1, 0 if the file ends before that, or -errno. */
static int complete(struct ws_lines *lines, struct ws_line *line, const char *path, struct ws_error *err)
{
	enum state state = AT_START;
	size_t off = 0;

	if (!memchr(line->text, '"', line->len))
		return 1;
	for (;;) {
		size_t len = length_of_row(line);
		int rc;

		for (; off < len; off++) {
			state = step(state, line->text[off]);
			if (state == WRONG)
				return wrong_quote(path, line, off, err);
		}
		if (state != IN_QUOTES)
			return 1;
		rc = ws_lines_extend(lines, line, err); /* the line's end is now part of the field */
		if (rc < 0)
			return rc;
		if (rc == 0) {
			line->is_cut = true;
			return 0;
		}
	}
}

/* Takes quotes away, in place. The row is known to be sound. Returns the new length. */
static size_t unquote(char *text, size_t len)
{
	size_t to = 0;

	for (size_t from = 1; from + 1 < len; from++) {
		text[to++] = text[from];
		if (text[from] == '"')
			from++;
	}
	return to;
}

int ws_csv_split(struct ws_lines *lines, struct ws_line *line, const char *path, struct ws_csv_row *row,
		 struct ws_error *err)
{
	enum state state = AT_START;
	size_t start_off = 0, len;
	int rc = complete(lines, line, path, err);

	row->n = 0;
	if (rc <= 0)
		return rc;
	len = length_of_row(line);
	for (size_t off = 0; off <= len; off++) {
		bool is_end = off == len || (line->text[off] == ',' && state != IN_QUOTES);

		if (!is_end) {
			state = step(state, line->text[off]);
			continue;
		}
		if (row->n == WS_CSV_FIELDS_MAX)
			return ws_error(err, -EINVAL, "%s: line %llu: more than %d columns", path,
					(unsigned long long)line->number, WS_CSV_FIELDS_MAX);
		row->field[row->n++] = (struct ws_csv_field) {
			.text = line->text + start_off,
			.len = state == BEHIND_QUOTE ? unquote(line->text + start_off, off - start_off)
						     : off - start_off,
		};
		state = AT_START;
		start_off = off + 1;
	}
	return 1;
}
