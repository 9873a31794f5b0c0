/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk - joins a run of any size in bounded memory: what is kept of it are counts, latencies and agreement.
 *
 * Sightings are read onto trays (trays.h), all of a packet onto one. A first pass over the trays pairs what was
 * seen once at each side, and lets it vote on the direction of its flow; what remains goes onto trays again, and a
 * second pass joins it as ws_join_open() does, when all votes and all requests without a context are known. With both
 * sources to compare, the first pass only votes, and the second one joins everything.
 *
 * Memory: the limit for sightings; 8 bytes a pair, 8 a request without a context, 8 a packet that both sources paired;
 * addresses and ports. Both passes share the trays out among the processors; the result does not depend on
 * how many there are, nor on the limit.
 */
#ifndef WS_ANALYZE_BULK_H
#define WS_ANALYZE_BULK_H

#include "analyze/store.h"
#include "analyze/study.h"

struct ws_bulk_wish {
	bool latencies;	       /* and agreement; else counts only */
	uint64_t memory_bytes; /* for sightings */
	const char *family;    /* NULL: all */
};

/*
 * Joins the sources of a study whose files are found: reads the files that are flagged in read, fills in tuples and
 * each view's join (counts only), latencies, and agreement. 0, or what ws_collect_rows() says, -ENOMEM, or
 * what the temporary file says.
 */
int ws_bulk_join(struct ws_study *study, struct ws_store *store, const bool *read, const struct ws_bulk_wish *wish,
		 struct ws_error *err);

#endif
