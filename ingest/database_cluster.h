/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database_cluster - what cluster snapshots say, in the run's database: all of a run's snapshots go in together, in one
 * transaction, and take the place of all that was there.
 */
#ifndef WS_DATABASE_CLUSTER_H
#define WS_DATABASE_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/database.h"
#include "lib/error.h"

/* A row of table snapshot. */
struct ws_snapshot_facts {
	const char *path; /* relative to the run directory */
	const char *hash;
	int64_t taken_ns;    /* INT64_MIN: not known */
	const char *overlay; /* "": not known */
	const char *mtls;
	uint64_t n_unread;
};

/* Who has an address. Texts may be "" or NULL where nothing is known. */
struct ws_owner_facts {
	const uint8_t *address; /* 16 bytes */
	const char *kind;	/* "pod", "service", "node" */
	const char *namespace;
	const char *name;
	const char *service;
	const char *workload;
	const char *node;
	int64_t from_ns;  /* INT64_MIN: not known */
	int64_t until_ns; /* INT64_MAX: open */
};

/* A span of the mesh's tracer. */
struct ws_span {
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8]; /* zeros: none */
	const char *service;
	const char *kind;
	const char *operation;
	const char *node; /* "": not said */
	const char *pod;
	int64_t start_ns;
	int64_t duration_ns;
};

/* Kinds of owners that a snapshot lists: those that it does not list any more are gone. */
struct ws_listed {
	bool pods;
	bool services;
	bool nodes;
};

struct ws_cluster_insert;

/* Are these n snapshots, and no others, loaded? 1, 0 or -errno. */
int ws_database_has_snapshots(struct ws_database *db, const struct ws_snapshot_facts *snapshots, uint32_t n,
			      struct ws_error *err);

/*
 * Copies what the run.db at from_path has of cluster snapshots, if they are these n in this order and no others, in the
 * place of all that was there; paths are the given ones, and of the other facts only hashes are looked at. 1: done; 0:
 * that database is gone, has others or cannot be read, then nothing has changed; -errno: this one cannot be written.
 */
int ws_database_copy_snapshots(struct ws_database *db, const char *from_path, const struct ws_snapshot_facts *snapshots,
			       uint32_t n, struct ws_error *err);

/* Begins a transaction that takes out all that was loaded. It ends with ws_database_end_snapshots(). */
int ws_database_begin_snapshots(struct ws_database *db, struct ws_cluster_insert **insert, struct ws_error *err);

/*
 * A snapshot's owners: first all of them, then what is gone since the one before. Snapshots come in order of time;
 * owners whose beginning is not known and who were not in the one before began behind before_ns (INT64_MIN: not known).
 */
int ws_database_add_owner(struct ws_cluster_insert *insert, const struct ws_owner_facts *owner, int64_t before_ns,
			  struct ws_error *err);
int ws_database_end_owners(struct ws_cluster_insert *insert, const struct ws_listed *listed, int64_t taken_ns,
			   struct ws_error *err);

/* Adds a row. A span that is there already is left out; of a dependency the larger number counts. */
int ws_database_add_snapshot(struct ws_cluster_insert *insert, const struct ws_snapshot_facts *snapshot,
			     struct ws_error *err);
int ws_database_add_span(struct ws_cluster_insert *insert, const struct ws_span *span, struct ws_error *err);
int ws_database_add_dependency(struct ws_cluster_insert *insert, const char *caller, const char *callee,
			       int64_t n_calls, struct ws_error *err);
int ws_database_add_synchronization(struct ws_cluster_insert *insert, const char *node, const char *method,
				    int64_t at_ns, int64_t offset_ns, int64_t bound_ns, struct ws_error *err);

/* Rows of table span that were added. */
uint64_t ws_database_span_count(const struct ws_cluster_insert *insert);

/* Writes the owners' times and commits, unless rc, what came of it so far, is a failure: then undoes all. Frees insert,
 * which may be NULL. Returns rc, or what failed now. */
int ws_database_end_snapshots(struct ws_cluster_insert *insert, int rc, struct ws_error *err);

#endif
