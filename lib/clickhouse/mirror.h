/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mirror - the small tables of one run in a store as a SQLite database of lib/schema.sql, which is read and written as
 * any other: filled when the run is opened, written back as a new version of the run. Its tables request, response and
 * flow stay empty; which of their rows in the store count, table file_load says:
 *
 *   CREATE TABLE file_load (file_id INTEGER PRIMARY KEY, load INTEGER NOT NULL, n_flows INTEGER NOT NULL,
 *                           last_request_id INTEGER NOT NULL, last_response_id INTEGER NOT NULL,
 *                           last_flow_id INTEGER NOT NULL) STRICT;
 *
 * one row for each file: those with its file_id and load. file.n_requests, file.n_responses and n_flows are their
 * numbers; last_...: the greatest ids that the run has had up to this file.
 */
#ifndef WS_MIRROR_H
#define WS_MIRROR_H

#include <sqlite3.h>
#include <stdbool.h>

#include "lib/clickhouse/client.h"

struct ws_mirror;

/*
 * Fills db, a database without tables, from the store: the latest version of the run, or the bare tables if there is no
 * such run (or no database or tables yet). db and client have to outlive the mirror.
 */
int ws_mirror_open(struct ws_client *client, const char *run, sqlite3 *db, struct ws_mirror **mirror,
		   struct ws_error *err);

/* Does the store have the run? */
bool ws_mirror_is_there(const struct ws_mirror *mirror);

/*
 * Writes what has changed, and then the row that makes it count; nothing if nothing has. *is_new tells (NULL: nobody
 * asks). Not in a transaction of db. -EBUSY: another program has written a version meanwhile; then this one does not
 * count.
 */
int ws_mirror_publish(struct ws_mirror *mirror, bool *is_new, struct ws_error *err);

void ws_mirror_close(struct ws_mirror *mirror);

#endif
