/* SPDX-License-Identifier: BSD-2-Clause */
/* small - the small tables of a store (tables.h), as lib/schema.sql has them: its columns are read from SQLite. */
#ifndef WS_SMALL_H
#define WS_SMALL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define WS_SMALL_TABLES_MAX  32
#define WS_SMALL_COLUMNS_MAX 32

struct ws_small_column {
	char *name;
	uint8_t kind; /* enum ws_kind: Int64 or String, perhaps nullable */
	bool is_text; /* TEXT, and no BLOB */
};

struct ws_small_table {
	char *name;
	struct ws_small_column column[WS_SMALL_COLUMNS_MAX];
	uint32_t n_columns;
};

struct ws_small_tables {
	struct ws_small_table table[WS_SMALL_TABLES_MAX];
	uint32_t n;
};

/* Makes the tables of lib/schema.sql, and file_load, in an empty database; of one that has the former, file_load. */
int ws_small_create(sqlite3 *db, struct ws_error *err);

/* Of a database that ws_small_create() has seen. tables is the caller's, to be freed whatever comes of it. */
int ws_small_read(sqlite3 *db, struct ws_small_tables *tables, struct ws_error *err);

void ws_small_free(struct ws_small_tables *tables);

#endif
