/* SPDX-License-Identifier: BSD-2-Clause */
/* far_sift_sql - what the servers are asked, in their SQL: for far_sift alone. */
#ifndef WS_ANALYZE_FAR_SIFT_SQL_H
#define WS_ANALYZE_FAR_SIFT_SQL_H

#include "analyze/far_sift.h"
#include "lib/clickhouse/tables.h"

/* The 16 bytes of the trace id that a row is joined by, with zeros behind. */
#define WS_SIFT_ID "toFixedString(substring(" WS_SQL_SETTLED_TRACE_ID ", 1, 16), 16)"

/* Of identities that are left, the buckets are noted that their ids fall into. */
#define WS_SIFT_BUCKETS (UINT32_C(1) << 18)

struct ws_sift_sql {
	const struct ws_far_question *question;
	const char *condition; /* of the rows of the files that take part */
	uint64_t slice;	       /* of identities, by their hash: the one that is asked about */
	uint64_t n_slices;
	const uint64_t *left; /* bits: buckets of identities that are left */
	uint32_t n_left;      /* of these */
};

/*
 * The question to one server, of its rows in table; is_all: of all servers' rows, through this one. Its columns are
 * those of struct ws_told. NULL: no memory; the caller's, to be freed.
 */
char *ws_sift_sql_ask(const struct ws_sift_sql *sql, const char *table, bool is_all);

/* The conditions of what is left, for ws_far_restrict(): the caller's, to be freed. 0 or -ENOMEM. */
int ws_sift_sql_left(const struct ws_sift_sql *sql, char **prewhere, char **where);

#endif
