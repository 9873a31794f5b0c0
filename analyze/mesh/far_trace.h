/* SPDX-License-Identifier: BSD-2-Clause */
/* far_trace - of a run in a store, only what belongs to one trace: its connections, and what was seen on them. */
#ifndef WS_ANALYZE_FAR_TRACE_H
#define WS_ANALYZE_FAR_TRACE_H

#include <stdio.h>

#include "analyze/mesh/atlas_inner.h"

/*
 * Restricts the store's large tables (ws_far_restrict()) to what ws_atlas_read_passages() takes of the run's files:
 * flows with the addresses and ports on which the trace went, and the same the other way round; responses of the
 * latter; requests of the former, at points without responses only the trace's own. The servers tell whether each file
 * has the rows that it is said to have. Nothing is restricted if one has not, if rows are such as are refused - who
 * reads them all says why -, or if files are too many for a query. 0, -ENOMEM, or what the client says.
 */
int ws_far_trace(const struct ws_atlas *atlas, const struct ws_atlas_run *run, struct ws_error *err);

/* SQL: requests of the atlas's trace. */
void ws_far_put_is_of_trace(const struct ws_atlas *atlas, FILE *out);

/* SQL: rows of the files that are taken; with_responses: of these, only where responses were recorded. */
void ws_far_put_files(const struct ws_atlas_run *run, bool with_responses, FILE *out);

#endif
