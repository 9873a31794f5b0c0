/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest - run.json: everything that must be known later of how a run was recorded. Written when the run begins
 * (state "running") and again when it ends ("complete"), each time as a whole under a temporary name.
 */
#ifndef WS_MANIFEST_H
#define WS_MANIFEST_H

#include "capture/clock.h"
#include "capture/options.h"
#include "capture/sniffer.h"
#include "capture/tap.h"
#include "lib/error.h"

#define WS_CLOCK_PAIRS_MAX 4096

/* What the run knows of itself. Pointers are borrowed. */
struct ws_run_facts {
	const struct ws_capture_options *options;
	int argc;
	char **argv;			   /* the whole command line */
	const char *state;		   /* "running", "complete" */
	const char *ended_by;		   /* "duration", "signal", "command", NULL while running */
	int command_status;		   /* exit status of the command, if one was run and has ended; else -1 */
	struct ws_tap *tap[WS_POINTS_MAX]; /* NULL without eBPF */
	struct ws_sniffer *sniffer[WS_POINTS_MAX]; /* NULL without pcap */
	struct ws_clock_pair clock_pair[WS_CLOCK_PAIRS_MAX];
	uint32_t n_clock_pairs;
	uint64_t reader_user_ns; /* CPU time of the reading thread */
	uint64_t reader_system_ns;
	uint64_t process_user_ns; /* CPU time of the whole program, packet captures included */
	uint64_t process_system_ns;
};

/* Writes path. Returns 0 or -errno. */
int ws_manifest_write(const char *path, const struct ws_run_facts *run, struct ws_error *err);

#endif
