/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * record - what a tracing point writes for one HTTP request head that passed it, and why a frame is counted.
 *
 * The same bytes travel from the kernel's ring buffer to the reader of a record file: little-endian, fixed size,
 * no implicit padding. Integers are in host order of the (little-endian) machine that wrote them; addresses and
 * ids are in the order in which they stand on the wire.
 */
#ifndef WS_RECORD_H
#define WS_RECORD_H

#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "records are little-endian and are written as they lie in memory"
#endif

/* The families of tracing context. The value is stored: append only. */
enum ws_family {
	WS_FAMILY_NONE = 0,
	WS_FAMILY_W3C = 1,	  /* traceparent, W3C Trace Context 3.2 */
	WS_FAMILY_B3 = 2,	  /* X-B3-TraceId and friends, B3 multiple headers */
	WS_FAMILY_B3_SINGLE = 3,  /* b3 */
	WS_FAMILY_JAEGER = 4,	  /* uber-trace-id */
	WS_FAMILY_DATADOG = 5,	  /* x-datadog-trace-id, x-datadog-parent-id */
	WS_FAMILY_SKYWALKING = 6, /* sw8 */
	WS_FAMILY_AWS = 7,	  /* X-Amzn-Trace-Id */
	WS_FAMILY_GOOGLE = 8,	  /* X-Cloud-Trace-Context */
	WS_FAMILY_REQUEST_ID = 9, /* x-request-id */
	WS_FAMILY_USER = 12,	  /* the first of the headers that the user named: 12 to 15 */
	WS_MAX_FAMILIES = 16,	  /* counters are laid out for so many */
};

#define WS_USER_HEADERS_MAX 4

/* Why a value was refused; of a head, the first one. Stored: append only. */
enum ws_flaw {
	WS_FLAW_NONE = 0,
	WS_FLAW_LENGTH = 1,    /* too short or too long */
	WS_FLAW_CHARACTER = 2, /* a character that may not stand where it does */
	WS_FLAW_ZERO = 3,      /* an id of nothing but zeros */
	WS_FLAW_VERSION = 4,   /* a version that its standard forbids */
	WS_FLAW_PART = 5,      /* a part is missing */
	WS_N_FLAWS = 6,
};

/*
 * Why a frame is in the ledger: every frame that passes a tracing point has exactly one reason.
 * The value is stored: append only, from WS_REASON_HEAD_CONTINUED on.
 */
enum ws_reason {
	WS_REASON_NOT_IP = 0,	     /* ARP, 802.3 length frames, any other EtherType */
	WS_REASON_NOT_TCP = 1,	     /* IP, and after decapsulation no TCP */
	WS_REASON_FRAGMENT = 2,	     /* an IP fragment, outer or inner: refused */
	WS_REASON_BAD_HEADER = 3,    /* header lengths contradict each other, or lie beyond WS_HEADERS_MAX */
	WS_REASON_FILTERED = 4,	     /* TCP, and no filter of the run selects it */
	WS_REASON_NO_PAYLOAD = 5,    /* SYN, bare ACK, FIN ... */
	WS_REASON_TLS = 6,	     /* payload begins with a TLS record header */
	WS_REASON_OTHER_PAYLOAD = 7, /* bodies, other protocols */
	WS_REASON_HTTP_RESPONSE = 8, /* payload begins with an HTTP/1.x status line */
	WS_REASON_BEYOND_WINDOW = 9, /* request; its head goes on beyond the bytes searched */
	WS_REASON_SPLIT = 10,	     /* request; its head goes on in a later segment that never came */
	WS_REASON_MALFORMED = 11,    /* request; a context header whose value its standard forbids, no valid one */
	WS_REASON_INCOMPLETE = 12,   /* request; only one of trace id and span id */
	WS_REASON_NO_CONTEXT = 13,   /* request; whole head searched, no context header */
	WS_REASON_TRUNCATED = 14,    /* the capture kept too few bytes of the frame to tell (pcap snaplen) */
	WS_REASON_UNREAD = 15,	     /* request; what the tap said of it was lost, as the ring buffer was full */
	WS_REASON_CONTEXT = 16,	     /* request with a context; counted at WS_REASON_CONTEXT + family: 16 to 31 */
	WS_REASON_HEAD_CONTINUED = WS_REASON_CONTEXT + WS_MAX_FAMILIES, /* goes on with a head; no request begins */
	WS_REASON_LOST_SEGMENT = 33, /* request; a segment of its head never passed, later ones did */
	WS_REASON_OUT_OF_ORDER = 34, /* request; segments of its head passed in another order than they were sent */
	WS_REASON_HTTP2 = 35,	     /* HTTP/2 frames none of which begins a request: settings, data ... */
	WS_REASON_UNDECODABLE = 36,  /* HTTP/2 headers that nobody can read: the connection's beginning, or a part of
					it, was not seen */
	WS_N_REASONS = 64,
};

/* Tunnels between the outer frame and the packet that carries the request. Stored: append only. */
enum ws_encap {
	WS_ENCAP_NONE = 0,
	WS_ENCAP_VXLAN = 1,  /* RFC 7348 */
	WS_ENCAP_IPIP = 2,   /* IP protocol 4 or 41 in IPv4 or IPv6: RFC 2003, 4213, 2473 */
	WS_ENCAP_GENEVE = 3, /* RFC 8926 */
	WS_ENCAP_GRE = 4,    /* RFC 2784, 2890; NVGRE's Ethernet too */
	WS_N_ENCAPS = 5,
};

/* Where the kernel says that the frame was going, seen from the interface. */
enum ws_direction {
	WS_DIRECTION_UNKNOWN = 0, /* a packet capture without that knowledge */
	WS_DIRECTION_IN = 1,	  /* received by the interface */
	WS_DIRECTION_OUT = 2,	  /* sent by the interface (PACKET_OUTGOING) */
};

/* The sampling decision that travels with the context. */
enum ws_sampled {
	WS_SAMPLED_UNKNOWN = 0, /* left to the receiver, or not within the bytes read */
	WS_SAMPLED_NO = 1,
	WS_SAMPLED_YES = 2,
};

/* Bits of ws_record.flags. */
enum ws_record_flag {
	WS_FLAG_TRACE_ID_64 = 1,    /* the trace id came as 16 hex digits: the first 8 bytes of trace_id are padding */
	WS_FLAG_LATER_IN_FRAME = 2, /* pipelining: the ledger counts its frame for what came before it in there */
	WS_FLAG_HASHED_ID = 4,	    /* trace_id is the XXH3-128 of a trace id that is no number of 128 bits (as sent,
				       or for SkyWalking, decoded), in the byte order that xxhsum prints */
	WS_FLAG_TRACESTATE = 8,	    /* a tracestate header was there */
	WS_FLAG_GRPC = 16,	    /* content-type: application/grpc */
	WS_FLAG_CROWDED = 32,	    /* more context headers than there is room to note: some were not read */
};

#define WS_RECORD_VERSION 3

/*
 * One HTTP request head seen at one tracing point; or, with the reason WS_REASON_HTTP_RESPONSE, the first frame of a
 * response, which has no context: its seq is that of the status line's first byte. Offsets count from the request
 * line's first byte; of HTTP/2, from the first byte of the HEADERS frame, which stands for the request line everywhere,
 * and a field's place is that of its compressed form.
 */
struct ws_record {
	uint64_t ts_ns;		   /* kernel: CLOCK_MONOTONIC at the tap; from a pcap: CLOCK_REALTIME of its stamp */
	uint8_t trace_id[16];	   /* zero without a context */
	uint8_t span_id[8];	   /* zero without a context */
	uint8_t parent_span_id[8]; /* zero when the context names none */
	uint8_t saddr[16];	   /* inner source; IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2) */
	uint8_t daddr[16];	   /* inner destination, likewise */
	uint8_t outer_saddr[16];   /* tunnel source; zero without a tunnel */
	uint8_t outer_daddr[16];   /* tunnel destination; zero without a tunnel */
	uint32_t seq;		   /* TCP sequence number of the request line's first byte */
	uint32_t vni;		   /* VXLAN or Geneve network identifier; GRE: the key; else 0 */
	uint32_t frame_len;	   /* bytes of the frame on the wire, link header included */
	uint32_t payload_len;	   /* TCP payload bytes of the frame that holds the request line */
	uint32_t req_off;	   /* payload byte at which the request line begins */
	uint32_t ctx_off;	   /* first byte of the first header line of the context */
	uint32_t ctx_len;	   /* from there to the end of the last of its trace, span and parent span ids */
	uint32_t ids_end_off;	   /* one past the last byte of trace id and span id: found within N if <= N */
	uint32_t searched_len;	   /* bytes of the head searched: to its end, or the window's */
	uint16_t sport;		   /* inner TCP ports */
	uint16_t dport;
	uint16_t vlan;		  /* outermost 802.1Q tag control information; 0 without a tag */
	uint16_t n_segments;	  /* TCP segments that the search crossed */
	uint8_t point;		  /* index of the tracing point in its run */
	uint8_t direction;	  /* enum ws_direction */
	uint8_t ip_version;	  /* inner: 4 or 6 */
	uint8_t outer_ip_version; /* 4, 6, or 0 without a tunnel */
	uint8_t encap;		  /* enum ws_encap, of the outermost tunnel */
	uint8_t tcp_flags;	  /* CWR ECE URG ACK PSH RST SYN FIN, as in byte 13 of the TCP header */
	uint8_t reason;		  /* enum ws_reason: WS_REASON_CONTEXT, or why none was found */
	uint8_t family;		  /* enum ws_family: of the context that is noted here, and joined by */
	uint8_t sampled;	  /* enum ws_sampled */
	uint8_t flags;		  /* enum ws_record_flag */
	uint8_t flaw;		  /* enum ws_flaw: of the first context header whose value was refused */
	uint8_t http_version;	  /* 1 or 2 */
	uint64_t done_ts_ns;  /* when the last of the frames up to the end of the ids had passed; 0 without a context */
	uint32_t stream_id;   /* HTTP/2 stream; 0 for HTTP/1.x */
	uint16_t families;    /* bit f: a complete context of family f is in the head */
	uint16_t malformed;   /* bit f: a header of family f whose value was refused is in the head */
	uint16_t ctx_segment; /* segment of the head, from 1, that holds the context's first byte */
	uint16_t ids_end_segment; /* the one that holds the last byte of its trace id and span id */
	uint32_t ack;		  /* response: TCP acknowledgment number, one past the request's last byte; else 0 */
	uint16_t status;	  /* response: HTTP status code; else 0 */
	uint8_t zero[6];	  /* always 0 */
};

_Static_assert(sizeof(struct ws_record) == 192, "the record's size is part of its format");

/* The place of a (reason, family) in an array of WS_N_REASONS frame counters. */
static inline uint32_t ws_reason_slot(uint8_t reason, uint8_t family)
{
	return reason == WS_REASON_CONTEXT ? WS_REASON_CONTEXT + (family & (WS_MAX_FAMILIES - 1))
					   : reason & (WS_N_REASONS - 1);
}

/* Does the ledger's slot count frames in which a request begins? */
static inline int ws_slot_is_request(uint32_t slot)
{
	return (slot >= WS_REASON_BEYOND_WINDOW && slot < WS_REASON_HEAD_CONTINUED) || slot == WS_REASON_LOST_SEGMENT ||
	       slot == WS_REASON_OUT_OF_ORDER;
}

/* Does it count those of requests with a context? */
static inline int ws_slot_is_context(uint32_t slot)
{
	return slot > WS_REASON_CONTEXT && slot < WS_REASON_HEAD_CONTINUED;
}

#endif
