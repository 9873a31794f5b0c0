/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http1_stream - the HTTP/1.x requests in one direction of a connection: heads that span segments are put together,
 * whatever order the segments come in; bodies are skipped by their announced length; pipelined requests are told apart.
 */
#ifndef WS_HTTP1_STREAM_H
#define WS_HTTP1_STREAM_H

#include "ingest/messages.h"
#include "ingest/segments.h"

/* Segments kept because they may continue a head whose beginning is late. */
#define WS_HTTP1_HELD_MAX 16

/* Zero but for sightings: nothing was seen. */
struct ws_http1_stream {
	struct ws_sightings *sightings; /* not owned */
	struct ws_head *heads;		/* that have not ended */
	struct ws_head *last; /* the last one of several segments that has: its first segment may come again alone */
	struct ws_messages messages;
	uint32_t n_held; /* ever; the last WS_HTTP1_HELD_MAX are at n % WS_HTTP1_HELD_MAX */
	uint32_t cap_held;
	struct ws_held *held; /* most streams need none */
};

/* Takes a segment, and sees to it that its frame is counted. Returns 0 or -errno. */
int ws_http1_stream_segment(struct ws_http1_stream *s, const struct ws_segment *segment);

/* The kept segment number i from the oldest one on, i below WS_HTTP1_HELD_MAX; NULL where there is none. */
struct ws_held *ws_http1_stream_held(struct ws_http1_stream *s, uint32_t i);

/* Emits every unfinished head as it is. Returns 0 or -errno; then the rest stay, to be forgotten. */
int ws_http1_stream_flush(struct ws_http1_stream *s);

/* Frees what the stream keeps; it is as new. */
void ws_http1_stream_forget(struct ws_http1_stream *s);

#endif
