/* SPDX-License-Identifier: BSD-2-Clause */
/* database_facts - what run.db says of a file as a whole: clocks, losses, ledger, families, facts; see database.h. */
#include "ingest/database_inner.h"
#include "lib/names.h"

/* Runs a statement with the file's id and two more numbers. */
static int run_with_numbers(struct ws_database *db, const char *sql, uint64_t first, uint64_t second,
			    struct ws_error *err)
{
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(&db->sql, sql, &statement, err);

	if (rc)
		return rc;
	sqlite3_bind_int64(statement, 1, db->rows.file_id);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)first);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)second);
	rc = ws_sql_run(&db->sql, statement, err);
	sqlite3_finalize(statement);
	return rc;
}

int ws_database_add_clock_pair(struct ws_database *db, uint64_t monotonic_ns, uint64_t realtime_ns,
			       struct ws_error *err)
{
	return run_with_numbers(db, "INSERT INTO clock_pair VALUES (?, ?, ?)", monotonic_ns, realtime_ns, err);
}

/* A name and a number for the file. */
static int add_count(struct ws_database *db, const char *sql, const char *name, uint64_t n, struct ws_error *err)
{
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(&db->sql, sql, &statement, err);

	if (rc)
		return rc;
	sqlite3_bind_int64(statement, 1, db->rows.file_id);
	sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)n);
	rc = ws_sql_run(&db->sql, statement, err);
	sqlite3_finalize(statement);
	return rc;
}

int ws_database_add_loss(struct ws_database *db, const char *kind, uint64_t n, struct ws_error *err)
{
	return add_count(db, "INSERT INTO loss VALUES (?, ?, ?)", kind, n, err);
}

/* What a packet capture lost only the manifest knows. */
static int add_pcap_losses(struct ws_database *db, struct ws_error *err)
{
	return run_with_numbers(
		db,
		"INSERT INTO loss SELECT ?1, 'pcap_' || lost.key, lost.value FROM file JOIN point USING (point_id),"
		" manifest, json_each(manifest.json, '$.points') AS p, json_each(p.value, '$.pcap.lost') AS lost"
		" WHERE file_id = ?1 AND source = 'pcap' AND p.value ->> 'name' = point.name"
		" AND file.path IN (SELECT (p.value ->> '$.pcap.file') || suffix.value"
		"  FROM json_each('[\"\", \".gz\", \".zst\"]') AS suffix) AND ?2 = ?3",
		0, 0, err);
}

static int put_facts(struct ws_database *db, const char *hash, const struct ws_file_facts *f, uint64_t n_frames,
		     struct ws_error *err)
{
	sqlite3_stmt *s;
	int rc = ws_sql_prepare(&db->sql,
				"UPDATE file SET size_bytes = ?2, complete = ?3, unread_bytes = ?4, n_requests = ?5,"
				" n_contexts = ?6, n_frames = ?7, first_ns = ?8, last_ns = ?9, search_bytes = ?10,"
				" contexts = ?11, prefers_list = ?12, n_responses = ?13, content_hash = ?14"
				" WHERE file_id = ?1",
				&s, err);

	if (rc)
		return rc;
	sqlite3_bind_int64(s, 1, db->rows.file_id);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)f->size_bytes);
	sqlite3_bind_int(s, 3, f->is_complete);
	sqlite3_bind_int64(s, 4, (sqlite3_int64)f->unread_bytes);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)f->n_requests);
	sqlite3_bind_int64(s, 6, (sqlite3_int64)f->n_contexts);
	sqlite3_bind_int64(s, 7, (sqlite3_int64)n_frames);
	if (f->first_ns <= f->last_ns) {
		sqlite3_bind_int64(s, 8, (sqlite3_int64)f->first_ns);
		sqlite3_bind_int64(s, 9, (sqlite3_int64)f->last_ns);
	}
	if (f->search_bytes)
		sqlite3_bind_int64(s, 10, f->search_bytes);
	sqlite3_bind_text(s, 11, f->contexts, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 12, f->prefers_list);
	sqlite3_bind_int64(s, 13, (sqlite3_int64)f->n_responses);
	sqlite3_bind_text(s, 14, hash, -1, SQLITE_STATIC);
	rc = ws_sql_run(&db->sql, s, err);
	sqlite3_finalize(s);
	return rc;
}

/* The families looked for. Of a list from a later version, which this program cannot read, none is known. */
static int add_families(struct ws_database *db, const char *contexts, struct ws_error *err)
{
	struct ws_wanted wanted;
	int rc = 0;

	if (ws_wanted_parse(contexts, &wanted, NULL))
		return 0;
	for (uint8_t f = 0; rc == 0 && f < WS_MAX_FAMILIES; f++) {
		char name[WS_FAMILY_TEXT_LEN];

		if (wanted.families & 1u << f)
			rc = add_count(db, "INSERT INTO family (file_id, name, family) VALUES (?, ?, ?)",
				       ws_wanted_family_name(&wanted, f, name), f, err);
	}
	return rc;
}

int ws_database_end_file(struct ws_database *db, const char *hash, const struct ws_file_facts *facts,
			 struct ws_error *err)
{
	uint64_t n_frames, n_unnamed = facts->n_other_frames, n_named = 0;
	int rc = 0;

	for (uint32_t slot = 0; rc == 0 && slot < WS_N_REASONS; slot++) {
		if (!ws_slot_name(slot)) {
			n_unnamed += facts->n_frames[slot];
			continue;
		}
		n_named += facts->n_frames[slot];
		rc = add_count(db, "INSERT INTO ledger VALUES (?, ?, ?)", ws_slot_name(slot), facts->n_frames[slot],
			       err);
	}
	n_frames = n_named + n_unnamed;
	if (rc == 0 && n_unnamed) /* a file from a later version */
		rc = add_count(db, "INSERT INTO ledger VALUES (?, ?, ?)", "unknown", n_unnamed, err);
	if (rc == 0)
		rc = add_pcap_losses(db, err);
	if (rc == 0)
		rc = put_facts(db, hash, facts, n_frames, err);
	if (rc == 0)
		rc = add_families(db, facts->contexts, err);
	if (rc == 0 && db->depot)
		rc = ws_depot_end_file(db->depot, err);
	if (rc == 0)
		rc = ws_sql_commit(&db->sql, err);
	if (rc)
		ws_database_drop_file(db);
	return rc;
}
