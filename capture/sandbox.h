/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox - the system calls that are left to a recording once all is open: a seccomp filter, of the whole process and
 * for good.
 *
 * A call that is not among them is refused, counted and told; it does not end the process. A recording cannot be made
 * again, and the next version of a library may need a call that nobody thought of here: killed for it, all that is not
 * written yet would be lost, where being refused it most often harms nothing. And whoever got into the process is as
 * little helped by a call that fails as by one that kills. Unknown calls are answered as by a kernel that does not have
 * them (ENOSYS), so that libraries fall back on older ones; known ones with other arguments than ours, with EPERM.
 */
#ifndef WS_SANDBOX_H
#define WS_SANDBOX_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/* Sanitizers look for leaks at the end, in a process of their own and with calls that no recording needs. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WS_SANDBOX_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define WS_SANDBOX_SANITIZED
#endif
#endif

/* A build that counts what it runs writes its counts at its end, where nobody else writes: see `make coverage`. */
#ifdef WS_COVERAGE
#define WS_SANDBOX_WRITES 0u
#else
#define WS_SANDBOX_WRITES ((unsigned int)(O_ACCMODE | O_CREAT | O_TRUNC))
#endif

/* What has to go on. */
struct ws_sandbox_needs {
	/*
	 * Programs are started and points attached later (--watch): then calls are forbidden by a list, which those
	 * programs inherit: what changes the system or looks into other processes, and no recording needs.
	 */
	bool has_children;
	bool removes_filters; /* of clsact: netlink, and entering the network namespace */
	pid_t command;	      /* that may be signalled; 0: none */
};

/*
 * Puts the filter on all threads of the process. Files are opened for reading only from here on (not with
 * has_children). Returns 0; -errno with words if this kernel has no such filters, or refuses it.
 */
int ws_sandbox_enter(const struct ws_sandbox_needs *needs, struct ws_error *err);

/*
 * How many calls were refused so far in this process; of programs that it started nothing is known. *first, unless
 * first is NULL, is the number of the first one.
 */
uint64_t ws_sandbox_refused(int *first);

/* The name of a system call, or its number in words. Returns text. */
const char *ws_sandbox_call_name(int number, char text[64]);

#endif
