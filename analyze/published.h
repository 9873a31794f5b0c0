/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * published - numbers that somebody else has published, to be set beside measured ones.
 *
 * A directory with published.tsv: columns figure, quantity (e2e_latency, detection_rate, overlay_latency), overlay,
 * headers, rate_per_s, direction, statistic (min, median, mean, max, rate), search_bytes, relation (=, <), value, unit,
 * place; and, if they are there, findings.tsv: figure, headers, rate_per_s, finding, place - what was found without a
 * number; differences.tsv: figure, quantity, why - what may make measured numbers differ.
 * Units are ms, us and ratio. Lines that begin with # say what the columns are; "-" stands where there is nothing. See
 * datasets/paper/.
 */
#ifndef WS_ANALYZE_PUBLISHED_H
#define WS_ANALYZE_PUBLISHED_H

#include <stdint.h>

#include "lib/error.h"

enum ws_published_column {
	WS_PUBLISHED_FIGURE,
	WS_PUBLISHED_QUANTITY,
	WS_PUBLISHED_OVERLAY,
	WS_PUBLISHED_HEADERS,
	WS_PUBLISHED_RATE,
	WS_PUBLISHED_DIRECTION,
	WS_PUBLISHED_STATISTIC,
	WS_PUBLISHED_SEARCH,
	WS_PUBLISHED_RELATION,
	WS_PUBLISHED_VALUE,
	WS_PUBLISHED_UNIT,
	WS_PUBLISHED_PLACE,
	WS_N_PUBLISHED_COLUMNS,
};

/* A line: texts, pointing into the file's. */
struct ws_published_row {
	const char *text[WS_N_PUBLISHED_COLUMNS];
	double value;
};

/* Why measured numbers of that figure and quantity may differ. */
struct ws_published_reason {
	const char *figure;
	const char *quantity;
	const char *why;
};

/* What was found without a number. */
struct ws_published_finding {
	const char *figure;
	const char *headers; /* "-": any */
	const char *rate_per_s;
	const char *finding;
	const char *place;
};

struct ws_published {
	struct ws_published_row *row; /* in the file's order */
	uint32_t n;
	struct ws_published_reason *reason;
	uint32_t n_reasons;
	struct ws_published_finding *finding;
	uint32_t n_findings;
	char *text[3]; /* the files, taken apart; owned */
};

/* Reads the files of DIR. 0; -EINVAL: a line makes no sense, told by its number; -ENOENT and
 * other -errno. To be closed with ws_published_close(). */
int ws_published_open(const char *dir, struct ws_published *published, struct ws_error *err);

/* NULL is fine. */
void ws_published_close(struct ws_published *published);

#endif
