/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk_pairs - the pairs of a join in bulk that a store has made and tells one by one (far_sift.h), as somebody wants
 * to be told of them: as if they were made here. For bulk_told alone.
 */
#ifndef WS_ANALYZE_BULK_PAIRS_H
#define WS_ANALYZE_BULK_PAIRS_H

#include "analyze/bulk_inner.h"
#include "analyze/far_sift.h"
#include "analyze/roster.h"

struct ws_bulk_pairs;

/* bulk and roster, of which all flows are known, have to outlive it. 0 or -ENOMEM. To be closed with
 * ws_bulk_pairs_close(). */
int ws_bulk_pairs_open(const struct ws_bulk *bulk, const struct ws_roster *roster, struct ws_bulk_pairs **pairs);

/*
 * Takes a pair of each source, and tells the sink. 0; -EAGAIN: both sources paired a packet, with other addresses: only
 * the rows themselves tell more, and the sink has to begin anew; -EPROTO: of a flow that is not there; -ENOMEM,
 * -EOVERFLOW, or what the sink says.
 */
int ws_bulk_pairs_take(struct ws_bulk_pairs *pairs, const struct ws_far_pair *pair);

/* Pairs of a source that were taken. */
uint64_t ws_bulk_pairs_n(const struct ws_bulk_pairs *pairs, enum ws_source source);

/* Hands over votes, counts, latencies and agreement, to the first worker and the heaps. */
int ws_bulk_pairs_hand_over(struct ws_bulk_pairs *pairs, struct ws_bulk *bulk);

/* NULL is fine. */
void ws_bulk_pairs_close(struct ws_bulk_pairs *pairs);

#endif
