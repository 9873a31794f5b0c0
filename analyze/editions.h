/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * editions - databases that older programs made, seen as if they were of today's schema: views of the connection's own
 * stand in front of the tables that have changed. The database itself stays as it is.
 */
#ifndef WS_ANALYZE_EDITIONS_H
#define WS_ANALYZE_EDITIONS_H

struct sqlite3;

/* lib/schema.sql. Every version since the first can be read. */
#define WS_EDITION_NEWEST 4
#define WS_EDITION_OLDEST 1

/* Makes the views that a database of this version needs. Returns SQLite's code. */
int ws_edition_adapt(struct sqlite3 *db, int version);

#endif
