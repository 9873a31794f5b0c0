/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pages - reads the rows of a table from the database file's pages: SQLite finds the table and holds the lock, and its
 * file is read through it, but rows do not go through its virtual machine, which takes ten times as long.
 *
 * The file's format is https://www.sqlite.org/fileformat2.html, which is promised not to change. Its bytes are not
 * trusted: a page that contradicts itself or the file ends the reading.
 */
#ifndef WS_ANALYZE_PAGES_H
#define WS_ANALYZE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3;
struct ws_pages;

/* A value of a row. */
struct ws_cell {
	int64_t integer;     /* 0 if it is none */
	const uint8_t *blob; /* NULL if it is none; or text */
	uint32_t n_bytes;
	bool is_null;
};

/*
 * Makes ready to read a table of the connection's database, whose columns must begin with these names; the first one is
 * the rowid's. The connection must be in a transaction that has read, without a write-ahead log. 0, -ENOMEM, or
 * -ENOTSUP if the table is not what can be read this way: it is to be read with SQL. To be closed with
 * ws_pages_close().
 */
int ws_pages_open(struct sqlite3 *db, const char *table, const char *const *column, uint32_t n_columns,
		  struct ws_pages **pages);

/* NULL is fine. */
void ws_pages_close(struct ws_pages *pages);

/*
 * Calls take() for every row whose rowid is low .. high, in that order, with its first n_columns values; these hold
 * until it returns. The first value is null. 0, what take() says, -EIO (the file cannot be read or is malformed) or
 * -EPROTO (a row holds a value that is neither integer, blob nor text, or is too short or long).
 */
int ws_pages_read(struct ws_pages *pages, int64_t low, int64_t high, uint32_t n_columns,
		  int (*take)(void *context, const struct ws_cell *cell), void *context);

#endif
