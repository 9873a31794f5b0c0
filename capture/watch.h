/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch - looks at the cluster again and again while a run goes on: `capture collect --update` and `capture plan` as
 * processes of their own, one after the other, at the lowest priority; the run is never kept waiting.
 */
#ifndef WS_WATCH_H
#define WS_WATCH_H

#include "capture/options.h"
#include "capture/plan/plan.h"
#include "lib/error.h"

struct ws_watch;

/* What the manifest tells. */
struct ws_watch_facts {
	uint32_t interval_s;
	uint64_t n_plans;   /* that were made */
	uint64_t n_failed;  /* looks that came to nothing */
	char failure[1024]; /* words of the last one; "" */
	uint64_t user_ns;   /* CPU time of the processes, with what they started */
	uint64_t system_ns;
};

/*
 * Gets ready to watch: the snapshot that the plan was made from is put into the run's directory (cluster/), where its
 * updates will be, unless there is one. The options stand as long as the watch, which is the caller's, to be closed.
 * Returns 0 or -errno.
 */
int ws_watch_open(const struct ws_capture_options *o, struct ws_watch **watch, struct ws_error *err);

/*
 * Starts what is due and looks after what runs; does not wait. Returns 1 if there is a new plan, which is the caller's,
 * to be closed; else 0: also when a look failed, which is counted.
 */
int ws_watch_poll(struct ws_watch *w, uint64_t now_ns, struct ws_plan *plan);

/* Removes the update that the plan was made from, if nothing was new in it. */
void ws_watch_forget(struct ws_watch *w, const struct ws_plan *plan);

const struct ws_watch_facts *ws_watch_facts(const struct ws_watch *w);

/* Ends what still runs, and waits for it. May be called before ws_watch_close(), for the facts. */
void ws_watch_end(struct ws_watch *w);

/* NULL is nothing. */
void ws_watch_close(struct ws_watch *w);

#endif
