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
#include <sys/wait.h>
#include <unistd.h>

#include "capture/affinity.h"
#include "capture/confine.h"
#include "capture/directory.h"
#include "capture/manifest.h"
#include "capture/run_points.h"
#include "capture/run_watch.h"
#include "lib/still_there.h"

/* The reader looks into the ring buffers so often, by the clock: the program never wakes it. */
#define POLL_NS 20000000ull
#define TELL_NS 1000000000ull
/* How long a command has to end after SIGTERM. */
#define COMMAND_GRACE_NS 5000000000ull

extern char **environ;

struct run {
	struct ws_run_facts facts;
	struct ws_capture_options options; /* points are added to it while the run watches */
	const struct ws_capture_options *o;
	struct ws_run_watch *watch; /* NULL: does not watch */
	struct ws_whole_file manifest;
	uint64_t start_ns;
	volatile sig_atomic_t *stop;
	pid_t command; /* 0: none, or it has ended */
	int stats_fd;  /* while open, the kernel times BPF programs */
	int dir_fd;    /* holds the directory; -1: not yet */
};

static int prepare_directory(struct run *r, struct ws_error *err)
{
	int rc = ws_directory_make(r->o->dir, err);
	char *path = NULL;

	if (rc == 0)
		rc = ws_directory_lock(r->o->dir, &r->dir_fd, err);
	if (rc)
		return rc;
	if (asprintf(&path, "%s/run.json", r->o->dir) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	if (ws_whole_file_is_there(path))
		rc = ws_error(err, -EEXIST, "%s: exists already; record into another directory, or move it away", path);
	else
		rc = ws_whole_file_name(path, WS_CAPTURE_FILE_MODE, &r->manifest, err);
	free(path);
	return rc;
}

static void note_clocks(struct run *r)
{
	const struct ws_clock_pair now = ws_clock_read();

	if (r->facts.n_clock_pairs) {
		const uint64_t step_ns = ws_clock_step_ns(&r->facts.clock_pair[r->facts.n_clock_pairs - 1], &now);

		r->facts.n_clock_steps += step_ns > 0;
		r->facts.clock_step_ns += step_ns;
	}
	if (r->facts.n_clock_pairs == WS_CLOCK_PAIRS_MAX) { /* a long run: keep every other reading */
		for (uint32_t i = 0; i < WS_CLOCK_PAIRS_MAX / 2; i++)
			r->facts.clock_pair[i] = r->facts.clock_pair[2 * i];
		r->facts.n_clock_pairs = WS_CLOCK_PAIRS_MAX / 2;
	}
	r->facts.clock_pair[r->facts.n_clock_pairs++] = now;
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
	sigset_t none, ignored;
	int rc;

	if (!r->o->command)
		return 0;
	sigemptyset(&none);
	sigemptyset(&ignored);
	sigaddset(&ignored, SIGPIPE); /* by us */
	sigaddset(&ignored, SIGXFSZ);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &ignored);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
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
	while (!command_has_ended(r, WNOHANG) && *r->stop < 2 && ws_clock_ns(CLOCK_MONOTONIC) < deadline_ns)
		nanosleep(&pause, NULL);
	if (r->command) {
		kill(r->command, SIGKILL);
		command_has_ended(r, 0);
	}
}

static void sum_up(struct run *r, struct ws_run_progress *p)
{
	memset(p, 0, sizeof(*p));
	if (r->facts.confinement.is_confined && !r->facts.confinement.filter)
		p->no_filter = r->facts.confinement.words;
	p->elapsed_s = (double)(ws_clock_ns(CLOCK_MONOTONIC) - r->start_ns) / 1e9;
	p->n_clock_steps = r->facts.n_clock_steps;
	p->clock_step_s = (double)r->facts.clock_step_ns / 1e9;
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

/* A point has failed. Where points come and go, one that went away is over; else the run is. Returns 0 or rc. */
static int settle(struct run *r, uint32_t index, int rc, struct ws_error *err)
{
	if (rc == -ENETDOWN && r->watch && ws_run_watch_lost(r->watch, index, err->text))
		return 0;
	return rc;
}

static int checkpoint(struct run *r, void (*tell)(const struct ws_run_progress *, int), struct ws_error *err)
{
	struct ws_run_progress progress;
	uint32_t index;
	int rc;

	do
		rc = ws_run_points_checkpoint(&r->facts, &index, err);
	while (rc && settle(r, index, rc, err) == 0);
	if (rc)
		return rc;
	note_clocks(r);
	sum_up(r, &progress);
	if (tell)
		tell(&progress, 0);
	return 0;
}

/* Takes what has been recorded since the last time. */
static int drain(struct run *r, struct ws_error *err)
{
	uint32_t index;
	int rc;

	do
		rc = ws_run_points_drain(&r->facts, &index, err);
	while (rc && settle(r, index, rc, err) == 0);
	return rc;
}

/* Has a packet capture failed? If its interface went away and points may, it is over and no failure. */
static int look(struct run *r, struct ws_error *err)
{
	uint32_t index;
	int rc = ws_run_points_look(&r->facts, &index, err);

	return rc && r->watch && ws_run_watch_is_gone(r->watch, index) ? settle(r, index, -ENETDOWN, err) : rc;
}

/* The same when the run ends: an interface may go away after the last look. */
static bool is_over(void *context, uint32_t index, const char *words)
{
	const struct run *r = context;

	return r->watch && ws_run_watch_is_gone(r->watch, index) && ws_run_watch_lost(r->watch, index, words);
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
		if (rc == 0)
			rc = look(r, err);
		if (rc == 0 && now_ns >= tell_ns) {
			rc = checkpoint(r, tell, err);
			tell_ns += TELL_NS;
		}
		if (rc == 0 && r->watch && ws_run_watch_poll(r->watch, now_ns))
			rc = ws_manifest_write(&r->manifest, &r->facts, err);
		if (rc)
			return rc;
		until.tv_sec = (time_t)((now_ns + POLL_NS) / 1000000000u);
		until.tv_nsec = (long)((now_ns + POLL_NS) % 1000000000u);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
}

/* What became of a recording that failed after it had begun. */
static void tell_kept(const struct run *r, int rc, struct ws_error *err)
{
	const size_t len = err ? strlen(err->text) : 0;

	if (err && rc != -ENOENT) /* then the files are gone */
		snprintf(err->text + len, sizeof(err->text) - len,
			 "; what was recorded before is kept: `ingest --dir %s` loads it", r->o->dir);
}

/* From here on only what is open already is used, and no file is opened for writing, unless points come and go. */
static int confine(struct run *r, struct ws_error *err)
{
	bool has_clsact = false;
	int rc = r->watch ? 0 : ws_whole_file_prepare(&r->manifest, err);

	for (uint32_t i = 0; i < r->o->n_points; i++)
		if (r->facts.tap[i] && r->o->hook != WS_HOOK_SOCKET &&
		    strcmp(ws_tap_facts(r->facts.tap[i])->hook, "clsact") == 0)
			has_clsact = true;
	return rc ? rc : ws_confine(r->o, r->command, has_clsact, &r->facts.confinement, err);
}

static void release(struct run *r)
{
	ws_run_points_close(&r->facts);
	ws_run_watch_close(r->watch);
	free(r->facts.change);
	if (r->stats_fd >= 0)
		close(r->stats_fd);
	if (r->dir_fd >= 0)
		close(r->dir_fd);
	ws_whole_file_close(&r->manifest);
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
	r->options = *o;
	r->o = &r->options;
	r->stop = stop;
	r->dir_fd = -1;
	r->facts = (struct ws_run_facts) {
		.options = &r->options, .argc = argc, .argv = argv, .state = "running", .command_status = -1
	};
	r->manifest.fd = -1;
	r->stats_fd = o->with_ebpf && o->with_bpf_stats ? bpf_enable_stats(BPF_STATS_RUN_TIME) : -1;
	rc = prepare_directory(r, err);
	if (rc == 0 && o->watch_s)
		rc = ws_run_watch_open(&r->options, &r->facts, &r->watch, err);
	if (rc)
		goto out;
	rc = ws_run_points_open(&r->facts, err);
	if (rc)
		goto out;
	r->start_ns = ws_clock_ns(CLOCK_MONOTONIC);
	note_clocks(r);
	rc = ws_manifest_write(&r->manifest, &r->facts, err);
	if (rc)
		goto out;
	if (!*stop)
		rc = start_command(r, err);
	if (rc) { /* nothing was recorded that is of use to anybody */
		unlink(r->manifest.path);
		goto out;
	}
	is_recording = true;
	/* after the command, which is not to share the reader's CPU */
	rc = ws_affinity_set(o->reader_cpu, "--cpu", err);
	if (rc == 0)
		rc = confine(r, err);
	if (rc == 0)
		rc = record(r, stop, tell, err);
	end_command(r);
	finish_rc = ws_run_points_finish(&r->facts, is_over, r, rc ? NULL : err);
	rc = rc ? rc : finish_rc;
	ws_run_watch_end(r->watch);
	note_clocks(r);
	note_cost(r);
	r->facts.state = rc ? "failed" : "complete";
	r->facts.failure = rc && err ? err->text : NULL;
	finish_rc = ws_still_there(r->dir_fd, r->o->dir, rc ? NULL : err); /* another one of its name is not ours */
	if (finish_rc == 0)
		finish_rc = ws_manifest_write(&r->manifest, &r->facts, rc ? NULL : err);
	rc = rc ? rc : finish_rc;
	sum_up(r, &progress);
	if (tell)
		tell(&progress, 1);
	if (rc)
		tell_kept(r, rc, err);
	/* a command that we ended did not fail */
	*command_status = strcmp(r->facts.ended_by ? r->facts.ended_by : "", "command") == 0 ? r->facts.command_status
											     : -1;
out:
	if (!is_recording)
		ws_run_points_discard(&r->facts);
	release(r);
	return rc;
}
