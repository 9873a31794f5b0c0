/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timed - runs a command and says what it took: a small parent, because a child's peak memory is never told as less
 *than that of who started it.
 *
 *	timed FILE COMMAND [ARG]...
 *
 * Writes to FILE: seconds, of the wall, of user and of system time; peak memory in KiB. Of the command and of the
 *children that it waited for, memory being the largest's. Exit status: the command's, 128 + signal, or 127.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static int report(const char *path, double wall, const struct rusage *u)
{
	FILE *file = fopen(path, "w");

	if (!file ||
	    fprintf(file, "%.6f %.6f %.6f %ld\n", wall, seconds_of(u->ru_utime), seconds_of(u->ru_stime),
		    u->ru_maxrss) < 0 ||
	    fclose(file)) {
		fprintf(stderr, "timed: %s: %s\n", path, strerror(errno));
		return 127;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start;
	pid_t pid;
	int status, rc;

	if (argc < 3) {
		fprintf(stderr, "usage: timed FILE COMMAND [ARG]...\n");
		return 2;
	}
	start = measure_wall();
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		fprintf(stderr, "timed: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (pid < 0) {
		fprintf(stderr, "timed: fork: %s\n", strerror(errno));
		return 127;
	}
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return 127;
	rc = report(argv[1], measure_wall() - start, &usage);
	if (rc)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
