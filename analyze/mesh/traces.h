/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traces - all that the runs in or below a directory saw, one trace after the other, in bounded memory.
 *
 * Two external sorts (analyze/sorter.h): requests and responses by connection, where each response finds its request;
 * then all of them by trace id. Of points that recorded no responses, requests go to the second one at once. What is
 * in memory: the limit that was asked for, addresses and ports, and the trace that is looked at. The traces, their
 * order and their calls depend neither on that limit nor on the number of threads that read.
 */
#ifndef WS_ANALYZE_TRACES_H
#define WS_ANALYZE_TRACES_H

#include "analyze/mesh/atlas.h"
#include "analyze/mesh/calls.h"

struct ws_traces;

/*
 * Opens the atlas as ws_atlas_open() does, and its traces, in the invocation's memory. Whoever holds the atlas keeps it
 * where it is until the traces are closed. 0, or what ws_atlas_open() says, or the temporary file. To be closed with
 * ws_traces_close() and ws_atlas_close().
 */
int ws_traces_open(const struct ws_invocation *invocation, bool without_spans, struct ws_atlas *atlas,
		   struct ws_traces **traces, struct ws_error *err);

/* NULL is fine. */
void ws_traces_close(struct ws_traces *traces);

/*
 * The next trace, by its id (all those of 64 and of 128 bits whose bytes are the same are one): its passages are the
 * atlas's, *calls are its calls, as ws_calls_open() would make them, except for parents: those have none. Both last
 * until the next call. NULL: that was all. 0, -ENOMEM, -EOVERFLOW (a trace of more than 2^31 passages), or what the
 * temporary file says.
 */
int ws_traces_next(struct ws_traces *traces, const struct ws_calls **calls);

/* Goes back to the first trace. As ws_traces_next(). */
int ws_traces_rewind(struct ws_traces *traces);

/* Are there any calls? */
bool ws_traces_any(const struct ws_traces *traces);

/* Passages of requests at points that are neither NIC nor vport; and of responses that belong to no call: after all
 * traces were looked at. */
uint64_t ws_traces_n_elsewhere(const struct ws_traces *traces);
uint64_t ws_traces_n_unanswered(const struct ws_traces *traces);

/* An error of ws_traces_next() or ws_traces_rewind() in words. Returns rc. */
int ws_traces_complain(int rc, struct ws_error *err);

#endif
