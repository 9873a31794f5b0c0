/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sighting - one request head seen at one point by one source: what analyze keeps of a row of table request.
 */
#ifndef WS_ANALYZE_SIGHTING_H
#define WS_ANALYZE_SIGHTING_H

#include <stdint.h>

/*
 * What makes two sightings the same packet, wherever they were seen: NAT may change addresses between the points, TCP
 * sequence and context do not change. Compared as bytes: no padding, unused bytes are zero.
 */
struct ws_identity {
	uint8_t trace_id[16]; /* as on the wire; of 8 bytes, if so many were sent, the first 8 */
	uint8_t span_id[8];
	uint32_t seq;	       /* TCP sequence number of the request line's first byte */
	uint32_t trace_id_len; /* 16, 8, or 0 without a context */
};

_Static_assert(sizeof(struct ws_identity) == 32, "an identity has no padding");

/* ids_end_off of a sighting without a context. */
#define WS_NEVER UINT32_MAX

struct ws_sighting {
	struct ws_identity identity;
	int64_t ts_ns;	      /* CLOCK_MONOTONIC (ebpf) or CLOCK_REALTIME (pcap) */
	uint32_t tuple;	      /* index of the inner addresses and ports in struct ws_tuples */
	uint32_t payload_len; /* of the frame that carried the request line's first byte */
	uint32_t ids_end_off; /* bytes to search to find the context: found within N if <= N */
	uint16_t n_segments;  /* TCP segments that the search crossed */
	uint8_t direction;    /* enum ws_direction (lib/record.h) */
	uint8_t reason;	      /* enum ws_reason */
};

/* The sightings of one file, in time order, equal stamps in order of request_id. Owned by who holds it. */
struct ws_sightings {
	struct ws_sighting *at;
	uint32_t n;
	uint32_t room;
};

#endif
