/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror_publish - a new version of a run: the small tables that have changed, and the row that makes it count. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clickhouse/insert.h"
#include "lib/clickhouse/mirror_inner.h"
#include "lib/clickhouse/result.h"
#include "lib/clickhouse/rowbinary.h"
#include "lib/text_stream.h"

/* What was acknowledged is there: the server is asked, once for all tables of which something was written. */
static int check_counts(struct ws_mirror *m, const struct ws_mirror_table *now, int64_t version, struct ws_error *err)
{
	int64_t n_wanted = 0, n = 0, n_names = 0;
	struct ws_text_stream stream;
	char *sql = NULL;
	int rc = ws_text_stream_open(&stream);

	if (rc)
		return ws_error(err, rc, "out of memory");
	fputs("SELECT toInt64(0)", stream.out);
	for (uint32_t i = 0; i < m->small.n; i++) {
		n_names += now[i].of_version != 0;
		if (now[i].of_version != version)
			continue;
		fprintf(stream.out, " + (SELECT toInt64(count()) FROM `%s` WHERE run = %s AND version = %lld)",
			m->small.table[i].name, m->quoted_run, (long long)version);
		n_wanted += now[i].n_rows;
	}
	fprintf(stream.out, " + (SELECT toInt64(count()) FROM content WHERE run = %s AND version = %lld)",
		m->quoted_run, (long long)version);
	n_wanted += n_names;
	rc = ws_text_stream_finish(&stream, &sql, NULL);
	rc = rc ? ws_error(err, rc, "out of memory") : ws_client_number(m->client, sql, &n, err);
	free(sql);
	if (rc == 0 && n != n_wanted)
		rc = ws_error(err, -EIO,
			      "%s: run %s: its small tables took %lld rows and have %lld of them: run ingest again",
			      ws_client_name(m->client), m->run, (long long)n_wanted, (long long)n);
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

/* A row of table run: from it on, the version counts. */
struct run_row {
	int64_t sequence;
	int64_t version;
	const char *part;
	const char *writer;
	int64_t sums[3];
};

static int write_run(struct ws_mirror *m, const struct run_row *row, struct ws_error *err)
{
	const size_t run_len = strlen(m->run), part_len = strlen(row->part), writer_len = strlen(row->writer);
	struct ws_insert *insert;
	uint8_t *at;
	int rc = ws_insert_open(m->client,
				"run (run, sequence, version, committed_at, part, writer, schema_version, n_requests,"
				" n_responses, n_flows)",
				&insert, err);

	if (rc)
		return rc;
	at = ws_insert_row(insert, run_len + part_len + writer_len + 128);
	rc = at ? 0 : ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0) {
		at = ws_put_string(at, m->run, run_len);
		at = ws_put_i64(at, row->sequence);
		at = ws_put_i64(at, row->version);
		at = ws_put_u32(at, (uint32_t)time(NULL));
		at = ws_put_string(at, row->part, part_len);
		at = ws_put_string(at, row->writer, writer_len);
		at = ws_put_u32(at, WS_MIRROR_SCHEMA);
		for (int i = 0; i < 3; i++)
			at = ws_put_i64(at, row->sums[i]);
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

static char *text_of(const struct ws_value *value)
{
	return strndup((const char *)value->bytes, value->n_bytes);
}

/* Lets the version of another program's row count again. */
static int give_way(struct ws_mirror *m, int64_t sequence, const struct ws_value *other, struct ws_error *err)
{
	char *part = text_of(&other[1]), *writer = text_of(&other[2]);
	const struct run_row row = {
		.sequence = sequence,
		.version = other[0].integer,
		.part = part,
		.writer = writer,
		.sums = { other[3].integer, other[4].integer, other[5].integer },
	};
	int rc = part && writer ? write_run(m, &row, err) : ws_error(err, -ENOMEM, "out of memory");

	free(part);
	free(writer);
	return rc;
}

/*
 * Has anybody else, who began with the same version, written one with the same number as ours, which is the latest? He
 * may have been told that his counts, before ours was there, and may have removed rows of ours. So his counts.
 */
static int check_alone(struct ws_mirror *m, int64_t sequence, int64_t version, struct ws_error *err)
{
	static const uint8_t kinds[] = { WS_KIND_I64, WS_KIND_STRING, WS_KIND_STRING,
					 WS_KIND_I64, WS_KIND_I64,    WS_KIND_I64 };
	const struct ws_value *other;
	struct ws_result *result;
	char *query;
	int rc;

	if (asprintf(&query,
		     "version, part, writer, toInt64(n_requests), toInt64(n_responses), toInt64(n_flows) FROM run"
		     " WHERE run = %s AND sequence = %lld AND version <> %lld ORDER BY version DESC LIMIT 1",
		     m->quoted_run, (long long)sequence, (long long)version) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_result_open(m->client, query, kinds, 6, &result, err);
	free(query);
	if (rc)
		return rc;
	rc = ws_result_next(result, &other, err);
	if (rc == 1) {
		rc = give_way(m, sequence + 1, other, err);
		rc = rc ? rc
			: ws_error(err, -EBUSY,
				   "%s: another program has loaded run %s at the same moment; what was loaded now "
				   "does not count: run ingest again",
				   ws_client_name(m->client), m->run);
	}
	ws_result_close(result);
	return rc;
}

int ws_mirror_publish(struct ws_mirror *m, const char *writer, struct ws_error *err)
{
	struct ws_mirror_table now[WS_SMALL_TABLES_MAX] = { 0 };
	struct run_row row = { .sequence = m->sequence + 1, .writer = writer };
	bool has_changed = false;
	int64_t version;
	int rc = ws_mirror_part(m, &row.part, err);

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
			rc = ws_mirror_write_table(m, i, version, err);
	if (rc == 0)
		rc = write_content(m, now, version, err);
	if (rc == 0)
		rc = check_counts(m, now, version, err);
	if (rc == 0)
		rc = check_latest(m, m->sequence, m->version, err);
	row.version = version;
	if (rc == 0)
		rc = sum_rows(m, row.sums, err);
	if (rc == 0)
		rc = write_run(m, &row, err);
	if (rc == 0)
		rc = check_latest(m, row.sequence, version, err);
	if (rc == 0)
		rc = check_alone(m, row.sequence, version, err);
	if (rc)
		return rc;
	m->sequence++;
	m->version = version;
	memcpy(m->table, now, sizeof(now));
	return 0;
}
