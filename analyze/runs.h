/* SPDX-License-Identifier: BSD-2-Clause */
/* runs - the runs in a store: how many rows each has, what they take on disk, and dropping one. */
#ifndef WS_ANALYZE_RUNS_H
#define WS_ANALYZE_RUNS_H

#include <stdio.h>

#include "analyze/invocation.h"

/*
 * Prints the runs of the invocation's store. 0, -ENOMEM, or what the client says. Bytes are those of the tables' parts
 * on all servers that the URL names, or the one that was reached, shared out to the runs by their rows.
 */
int ws_runs_print(const struct ws_invocation *invocation, FILE *out, struct ws_error *err);

/* Drops a run: it counts no more at once; its rows go soon. 0, -ENOENT: there is none; what the client says. */
int ws_runs_drop(const struct ws_invocation *invocation, const char *run, struct ws_error *err);

#endif
