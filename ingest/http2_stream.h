/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http2_stream - the client's direction of an HTTP/2 connection in a capture: recognised by its preface, its segments
 * put in order, its header frames cut out for the decoder (lib/http2.h).
 *
 * A segment that comes again is a sighting of its own of the requests that begin in it, as far back as they are
 * remembered, and is not decoded again.
 */
#ifndef WS_HTTP2_STREAM_H
#define WS_HTTP2_STREAM_H

#include "ingest/segments.h"

struct ws_http2_stream;

enum ws_http2_verdict {
	WS_HTTP2_UNDECIDED, /* a part of the preface is still to come */
	WS_HTTP2_YES,
	WS_HTTP2_NO,
};

/* Does the segment begin as the preface does, or end in the middle of it? */
bool ws_http2_stream_may_begin(const struct ws_segment *segment);

/* A stream that begins at seq. sightings is borrowed. NULL without memory. */
struct ws_http2_stream *ws_http2_stream_new(struct ws_sightings *sightings, uint32_t seq);

/*
 * Takes a segment, and sees to it that its frame is counted. Returns 0 or -errno. A segment that shows that this is no
 * HTTP/2 is not taken, but left to the caller, as are the earlier ones: see ws_http2_stream_held().
 */
int ws_http2_stream_segment(struct ws_http2_stream *s, const struct ws_segment *segment);

enum ws_http2_verdict ws_http2_stream_verdict(const struct ws_http2_stream *s);

/* Of a stream that is not, or not yet, known to be HTTP/2: the segments taken so far, none of them counted. */
const struct ws_held *ws_http2_stream_held(const struct ws_http2_stream *s, uint32_t *n);

/* Does the segment begin another connection of the same addresses? */
bool ws_http2_stream_is_over(const struct ws_http2_stream *s, const struct ws_segment *segment);

/* No more segments: what waits for others is emitted and counted as it is. Returns 0 or -errno. */
int ws_http2_stream_finish(struct ws_http2_stream *s);

/* NULL is nothing. */
void ws_http2_stream_free(struct ws_http2_stream *s);

#endif
