/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot - a run's cluster snapshots (lib/cluster/cluster.md) into its database: all of them together, or none. */
#ifndef WS_SNAPSHOT_H
#define WS_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/database.h"
#include "ingest/snapshot_files.h"
#include "lib/error.h"

/* What came of a snapshot. */
struct ws_loaded_snapshot {
	char *path; /* of its directory */
	uint32_t n_pods;
	uint32_t n_services;
	uint32_t n_nodes;
	uint64_t n_spans; /* those that no snapshot before it had */
	uint64_t n_unread;
};

struct ws_loaded_snapshots {
	struct ws_loaded_snapshot *at; /* the snapshot, then its updates in order */
	uint32_t n;		       /* 0: there is no snapshot */
	bool was_there;		       /* these very snapshots were loaded before; of `at` only paths are filled */
	char *copied_from; /* path of the run.db that they were copied from; of `at` only paths are filled, too */
};

/*
 * Loads DIR/cluster and its updates, unless their content is there already; of a run without one, that of the nearest
 * directory above it, root at the highest: dir is root, or begins with it. What is loaded of snapshots that are gone
 * stays. memory (NULL: none): what the loading of other runs of the same campaign has left, which is not to be done
 * again. 0, then loaded is the caller's, to be freed; or -errno, then what was there before is there.
 */
int ws_load_snapshots(struct ws_database *db, const char *dir, const char *root, struct ws_snapshot_memory *memory,
		      struct ws_loaded_snapshots *loaded, struct ws_error *err);

void ws_loaded_snapshots_free(struct ws_loaded_snapshots *loaded);

#endif
