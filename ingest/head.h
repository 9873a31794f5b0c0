/* SPDX-License-Identifier: BSD-2-Clause */
/* head - one request head that is put together from the TCP segments that carry it. */
#ifndef WS_HEAD_H
#define WS_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/search.h"

#define WS_HEAD_SEGMENTS_MAX 256

/* What heads are searched for. */
struct ws_head_reader {
	struct ws_wanted wanted;
	struct ws_names names; /* of wanted: ws_names_make() */
};

/* A sighting under way: decided when the head has ended. */
struct ws_head {
	struct ws_head *next;
	struct ws_record record;
	uint32_t next_seq; /* of the byte that must come next */
	uint32_t len;
	uint32_t cap;
	uint32_t n_segments;
	uint8_t *bytes;
	bool is_bare; /* after a search: there is no more than what may be a method */
	/* of each segment: not set beyond n_segments */
	uint32_t segment_end[WS_HEAD_SEGMENTS_MAX];   /* offset in bytes behind it */
	uint64_t segment_ts_ns[WS_HEAD_SEGMENTS_MAX]; /* its stamp */
};

/* Sequence numbers are compared modulo 2^32 (RFC 9293 3.4): is a before b? */
static inline bool ws_seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* A head without bytes; NULL without memory. The caller frees it. */
struct ws_head *ws_head_new(void);

/* Adds the bytes of a segment stamped ts_ns. Returns 0, -ENOMEM, or -EMSGSIZE if the head is too long to be one. */
int ws_head_append(struct ws_head *d, uint64_t ts_ns, const uint8_t *bytes, uint32_t len);

/* Adds the part of a segment that continues the head, if it does. Returns 1 if it did, 0 if not, or -errno. */
int ws_head_continue(struct ws_head *d, uint64_t ts_ns, uint32_t seq, const uint8_t *bytes, uint32_t len);

/* Searches what there is of the head, and writes the answer into its record. */
void ws_head_search(struct ws_head *d, const struct ws_head_reader *reader);

/* NULL is nothing. */
void ws_head_free(struct ws_head *d);

#endif
