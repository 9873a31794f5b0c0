/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * depot - a run in a ClickHouse store as ingest writes it: beside the run's mirror (lib/clickhouse/mirror.h), which
 * stands where run.db would, the rows of its large tables, which go to the server while a file is read.
 *
 * Rows carry the number of their load. They count from the moment in which a version of the run counts whose mirror
 * names that load; what was sent and never came so far is removed by the next load of the run that ends well.
 */
#ifndef WS_DEPOT_H
#define WS_DEPOT_H

#include <sqlite3.h>
#include <stdint.h>

#include "ingest/flows.h"
#include "lib/clickhouse/access.h"
#include "lib/error.h"
#include "lib/record.h"

struct ws_depot;

/*
 * Opens the run, and fills db, a database of lib/schema.sql, with its mirror. dir: its directory, which is locked as
 * long as it is open: -EBUSY if another program has kept it for 10 s. first: the number of the server that is tried
 * first. The tables have to be there (ws_depot_prepare()). access and db have to outlive it.
 */
int ws_depot_open(const struct ws_access *access, const char *run, const char *dir, uint32_t first, sqlite3 *db,
		  struct ws_depot **depot, struct ws_error *err);

/* Creates the tables where they are missing; once, before runs are opened. cluster: NULL, or as of ws_tables_create().
 */
int ws_depot_prepare(const struct ws_access *access, const char *cluster, struct ws_error *err);

/* "http://HOST:PORT, run NAME", for error texts. */
const char *ws_depot_name(const struct ws_depot *depot);

/* The rows of the file that follow have a load of their own. In the mirror's transaction, as all that follows. */
int ws_depot_begin_file(struct ws_depot *depot, int64_t file_id, struct ws_error *err);

int ws_depot_next_flow_id(struct ws_depot *depot, int64_t *flow_id, struct ws_error *err);

int ws_depot_add_flow(struct ws_depot *depot, const struct ws_flow_key *key, int64_t flow_id, struct ws_error *err);

/* As ws_database_add_records(). */
int ws_depot_add_records(struct ws_depot *depot, const struct ws_record *records, const int64_t *flow_id, uint32_t n,
			 struct ws_error *err);

/* Waits until the store has all rows, asks it how many it has, and notes the load in the mirror. */
int ws_depot_end_file(struct ws_depot *depot, struct ws_error *err);

/* Gives the file up. */
void ws_depot_drop_file(struct ws_depot *depot);

/* Makes count what the mirror has committed; nothing if it does already. */
int ws_depot_publish(struct ws_depot *depot, struct ws_error *err);

/* Removes what does not count; *n_rows. */
int ws_depot_sweep(struct ws_depot *depot, int64_t *n_rows, struct ws_error *err);

void ws_depot_close(struct ws_depot *depot);

#endif
