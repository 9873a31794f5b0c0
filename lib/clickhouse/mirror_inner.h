/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror_inner - a mirror as its own files see it: mirror.c and mirror_*.c. */
#ifndef WS_MIRROR_INNER_H
#define WS_MIRROR_INNER_H

#include <xxhash.h>

#include "lib/clickhouse/mirror.h"
#include "lib/clickhouse/small.h"

/* Which version of a small table counts, and what is in it. */
struct ws_mirror_table {
	int64_t of_version; /* 0: it is empty, and nothing of it is in the store */
	int64_t n_rows;
	XXH128_hash_t hash; /* of its rows as they are written */
};

struct ws_mirror {
	struct ws_client *client;
	sqlite3 *db;
	char *quoted_run; /* as SQL has it */
	char *run;
	char *part;	  /* NULL: not settled */
	int64_t sequence; /* of the version that counts; 0: there is none */
	int64_t version;
	struct ws_small_tables small;
	struct ws_mirror_table table[WS_SMALL_TABLES_MAX];  /* of small.table */
	struct ws_mirror_table opened[WS_SMALL_TABLES_MAX]; /* as they were then */
	char *opened_loads;				    /* "1,2,3", or "0" */
};

int ws_mirror_fail(struct ws_mirror *mirror, struct ws_error *err);

/* Which version of the run counts now; both 0: none. *part (NULL: nobody asks) is the caller's, NULL without a version.
 */
int ws_mirror_latest(struct ws_mirror *mirror, int64_t *sequence, int64_t *version, char **part, struct ws_error *err);

/* Fills db with the version that counts. */
int ws_mirror_read(struct ws_mirror *mirror, struct ws_error *err);

/* The rows of table number i, as they are written: their number and their hash. */
int ws_mirror_hash(struct ws_mirror *mirror, uint32_t i, struct ws_mirror_table *table, struct ws_error *err);

/* Writes all rows of table number i as that version's. */
int ws_mirror_write_table(struct ws_mirror *mirror, uint32_t i, int64_t version, struct ws_error *err);

/* The loads that count by the mirror as it is: "1,2,3", or "0"; to be freed. */
int ws_mirror_loads(struct ws_mirror *mirror, char **loads, struct ws_error *err);

#endif
