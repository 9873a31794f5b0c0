/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing - preloaded, it lets an allocation of a program fail, whichever library makes it.
 *
 *	WS_FAIL_AT=N      the N-th allocation fails, from 1; 0: none
 *	WS_FAIL_ON=1      and all that follow
 *	WS_FAIL_COUNT=FD  at the end the number of allocations is written to that file descriptor
 *	WS_FAIL_SERVE=IN,OUT  runs the program again and again, from where its libraries are loaded: for each N that
 *	                  comes in as a line a process of its own, whose group OUT gets as a line, and then its status
 *	                  as wait() has it and how many allocations there were. stdout and stderr are files, and begin
 *	                  anew each time.
 *
 * What the program starts is spared.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_uint_fast64_t own_count, *n_allocations = &own_count;
static uint64_t fail_at;
static bool fails_on, is_on;
static int count_fd = -1;

/* A number in a line, byte by byte: nothing may be allocated. False at the end. */
static bool next_number(int fd, uint64_t *number)
{
	char c = 0;

	*number = 0;
	while (read(fd, &c, 1) == 1 && c != '\n')
		*number = 10 * *number + (uint64_t)(c - '0');
	return c == '\n';
}

static void begin_output(int fd)
{
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
		_exit(70);
}

/* Returns in the processes that are to run the program. */
static void serve(int in, int out)
{
	int status;

	n_allocations = mmap(NULL, sizeof(*n_allocations), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (n_allocations == MAP_FAILED)
		_exit(70);
	while (next_number(in, &fail_at)) {
		pid_t child;

		begin_output(STDOUT_FILENO);
		begin_output(STDERR_FILENO);
		*n_allocations = 0;
		child = fork();
		if (child == 0) {
			setpgid(0, 0);
			close(in);
			close(out);
			return;
		}
		if (child < 0 || dprintf(out, "%d\n", (int)child) < 0 || waitpid(child, &status, 0) != child ||
		    dprintf(out, "%d %llu\n", status, (unsigned long long)*n_allocations) < 0)
			_exit(70);
	}
	_exit(0);
}

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("WS_FAIL_AT"), *on = getenv("WS_FAIL_ON"), *fd = getenv("WS_FAIL_COUNT");
	const char *fds = getenv("WS_FAIL_SERVE");
	int in, out;

	fail_at = at ? strtoull(at, NULL, 10) : 0;
	fails_on = on && *on == '1';
	count_fd = fd ? atoi(fd) : -1;
	unsetenv("LD_PRELOAD");
	if (fds && sscanf(fds, "%d,%d", &in, &out) == 2)
		serve(in, out);
	is_on = true;
}

/* What libraries do behind it is theirs: gcov, which writes its counts, has no answer to a lack. */
static void end(void)
{
	char text[32];
	const int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)*n_allocations);

	is_on = false;
	if (count_fd >= 0 && write(count_fd, text, (size_t)n) != n)
		_exit(70);
}

static int (*program)(int argc, char **argv, char **env);

static int run_program(int argc, char **argv, char **env)
{
	atexit(end); /* from here it comes before the libraries' destructors */
	return program(argc, argv, env);
}

/* The C library's own, by which each program begins. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	int (*start)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void),
		     void *);

	*(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
	program = main;
	return start(run_program, argc, argv, init, fini, rtld_fini, stack_end);
}

static bool fails(void)
{
	uint64_t n;

	if (!is_on)
		return false;
	n = ++*n_allocations;
	if (!fail_at || (fails_on ? n < fail_at : n != fail_at))
		return false;
	errno = ENOMEM;
	return true;
}

#include "tests/memory/allocators.h"
