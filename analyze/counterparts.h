/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counterparts - which sighting in the records of a point, and which in the capture of the same point, are of the same
 * request: of those with the same sequence number in the same flow, what each list has once with the same context, or
 * once without any; then what is left, in the order of the lists, which is that of time.
 */
#ifndef WS_ANALYZE_COUNTERPARTS_H
#define WS_ANALYZE_COUNTERPARTS_H

#include "analyze/grouping.h"
#include "analyze/sighting.h"

/* Who is told of a request: indexes into both lists, one of them WS_NOBODY where the list does not have it. Other than
 * 0 ends it. */
typedef int (*ws_take_counterparts)(void *context, uint32_t record, uint32_t captured);

/*
 * Tells of each sighting of both lists, which have digests, once. 0, what take returns, -ENOMEM, or -EOVERFLOW (more
 * than 2^31 sightings).
 */
int ws_counterparts_each(const struct ws_sightings *records, const struct ws_sightings *capture,
			 ws_take_counterparts take, void *context);

#endif
