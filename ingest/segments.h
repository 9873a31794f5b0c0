/* SPDX-License-Identifier: BSD-2-Clause */
/* segments - captured TCP segments: as they come, kept for later, and what becomes of them. */
#ifndef WS_SEGMENTS_H
#define WS_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/head.h"
#include "lib/record.h"

/* A frame's TCP payload. The record holds the frame's stamp, addresses, ports, seq of payload[0], lengths and flags. */
struct ws_segment {
	const struct ws_record *frame;
	const uint8_t *payload;
	uint32_t captured_len; /* bytes of payload at hand; less than frame->payload_len if the capture cut the frame */
	uint32_t ack;	       /* the TCP header's acknowledgment number */
};

/* Takes a finished record. Returns 0, or -errno to stop. */
typedef int ws_heads_emit(void *context, const struct ws_record *record);

/* What all streams of a capture share. */
struct ws_sightings {
	ws_heads_emit *emit;
	void *context;
	uint64_t *n_frames; /* the ledger, by ws_reason_slot(): each segment is counted once */
	struct ws_head_reader reader;
	uint32_t window;
	uint64_t held_bytes; /* of all kept segments and heads */
};

/* Bytes kept in all. */
#define WS_HELD_BYTES_MAX (64u << 20)

/* A kept segment. */
struct ws_held {
	struct ws_record frame;
	uint32_t len; /* captured bytes */
	uint32_t ack;
	uint32_t slot;	/* where the ledger counts its frame, if it does already */
	uint8_t *bytes; /* NULL: none is kept here */
};

/* Keeps a copy where there is none. Returns 0; -ENOBUFS, and keeps none, where there is no room; -ENOMEM. */
int ws_held_keep(struct ws_held *held, struct ws_sightings *sightings, const struct ws_segment *segment, uint32_t slot);

/* The kept segment, valid as long as it is kept. */
struct ws_segment ws_held_segment(const struct ws_held *held);

/* Where none is kept, nothing is done. */
void ws_held_drop(struct ws_held *held, struct ws_sightings *sightings);

#endif
