/* SPDX-License-Identifier: BSD-2-Clause */
/* run - one recording from attaching to the last byte written. */
#ifndef WS_RUN_H
#define WS_RUN_H

#include <signal.h>
#include <stdint.h>

#include "capture/options.h"
#include "lib/error.h"

/* What is told while the run goes on and when it is over. */
struct ws_run_progress {
	double elapsed_s;
	uint64_t n_frames;
	uint64_t n_requests;
	uint64_t n_contexts;
	uint64_t n_lost;	 /* records, in the ring buffers */
	uint64_t n_pcap_written; /* final only */
	uint64_t n_pcap_dropped;
	uint32_t n_clock_steps; /* the wall clock was set so often, */
	double clock_step_s;	/* and went so far, forwards or backwards */
	const char *no_filter;	/* why the kernel took no filter of system calls; NULL: it did */
};

/*
 * Records as the options say until their duration is over, their command has ended, or *stop is set (by a signal
 * handler); above 1 their command, if it goes on, is not given time to end. tell is called about once a second, and
 * once more at the end with is_final set; it may be NULL.
 *
 * Returns 0; -errno with words if the recording failed; *command_status is the command's exit status (128 + the signal
 * that ended it), -1 without a command.
 */
int ws_run(const struct ws_capture_options *o, int argc, char **argv, volatile sig_atomic_t *stop,
	   void (*tell)(const struct ws_run_progress *progress, int is_final), int *command_status,
	   struct ws_error *err);

#endif
