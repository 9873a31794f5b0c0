/* SPDX-License-Identifier: BSD-2-Clause */
/* lines - see the header. */
#include "lib/log/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log/unpack.h"

#define FIRST_CAP (1u << 17)

struct ws_lines {
	char *path;
	FILE *file;
	char *bytes;
	size_t cap;
	size_t start_off; /* of the line that was given last */
	size_t next_off;  /* behind its line feed */
	size_t end_off;	  /* of what was read of the file */
	uint64_t n_lines; /* given */
	bool is_packed;
	bool is_cut;
	bool has_ended;
};

int ws_lines_open(const char *path, struct ws_lines **lines, struct ws_error *err)
{
	struct ws_lines *l = calloc(1, sizeof(*l));
	int rc = 0;

	if (!l || !(l->path = strdup(path)) || !(l->bytes = malloc(FIRST_CAP))) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	l->cap = FIRST_CAP;
	l->file = ws_unpack_open(path, &l->is_packed, &l->is_cut);
	if (!l->file)
		rc = ws_error(err, -errno, "%s: cannot open: %s", path, strerror(errno));
out:
	if (rc)
		ws_lines_close(l);
	else
		*lines = l;
	return rc;
}

/* Drops what lies before the line that is kept, and doubles the room if there is none. */
static int make_room(struct ws_lines *l, struct ws_error *err)
{
	char *grown;

	if (l->start_off) {
		memmove(l->bytes, l->bytes + l->start_off, l->end_off - l->start_off);
		l->end_off -= l->start_off;
		l->next_off -= l->start_off;
		l->start_off = 0;
	}
	if (l->end_off < l->cap)
		return 0;
	if (l->cap >= WS_LINE_MAX)
		return ws_error(err, -EFBIG, "%s: line %llu is longer than %u MB", l->path,
				(unsigned long long)l->n_lines + 1, WS_LINE_MAX >> 20);
	grown = realloc(l->bytes, 2 * l->cap);
	if (!grown)
		return ws_error(err, -ENOMEM, "%s: line %llu: out of memory", l->path,
				(unsigned long long)l->n_lines + 1);
	l->bytes = grown;
	l->cap *= 2;
	return 0;
}

/* Finds the end of the line that begins at next_off. *end_off is its line feed, or the end of the file. */
static int find_end(struct ws_lines *l, size_t *end_off, bool *has_line_feed, struct ws_error *err)
{
	size_t n_searched = 0; /* from next_off, which make_room() moves */

	for (;;) {
		const char *from = l->bytes + l->next_off + n_searched;
		const char *line_feed = memchr(from, '\n', l->end_off - l->next_off - n_searched);
		size_t n;
		int rc;

		if (line_feed || l->has_ended) {
			*has_line_feed = line_feed;
			*end_off = line_feed ? (size_t)(line_feed - l->bytes) : l->end_off;
			return 0;
		}
		n_searched = l->end_off - l->next_off;
		rc = make_room(l, err);
		if (rc)
			return rc;
		n = fread(l->bytes + l->end_off, 1, l->cap - l->end_off, l->file);
		l->end_off += n;
		if (n == 0 && ferror(l->file))
			return ws_error(err, -EIO, "%s: line %llu: cannot read%s", l->path,
					(unsigned long long)l->n_lines + 1,
					l->is_packed ? ": its compressed data is damaged" : "");
		l->has_ended = n == 0;
	}
}

/* Reads one more line of the file onto what is kept. Returns 1, 0 at the end, or -errno. */
static int read_on(struct ws_lines *l, struct ws_line *line, uint64_t n_before, struct ws_error *err)
{
	bool has_line_feed = false;
	size_t end_off = 0;
	int rc = find_end(l, &end_off, &has_line_feed, err);

	if (rc)
		return rc;
	if (end_off == l->next_off && !has_line_feed)
		return 0;
	l->n_lines++;
	line->text = l->bytes + l->start_off;
	line->len = end_off - l->start_off;
	line->n = n_before + 1;
	line->number = l->n_lines - n_before;
	line->is_cut = !has_line_feed;
	l->next_off = end_off + has_line_feed;
	return 1;
}

int ws_lines_next(struct ws_lines *l, struct ws_line *line, struct ws_error *err)
{
	l->start_off = l->next_off;
	return read_on(l, line, 0, err);
}

int ws_lines_extend(struct ws_lines *l, struct ws_line *line, struct ws_error *err)
{
	int rc = read_on(l, line, line->n, err);

	line->text = l->bytes + l->start_off; /* it may have moved */
	return rc;
}

bool ws_lines_is_cut(const struct ws_lines *l)
{
	return l->is_cut;
}

void ws_lines_close(struct ws_lines *l)
{
	if (!l)
		return;
	if (l->file)
		fclose(l->file);
	free(l->bytes);
	free(l->path);
	free(l);
}
