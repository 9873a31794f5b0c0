/* SPDX-License-Identifier: BSD-2-Clause */
/* run_watch - a run whose points come and go with their pods (--watch). */
#ifndef WS_RUN_WATCH_H
#define WS_RUN_WATCH_H

#include "capture/manifest.h"
#include "capture/plan/plan.h"
#include "lib/error.h"

struct ws_run_watch;

/*
 * Begins to watch. options are the run's own copy, to which points are added; both stand as long as the watch, which is
 * the caller's, to be closed after the points are. Returns 0 or -errno.
 */
int ws_run_watch_open(struct ws_capture_options *options, struct ws_run_facts *run, struct ws_run_watch **watch,
		      struct ws_error *err);

/*
 * Does what is to be done and does not wait: looks after the processes that plan again, attaches a point whose program
 * has been loaded meanwhile, ends points whose interface is gone. Failures are noted in the run's facts. Returns
 * whether the facts have a new change.
 */
bool ws_run_watch_poll(struct ws_run_watch *w, uint64_t now_ns);

/* The interface of point number index went away: ends the point. Returns false if it is none of the plan's. */
bool ws_run_watch_lost(struct ws_run_watch *w, uint32_t index, const char *words);

/* Is the point one of the plan's, and its interface gone? */
bool ws_run_watch_is_gone(const struct ws_run_watch *w, uint32_t index);

/* No more changes: ends what runs. */
void ws_run_watch_end(struct ws_run_watch *w);

/* NULL is nothing. */
void ws_run_watch_close(struct ws_run_watch *w);

#endif
