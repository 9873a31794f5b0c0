/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror_sweep - what is of a run and does not count, out of the store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/mirror_inner.h"
#include "lib/clickhouse/tables.h"

/* How many rows of the table are of the run and meet the condition; those go. */
static int remove_rows(struct ws_mirror *m, const struct ws_access *access, const char *cluster, const char *name,
		       const char *condition, int64_t *n_rows, struct ws_error *err)
{
	char *sql = NULL, *change = NULL;
	int64_t n = 0;
	int rc = 0;

	if (asprintf(&sql, "SELECT count() FROM `%s` WHERE run = %s AND %s", name, m->quoted_run, condition) < 0)
		sql = NULL;
	if (asprintf(&change, "DELETE WHERE run = %s AND %s", m->quoted_run, condition) < 0)
		change = NULL;
	if (!sql || !change)
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = ws_client_number(m->client, sql, &n, err);
	if (rc == 0 && n)
		rc = ws_tables_alter(access, m->client, cluster, name, change, err);
	free(sql);
	free(change);
	if (rc == 0 && n_rows)
		*n_rows += n;
	return rc;
}

static int sweep_large(struct ws_mirror *m, const struct ws_access *access, const char *cluster, int64_t *n_rows,
		       struct ws_error *err)
{
	char *loads = NULL, *condition = NULL;
	int rc = ws_mirror_loads(m, &loads, err);

	if (rc == 0 && asprintf(&condition, "load NOT IN (%s,%s)", loads, m->opened_loads) < 0) {
		condition = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
	}
	for (int i = 0; rc == 0 && i < WS_N_LARGE; i++)
		rc = remove_rows(m, access, cluster, ws_large_tables[i].name, condition, n_rows, err);
	free(loads);
	free(condition);
	return rc;
}

/* Rows of a version that never came to count, or does not any more; table run keeps its history. */
static int sweep_small(struct ws_mirror *m, const struct ws_access *access, const char *cluster, struct ws_error *err)
{
	char condition[96];
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < m->small.n; i++) {
		snprintf(condition, sizeof(condition), "version NOT IN (%lld,%lld)", (long long)m->table[i].of_version,
			 (long long)m->opened[i].of_version);
		rc = remove_rows(m, access, cluster, m->small.table[i].name, condition, NULL, err);
	}
	return rc;
}

int ws_mirror_sweep(struct ws_mirror *m, const struct ws_access *access, int64_t *n_rows, struct ws_error *err)
{
	char *cluster = NULL;
	int rc = ws_tables_cluster(m->client, &cluster, err);

	*n_rows = 0;
	if (rc == 0)
		rc = sweep_large(m, access, cluster, n_rows, err);
	if (rc == 0)
		rc = sweep_small(m, access, cluster, err);
	free(cluster);
	return rc;
}
