/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store - run.db, opened for reading only: with collector and roster, which read through it, all that knows
 * SQLite. A run in a ClickHouse store looks the same (far.h).
 *
 * Everything is read in one transaction: a load that ends meanwhile changes nothing.
 */
#ifndef WS_ANALYZE_STORE_H
#define WS_ANALYZE_STORE_H

#include "analyze/catalog.h"
#include "lib/error.h"

struct sqlite3;
struct ws_origin;
struct ws_far;
struct ws_store;

/*
 * Opens DIR/run.db, checks its schema version and looks its small tables through; databases of older versions look like
 * those of today (editions.h). 0; -ENOENT: it is not there; -EPROTO: a version that cannot be read; -EBUSY: somebody
 * keeps writing it; -EIO: SQLite cannot read it, or it is damaged; -ENOMEM. To be closed with ws_store_close().
 */
int ws_store_open(const char *dir, struct ws_store **store, struct ws_error *err);

/* The same of where the runs are: ws_far_open() of a store; NULL, or an origin without one: as ws_store_open(). */
int ws_store_open_from(const struct ws_origin *origin, const char *dir, struct ws_store **store, struct ws_error *err);

/* What is behind a run in a store; NULL: it is run.db. The store's. */
struct ws_far *ws_store_far(const struct ws_store *store);

/*
 * Opens another connection that sees the same as store, for another thread. 0, or -EBUSY if that cannot be promised (a
 * write-ahead log, a writer that waits) - the caller does without -, or -ENOMEM. To be closed with ws_store_close().
 */
int ws_store_twin(struct ws_store *store, struct ws_store **twin);

/* NULL is fine. */
void ws_store_close(struct ws_store *store);

/* Reads what the database holds. 0, -EIO or -ENOMEM. To be closed with ws_catalog_close(). */
int ws_store_catalog(struct ws_store *store, struct ws_catalog *catalog, struct ws_error *err);

/* For collector and roster: the connection, which stays the store's, and the file's path for error texts. */
struct sqlite3 *ws_store_connection(struct ws_store *store);
const char *ws_store_path(const struct ws_store *store);

/* For collector and roster: SQLite's last error as an error text; returns -EIO, or -ENOMEM or -EBUSY if it
 * was that. */
int ws_store_error(struct ws_store *store, const char *doing, struct ws_error *err);

#endif
