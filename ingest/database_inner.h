/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database_inner - run.db as its own files see it: database.c, database_cluster.c, database_copy.c,
 * database_documents.c, database_facts.c, database_log.c, database_overhead.c,
 * database_rows.c.
 */
#ifndef WS_DATABASE_INNER_H
#define WS_DATABASE_INNER_H

#include "ingest/database.h"
#include "ingest/sql.h"

#define WS_SCHEMA_VERSION 4
/* How long to wait for another process that has the database open. */
#define WS_BUSY_TIMEOUT_MS 10000

/* Takes out all that cluster snapshots put in. */
#define WS_CLEAR_SNAPSHOTS_SQL                                                               \
	"DELETE FROM snapshot; DELETE FROM owner; DELETE FROM span; DELETE FROM dependency;" \
	"DELETE FROM synchronization;"

/* A load log under way. */
struct ws_log_insert {
	sqlite3_stmt *statement; /* a request */
	int64_t load_log_id;
	int64_t n_requests;
	char *name;
	char *path;
	char *hash;
	uint64_t size_bytes;
};

struct ws_database {
	struct ws_sql sql;
	int64_t file_id;     /* of the file under way */
	uint8_t *first_page; /* of images; NULL: not made yet */
	sqlite3_stmt *insert_flow;
	struct ws_log_insert log;
};

/* A place for images, outside of a transaction. */
int ws_database_attach_images(struct ws_database *db, struct ws_error *err);
void ws_database_detach_images(struct ws_database *db);

/* Forgets the load log under way. */
void ws_log_insert_free(struct ws_log_insert *log);

#endif
