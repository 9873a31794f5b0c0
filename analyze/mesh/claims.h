/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claims - who calls whom by the tracer's own spans: a span whose parent is of another service.
 */
#ifndef WS_ANALYZE_CLAIMS_H
#define WS_ANALYZE_CLAIMS_H

#include "analyze/mesh/atlas.h"

/* One edge of one trace. Texts are the atlas's. */
struct ws_span_edge {
	const char *caller;
	const char *callee;
};

/*
 * Lists the edges of all spans: a server's span and the client's that shares its id (B3), else the span that it names
 * as its parent. A parent of the same service is no edge. *edge is the caller's (free). 0 or -ENOMEM.
 */
int ws_claims_of_spans(const struct ws_atlas *atlas, struct ws_span_edge **edge, uint32_t *n);

#endif
