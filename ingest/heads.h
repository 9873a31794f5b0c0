/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heads - the request heads in a captured stream of TCP segments: heads that span segments are put together, whatever
 * order the segments come in; bodies are skipped by their announced length; pipelined requests are told apart.
 *
 * Each sighting becomes one record, stamped as the frame that carried the request line's first byte; a retransmitted
 * request line is a sighting of its own.
 */
#ifndef WS_HEADS_H
#define WS_HEADS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/record.h"

struct ws_heads;

/* Takes a finished record. Returns 0, or -errno to stop. */
typedef int ws_heads_emit(void *context, const struct ws_record *record);

/* A frame's TCP payload. The record holds the frame's stamp, addresses, ports, seq of payload[0], lengths and flags. */
struct ws_segment {
	const struct ws_record *frame;
	const uint8_t *payload;
	uint32_t captured_len; /* bytes of payload at hand; less than frame->payload_len if the capture cut the frame */
};

/* n_frames: a ledger by ws_reason_slot(), in which each frame given is counted once. NULL without memory. */
struct ws_heads *ws_heads_new(ws_heads_emit *emit, void *context, uint64_t n_frames[WS_N_REASONS]);

/* Takes a segment with payload_len > 0. Returns 0 or -errno. */
int ws_heads_segment(struct ws_heads *h, const struct ws_segment *segment);

/* A SYN: whatever was known of the flow is about an earlier connection. Returns 0 or -errno. */
int ws_heads_restart(struct ws_heads *h, const struct ws_record *frame);

/* No more segments: heads that never ended are emitted as they are. Returns 0 or -errno. */
int ws_heads_finish(struct ws_heads *h);

void ws_heads_free(struct ws_heads *h);

#endif
