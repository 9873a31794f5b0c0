/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expectation - what an observer of segments must say of the requests in them: from what is known of the streams, not
 * from what anything has read.
 */
#ifndef WS_TEST_EXPECTATION_H
#define WS_TEST_EXPECTATION_H

#include "tests/diff/kernel/stream.h"

/* Later segments of a head count as the last of them: capture/assembly.c. */
#define EXPECTATION_SEGMENTS_MAX 128
#define EXPECTATION_MAX		 1024

/* A frame that passed. */
struct passed {
	const struct stream *stream;
	uint32_t segment;
	uint32_t frame_len;
	uint64_t ts_ns;	  /* of its messages; 0: there was none */
	int32_t sighting; /* the first that begins in it; -1: none */
	uint8_t slot;	  /* without a sighting */
	uint8_t is_open;  /* slot may as well be OTHER_PAYLOAD */
};

/* A request line that passed. */
struct sighting {
	const struct stream *stream;
	uint32_t request;
	uint32_t frame[EXPECTATION_SEGMENTS_MAX]; /* that carried its segments: numbers of passed */
	uint32_t end[EXPECTATION_SEGMENTS_MAX];	  /* byte of the stream behind each */
	uint32_t n;
	bool is_later; /* than another one in its frame */
	bool is_done;
	bool has_gap;
	bool is_out_of_order;
};

struct expectation {
	struct sighting sighting[EXPECTATION_MAX];
	uint32_t n_sightings;
};

/* Takes the next frame: number n of all. */
void expectation_take(struct expectation *e, struct passed *frame, uint32_t n);

/* What must be recorded of a sighting. Returns whether anything is. */
bool expectation_record(const struct sighting *g, const struct passed *frames, const struct ws_wanted *wanted,
			uint32_t window, struct ws_record *want);

#endif
