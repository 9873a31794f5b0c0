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

/* How traits are packed: payload length, segments, direction; and extras: stream, the id's version, family, HTTP. */
#define WS_SIFT_TRAITS                                                                                  \
	"bitShiftLeft(toUInt64(payload_len), 24) + bitShiftLeft(toUInt64(least(n_segments, 65535)), 8)" \
	" + direction"
#define WS_SIFT_EXTRAS                                                                                              \
	"bitShiftLeft(toUInt64(ifNull(stream_id, 0)), 24) + bitShiftLeft(toUInt64(if(family = 9,"                   \
	" bitAnd(reinterpretAsUInt8(substring(trace_id, 7, 1)), 240), 0)), 16) + bitShiftLeft(toUInt64(family), 8)" \
	" + http_version"

struct ws_sift_sql {
	const struct ws_far_question *question;
	const char *condition; /* of the rows of the files that take part */
	const char *suffix;    /* of the tables of the server that is asked */
	bool is_all;	       /* of all servers' rows, through this one */
	uint64_t slice;	       /* of identities, by their hash: the one that is asked about */
	uint64_t n_slices;
	const uint64_t *left; /* bits: buckets of identities that are left */
	uint32_t n_left;      /* of these */
};

/* The question to one server. Its columns are those of struct ws_told. NULL: no memory; the caller's, to be freed. */
char *ws_sift_sql_ask(const struct ws_sift_sql *sql);

/*
 * The same where single pairs are told of. Its columns, in order: which source saw it (0, 1: that one; 2: both; 3: it
 * is no pair); sequence number, or, of what is no pair, its bucket; with ids: trace id with zeros behind, its length,
 * span id; and, of each source that is joined: flow, file as index in the catalog, stamp and traits at the NIC, the
 * same at the vport, request_id at the NIC, and, with ids, extras at the vport.
 */
char *ws_sift_sql_pairs(const struct ws_sift_sql *sql);

/* The kinds of its columns; returns how many there are. */
#define WS_SIFT_COLUMNS_MAX (5 + 10 * WS_N_SOURCES)
uint32_t ws_sift_pair_kinds(const struct ws_far_question *question, uint8_t kind[WS_SIFT_COLUMNS_MAX]);

/* The conditions of what is left, for ws_far_restrict(): the caller's, to be freed. 0 or -ENOMEM. */
int ws_sift_sql_left(const struct ws_sift_sql *sql, char **prewhere, char **where);

#endif
