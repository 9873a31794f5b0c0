/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http2 - requests out of the header blocks of HTTP/2 connections (RFC 9113 4, 6.2, 6.10; RFC 7541 by libnghttp2's
 * inflater), gRPC included. One decoder is one direction, client to server, of one connection.
 */
#ifndef WS_HTTP2_H
#define WS_HTTP2_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/context.h"
#include "lib/record.h"

struct ws_http2;

/* Takes a finished record. Returns 0, or -errno to stop. */
typedef int ws_http2_emit(void *context, const struct ws_record *record);

/*
 * A decoder for a connection whose preface was seen. wanted is borrowed; window: ids count that end within so many
 * bytes of the HEADERS frame's first byte. NULL without memory.
 */
struct ws_http2 *ws_http2_new(const struct ws_wanted *wanted, uint32_t window);

/*
 * Takes a piece of a HEADERS or CONTINUATION frame; pieces come in order, other frames are left out by the caller.
 *
 * frame      the TCP segment that carried it: stamp, addresses, ports, lengths, TCP flags, and as seq that of its
 *            payload's first byte; what records say of requests is zero. Stamp, seq and payload_len tell segments apart
 * seq        sequence number of bytes[0]
 * frame_off  offset of bytes[0] in the HTTP/2 frame: 0 where it begins with the 9 bytes of the frame's header
 *
 * A request whose header block is complete is emitted as a record, stamped as the segment that carried the HEADERS
 * frame's first byte. Trailers are read, for the compression's sake, and not emitted. Returns 0 or -errno; bytes that
 * are no HTTP/2, or cannot be decompressed, are no failure: they make the connection undecodable.
 */
int ws_http2_piece(struct ws_http2 *h, const struct ws_record *frame, uint32_t seq, uint32_t frame_off,
		   const uint8_t *bytes, uint32_t len, ws_http2_emit *emit, void *context);

/*
 * A part of the stream was not seen: what is under way, and every request from here on, cannot be decoded; each HEADERS
 * frame that opens a stream is emitted with WS_REASON_UNDECODABLE. Returns 0 or -errno.
 */
int ws_http2_lost(struct ws_http2 *h, ws_http2_emit *emit, void *context);

bool ws_http2_is_undecodable(const struct ws_http2 *h);

/* NULL is nothing. */
void ws_http2_free(struct ws_http2 *h);

#endif
