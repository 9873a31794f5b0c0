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
	WS_FAMILY_W3C = 1, /* traceparent, W3C Trace Context 3.2 */
	WS_FAMILY_B3 = 2,  /* X-B3-TraceId and friends, B3 multiple headers */
	WS_N_FAMILIES = 3,
	WS_MAX_FAMILIES = 16, /* counters are laid out for so many */
};

/*
 * Why a frame is in the ledger: every frame that passes a tracing point has exactly one reason.
 * The value is stored: append only, below WS_REASON_CONTEXT.
 */
enum ws_reason {
	WS_REASON_NOT_IP = 0,	     /* ARP, 802.3 length frames, any other EtherType */
	WS_REASON_NOT_TCP = 1,	     /* IP, and after decapsulation no TCP */
	WS_REASON_FRAGMENT = 2,	     /* an IP fragment, outer or inner: refused */
	WS_REASON_BAD_HEADER = 3,    /* header lengths contradict each other, or lie beyond WS_HEADERS_MAX */
	WS_REASON_FILTERED = 4,	     /* TCP, and no filter of the run selects it */
	WS_REASON_NO_PAYLOAD = 5,    /* SYN, bare ACK, FIN ... */
	WS_REASON_TLS = 6,	     /* payload begins with a TLS record header */
	WS_REASON_OTHER_PAYLOAD = 7, /* bodies, later segments of a head, other protocols */
	WS_REASON_HTTP_RESPONSE = 8, /* payload begins with an HTTP/1.x status line */
	WS_REASON_BEYOND_WINDOW = 9, /* request; its head goes on beyond the bytes searched */
	WS_REASON_SPLIT = 10,	     /* request; its head goes on in a later segment that was not searched */
	WS_REASON_MALFORMED = 11,    /* request; a context header whose value its standard forbids, no valid one */
	WS_REASON_INCOMPLETE = 12,   /* request; only one of trace id and span id */
	WS_REASON_NO_CONTEXT = 13,   /* request; whole head searched, no context header */
	WS_REASON_TRUNCATED = 14,    /* the capture kept too few bytes of the frame to tell (pcap snaplen) */
	WS_REASON_CONTEXT = 16,	     /* request with a context; counted at WS_REASON_CONTEXT + family */
	WS_N_REASONS = WS_REASON_CONTEXT + WS_MAX_FAMILIES,
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
};

#define WS_RECORD_VERSION 1

/* One HTTP/1.x request head seen at one tracing point. Offsets count from the request line's first byte. */
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
	uint32_t searched_len;	   /* bytes searched until the answer was known */
	uint16_t sport;		   /* inner TCP ports */
	uint16_t dport;
	uint16_t vlan;		  /* outermost 802.1Q tag control information; 0 without a tag */
	uint16_t n_segments;	  /* TCP segments that the search crossed; 1 in the kernel */
	uint8_t point;		  /* index of the tracing point in its run */
	uint8_t direction;	  /* enum ws_direction */
	uint8_t ip_version;	  /* inner: 4 or 6 */
	uint8_t outer_ip_version; /* 4, 6, or 0 without a tunnel */
	uint8_t encap;		  /* enum ws_encap, of the outermost tunnel */
	uint8_t tcp_flags;	  /* CWR ECE URG ACK PSH RST SYN FIN, as in byte 13 of the TCP header */
	uint8_t reason;		  /* enum ws_reason: WS_REASON_CONTEXT, or why none was found */
	uint8_t family;		  /* enum ws_family */
	uint8_t sampled;	  /* enum ws_sampled */
	uint8_t flags;		  /* enum ws_record_flag */
	uint8_t zero[10];	  /* always 0 */
};

_Static_assert(sizeof(struct ws_record) == 168, "the record's size is part of its format");

/* The place of a (reason, family) in an array of WS_N_REASONS frame counters. */
static inline uint32_t ws_reason_slot(uint8_t reason, uint8_t family)
{
	if (reason >= WS_REASON_CONTEXT)
		return WS_REASON_CONTEXT + (family & (WS_MAX_FAMILIES - 1));
	return reason;
}

#endif
