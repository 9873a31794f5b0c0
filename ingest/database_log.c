/* SPDX-License-Identifier: BSD-2-Clause */
/* database_log - load-generator logs in the run's database. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/database_inner.h"

int ws_database_find_log(struct ws_database *db, const char *name, const char *hash, char **other_path,
			 struct ws_error *err)
{
	sqlite3_stmt *statement;
	int rc = ws_sql_prepare(&db->sql, "SELECT name = ?, path FROM load_log WHERE content_hash = ?", &statement,
				err);
	const char *found;
	char *path = NULL;

	if (rc)
		return rc;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, hash, -1, SQLITE_STATIC);
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		rc = sqlite3_column_int(statement, 0);
		found = (const char *)sqlite3_column_text(statement, 1);
		path = rc || !found ? NULL : strdup(found);
		if (!rc && !path)
			rc = ws_error(err, -ENOMEM, "out of memory");
		break;
	case SQLITE_DONE:
		break;
	default:
		rc = ws_sql_fail(&db->sql, err);
	}
	sqlite3_finalize(statement);
	if (rc >= 0)
		*other_path = path;
	return rc;
}

void ws_log_insert_free(struct ws_log_insert *log)
{
	sqlite3_finalize(log->statement);
	free(log->name);
	free(log->path);
	free(log->hash);
	*log = (struct ws_log_insert) { 0 };
}

/* Takes out what the log replaces: what has its name, and what has its content under a name that is gone. */
static int remove_replaced(struct ws_database *db, const char *name, const char *hash, struct ws_error *err)
{
	int rc = ws_sql_run_with_texts(&db->sql, err,
				       "DELETE FROM load_request WHERE load_log_id IN"
				       " (SELECT load_log_id FROM load_log WHERE name = ? OR content_hash = ?)",
				       name, hash, NULL);

	return rc ? rc
		  : ws_sql_run_with_texts(&db->sql, err, "DELETE FROM load_log WHERE name = ? OR content_hash = ?",
					  name, hash, NULL);
}

int ws_database_begin_log(struct ws_database *db, const char *name, const char *path, const char *hash,
			  uint64_t size_bytes, struct ws_error *err)
{
	struct ws_log_insert *log = &db->log;
	int rc = ws_sql_begin(&db->sql, "BEGIN EXCLUSIVE", err); /* as ws_database_begin_file() does */

	if (rc)
		return rc;
	ws_log_insert_free(log);
	log->name = strdup(name);
	log->path = strdup(path);
	log->hash = strdup(hash);
	log->size_bytes = size_bytes;
	if (!log->name || !log->path || !log->hash)
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = remove_replaced(db, name, hash, err);
	if (rc == 0)
		rc = ws_sql_select_number(&db->sql, "SELECT max(load_log_id) FROM load_log", 0, &log->load_log_id, err);
	log->load_log_id++;
	if (rc == 0)
		rc = ws_sql_prepare(&db->sql, "INSERT INTO load_request VALUES (?, ?, ?, ?, ?, ?, ?)", &log->statement,
				    err);
	if (rc)
		ws_database_drop_file(db);
	else
		sqlite3_bind_int64(log->statement, 1, log->load_log_id);
	return rc;
}

int ws_database_add_request(struct ws_database *db, const struct ws_log_request *r, struct ws_error *err)
{
	sqlite3_stmt *s = db->log.statement;

	sqlite3_bind_int64(s, 2, r->start_ns);
	sqlite3_bind_int64(s, 3, ++db->log.n_requests);
	sqlite3_bind_int64(s, 4, r->latency_ns);
	sqlite3_bind_int(s, 5, r->status);
	if (r->n_bytes_in >= 0)
		sqlite3_bind_int64(s, 6, r->n_bytes_in);
	else
		sqlite3_bind_null(s, 6);
	if (r->error_len)
		sqlite3_bind_text64(s, 7, r->error, r->error_len, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(s, 7);
	return ws_sql_run(&db->sql, s, err);
}

static int put_log(struct ws_database *db, const struct ws_log_facts *f, struct ws_error *err)
{
	const struct ws_log_insert *log = &db->log;
	sqlite3_stmt *s;
	int rc =
		ws_sql_prepare(&db->sql,
			       "INSERT INTO load_log (load_log_id, name, path, content_hash, size_bytes, format, clock,"
			       " resolution_ns, n_requests, n_unread_lines, complete)"
			       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       &s, err);

	if (rc)
		return rc;
	sqlite3_bind_int64(s, 1, log->load_log_id);
	sqlite3_bind_text(s, 2, log->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, log->path, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, log->hash, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, (sqlite3_int64)log->size_bytes);
	sqlite3_bind_text(s, 6, f->format, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 7, f->clock, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 8, f->resolution_ns);
	sqlite3_bind_int64(s, 9, log->n_requests);
	sqlite3_bind_int64(s, 10, (sqlite3_int64)f->n_unread_lines);
	sqlite3_bind_int(s, 11, f->is_complete);
	rc = ws_sql_run(&db->sql, s, err);
	sqlite3_finalize(s);
	return rc;
}

int ws_database_end_log(struct ws_database *db, const struct ws_log_facts *facts, struct ws_error *err)
{
	int rc = put_log(db, facts, err);

	if (rc == 0)
		rc = ws_sql_commit(&db->sql, err);
	if (rc)
		ws_database_drop_file(db);
	ws_log_insert_free(&db->log);
	return rc;
}
