/* SPDX-License-Identifier: BSD-2-Clause */
/* database - run.db as ingest writes it: files in and out as wholes, rows by the block. The schema is lib/schema.sql.
 */
#ifndef WS_DATABASE_H
#define WS_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/flows.h"
#include "ingest/inputs.h"
#include "lib/clickhouse/access.h"
#include "lib/error.h"
#include "lib/log/log_read.h"
#include "lib/record.h"
#include "lib/wanted.h"

struct ws_database;

/* What is known of a file once it has been read. */
struct ws_file_facts {
	uint64_t size_bytes;
	uint64_t unread_bytes;
	uint64_t n_requests; /* rows */
	uint64_t n_contexts; /* of the requests */
	uint64_t n_responses;
	uint64_t n_frames[WS_N_REASONS]; /* its ledger, by ws_reason_slot() */
	uint64_t n_other_frames;	 /* counted for reasons that this program does not know */
	uint64_t first_ns;		 /* of the time window; first > last: there is none */
	uint64_t last_ns;
	uint32_t search_bytes;		   /* 0: the whole head */
	char contexts[WS_WANTED_TEXT_LEN]; /* looked for, as ws_wanted_text() has them */
	bool prefers_list;
	bool is_complete;
};

/* Opens or creates run.db. Returns 0 or -errno; -EINVAL for a database of another kind or version. */
int ws_database_open(const char *path, struct ws_database **db, struct ws_error *err);

/* Is what was written still at its path? 0; -ENOENT: it, or the run's directory, was removed or moved. */
int ws_database_check(struct ws_database *db, struct ws_error *err);

/*
 * Opens a run in a store (depot.h) that takes the place of run.db: what is written is committed as there, and counts
 * from ws_database_publish() on. dir: the run's directory, of which one program at a time loads into a store.
 */
int ws_database_open_in_store(const struct ws_access *access, const char *run, const char *dir, uint32_t first,
			      struct ws_database **db, struct ws_error *err);

/* Makes count in the store what was committed; of run.db, nothing is left to do. */
int ws_database_publish(struct ws_database *db, struct ws_error *err);

/* Removes from the store what loads have left that did not end: *n_rows of them. */
int ws_database_sweep(struct ws_database *db, int64_t *n_rows, struct ws_error *err);

/* As it was opened, or for error texts: a store's run. */
const char *ws_database_path(const struct ws_database *db);

/* Keeps the manifest, if it is not the one that is kept already. */
int ws_database_put_manifest(struct ws_database *db, const char *hash, const char *json, struct ws_error *err);

/*
 * The contexts that the run's records were searched for, as its manifest lists them: what its packet captures should be
 * searched for, too. Returns 1 with text, cut at size, and *prefers_list filled; 0 if no manifest says it; or -errno.
 */
int ws_database_contexts(struct ws_database *db, char *text, size_t size, bool *prefers_list, struct ws_error *err);

/*
 * Keeps the conditions, if they are not those that are kept already: json is one flat object. Returns 0 or -errno;
 * -EINVAL, with words that do not name the file, for anything else.
 */
int ws_database_put_conditions(struct ws_database *db, const char *hash, const char *json, struct ws_error *err);

/*
 * Keeps what capturing costs, if it is not that which is kept already: json is an overhead.json (lib/trials.h). Returns
 * 0 or -errno; -EINVAL, with words that do not name the file, for anything else.
 */
int ws_database_put_overhead(struct ws_database *db, const char *hash, const char *json, struct ws_error *err);

/*
 * Is this very content loaded for this point and source, and was it searched for what is wanted? NULL for either:
 * whatever it is, and whatever it was searched for. Returns 1 or 0, or -errno.
 */
int ws_database_has_file(struct ws_database *db, const struct ws_input *input, const char *hash,
			 const struct ws_wanted *wanted, struct ws_error *err);

/*
 * Begins a transaction in which the file replaces whatever is loaded for its point and source. It ends with
 * ws_database_end_file() or ws_database_drop_file().
 */
int ws_database_begin_file(struct ws_database *db, const struct ws_input *input, const char *shown_path,
			   struct ws_error *err);

/* The number of the next flow. */
int ws_database_next_flow_id(struct ws_database *db, int64_t *flow_id, struct ws_error *err);

/*
 * Appends n records of the file under way, n_responses of which are responses; flow_id: of each, of flows that are
 * there already.
 */
int ws_database_add_records(struct ws_database *db, const struct ws_record *records, const int64_t *flow_id, uint32_t n,
			    uint32_t n_responses, struct ws_error *err);

int ws_database_add_flow(struct ws_database *db, const struct ws_flow_key *key, int64_t flow_id, struct ws_error *err);

int ws_database_add_clock_pair(struct ws_database *db, uint64_t monotonic_ns, uint64_t realtime_ns,
			       struct ws_error *err);

/* n things of this kind passed the point and were not kept. */
int ws_database_add_loss(struct ws_database *db, const char *kind, uint64_t n, struct ws_error *err);

/* Completes the file: its hash, its facts, its ledger, what the manifest says it lost; commits. */
int ws_database_end_file(struct ws_database *db, const char *hash, const struct ws_file_facts *facts,
			 struct ws_error *err);

/* Undoes everything since ws_database_begin_file() or ws_database_begin_log(). */
void ws_database_drop_file(struct ws_database *db);

/*
 * Is this very content loaded as the load log of this name? Returns 1 or 0, or -errno. With 0, *other_path is the path
 * that it was loaded from under another name, or NULL; the caller's, to be freed.
 */
int ws_database_find_log(struct ws_database *db, const char *name, const char *hash, char **other_path,
			 struct ws_error *err);

/*
 * Begins a transaction in which the load log replaces what is loaded of its name, and of its content. It ends with
 * ws_database_end_log() or ws_database_drop_file().
 */
int ws_database_begin_log(struct ws_database *db, const char *name, const char *path, const char *hash,
			  uint64_t size_bytes, struct ws_error *err);

/* Appends a request to the load log. */
int ws_database_add_request(struct ws_database *db, const struct ws_log_request *request, struct ws_error *err);

/* Completes the load log; commits. */
int ws_database_end_log(struct ws_database *db, const struct ws_log_facts *facts, struct ws_error *err);

void ws_database_close(struct ws_database *db);

#endif
