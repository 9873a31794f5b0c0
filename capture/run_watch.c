/* SPDX-License-Identifier: BSD-2-Clause */
/* run_watch - see the header. */
#include "capture/run_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/netns.h"
#include "capture/plan/plan_apply.h"
#include "capture/run_points.h"
#include "capture/watch_points.h"
#include "lib/threads.h"

/* The interfaces are looked at so often. */
#define LOOK_NS 1000000000ull

struct ws_run_watch {
	struct ws_capture_options *o;
	struct ws_run_facts *run;
	struct ws_watch *watch;
	int socket_fd; /* in the node's namespace */
	uint64_t look_ns;
	/* the plan at hand: its points are gone through one by one */
	struct ws_plan plan;
	const struct ws_plan_node *node; /* NULL: no plan at hand, or it has nothing for this node */
	uint32_t next;
	uint32_t point; /* of the plan's node, that is being loaded */
	bool is_used;
	char pods_hash[WS_PLAN_HASH_LEN]; /* of the last plan that was made */
	/* plans that points refer to */
	struct ws_plan kept[WS_POINTS_MAX];
	uint32_t n_kept;
	/* the thread that loads a program */
	pthread_t thread;
	bool has_thread;
	bool is_loading;
	atomic_bool is_loaded;
	struct ws_tap *tap;
	int rc;
	struct ws_error err;
};

static void note_change(struct ws_run_watch *w, const char *event, const struct ws_point_options *p,
			const char *because)
{
	struct ws_run_facts *run = w->run;
	struct ws_run_change *c = &run->change[run->n_changes];

	if (run->n_changes == WS_RUN_CHANGES_MAX) {
		run->n_changes_more++;
		return;
	}
	c->at = ws_clock_read();
	c->event = event;
	strcpy(c->point, p->name);
	snprintf(c->pod, sizeof(c->pod), "%s", p->pod ? p->pod : "");
	snprintf(c->because, sizeof(c->because), "%s", because);
	run->n_changes++;
}

static int open_socket(struct ws_run_watch *w, struct ws_error *err)
{
	int home_fd, leave_rc, rc = ws_netns_enter(w->o->netns, &home_fd, err);

	if (rc)
		return rc;
	w->socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (w->socket_fd < 0)
		rc = ws_error(err, -errno, "cannot open a socket: %s", strerror(errno));
	leave_rc = ws_netns_leave(home_fd, err);
	return rc ? rc : leave_rc;
}

int ws_run_watch_open(struct ws_capture_options *options, struct ws_run_facts *run, struct ws_run_watch **watch,
		      struct ws_error *err)
{
	struct ws_run_watch *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return ws_error(err, -ENOMEM, "out of memory");
	w->o = options;
	w->run = run;
	w->socket_fd = -1;
	snprintf(w->pods_hash, sizeof(w->pods_hash), "%s", options->plan->pods_hash);
	run->change = calloc(WS_RUN_CHANGES_MAX, sizeof(*run->change));
	rc = run->change ? open_socket(w, err) : ws_error(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = ws_watch_open(options, &w->watch, err);
	if (rc) {
		ws_run_watch_close(w);
		return rc;
	}
	run->watch = ws_watch_facts(w->watch);
	*watch = w;
	return 0;
}

static void *load(void *context)
{
	struct ws_run_watch *w = context;

	w->rc = ws_tap_open(w->o, w->o->n_points, &w->tap, &w->err);
	atomic_store(&w->is_loaded, true);
	return NULL;
}

/*
 * Loads the program of the point that stands behind the options' last, beside the run. From its start until it is
 * joined, tap, rc and err are the thread's.
 */
static void start_loading(struct ws_run_watch *w)
{
	int code;

	w->tap = NULL;
	w->rc = 0;
	w->is_loading = true;
	atomic_store(&w->is_loaded, !w->o->with_ebpf);
	if (!w->o->with_ebpf)
		return;
	code = pthread_create(&w->thread, NULL, load, w);
	w->has_thread = code == 0;
	if (code) {
		w->rc = ws_error(&w->err, -code, "cannot start a thread: %s", ws_thread_words(code));
		atomic_store(&w->is_loaded, true);
	}
}

static void join_loading(struct ws_run_watch *w)
{
	if (w->has_thread)
		pthread_join(w->thread, NULL);
	w->has_thread = false;
	w->is_loading = false;
}

/* The plan at hand is gone through: it is kept if points refer to it. */
static void put_plan_away(struct ws_run_watch *w)
{
	if (!w->is_used && strcmp(w->plan.pods_hash, w->pods_hash) == 0)
		ws_watch_forget(w->watch, &w->plan);
	snprintf(w->pods_hash, sizeof(w->pods_hash), "%s", w->plan.pods_hash);
	if (w->is_used) { /* each of them has brought a point */
		w->kept[w->n_kept++] = w->plan;
		memset(&w->plan, 0, sizeof(w->plan));
	} else {
		ws_plan_close(&w->plan);
	}
	w->node = NULL;
}

/* The program is loaded, or could not be. */
static void attach_loaded(struct ws_run_watch *w)
{
	const uint32_t index = w->o->n_points;
	const struct ws_plan_point *planned = &w->node->point[w->point];
	const struct ws_point_options *p = &w->o->point[index];
	char because[sizeof(w->run->change[0].because)];

	join_loading(w);
	w->o->n_points++; /* from here on it is one of the run's */
	if (w->rc == 0)
		w->rc = ws_run_points_add(w->run, index, w->tap, &w->err);
	if (w->rc) {
		w->run->n_changes_failed++;
		note_change(w, "failed", p, w->err.text);
		if (!w->run->tap[index] && !w->run->sniffer[index])
			w->o->n_points--;
		else
			w->is_used = true; /* its tap records: it is one of the run's, and its words are the plan's */
		return;
	}
	w->is_used = true;
	snprintf(because, sizeof(because), "%.600s", planned->because);
	for (uint32_t i = 0; i < planned->addresses.n; i++)
		if (!ws_watch_nics_select(w->o, w->run->is_gone, planned->addresses.text[i])) {
			const size_t len = strlen(because);

			snprintf(because + len, sizeof(because) - len,
				 "; no filter of a NIC selects %.64s: it is recorded here only",
				 planned->addresses.text[i]);
		}
	note_change(w, "attached", p, because);
}

/* The next point of the plan at hand that is new. Returns false if there is none. */
static bool begin_next(struct ws_run_watch *w)
{
	struct ws_point_options p;

	for (;;) {
		w->point = ws_watch_next_new(w->node, w->o, w->run->is_gone, &w->next, &p);
		if (w->point == UINT32_MAX)
			return false;
		if (!ws_watch_is_there(w->socket_fd, p.interface, p.ifindex))
			continue; /* gone again */
		if (w->o->n_points < WS_POINTS_MAX)
			break;
		w->run->n_changes_failed++;
		note_change(w, "failed", &p, "the run has as many points as it can have");
		return false;
	}
	if (!w->o->has_ring_bytes)
		p.ring_bytes = ws_plan_ring_bytes(w->o->n_points + 1);
	w->o->point[w->o->n_points] = p;
	start_loading(w);
	return true;
}

static void end_point(struct ws_run_watch *w, uint32_t index, const char *because)
{
	struct ws_error err = { 0 };
	char words[sizeof(w->run->change[0].because)];

	if (ws_run_points_end(w->run, index, &err) && *err.text)
		snprintf(words, sizeof(words), "%.300s; its files are not complete: %.400s", because, err.text);
	else
		snprintf(words, sizeof(words), "%.700s", because);
	note_change(w, "detached", &w->o->point[index], words);
}

bool ws_run_watch_is_gone(const struct ws_run_watch *w, uint32_t index)
{
	const struct ws_point_options *p = &w->o->point[index];

	return p->node && !ws_watch_is_there(w->socket_fd, p->interface, p->ifindex);
}

/* Points whose interface is gone are over. */
static void look_at_interfaces(struct ws_run_watch *w)
{
	for (uint32_t i = 0; i < w->o->n_points; i++) {
		const struct ws_point_options *p = &w->o->point[i];
		char because[200];

		if (w->run->is_gone[i] || !ws_run_watch_is_gone(w, i))
			continue;
		snprintf(because, sizeof(because), "the interface is gone: %s (ifindex %u)", p->interface, p->ifindex);
		end_point(w, i, because);
	}
}

bool ws_run_watch_poll(struct ws_run_watch *w, uint64_t now_ns)
{
	const uint64_t n_before = w->run->n_changes + w->run->n_changes_more;

	if (w->is_loading) {
		if (atomic_load(&w->is_loaded))
			attach_loaded(w);
	} else if (w->node) {
		if (!begin_next(w))
			put_plan_away(w);
	} else if (ws_watch_poll(w->watch, now_ns, &w->plan)) {
		w->node = ws_plan_node_find(&w->plan, w->o->node);
		w->next = 0;
		w->is_used = false;
		if (!w->node) /* no chosen pod is here any more */
			put_plan_away(w);
	}
	if (now_ns >= w->look_ns) {
		look_at_interfaces(w);
		w->look_ns = now_ns + LOOK_NS;
	}
	return w->run->n_changes + w->run->n_changes_more != n_before;
}

bool ws_run_watch_lost(struct ws_run_watch *w, uint32_t index, const char *words)
{
	if (!w->o->point[index].node)
		return false;
	end_point(w, index, words);
	return true;
}

void ws_run_watch_end(struct ws_run_watch *w)
{
	if (!w)
		return;
	if (w->is_loading) {
		join_loading(w);
		ws_tap_close(w->tap);
		w->tap = NULL;
	}
	if (w->watch)
		ws_watch_end(w->watch);
}

void ws_run_watch_close(struct ws_run_watch *w)
{
	if (!w)
		return;
	ws_run_watch_end(w);
	ws_watch_close(w->watch);
	ws_plan_close(&w->plan);
	for (uint32_t i = 0; i < w->n_kept; i++)
		ws_plan_close(&w->kept[i]);
	if (w->socket_fd >= 0)
		close(w->socket_fd);
	free(w);
}
