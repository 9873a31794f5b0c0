/* SPDX-License-Identifier: BSD-2-Clause */
/* command - see the header. */
#include "capture/collect/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/netns.h"

/* How long a program has to end after SIGTERM. */
#define GRACE_NS 1000000000ull
/* *stop is looked at so often; so is a program's end where the kernel has no pidfd (before Linux 5.3). */
#define TICK_MS	   50
#define READ_BYTES 65536u
/* So many lines of a program's words are kept. */
#define WORDS_LINES 4

extern char **environ;

/* A program while it runs. */
struct child {
	struct ws_command *command; /* NULL: a free place */
	pid_t pid;
	int pidfd;
	int out_fd; /* reading ends; -1: closed */
	int err_fd;
	int file_fd;
	uint64_t start_ns;
	uint64_t kill_ns; /* when SIGKILL is due; 0: it was not asked to end */
	size_t n_words;
	char words[WS_COMMAND_WORDS_MAX]; /* the last bytes of its standard error */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe whose ends are none of the standard descriptors, even if we were started without those. */
static int open_pipe(int fd[2])
{
	int raw[2];

	if (pipe2(raw, O_CLOEXEC))
		return -errno;
	for (int i = 0; i < 2; i++) {
		fd[i] = raw[i] > STDERR_FILENO ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		if (fd[i] != raw[i])
			close(raw[i]);
	}
	if (fd[0] >= 0 && fd[1] >= 0 && fcntl(fd[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	close_fd(&fd[0]);
	close_fd(&fd[1]);
	return -EMFILE;
}

static int spawn(const struct ws_command *command, int out_fd, int err_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	rc = posix_spawnp(pid, command->argv[0], &actions, &attr, (char *const *)command->argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -rc;
}

/* Starts it in its namespace. A negative *spawn_rc: it could not be started, which is no error of ours. */
static int start_there(struct child *child, int out_fd, int err_fd, int *spawn_rc, struct ws_error *err)
{
	int home_fd;
	int rc = ws_netns_enter(child->command->netns, &home_fd, err);

	if (rc)
		return rc;
	*spawn_rc = spawn(child->command, out_fd, err_fd, &child->pid);
	return ws_netns_leave(home_fd, err);
}

static void release(struct child *child)
{
	close_fd(&child->pidfd);
	close_fd(&child->out_fd);
	close_fd(&child->err_fd);
	if (child->file_fd >= 0)
		unlink(child->command->part_path);
	close_fd(&child->file_fd);
	child->command = NULL;
}

static int open_part(struct child *child, struct ws_error *err)
{
	const struct ws_command *command = child->command;

	/* never through a link, nor into a file that others hold open */
	if (unlink(command->part_path) && errno != ENOENT)
		return ws_error(err, -errno, "%s: cannot be removed: %s", command->part_path, strerror(errno));
	child->file_fd = open(command->part_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, command->mode);
	if (child->file_fd < 0)
		return ws_error(err, -errno, "%s: cannot be made: %s", command->part_path, strerror(errno));
	return 0;
}

static int start(struct child *child, struct ws_command *command, struct ws_error *err)
{
	int out[2] = { -1, -1 }, words[2] = { -1, -1 }, spawn_rc = 0;
	int rc;

	*child = (struct child) { .command = command, .pidfd = -1, .out_fd = -1, .err_fd = -1, .file_fd = -1 };
	child->start_ns = ws_clock_ns(CLOCK_MONOTONIC);
	rc = open_part(child, err);
	if (rc)
		goto out;
	rc = open_pipe(out);
	if (rc == 0)
		rc = open_pipe(words);
	if (rc) {
		ws_error(err, rc, "cannot make a pipe for %s: %s", command->argv[0], strerror(-rc));
		goto out;
	}
	rc = start_there(child, out[1], words[1], &spawn_rc, err);
	if (rc)
		goto out;
	if (spawn_rc) {
		command->status = spawn_rc == -ENOENT ? WS_COMMAND_MISSING : WS_COMMAND_FAILED;
		snprintf(command->words, sizeof(command->words), "cannot run %s: %s", command->argv[0],
			 spawn_rc == -ENOENT ? "no such program in PATH" : strerror(-spawn_rc));
		goto out;
	}
	child->pidfd = pidfd_open(child->pid, 0);
	child->out_fd = out[0];
	child->err_fd = words[0];
	out[0] = words[0] = -1;
out:
	close_fd(&out[0]);
	close_fd(&out[1]);
	close_fd(&words[0]);
	close_fd(&words[1]);
	if (rc || spawn_rc)
		release(child);
	return rc;
}

/* Asks it to end, with all that it has started; status is why. */
static void ask_to_end(struct child *child, enum ws_command_status status)
{
	if (child->kill_ns)
		return;
	child->command->status = status;
	kill(-child->pid, SIGTERM);
	child->kill_ns = ws_clock_ns(CLOCK_MONOTONIC) + GRACE_NS;
	close_fd(&child->out_fd);
}

static int write_all(struct child *child, const char *bytes, size_t n, struct ws_error *err)
{
	while (n) {
		ssize_t written = write(child->file_fd, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return ws_error(err, written ? -errno : -EIO, "%s: cannot be written: %s",
					child->command->part_path, strerror(written ? errno : EIO));
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

/* Reads some of its output. */
static int take_output(struct child *child, char *buffer, struct ws_error *err)
{
	struct ws_command *command = child->command;
	ssize_t n;
	int rc;

	if (child->out_fd < 0)
		return 0;
	n = read(child->out_fd, buffer, READ_BYTES);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		close_fd(&child->out_fd);
		return 0;
	}
	if ((uint64_t)n > command->max_bytes - command->n_bytes) {
		ask_to_end(child, WS_COMMAND_TOO_LARGE);
		return 0;
	}
	rc = write_all(child, buffer, (size_t)n, err);
	if (rc == 0)
		command->n_bytes += (uint64_t)n;
	return rc;
}

/* Reads what there is of its standard error; keeps the end. */
static void take_words(struct child *child, char *buffer)
{
	const size_t room = sizeof(child->words);
	ssize_t n;

	if (child->err_fd < 0)
		return;
	n = read(child->err_fd, buffer, READ_BYTES);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_fd(&child->err_fd);
	} else if ((size_t)n >= room) {
		memcpy(child->words, buffer + (size_t)n - room, room);
		child->n_words = room;
	} else {
		size_t kept = child->n_words + (size_t)n > room ? room - (size_t)n : child->n_words;

		memmove(child->words, child->words + child->n_words - kept, kept);
		memcpy(child->words + kept, buffer, (size_t)n);
		child->n_words = kept + (size_t)n;
	}
}

/* The last lines, as one printable line each. */
static void set_words(struct child *child)
{
	char *to = child->command->words;
	size_t begin = 0, end = child->n_words;
	int n_lines = 0;

	while (end && child->words[end - 1] == '\n')
		end--;
	for (begin = end; begin; begin--)
		if (child->words[begin - 1] == '\n' && ++n_lines == WORDS_LINES)
			break;
	for (; begin < end && to < child->command->words + WS_COMMAND_WORDS_MAX - 1; begin++) {
		const unsigned char c = (unsigned char)child->words[begin];

		*to++ = c == '\n' ? '\n' : c == '\t' ? ' ' : c < 0x20 || c >= 0x7f ? '?' : (char)c;
	}
	*to = '\0';
}

/* Gives the file its name if all is well. */
static int keep(struct child *child, struct ws_error *err)
{
	const struct ws_command *command = child->command;

	if (command->status != WS_COMMAND_OK)
		return 0;
	if (rename(command->part_path, command->path))
		return ws_error(err, -errno, "%s: cannot be renamed to %s: %s", command->part_path, command->path,
				strerror(errno));
	close_fd(&child->file_fd);
	return 0;
}

/* It has ended, and is not yet waited for: what it has started ends now, what is in its pipes is read. */
static int finish(struct child *child, char *buffer, struct ws_error *err)
{
	struct ws_command *command = child->command;
	uint64_t before;
	int rc = 0, status = 0;
	pid_t pid;

	kill(-child->pid, SIGKILL); /* its id is not given to another group as long as it is a zombie */
	do {
		before = command->n_bytes;
		rc = take_output(child, buffer, err);
	} while (rc == 0 && command->n_bytes > before);
	take_words(child, buffer);
	set_words(child);
	do
		pid = waitpid(child->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	command->exit_status = pid < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	command->duration_ns = ws_clock_ns(CLOCK_MONOTONIC) - child->start_ns;
	if (!child->kill_ns)
		command->status = command->exit_status ? WS_COMMAND_FAILED : WS_COMMAND_OK;
	if (rc == 0)
		rc = keep(child, err);
	release(child);
	return rc;
}

static bool has_ended(const struct child *child)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return errno == ECHILD; /* who ignores SIGCHLD has no dead children: how it ended is not known */
	return info.si_pid != 0;
}

/* Looks after one that runs. */
static int attend(struct child *child, bool is_stopped, char *buffer, struct ws_error *err)
{
	uint64_t now_ns = ws_clock_ns(CLOCK_MONOTONIC);
	int rc;

	if (has_ended(child))
		return finish(child, buffer, err);
	rc = take_output(child, buffer, err);
	if (rc)
		return rc;
	take_words(child, buffer);
	if (is_stopped)
		ask_to_end(child, WS_COMMAND_INTERRUPTED);
	else if (now_ns - child->start_ns >= child->command->timeout_ns)
		ask_to_end(child, WS_COMMAND_TIMEOUT);
	if (child->kill_ns && now_ns >= child->kill_ns)
		kill(-child->pid, SIGKILL);
	return 0;
}

static void wait_for_something(const struct child *child)
{
	struct pollfd fd[3 * WS_COMMANDS_AT_ONCE];
	nfds_t n = 0;

	for (int i = 0; i < WS_COMMANDS_AT_ONCE; i++) {
		if (!child[i].command)
			continue;
		fd[n++] = (struct pollfd) { .fd = child[i].pidfd, .events = POLLIN };
		fd[n++] = (struct pollfd) { .fd = child[i].out_fd, .events = POLLIN };
		fd[n++] = (struct pollfd) { .fd = child[i].err_fd, .events = POLLIN };
	}
	poll(fd, n, TICK_MS);
}

/* Something of ours failed: nothing is left running. */
static void abandon(struct child *child)
{
	for (int i = 0; i < WS_COMMANDS_AT_ONCE; i++) {
		if (!child[i].command)
			continue;
		kill(-child[i].pid, SIGKILL);
		while (waitpid(child[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
		child[i].command->status = WS_COMMAND_INTERRUPTED;
		release(&child[i]);
	}
}

int ws_commands_run(struct ws_command *command, uint32_t n, const volatile sig_atomic_t *stop, struct ws_error *err)
{
	struct child *child = calloc(WS_COMMANDS_AT_ONCE, sizeof(*child));
	char *buffer = malloc(READ_BYTES);
	uint32_t n_started = 0, n_running;
	int rc = child && buffer ? 0 : ws_error(err, -ENOMEM, "out of memory");

	for (uint32_t i = 0; i < n; i++) {
		command[i].status = WS_COMMAND_NOT_RUN;
		command[i].exit_status = -1;
		command[i].n_bytes = command[i].duration_ns = 0;
		command[i].words[0] = '\0';
	}
	while (rc == 0) {
		const bool is_stopped = stop && *stop;

		n_running = 0;
		for (int i = 0; rc == 0 && i < WS_COMMANDS_AT_ONCE; i++) {
			if (child[i].command)
				rc = attend(&child[i], is_stopped, buffer, err);
			while (rc == 0 && !child[i].command && !is_stopped && n_started < n)
				rc = start(&child[i], &command[n_started++], err);
			n_running += child[i].command != NULL;
		}
		if (rc || !n_running)
			break;
		wait_for_something(child);
	}
	if (rc && child)
		abandon(child);
	free(buffer);
	free(child);
	return rc;
}
