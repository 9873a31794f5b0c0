/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_snapshot - the snapshot of a run that watches: its own copy, to which updates are added. */
#ifndef WS_WATCH_SNAPSHOT_H
#define WS_WATCH_SNAPSHOT_H

#include "capture/options.h"
#include "lib/error.h"

/*
 * Sees to it that the run's directory holds a snapshot: if it has none, that which the plan was made from - beside the
 * plan's file, or where the plan says - is copied, without its updates. Returns 0 or -errno.
 */
int ws_watch_snapshot(const struct ws_capture_options *o, struct ws_error *err);

/* Removes the update of that name from the run's snapshot; what is no update's name is left alone. */
void ws_watch_remove_update(const char *run_dir, const char *name);

#endif
