/* SPDX-License-Identifier: BSD-2-Clause */
/* plotter - see plotter.h. */
#include "analyze/plotter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 8

/* Where messages are taken from. */
#define MESSAGE_MAX 256

/* A picture has a few hundred KiB, messages have lines. */
#define PICTURE_MAX  (64 << 20)
#define MESSAGES_MAX (1 << 20)

/* How a program that could not be started ends, where that is not known before. */
#define STATUS_NOT_FOUND 127

/* How often it is looked how much there is; its end is seen at once. */
#define LOOK_MS	     50
#define SECONDS_MOST 86400

/* The environment, with what would make two renderings differ taken out or fixed. To be freed, not its strings. */
static char **environment(void)
{
	static const char *const fixed[] = { "SOURCE_DATE_EPOCH=0", "LC_ALL=C.UTF-8", "TZ=UTC" };
	size_t n = 0, n_fixed = sizeof(fixed) / sizeof(*fixed);
	char **made;

	while (environ[n])
		n++;
	made = calloc(n + n_fixed + 1, sizeof(*made));
	if (!made)
		return NULL;
	n = 0;
	for (char **variable = environ; *variable; variable++) {
		size_t i = 0;

		while (i < n_fixed && strncmp(*variable, fixed[i], (size_t)(strchr(fixed[i], '=') - fixed[i]) + 1))
			i++;
		if (i == n_fixed && strncmp(*variable, "GNUPLOT_", 8))
			made[n++] = *variable;
	}
	for (size_t i = 0; i < n_fixed; i++)
		made[n++] = (char *)fixed[i];
	return made;
}

/* Starts gnuplot with the given standard output and error. 0 or -errno. */
static int start(char *const argv[], int data_fd, int out_fd, int message_fd, pid_t *pid)
{
	char **envp = environment();
	posix_spawn_file_actions_t actions;
	int rc;

	if (!envp || posix_spawn_file_actions_init(&actions)) {
		free(envp);
		return -ENOMEM;
	}
	/* Those of ours are above 2: main sees to it. */
	rc = -posix_spawn_file_actions_adddup2(&actions, data_fd, STDIN_FILENO);
	rc = rc ? rc : -posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	rc = rc ? rc : -posix_spawn_file_actions_adddup2(&actions, message_fd, STDERR_FILENO);
	rc = rc ? rc : -posix_spawnp(pid, "gnuplot", &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	free(envp);
	return rc;
}

static unsigned int seconds_allowed(void)
{
	const char *text = getenv("WIRESPAN_GNUPLOT_SECONDS");
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : 0;

	return text && *text >= '1' && *text <= '9' && !*end && n <= SECONDS_MOST ? (unsigned int)n
										  : WS_PLOTTER_SECONDS;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool is_larger(int fd, off_t most)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size > most;
}

/* Waits until it ends by itself: 0; or for as long as there is reason to: -ETIMEDOUT or -EFBIG, and it still runs. */
static int wait_for(pid_t pid, int out_fd, int message_fd, int *status)
{
	const long long deadline_ms = now_ms() + 1000LL * seconds_allowed();
	/* without it, as before Linux 5.3, its end is seen at the next look */
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int rc = 0;

	for (;;) {
		pid_t ended = waitpid(pid, status, WNOHANG);

		if (ended == pid || (ended < 0 && errno != EINTR)) {
			rc = ended == pid ? 0 : -errno;
			break;
		}
		if (is_larger(message_fd, MESSAGES_MAX) || is_larger(out_fd, PICTURE_MAX))
			rc = -EFBIG;
		else if (now_ms() >= deadline_ms)
			rc = -ETIMEDOUT;
		if (rc)
			break;
		poll(&end, end.fd >= 0, LOOK_MS);
	}
	if (end.fd >= 0)
		close(end.fd);
	return rc;
}

/* The last line of what it said that is not empty: warnings come before the error. */
static void last_line(int message_fd, char last[MESSAGE_MAX])
{
	FILE *message = fdopen(dup(message_fd), "r");
	char line[MESSAGE_MAX];

	*last = 0;
	if (!message)
		return;
	rewind(message);
	while (fgets(line, sizeof(line), message)) {
		line[strcspn(line, "\n")] = 0;
		if (line[strspn(line, " \t")])
			memcpy(last, line, sizeof(line));
	}
	fclose(message);
}

static int missing(struct ws_error *err)
{
	return ws_error(err, -ENOENT, "gnuplot is not there: no figure was drawn; install the package gnuplot-nox");
}

/* Waits for gnuplot, and ends it if need be. */
static int finish(pid_t pid, int out_fd, int message_fd, const char *script, struct ws_error *err)
{
	char last[MESSAGE_MAX];
	int status = 0, rc = wait_for(pid, out_fd, message_fd, &status);

	if (rc == -ETIMEDOUT || rc == -EFBIG) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	if (rc == -ETIMEDOUT)
		return ws_error(err, rc,
				"%s: gnuplot did not end within %u s and was ended: no figure was drawn; "
				"WIRESPAN_GNUPLOT_SECONDS=N gives it longer",
				script, seconds_allowed());
	if (rc == -EFBIG)
		return ws_error(err, rc, "%s: gnuplot wrote without end and was ended: no figure was drawn", script);
	if (rc)
		return ws_error(err, rc, "gnuplot got lost: %s", strerror(-rc));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return ws_error(err, -EIO, "%s: gnuplot was ended by signal %d (%s): no figure was drawn", script,
				WTERMSIG(status), strsignal(WTERMSIG(status)));
	last_line(message_fd, last);
	if (WEXITSTATUS(status) == STATUS_NOT_FOUND && !*last)
		return missing(err);
	return ws_error(err, -EIO, "%s: gnuplot failed (status %d): %s", script, WEXITSTATUS(status), last);
}

int ws_plotter_run(const char *script, const char *const argument[], int data_fd, int out_fd, struct ws_error *err)
{
	const char *argv[ARGUMENTS_MAX + 5] = { "gnuplot", "-d", "-c", script };
	int message_fd = memfd_create("messages", MFD_CLOEXEC), rc;
	pid_t pid;

	if (message_fd < 0)
		return ws_error(err, -errno, "no room for gnuplot's messages: %s", strerror(errno));
	for (int i = 0; i < ARGUMENTS_MAX && argument[i]; i++)
		argv[4 + i] = argument[i];
	rc = start((char *const *)argv, data_fd, out_fd, message_fd, &pid);
	if (rc == -ENOENT)
		missing(err);
	else if (rc)
		ws_error(err, rc, "cannot start gnuplot: %s: no figure was drawn", strerror(-rc));
	else
		rc = finish(pid, out_fd, message_fd, script, err);
	close(message_fd);
	return rc;
}
