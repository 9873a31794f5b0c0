/* SPDX-License-Identifier: BSD-2-Clause */
/* far_traces - how many different trace ids each file of a run in a store has, counted where the rows lie. */
#ifndef WS_ANALYZE_FAR_TRACES_H
#define WS_ANALYZE_FAR_TRACES_H

#include "analyze/catalog.h"
#include "analyze/far.h"

/*
 * The same numbers as ws_harvest_traces() has of all rows, one a file of the catalog; *n_traces is the caller's, to be
 * freed. It stays NULL where the rows themselves are to be read: one has ids that cannot be any, or that may lie at
 * two servers. 0, -EPROTO: a file has other rows than the catalog says; -ENOMEM; what the client says.
 */
int ws_far_traces(struct ws_far *far, const struct ws_catalog *catalog, uint64_t **n_traces, struct ws_error *err);

#endif
