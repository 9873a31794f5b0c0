/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_alike - requests of a run in a store as detection looks at them, those that are alike counted where the rows lie:
 * same file, flow, direction, reason and family, same places of the context.
 */
#ifndef WS_ANALYZE_FAR_ALIKE_H
#define WS_ANALYZE_FAR_ALIKE_H

#include "analyze/far.h"
#include "analyze/study.h"

struct ws_store;

/* Takes n requests that are alike; they have no identity and no stamp, places only where a context was found. */
typedef int (*ws_far_take_alike)(void *context, const struct ws_sighting *sighting, const struct ws_place *place,
				 uint64_t n);

/*
 * Hands over all requests of the run, of whom only the study's catalog is read, and adds their flows to its tuples.
 * *told false: the rows themselves are to be read, as one sighting tells something about another - a capture judges the
 * records of its point, or directions are known of some -, or a row is not as it should be. family: NULL: all; else
 * contexts of others become WS_REASON_OTHER_FAMILY. 0, what take returns, -EPROTO: a file has other rows than the
 * catalog says; what the client and ws_roster_open() say.
 */
int ws_far_alike(struct ws_store *store, struct ws_study *study, const char *family, ws_far_take_alike take,
		 void *context, bool *told, struct ws_error *err);

#endif
