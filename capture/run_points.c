/* SPDX-License-Identifier: BSD-2-Clause */
/* run_points - see the header. */
#include "capture/run_points.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Programs that are loaded at once, at most. */
#define LOADERS_MAX 4
/* Descriptors that a point may need. */
#define POINT_FDS 24

static int make_path(const struct ws_run_facts *run, uint32_t index, const char *suffix, char **path,
		     struct ws_error *err)
{
	if (asprintf(path, "%s/%s%s", run->options->dir, run->options->point[index].name, suffix) >= 0)
		return 0;
	*path = NULL;
	return ws_error(err, -ENOMEM, "out of memory");
}

/* What the loading threads share. */
struct loading {
	struct ws_run_facts *run;
	atomic_uint next;
	pthread_mutex_t lock;
	int rc; /* the first failure's */
	struct ws_error err;
};

static void *load_points(void *context)
{
	struct loading *l = context;
	const struct ws_capture_options *o = l->run->options;
	uint32_t i;

	while ((i = atomic_fetch_add(&l->next, 1)) < o->n_points) {
		struct ws_error err = { 0 };
		int rc = ws_tap_open(o, i, &l->run->tap[i], &err);

		if (!rc)
			continue;
		pthread_mutex_lock(&l->lock);
		if (!l->rc) {
			l->rc = rc;
			l->err = err;
		}
		pthread_mutex_unlock(&l->lock);
		atomic_store(&l->next, o->n_points);
	}
	return NULL;
}

static int load(struct ws_run_facts *run, struct ws_error *err)
{
	struct loading l = { .run = run, .lock = PTHREAD_MUTEX_INITIALIZER };
	const long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t thread[LOADERS_MAX];
	int n = 0;

	/* this thread is one of them */
	while (n + 1 < LOADERS_MAX && n + 1 < n_cpus && (uint32_t)n + 1 < run->options->n_points &&
	       pthread_create(&thread[n], NULL, load_points, &l) == 0)
		n++;
	load_points(&l);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	pthread_mutex_destroy(&l.lock);
	return l.rc ? ws_error(err, l.rc, "%s", l.err.text) : 0;
}

static int attach(struct ws_run_facts *run, uint32_t index, struct ws_error *err)
{
	char *path;
	int rc = make_path(run, index, ".rec.zst", &path, err);

	if (rc == 0)
		rc = ws_tap_attach(run->tap[index], run->options, index, path, err);
	free(path);
	return rc;
}

static int sniff(struct ws_run_facts *run, uint32_t index, struct ws_error *err)
{
	char *path;
	int rc = make_path(run, index, ".pcap", &path, err);

	if (rc == 0)
		rc = ws_sniffer_open(run->options, index, path, &run->sniffer[index], err);
	free(path);
	return rc;
}

/* Many points have many maps, programs and files open. */
static void raise_fd_limit(uint32_t n_points)
{
	struct rlimit limit;
	const rlim_t need = (rlim_t)n_points * POINT_FDS + 256;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= need)
		return;
	limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/*
 * Taps first, packet captures last: the kernel calls the newest packet socket first, so that at every point the
 * capture's stamp is taken before the tap's work, and both methods have the same work of both inside their intervals.
 */
int ws_run_points_open(struct ws_run_facts *run, struct ws_error *err)
{
	const struct ws_capture_options *o = run->options;
	int rc;

	raise_fd_limit(o->watch_s ? WS_POINTS_MAX : o->n_points);
	for (uint32_t i = 0; i < o->n_points; i++)
		run->netns[i] = ws_netns_id(o->point[i].netns);
	rc = o->with_ebpf ? load(run, err) : 0;
	for (uint32_t i = 0; rc == 0 && o->with_ebpf && i < o->n_points; i++)
		rc = attach(run, i, err);
	for (uint32_t i = 0; rc == 0 && o->with_pcap && i < o->n_points; i++)
		rc = sniff(run, i, err);
	return rc;
}

int ws_run_points_add(struct ws_run_facts *run, uint32_t index, struct ws_tap *tap, struct ws_error *err)
{
	int rc = 0;

	run->tap[index] = tap;
	run->netns[index] = ws_netns_id(run->options->point[index].netns);
	if (tap)
		rc = attach(run, index, err);
	if (rc) {
		ws_tap_close(tap);
		run->tap[index] = NULL;
		return rc;
	}
	if (run->options->with_pcap)
		rc = sniff(run, index, err);
	return rc;
}

int ws_run_points_drain(struct ws_run_facts *run, uint32_t *index, struct ws_error *err)
{
	for (uint32_t i = 0; i < run->options->n_points; i++) {
		int rc = run->tap[i] && !run->is_gone[i] ? ws_tap_drain(run->tap[i], err) : 0;

		*index = i;
		if (rc)
			return rc;
	}
	return 0;
}

int ws_run_points_checkpoint(struct ws_run_facts *run, uint32_t *index, struct ws_error *err)
{
	for (uint32_t i = 0; i < run->options->n_points; i++) {
		int rc = 0;

		if (run->is_gone[i])
			continue;
		if (run->tap[i])
			rc = ws_tap_checkpoint(run->tap[i], err);
		if (rc == 0 && run->sniffer[i])
			rc = ws_sniffer_look(run->sniffer[i], err);
		if (rc == 0)
			rc = ws_netns_look(run->options->point[i].netns, &run->netns[i], err);
		*index = i;
		if (rc)
			return rc;
	}
	return 0;
}

int ws_run_points_look(struct ws_run_facts *run, uint32_t *index, struct ws_error *err)
{
	for (uint32_t i = 0; i < run->options->n_points; i++)
		if (run->sniffer[i] && !run->is_gone[i] && ws_sniffer_has_failed(run->sniffer[i])) {
			*index = i;
			return ws_sniffer_finish(run->sniffer[i], err);
		}
	return 0;
}

int ws_run_points_end(struct ws_run_facts *run, uint32_t index, struct ws_error *err)
{
	int rc = 0, tap_rc = 0;

	if (run->is_gone[index])
		return 0;
	run->is_gone[index] = true;
	if (run->sniffer[index])
		rc = ws_sniffer_complete(run->sniffer[index], err);
	if (run->tap[index]) {
		ws_tap_detach(run->tap[index]);
		tap_rc = ws_tap_finish(run->tap[index], rc ? NULL : err);
	}
	return rc ? rc : tap_rc;
}

/* Packet captures off first, then the taps: what a packet capture saw, its tap saw too. */
int ws_run_points_finish(struct ws_run_facts *run, bool (*is_over)(void *context, uint32_t index, const char *words),
			 void *context, struct ws_error *err)
{
	const uint32_t n = run->options->n_points;
	int rc = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct ws_error why = { 0 };
		int rc2 = run->sniffer[i] && !run->is_gone[i] ? ws_sniffer_finish(run->sniffer[i], &why) : 0;

		if (rc2 && !(is_over && is_over(context, i, why.text)) && !rc)
			rc = ws_error(err, rc2, "%s", why.text);
	}
	for (uint32_t i = 0; i < n; i++) {
		struct ws_error why = { 0 };
		int rc2 = run->tap[i] && !run->is_gone[i] ? ws_tap_look(run->tap[i], &why) : 0;

		if (rc2 && !(is_over && is_over(context, i, why.text)) && !rc)
			rc = ws_error(err, rc2, "%s", why.text);
	}
	for (uint32_t i = 0; i < n; i++)
		if (run->tap[i] && !run->is_gone[i])
			ws_tap_detach(run->tap[i]);
	for (uint32_t i = 0; i < n; i++) {
		int rc2 = run->tap[i] && !run->is_gone[i] ? ws_tap_finish(run->tap[i], rc ? NULL : err) : 0;

		rc = rc ? rc : rc2;
	}
	return rc;
}

void ws_run_points_discard(struct ws_run_facts *run)
{
	static const char *const suffix[] = { ".rec.zst" WS_RECFILE_PART_SUFFIX, ".pcap" WS_RECFILE_PART_SUFFIX };

	for (uint32_t i = 0; i < run->options->n_points; i++) {
		const bool is_ours[] = { run->tap[i] && ws_tap_facts(run->tap[i])->attached.monotonic_ns,
					 run->sniffer[i] != NULL };

		for (int k = 0; k < 2; k++) {
			char *path = NULL;

			if (is_ours[k] && make_path(run, i, suffix[k], &path, NULL) == 0)
				unlink(path);
			free(path);
		}
	}
}

void ws_run_points_close(struct ws_run_facts *run)
{
	for (uint32_t i = 0; i < run->options->n_points; i++) {
		ws_tap_close(run->tap[i]);
		ws_sniffer_close(run->sniffer[i]);
	}
}
