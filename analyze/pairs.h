/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pairs - prints every pair, or every sighting without one, row by row: `analyze pairs`.
 */
#ifndef WS_ANALYZE_PAIRS_H
#define WS_ANALYZE_PAIRS_H

#include <stdio.h>

#include "analyze/invocation.h"
#include "analyze/study.h"

/*
 * Prints the pairs of every source in order of their entry, addresses and ports as at the vport: takes them from the
 * study's harvest. Where there are names (ws_study_has_names()) rows have more columns: caller and callee, who they are
 * in full, edge, node, and the vport's point. 0, -ENOMEM, -EIO, or what ws_harvest_next() returns.
 */
int ws_pairs_print(struct ws_study *study, enum ws_format format, FILE *out);

/* Prints the sightings that found no partner, by source and point, in time order. As above. */
int ws_pairs_print_unmatched(struct ws_study *study, enum ws_format format, FILE *out);

#endif
