/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_judged - of a run in a store, the requests of points where a capture judges the records, as far as their
 * counterparts (counterparts.h) have to be looked for. The servers leave out, each by itself, what record file and
 * capture have once each with the same context and sequence number, and requests without a context that both have once
 * under a sequence number, unless the record leaves it open whether there is one: there is nothing to judge of these.
 */
#ifndef WS_ANALYZE_FAR_JUDGED_H
#define WS_ANALYZE_FAR_JUDGED_H

#include "analyze/far.h"
#include "analyze/roster.h"
#include "analyze/study.h"

struct ws_far_judged {
	uint8_t *list_of_file;	    /* by file: 0: records; 1: the capture that judges them; WS_NO_LIST: neither */
	struct ws_vantage *vantage; /* by file; of a judged point's, node is the index of its capture */
	bool is_sifted;		    /* the far's table request is restricted to what is left; false: to nothing */
	uint64_t n_rows;	    /* of the files with a list, those that matter */
};

/*
 * Restricts the far's table request to rows that matter, and counts these. Where record file and capture know a packet
 * by other addresses, or a point has several record files, all rows of the files with a list matter. 0, -ENOMEM, or
 * what ws_far_sift() says. To be closed with ws_far_judged_close().
 */
int ws_far_judged_open(struct ws_far *far, const struct ws_study *study, const struct ws_roster *roster,
		       struct ws_far_judged *judged, struct ws_error *err);

/* NULL and all-zero are fine. */
void ws_far_judged_close(struct ws_far_judged *judged);

#endif
