/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk_told - the part of a join in bulk that a store has made (far_sift.h): between its first pass, made there, and
 * the passes over what is left, made here. For bulk alone.
 */
#ifndef WS_ANALYZE_BULK_TOLD_H
#define WS_ANALYZE_BULK_TOLD_H

#include "analyze/bulk_inner.h"

/*
 * Asks the store that the run is in, if it is in one, and lets it show from now on only the rows that are left. *told
 * NULL: it is in none, somebody wants to be told of single rows, or its answer is of no use: every row is to be read.
 * family: by file, or NULL. 0, -EAGAIN as ws_bulk_join(), or what ws_far_sift() and ws_roster_open() say. To be closed
 * with ws_bulk_told_close().
 */
int ws_bulk_told_open(struct ws_bulk *bulk, struct ws_store *store, const uint8_t *family, struct ws_bulk_told **told,
		      struct ws_error *err);

/* Pairs of a source that were told. */
uint64_t ws_bulk_told_pairs(const struct ws_bulk_told *told, enum ws_source source);

/* Once all that is left is read: are told and read together all rows? 0, or -EPROTO with words. */
int ws_bulk_told_check(const struct ws_bulk *bulk, const struct ws_store *store, struct ws_error *err);

/* Hands over votes, counts, latencies and agreement, to the first worker and the heaps. 0 or -ENOMEM. */
int ws_bulk_told_take(struct ws_bulk *bulk, struct ws_bulk_told *told);

/* NULL is fine. */
void ws_bulk_told_close(struct ws_bulk_told *told);

#endif
