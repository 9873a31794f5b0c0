/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database_cluster - see the header. Owners are gathered in a temporary table until all snapshots are in: who is gone
 * in a later one, and who took another's address, is asked of all of them.
 */
#include "ingest/database_cluster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/database_inner.h"

struct ws_cluster_insert {
	struct ws_sql *sql;
	sqlite3_stmt *find_owner;
	sqlite3_stmt *add_owner;
	sqlite3_stmt *add_span;
	sqlite3_stmt *add_dependency;
	uint64_t n_spans;
	int64_t n_snapshots; /* whose owners are in */
};

/* Bind a number, or NULL for one that stands for nothing; a text, or NULL for none. */
static void bind_number(sqlite3_stmt *s, int i, int64_t value, int64_t nothing)
{
	if (value == nothing)
		sqlite3_bind_null(s, i);
	else
		sqlite3_bind_int64(s, i, value);
}

static void bind_text(sqlite3_stmt *s, int i, const char *text)
{
	if (text && *text)
		sqlite3_bind_text(s, i, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, i);
}

int ws_database_has_snapshots(struct ws_database *db, const struct ws_snapshot_facts *snapshots, uint32_t n,
			      struct ws_error *err)
{
	sqlite3_stmt *s;
	int64_t n_there = 0;
	int rc = ws_sql_select_number(&db->sql, "SELECT count(*) FROM snapshot", 0, &n_there, err);

	if (rc || n_there != n)
		return rc;
	rc = ws_sql_prepare(&db->sql, "SELECT 1 FROM snapshot WHERE path = ? AND content_hash = ?", &s, err);
	if (rc)
		return rc;
	rc = 1;
	for (uint32_t i = 0; rc == 1 && i < n; i++) {
		sqlite3_bind_text(s, 1, snapshots[i].path, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 2, snapshots[i].hash, -1, SQLITE_STATIC);
		rc = sqlite3_step(s);
		rc = rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : ws_sql_fail(&db->sql, err);
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return rc;
}

static int prepare(struct ws_cluster_insert *in, struct ws_error *err)
{
	int rc = ws_sql_prepare(in->sql,
				"UPDATE tenure SET seen = ?5, service = coalesce(?6, service),"
				" workload = coalesce(?7, workload), node = coalesce(?8, node),"
				" from_ns = coalesce(from_ns, ?9), until_ns = coalesce(?10, until_ns)"
				" WHERE address = ?1 AND kind = ?2 AND namespace IS ?3 AND name = ?4 AND NOT is_gone",
				&in->find_owner, err);

	if (rc == 0)
		rc = ws_sql_prepare(in->sql, "INSERT INTO tenure VALUES (?1, ?2, ?3, ?4, ?6, ?7, ?8, ?9, ?10, ?5, 0)",
				    &in->add_owner, err);
	if (rc == 0)
		rc = ws_sql_prepare(in->sql, "INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				    &in->add_span, err);
	if (rc == 0)
		rc = ws_sql_prepare(in->sql,
				    "INSERT INTO dependency VALUES (?, ?, ?)"
				    " ON CONFLICT DO UPDATE SET n_calls = max(n_calls, excluded.n_calls)",
				    &in->add_dependency, err);
	return rc;
}

static void free_insert(struct ws_cluster_insert *in)
{
	sqlite3_finalize(in->find_owner);
	sqlite3_finalize(in->add_owner);
	sqlite3_finalize(in->add_span);
	sqlite3_finalize(in->add_dependency);
	free(in);
}

int ws_database_begin_snapshots(struct ws_database *db, struct ws_cluster_insert **insert, struct ws_error *err)
{
	struct ws_cluster_insert *in = calloc(1, sizeof(*in));
	int rc;

	if (!in)
		return ws_error(err, -ENOMEM, "out of memory");
	in->sql = &db->sql;
	rc = ws_sql_begin(in->sql, "BEGIN EXCLUSIVE", err); /* as ws_database_begin_file() does */
	if (rc) {
		free(in);
		return rc;
	}
	rc = ws_sql_execute(
		in->sql,
		WS_CLEAR_SNAPSHOTS_SQL
		"CREATE TEMP TABLE tenure (address, kind, namespace, name, service, workload, node, from_ns,"
		" until_ns, seen, is_gone);"
		"CREATE INDEX temp.tenure_address ON tenure (address, kind, namespace, name)",
		err);
	if (rc == 0)
		rc = prepare(in, err);
	if (rc) {
		ws_sql_rollback(in->sql);
		free_insert(in);
		return rc;
	}
	*insert = in;
	return 0;
}

static void bind_owner(sqlite3_stmt *s, const struct ws_owner_facts *o, int64_t seen, int64_t from_ns)
{
	sqlite3_bind_blob(s, 1, o->address, 16, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, o->kind, -1, SQLITE_STATIC);
	bind_text(s, 3, o->namespace);
	sqlite3_bind_text(s, 4, o->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, seen);
	bind_text(s, 6, o->service);
	bind_text(s, 7, o->workload);
	bind_text(s, 8, o->node);
	bind_number(s, 9, from_ns, INT64_MIN);
	bind_number(s, 10, o->until_ns, INT64_MAX);
}

int ws_database_add_owner(struct ws_cluster_insert *in, const struct ws_owner_facts *owner, int64_t before_ns,
			  struct ws_error *err)
{
	int rc;

	bind_owner(in->find_owner, owner, in->n_snapshots, owner->from_ns);
	rc = ws_sql_run(in->sql, in->find_owner, err);
	if (rc || sqlite3_changes(in->sql->db))
		return rc;
	bind_owner(in->add_owner, owner, in->n_snapshots, owner->from_ns != INT64_MIN ? owner->from_ns : before_ns);
	return ws_sql_run(in->sql, in->add_owner, err);
}

int ws_database_end_owners(struct ws_cluster_insert *in, const struct ws_listed *listed, int64_t taken_ns,
			   struct ws_error *err)
{
	sqlite3_stmt *s;
	int rc = ws_sql_prepare(
		in->sql,
		"UPDATE tenure SET is_gone = 1, until_ns = coalesce(min(until_ns, ?2), until_ns, ?2)"
		" WHERE NOT is_gone AND seen < ?1 AND CASE kind WHEN 'pod' THEN ?3 WHEN 'service' THEN ?4"
		" ELSE ?5 END",
		&s, err);

	if (rc)
		return rc;
	sqlite3_bind_int64(s, 1, in->n_snapshots);
	bind_number(s, 2, taken_ns, INT64_MIN);
	sqlite3_bind_int(s, 3, listed->pods);
	sqlite3_bind_int(s, 4, listed->services);
	sqlite3_bind_int(s, 5, listed->nodes);
	rc = ws_sql_run(in->sql, s, err);
	sqlite3_finalize(s);
	in->n_snapshots++;
	return rc;
}

int ws_database_add_snapshot(struct ws_cluster_insert *in, const struct ws_snapshot_facts *f, struct ws_error *err)
{
	sqlite3_stmt *s;
	int rc = ws_sql_prepare(in->sql,
				"INSERT INTO snapshot (path, content_hash, taken_ns, overlay, mtls, n_unread)"
				" VALUES (?, ?, ?, ?, ?, ?)",
				&s, err);

	if (rc)
		return rc;
	sqlite3_bind_text(s, 1, f->path, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, f->hash, -1, SQLITE_STATIC);
	bind_number(s, 3, f->taken_ns, INT64_MIN);
	bind_text(s, 4, f->overlay);
	bind_text(s, 5, f->mtls);
	sqlite3_bind_int64(s, 6, (sqlite3_int64)f->n_unread);
	rc = ws_sql_run(in->sql, s, err);
	sqlite3_finalize(s);
	return rc;
}

int ws_database_add_span(struct ws_cluster_insert *in, const struct ws_span *span, struct ws_error *err)
{
	static const uint8_t none[8];
	sqlite3_stmt *s = in->add_span;
	int rc;

	sqlite3_bind_blob(s, 1, span->trace_id, 16, SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, span->span_id, 8, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, span->service, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, span->kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, span->start_ns);
	sqlite3_bind_int64(s, 6, span->duration_ns);
	sqlite3_bind_text(s, 7, span->operation, -1, SQLITE_STATIC);
	if (memcmp(span->parent_span_id, none, sizeof(none)) != 0)
		sqlite3_bind_blob(s, 8, span->parent_span_id, 8, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, 8);
	bind_text(s, 9, span->node);
	bind_text(s, 10, span->pod);
	rc = ws_sql_run(in->sql, s, err);
	if (rc == 0)
		in->n_spans += (uint64_t)sqlite3_changes(in->sql->db);
	return rc;
}

int ws_database_add_dependency(struct ws_cluster_insert *in, const char *caller, const char *callee, int64_t n_calls,
			       struct ws_error *err)
{
	sqlite3_stmt *s = in->add_dependency;

	sqlite3_bind_text(s, 1, caller, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, callee, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, n_calls);
	return ws_sql_run(in->sql, s, err);
}

int ws_database_add_synchronization(struct ws_cluster_insert *in, const char *node, const char *method, int64_t at_ns,
				    int64_t offset_ns, int64_t bound_ns, struct ws_error *err)
{
	sqlite3_stmt *s;
	int rc = ws_sql_prepare(in->sql, "INSERT INTO synchronization VALUES (?, ?, ?, ?, ?)", &s, err);

	if (rc)
		return rc;
	sqlite3_bind_text(s, 1, node, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, method, -1, SQLITE_STATIC);
	bind_number(s, 3, at_ns, INT64_MIN);
	sqlite3_bind_int64(s, 4, offset_ns);
	sqlite3_bind_int64(s, 5, bound_ns);
	rc = ws_sql_run(in->sql, s, err);
	sqlite3_finalize(s);
	return rc;
}

uint64_t ws_database_span_count(const struct ws_cluster_insert *in)
{
	return in->n_spans;
}

/* Whose address another pod has from some time on had it until then; a pod that is done keeps it in Kubernetes' words.
 */
static int put_owners(struct ws_cluster_insert *in, struct ws_error *err)
{
	return ws_sql_execute(
		in->sql,
		"INSERT INTO owner SELECT address, kind, namespace, name, service, workload, node, from_ns,"
		" CASE WHEN kind = 'pod' AND next_ns < coalesce(until_ns, 9223372036854775807) THEN next_ns"
		"  ELSE until_ns END FROM"
		" (SELECT *, first_value(from_ns) OVER (PARTITION BY address, kind ORDER BY from_ns"
		"   GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next_ns FROM tenure)"
		" ORDER BY address, kind, namespace, name, from_ns",
		err);
}

int ws_database_end_snapshots(struct ws_cluster_insert *in, int rc, struct ws_error *err)
{
	if (!in)
		return rc;
	if (rc == 0)
		rc = put_owners(in, err);
	if (rc == 0)
		rc = ws_sql_execute(in->sql, "DROP TABLE temp.tenure", err);
	rc = ws_sql_end(in->sql, rc, err);
	free_insert(in);
	return rc;
}
