/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * beside - which call a span of the mesh's own tracer tells of.
 *
 * By span id: in B3, client and server share one; in W3C's way, the request carries the client's, and the server's span
 * is its child. Else by service, and because it overlaps with the call in time.
 */
#ifndef WS_ANALYZE_BESIDE_H
#define WS_ANALYZE_BESIDE_H

#include "analyze/mesh/journey.h"

/* Lays the spans of the journey's trace beside its stages, which are made and placed: journey->beside. 0 or -ENOMEM. */
int ws_beside_make(struct ws_journey *journey);

/* Does a tracer that says service speak of this owner? It may say "reviews", "reviews.default", "default/reviews", or
 * the workload's name. */
bool ws_beside_is_service(const char *service, const struct ws_owner *owner);

#endif
