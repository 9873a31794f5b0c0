/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror_write - the rows of small tables, as they are written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/insert.h"
#include "lib/clickhouse/mirror_inner.h"
#include "lib/clickhouse/rowbinary.h"
#include "lib/text_stream.h"

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

int ws_mirror_write_table(struct ws_mirror *m, uint32_t i, int64_t version, struct ws_error *err)
{
	const struct ws_small_table *t = &m->small.table[i];
	struct sink sink = { .mirror = m, .version = version };
	struct ws_text_stream stream;
	char *into = NULL;
	int rc = ws_text_stream_open(&stream);

	if (rc)
		return ws_error(err, rc, "out of memory");
	fprintf(stream.out, "`%s` (run, version, row_no", t->name);
	for (uint32_t k = 0; k < t->n_columns; k++)
		fprintf(stream.out, ", `%s`", t->column[k].name);
	fputc(')', stream.out);
	rc = ws_text_stream_finish(&stream, &into, NULL);
	rc = rc ? ws_error(err, rc, "out of memory") : ws_insert_open(m->client, into, &sink.insert, err);
	if (rc == 0)
		rc = go_through(m, t, &sink, err);
	if (rc == 0)
		rc = ws_insert_finish(sink.insert, err);
	ws_insert_close(sink.insert);
	free(into);
	return rc;
}
