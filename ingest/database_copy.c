/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database_copy - cluster snapshots from one run's database into another's. The other is opened by itself, to be read
 * only: attached to this one it could be written, or made where there is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/database_cluster.h"
#include "ingest/database_inner.h"

/* The other database is of no use; not an error. */
#define NOT_THERE 1

struct copying {
	struct ws_sql *to;
	sqlite3 *from;
	struct ws_error *err;
};

static const struct {
	const char *select;
	const char *insert;
} tables[] = {
	{ "SELECT address, kind, namespace, name, service, workload, node, from_ns, until_ns FROM owner ORDER BY rowid",
	  "INSERT INTO owner VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" },
	{ "SELECT trace_id, span_id, service, kind, start_ns, duration_ns, operation, parent_span_id, node, pod FROM "
	  "span",
	  "INSERT INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" },
	{ "SELECT caller, callee, n_calls FROM dependency", "INSERT INTO dependency VALUES (?, ?, ?)" },
	{ "SELECT node, method, at_ns, offset_ns, bound_ns FROM synchronization ORDER BY rowid",
	  "INSERT INTO synchronization VALUES (?, ?, ?, ?, ?)" },
};

static int prepare(struct copying *c, const char *select, const char *insert, sqlite3_stmt **from, sqlite3_stmt **to)
{
	int rc = ws_sql_prepare(c->to, insert, to, c->err);

	if (rc == 0 && sqlite3_prepare_v2(c->from, select, -1, from, NULL) != SQLITE_OK)
		rc = NOT_THERE;
	return rc;
}

/* The columns of the row that from stands on, from the first parameter on. */
static int copy_row(struct copying *c, sqlite3_stmt *from, sqlite3_stmt *to)
{
	for (int i = 0; i < sqlite3_column_count(from); i++)
		sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
	return ws_sql_run(c->to, to, c->err);
}

static int copy_table(struct copying *c, const char *select, const char *insert)
{
	sqlite3_stmt *from = NULL, *to = NULL;
	int rc = prepare(c, select, insert, &from, &to), code;

	while (rc == 0 && (code = sqlite3_step(from)) != SQLITE_DONE)
		rc = code == SQLITE_ROW ? copy_row(c, from, to) : NOT_THERE;
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return rc;
}

/* Table snapshot, if it has these and no others. */
static int copy_snapshots(struct copying *c, const struct ws_snapshot_facts *snapshots, uint32_t n)
{
	static const char select[] = "SELECT content_hash, taken_ns, overlay, mtls, n_unread FROM snapshot"
				     " ORDER BY snapshot_id";
	static const char insert[] = "INSERT INTO snapshot (content_hash, taken_ns, overlay, mtls, n_unread, path)"
				     " VALUES (?, ?, ?, ?, ?, ?)";
	sqlite3_stmt *from = NULL, *to = NULL;
	int rc = prepare(c, select, insert, &from, &to);

	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		const char *hash = sqlite3_step(from) == SQLITE_ROW ? (const char *)sqlite3_column_text(from, 0) : NULL;

		if (!hash || strcmp(hash, snapshots[i].hash) != 0) {
			rc = NOT_THERE;
			break;
		}
		sqlite3_bind_text(to, 6, snapshots[i].path, -1, SQLITE_STATIC);
		rc = copy_row(c, from, to);
	}
	if (rc == 0 && sqlite3_step(from) != SQLITE_DONE)
		rc = NOT_THERE;
	sqlite3_finalize(from);
	sqlite3_finalize(to);
	return rc;
}

/* Opens the other database for one look at all its tables. */
static int open_other(const char *path, sqlite3 **db)
{
	sqlite3_stmt *s = NULL;
	int rc = NOT_THERE;

	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return NOT_THERE;
	sqlite3_busy_timeout(*db, WS_BUSY_TIMEOUT_MS);
	if (sqlite3_exec(*db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(*db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) == WS_SCHEMA_VERSION)
		rc = 0;
	sqlite3_finalize(s);
	return rc;
}

int ws_database_copy_snapshots(struct ws_database *db, const char *from_path, const struct ws_snapshot_facts *snapshots,
			       uint32_t n, struct ws_error *err)
{
	struct copying c = { .to = &db->sql, .err = err };
	int rc = open_other(from_path, &c.from);

	if (rc)
		goto out;
	rc = ws_sql_begin(c.to, "BEGIN IMMEDIATE", err);
	if (rc)
		goto out;
	rc = ws_sql_execute(c.to, WS_CLEAR_SNAPSHOTS_SQL, err);
	if (rc == 0)
		rc = copy_snapshots(&c, snapshots, n);
	for (size_t i = 0; rc == 0 && i < sizeof(tables) / sizeof(tables[0]); i++)
		rc = copy_table(&c, tables[i].select, tables[i].insert);
	rc = ws_sql_end(c.to, rc, err);
out:
	sqlite3_close(c.from);
	return rc == NOT_THERE ? 0 : rc == 0 ? 1 : rc;
}
