/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_matches - of the requests that a capture has to judge (far_judged.h), counterparts counted where the rows lie:
 * those that are alike together. Servers hand rows to the one that was reached, as a record without a context and the
 * captured request with one need not lie at the same; what comes from there are counts.
 */
#ifndef WS_ANALYZE_FAR_MATCHES_H
#define WS_ANALYZE_FAR_MATCHES_H

#include "analyze/far_judged.h"
#include "analyze/harvest.h"
#include "analyze/numbers.h"

struct ws_far_matching {
	struct ws_far *far; /* restricted to the rows that matter */
	const struct ws_study *study;
	const struct ws_roster *roster;
	const struct ws_far_judged *judged;
	const struct ws_numbers *changes; /* moments at which names change: far_alike.h */
	const char *family;		  /* NULL: all; else contexts of others become WS_REASON_OTHER_FAMILY */
};

/*
 * Tells take of all counterparts but those of crowded sequence numbers, which a file has more than once at its point:
 * these are listed, ascending, as point << 32 | sequence number (crowded: zeroed; *n_rows: their rows), to be freed.
 * 0, what take returns, -EPROTO: the store has changed meanwhile, or a row is of a flow that is not there; -ENOMEM;
 * what the client says.
 */
int ws_far_matches(const struct ws_far_matching *matching, ws_harvest_take_match take, void *context,
		   struct ws_numbers *crowded, uint64_t *n_rows, struct ws_error *err);

/* Is the number in the list? */
bool ws_far_is_crowded(const struct ws_numbers *crowded, uint64_t number);

#endif
