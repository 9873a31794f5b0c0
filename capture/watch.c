/* SPDX-License-Identifier: BSD-2-Clause */
/* watch - see the header. */
#include "capture/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/plan/plan_update.h"
#include "capture/watch_snapshot.h"
#include "lib/cluster/cluster.h"

/* How long both processes of one look have, and how long one has to end after SIGTERM. */
#define LOOK_NS	 120000000000ull
#define GRACE_NS 5000000000ull
#define POLL_NS	 20000000

/* What is asked of collect: what the place of a pod is told from. */
static const char sources[] =
	"pods,services,endpoints,endpointslices,link,addr,route,route6,crictl,docker,nerdctl,ctr,pid";

extern char **environ;

struct ws_watch {
	const struct ws_capture_options *o;
	char plan_path[PATH_MAX];
	char part_path[PATH_MAX + sizeof(WS_RECFILE_PART_SUFFIX)]; /* of one that was ended while it wrote the plan */
	const char **plan_argv;
	cpu_set_t cpus; /* that a process may run on: not the reader's */
	int words_fd;	/* standard error of the process that runs */
	pid_t pid;	/* 0: none */
	bool is_planning;
	char last_update[NAME_MAX + 1]; /* before the look under way */
	uint64_t due_ns;
	uint64_t deadline_ns; /* of the process that runs */
	bool is_ending;
	struct ws_watch_facts facts;
};

static int make_plan_argv(struct ws_watch *w)
{
	const struct ws_plan *plan = w->o->plan;
	const char **a = calloc(2 * ((size_t)plan->pods.n + plan->services.n) + 16, sizeof(*a));
	size_t n = 0;

	if (!a)
		return -ENOMEM;
	a[n++] = "capture";
	a[n++] = "plan";
	a[n++] = "--dir";
	a[n++] = w->o->dir;
	for (uint32_t i = 0; i < plan->pods.n; i++) {
		a[n++] = "--pod";
		a[n++] = plan->pods.text[i];
	}
	for (uint32_t i = 0; i < plan->services.n; i++) {
		a[n++] = "--service";
		a[n++] = plan->services.text[i];
	}
	if (plan->is_all)
		a[n++] = "--all";
	a[n++] = "--partial";
	a[n++] = "--node";
	a[n++] = w->o->node;
	a[n++] = "--out";
	a[n++] = w->plan_path;
	w->plan_argv = a;
	return 0;
}

/* Processes of the watch run anywhere but on the reader's CPU, if there is another. */
static void choose_cpus(struct ws_watch *w)
{
	if (sched_getaffinity(0, sizeof(w->cpus), &w->cpus))
		CPU_ZERO(&w->cpus);
	if (w->o->reader_cpu >= 0 && CPU_COUNT(&w->cpus) > 1)
		CPU_CLR((size_t)w->o->reader_cpu, &w->cpus);
}

int ws_watch_open(const struct ws_capture_options *o, struct ws_watch **watch, struct ws_error *err)
{
	struct ws_watch *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return ws_error(err, -ENOMEM, "out of memory");
	w->o = o;
	w->words_fd = -1;
	w->facts.interval_s = o->watch_s;
	w->due_ns = ws_clock_ns(CLOCK_MONOTONIC) + o->watch_s * 1000000000ull;
	choose_cpus(w);
	if ((size_t)snprintf(w->plan_path, sizeof(w->plan_path), "%s/plan-watched.json", o->dir) >=
	    sizeof(w->plan_path)) {
		rc = ws_error(err, -ENAMETOOLONG, "%s: too long", o->dir);
		goto out;
	}
	snprintf(w->part_path, sizeof(w->part_path), "%s" WS_RECFILE_PART_SUFFIX, w->plan_path);
	rc = ws_watch_snapshot(o, err);
	if (rc == 0 && make_plan_argv(w))
		rc = ws_error(err, -ENOMEM, "out of memory");
out:
	if (rc)
		ws_watch_close(w);
	else
		*watch = w;
	return rc;
}

/* The newest update of the run's snapshot; "" if it has none. */
static void find_update(const struct ws_watch *w, char name[NAME_MAX + 1])
{
	char dir[PATH_MAX];

	name[0] = '\0';
	if ((size_t)snprintf(dir, sizeof(dir), "%s/" WS_CLUSTER_DIR, w->o->dir) < sizeof(dir))
		ws_plan_update_find(dir, name);
}

/* A look that comes to nothing leaves no update. */
static void note_failure(struct ws_watch *w, const char *what, const char *words)
{
	char name[NAME_MAX + 1];

	find_update(w, name);
	if (strcmp(name, w->last_update) != 0)
		ws_watch_remove_update(w->o->dir, name);
	w->facts.n_failed++;
	snprintf(w->facts.failure, sizeof(w->facts.failure), "%s: %.900s", what, words);
}

/* What the process has said on its standard error, in one line. */
static void read_words(struct ws_watch *w, char *text, size_t size)
{
	const ssize_t n = pread(w->words_fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = c[1] ? ';' : '\0';
}

static int spawn(struct ws_watch *w, const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	const struct sched_param idle = { 0 };
	sigset_t none, all;
	int rc;

	w->words_fd = memfd_create("words", MFD_CLOEXEC);
	if (w->words_fd < 0)
		return -errno;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0); /* a Ctrl-C is for the run, which ends it */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, w->words_fd, STDERR_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	rc = posix_spawn(&w->pid, "/proc/self/exe", &actions, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (rc) {
		w->pid = 0;
		close(w->words_fd);
		w->words_fd = -1;
		return -rc;
	}
	/* the measured thing comes first; what the process starts inherits this */
	setpriority(PRIO_PROCESS, (id_t)w->pid, 19);
	if (CPU_COUNT(&w->cpus))
		sched_setaffinity(w->pid, sizeof(w->cpus), &w->cpus);
	sched_setscheduler(w->pid, SCHED_IDLE, &idle);
	return 0;
}

static void start(struct ws_watch *w, bool is_planning)
{
	const char *const collect[] = { "capture",
					"collect",
					"--dir",
					w->o->dir,
					"--update",
					"--node",
					w->o->node,
					"--only",
					sources,
					"--timeout",
					"30",
					"--quiet",
					w->o->netns ? "--netns" : NULL,
					w->o->netns,
					NULL };
	int rc;

	w->is_planning = is_planning;
	rc = spawn(w, is_planning ? w->plan_argv : collect);
	if (rc)
		note_failure(w, is_planning ? "capture plan" : "capture collect", strerror(-rc));
}

/* Has the process ended? Returns 0 if not; 1, and its status. */
static int has_ended(struct ws_watch *w, int flags, int *status)
{
	struct rusage used = { 0 };
	pid_t pid;

	do
		pid = wait4(w->pid, status, flags, &used);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return 0;
	if (pid < 0)
		*status = 127 << 8;
	w->pid = 0;
	w->is_ending = false;
	w->facts.user_ns += (uint64_t)used.ru_utime.tv_sec * 1000000000u + (uint64_t)used.ru_utime.tv_usec * 1000u;
	w->facts.system_ns += (uint64_t)used.ru_stime.tv_sec * 1000000000u + (uint64_t)used.ru_stime.tv_usec * 1000u;
	return 1;
}

/* A process that takes too long is asked to end, and then made to. */
static void hurry(struct ws_watch *w, uint64_t now_ns)
{
	if (now_ns < w->deadline_ns)
		return;
	kill(-w->pid, w->is_ending ? SIGKILL : SIGTERM);
	w->is_ending = true;
	w->deadline_ns = now_ns + GRACE_NS;
}

static int take_plan(struct ws_watch *w, struct ws_plan *plan)
{
	struct ws_error err = { 0 };
	int rc = ws_plan_read(w->plan_path, plan, &err);

	unlink(w->plan_path);
	if (rc) {
		note_failure(w, "the new plan", err.text);
		return 0;
	}
	w->facts.n_plans++;
	return 1;
}

int ws_watch_poll(struct ws_watch *w, uint64_t now_ns, struct ws_plan *plan)
{
	char words[900];
	int status;

	if (!w->pid) {
		if (now_ns < w->due_ns)
			return 0;
		w->due_ns = now_ns + w->facts.interval_s * 1000000000ull;
		w->deadline_ns = now_ns + LOOK_NS;
		find_update(w, w->last_update);
		start(w, false);
		return 0;
	}
	if (!has_ended(w, WNOHANG, &status)) {
		hurry(w, now_ns);
		return 0;
	}
	read_words(w, words, sizeof(words));
	close(w->words_fd);
	w->words_fd = -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		note_failure(w, w->is_planning ? "capture plan" : "capture collect",
			     WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : words);
		return 0;
	}
	if (w->is_planning)
		return take_plan(w, plan);
	start(w, true);
	return 0;
}

void ws_watch_forget(struct ws_watch *w, const struct ws_plan *plan)
{
	ws_watch_remove_update(w->o->dir, plan->snapshot_update);
}

const struct ws_watch_facts *ws_watch_facts(const struct ws_watch *w)
{
	return &w->facts;
}

void ws_watch_end(struct ws_watch *w)
{
	const uint64_t deadline_ns = ws_clock_ns(CLOCK_MONOTONIC) + GRACE_NS;
	const struct timespec pause = { .tv_nsec = POLL_NS };
	int status;

	if (!w->pid)
		return;
	kill(-w->pid, SIGTERM);
	while (!has_ended(w, WNOHANG, &status)) {
		if (ws_clock_ns(CLOCK_MONOTONIC) >= deadline_ns) {
			kill(-w->pid, SIGKILL);
			has_ended(w, 0, &status);
			return;
		}
		nanosleep(&pause, NULL);
	}
}

void ws_watch_close(struct ws_watch *w)
{
	if (!w)
		return;
	ws_watch_end(w);
	if (w->words_fd >= 0)
		close(w->words_fd);
	unlink(w->plan_path);
	unlink(w->part_path);
	free(w->plan_argv);
	free(w);
}
