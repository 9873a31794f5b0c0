/* SPDX-License-Identifier: BSD-2-Clause */
/* run - see the header. */
#include "capture/run.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/affinity.h"
#include "capture/manifest.h"

/* The reader looks into the ring buffers so often, by the clock: the program never wakes it. */
#define POLL_NS 20000000ull
#define TELL_NS 1000000000ull
/* How long a command has to end after SIGTERM. */
#define COMMAND_GRACE_NS 5000000000ull

extern char **environ;

struct run {
	struct ws_run_facts facts;
	const struct ws_capture_options *o;
	char *manifest_path;
	uint64_t start_ns;
	pid_t command; /* 0: none, or it has ended */
	int stats_fd;  /* while open, the kernel times BPF programs */
};

static int make_path(const char *dir, const char *name, const char *suffix, char **path, struct ws_error *err)
{
	if (asprintf(path, "%s/%s%s", dir, name, suffix) >= 0)
		return 0;
	*path = NULL;
	return ws_error(err, -ENOMEM, "out of memory");
}

/* Makes the directory, and those above it that are missing. */
static int make_directories(const char *dir, struct ws_error *err)
{
	char *path = strdup(dir);
	int rc = 0;

	if (!path)
		return ws_error(err, -ENOMEM, "out of memory");
	for (char *slash = strchr(path + 1, '/'); *path && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755); /* whether the last one can be made is what counts */
		*slash = '/';
	}
	if (mkdir(path, 0755) && errno != EEXIST)
		rc = ws_error(err, -errno, "%s: cannot make the run directory: %s", dir, strerror(errno));
	free(path);
	return rc;
}

static int prepare_directory(struct run *r, struct ws_error *err)
{
	int rc = make_directories(r->o->dir, err);

	if (rc)
		return rc;
	rc = make_path(r->o->dir, "run", ".json", &r->manifest_path, err);
	if (rc)
		return rc;
	if (access(r->manifest_path, F_OK) == 0)
		return ws_error(err, -EEXIST, "%s: exists already; record into another directory, or move it away",
				r->manifest_path);
	return 0;
}

/*
 * Taps first, packet captures last: the kernel calls the newest packet socket first, so that at every point the
 * capture's stamp is taken before the tap's work, and both methods have the same work of both inside their intervals.
 */
static int open_points(struct run *r, struct ws_error *err)
{
	for (uint32_t i = 0; r->o->with_ebpf && i < r->o->n_points; i++) {
		char *path;
		int rc = make_path(r->o->dir, r->o->point[i].name, ".rec.zst", &path, err);

		if (rc == 0)
			rc = ws_tap_open(r->o, i, path, &r->facts.tap[i], err);
		free(path);
		if (rc)
			return rc;
	}
	for (uint32_t i = 0; r->o->with_pcap && i < r->o->n_points; i++) {
		char *path;
		int rc = make_path(r->o->dir, r->o->point[i].name, ".pcap", &path, err);

		if (rc == 0)
			rc = ws_sniffer_open(r->o, i, path, &r->facts.sniffer[i], err);
		free(path);
		if (rc)
			return rc;
	}
	return 0;
}

static void note_clocks(struct run *r)
{
	if (r->facts.n_clock_pairs == WS_CLOCK_PAIRS_MAX) { /* a long run: keep every other reading */
		for (uint32_t i = 0; i < WS_CLOCK_PAIRS_MAX / 2; i++)
			r->facts.clock_pair[i] = r->facts.clock_pair[2 * i];
		r->facts.n_clock_pairs = WS_CLOCK_PAIRS_MAX / 2;
	}
	r->facts.clock_pair[r->facts.n_clock_pairs++] = ws_clock_read();
}

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

static void note_cost(struct run *r)
{
	struct rusage thread, process;

	if (getrusage(RUSAGE_THREAD, &thread) || getrusage(RUSAGE_SELF, &process))
		return;
	r->facts.reader_user_ns = timeval_ns(thread.ru_utime);
	r->facts.reader_system_ns = timeval_ns(thread.ru_stime);
	r->facts.process_user_ns = timeval_ns(process.ru_utime);
	r->facts.process_system_ns = timeval_ns(process.ru_stime);
}

static int start_command(struct run *r, struct ws_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	if (!r->o->command)
		return 0;
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	/* nothing of the recording goes to the command: a daemon that it leaves behind would keep sockets and buffers
	 */
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	rc = posix_spawnp(&r->command, r->o->command[0], &actions, &attr, r->o->command, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (rc) {
		r->command = 0;
		return ws_error(err, -rc, "cannot run %s: %s", r->o->command[0], strerror(rc));
	}
	return 0;
}

/* Has the command ended? Then its status is noted. flags: WNOHANG, or 0 to wait for it. */
static int command_has_ended(struct run *r, int flags)
{
	int status;
	pid_t pid;

	if (!r->command)
		return 0;
	do
		pid = waitpid(r->command, &status, flags);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return 0;
	r->command = 0;
	r->facts.command_status = pid < 0 ? 127 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 1;
}

static void end_command(struct run *r)
{
	uint64_t deadline_ns = ws_clock_ns(CLOCK_MONOTONIC) + COMMAND_GRACE_NS;
	const struct timespec pause = { .tv_nsec = (long)POLL_NS };

	if (!r->command)
		return;
	kill(r->command, SIGTERM);
	while (!command_has_ended(r, WNOHANG) && ws_clock_ns(CLOCK_MONOTONIC) < deadline_ns)
		nanosleep(&pause, NULL);
	if (r->command) {
		kill(r->command, SIGKILL);
		command_has_ended(r, 0);
	}
}

static int drain(struct run *r, struct ws_error *err)
{
	for (uint32_t i = 0; i < r->o->n_points; i++) {
		int rc = r->facts.tap[i] ? ws_tap_drain(r->facts.tap[i], err) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

static void sum_up(struct run *r, struct ws_run_progress *p)
{
	memset(p, 0, sizeof(*p));
	p->elapsed_s = (double)(ws_clock_ns(CLOCK_MONOTONIC) - r->start_ns) / 1e9;
	for (uint32_t i = 0; i < r->o->n_points; i++) {
		if (r->facts.tap[i]) {
			const struct ws_recfile_mark *mark = &ws_tap_facts(r->facts.tap[i])->mark;

			for (uint32_t slot = 0; slot < WS_N_REASONS; slot++) {
				p->n_frames += mark->n_frames[slot];
				if (ws_slot_is_request(slot))
					p->n_requests += mark->n_frames[slot];
				if (ws_slot_is_context(slot))
					p->n_contexts += mark->n_frames[slot];
			}
			p->n_lost += mark->n_ring_full;
		}
		if (r->facts.sniffer[i]) {
			p->n_pcap_written += ws_sniffer_facts(r->facts.sniffer[i])->n_written;
			p->n_pcap_dropped += ws_sniffer_facts(r->facts.sniffer[i])->n_dropped;
		}
	}
}

static int checkpoint(struct run *r, void (*tell)(const struct ws_run_progress *, int), struct ws_error *err)
{
	struct ws_run_progress progress;

	for (uint32_t i = 0; i < r->o->n_points; i++) {
		int rc = r->facts.tap[i] ? ws_tap_checkpoint(r->facts.tap[i], err) : 0;

		if (rc)
			return rc;
	}
	note_clocks(r);
	sum_up(r, &progress);
	if (tell)
		tell(&progress, 0);
	return 0;
}

/* Reads until there is a reason to stop; says which. */
static int record(struct run *r, volatile sig_atomic_t *stop, void (*tell)(const struct ws_run_progress *, int),
		  struct ws_error *err)
{
	uint64_t now_ns = r->start_ns, tell_ns = r->start_ns + TELL_NS;
	struct timespec until;
	int rc;

	for (;;) {
		now_ns = ws_clock_ns(CLOCK_MONOTONIC);
		if (*stop)
			r->facts.ended_by = "signal";
		else if (command_has_ended(r, WNOHANG))
			r->facts.ended_by = "command";
		else if (r->o->duration_ns && now_ns - r->start_ns >= r->o->duration_ns)
			r->facts.ended_by = "duration";
		if (r->facts.ended_by)
			return 0;
		rc = drain(r, err);
		if (rc)
			return rc;
		for (uint32_t i = 0; i < r->o->n_points; i++)
			if (r->facts.sniffer[i] && ws_sniffer_has_failed(r->facts.sniffer[i]))
				return ws_sniffer_finish(r->facts.sniffer[i], err);
		if (now_ns >= tell_ns) {
			rc = checkpoint(r, tell, err);
			if (rc)
				return rc;
			tell_ns += TELL_NS;
		}
		until.tv_sec = (time_t)((now_ns + POLL_NS) / 1000000000u);
		until.tv_nsec = (long)((now_ns + POLL_NS) % 1000000000u);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
}

/* Packet captures off first, then the taps: what a packet capture saw, its tap saw too. */
static int finish_points(struct run *r, struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < r->o->n_points; i++) {
		int rc2 = r->facts.sniffer[i] ? ws_sniffer_finish(r->facts.sniffer[i], rc ? NULL : err) : 0;

		rc = rc ? rc : rc2;
	}
	for (uint32_t i = 0; i < r->o->n_points; i++)
		if (r->facts.tap[i])
			ws_tap_detach(r->facts.tap[i]);
	for (uint32_t i = 0; i < r->o->n_points; i++) {
		int rc2 = r->facts.tap[i] ? ws_tap_finish(r->facts.tap[i], rc ? NULL : err) : 0;

		rc = rc ? rc : rc2;
	}
	return rc;
}

/* The run failed before it began: the files that it has made would be in the way of the next attempt. */
static void discard(struct run *r)
{
	static const char *const suffix[] = { ".rec.zst" WS_RECFILE_PART_SUFFIX, ".pcap" WS_RECFILE_PART_SUFFIX };

	for (uint32_t i = 0; i < r->o->n_points; i++) {
		const bool is_ours[] = { r->facts.tap[i] != NULL, r->facts.sniffer[i] != NULL };

		for (int k = 0; k < 2; k++) {
			char *path = NULL;

			if (is_ours[k] && make_path(r->o->dir, r->o->point[i].name, suffix[k], &path, NULL) == 0)
				unlink(path);
			free(path);
		}
	}
}

static void release(struct run *r)
{
	for (uint32_t i = 0; i < r->o->n_points; i++) {
		ws_tap_close(r->facts.tap[i]);
		ws_sniffer_close(r->facts.sniffer[i]);
	}
	if (r->stats_fd >= 0)
		close(r->stats_fd);
	free(r->manifest_path);
	free(r);
}

int ws_run(const struct ws_capture_options *o, int argc, char **argv, volatile sig_atomic_t *stop,
	   void (*tell)(const struct ws_run_progress *progress, int is_final), int *command_status,
	   struct ws_error *err)
{
	struct ws_run_progress progress;
	struct run *r = calloc(1, sizeof(*r));
	bool is_recording = false;
	int rc, finish_rc;

	if (!r)
		return ws_error(err, -ENOMEM, "out of memory");
	r->o = o;
	r->facts = (struct ws_run_facts) {
		.options = o, .argc = argc, .argv = argv, .state = "running", .command_status = -1
	};
	r->stats_fd = o->with_ebpf && o->with_bpf_stats ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	rc = prepare_directory(r, err);
	if (rc)
		goto out;
	rc = open_points(r, err);
	if (rc)
		goto out;
	r->start_ns = ws_clock_ns(CLOCK_MONOTONIC);
	note_clocks(r);
	rc = ws_manifest_write(r->manifest_path, &r->facts, err);
	if (rc)
		goto out;
	is_recording = true;
	rc = start_command(r, err);
	if (rc == 0) /* after the command, which is not to share the reader's CPU */
		rc = ws_affinity_set(o->reader_cpu, "--cpu", err);
	if (rc == 0)
		rc = record(r, stop, tell, err);
	end_command(r);
	finish_rc = finish_points(r, rc ? NULL : err);
	rc = rc ? rc : finish_rc;
	note_clocks(r);
	note_cost(r);
	r->facts.state = rc ? "failed" : "complete";
	finish_rc = ws_manifest_write(r->manifest_path, &r->facts, rc ? NULL : err);
	rc = rc ? rc : finish_rc;
	sum_up(r, &progress);
	if (tell)
		tell(&progress, 1);
	/* a command that we ended did not fail */
	*command_status = strcmp(r->facts.ended_by ? r->facts.ended_by : "", "command") == 0 ? r->facts.command_status
											     : -1;
out:
	if (!is_recording)
		discard(r);
	release(r);
	return rc;
}
