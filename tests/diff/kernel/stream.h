/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream - client to server of a connection: the bytes of its requests, and the segments in which they pass, in the
 * order in which they do: cut anywhere, repeated, overlapping, late, or not at all.
 */
#ifndef WS_TEST_STREAM_H
#define WS_TEST_STREAM_H

#include "tests/diff/kernel/reference.h"
#include "tests/diff/kernel/request.h"
#include "tests/diff/kernel/carrier.h"

#define STREAM_BYTES_MAX    (160u << 10)
#define STREAM_REQUESTS_MAX 24
#define STREAM_SEGMENTS_MAX 3000

enum stream_story {
	STREAM_IN_ORDER,
	STREAM_ONE_BYTE,      /* in order, a byte a segment */
	STREAM_REPEATS_FIRST, /* the segment in which a request begins comes again */
	STREAM_REPEATS_OTHER,
	STREAM_REPEATS_ALL,
	STREAM_REPEATS_LONGER, /* the first segment of a head again, with more in it */
	STREAM_OVERLAPS,
	STREAM_GAP,	   /* a segment of a head never passes */
	STREAM_LATE,	   /* a later segment of a head overtakes an earlier one */
	STREAM_LATE_FIRST, /* the second segment of a head overtakes its first */
	STREAM_BREAKS_OFF, /* ends in a head */
	STREAM_NOT_HTTP,
	STREAM_ANSWERS, /* server to client */
	STREAM_N_STORIES,
};

struct stream_segment {
	uint32_t from; /* bytes of the stream: none if equal */
	uint32_t to;
	uint8_t tcp_flags;
	uint8_t is_repeat; /* none of it is new */
};

struct stream {
	enum stream_story story;
	struct carrier carrier;
	uint32_t window;
	uint32_t isn;	/* sequence number of its first byte */
	uint8_t *bytes; /* STREAM_BYTES_MAX, owned */
	uint32_t len;
	struct request request[STREAM_REQUESTS_MAX];
	struct reference reference[STREAM_REQUESTS_MAX]; /* of the whole heads */
	uint32_t n_requests;
	struct stream_segment segment[STREAM_SEGMENTS_MAX];
	uint32_t n_segments;
};

/* What a stream may be like. */
struct stream_limits {
	uint32_t window;
	const struct ws_wanted *wanted;
};

/* Makes a stream of a story. carrier and bytes are the caller's to set. */
void stream_make(struct dice *d, const struct stream_limits *limits, enum stream_story story, struct stream *s);

/* The acknowledgment number of a segment. */
static inline uint32_t stream_ack(const struct stream *s, uint32_t segment)
{
	return s->isn ^ (segment + 1) * 0x9e3779b1u;
}

/* Puts a segment without payload (SYN, FIN, RST) before segment number at. */
void stream_put_bare(struct stream *s, uint32_t at, uint8_t tcp_flags);

#endif
