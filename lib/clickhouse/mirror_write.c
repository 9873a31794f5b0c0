/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror_write - a new version of a run: the small tables that have changed, and the row that makes it count. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clickhouse/insert.h"
#include "lib/clickhouse/mirror_inner.h"
#include "lib/clickhouse/rowbinary.h"

/* Room for a row's encoding; grows. */
struct row {
	uint8_t *bytes;
	size_t n;
	size_t cap;
};

/* The columns of a table from the mirror, in SQLite's order; to be finalized. */
static int select_all(struct ws_mirror *m, const struct ws_small_table *t, sqlite3_stmt **row, struct ws_error *err)
{
	char *sql;
	int rc = 0;

	if (asprintf(&sql, "SELECT * FROM \"%s\" NOT INDEXED", t->name) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	if (sqlite3_prepare_v2(m->db, sql, -1, row, NULL) != SQLITE_OK)
		rc = ws_mirror_fail(m, err);
	free(sql);
	return rc;
}

/* The row's values, behind the columns that every table has. Returns 0 or -ENOMEM. */
static int encode(const struct ws_small_table *t, sqlite3_stmt *s, struct row *row)
{
	size_t n_max = 0;
	uint8_t *at;

	for (uint32_t k = 0; k < t->n_columns; k++) {
		if (sqlite3_column_type(s, (int)k) != SQLITE_NULL && t->column[k].kind != WS_KIND_I64 &&
		    !sqlite3_column_blob(s, (int)k) && sqlite3_column_bytes(s, (int)k))
			return -ENOMEM;
		n_max += 1 + WS_VARINT_MAX + (size_t)sqlite3_column_bytes(s, (int)k);
	}
	if (n_max > row->cap) {
		uint8_t *grown = realloc(row->bytes, 2 * n_max);

		if (!grown)
			return -ENOMEM;
		row->bytes = grown;
		row->cap = 2 * n_max;
	}
	at = row->bytes;
	for (uint32_t k = 0; k < t->n_columns; k++) {
		const bool is_null = sqlite3_column_type(s, (int)k) == SQLITE_NULL;
		const unsigned int kind = t->column[k].kind;

		if (kind & WS_KIND_NULLABLE)
			at = ws_put_u8(at, is_null);
		if (is_null)
			continue;
		if ((kind & ~(unsigned int)WS_KIND_NULLABLE) == WS_KIND_I64) {
			at = ws_put_i64(at, sqlite3_column_int64(s, (int)k));
		} else {
			const void *bytes = sqlite3_column_blob(s, (int)k);
			const size_t n = (size_t)sqlite3_column_bytes(s, (int)k);

			at = ws_put_varint(at, n);
			at = n ? ws_put_bytes(at, bytes, n) : at;
		}
	}
	row->n = (size_t)(at - row->bytes);
	return 0;
}

/* Where rows of a table go as they are gone through: into a hash, an insert, or both. */
struct sink {
	XXH3_state_t *hash;
	struct ws_insert *insert;
	struct ws_mirror *mirror;
	int64_t version;
	int64_t n_rows;
};

static int send_row(struct sink *k, const struct row *row, struct ws_error *err)
{
	const size_t run_len = strlen(k->mirror->run);
	uint8_t *at = ws_insert_row(k->insert, WS_VARINT_MAX + run_len + 16 + row->n);

	if (!at)
		return ws_error(err, -ENOMEM, "out of memory");
	at = ws_put_string(at, k->mirror->run, run_len);
	at = ws_put_i64(at, k->version);
	at = ws_put_i64(at, k->n_rows);
	return ws_insert_end_row(k->insert, ws_put_bytes(at, row->bytes, row->n), err);
}

static int go_through(struct ws_mirror *m, const struct ws_small_table *t, struct sink *sink, struct ws_error *err)
{
	struct row row = { 0 };
	sqlite3_stmt *s = NULL;
	int rc = select_all(m, t, &s, err), code = SQLITE_DONE;

	while (rc == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		rc = encode(t, s, &row);
		if (rc)
			ws_error(err, rc, "out of memory");
		if (rc == 0 && sink->hash)
			XXH3_128bits_update(sink->hash, row.bytes, row.n);
		if (rc == 0 && sink->insert)
			rc = send_row(sink, &row, err);
		sink->n_rows++;
	}
	if (rc == 0 && code != SQLITE_DONE)
		rc = ws_mirror_fail(m, err);
	sqlite3_finalize(s);
	free(row.bytes);
	return rc;
}

int ws_mirror_hash(struct ws_mirror *m, uint32_t i, struct ws_mirror_table *table, struct ws_error *err)
{
	struct sink sink = { .hash = XXH3_createState() };
	int rc;

	if (!sink.hash)
		return ws_error(err, -ENOMEM, "out of memory");
	XXH3_128bits_reset(sink.hash);
	rc = go_through(m, &m->small.table[i], &sink, err);
	if (rc == 0) {
		table->n_rows = sink.n_rows;
		table->hash = XXH3_128bits_digest(sink.hash);
	}
	XXH3_freeState(sink.hash);
	return rc;
}

/* What was acknowledged is there: the server is asked, once for all tables of which something was written. */
static int check_counts(struct ws_mirror *m, const struct ws_mirror_table *now, int64_t version, struct ws_error *err)
{
	int64_t n_wanted = 0, n = 0, n_names = 0;
	char *sql = NULL;
	size_t len;
	FILE *f = open_memstream(&sql, &len);
	int rc;

	if (!f)
		return ws_error(err, -ENOMEM, "out of memory");
	fputs("SELECT toInt64(0)", f);
	for (uint32_t i = 0; i < m->small.n; i++) {
		n_names += now[i].of_version != 0;
		if (now[i].of_version != version)
			continue;
		fprintf(f, " + (SELECT toInt64(count()) FROM `%s` WHERE run = %s AND version = %lld)",
			m->small.table[i].name, m->quoted_run, (long long)version);
		n_wanted += now[i].n_rows;
	}
	fprintf(f, " + (SELECT toInt64(count()) FROM content WHERE run = %s AND version = %lld)", m->quoted_run,
		(long long)version);
	n_wanted += n_names;
	rc = fclose(f) || !sql ? ws_error(err, -ENOMEM, "out of memory") : ws_client_number(m->client, sql, &n, err);
	free(sql);
	if (rc == 0 && n != n_wanted)
		rc = ws_error(err, -EIO,
			      "%s: run %s: its small tables took %lld rows and have %lld of them: run ingest again",
			      ws_client_name(m->client), m->run, (long long)n_wanted, (long long)n);
	return rc;
}

static int write_table(struct ws_mirror *m, uint32_t i, int64_t version, struct ws_error *err)
{
	const struct ws_small_table *t = &m->small.table[i];
	struct sink sink = { .mirror = m, .version = version };
	char *into = NULL;
	size_t n;
	FILE *f = open_memstream(&into, &n);
	int rc;

	if (!f)
		return ws_error(err, -ENOMEM, "out of memory");
	fprintf(f, "`%s` (run, version, row_no", t->name);
	for (uint32_t k = 0; k < t->n_columns; k++)
		fprintf(f, ", `%s`", t->column[k].name);
	fputc(')', f);
	rc = fclose(f) || !into ? ws_error(err, -ENOMEM, "out of memory")
				: ws_insert_open(m->client, into, &sink.insert, err);
	if (rc == 0)
		rc = go_through(m, t, &sink, err);
	if (rc == 0)
		rc = ws_insert_finish(sink.insert, err);
	ws_insert_close(sink.insert);
	free(into);
	return rc;
}

static int write_content(struct ws_mirror *m, const struct ws_mirror_table *now, int64_t version, struct ws_error *err)
{
	const size_t run_len = strlen(m->run);
	struct ws_insert *insert;
	int rc = ws_insert_open(m->client, "content (run, version, name, of_version, n_rows)", &insert, err);

	if (rc)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < m->small.n; i++) {
		const char *name = m->small.table[i].name;
		uint8_t *at = now[i].of_version ? ws_insert_row(insert, run_len + strlen(name) + 64) : NULL;

		if (!now[i].of_version)
			continue;
		if (!at) {
			rc = ws_error(err, -ENOMEM, "out of memory");
			break;
		}
		at = ws_put_string(at, m->run, run_len);
		at = ws_put_i64(at, version);
		at = ws_put_string(at, name, strlen(name));
		at = ws_put_i64(at, now[i].of_version);
		at = ws_put_i64(at, now[i].n_rows);
		rc = ws_insert_end_row(insert, at, err);
	}
	if (rc == 0)
		rc = ws_insert_finish(insert, err);
	ws_insert_close(insert);
	return rc;
}

/* Sums over the files, for whoever lists runs. */
static int sum_rows(struct ws_mirror *m, int64_t sums[3], struct ws_error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(m->db,
			       "SELECT (SELECT total(n_requests) FROM file), (SELECT total(n_responses) FROM file),"
			       " (SELECT total(n_flows) FROM file_load)",
			       -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_step(s) != SQLITE_ROW)
		rc = ws_mirror_fail(m, err);
	for (int i = 0; rc == 0 && i < 3; i++)
		sums[i] = sqlite3_column_int64(s, i);
	sqlite3_finalize(s);
	return rc;
}

/* The row from which on the version counts. */
static int write_run(struct ws_mirror *m, int64_t version, const char *part, const char *writer, struct ws_error *err)
{
	const size_t run_len = strlen(m->run), part_len = strlen(part), writer_len = strlen(writer);
	struct ws_insert *insert;
	int64_t sums[3];
	uint8_t *at;
	int rc = sum_rows(m, sums, err);

	if (rc == 0)
		rc = ws_insert_open(
			m->client,
			"run (run, sequence, version, committed_at, part, writer, schema_version, n_requests,"
			" n_responses, n_flows)",
			&insert, err);
	if (rc)
		return rc;
	at = ws_insert_row(insert, run_len + part_len + writer_len + 128);
	rc = at ? 0 : ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0) {
		at = ws_put_string(at, m->run, run_len);
		at = ws_put_i64(at, m->sequence + 1);
		at = ws_put_i64(at, version);
		at = ws_put_u32(at, (uint32_t)time(NULL));
		at = ws_put_string(at, part, part_len);
		at = ws_put_string(at, writer, writer_len);
		at = ws_put_u32(at, WS_MIRROR_SCHEMA);
		for (int i = 0; i < 3; i++)
			at = ws_put_i64(at, sums[i]);
		rc = ws_insert_end_row(insert, at, err);
	}
	if (rc == 0)
		rc = ws_insert_finish(insert, err);
	ws_insert_close(insert);
	return rc;
}

/* Does the version count that should? */
static int check_latest(struct ws_mirror *m, int64_t sequence, int64_t version, struct ws_error *err)
{
	int64_t latest_sequence, latest_version;
	int rc = ws_mirror_latest(m, &latest_sequence, &latest_version, NULL, err);

	if (rc == 0 && (latest_sequence != sequence || latest_version != version))
		rc = ws_error(
			err, -EBUSY,
			"%s: another program has loaded run %s meanwhile, or dropped it; what was loaded now does not "
			"count: run ingest again",
			ws_client_name(m->client), m->run);
	return rc;
}

/*
 * Has anybody else written a version with the same number, who began with the same one as we did? He may have been told
 * that his counts, before ours was there, and ours has nothing of his.
 */
static int check_alone(struct ws_mirror *m, int64_t sequence, int64_t version, struct ws_error *err)
{
	char *sql;
	int64_t n = 0;
	int rc;

	if (asprintf(&sql, "SELECT count() FROM run WHERE run = %s AND sequence = %lld AND version <> %lld",
		     m->quoted_run, (long long)sequence, (long long)version) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_client_number(m->client, sql, &n, err);
	free(sql);
	if (rc == 0 && n)
		rc = ws_error(err, -EBUSY,
			      "%s: another program has loaded run %s at the same moment; what was loaded now counts, "
			      "and what that loaded does not: run ingest again, there, too",
			      ws_client_name(m->client), m->run);
	return rc;
}

int ws_mirror_publish(struct ws_mirror *m, const char *writer, struct ws_error *err)
{
	struct ws_mirror_table now[WS_SMALL_TABLES_MAX] = { 0 };
	bool has_changed = false;
	const char *part;
	int64_t version;
	int rc = ws_mirror_part(m, &part, err);

	if (rc == 0)
		rc = ws_mirror_number(&version, err);
	for (uint32_t i = 0; rc == 0 && i < m->small.n; i++) {
		rc = ws_mirror_hash(m, i, &now[i], err);
		now[i].of_version = m->table[i].of_version;
		if (rc || (now[i].n_rows == m->table[i].n_rows &&
			   (now[i].n_rows == 0 || XXH128_isEqual(now[i].hash, m->table[i].hash))))
			continue;
		has_changed = true;
		now[i].of_version = now[i].n_rows ? version : 0;
	}
	if (rc || !has_changed)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < m->small.n; i++)
		if (now[i].of_version == version)
			rc = write_table(m, i, version, err);
	if (rc == 0)
		rc = write_content(m, now, version, err);
	if (rc == 0)
		rc = check_counts(m, now, version, err);
	if (rc == 0)
		rc = check_latest(m, m->sequence, m->version, err);
	if (rc == 0)
		rc = write_run(m, version, part, writer, err);
	if (rc == 0)
		rc = check_latest(m, m->sequence + 1, version, err);
	if (rc == 0)
		rc = check_alone(m, m->sequence + 1, version, err);
	if (rc)
		return rc;
	m->sequence++;
	m->version = version;
	memcpy(m->table, now, sizeof(now));
	return 0;
}
