/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot_world - a campaign's directory with a run in it and the run's database, for tests of cluster snapshots. */
#ifndef WS_TEST_SNAPSHOT_WORLD_H
#define WS_TEST_SNAPSHOT_WORLD_H

#include <sqlite3.h>

#include "ingest/load.h"
#include "ingest/snapshot.h"
#include "tests/unit/written_files.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A campaign's directory with a run in it, and the run's database. */
struct world {
	char dir[64];
	char run[128];
	struct ws_database *db;
	struct ws_error err;
	struct ws_loaded_snapshots loaded;
};

static inline int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[256];

	strcpy(w->dir, "/tmp/snapshot-XXXXXX");
	if (!mkdtemp(w->dir))
		return -1;
	snprintf(w->run, sizeof(w->run), "%s/run", w->dir);
	put(w->dir, "run/conditions.json", "{}");
	snprintf(path, sizeof(path), "%s/run.db", w->run);
	*state = w;
	return ws_database_open(path, &w->db, &w->err);
}

static inline int tear_down(void **state)
{
	struct world *w = *state;
	int rc = remove_tree(w->dir);

	ws_loaded_snapshots_free(&w->loaded);
	ws_database_close(w->db);
	free(w);
	return rc;
}

static inline int try_to_load(struct world *w)
{
	ws_loaded_snapshots_free(&w->loaded);
	return ws_load_snapshots(w->db, w->run, w->dir, NULL, &w->loaded, &w->err);
}

static inline void load(struct world *w)
{
	int rc = try_to_load(w);

	if (rc)
		print_error("%s\n", w->err.text);
	assert_int_equal(rc, 0);
}

/* All rows of a query, columns joined by '|', rows by line feeds, as somebody else sees them. */
static inline const char *ask(const struct world *w, const char *sql)
{
	static char text[16384];
	sqlite3_stmt *statement;
	char path[256];
	sqlite3 *db;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/run.db", w->run);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	text[0] = '\0';
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *value = (const char *)sqlite3_column_text(statement, i);

			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? "|" : "", value ? value : "-");
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\n");
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return text;
}

/* 1970-01-01T00:0M:00Z is M * 60 s. */
#define POD(name, address, more)          \
	"{\"metadata\":{\"name\":\"" name \
	"\",\"namespace\":\"d\"},\"spec\":{\"nodeName\":\"n1\"},\"status\":{\"podIP\":\"" address "\"" more "}}"
#define STARTED(m) ",\"startTime\":\"1970-01-01T00:0" #m ":00Z\""
#define TAKEN(s)   "{\"version\":1,\"taken_realtime_ns\":" #s "000000000}"

#endif
