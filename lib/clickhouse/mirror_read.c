/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror_read - a run's small tables from the store into the mirror; all of them, or an error. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/mirror_inner.h"
#include "lib/clickhouse/result.h"
#include "lib/text_stream.h"

/* What of the version stands in table content. */
static int read_content(struct ws_mirror *m, struct ws_error *err)
{
	static const uint8_t kinds[] = { WS_KIND_STRING, WS_KIND_I64, WS_KIND_I64 };
	const struct ws_value *value;
	struct ws_result *result;
	char *query;
	int rc;

	if (asprintf(&query, "name, of_version, n_rows FROM content WHERE run = %s AND version = %lld", m->quoted_run,
		     (long long)m->version) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_result_open(m->client, query, kinds, 3, &result, err);
	free(query);
	if (rc)
		return rc;
	while ((rc = ws_result_next(result, &value, err)) == 1) {
		uint32_t i = 0;

		while (i < m->small.n && (strlen(m->small.table[i].name) != value[0].n_bytes ||
					  memcmp(m->small.table[i].name, value[0].bytes, value[0].n_bytes) != 0))
			i++;
		if (i == m->small.n) {
			rc = ws_error(err, -EPROTO, "%s, run %s: it has tables that this program does not know",
				      ws_client_name(m->client), m->run);
			break;
		}
		m->table[i].of_version = value[1].integer;
		m->table[i].n_rows = value[2].integer;
	}
	ws_result_close(result);
	return rc;
}

/* "SELECT"'s columns, and "INSERT"; to be freed. */
static int make_texts(struct ws_mirror *m, uint32_t i, char **query, char **insert)
{
	const struct ws_small_table *t = &m->small.table[i];
	struct ws_text_stream from, to = { 0 };
	char *text = NULL;
	int rc = ws_text_stream_open(&from);

	rc = rc ? rc : ws_text_stream_open(&to);
	if (rc)
		goto out;
	for (uint32_t k = 0; k < t->n_columns; k++)
		fprintf(from.out, "%s`%s`", k ? ", " : "", t->column[k].name);
	fprintf(from.out, " FROM `%s` WHERE run = %s AND version = %lld ORDER BY row_no", t->name, m->quoted_run,
		(long long)m->table[i].of_version);
	fprintf(to.out, "INSERT INTO \"%s\" VALUES (?", t->name);
	for (uint32_t k = 1; k < t->n_columns; k++)
		fputs(", ?", to.out);
	fputs(")", to.out);
	rc = ws_text_stream_finish(&to, &text, NULL);
	rc = rc ? rc : ws_text_stream_finish(&from, query, NULL);
	if (rc == 0) {
		*insert = text;
		text = NULL;
	}
out:
	ws_text_stream_close(&from);
	ws_text_stream_close(&to);
	free(text);
	return rc;
}

static int put_row(struct ws_mirror *m, const struct ws_small_table *t, const struct ws_value *value,
		   sqlite3_stmt *insert, struct ws_error *err)
{
	for (uint32_t k = 0; k < t->n_columns; k++) {
		const int n = (int)value[k].n_bytes; /* at most WS_ROWBINARY_STRING_MAX */

		if (value[k].type == WS_VALUE_NULL)
			sqlite3_bind_null(insert, (int)k + 1);
		else if (value[k].type == WS_VALUE_INTEGER)
			sqlite3_bind_int64(insert, (int)k + 1, value[k].integer);
		else if (t->column[k].is_text)
			sqlite3_bind_text(insert, (int)k + 1, (const char *)value[k].bytes, n, SQLITE_STATIC);
		else
			sqlite3_bind_blob(insert, (int)k + 1, value[k].bytes, n, SQLITE_STATIC);
	}
	if (sqlite3_step(insert) != SQLITE_DONE) {
		const int code = sqlite3_errcode(m->db) & 0xff;

		if (code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH)
			return ws_error(err, -EBADMSG,
					"%s, run %s: table %s is damaged: %s: drop the run and load it again",
					ws_client_name(m->client), m->run, t->name, sqlite3_errmsg(m->db));
		return ws_mirror_fail(m, err);
	}
	sqlite3_reset(insert);
	return 0;
}

/* The rows of table number i. */
static int fill(struct ws_mirror *m, uint32_t i, const char *query, sqlite3_stmt *insert, struct ws_error *err)
{
	const struct ws_small_table *t = &m->small.table[i];
	uint8_t kinds[WS_SMALL_COLUMNS_MAX];
	const struct ws_value *value;
	struct ws_result *result;
	int64_t n = 0;
	int rc;

	for (uint32_t k = 0; k < t->n_columns; k++)
		kinds[k] = t->column[k].kind;
	rc = ws_result_open(m->client, query, kinds, t->n_columns, &result, err);
	if (rc)
		return rc;
	while ((rc = ws_result_next(result, &value, err)) == 1) {
		rc = put_row(m, t, value, insert, err);
		n++;
		if (rc)
			break;
	}
	ws_result_close(result);
	if (rc == 0 && n != m->table[i].n_rows)
		rc = ws_error(err, -EBADMSG,
			      "%s, run %s: table %s has %lld rows where %lld were written: was it loaded or dropped "
			      "meanwhile? If it stays so, drop the run and load it again",
			      ws_client_name(m->client), m->run, t->name, (long long)n, (long long)m->table[i].n_rows);
	return rc;
}

static int read_table(struct ws_mirror *m, uint32_t i, struct ws_error *err)
{
	char *query = NULL, *text = NULL, *delete = NULL;
	sqlite3_stmt *insert = NULL;
	int rc = make_texts(m, i, &query, &text);

	if (rc == 0 && asprintf(&delete, "DELETE FROM \"%s\"", m->small.table[i].name) < 0) {
		delete = NULL;
		rc = -ENOMEM;
	}
	if (rc)
		ws_error(err, rc, "out of memory");
	else if (sqlite3_exec(m->db, delete, NULL, NULL, NULL) != SQLITE_OK ||
		 sqlite3_prepare_v2(m->db, text, -1, &insert, NULL) != SQLITE_OK)
		rc = ws_mirror_fail(m, err);
	if (rc == 0 && m->table[i].of_version)
		rc = fill(m, i, query, insert, err);
	sqlite3_finalize(insert);
	free(query);
	free(text);
	free(delete);
	return rc;
}

int ws_mirror_read(struct ws_mirror *m, struct ws_error *err)
{
	int rc = read_content(m, err);

	if (rc)
		return rc;
	/* tables come in an order of their own, and with all that they refer to */
	if (sqlite3_exec(m->db, "BEGIN; PRAGMA defer_foreign_keys = ON", NULL, NULL, NULL) != SQLITE_OK)
		return ws_mirror_fail(m, err);
	for (uint32_t i = 0; rc == 0 && i < m->small.n; i++)
		rc = read_table(m, i, err);
	if (rc == 0 && sqlite3_exec(m->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		rc = ws_mirror_fail(m, err);
	if (rc)
		sqlite3_exec(m->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}
