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
 * one row for each file: those of the run with its file_id and load. file.n_requests, file.n_responses and n_flows are
 * their numbers; last_...: the greatest of their ids, 0 without any.
 */
#ifndef WS_MIRROR_H
#define WS_MIRROR_H

#include <sqlite3.h>
#include <stdbool.h>

#include "lib/clickhouse/client.h"

/* The schema version that a run in a store has; lib/schema.sql. */
#define WS_MIRROR_SCHEMA 4

struct ws_mirror;

/*
 * Fills db, a database without tables or with those of lib/schema.sql, from the store: with the latest version of the
 * run, or not at all if there is no such run, or no database or tables yet. db and client have to outlive the mirror.
 * Of a version of which something is missing: -EBADMSG.
 */
int ws_mirror_open(struct ws_client *client, const char *run, sqlite3 *db, struct ws_mirror **mirror,
		   struct ws_error *err);

/* Does the store have the run? */
bool ws_mirror_is_there(const struct ws_mirror *mirror);

/* The value of column part of the run's rows: that of the version before, the condition "campaign", or the day (UTC).
 */
int ws_mirror_part(struct ws_mirror *mirror, const char **part, struct ws_error *err);

/*
 * Writes what has changed, and then the row that makes it count; nothing if nothing has. Not in a transaction of db.
 * -EBUSY: another program has written a version meanwhile; then this one does not count. writer: the program's name
 * and version.
 */
int ws_mirror_publish(struct ws_mirror *mirror, const char *writer, struct ws_error *err);

/*
 * Removes from the store what is of the run and does not count, but for what did when the mirror was opened, which
 * somebody may still read. *n_rows: of requests, responses and flows that go. The server does it later, by itself.
 */
int ws_mirror_sweep(struct ws_mirror *mirror, const struct ws_access *access, int64_t *n_rows, struct ws_error *err);

/* A random number of 63 bits, not 0: of a load, of a version. */
int ws_mirror_number(int64_t *number, struct ws_error *err);

void ws_mirror_close(struct ws_mirror *mirror);

#endif
