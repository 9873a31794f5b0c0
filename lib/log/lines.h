/* SPDX-License-Identifier: BSD-2-Clause */
/* lines - a text file, packed or not, line by line, in memory that grows with its longest line only. */
#ifndef WS_LINES_H
#define WS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* A longer line is an error: no log has one, and memory ends somewhere. Bodies of answers lie in lines of logs. */
#define WS_LINE_MAX (64u << 20)

struct ws_lines;

struct ws_line {
	char *text;	 /* without the line feed; the caller may change it; stands until the next call */
	size_t len;	 /* may hold any bytes, NUL too */
	uint64_t number; /* in the file, from 1; of the first, after ws_lines_extend() */
	uint64_t n;	 /* lines of the file that it is made of */
	bool is_cut;	 /* the file ends before its line feed */
};

/* Opens path, which may be compressed with gzip or zstd. The lines are the caller's, to be closed. */
int ws_lines_open(const char *path, struct ws_lines **lines, struct ws_error *err);

/* The next line. Returns 1, 0 at the end, or -errno. */
int ws_lines_next(struct ws_lines *lines, struct ws_line *line, struct ws_error *err);

/*
 * Appends the line behind it to the line that was read last, a line feed between them. Returns 1, or 0 if there is
 * none: then the line is as it was, or -errno.
 */
int ws_lines_extend(struct ws_lines *lines, struct ws_line *line, struct ws_error *err);

/* At the end: did compressed data end in mid-frame? */
bool ws_lines_is_cut(const struct ws_lines *lines);

void ws_lines_close(struct ws_lines *lines);

#endif
