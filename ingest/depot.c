/* SPDX-License-Identifier: BSD-2-Clause */
/* depot - see the header. */
#include "ingest/depot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "ingest/depot_rows.h"
#include "lib/clickhouse/insert.h"
#include "lib/clickhouse/mirror.h"
#include "lib/clickhouse/tables.h"
#include "lib/text_stream.h"
#include "lib/version.h"

/* How long to wait for another program that loads the directory. */
#define WAIT_S 10

struct ws_depot {
	const struct ws_access *access;
	struct ws_client *client;
	struct ws_mirror *mirror;
	sqlite3 *db;
	char *run;
	char *name;
	int lock;			      /* on its directory; -1: none */
	struct ws_insert *insert[WS_N_LARGE]; /* of the file under way */
	uint8_t *prefix;		      /* of its rows: part, run, load */
	size_t prefix_len;
	int64_t load;
	uint32_t file_id;
	int64_t id[WS_N_LARGE]; /* the last that was given in each table */
};

int ws_depot_prepare(const struct ws_access *access, const char *cluster, struct ws_error *err)
{
	struct ws_client *client = NULL;
	int rc = ws_client_open(access, 0, &client, err);

	if (rc == 0)
		rc = ws_tables_create(access, client, cluster, err);
	ws_client_close(client);
	return rc;
}

/* Two programs that load the same directory would each begin with what counts now, and the last one would win. */
static int lock(const char *dir, int *fd, struct ws_error *err)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	const int opened = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (opened < 0)
		return ws_error(err, -errno, "%s: cannot open: %s", dir, strerror(errno));
	for (int i = 0; flock(opened, LOCK_EX | LOCK_NB); i++) {
		if (i == WAIT_S * 10) {
			close(opened);
			return ws_error(
				err, -EBUSY,
				"%s: another program has been loading it into a store for %d s: wait for that, and "
				"run ingest again",
				dir, WAIT_S);
		}
		nanosleep(&pause, NULL);
	}
	*fd = opened;
	return 0;
}

int ws_depot_open(const struct ws_access *access, const char *run, const char *dir, uint32_t first, sqlite3 *db,
		  struct ws_depot **depot, struct ws_error *err)
{
	struct ws_depot *r = calloc(1, sizeof(*r));
	int rc;

	if (r)
		r->lock = -1;
	if (!r || !(r->run = strdup(run))) {
		ws_depot_close(r);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	r->access = access;
	r->db = db;
	rc = lock(dir, &r->lock, err);
	if (rc == 0)
		rc = ws_client_open(access, first, &r->client, err);
	if (rc == 0 && asprintf(&r->name, "%s, run %s", ws_client_name(r->client), run) < 0) {
		r->name = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
	}
	if (rc == 0)
		rc = ws_mirror_open(r->client, run, db, &r->mirror, err);
	if (rc)
		ws_depot_close(r);
	else
		*depot = r;
	return rc;
}

const char *ws_depot_name(const struct ws_depot *r)
{
	return r->name;
}

/* What every row of the file begins with. */
static int make_prefix(struct ws_depot *r, struct ws_error *err)
{
	const char *part;
	uint8_t *at;
	int rc = ws_mirror_part(r->mirror, &part, err);

	if (rc)
		return rc;
	free(r->prefix);
	r->prefix = malloc(2 * WS_VARINT_MAX + strlen(part) + strlen(r->run) + 8);
	if (!r->prefix)
		return ws_error(err, -ENOMEM, "out of memory");
	at = ws_put_string(r->prefix, part, strlen(part));
	at = ws_put_string(at, r->run, strlen(r->run));
	at = ws_put_i64(at, r->load);
	r->prefix_len = (size_t)(at - r->prefix);
	return 0;
}

static int open_insert(struct ws_depot *r, enum ws_large which, struct ws_error *err)
{
	const struct ws_table *table = &ws_large_tables[which];
	struct ws_text_stream stream;
	char *into = NULL;
	int rc = ws_text_stream_open(&stream);

	if (rc)
		return ws_error(err, rc, "out of memory");
	fprintf(stream.out, "%s (part, run, load", table->name);
	for (uint32_t i = 0; i < table->n_columns; i++)
		fprintf(stream.out, ", `%s`", table->column[i].name);
	fputc(')', stream.out);
	rc = ws_text_stream_finish(&stream, &into, NULL);
	rc = rc ? ws_error(err, rc, "out of memory") : ws_insert_open(r->client, into, &r->insert[which], err);
	free(into);
	return rc;
}

static int sql_failed(struct ws_depot *r, struct ws_error *err)
{
	return ws_error(err, sqlite3_errcode(r->db) == SQLITE_NOMEM ? -ENOMEM : -EIO,
			"%s: its small tables, in a temporary file: %s", r->name, sqlite3_errmsg(r->db));
}

/* The ids that the files which stay have reached: numbers go on behind them, as SQLite's do. */
static int read_ids(struct ws_depot *r, struct ws_error *err)
{
	static const char query[] = "SELECT coalesce(max(last_request_id), 0), coalesce(max(last_response_id), 0),"
				    " coalesce(max(last_flow_id), 0) FROM file_load";
	sqlite3_stmt *row = NULL;
	int rc = 0;

	if (sqlite3_exec(r->db,
			 "DELETE FROM file_load WHERE file_id NOT IN (SELECT file_id FROM file)"
			 " OR file_id = (SELECT max(file_id) FROM file)",
			 NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(r->db, query, -1, &row, NULL) != SQLITE_OK || sqlite3_step(row) != SQLITE_ROW)
		rc = sql_failed(r, err);
	for (int i = 0; rc == 0 && i < WS_N_LARGE; i++)
		r->id[i] = sqlite3_column_int64(row, i);
	sqlite3_finalize(row);
	return rc;
}

int ws_depot_begin_file(struct ws_depot *r, int64_t file_id, struct ws_error *err)
{
	int rc = ws_mirror_number(&r->load, err);

	if (rc == 0 && (file_id < 1 || file_id > UINT32_MAX))
		rc = ws_error(err, -ERANGE, "%s: the ids in it are used up; load it under another name", r->name);
	if (rc)
		return rc;
	r->file_id = (uint32_t)file_id;
	rc = make_prefix(r, err);
	if (rc == 0)
		rc = read_ids(r, err);
	for (int i = 0; rc == 0 && i < WS_N_LARGE; i++)
		rc = open_insert(r, i, err);
	return rc;
}

int ws_depot_next_flow_id(struct ws_depot *r, int64_t *flow_id, struct ws_error *err)
{
	(void)err;
	*flow_id = r->id[WS_TABLE_FLOW] + 1;
	return 0;
}

/* Room for a row of the table, begun; NULL: out of memory. */
static uint8_t *begin_row(struct ws_depot *r, enum ws_large which)
{
	uint8_t *at = ws_insert_row(r->insert[which], r->prefix_len + WS_DEPOT_ROW_MAX);

	return at ? ws_put_bytes(at, r->prefix, r->prefix_len) : NULL;
}

int ws_depot_add_flow(struct ws_depot *r, const struct ws_flow_key *key, int64_t flow_id, struct ws_error *err)
{
	uint8_t *at = begin_row(r, WS_TABLE_FLOW);

	if (!at)
		return ws_error(err, -ENOMEM, "out of memory");
	r->id[WS_TABLE_FLOW] = flow_id;
	return ws_insert_end_row(r->insert[WS_TABLE_FLOW], ws_depot_put_flow(at, flow_id, r->file_id, key), err);
}

int ws_depot_add_records(struct ws_depot *r, const struct ws_record *records, const int64_t *flow_id, uint32_t n,
			 struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		const bool is_response = records[i].reason == WS_REASON_HTTP_RESPONSE;
		const enum ws_large which = is_response ? WS_TABLE_RESPONSE : WS_TABLE_REQUEST;
		uint8_t *at = begin_row(r, which);

		if (!at)
			return ws_error(err, -ENOMEM, "out of memory");
		at = is_response ? ws_depot_put_response(at, ++r->id[which], r->file_id, flow_id[i], &records[i])
				 : ws_depot_put_request(at, ++r->id[which], r->file_id, flow_id[i], &records[i]);
		rc = ws_insert_end_row(r->insert[which], at, err);
	}
	return rc;
}

/* What the store took, it should have. */
static int check_rows(struct ws_depot *r, enum ws_large which, struct ws_error *err)
{
	const char *name = ws_large_tables[which].name;
	const int64_t n_sent = (int64_t)ws_insert_n_rows(r->insert[which]);
	char *run = ws_client_quoted(r->run), *sql = NULL;
	int64_t n = 0;
	int rc;

	if (!run ||
	    asprintf(&sql, "SELECT count() FROM %s WHERE run = %s AND load = %lld", name, run, (long long)r->load) < 0)
		sql = NULL;
	rc = sql ? ws_client_number(r->client, sql, &n, err) : ws_error(err, -ENOMEM, "out of memory");
	free(run);
	free(sql);
	if (rc == 0 && n != n_sent)
		rc = ws_error(
			err, -EIO,
			"%s: table %s took %lld rows and has %lld of them: what was loaded does not count: run ingest "
			"again",
			r->name, name, (long long)n_sent, (long long)n);
	return rc;
}

static int note_load(struct ws_depot *r, struct ws_error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = 0;

	if (sqlite3_prepare_v2(r->db, "INSERT INTO file_load VALUES (?, ?, ?, ?, ?, ?)", -1, &s, NULL) != SQLITE_OK)
		return sql_failed(r, err);
	sqlite3_bind_int64(s, 1, r->file_id);
	sqlite3_bind_int64(s, 2, r->load);
	sqlite3_bind_int64(s, 3, (sqlite3_int64)ws_insert_n_rows(r->insert[WS_TABLE_FLOW]));
	for (int i = 0; i < WS_N_LARGE; i++)
		sqlite3_bind_int64(s, 4 + i, ws_insert_n_rows(r->insert[i]) ? r->id[i] : 0);
	if (sqlite3_step(s) != SQLITE_DONE)
		rc = sql_failed(r, err);
	sqlite3_finalize(s);
	return rc;
}

int ws_depot_end_file(struct ws_depot *r, struct ws_error *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < WS_N_LARGE; i++)
		rc = ws_insert_finish(r->insert[i], err);
	for (int i = 0; rc == 0 && i < WS_N_LARGE; i++)
		rc = check_rows(r, i, err);
	if (rc == 0)
		rc = note_load(r, err);
	ws_depot_drop_file(r);
	return rc;
}

void ws_depot_drop_file(struct ws_depot *r)
{
	for (int i = 0; i < WS_N_LARGE; i++) {
		ws_insert_close(r->insert[i]);
		r->insert[i] = NULL;
	}
}

int ws_depot_publish(struct ws_depot *r, struct ws_error *err)
{
	return ws_mirror_publish(r->mirror, "wirespan " WS_VERSION, err);
}

int ws_depot_sweep(struct ws_depot *r, int64_t *n_rows, struct ws_error *err)
{
	return ws_mirror_sweep(r->mirror, r->access, n_rows, err);
}

void ws_depot_close(struct ws_depot *r)
{
	if (!r)
		return;
	ws_depot_drop_file(r);
	ws_mirror_close(r->mirror);
	ws_client_close(r->client);
	if (r->lock >= 0)
		close(r->lock);
	free(r->prefix);
	free(r->name);
	free(r->run);
	free(r);
}
