/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine - what is left to a recording once it has begun: which capabilities have to stay, because something at its
 * end or with its points needs them, and the filter of system calls.
 *
 *     always                       none
 *     a command (-- COMMAND)       CAP_KILL: ending it, should it run as somebody else
 *     filters of clsact            CAP_NET_ADMIN, CAP_SYS_ADMIN: removing them, in their network namespace
 *     a directory of others        CAP_DAC_OVERRIDE: giving the files their names in it
 *     Linux before 5.19            CAP_BPF (CAP_SYS_ADMIN before 5.8): reading the counters
 *     --watch                      CAP_BPF, CAP_PERFMON, CAP_NET_RAW, CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_SYS_PTRACE,
 *                                  CAP_KILL, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: more points, and asking again
 *
 * of these, those that it had.
 */
#ifndef WS_CONFINE_H
#define WS_CONFINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/options.h"
#include "lib/error.h"

struct ws_confinement {
	bool is_confined;
	uint64_t kept;	    /* capabilities */
	const char *filter; /* "recording", "watching"; NULL: the kernel took none, and words say why */
	char words[200];
};

/*
 * Gives up what the recording needs no more: for the calling thread, which is the one that reads, and its children; the
 * filter is for all threads. The others have given up theirs (ws_confine_thread()). command: 0, or the one to be ended;
 * has_clsact: there are filters to remove. Returns 0 or -errno; no filter is no failure, and told by made->words.
 */
int ws_confine(const struct ws_capture_options *o, pid_t command, bool has_clsact, struct ws_confinement *made,
	       struct ws_error *err);

/* For a thread that reads what is open already: it keeps no capability. Returns 0 or -errno. */
int ws_confine_thread(struct ws_error *err);

#endif
