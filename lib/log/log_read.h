/* SPDX-License-Identifier: BSD-2-Clause */
/* log_read - the log of a load generator, whichever it is, as requests. */
#ifndef WS_LOG_READ_H
#define WS_LOG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* A request as the generator logged it. */
struct ws_log_request {
	int64_t start_ns;   /* on the log's clock; not negative */
	int64_t latency_ns; /* not negative */
	int64_t n_bytes_in; /* -1: the log does not say */
	const char *error;  /* stands until the taker returns; holds no NUL */
	size_t error_len;   /* 0: no error */
	int status;	    /* HTTP status; 0: no answer */
};

/* What is known of a log once it has been read. */
struct ws_log_facts {
	const char *format;	 /* as in load_log.format; a constant */
	const char *clock;	 /* as in load_log.clock; a constant */
	int64_t resolution_ns;	 /* finest step of its times */
	uint64_t n_requests;	 /* given to the taker */
	uint64_t n_ok;		 /* of these, with a status from 200 to 299 */
	uint64_t n_not_ok;	 /* with another status */
	uint64_t n_unanswered;	 /* without */
	uint64_t n_unread_lines; /* at the end: of a row that is not whole */
	bool is_complete;	 /* false: the log was cut off */
};

/* Takes a request. A result other than 0 ends the reading, which returns it. */
typedef int (*ws_log_take)(void *context, const struct ws_log_request *request);

/*
 * Reads the log at path, which may be compressed; its format is told by its first line. A log that was cut off in its
 * last line is read up to there. Returns 0; -errno with words for a file that is no log that we know, or has a line
 * that is none of its format: then requests may have been given, and *facts is untouched.
 */
int ws_log_read(const char *path, ws_log_take take, void *context, struct ws_log_facts *facts, struct ws_error *err);

#endif
