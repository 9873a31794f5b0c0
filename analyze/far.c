/* SPDX-License-Identifier: BSD-2-Clause */
/* far - see far.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/catalog.h"
#include "analyze/far_inner.h"
#include "lib/clickhouse/tables.h"

struct sqlite3 *ws_far_database(const struct ws_far *far)
{
	return far->db;
}

struct ws_client *ws_far_client(const struct ws_far *far)
{
	return far->client;
}

const struct ws_access *ws_far_access(const struct ws_far *far)
{
	return far->access;
}

const char *ws_far_name(const struct ws_far *far)
{
	return far->name;
}

int64_t ws_far_last_request(const struct ws_far *far)
{
	return far->last_request;
}

void ws_far_restrict(struct ws_far *far, char *prewhere, char *where)
{
	free(far->prewhere);
	far->prewhere = prewhere;
	ws_far_restrict_table(far, WS_TABLE_REQUEST, where);
}

bool ws_far_is_restricted(const struct ws_far *far)
{
	return far->where[WS_TABLE_REQUEST] != NULL;
}

void ws_far_restrict_table(struct ws_far *far, enum ws_large table, char *where)
{
	free(far->where[table]);
	far->where[table] = where;
}

int ws_far_narrow(struct ws_far *far, enum ws_large table, const char *where)
{
	char *both;

	if (asprintf(&both, "(%s) AND (%s)", far->where[table] ? far->where[table] : "1", where) < 0)
		return -ENOMEM;
	ws_far_restrict_table(far, table, both);
	return 0;
}

char *ws_far_rows(const struct ws_far *far, enum ws_large table)
{
	const char *where = far->where[table];
	const char *prewhere = where && table == WS_TABLE_REQUEST ? far->prewhere : NULL;
	char *text;

	if (asprintf(&text, "FROM %s%s%s WHERE %s%s%s%s", ws_large_tables[table].name, prewhere ? " PREWHERE " : "",
		     prewhere ? prewhere : "", far->condition, where ? " AND (" : "", where ? where : "",
		     where ? ")" : "") < 0)
		return NULL;
	return text;
}

int ws_far_failure(const struct ws_far *far, const char **words)
{
	*words = far->err.text;
	return far->rc;
}

static bool is_among(int64_t id, const int64_t *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (list[i] == id)
			return true;
	}
	return false;
}

/* SQL of the rows of these files; n_wanted UINT32_MAX: of all. */
static char *condition_of(const struct ws_far *far, const int64_t *wanted, uint32_t n_wanted)
{
	size_t size = strlen(far->run) + 64 + (size_t)far->n_files * 24, n;
	char *text = malloc(size);
	uint32_t n_listed = 0;

	if (!text)
		return NULL;
	n = (size_t)snprintf(text, size, "run = %s AND load IN (", far->run);
	for (uint32_t i = 0; i < far->n_files; i++) {
		if (n_wanted == UINT32_MAX || is_among(far->file[i].file_id, wanted, n_wanted))
			n += (size_t)snprintf(text + n, size - n, "%s%" PRId64, n_listed++ ? ", " : "",
					      far->file[i].load);
	}
	/* no load has this number */
	snprintf(text + n, size - n, "%s)", n_listed ? "" : "0");
	return text;
}

char *ws_far_condition_of(const struct ws_far *far, const int64_t *file_id, uint32_t n)
{
	return condition_of(far, file_id, n);
}

int ws_far_check_rows(const struct ws_far *far, const struct ws_file *file, uint64_t n_rows, struct ws_error *err)
{
	return n_rows == file->n_requests
		       ? 0
		       : ws_error(err, -EPROTO,
				  "%s: holds %" PRIu64 " requests of %s, which has %" PRIu64
				  ": another program loads it, or rows are lost: try again, else drop the run and load "
				  "it again",
				  far->name, n_rows, file->path, file->n_requests);
}

/* Which loads count, and how far the requests' numbers go. SQLite's code. */
static int read_loads(struct ws_far *far)
{
	sqlite3_stmt *row = NULL;
	int status = sqlite3_prepare_v2(
		far->db, "SELECT file_id, load, last_request_id FROM file_load ORDER BY file_id", -1, &row, NULL);

	while (status == SQLITE_OK && (status = sqlite3_step(row)) == SQLITE_ROW) {
		struct ws_far_file *grown = realloc(far->file, ((size_t)far->n_files + 1) * sizeof(*far->file));

		status = grown ? SQLITE_OK : SQLITE_NOMEM;
		if (!grown)
			break;
		far->file = grown;
		grown[far->n_files++] = (struct ws_far_file) { sqlite3_column_int64(row, 0),
							       sqlite3_column_int64(row, 1) };
		if (sqlite3_column_int64(row, 2) > far->last_request)
			far->last_request = sqlite3_column_int64(row, 2);
	}
	sqlite3_finalize(row);
	return status == SQLITE_DONE ? SQLITE_OK : status;
}

/* An error of SQLite's in the private database. */
static int sqlite_failed(const struct ws_far *far, int status, struct ws_error *err)
{
	if (status == SQLITE_NOMEM)
		return ws_error(err, -ENOMEM, "out of memory");
	return ws_error(err, -EIO, "%s: cannot keep a copy of its small tables: %s", far->name,
			far->db ? sqlite3_errmsg(far->db) : sqlite3_errstr(status));
}

/* Connects, and makes the database that the tables come into. */
static int connect(struct ws_far *far, const char *run, const char *file, struct ws_error *err)
{
	const char *database = far->access->url.database;
	int status, rc = ws_client_open(far->access, 0, &far->client, err);

	if (rc)
		return rc;
	ws_client_use_database(far->client);
	far->run = ws_client_quoted(run);
	if (!far->run ||
	    asprintf(&far->name, "%s, database %s, run %s", ws_client_name(far->client), database, run) < 0) {
		far->name = NULL;
		return ws_error(err, -ENOMEM, "out of memory");
	}
	status = sqlite3_open(file, &far->db);
	return status == SQLITE_OK ? 0 : sqlite_failed(far, status, err);
}

static int fill(struct ws_far *far, const char *run, const char *dir, const char *url, struct ws_error *err)
{
	static const char emptied[] = "DROP TABLE request; DROP TABLE response; DROP TABLE flow";
	int status, rc = ws_mirror_open(far->client, run, far->db, &far->mirror, err);

	if (rc)
		return rc;
	if (!ws_mirror_is_there(far->mirror))
		return ws_error(err, -ENOENT, "%s: there is none: run `ingest --dir %s --store %s` first", far->name,
				dir, url);
	status = read_loads(far);
	if (status == SQLITE_OK)
		status = sqlite3_exec(far->db, emptied, NULL, NULL, NULL);
	if (status == SQLITE_OK)
		status = ws_far_tables(far);
	if (status != SQLITE_OK)
		return sqlite_failed(far, status, err);
	far->condition = condition_of(far, NULL, UINT32_MAX);
	return far->condition ? 0 : ws_error(err, -ENOMEM, "out of memory");
}

int ws_far_open(const struct ws_origin *origin, const char *dir, struct ws_far **far, struct ws_error *err)
{
	struct ws_far *made = calloc(1, sizeof(*made));
	char *run = NULL;
	int rc;

	if (!made)
		return ws_error(err, -ENOMEM, "out of memory");
	made->access = origin->access;
	rc = ws_access_run_name(origin->root, dir, origin->run, &run, err);
	rc = rc ? rc : connect(made, run, "", err); /* a file of its own, kept in memory while it is small */
	rc = rc ? rc : fill(made, run, dir, origin->url, err);
	free(run);
	if (rc)
		ws_far_close(made);
	else
		*far = made;
	return rc;
}

/* NULL of NULL. */
static int copy_text(const char *text, char **copy)
{
	*copy = text ? strdup(text) : NULL;
	return text && !*copy ? -ENOMEM : 0;
}

static int copy_where(const struct ws_far *far, struct ws_far *twin)
{
	int rc = 0;

	for (int i = 0; i < WS_N_LARGE; i++)
		rc |= copy_text(far->where[i], &twin->where[i]);
	return rc;
}

int ws_far_twin(const struct ws_far *far, struct ws_far **twin, struct ws_error *err)
{
	struct ws_far *made = calloc(1, sizeof(*made));
	int status, rc;

	if (!made)
		return ws_error(err, -ENOMEM, "out of memory");
	made->access = far->access;
	made->last_request = far->last_request;
	rc = copy_text(far->run, &made->run) | copy_text(far->condition, &made->condition) |
	     copy_text(far->name, &made->name) | copy_text(far->prewhere, &made->prewhere) | copy_where(far, made);
	rc = rc ? ws_error(err, -ENOMEM, "out of memory") : ws_client_open(made->access, 0, &made->client, err);
	if (!rc) {
		ws_client_use_database(made->client);
		status = sqlite3_open(":memory:", &made->db);
		if (status == SQLITE_OK)
			status = ws_far_tables(made);
		rc = status == SQLITE_OK ? 0 : sqlite_failed(made, status, err);
	}
	if (rc)
		ws_far_close(made);
	else
		*twin = made;
	return rc;
}

void ws_far_close(struct ws_far *far)
{
	if (!far)
		return;
	ws_mirror_close(far->mirror);
	sqlite3_close(far->db);
	ws_client_close(far->client);
	free(far->run);
	free(far->condition);
	free(far->name);
	free(far->prewhere);
	for (int i = 0; i < WS_N_LARGE; i++)
		free(far->where[i]);
	free(far->file);
	free(far);
}
