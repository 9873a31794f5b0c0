/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest - run.json: everything that must be known later of how a run was recorded. Written when the run begins
 * (state "running"), when a point comes or goes (--watch), and when it ends ("complete"), each time as a whole under a
 * temporary name.
 */
#ifndef WS_MANIFEST_H
#define WS_MANIFEST_H

#include "capture/clock.h"
#include "capture/confine.h"
#include "capture/netns.h"
#include "capture/options.h"
#include "capture/sniffer.h"
#include "capture/tap.h"
#include "capture/watch.h"
#include "capture/whole_file.h"
#include "lib/error.h"

#define WS_CLOCK_PAIRS_MAX 4096
/* Changes of points that are noted; more are counted. */
#define WS_RUN_CHANGES_MAX 1024

/* A point that came or went while the run went on. */
struct ws_run_change {
	struct ws_clock_pair at;
	const char *event; /* "attached", "detached", "failed": could not be attached */
	char point[WS_RECFILE_NAME_MAX + 1];
	char pod[600];
	char because[800];
};

/* What the run knows of itself. Pointers are borrowed. */
struct ws_run_facts {
	const struct ws_capture_options *options;
	int argc;
	char **argv;			   /* the whole command line */
	const char *state;		   /* "running", "complete", "failed" */
	const char *failure;		   /* words; NULL unless state is "failed" */
	const char *ended_by;		   /* "duration", "signal", "command", NULL while running */
	int command_status;		   /* exit status of the command, if one was run and has ended; else -1 */
	struct ws_tap *tap[WS_POINTS_MAX]; /* NULL without eBPF */
	struct ws_sniffer *sniffer[WS_POINTS_MAX]; /* NULL without pcap */
	bool is_gone[WS_POINTS_MAX];		   /* was finished before the run's end */
	struct ws_netns_id netns[WS_POINTS_MAX];   /* that the points' names led to */
	const struct ws_watch_facts *watch;	   /* NULL: the run does not watch */
	struct ws_run_change *change;		   /* WS_RUN_CHANGES_MAX of them */
	uint32_t n_changes;
	uint64_t n_changes_more;
	uint64_t n_changes_failed; /* of all, those that failed */
	struct ws_clock_pair clock_pair[WS_CLOCK_PAIRS_MAX];
	uint32_t n_clock_pairs;
	uint32_t n_clock_steps;	 /* the wall clock was set so often, */
	uint64_t clock_step_ns;	 /* and went so far, forwards or backwards */
	uint64_t reader_user_ns; /* CPU time of the reading thread */
	uint64_t reader_system_ns;
	uint64_t process_user_ns; /* CPU time of the whole program, packet captures included */
	uint64_t process_system_ns;
	struct ws_confinement confinement;
};

/* Writes the file. Returns 0 or -errno. */
int ws_manifest_write(struct ws_whole_file *file, const struct ws_run_facts *run, struct ws_error *err);

#endif
