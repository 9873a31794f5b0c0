/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_alike - requests of a run in a store as detection looks at them, those that are alike counted where the rows lie:
 * same file, flow, direction, reason and family, same places of the context; and, where names count, at a time between
 * two moments at which one changed.
 */
#ifndef WS_ANALYZE_FAR_ALIKE_H
#define WS_ANALYZE_FAR_ALIKE_H

#include "analyze/far.h"
#include "analyze/roster.h"
#include "analyze/study.h"

/*
 * Takes n requests that are alike; they have no identity, places only where a context was found, and the stamp of the
 * last of them, whose request_id is last_row.
 */
typedef int (*ws_far_take_alike)(void *context, const struct ws_sighting *sighting, const struct ws_place *place,
				 uint64_t last_row, uint64_t n);

/*
 * Hands over all requests of the run, of whose study catalog and naming are read. changes, zeroed: the moments
 * (CLOCK_REALTIME) at which names change, where they count; to be freed. *told false: the rows themselves are to be
 * read, as one is not as it should be, or names change too often. family: NULL: all; else contexts of others become
 * WS_REASON_OTHER_FAMILY. 0, what take returns, -EPROTO: a file has other rows than the catalog says, or one of a flow
 * that is not there; what the client says.
 */
int ws_far_alike(struct ws_far *far, const struct ws_study *study, const struct ws_roster *roster, const char *family,
		 ws_far_take_alike take, void *context, struct ws_numbers *changes, bool *told, struct ws_error *err);

/* Writes SQL of how many of the moments at which names change have passed at a row's: an UInt32. */
void ws_far_put_period(const struct ws_study *study, const struct ws_numbers *changes, FILE *out);

/* The reason, or WS_REASON_OTHER_FAMILY: of a context of another family than was asked for (NULL: none was). */
uint8_t ws_far_reason(const struct ws_file *file, const char *asked, uint8_t reason, uint8_t family);

#endif
