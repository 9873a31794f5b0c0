/* SPDX-License-Identifier: BSD-2-Clause */
/* load - one input file into the database, as a whole or not at all. The input may be a load generator's log. */
#ifndef WS_LOAD_H
#define WS_LOAD_H

#include "ingest/database.h"
#include "ingest/inputs.h"
#include "lib/context.h"
#include "lib/error.h"
#include "lib/packet.h"

/* How packet captures are read. */
struct ws_reading {
	struct ws_tunnels tunnels;
	struct ws_wanted wanted; /* the contexts that are looked for */
};

/* What came of a file. */
struct ws_loaded {
	struct ws_file_facts facts;
	uint64_t n_cut_records;
	uint64_t n_corrupt_records;
	bool was_there; /* this very content was loaded before; the rest is zero */
};

/* What came of a load generator's log. */
struct ws_loaded_log {
	struct ws_log_facts facts;
	bool was_there; /* this very content was loaded before; the rest is zero */
};

/* A file on its way into the database. */
struct ws_load;

/*
 * Begins to load a file: it is read, as far ahead as there is room, while the caller ends the load of another one. dir:
 * the run directory, for the path that is kept; input and reading stay until the load has ended. Whatever fails is told
 * by ws_load_end(), to which the load, or NULL for want of memory, has to go; or by nobody, if it is closed.
 */
struct ws_load *ws_load_begin(struct ws_database *db, const char *dir, const struct ws_input *input,
			      const struct ws_reading *reading);

/*
 * Loads the file unless its content is there already; a packet capture in which other contexts were looked for is
 * loaded again. The load is freed. Returns 0 or -errno; then what was there before is there.
 */
int ws_load_end(struct ws_load *load, struct ws_database *db, struct ws_loaded *loaded, struct ws_error *err);

/* Gives up a load that nobody ends. NULL is nothing. */
void ws_load_close(struct ws_load *load);

/*
 * Loads a load generator's log, in the same way. One that has the content of another log in dir is an error: each of
 * its requests would count twice.
 */
int ws_load_log(struct ws_database *db, const char *dir, const struct ws_log_input *input, struct ws_loaded_log *loaded,
		struct ws_error *err);

/* Keeps the conditions at path. Returns 0 or -errno; -EINVAL if they are not one flat JSON object. */
int ws_load_conditions(struct ws_database *db, const char *path, struct ws_error *err);

/* Keeps what capturing costs, at path. Returns 0 or -errno; -EINVAL if it is not as `capture run --overhead` writes it.
 */
int ws_load_overhead(struct ws_database *db, const char *path, struct ws_error *err);

/* Keeps the manifest at path. Returns 0 or -errno; -EINVAL if it is not JSON. */
int ws_load_manifest(struct ws_database *db, const char *path, struct ws_error *err);

#endif
