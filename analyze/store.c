/* SPDX-License-Identifier: BSD-2-Clause */
/* store - see store.h. */
#include "analyze/store.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/editions.h"
#include "analyze/far.h"
#include "lib/sqlite/sqlite_memory.h"

/* How long to wait for whoever writes the database. */
#define BUSY_TIMEOUT_MS 10000

/* Room for a path in a URI, every byte quoted. */
#define URI_MAX (3 * PATH_MAX + 32)

struct ws_store {
	sqlite3 *db;
	int version; /* of its schema */
	bool immutable;
	char path[PATH_MAX]; /* of a run in a store: its name, for error texts */
	struct ws_far *far;  /* whose db is; NULL: it is run.db */
};

struct sqlite3 *ws_store_connection(struct ws_store *store)
{
	return store->db;
}

const char *ws_store_path(const struct ws_store *store)
{
	return store->path;
}

struct ws_far *ws_store_far(const struct ws_store *store)
{
	return store->far;
}

/* What to do about an error of SQLite's; NULL: nothing that is known. */
static const char *advice_for(int code)
{
	switch (code) {
	case SQLITE_CORRUPT:
		return "it is damaged: move it away and run ingest again, which makes it from the files beside it";
	case SQLITE_NOTADB:
		return "move it away and run ingest again";
	case SQLITE_BUSY:
		return "another program, such as ingest, is writing it: wait until that has ended";
	case SQLITE_READONLY:
		return "ingest was interrupted while it wrote it: run ingest again, which puts it in order";
	default:
		return NULL;
	}
}

int ws_store_error(struct ws_store *store, const char *doing, struct ws_error *err)
{
	int code = sqlite3_extended_errcode(store->db) == SQLITE_IOERR_NOMEM ? SQLITE_NOMEM
									     : sqlite3_errcode(store->db);
	int rc = code == SQLITE_NOMEM ? -ENOMEM : code == SQLITE_BUSY ? -EBUSY : -EIO;
	const char *advice = advice_for(code), *words;
	int failure = store->far ? ws_far_failure(store->far, &words) : 0;

	if (failure)
		return ws_error(err, failure, "%s: %s: %s", store->path, doing, words);
	if (rc == -ENOMEM) /* SQLite's words may tell of what the lack led to */
		return ws_error(err, rc, "%s: %s: out of memory", store->path, doing);
	return ws_error(err, rc, "%s: %s: %s%s%s", store->path, doing, sqlite3_errmsg(store->db), advice ? ": " : "",
			advice ? advice : "");
}

/* Does the database keep a write-ahead log? Then it does not keep writers out while it is read. */
static bool uses_wal(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	bool wal = true;

	if (sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		wal = !sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal");
	sqlite3_finalize(statement);
	return wal;
}

/* A write-ahead log or a journal beside the database: it is not whole without it. */
static bool has_companion(const char *path)
{
	static const char *const suffix[] = { "-journal", "-wal" };

	for (size_t i = 0; i < sizeof(suffix) / sizeof(*suffix); i++) {
		char name[PATH_MAX + 16];
		struct stat st;

		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		if (stat(name, &st) == 0 && st.st_size > 0)
			return true;
	}
	return false;
}

/* The path as a URI that says that nobody changes the file: then SQLite needs no lock and no shared memory. */
static void immutable_uri(const char *path, char *uri, size_t size)
{
	size_t n = (size_t)snprintf(uri, size, "file:");

	for (; *path && n + 4 < size - sizeof("?immutable=1"); path++) {
		unsigned char c = (unsigned char)*path;

		if (c == '%' || c == '?' || c == '#' || c < ' ')
			n += (size_t)snprintf(uri + n, size - n, "%%%02x", c);
		else
			uri[n++] = (char)c;
	}
	snprintf(uri + n, size - n, "?immutable=1");
}

static int open_immutable(struct ws_store *store)
{
	char uri[URI_MAX];

	immutable_uri(store->path, uri, sizeof(uri));
	return sqlite3_open_v2(uri, &store->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
}

/* The schema's version, or -1 if SQLite cannot read the file. */
static int schema_version(sqlite3 *db)
{
	sqlite3_stmt *statement = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

/* Is it that SQLite could not make a file beside the database? Which error it says so with depends on its version. */
static bool refused(int status)
{
	return status == SQLITE_CANTOPEN || status == SQLITE_READONLY;
}

static int connect(struct ws_store *store, int *version, struct ws_error *err)
{
	int status = sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READONLY, NULL);

	if (store->db)
		sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	*version = status == SQLITE_OK ? schema_version(store->db) : -1;
	if (*version >= 0)
		return 0;
	/*
	 * A database that was last written in WAL mode cannot be opened on a read-only file system, for want of its
	 * shared memory. Without a log beside it, it is whole and can be read as it lies.
	 */
	if (refused(sqlite3_errcode(store->db)) && !has_companion(store->path)) {
		sqlite3_close(store->db);
		store->db = NULL;
		store->immutable = true;
		status = open_immutable(store);
		*version = status == SQLITE_OK ? schema_version(store->db) : -1;
	}
	return *version >= 0 ? 0 : ws_store_error(store, "cannot read it", err);
}

/* Is it of a version that can be read? */
static int check_version(const struct ws_store *store, const char *dir, int version, struct ws_error *err)
{
	if (version > WS_EDITION_NEWEST)
		return ws_error(
			err, -EPROTO,
			"%s: schema version %d, and this program reads versions %d to %d: a later program made it: "
			"use that one, or move the file away and run `ingest --dir %s` again",
			store->path, version, WS_EDITION_OLDEST, WS_EDITION_NEWEST, dir);
	if (version < WS_EDITION_OLDEST)
		return ws_error(
			err, -EPROTO,
			"%s: schema version %d, and this program reads versions %d to %d: remove the file and run "
			"`ingest --dir %s` again",
			store->path, version, WS_EDITION_OLDEST, WS_EDITION_NEWEST, dir);
	return 0;
}

/* Is it there, and a file? Opening a FIFO would wait for ever. */
static int check_file(const struct ws_store *store, const char *dir, struct ws_error *err)
{
	struct stat st;

	if (stat(dir, &st))
		return ws_error(err, -errno, "%s: %s", dir, strerror(errno));
	if (stat(store->path, &st))
		return ws_error(err, -errno, "%s: %s: run `ingest --dir %s` first", store->path, strerror(errno), dir);
	if (!S_ISREG(st.st_mode))
		return ws_error(err, -EINVAL, "%s: not a regular file: move it away and run `ingest --dir %s`",
				store->path, dir);
	return 0;
}

/*
 * What is small is looked through as a whole. Of what is large, the rows are counted and looked at as they are read. A
 * page that SQLite has no room for is damage, too, by what the check says: it is believed where no memory was refused.
 */
static int check_small_tables(struct ws_store *store, struct ws_error *err)
{
	static const char query[] =
		"SELECT t.name, c.integrity_check FROM main.sqlite_schema AS t, pragma_integrity_check(t.name) AS c"
		" WHERE t.type = 'table' AND t.name IN ('meta', 'manifest', 'point', 'file', 'family', 'ledger', "
		"'loss',"
		" 'clock_pair', 'snapshot', 'owner', 'dependency', 'synchronization', 'condition', 'condition_file',"
		" 'load_log', 'overhead_file', 'overhead_treatment', 'overhead_trial')"
		" AND c.integrity_check <> 'ok' LIMIT 1";
	const uint64_t refusals_before = ws_sqlite_memory_refusals();
	const char *words = NULL;
	sqlite3_stmt *row = NULL;
	int status = sqlite3_prepare_v2(store->db, query, -1, &row, NULL), rc = 0;

	if (status == SQLITE_OK)
		status = sqlite3_step(row);
	if (status == SQLITE_ROW)
		words = (const char *)sqlite3_column_text(row, 1);
	if (status == SQLITE_ROW && (!words || ws_sqlite_memory_refusals() != refusals_before))
		rc = ws_error(err, -ENOMEM, "out of memory");
	else if (status == SQLITE_ROW)
		rc = ws_error(err, -EIO, "%s: table %s: %.200s: %s", store->path, sqlite3_column_text(row, 0), words,
			      advice_for(SQLITE_CORRUPT));
	else if (status != SQLITE_DONE)
		rc = ws_store_error(store, "cannot read it", err);
	sqlite3_finalize(row);
	return rc;
}

int ws_store_open(const char *dir, struct ws_store **store, struct ws_error *err)
{
	struct ws_store *made = calloc(1, sizeof(*made));
	int rc;

	if (!made)
		return ws_error(err, -ENOMEM, "out of memory");
	if (snprintf(made->path, sizeof(made->path), "%s/run.db", dir) >= (int)sizeof(made->path)) {
		rc = ws_error(err, -ENAMETOOLONG, "%s: the name is too long", dir);
		goto out;
	}
	rc = check_file(made, dir, err);
	rc = rc ? rc : connect(made, &made->version, err);
	rc = rc ? rc : check_version(made, dir, made->version, err);
	if (rc)
		goto out;
	if (ws_edition_adapt(made->db, made->version) != SQLITE_OK ||
	    sqlite3_exec(made->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		rc = ws_store_error(made, "cannot read it", err);
	rc = rc ? rc : check_small_tables(made, err);
out:
	if (rc)
		ws_store_close(made);
	else
		*store = made;
	return rc;
}

/* Takes over a run in a store. */
static void take_far(struct ws_store *store, struct ws_far *far)
{
	store->far = far;
	store->db = ws_far_database(far);
	store->version = WS_EDITION_NEWEST;
	snprintf(store->path, sizeof(store->path), "%s", ws_far_name(far));
}

int ws_store_open_from(const struct ws_origin *origin, const char *dir, struct ws_store **store, struct ws_error *err)
{
	struct ws_far *far;
	struct ws_store *made;
	int rc;

	if (!origin || !origin->access)
		return ws_store_open(dir, store, err);
	made = calloc(1, sizeof(*made));
	rc = made ? ws_far_open(origin, dir, &far, err) : ws_error(err, -ENOMEM, "out of memory");
	if (rc) {
		free(made);
		return rc;
	}
	take_far(made, far);
	*store = made;
	return 0;
}

/* The twin of a run in a store; one that cannot be reached again is done without. */
static int twin_far(const struct ws_store *store, struct ws_store *made)
{
	struct ws_far *far;
	struct ws_error unheard;
	int rc = ws_far_twin(store->far, &far, &unheard);

	if (rc)
		return rc == -ENOMEM ? rc : -EBUSY;
	take_far(made, far);
	return 0;
}

int ws_store_twin(struct ws_store *store, struct ws_store **twin)
{
	struct ws_store *made = calloc(1, sizeof(*made));
	int status;

	if (!made)
		return -ENOMEM;
	if (store->far) {
		status = twin_far(store, made);
		if (status)
			free(made);
		else
			*twin = made;
		return status;
	}
	memcpy(made->path, store->path, sizeof(made->path));
	made->immutable = store->immutable;
	made->version = store->version;
	status = made->immutable ? open_immutable(made)
				 : sqlite3_open_v2(made->path, &made->db, SQLITE_OPEN_READONLY, NULL);
	/*
	 * Without a write-ahead log the lock that store's transaction holds keeps writers from committing: whoever else
	 * gets the lock sees the same. With one, or when it is refused because a writer waits, there is no twin.
	 */
	if (status != SQLITE_OK || (!made->immutable && uses_wal(made->db)) ||
	    ws_edition_adapt(made->db, made->version) != SQLITE_OK ||
	    sqlite3_exec(made->db, "BEGIN; SELECT 1 FROM point", NULL, NULL, NULL) != SQLITE_OK) {
		ws_store_close(made);
		return -EBUSY;
	}
	*twin = made;
	return 0;
}

void ws_store_close(struct ws_store *store)
{
	if (!store)
		return;
	if (store->far)
		ws_far_close(store->far);
	else
		sqlite3_close(store->db);
	free(store);
}
