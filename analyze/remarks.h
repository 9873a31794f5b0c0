/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remarks - what is told of requests beside the contexts that count: why none was found, which families were in the
 * heads, which values were refused.
 */
#ifndef WS_ANALYZE_REMARKS_H
#define WS_ANALYZE_REMARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/record.h"

/* Requests that the capture of the same point saw, and of which there is no record at all. Beside enum ws_reason. */
#define WS_REASON_NO_RECORD (UINT8_MAX - 1)
#define WS_N_MISSES	    256

/* Requests in which no context was found for one reason. */
struct ws_miss {
	uint64_t n;		 /* of WS_REASON_UNREAD: those, too, of which nothing else is known */
	uint64_t n_with_context; /* of these, as the capture of the same point knows */
};

/* One family's headers. */
struct ws_family_remark {
	char *name;
	uint64_t n_noted;		  /* heads with a complete context of it */
	uint64_t n_used;		  /* heads whose context that counts is of it */
	uint64_t n_malformed[WS_N_FLAWS]; /* heads with a refused value of it, by the first flaw of the head */
};

/* Zeroed: nothing to tell. */
struct ws_remarks {
	bool is_judged;			  /* a capture of the same point says which of the misses have a context */
	struct ws_miss miss[WS_N_MISSES]; /* by enum ws_reason */
	struct ws_family_remark *family;  /* in the order in which they were added */
	uint32_t n_families;
};

/* The remark on the family of that name, which is added if it is new. NULL: out of memory. */
struct ws_family_remark *ws_remarks_family(struct ws_remarks *remarks, const char *name);

/* Adds all of another's. 0 or -ENOMEM. */
int ws_remarks_append(struct ws_remarks *remarks, const struct ws_remarks *more);

/* NULL and all-zero are fine. */
void ws_remarks_close(struct ws_remarks *remarks);

/*
 * The name of a reason for which no context was found: that of the ledger, "no_record", "other_family" (one that was
 * not asked for). NULL: it is none.
 */
const char *ws_miss_name(uint8_t reason);

#endif
