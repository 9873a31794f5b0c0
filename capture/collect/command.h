/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command - runs outside programs, several at a time, and keeps what they print. No shell is in between. A program gets
 * /dev/null as its standard input, no other descriptor of ours, a process group of its own, and only so much time and
 * room. However it ends, nothing of its process group is left running.
 */
#ifndef WS_COMMAND_H
#define WS_COMMAND_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

#define WS_COMMANDS_AT_ONCE  8
#define WS_COMMAND_WORDS_MAX 1024

enum ws_command_status {
	WS_COMMAND_NOT_RUN, /* *stop was set before its turn */
	WS_COMMAND_OK,
	WS_COMMAND_MISSING,	/* no such program */
	WS_COMMAND_FAILED,	/* it could not be started, or ended with another exit status than 0 */
	WS_COMMAND_TIMEOUT,	/* it was killed for its time */
	WS_COMMAND_TOO_LARGE,	/* it was killed for what it printed */
	WS_COMMAND_INTERRUPTED, /* it was killed because *stop was set */
};

struct ws_command {
	/* What is asked. The strings are the caller's. */
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *path;	 /* gets its standard output, if it ends with 0; an older file there is replaced */
	const char *part_path;	 /* has it until then; in the same directory */
	const char *netns;	 /* network namespace that it runs in, as in capture/netns.h; NULL: ours */
	mode_t mode;		 /* of the file */
	uint64_t timeout_ns;
	uint64_t max_bytes; /* of its standard output */
	/* What it did. */
	enum ws_command_status status;
	int exit_status; /* 128 + the signal that ended it; -1: not known, as where SIGCHLD is ignored */
	uint64_t n_bytes;
	uint64_t duration_ns;
	char words[WS_COMMAND_WORDS_MAX]; /* the last lines of its standard error, or why it was not run; printable */
};

/*
 * Runs n programs, up to WS_COMMANDS_AT_ONCE at a time, until all have ended or *stop is set (by a signal handler; stop
 * may be NULL). That a program fails is no error of this function. Returns 0; -errno with words if what one printed
 * could not be written, or its namespace not be entered and left: then the others were ended, too.
 */
int ws_commands_run(struct ws_command *command, uint32_t n, const volatile sig_atomic_t *stop, struct ws_error *err);

#endif
