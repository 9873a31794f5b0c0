/* SPDX-License-Identifier: BSD-2-Clause */
/* child - see the header. */
#include "capture/overhead/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/netns.h"

/* How long a program has to end. */
#define GRACE_NS 5000000000ull
/* *stop is looked at so often: its signal may come just before we sleep. */
#define LOOK_NS 200000000ull
/* So much of a file's end is looked at for its last line. */
#define SAID_BYTES 4096

/* In the new process: does not return. */
static void become(char *const argv[], const char *said_path, pid_t parent)
{
	const int null_fd = open("/dev/null", O_RDONLY);
	const int said_fd = open(said_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL); /* which we ignore */
	signal(SIGXFSZ, SIG_DFL);
	if (null_fd < 0 || said_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(said_fd, STDOUT_FILENO) < 0 ||
	    dup2(said_fd, STDERR_FILENO) < 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent) /* gone before it could be asked for */
		_exit(126);
	closefrom(STDERR_FILENO + 1);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int ws_child_start(char *const argv[], const char *netns, const char *said_path, struct ws_child *child,
		   struct ws_error *err)
{
	const pid_t parent = getpid();
	struct ws_child made = { .said_path = strdup(said_path) };
	sigset_t chld;
	int home_fd, rc;

	if (!made.said_path)
		return ws_error(err, -ENOMEM, "out of memory");
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL); /* it is waited for by sigtimedwait() */
	rc = ws_netns_enter(netns, &home_fd, err);
	if (rc)
		goto out;
	made.pid = fork();
	if (made.pid == 0)
		become(argv, said_path, parent);
	if (made.pid < 0)
		rc = ws_error(err, -errno, "cannot start %s: %s", argv[0], strerror(errno));
	if (ws_netns_leave(home_fd, rc ? NULL : err) && !rc)
		rc = -EIO;
out:
	if (rc) {
		made.pid = made.pid > 0 ? made.pid : 0;
		ws_child_close(&made);
	} else {
		*child = made;
	}
	return rc;
}

/* Has it ended? Then what is known of it is noted. */
static bool has_ended(struct ws_child *child, int flags)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (!child->pid)
		return true;
	do
		pid = wait4(child->pid, &status, flags, &usage);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	child->pid = 0;
	child->status = 127;
	if (pid > 0) {
		child->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		child->cpu_ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
				(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
	}
	return true;
}

bool ws_child_wait(struct ws_child *child, uint64_t timeout_ns, const volatile sig_atomic_t *stop)
{
	const uint64_t begin_ns = ws_clock_ns(CLOCK_MONOTONIC);
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		const uint64_t past_ns = ws_clock_ns(CLOCK_MONOTONIC) - begin_ns;
		struct timespec pause;

		if (has_ended(child, WNOHANG))
			return true;
		if (past_ns >= timeout_ns || (stop && *stop))
			return false;
		pause.tv_sec = 0;
		pause.tv_nsec = (long)(timeout_ns - past_ns < LOOK_NS ? timeout_ns - past_ns : LOOK_NS);
		sigtimedwait(&chld, NULL, &pause);
	}
}

void ws_child_end(struct ws_child *child, int number)
{
	if (!child->pid)
		return;
	kill(child->pid, number);
	if (ws_child_wait(child, GRACE_NS, NULL))
		return;
	kill(child->pid, SIGKILL);
	has_ended(child, 0);
}

uint64_t ws_child_cpu_ns(const struct ws_child *child)
{
	clockid_t clock;

	if (!child->pid || clock_getcpuclockid(child->pid, &clock))
		return 0;
	return ws_clock_ns(clock);
}

/* Of one thread. */
static uint64_t thread_wakeups(pid_t pid, const char *thread)
{
	static const char key[] = "voluntary_ctxt_switches:";
	char path[64], line[256];
	uint64_t n = 0;
	FILE *file;

	if (snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", (int)pid, thread) >= (int)sizeof(path))
		return 0;
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			n = strtoull(line + sizeof(key) - 1, NULL, 10);
	fclose(file);
	return n;
}

uint64_t ws_child_wakeups(const struct ws_child *child)
{
	struct dirent *entry;
	char path[64];
	uint64_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)child->pid);
	dir = child->pid ? opendir(path) : NULL;
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.')
			n += thread_wakeups(child->pid, entry->d_name);
	closedir(dir);
	return n;
}

void ws_child_last_line(const struct ws_child *child, char *text, size_t size)
{
	char bytes[SAID_BYTES + 1];
	FILE *file = child->said_path ? fopen(child->said_path, "re") : NULL;
	size_t end = 0, begin, n = 0;

	if (file) {
		if (fseek(file, -SAID_BYTES, SEEK_END))
			rewind(file);
		end = fread(bytes, 1, SAID_BYTES, file);
		fclose(file);
	}
	while (end && (bytes[end - 1] == '\n' || bytes[end - 1] == '\r' || bytes[end - 1] == ' '))
		end--;
	for (begin = end; begin && bytes[begin - 1] != '\n' && bytes[begin - 1] != '\r';)
		begin--;
	for (; begin < end && n + 1 < size; begin++)
		text[n++] = bytes[begin] >= ' ' && bytes[begin] <= '~' ? bytes[begin] : '?';
	text[n] = '\0';
}

void ws_child_close(struct ws_child *child)
{
	ws_child_end(child, SIGTERM);
	free(child->said_path);
	*child = (struct ws_child) { 0 };
}
