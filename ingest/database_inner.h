/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database_inner - run.db as its own files see it: database.c, database_cluster.c, database_copy.c,
 * database_documents.c, database_facts.c, database_log.c, database_overhead.c.
 */
#ifndef WS_DATABASE_INNER_H
#define WS_DATABASE_INNER_H

#include "ingest/database.h"
#include "ingest/depot.h"
#include "ingest/rows.h"
#include "ingest/sql.h"

#define WS_SCHEMA_VERSION 4

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
	struct ws_depot *depot; /* NULL: a run.db */
	struct ws_rows rows;	/* what insert_requests and insert_responses insert; its file is the one under way */
	sqlite3_stmt *insert_requests;
	sqlite3_stmt *insert_responses;
	sqlite3_stmt *insert_flow;
	struct ws_log_insert log;
};

/* Forgets the load log under way. */
void ws_log_insert_free(struct ws_log_insert *log);

#endif
