/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror - see the header: opening, and what both reading and writing need. */
#include "lib/clickhouse/mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/clickhouse/mirror_inner.h"
#include "lib/clickhouse/result.h"

int ws_mirror_fail(struct ws_mirror *m, struct ws_error *err)
{
	const int code = sqlite3_errcode(m->db) & 0xff;

	return ws_error(err,
			code == SQLITE_NOMEM  ? -ENOMEM
			: code == SQLITE_FULL ? -ENOSPC
					      : -EIO,
			"%s, run %s: its small tables, in a temporary file ($TMPDIR or /var/tmp): %s",
			ws_client_name(m->client), m->run, sqlite3_errmsg(m->db));
}

int ws_mirror_number(int64_t *number, struct ws_error *err)
{
	uint64_t bits = 0;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		return ws_error(err, -EIO, "no random numbers: %s", strerror(errno));
	*number = (int64_t)(bits >> 1 | 1);
	return 0;
}

/* Is there a store in the database? Then the client uses it. */
static int find_store(struct ws_mirror *m, const struct ws_url *url, bool *is_there, struct ws_error *err)
{
	int64_t n = 0;
	char *sql;
	int rc;

	if (asprintf(&sql, "SELECT count() FROM system.tables WHERE database = '%s' AND name = 'run'", url->database) <
	    0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_client_number(m->client, sql, &n, err);
	free(sql);
	if (rc == 0 && n)
		ws_client_use_database(m->client);
	*is_there = n != 0;
	return rc;
}

int ws_mirror_latest(struct ws_mirror *m, int64_t *sequence, int64_t *version, char **part, struct ws_error *err)
{
	static const uint8_t kinds[] = { WS_KIND_I64, WS_KIND_I64, WS_KIND_STRING, WS_KIND_U32 };
	const struct ws_value *value;
	struct ws_result *result;
	char *query, *found = NULL;
	int rc;

	if (asprintf(&query,
		     "sequence, version, part, schema_version FROM run WHERE run = %s"
		     " ORDER BY sequence DESC, version DESC LIMIT 1",
		     m->quoted_run) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_result_open(m->client, query, kinds, 4, &result, err);
	free(query);
	if (rc)
		return rc;
	*sequence = *version = 0;
	rc = ws_result_next(result, &value, err);
	if (rc == 1 && value[3].integer != WS_MIRROR_SCHEMA) {
		rc = ws_error(err, -EPROTO,
			      "%s, run %s: a program of another version loaded it (schema %lld; this one knows %d)",
			      ws_client_name(m->client), m->run, (long long)value[3].integer, WS_MIRROR_SCHEMA);
	} else if (rc == 1) {
		*sequence = value[0].integer;
		*version = value[1].integer;
		found = strndup((const char *)value[2].bytes, value[2].n_bytes);
		rc = found ? ws_result_next(result, &value, err) : ws_error(err, -ENOMEM, "out of memory");
	}
	ws_result_close(result);
	if (rc == 0 && part) {
		*part = found;
		found = NULL;
	}
	free(found);
	return rc;
}

int ws_mirror_loads(struct ws_mirror *m, char **loads, struct ws_error *err)
{
	sqlite3_stmt *row = NULL;
	const char *text;
	int rc = 0;

	if (sqlite3_prepare_v2(m->db, "SELECT coalesce(group_concat(load), '0') FROM file_load", -1, &row, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(row) != SQLITE_ROW)
		rc = ws_mirror_fail(m, err);
	text = rc ? NULL : (const char *)sqlite3_column_text(row, 0);
	if (rc == 0 && (!text || !(*loads = strdup(text))))
		rc = ws_error(err, -ENOMEM, "out of memory");
	sqlite3_finalize(row);
	return rc;
}

int ws_mirror_open(struct ws_client *client, const char *run, sqlite3 *db, struct ws_mirror **mirror,
		   struct ws_error *err)
{
	struct ws_mirror *m = calloc(1, sizeof(*m));
	bool has_store = false;
	int rc;

	if (!m || !(m->run = strdup(run)) || !(m->quoted_run = ws_client_quoted(run))) {
		ws_mirror_close(m);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	m->client = client;
	m->db = db;
	rc = ws_small_create(db, err);
	if (rc == 0)
		rc = ws_small_read(db, &m->small, err);
	if (rc == 0)
		rc = find_store(m, ws_client_url(client), &has_store, err);
	if (rc == 0 && has_store)
		rc = ws_mirror_latest(m, &m->sequence, &m->version, &m->part, err);
	if (rc == 0 && m->sequence)
		rc = ws_mirror_read(m, err);
	for (uint32_t i = 0; rc == 0 && m->sequence && i < m->small.n; i++)
		rc = ws_mirror_hash(m, i, &m->table[i], err);
	if (rc == 0)
		rc = ws_mirror_loads(m, &m->opened_loads, err);
	memcpy(m->opened, m->table, sizeof(m->opened));
	if (rc)
		ws_mirror_close(m);
	else
		*mirror = m;
	return rc;
}

bool ws_mirror_is_there(const struct ws_mirror *m)
{
	return m->sequence != 0;
}

int ws_mirror_part(struct ws_mirror *m, const char **part, struct ws_error *err)
{
	char day[sizeof("YYYY-MM-DD-and-room")] = "";
	const time_t now = time(NULL);
	sqlite3_stmt *row = NULL;
	struct tm tm;
	int code;

	if (!m->part) {
		strftime(day, sizeof(day), "%Y-%m-%d", gmtime_r(&now, &tm));
		if (sqlite3_prepare_v2(m->db, "SELECT value FROM condition WHERE key = 'campaign' AND value <> ''", -1,
				       &row, NULL) != SQLITE_OK)
			return ws_mirror_fail(m, err);
		code = sqlite3_step(row);
		if (code == SQLITE_ROW && sqlite3_column_text(row, 0))
			m->part = strdup((const char *)sqlite3_column_text(row, 0));
		else if (code == SQLITE_DONE)
			m->part = strdup(day);
		sqlite3_finalize(row);
	}
	if (!m->part)
		return ws_error(err, -ENOMEM, "out of memory");
	*part = m->part;
	return 0;
}

void ws_mirror_close(struct ws_mirror *m)
{
	if (!m)
		return;
	ws_small_free(&m->small);
	free(m->quoted_run);
	free(m->run);
	free(m->part);
	free(m->opened_loads);
	free(m);
}
