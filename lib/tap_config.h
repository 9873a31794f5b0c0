/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tap_config - what capture tells the in-kernel program of one tracing point, and what it counts for capture.
 *
 * The configuration is the program's read-only data, set before it is loaded: the verifier drops what it switches off.
 */
#ifndef WS_TAP_CONFIG_H
#define WS_TAP_CONFIG_H

#include "lib/packet.h"
#include "lib/record.h"
#include "lib/search.h"

#define WS_FILTERS_MAX 8

/* Which parts of a filter are given. Parts are joined by and; filters by or. No filter selects everything. */
enum ws_filter_part {
	WS_FILTER_SADDR = 1 << 0,
	WS_FILTER_DADDR = 1 << 1,
	WS_FILTER_ADDR = 1 << 2, /* either address */
	WS_FILTER_SPORT = 1 << 3,
	WS_FILTER_DPORT = 1 << 4,
	WS_FILTER_PORT = 1 << 5, /* either port */
	WS_FILTER_VNI = 1 << 6,
};

/* An address with a mask, in wire order; IPv4 mapped into IPv6. Words as they lie in memory. */
struct ws_filter_address {
	uint64_t word[2];
	uint64_t mask[2];
};

struct ws_filter {
	uint32_t parts; /* enum ws_filter_part */
	uint32_t vni;
	struct ws_filter_address saddr;
	struct ws_filter_address daddr;
	struct ws_filter_address addr;
	uint16_t sport;
	uint16_t dport;
	uint16_t port;
	uint16_t zero;
};

struct ws_tap_config {
	struct ws_tunnels tunnels;
	uint32_t window_bytes; /* bytes of a head searched: 1 .. WS_WINDOW_MAX */
	uint32_t n_filters;
	struct ws_filter filter[WS_FILTERS_MAX];
	uint16_t link_proto;	   /* what a frame begins with: WS_ETHERTYPE_ETHERNET, or 0 for an IP header */
	uint8_t wakes_reader;	   /* 1: wake the reader at every message, as an experiment; 0: never */
	uint8_t records_responses; /* 1: a message of each frame counted as WS_REASON_HTTP_RESPONSE */
	uint8_t is_at_tc;	   /* 1: the program is at tc and may read a frame in place; 0: at a packet socket */
	struct ws_names names;	   /* what is looked for */
};

/*
 * Per CPU; the reader adds them up. The frames in which a request begins are at WS_REASON_UNREAD: the reader, who reads
 * the messages, knows why they are in the ledger.
 */
struct ws_tap_counters {
	uint64_t n_frames[WS_N_REASONS]; /* by ws_reason_slot() */
	uint64_t n_ring_full;		 /* messages lost because the ring buffer was full */
	uint64_t n_more;		 /* requests behind the last one that was looked for in their frame */
};

static __always_inline int ws_filter_address_matches(const struct ws_filter_address *want, const uint8_t have[16])
{
	uint64_t word[2];

	__builtin_memcpy(word, have, 16);
	return (word[0] & want->mask[0]) == want->word[0] && (word[1] & want->mask[1]) == want->word[1];
}

/* Does the filter select a packet with these addresses? */
static __always_inline int ws_filter_matches(const struct ws_filter *f, const struct ws_packet *p,
					     const uint8_t saddr[16], const uint8_t daddr[16])
{
	if ((f->parts & WS_FILTER_SPORT) && p->sport != f->sport)
		return 0;
	if ((f->parts & WS_FILTER_DPORT) && p->dport != f->dport)
		return 0;
	if ((f->parts & WS_FILTER_PORT) && p->sport != f->port && p->dport != f->port)
		return 0;
	if ((f->parts & WS_FILTER_VNI) && (p->encap == WS_ENCAP_NONE || p->vni != f->vni))
		return 0;
	if ((f->parts & WS_FILTER_SADDR) && !ws_filter_address_matches(&f->saddr, saddr))
		return 0;
	if ((f->parts & WS_FILTER_DADDR) && !ws_filter_address_matches(&f->daddr, daddr))
		return 0;
	if ((f->parts & WS_FILTER_ADDR) && !ws_filter_address_matches(&f->addr, saddr) &&
	    !ws_filter_address_matches(&f->addr, daddr))
		return 0;
	return 1;
}

/* Does any of the run's filters select the packet? */
static __always_inline int ws_tap_selects(const struct ws_tap_config *c, const struct ws_packet *p,
					  const uint8_t saddr[16], const uint8_t daddr[16])
{
	if (c->n_filters == 0)
		return 1;
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_FILTERS_MAX; i++) {
		if (i >= c->n_filters)
			break;
		if (ws_filter_matches(&c->filter[i], p, saddr, daddr))
			return 1;
	}
	return 0;
}

#endif
