/* SPDX-License-Identifier: BSD-2-Clause */
/* spans - the spans in a tracer's files: Jaeger's /api/traces and OTLP in JSON (also Tempo's "batches"). */
#ifndef WS_SPANS_H
#define WS_SPANS_H

#include <stdint.h>

#include "ingest/database_cluster.h"
#include "ingest/seen.h"
#include "lib/cluster/cluster.h"
#include "lib/error.h"

/*
 * Calls take for each span of the file at path. What it is given is borrowed; a value other than 0 ends the reading and
 * is returned. cluster tells pods from nodes where a tracer says no more than "hostname". Jaeger gives a trace
 * once for each of its services: one that seen (NULL: none) has seen, byte by byte the same, is left out. *n_unread
 * grows by the spans that are none. 0 or -errno, -EPROTO for a file that is no JSON.
 */
int ws_spans_read(const char *path, const struct ws_cluster *cluster, struct ws_seen *seen,
		  int (*take)(void *context, const struct ws_span *span), void *context, uint64_t *n_unread,
		  struct ws_error *err);

/* The same for Jaeger's /api/dependencies. */
int ws_dependencies_read(const char *path,
			 int (*take)(void *context, const char *caller, const char *callee, int64_t n_calls),
			 void *context, uint64_t *n_unread, struct ws_error *err);

#endif
