/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables - what lies in a store, and its making. Names and units are those of lib/schema.sql.
 *
 * Large tables, request, response and flow, have the columns part (of the layout: what may be dropped at once), run,
 * load (which attempt to load brought the row) and then those of lib/schema.sql in its order. All other tables of
 * lib/schema.sql, and file_load (lib/clickhouse/mirror.h), are small: they have run, version, row_no (from 0, in the
 * order of SQLite's rows) and then theirs: INTEGER is Int64, TEXT and BLOB are String, what may be NULL is Nullable.
 * They are written as wholes: what a run consists of says table content, and which content counts says table run, of
 * which the row with the greatest (sequence, version) counts.
 *
 * In a cluster NAME is a Distributed table above NAME_local on every server.
 */
#ifndef WS_TABLES_H
#define WS_TABLES_H

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/rowbinary.h"

struct ws_table_column {
	const char *name;
	uint8_t kind; /* enum ws_kind */
};

struct ws_table {
	const char *name;
	const struct ws_table_column *column; /* those of lib/schema.sql */
	uint32_t n_columns;
	const char *order;    /* by what it is sorted, behind run */
	const char *sharding; /* an expression: in a cluster, rows of which lie together */
};

enum ws_large {
	WS_TABLE_REQUEST,
	WS_TABLE_RESPONSE,
	WS_TABLE_FLOW,
	WS_N_LARGE,
};

extern const struct ws_table ws_large_tables[WS_N_LARGE];

/* Column load and file_id say which rows count: the mirror's table file_load has those that do. */

/*
 * Creates the database and the tables where they are missing, and says so of none that is there. cluster: NULL for one
 * server; else a name in the servers' remote_servers: the tables are made on all servers of the URL, or by ON CLUSTER
 * where it has fewer than the cluster. From then on client uses the database.
 */
int ws_tables_create(const struct ws_access *access, struct ws_client *client, const char *cluster,
		     struct ws_error *err);

/* Is the store one of a cluster? */
int ws_tables_are_distributed(struct ws_client *client, bool *are, struct ws_error *err);

#endif
