/* SPDX-License-Identifier: BSD-2-Clause */
/* database_overhead - what capturing costs, in the database: the document and its trials. */
#include <errno.h>
#include <string.h>

#include "ingest/database_inner.h"
#include "lib/trials.h"

extern const char ws_schema_sql[];

/*
 * A database of this version may be older than these tables, which stand last in the schema, or than the last of their
 * columns.
 */
static int make_tables(struct ws_database *db, struct ws_error *err)
{
	static const char query[] =
		"SELECT count(*) FROM pragma_table_info('overhead_trial') WHERE name = 'n_irq_work'";
	const char *sql = strstr(ws_schema_sql, "CREATE TABLE IF NOT EXISTS overhead_file");
	int64_t n_columns = 0;
	int rc = sql ? ws_sql_execute(&db->sql, sql, err) : ws_error(err, -EPROTO, "the schema has no such tables");

	if (rc == 0)
		rc = ws_sql_select_number(&db->sql, query, 0, &n_columns, err);
	if (rc == 0 && n_columns == 0)
		rc = ws_sql_execute(&db->sql, "ALTER TABLE overhead_trial ADD COLUMN n_irq_work INTEGER", err);
	return rc;
}

static int put_treatments(struct ws_database *db, const struct ws_trials *trials, struct ws_error *err)
{
	sqlite3_stmt *insert;
	int rc = ws_sql_prepare(&db->sql, "INSERT INTO overhead_treatment VALUES (?, ?, ?)", &insert, err);

	for (uint32_t i = 0; i < trials->n_treatments && !rc; i++) {
		sqlite3_bind_int64(insert, 1, i);
		sqlite3_bind_text(insert, 2, trials->treatment[i].name, -1, SQLITE_STATIC);
		sqlite3_bind_text(insert, 3, trials->treatment[i].words, -1, SQLITE_STATIC);
		if (sqlite3_step(insert) != SQLITE_DONE)
			rc = ws_sql_fail(&db->sql, err);
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	return rc;
}

/* The insertion of a trial: its treatment, then its numbers in the order of ws_trial_member. */
static int prepare_trial(struct ws_database *db, sqlite3_stmt **insert, struct ws_error *err)
{
	char sql[1024], values[4 * WS_N_TRIAL_MEMBERS] = "";
	int n = snprintf(sql, sizeof(sql), "INSERT INTO overhead_trial (treatment_no");

	for (int i = 0; i < WS_N_TRIAL_MEMBERS; i++) {
		n += snprintf(sql + n, sizeof(sql) - (size_t)n, ", %s", ws_trial_member[i].name);
		strcat(values, ", ?");
	}
	snprintf(sql + n, sizeof(sql) - (size_t)n, ") VALUES (?%s)", values);
	return ws_sql_prepare(&db->sql, sql, insert, err);
}

static int put_trials(struct ws_database *db, const struct ws_trials *trials, struct ws_error *err)
{
	sqlite3_stmt *insert;
	int rc = prepare_trial(db, &insert, err);

	for (uint32_t i = 0; i < trials->n && !rc; i++) {
		sqlite3_bind_int64(insert, 1, trials->at[i].treatment);
		for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++) {
			const int64_t number = *ws_trial_number(&trials->at[i], &ws_trial_member[k]);

			if (number < 0)
				sqlite3_bind_null(insert, k + 2);
			else
				sqlite3_bind_int64(insert, k + 2, number);
		}
		if (sqlite3_step(insert) != SQLITE_DONE)
			rc = ws_sql_fail(&db->sql, err);
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	return rc;
}

static int replace(struct ws_database *db, const char *hash, const char *json, struct ws_error *err)
{
	struct ws_trials trials = { 0 };
	int rc = ws_trials_read(json, strlen(json), &trials, err);

	if (rc)
		return rc;
	rc = ws_sql_execute(&db->sql,
			    "DELETE FROM overhead_file; DELETE FROM overhead_trial; DELETE FROM overhead_treatment;",
			    err);
	if (rc == 0)
		rc = put_treatments(db, &trials, err);
	if (rc == 0)
		rc = put_trials(db, &trials, err);
	if (rc == 0)
		rc = ws_sql_run_with_texts(&db->sql, err, "INSERT INTO overhead_file VALUES (?, ?)", hash, json, NULL);
	ws_trials_close(&trials);
	return rc;
}

/* Is there a document of this hash? */
static int is_there(struct ws_database *db, const char *hash, bool *found, struct ws_error *err)
{
	sqlite3_stmt *select;
	int rc = ws_sql_prepare(&db->sql, "SELECT 1 FROM overhead_file WHERE content_hash = ?", &select, err);

	if (rc)
		return rc;
	sqlite3_bind_text(select, 1, hash, -1, SQLITE_STATIC);
	rc = sqlite3_step(select);
	*found = rc == SQLITE_ROW;
	rc = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : ws_sql_fail(&db->sql, err);
	sqlite3_finalize(select);
	return rc;
}

int ws_database_put_overhead(struct ws_database *db, const char *hash, const char *json, struct ws_error *err)
{
	bool found = false;
	int rc = ws_sql_begin(&db->sql, "BEGIN IMMEDIATE", err);

	if (rc)
		return rc;
	rc = make_tables(db, err);
	if (rc == 0)
		rc = is_there(db, hash, &found, err);
	if (rc == 0 && !found)
		rc = replace(db, hash, json, err);
	return ws_sql_end(&db->sql, rc, err);
}
