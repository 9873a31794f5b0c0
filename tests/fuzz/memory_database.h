/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_database - what the fuzz targets of ingest share: a database in memory. */
#ifndef WS_TESTS_MEMORY_DATABASE_H
#define WS_TESTS_MEMORY_DATABASE_H

#include "ingest/database.h"
#include "tests/fuzz/memory_file.h"

/* A database grows with what it has seen; a new one is made after so many files. */
#define FILES_MAX 2000

static struct ws_database *database(void)
{
	static struct ws_database *db;
	static uint32_t n_files;
	struct ws_error err = { 0 };

	if (n_files++ % FILES_MAX == 0) {
		ws_database_close(db);
		MUST(ws_database_open(":memory:", &db, &err) == 0);
	}
	return db;
}

#endif
