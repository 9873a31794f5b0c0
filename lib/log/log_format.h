/* SPDX-License-Identifier: BSD-2-Clause */
/* log_format - what the readers of the single formats of load-generator logs have in common; see log_read.h. */
#ifndef WS_LOG_FORMAT_H
#define WS_LOG_FORMAT_H

#include "lib/log/csv.h"
#include "lib/log/lines.h"
#include "lib/log/log_read.h"

#define WS_LOG_COLUMNS_MAX 5

struct ws_log_format;

/* A log under way. */
struct ws_log {
	const char *path;
	const struct ws_log_format *format;
	struct ws_lines *lines;
	struct ws_line line; /* under way */
	struct ws_csv_row row;
	uint32_t n_columns;		     /* of every row; 0: not known yet */
	uint32_t column[WS_LOG_COLUMNS_MAX]; /* where those that are read stand; the meaning is the format's */
	uint32_t time_form;		     /* how times are written, in the format's words; 0: none seen yet */
	struct ws_log_facts facts;
	ws_log_take take;
	void *context;
	struct ws_error *err;
};

struct ws_log_format {
	const char *name;
	const char *clock;
	int64_t resolution_ns; /* before any time has been read */
	/* Is this the first line of such a log? */
	bool (*is_first)(const char *line, size_t len);
	/* Reads the first line if it is a header. Returns 0 or -errno; NULL: the first line is a request. */
	int (*read_header)(struct ws_log *log);
	/* Reads what begins with log->line. Returns 0 or -errno; cut off in mid-row: 0, with log->line.is_cut set. */
	int (*read_row)(struct ws_log *log);
};

extern const struct ws_log_format ws_log_h2load, ws_log_vegeta_csv, ws_log_hey_csv, ws_log_k6_csv;
extern const struct ws_log_format ws_log_vegeta_json, ws_log_k6_json;

/* Says what is wrong with the line under way. Returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int ws_log_wrong(struct ws_log *log, const char *format, ...);

/* Gives a request to the taker, and counts it. Returns 0 or -errno. */
int ws_log_give(struct ws_log *log, const struct ws_log_request *request);

/* A time was written with so many digits behind the second. */
void ws_log_note_digits(struct ws_log *log, uint32_t n_fraction_digits);

#endif
