/* SPDX-License-Identifier: BSD-2-Clause */
/* far_windows - of the connections that carried a trace, in a store, only the time in which they did. */
#ifndef WS_ANALYZE_FAR_WINDOWS_H
#define WS_ANALYZE_FAR_WINDOWS_H

#include "analyze/mesh/atlas_inner.h"

/*
 * Narrows what ws_far_trace() has restricted, where responses were recorded: on a connection, from each of the trace's
 * requests to the next request. What comes later answers a later one, unless its ack lies before that one: the servers
 * count such responses, and if there is one, nothing is narrowed, nor if the trace's requests are many. The run's
 * roster is open. 0, -ENOMEM, or what the client says.
 */
int ws_far_windows(const struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err);

#endif
