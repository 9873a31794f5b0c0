/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far - a run in a store, as a SQLite database: its small tables are a copy in a private file (lib/clickhouse/
 * mirror.h), and request, response and flow are virtual tables, whose rows come from the store while they are read.
 * What a query compares with constants is compared there. The rows of a table come in the order of its first column, as
 * they lie in run.db.
 */
#ifndef WS_ANALYZE_FAR_H
#define WS_ANALYZE_FAR_H

#include <stdint.h>

#include "analyze/origin.h"
#include "lib/clickhouse/tables.h"

struct sqlite3;
struct sqlite3_str;
struct ws_client;
struct ws_far;
struct ws_file;

/*
 * Opens the run of dir; it stays the version that was the latest then. 0; -ENOENT: there is no such run; what the
 * client says. To be closed with ws_far_close(). origin's access has to outlive it.
 */
int ws_far_open(const struct ws_origin *origin, const char *dir, struct ws_far **far, struct ws_error *err);

/* The same run over a connection of its own, for another thread: its large tables, and none else. As ws_far_open(). */
int ws_far_twin(const struct ws_far *far, struct ws_far **twin, struct ws_error *err);

/* NULL is fine. */
void ws_far_close(struct ws_far *far);

/* All of these stay the far's. */
struct sqlite3 *ws_far_database(const struct ws_far *far);
struct ws_client *ws_far_client(const struct ws_far *far);
const struct ws_access *ws_far_access(const struct ws_far *far);

/* "http://HOST:PORT, database D, run R": for error texts. */
const char *ws_far_name(const struct ws_far *far);

/* SQL: which rows of request, response and flow are those of some files of the run: n numbers, file_id; UINT32_MAX: of
 * all. NULL: no memory; the caller's, to be freed. */
char *ws_far_condition_of(const struct ws_far *far, const int64_t *file_id, uint32_t n);

/* Does a file have the requests that it is said to have? 0 or -EPROTO with words. */
int ws_far_check_rows(const struct ws_far *far, const struct ws_file *file, uint64_t n_rows, struct ws_error *err);

/* No request_id is greater, and none less than 1. */
int64_t ws_far_last_request(const struct ws_far *far);

/*
 * From now on table request shows only the rows that meet both conditions, SQL of the store's; the first is looked at
 * first, and should need few columns. The texts are taken over; NULL: all rows again. Twins made later are alike.
 */
void ws_far_restrict(struct ws_far *far, char *prewhere, char *where);
bool ws_far_is_restricted(const struct ws_far *far);

/* The same of another of the large tables. */
void ws_far_restrict_table(struct ws_far *far, enum ws_large table, char *where);

/* Only the rows that meet a further condition. 0 or -ENOMEM. */
int ws_far_narrow(struct ws_far *far, enum ws_large table, const char *where);

/* SQL from FROM on: the rows that a table shows. NULL: no memory; the caller's, to be freed. */
char *ws_far_rows(const struct ws_far *far, enum ws_large table);

/* The last error of reading rows, with its words; 0: there was none. */
int ws_far_failure(const struct ws_far *far, const char **words);

#endif
