/* SPDX-License-Identifier: BSD-2-Clause */
/* runs_drop - drops a run of a store; see runs.h. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyze/runs_inner.h"
#include "lib/clickhouse/small.h"

/* A server changes its tables when it comes to it: how often, and how long apart, it is asked whether it has. */
#define TRIES	 300
#define PAUSE_US 200000

struct dropping {
	const struct ws_access *access;
	struct ws_client *client;
	char *cluster; /* NULL: one server */
	char *run;     /* as a literal of SQL */
};

/* The rows of a table that are the run's. */
static int count(const struct dropping *d, const char *table, int64_t *n, struct ws_error *err)
{
	char *query;
	int rc;

	if (asprintf(&query, "SELECT toInt64(count()) FROM `%s` WHERE run = %s", table, d->run) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_client_number(d->client, query, n, err);
	free(query);
	return rc;
}

/* Lets the run's rows of a table go; nothing, if it has none. */
static int remove_rows(const struct dropping *d, const char *table, struct ws_error *err)
{
	int64_t n = 0;
	char *change;
	int rc = count(d, table, &n, err);

	if (rc || !n)
		return rc;
	if (asprintf(&change, "DELETE WHERE run = %s", d->run) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_tables_alter(d->access, d->client, d->cluster, table, change, err);
	free(change);
	return rc;
}

/* The rows that make the run count, and waits until they have gone. */
static int remove_run(const struct dropping *d, struct ws_error *err)
{
	int64_t n = 1;
	int rc = remove_rows(d, "run", err);

	for (int i = 0; i < TRIES && n && !rc; i++) {
		rc = count(d, "run", &n, err);
		if (n && !rc)
			usleep(PAUSE_US);
	}
	return rc || !n ? rc
			: ws_error(err, -ETIMEDOUT, "%s: the run is dropped as soon as the server comes to it",
				   ws_client_name(d->client));
}

static int remove_all(const struct dropping *d, struct ws_error *err)
{
	struct ws_small_tables *small = calloc(1, sizeof(*small));
	sqlite3 *db = NULL;
	int rc = small && sqlite3_open(":memory:", &db) == SQLITE_OK ? 0 : ws_error(err, -ENOMEM, "out of memory");

	rc = rc ? rc : ws_small_create(db, err);
	rc = rc ? rc : ws_small_read(db, small, err);
	rc = rc ? rc : remove_run(d, err);
	rc = rc ? rc : remove_rows(d, "content", err);
	for (uint32_t i = 0; !rc && i < small->n; i++)
		rc = remove_rows(d, small->table[i].name, err);
	for (int i = 0; !rc && i < WS_N_LARGE; i++)
		rc = remove_rows(d, ws_large_tables[i].name, err);
	if (small)
		ws_small_free(small);
	free(small);
	sqlite3_close(db);
	return rc;
}

/* Is there anything of the run? One whose dropping was cut off has rows, and does not count. */
static int check_there(const struct dropping *d, const char *run, struct ws_error *err)
{
	static const char *const table[] = { "run", "content", "request", "response", "flow" };
	int64_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(*table) && !rc && !n; i++)
		rc = count(d, table[i], &n, err);
	return rc || n ? rc
		       : ws_error(err, -ENOENT, "%s: there is no run %s: `analyze runs` lists those that are there",
				  ws_client_name(d->client), run);
}

int ws_runs_drop(const struct ws_invocation *invocation, const char *run, struct ws_error *err)
{
	struct dropping d = { .access = invocation->origin.access, .run = ws_client_quoted(run) };
	int rc = d.run ? ws_client_open(d.access, 0, &d.client, err) : ws_error(err, -ENOMEM, "out of memory");

	if (!rc) {
		ws_client_use_database(d.client);
		rc = ws_tables_cluster(d.client, &d.cluster, err);
	}
	rc = rc ? rc : check_there(&d, run, err);
	rc = rc ? rc : remove_all(&d, err);
	ws_client_close(d.client);
	free(d.cluster);
	free(d.run);
	return rc;
}
