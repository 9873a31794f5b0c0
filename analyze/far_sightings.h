/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_sightings - what detection needs of a run in a store, into the study's harvest: counts of requests that are alike
 * (far_alike.h); of those that a capture has to judge (far_judged.h), counts of counterparts that are alike
 * (far_matches.h), and, of sequence numbers that a point has more than once, rows.
 */
#ifndef WS_ANALYZE_FAR_SIGHTINGS_H
#define WS_ANALYZE_FAR_SIGHTINGS_H

#include "analyze/study.h"

struct ws_store;

/*
 * The store is a run in a store, the harvest wants WS_NEED_SIGHTINGS and WS_NEED_ALIKE, and nobody was told of anything
 * before. family: NULL: all. memory_bytes: for rows that are read. *told: the harvest has it, and wants no rows any
 * more; else all rows are to be read as if nothing had been asked. 0, what ws_far_alike(), ws_far_judged() and
 * ws_bulk_join() say, -EPROTO: the store has changed meanwhile.
 */
int ws_far_sightings(struct ws_store *store, struct ws_study *study, const char *family, uint64_t memory_bytes,
		     bool *told, struct ws_error *err);

#endif
