/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collector - reads sightings out of run.db, row by row, by an aggregate function that runs inside SQLite: a row
 * costs two thirds of what it costs through sqlite3_step().
 */
#ifndef WS_ANALYZE_COLLECTOR_H
#define WS_ANALYZE_COLLECTOR_H

#include "analyze/sighting.h"
#include "analyze/store.h"
#include "analyze/tuple.h"

/* Threads that read at once at most. */
#define WS_COLLECT_PARTS_MAX 8

/* Where rows go. Rows are read in parts, ranges of request_id, each by a thread. */
struct ws_collect_sink {
	void *context;
	/* Makes ready for the next part, whose rows come behind those of the part before. 0 or -ENOMEM. */
	int (*begin)(void *context, void **writer);
	/* Takes a part's next row; of its thread. place: NULL unless places were asked for. 0 or -errno. */
	int (*take)(void *writer, const struct ws_sighting *sighting, const struct ws_place *place);
};

/*
 * The identity of an x-request-id leaves out the version of its UUID (the high half of byte 6, kept in the place),
 * which proxies write anew.
 *
 * Reads the sightings of every file whose flag is set in wanted (one flag a file of the catalog) in order of
 * request_id, and adds their flows to tuples. 0, -EIO, -EPROTO (a row contradicts the schema), -ENOMEM, or what the
 * sink says.
 */
int ws_collect_rows(struct ws_store *store, const struct ws_catalog *catalog, const bool *wanted, bool with_places,
		    struct ws_tuples *tuples, const struct ws_collect_sink *sink, struct ws_error *err);

#endif
