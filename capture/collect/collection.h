/* SPDX-License-Identifier: BSD-2-Clause */
/* collection - what one `capture collect` asks, what came of it, and the list of that in snapshot.json. */
#ifndef WS_COLLECTION_H
#define WS_COLLECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/collect/collect.h"
#include "capture/collect/command.h"
#include "lib/error.h"

/* The most bytes kept of what is asked of the cluster, and of one thing on a node. */
#define WS_COLLECTION_CLUSTER_BYTES (1ull << 30)
#define WS_COLLECTION_NODE_BYTES    (64ull << 20)
/* The most containers, interfaces, services that are each asked for. */
#define WS_COLLECTION_ITEMS_MAX	 4096u
#define WS_COLLECTION_ARGV_MAX	 16
#define WS_COLLECTION_ITEM_BYTES (16ull << 20)

/* A kind of source: a word of --only, a line of the table at the end. */
struct ws_source_kind {
	const char *name;
	const char *file;    /* NULL: one a container, an interface ... */
	bool is_of_node;     /* asked on the node, kept in node/NODE/ */
	bool has_namespaces; /* `kubectl get` of it can be kept to one namespace */
	const char *worth;   /* what it is good for: what is lost without it */
	const char *argv[WS_COLLECTION_ARGV_MAX];
};

extern const struct ws_source_kind ws_source_kinds[];

/* The kind of that name, or NULL. */
const struct ws_source_kind *ws_source_kind_find(const char *name, size_t n);

/* One command of a collection, and what came of it. */
struct ws_source {
	const struct ws_source_kind *kind;
	char *name; /* of no other source of the same scope */
	char *file; /* below the snapshot's directory; "": it is not kept there */
	char *path;
	char *part_path;
	char *argv[WS_COLLECTION_ARGV_MAX + 1]; /* NULL-terminated */
	const char *netns;
	uint64_t max_bytes;
	mode_t mode;
	uint64_t asked_realtime_ns;
	uint64_t asked_boottime_ns; /* before it ran */
	struct ws_command result;
	bool is_done;
	bool is_skipped; /* --only does not name it, or nobody said where to ask */
};

struct ws_collection {
	const struct ws_snapshot_options *o;
	char *dir; /* of the snapshot: all files are below it */
	struct ws_source *source;
	uint32_t n_sources;
	uint32_t n_room;
	uint64_t taken_realtime_ns;
};

/* What is to be asked. */
struct ws_question {
	const struct ws_source_kind *kind;
	const char *name; /* NULL: the kind's */
	const char *file; /* in node/NODE/ if the kind is of the node; NULL: its answer is read and thrown away */
	const char *const *argv; /* NULL-terminated, copied */
	const char *netns;	 /* valid until it has been run */
	uint64_t max_bytes;
	mode_t mode;
};

/* Is the kind asked for? */
bool ws_collection_wants(const struct ws_collection *c, const struct ws_source_kind *kind);

/* Adds a source to be run. 0; -ENOMEM, -E2BIG with words. Pointers to sources before are no longer good. */
int ws_collection_add(struct ws_collection *c, const struct ws_question *question, struct ws_error *err);

/* Notes that a kind is not asked for. */
int ws_collection_skip(struct ws_collection *c, const struct ws_source_kind *kind, const char *words,
		       struct ws_error *err);

/* Notes a file that was copied rather than printed by a program. status other than OK: words say why. */
int ws_collection_note_copy(struct ws_collection *c, const struct ws_source_kind *kind, const char *file,
			    const char *origin, enum ws_command_status status, uint64_t n_bytes, const char *words,
			    struct ws_error *err);

/* Runs what was added and not yet run. -EINTR if the user wants an end. */
int ws_collection_run(struct ws_collection *c, struct ws_error *err);

/* Room for a path below the snapshot's directory; 0 or -ENAMETOOLONG. */
int ws_collection_path(const struct ws_collection *c, const char *file, char *path, size_t room, struct ws_error *err);

void ws_collection_close(struct ws_collection *c);

/* May the word of a program become the name of a file, and an argument? Letters and digits, then those, '-' and '_'. */
bool ws_collection_id_is_safe(const char *id);

/* The stages (collect_sources.c, collect_containers.c, collect_processes.c, collect_traces.c); each adds and runs. */
int ws_collect_fixed(struct ws_collection *c, struct ws_error *err);
int ws_collect_offloads(struct ws_collection *c, struct ws_error *err);
int ws_collect_containers(struct ws_collection *c, struct ws_error *err);
int ws_collect_processes(struct ws_collection *c, struct ws_error *err);
int ws_collect_traces(struct ws_collection *c, struct ws_error *err);

/*
 * Adds the collection to DIR/snapshot.json: a source that did not answer now leaves an older answer of its own in
 * place, and files of the node's that are no longer true (of containers gone since) are removed. Waits for others that
 * write it.
 */
int ws_collection_write_index(const struct ws_collection *c, const char *state, struct ws_error *err);

#endif
