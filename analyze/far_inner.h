/* SPDX-License-Identifier: BSD-2-Clause */
/* far_inner - what a run in a store consists of: for far and far_table alone. */
#ifndef WS_ANALYZE_FAR_INNER_H
#define WS_ANALYZE_FAR_INNER_H

#include <sqlite3.h>

#include "analyze/far.h"
#include "lib/clickhouse/client.h"
#include "lib/clickhouse/mirror.h"

/* Which load of a file counts. */
struct ws_far_file {
	int64_t file_id;
	int64_t load;
};

struct ws_far {
	const struct ws_access *access;
	struct ws_client *client;
	struct ws_mirror *mirror; /* NULL in a twin */
	sqlite3 *db;
	char *run;	 /* as a literal of SQL */
	char *condition; /* SQL: which rows of request, response and flow are the run's */
	char *name;
	char *prewhere; /* of ws_far_restrict(), or NULL */
	char *where[WS_N_LARGE];
	struct ws_far_file *file; /* NULL in a twin */
	uint32_t n_files;
	int64_t last_request;
	int rc; /* of the last failure */
	struct ws_error err;
};

/* Makes the virtual tables in the far's database. SQLite's code. */
int ws_far_tables(struct ws_far *far);

#endif
