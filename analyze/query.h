/* SPDX-License-Identifier: BSD-2-Clause */
/* query - the rows of a small question to run.db, one after the other. */
#ifndef WS_ANALYZE_QUERY_H
#define WS_ANALYZE_QUERY_H

#include <stdint.h>

#include "analyze/store.h"

struct sqlite3_stmt;

/*
 * Calls take for every row of the query, whose first parameter, if it has one, is bound; what: what is read, for error
 * texts. A value other than 0 that take returns ends it: -ENOMEM, -EOVERFLOW, or -EPROTO for a row that makes no sense.
 * 0, what take returned, or -EIO.
 */
int ws_query_each(struct ws_store *store, const char *query, int64_t parameter, const char *what,
		  int (*take)(struct sqlite3_stmt *row, void *context), void *context, struct ws_error *err);

/* The text of a column; "" for NULL. It lasts until the next row. */
const char *ws_query_text(struct sqlite3_stmt *row, int column);

/* A column's integer, or otherwise for NULL. */
int64_t ws_query_int_or(struct sqlite3_stmt *row, int column, int64_t otherwise);

/* Copies a column's bytes if there are size of them. 0 or -EPROTO. */
int ws_query_bytes(struct sqlite3_stmt *row, int column, uint8_t *bytes, int size);

#endif
