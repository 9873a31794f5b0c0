/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * child - a program that runs beside us until it is told to end: what it says is kept in a file, what it costs can be
 * read while it runs. It ends with us, however we end.
 */
#ifndef WS_CHILD_H
#define WS_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/* All-zero: none. */
struct ws_child {
	pid_t pid;	 /* 0: none, or it has ended */
	int status;	 /* exit status of one that has ended; 128 + the signal that ended it */
	uint64_t cpu_ns; /* of one that has ended, with those that it waited for */
	char *said_path; /* owned */
};

/*
 * Starts argv[0], looked up in PATH, in the network namespace (as in capture/netns.h; NULL: ours). Standard output and
 * error go to the file said_path, standard input is /dev/null. Returns 0 or -errno; to be closed with ws_child_close().
 */
int ws_child_start(char *const argv[], const char *netns, const char *said_path, struct ws_child *child,
		   struct ws_error *err);

/*
 * Waits until it ends, or until *stop is set by a signal's handler. Returns true if it has ended; timeout_ns 0 only
 * looks, UINT64_MAX waits without end.
 */
bool ws_child_wait(struct ws_child *child, uint64_t timeout_ns, const volatile sig_atomic_t *stop);

/* Asks it to end by that signal, and kills it after a while. */
void ws_child_end(struct ws_child *child, int number);

/* CPU time of its process so far, and how often its threads slept and were woken. 0 where the kernel does not say. */
uint64_t ws_child_cpu_ns(const struct ws_child *child);
uint64_t ws_child_wakeups(const struct ws_child *child);

/* What it said last: the last line that is not empty, printable. */
void ws_child_last_line(const struct ws_child *child, char *text, size_t size);

/* Ends it, and forgets it. All-zero is nothing. */
void ws_child_close(struct ws_child *child);

#endif
