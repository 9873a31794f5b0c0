/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http2_framing - the frames of an HTTP/2 connection's client, followed through TCP segments in order: those that carry
 * headers go to the decoder, the others are passed over by their length (RFC 9113 4.1).
 *
 * The ledger counts a segment for the first request that begins in it, else as HTTP/2.
 */
#ifndef WS_HTTP2_FRAMING_H
#define WS_HTTP2_FRAMING_H

#include "ingest/segments.h"

struct ws_http2_framing;

/* Frames from seq on. sightings is borrowed. NULL without memory. */
struct ws_http2_framing *ws_http2_framing_new(struct ws_sightings *sightings, uint32_t seq);

/* The first byte that was neither seen nor given up. */
uint32_t ws_http2_framing_next_seq(const struct ws_http2_framing *f);

/* Does the next byte belong to a frame's payload? */
bool ws_http2_framing_is_in_payload(const struct ws_http2_framing *f);

/* May a segment that begins at seq be taken now, as nothing that may still come before it would make a difference? */
bool ws_http2_framing_is_ready(const struct ws_http2_framing *f, uint32_t seq);

/* Takes a segment that is ready: what is new of it, and the sightings of known requests in the rest. 0 or -errno. */
int ws_http2_framing_segment(struct ws_http2_framing *f, const struct ws_segment *segment);

/* The bytes before seq are not waited for any longer. Returns 0 or -errno. */
int ws_http2_framing_skip(struct ws_http2_framing *f, uint32_t seq);

/* No more segments: a request under way is emitted as undecodable. Returns 0 or -errno. */
int ws_http2_framing_finish(struct ws_http2_framing *f);

/* NULL is nothing. */
void ws_http2_framing_free(struct ws_http2_framing *f);

#endif
