/* SPDX-License-Identifier: BSD-2-Clause */
/* database - see the header. With its kin and sql.c the only files of ingest that know SQLite. */
#include "ingest/database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/database_inner.h"
#include "ingest/depot.h"
#include "lib/names.h"
#include "lib/version.h"

/* More than any database ends with, and far from where ids end. */
#define FLOW_ID_MAX (1ll << 48)

/* lib/schema.sql; see the Makefile. */
extern const char ws_schema_sql[];

static const char *const source_names[] = { "ebpf", "pcap" };

/* What the database says that it is, and whether there is anything in it. */
static int look(struct ws_database *db, int64_t *version, int64_t *n_tables, struct ws_error *err)
{
	int rc = ws_sql_select_number(&db->sql, "PRAGMA user_version", 0, version, err);

	return rc ? rc : ws_sql_select_number(&db->sql, "SELECT count(*) FROM sqlite_schema", 0, n_tables, err);
}

/* Of another version. */
static int refuse(const struct ws_database *db, int64_t version, struct ws_error *err)
{
	if (version > 0 && version < WS_SCHEMA_VERSION)
		return ws_error(
			err, -EINVAL,
			"%s: an older program made it (schema version %lld; this one writes %d): analyze reads it as "
			"it is; to load again, move it away and run ingest again",
			db->sql.path, (long long)version, WS_SCHEMA_VERSION);
	return ws_error(
		err, -EINVAL,
		"%s: a database of another kind or of a later version (%lld; this program writes %d); move it away "
		"and load again",
		db->sql.path, (long long)version, WS_SCHEMA_VERSION);
}

/* Creates the tables in a database that was empty; another ingest may have been first. */
static int create(struct ws_database *db, struct ws_error *err)
{
	int64_t version = 0, n_tables = 0;
	int rc = ws_sql_begin(&db->sql, "BEGIN IMMEDIATE", err);

	if (rc)
		return rc;
	rc = look(db, &version, &n_tables, err);
	if (rc == 0 && n_tables == 0)
		rc = ws_sql_execute(&db->sql, ws_schema_sql, err);
	if (rc == 0 && n_tables == 0)
		rc = ws_sql_run_with_texts(
			&db->sql, err, "INSERT INTO meta VALUES ('schema_version', '4'), ('writer', 'wirespan ' || ?)",
			WS_VERSION, NULL);
	return ws_sql_end(&db->sql, rc, err);
}

/* Both of one moment: another ingest may be making the tables. */
static int look_at_once(struct ws_database *db, int64_t *version, int64_t *n_tables, struct ws_error *err)
{
	int rc = ws_sql_begin(&db->sql, "BEGIN", err);

	if (rc)
		return rc;
	rc = look(db, version, n_tables, err);
	ws_sql_rollback(&db->sql);
	return rc;
}

/* Creates the tables in an empty database, or checks that they are ours. */
static int set_up(struct ws_database *db, struct ws_error *err)
{
	int64_t version = 0, n_tables = 0;
	int rc = look_at_once(db, &version, &n_tables, err);

	if (rc == 0 && version == 0 && n_tables == 0) {
		rc = create(db, err);
		if (rc == 0)
			rc = look_at_once(db, &version, &n_tables, err);
	}
	return rc || version == WS_SCHEMA_VERSION ? rc : refuse(db, version, err);
}

/* The path with all links in its directories resolved: to be freed; NULL with errno. */
static char *resolve(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *above, *dir, *real = NULL;

	if (!slash)
		return strdup(path);
	above = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	dir = above ? realpath(above, NULL) : NULL;
	if (dir && asprintf(&real, "%s/%s", dir, slash + 1) < 0)
		real = NULL;
	free(above);
	free(dir);
	return real;
}

/* The directory is what the user named, by a link or not; a link in it may be anybody's, and is not followed. */
static int connect(struct ws_database *db, struct ws_error *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW;
	char *real = resolve(db->sql.path);
	struct stat st;
	int rc = 0;

	if (!real)
		return ws_error(err, -errno, "%s: %s", db->sql.path, strerror(errno));
	if (lstat(real, &st) == 0 && S_ISLNK(st.st_mode))
		rc = ws_error(err, -ELOOP,
			      "%s: a symbolic link; ingest writes in the run's own directory only: remove the link",
			      db->sql.path);
	else if (lstat(real, &st) == 0 && !S_ISREG(st.st_mode))
		rc = ws_error(err, -EINVAL, "%s: not a regular file; move it away and load again", db->sql.path);
	else if (sqlite3_open_v2(real, &db->sql.db, flags, NULL) != SQLITE_OK)
		rc = ws_sql_fail(&db->sql, err);
	free(real);
	return rc;
}

/* What every connection needs, once the tables can be made. */
static int begin_writing(struct ws_database *db, struct ws_error *err)
{
	int rc;

	sqlite3_busy_timeout(db->sql.db, WS_BUSY_TIMEOUT_MS);
	rc = ws_sql_execute(&db->sql, "PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536", err);
	if (rc == 0)
		rc = set_up(db, err);
	if (rc == 0 && ws_rows_register(db->sql.db, &db->rows) != SQLITE_OK)
		rc = ws_sql_fail(&db->sql, err);
	if (rc == 0)
		rc = ws_sql_prepare(&db->sql, ws_rows_insert_requests_sql, &db->insert_requests, err);
	if (rc == 0)
		rc = ws_sql_prepare(&db->sql, ws_rows_insert_responses_sql, &db->insert_responses, err);
	if (rc == 0)
		rc = ws_sql_prepare(&db->sql, "INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				    &db->insert_flow, err);
	return rc;
}

int ws_database_open(const char *path, struct ws_database **database, struct ws_error *err)
{
	struct ws_database *db = calloc(1, sizeof(*db));
	int rc;

	if (!db || !(db->sql.path = strdup(path)))
		rc = ws_error(err, -ENOMEM, "out of memory");
	else
		rc = connect(db, err);
	if (rc == 0)
		rc = begin_writing(db, err);
	if (rc)
		ws_database_close(db);
	else
		*database = db;
	return rc;
}

int ws_database_check(struct ws_database *db, struct ws_error *err)
{
	return db->depot ? 0 : ws_sql_check_place(&db->sql, err);
}

int ws_database_open_in_store(const struct ws_access *access, const char *run, const char *dir, uint32_t first,
			      struct ws_database **database, struct ws_error *err)
{
	struct ws_database *db = calloc(1, sizeof(*db));
	char *name;
	int rc = 0;

	if (!db || !(db->sql.path = strdup(run)))
		rc = ws_error(err, -ENOMEM, "out of memory");
	/* without a name: a file of our own that goes with the connection, in memory as long as it is small */
	else if (sqlite3_open_v2("", &db->sql.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		rc = ws_sql_fail(&db->sql, err);
	if (rc == 0)
		rc = begin_writing(db, err);
	if (rc == 0)
		rc = ws_depot_open(access, run, dir, first, db->sql.db, &db->depot, err);
	name = rc ? NULL : strdup(ws_depot_name(db->depot));
	if (rc == 0 && !name)
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (rc) {
		ws_database_close(db);
		return rc;
	}
	free(db->sql.path);
	db->sql.path = name;
	*database = db;
	return 0;
}

int ws_database_publish(struct ws_database *db, struct ws_error *err)
{
	return db->depot ? ws_depot_publish(db->depot, err) : 0;
}

int ws_database_sweep(struct ws_database *db, int64_t *n_rows, struct ws_error *err)
{
	*n_rows = 0;
	return db->depot ? ws_depot_sweep(db->depot, n_rows, err) : 0;
}

const char *ws_database_path(const struct ws_database *db)
{
	return db->sql.path;
}

int ws_database_has_file(struct ws_database *db, const struct ws_input *input, const char *hash,
			 const struct ws_wanted *wanted, struct ws_error *err)
{
	char contexts[WS_WANTED_TEXT_LEN];
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(&db->sql,
				"SELECT 1 FROM file JOIN point USING (point_id)"
				" WHERE name = ?1 AND source = ?2 AND (?3 IS NULL OR content_hash = ?3)"
				" AND (?4 IS NULL OR (contexts = ?4 AND prefers_list = ?5))",
				&statement, err);

	if (rc)
		return rc;
	sqlite3_bind_text(statement, 1, input->point, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, source_names[input->source], -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, hash, -1, SQLITE_STATIC);
	if (wanted) {
		sqlite3_bind_text(statement, 4, ws_wanted_text(wanted, contexts), -1, SQLITE_STATIC);
		sqlite3_bind_int(statement, 5, wanted->prefers_list);
	}
	rc = sqlite3_step(statement);
	rc = rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : ws_sql_fail(&db->sql, err);
	sqlite3_finalize(statement);
	return rc;
}

/* A point's role is the manifest's word, or follows from its name. */
static int put_point(struct ws_database *db, const char *name, struct ws_error *err)
{
	return ws_sql_run_with_texts(
		&db->sql, err,
		"INSERT INTO point (name, role, node, interface, netns, pod)"
		" SELECT ?1, coalesce(m.value ->> 'role', CASE WHEN ?1 GLOB 'nic*' THEN 'nic'"
		"  WHEN ?1 GLOB 'vport*' THEN 'vport' ELSE 'other' END), m.value ->> 'node', m.value ->> 'interface', "
		"m.value ->> 'netns', m.value ->> 'pod'"
		" FROM (SELECT 1) LEFT JOIN (SELECT p.value FROM manifest, json_each(manifest.json, '$.points') AS p"
		"  WHERE p.value ->> 'name' = ?1) AS m"
		" WHERE NOT EXISTS (SELECT 1 FROM point WHERE name = ?1)",
		name, NULL);
}

int ws_database_begin_file(struct ws_database *db, const struct ws_input *input, const char *shown_path,
			   struct ws_error *err)
{
	const char *source = source_names[input->source];
	/* for ourselves: a reader who does not let go is met now, and not after all rows */
	int rc = ws_sql_begin(&db->sql, "BEGIN EXCLUSIVE", err);

	if (rc)
		return rc;
	rc = put_point(db, input->point, err);
	if (rc == 0)
		rc = ws_sql_run_with_texts(&db->sql, err,
					   "DELETE FROM request WHERE file_id IN (SELECT file_id FROM file JOIN point"
					   " USING (point_id) WHERE name = ? AND source = ?)",
					   input->point, source, NULL);
	if (rc == 0)
		rc = ws_sql_run_with_texts(&db->sql, err,
					   "DELETE FROM response WHERE file_id IN (SELECT file_id FROM file JOIN point"
					   " USING (point_id) WHERE name = ? AND source = ?)",
					   input->point, source, NULL);
	if (rc == 0)
		rc = ws_sql_run_with_texts(&db->sql, err,
					   "DELETE FROM file WHERE source = ?2"
					   " AND point_id = (SELECT point_id FROM point WHERE name = ?1)",
					   input->point, source, NULL);
	if (rc == 0)
		rc = ws_sql_run_with_texts(
			&db->sql, err,
			"INSERT INTO file (point_id, source, path, content_hash, size_bytes, complete,"
			" unread_bytes, n_requests, n_contexts, n_responses, n_frames, contexts, prefers_list)"
			" SELECT point_id, ?2, ?3, '', 0, 0, 0, 0, 0, 0, 0, '', 0 FROM point WHERE name = ?1",
			input->point, source, shown_path, NULL);
	db->rows.file_id = sqlite3_last_insert_rowid(db->sql.db);
	if (rc == 0 && db->depot)
		rc = ws_depot_begin_file(db->depot, db->rows.file_id, err);
	if (rc)
		ws_database_drop_file(db);
	return rc;
}

static void bind_blob_or_null(sqlite3_stmt *statement, int i, const uint8_t address[16], bool is_there)
{
	if (is_there)
		sqlite3_bind_blob(statement, i, address, 16, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, i);
}

int ws_database_add_flow(struct ws_database *db, const struct ws_flow_key *key, int64_t flow_id, struct ws_error *err)
{
	sqlite3_stmt *s = db->insert_flow;
	const bool is_tunnelled = key->outer_ip_version != 0;

	if (db->depot)
		return ws_depot_add_flow(db->depot, key, flow_id, err);
	sqlite3_bind_int64(s, 1, flow_id);
	sqlite3_bind_int64(s, 2, db->rows.file_id);
	sqlite3_bind_int(s, 3, key->ip_version);
	sqlite3_bind_blob(s, 4, key->saddr, 16, SQLITE_STATIC);
	sqlite3_bind_blob(s, 5, key->daddr, 16, SQLITE_STATIC);
	sqlite3_bind_int(s, 6, key->sport);
	sqlite3_bind_int(s, 7, key->dport);
	sqlite3_bind_text(s, 8, ws_encap_name(key->encap), -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 9, key->vni);
	sqlite3_bind_int(s, 10, key->outer_ip_version);
	bind_blob_or_null(s, 11, key->outer_saddr, is_tunnelled);
	bind_blob_or_null(s, 12, key->outer_daddr, is_tunnelled);
	sqlite3_bind_int(s, 13, key->vlan);
	return ws_sql_run(&db->sql, s, err);
}

int ws_database_next_flow_id(struct ws_database *db, int64_t *flow_id, struct ws_error *err)
{
	int64_t last_flow_id;
	int rc;

	if (db->depot)
		return ws_depot_next_flow_id(db->depot, flow_id, err);
	rc = ws_sql_select_number(&db->sql, "SELECT max(flow_id) FROM flow", 0, &last_flow_id, err);

	if (rc == 0 && (last_flow_id < 0 || last_flow_id >= FLOW_ID_MAX))
		rc = ws_error(err, -ERANGE, "%s: the ids in it are used up; move it away and load again", db->sql.path);
	if (rc == 0)
		*flow_id = last_flow_id + 1;
	return rc;
}

int ws_database_add_records(struct ws_database *db, const struct ws_record *records, const int64_t *flow_id, uint32_t n,
			    uint32_t n_responses, struct ws_error *err)
{
	int rc = 0;

	if (db->depot)
		return ws_depot_add_records(db->depot, records, flow_id, n, err);
	db->rows.record = records;
	db->rows.flow_id = flow_id;
	db->rows.n = n;
	if (n > n_responses)
		rc = ws_sql_run(&db->sql, db->insert_requests, err);
	if (rc == 0 && n_responses)
		rc = ws_sql_run(&db->sql, db->insert_responses, err);
	db->rows.n = 0;
	return rc;
}

void ws_database_drop_file(struct ws_database *db)
{
	if (db->depot)
		ws_depot_drop_file(db->depot);
	ws_sql_rollback(&db->sql);
}

void ws_database_close(struct ws_database *db)
{
	if (!db)
		return;
	sqlite3_finalize(db->insert_requests);
	sqlite3_finalize(db->insert_responses);
	sqlite3_finalize(db->insert_flow);
	ws_log_insert_free(&db->log);
	ws_depot_close(db->depot);
	sqlite3_close(db->sql.db);
	free(db->sql.path);
	free(db);
}
