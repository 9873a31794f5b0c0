/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot_files - where a run's cluster snapshots are, and the hash that a snapshot is known by. */
#ifndef WS_SNAPSHOT_FILES_H
#define WS_SNAPSHOT_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ingest/digest.h"
#include "lib/error.h"

struct ws_snapshot_place {
	char *path;  /* of its directory */
	char *shown; /* the same relative to the run directory */
	char hash[WS_DIGEST_TEXT_LEN];
	bool mesh_only; /* only spans and dependencies count: the run has a snapshot of its own for all else */
};

/*
 * What is known of the campaign's snapshot that was met last, so that it is read once for all runs: it is taken for one
 * moment's. All-zero to begin with; to be closed with ws_snapshot_memory_free().
 */
struct ws_snapshot_memory {
	dev_t device; /* of its directory */
	ino_t inode;
	struct ws_snapshot_place *place; /* it and its updates; shown: from the campaign's directory */
	uint32_t n;
	char *database; /* path of a run.db that has it; NULL: none yet */
};

void ws_snapshot_memory_free(struct ws_snapshot_memory *memory);

/* Finds the snapshot of the run in dir and its updates, in order; see ws_load_snapshots(). Behind a run's own comes
 * that of its campaign, where traces are collected after the load. They are the caller's. Those of a campaign are in
 * memory (NULL: none) then, unless they were. */
int ws_snapshot_places(const char *dir, const char *root, struct ws_snapshot_memory *memory,
		       struct ws_snapshot_place **places, uint32_t *n, struct ws_error *err);

/* Are they what they were when they were found? They are read twice, for the hash and for what they hold. 0; -EAGAIN:
 * a file of theirs has changed, came or went; -ENOMEM. */
int ws_snapshot_check(const struct ws_snapshot_place *places, uint32_t n, struct ws_error *err);

void ws_snapshot_places_free(struct ws_snapshot_place *places, uint32_t n);

/* Names of the files of a snapshot's own directory that begin with prefix, in order; the caller's, to be freed. */
int ws_snapshot_names(const char *dir, const char *prefix, char ***names, uint32_t *n, struct ws_error *err);

void ws_snapshot_names_free(char **names, uint32_t n);

#endif
