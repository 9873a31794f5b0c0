/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_document - a libFuzzer target: any bytes as a run's JSON documents, loaded as ingest loads them, into a database
 * in memory.
 *
 * Input: a byte that says which document (run.json, conditions.json, overhead.json), then the file. What must hold is
 * checked by abort(): a document that is refused has words that name the file, and leaves what was there; one that is
 * taken is kept as it is; loading it twice is loading it once; conditions are texts that no terminal minds; trials that
 * were read and are written again are the same. seeds.sh writes a corpus to begin with.
 */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "ingest/database_inner.h"
#include "ingest/load.h"
#include "lib/trials.h"
#include "tests/fuzz/memory_database.h"

static int64_t number(struct ws_database *db, const char *sql)
{
	struct ws_error err = { 0 };
	int64_t n = -1;

	MUST(ws_sql_select_number(&db->sql, sql, 0, &n, &err) == 0);
	return n;
}

/* All that was loaded of documents, as one number. */
static int64_t content_sum(struct ws_database *db)
{
	return number(db, "SELECT (SELECT count(*) FROM condition) + 100003 * (SELECT count(*) FROM overhead_trial)"
			  " + 7919 * (SELECT total(length(key) + 31 * length(value)) FROM condition)"
			  " + (SELECT total(n_requests) FROM overhead_trial)");
}

/* Is the document that the table holds just this one, once? */
static void check_kept(struct ws_database *db, const char *table, const uint8_t *bytes, size_t len)
{
	sqlite3_stmt *statement = NULL;
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT json, count(*) OVER () FROM %s", table);
	MUST(sqlite3_prepare_v2(db->sql.db, sql, -1, &statement, NULL) == SQLITE_OK);
	MUST(sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 1) == 1);
	MUST((size_t)sqlite3_column_bytes(statement, 0) == len);
	MUST(len == 0 || memcmp(sqlite3_column_text(statement, 0), bytes, len) == 0);
	sqlite3_finalize(statement);
}

static void check_conditions(struct ws_database *db)
{
	sqlite3_stmt *statement = NULL;

	MUST(sqlite3_prepare_v2(db->sql.db, "SELECT key, value FROM condition", -1, &statement, NULL) == SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		MUST(sqlite3_column_bytes(statement, 0) > 0);
		for (int column = 0; column < 2; column++) {
			const char *text = (const char *)sqlite3_column_text(statement, column);

			MUST(text && strlen(text) == (size_t)sqlite3_column_bytes(statement, column));
			for (; *text; text++) {
				MUST((unsigned char)*text >= ' ' && *text != 0x7f);
				MUST(strncmp(text, "\xc2\x9b", 2) != 0);
			}
		}
	}
	sqlite3_finalize(statement);
}

static void check_trials(const struct ws_trials *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		struct ws_trial trial = t->at[i];

		MUST(trial.treatment < t->n_treatments);
		for (int k = 0; k < WS_N_TRIAL_MEMBERS; k++)
			MUST(ws_trial_number_can_be(&ws_trial_member[k],
						    *ws_trial_number(&trial, &ws_trial_member[k])));
	}
	MUST(t->n <= WS_TRIALS_MAX && t->n_treatments <= WS_TREATMENTS_MAX);
	for (uint32_t i = 0; i < t->n_treatments; i++)
		MUST(ws_trials_find(t, t->treatment[i].name) == i);
}

/* Written and read again they are the same. The bytes lie in memory of just their size. */
static void check_overhead(const uint8_t *bytes, size_t len, bool is_taken)
{
	struct ws_trials trials = { 0 }, again = { 0 };
	struct ws_error err = { 0 };
	char *copy = malloc(len), *text;
	json_t *document;
	int rc;

	MUST(copy || !len);
	if (len)
		memcpy(copy, bytes, len);
	rc = ws_trials_read(copy, len, &trials, &err);
	MUST(rc == 0 || (rc == -EINVAL && *err.text));
	MUST((rc == 0) == is_taken);
	free(copy);
	if (rc)
		return;
	check_trials(&trials);
	document = ws_trials_json(&trials);
	text = json_dumps(document, 0);
	MUST(document && text);
	MUST(ws_trials_read(text, strlen(text), &again, &err) == 0);
	MUST(again.seed == trials.seed && again.n == trials.n && again.n_treatments == trials.n_treatments);
	MUST(!memcmp(again.treatment, trials.treatment, sizeof(trials.treatment)));
	MUST(trials.n == 0 || !memcmp(again.at, trials.at, trials.n * sizeof(*trials.at)));
	free(text);
	json_decref(document);
	ws_trials_close(&trials);
	ws_trials_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const load[])(struct ws_database *, const char *,
				   struct ws_error *) = { ws_load_manifest, ws_load_conditions, ws_load_overhead };
	static const char *const table[] = { "manifest", "condition_file", "overhead_file" };
	struct ws_database *db = database();
	struct ws_error err = { 0 };
	uint32_t kind;
	int64_t before;
	int rc;

	if (size == 0 || size > 1 << 16)
		return 0;
	kind = data[0] % 3;
	set_file(data + 1, size - 1);
	before = content_sum(db);
	rc = load[kind](db, file_path, &err);
	MUST(rc <= 0);
	if (kind == 2 && !memchr(data + 1, 0, size - 1))
		check_overhead(data + 1, size - 1, rc == 0);
	if (rc) {
		MUST(strstr(err.text, file_path));
		MUST(content_sum(db) == before);
		return 0;
	}
	check_kept(db, table[kind], data + 1, size - 1);
	check_conditions(db);
	before = content_sum(db);
	MUST(load[kind](db, file_path, &err) == 0);
	MUST(content_sum(db) == before);
	check_kept(db, table[kind], data + 1, size - 1);
	return 0;
}
