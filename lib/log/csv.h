/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv - rows of comma-separated values as RFC 4180 has them: quoted fields may hold commas, line feeds and doubled
 * quotes. Strict: a quote stands at a field's beginning and end, or twice, or not at all.
 */
#ifndef WS_CSV_H
#define WS_CSV_H

#include <stdint.h>

#include "lib/log/lines.h"

/* More than any load generator writes. */
#define WS_CSV_FIELDS_MAX 64

struct ws_csv_field {
	const char *text; /* without its quotes; any bytes */
	size_t len;
};

struct ws_csv_row {
	uint32_t n;
	struct ws_csv_field field[WS_CSV_FIELDS_MAX];
};

/*
 * Splits a row that begins with the line that was read last; lines on which a quoted field goes on are read as well,
 * and line is then all of them. The fields lie in the line, which is changed, and stand as long as it. Returns 1; 0 if
 * the file ends within the row, with line.is_cut set; or -errno with words.
 */
int ws_csv_split(struct ws_lines *lines, struct ws_line *line, const char *path, struct ws_csv_row *row,
		 struct ws_error *err);

#endif
