/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heads - the requests in captured streams of TCP segments, of HTTP/1.x (ingest/http1_stream.h) and HTTP/2
 * (ingest/http2_stream.h), and HTTP/1.x's responses.
 *
 * Each sighting becomes one record, stamped as the frame that carried the request line's first byte; a retransmitted
 * request line is a sighting of its own. So does each frame that is counted as a response, at once.
 */
#ifndef WS_HEADS_H
#define WS_HEADS_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/segments.h"
#include "lib/context.h"
#include "lib/record.h"

struct ws_heads;

/*
 * n_frames: a ledger by ws_reason_slot(), in which each frame given is counted once, and to its final reason no later
 * than ws_heads_finish(). window: contexts of HTTP/2 requests count that end within so many bytes. NULL without memory.
 */
struct ws_heads *ws_heads_new(ws_heads_emit *emit, void *context, uint64_t n_frames[WS_N_REASONS],
			      const struct ws_wanted *wanted, uint32_t window);

/* Takes a segment with payload_len > 0. Returns 0 or -errno. */
int ws_heads_segment(struct ws_heads *h, const struct ws_segment *segment);

/* A SYN: whatever was known of the flow is about an earlier connection. Returns 0 or -errno. */
int ws_heads_restart(struct ws_heads *h, const struct ws_record *frame);

/* No more segments: heads that never ended are emitted as they are. Returns 0 or -errno. */
int ws_heads_finish(struct ws_heads *h);

void ws_heads_free(struct ws_heads *h);

#endif
