/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sighting - one request head seen at one point by one source: what analyze keeps of a row of table request.
 */
#ifndef WS_ANALYZE_SIGHTING_H
#define WS_ANALYZE_SIGHTING_H

#include <stdint.h>
#include <string.h>

#include "lib/record.h"

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

/* Where a trace id that is a UUID has its version, and which bits it is. */
#define WS_ID_VERSION_BYTE 6
#define WS_ID_VERSION_MASK 0xf0

/*
 * Leaves out of an identity what may differ between two points although the packet is the same: the upper half of a
 * Datadog trace id, which may not have been seen; the version of an x-request-id's UUID, which proxies write anew.
 */
static inline void ws_identity_settle(struct ws_identity *identity, uint8_t family)
{
	if (family == WS_FAMILY_DATADOG && identity->trace_id_len == 16) {
		memmove(identity->trace_id, identity->trace_id + 8, 8);
		memset(identity->trace_id + 8, 0, 8);
		identity->trace_id_len = 8;
	}
	if (family == WS_FAMILY_REQUEST_ID)
		identity->trace_id[WS_ID_VERSION_BYTE] &= (uint8_t)~WS_ID_VERSION_MASK;
}

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
	uint8_t reason;	      /* enum ws_reason, or WS_REASON_OTHER_FAMILY */
	uint8_t family;	      /* enum ws_family; 0 without a context */
	uint16_t file;	      /* index in the catalog: where it was seen */
};

/* In memory only: a context of another family than the one that was asked for. Not looked at, and no open question. */
#define WS_REASON_OTHER_FAMILY UINT8_MAX

/*
 * What the join does not need to know of a sighting: where its context is, and what else its head holds. Offsets and
 * segments are 0 without a context.
 */
struct ws_place {
	uint32_t ctx_off; /* first byte of the context's first header line, from the request line's first byte */
	uint32_t ctx_len; /* from there to the end of the last id */
	uint32_t searched_len;
	uint32_t stream_id;	  /* HTTP/2; 0 for HTTP/1.x */
	uint16_t ctx_segment;	  /* segment of the head, from 1, that holds the context's first byte */
	uint16_t ids_end_segment; /* the one that holds the last byte of its ids */
	uint16_t families;	  /* bit f: a complete context of family f is in the head */
	uint16_t malformed;	  /* bit f: a header of family f whose value was refused */
	uint8_t flaw;		  /* enum ws_flaw, of the first one */
	uint8_t flags;		  /* enum ws_record_flag */
	uint8_t http_version;	  /* 1 or 2 */
	uint8_t id_version;	  /* what the identity's trace id leaves out: see collector.h */
};

/* Sightings of one file, in an order that who holds them tells. */
struct ws_sightings {
	struct ws_sighting *at;
	struct ws_place *place; /* one a sighting */
	uint32_t n;
	uint32_t room;
	uint64_t *n_alike; /* one a sighting: requests that it stands for; NULL: each for itself */
	uint64_t *digest;  /* one a sighting: of its identity, of which only the sequence number is kept; or NULL */
};

#endif
