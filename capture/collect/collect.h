/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collect - `capture collect`: asks the cluster's and the node's own tools what there is, and keeps what they print as
 * a snapshot (lib/cluster/cluster.md). Every source is optional.
 */
#ifndef WS_COLLECT_H
#define WS_COLLECT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define WS_SNAPSHOT_TRACES_MAX 64
/* The longest name of a node: a DNS name's. */
#define WS_SNAPSHOT_NODE_MAX 253

/* What the user asks for; strings are the command line's. */
struct ws_snapshot_options {
	const char *dir;			    /* of the run, or of the campaign: cluster/ is made in it */
	char node[WS_SNAPSHOT_NODE_MAX + 1];	    /* this node's name in Kubernetes */
	const char *netns;			    /* the node's network namespace; NULL: ours */
	const char *namespace;			    /* of Kubernetes; NULL: all */
	const char *kubeconfig;			    /* NULL: kubectl's own choice */
	const char *jaeger;			    /* URL; NULL: none */
	const char *traces[WS_SNAPSHOT_TRACES_MAX]; /* files to copy */
	uint32_t n_traces;
	const char *only;    /* names of sources, joined by commas; NULL: all */
	uint32_t lookback_s; /* how far back Jaeger is asked */
	uint32_t timeout_s;  /* of each command */
	bool is_update;	     /* into a new cluster/update-NNNN/ */
	bool is_quiet;
	const volatile sig_atomic_t *stop; /* set by a signal handler: end; NULL: none. Not of the command line */
};

/* The help text of `capture collect`. */
extern const char ws_snapshot_help[];

/*
 * Reads the arguments behind `capture collect` (argv[0] is "collect"). Returns 0; 1 if help was asked for; -EINVAL with
 * words for a wrong one. The options refer to argv.
 */
int ws_snapshot_options_parse(int argc, char **argv, struct ws_snapshot_options *o, struct ws_error *err);

/*
 * Takes a snapshot. tell gets a line, without its end, for each thing worth saying, and at the end the table of what
 * was got; it may be NULL. Returns 0 if any source answered; -ENODATA with words if none did; -EINTR if *o->stop was
 * set (what was got until then is kept); other -errno with words if the snapshot cannot be written.
 */
int ws_snapshot_take(const struct ws_snapshot_options *o, void (*tell)(void *context, const char *line), void *context,
		     struct ws_error *err);

#endif
