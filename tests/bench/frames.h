/* SPDX-License-Identifier: BSD-2-Clause */
/* frames - the frames that the benchmarks measure with: TCP segments in three wrappings, and HTTP requests. */
#ifndef WS_BENCH_FRAMES_H
#define WS_BENCH_FRAMES_H

#include <stdint.h>

#define FRAME_MAX	 32768
#define FRAME_VXLAN_PORT 4789

enum frame_wrap {
	FRAME_PLAIN,
	FRAME_VXLAN,
	FRAME_IPIP,
};

enum frame_context {
	FRAME_NO_CONTEXT,
	FRAME_B3, /* four headers: trace id, span id, parent span id, sampled */
	FRAME_W3C,
};

/*
 * A TCP segment with a timestamp option (header of 32 bytes). The source of stream n is host 1 unless it is_answer;
 * where it is_reversed, host 1 is the server.
 */
struct frame_segment {
	uint32_t seq;
	uint32_t ack;
	uint32_t payload_len;
	const uint8_t *payload;
	uint16_t stream;
	uint8_t is_answer;
	uint8_t is_reversed;
	uint8_t tcp_flags;
};

/* Bytes in front of the TCP payload in this wrapping. */
uint32_t frame_headers_len(enum frame_wrap wrap);

/* Writes a frame to `to` (FRAME_MAX bytes). Returns its length. */
uint32_t frame_tcp(uint8_t *to, enum frame_wrap wrap, const struct frame_segment *segment);

/* The same, of UDP to a port that is no tunnel's. */
uint32_t frame_udp(uint8_t *to, uint32_t payload_len);

uint32_t frame_arp(uint8_t *to);

/*
 * Writes the head of a GET request of len bytes: request line, header lines of 23 to 107 bytes (61 on the average), the
 * context at the first byte of a line at off (or right behind the request line), more lines. ids: 32 + 16 + 16 hex
 * digits of trace, span and parent span id. Returns its length, at least len.
 */
uint32_t frame_request(uint8_t *to, enum frame_context context, uint32_t off, uint32_t len, const char ids[64]);

#endif
