/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tap - the in-kernel program of one tracing point: a filter on a raw AF_PACKET socket that is bound to the interface.
 *
 * It sees every frame in both directions, finds HTTP request heads, walks over their lines for those that may carry a
 * tracing context, and writes a message of each head into a ring buffer without waking the reader. Everything else is
 * counted, by reason. It takes no frame: the verdict is always 0, so nothing is queued on the socket.
 *
 * The order of work keeps the path of a frame that is not a request short: one copy of the headers, the parser, a look
 * at the payload's first bytes. Only a request is stamped (before its search, so that the search's length does not
 * move the stamp), copied a chunk at a time, walked over, and written; and, where it is asked for, where a response
 * begins.
 *
 * What spans segments has a state by flow (flows.bpf.h): a head that goes on, a body to be skipped, an HTTP/2
 * connection (http2.bpf.h). A table of counters by ports keeps the other flows from paying for the lookup.
 */
#include <linux/pkt_cls.h>

#include "bpf/scratch.bpf.h"
#include "bpf/flows.bpf.h"
#include "bpf/heads.bpf.h"
#include "bpf/http2.bpf.h"
#include "bpf/quick.bpf.h"

_Static_assert((WS_N_REASONS & (WS_N_REASONS - 1)) == 0, "ledger slots are masked");

/* What a frame begins with where the interface has no link header: the IP version says it. */
static __always_inline uint16_t link_proto(const struct ws_bytes *b)
{
	if (tap_config()->link_proto)
		return tap_config()->link_proto;
	return ws_bytes_u8(b, 0) >> 4 == 4 ? WS_ETHERTYPE_IPV4 : WS_ETHERTYPE_IPV6;
}

/* Both layers' addresses, while the headers are still in the scratch bytes. Returns 0, or -1. */
static __always_inline int fill_addresses(struct ws_catch *c, const struct ws_bytes *b, const struct ws_packet *p)
{
	if (ws_packet_addresses(b, p->l3_off, p->ip_version, c->saddr, c->daddr))
		return -1;
	if (p->encap)
		return ws_packet_addresses(b, p->outer_l3_off, p->outer_ip_version, c->outer_saddr, c->outer_daddr);
	__builtin_memset(c->outer_saddr, 0, sizeof(c->outer_saddr));
	__builtin_memset(c->outer_daddr, 0, sizeof(c->outer_daddr));
	return 0;
}

static __always_inline uint8_t direction(const struct __sk_buff *skb, const struct scratch *s)
{
	if (tap_config()->is_at_tc)
		return (uint8_t)s->direction;
	return skb->pkt_type == PACKET_OUTGOING ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
}

/* What the messages of this frame have in common, but for the addresses. */
static __always_inline void fill(struct scratch *s, const struct __sk_buff *skb)
{
	const struct ws_packet *p = &s->packet;
	struct ws_catch *c = &s->message.c;

	c->ts_ns = bpf_ktime_get_ns();
	c->vni = p->vni;
	c->frame_len = skb->len;
	c->payload_len = p->payload_len;
	c->sport = p->sport;
	c->dport = p->dport;
	c->vlan = skb->vlan_present ? skb->vlan_tci : p->vlan;
	c->direction = direction(skb, s);
	c->ip_version = p->ip_version;
	c->outer_ip_version = p->outer_ip_version;
	c->encap = p->encap;
	c->tcp_flags = p->tcp_flags;
	c->counts_frame = 1;
}

/*
 * A segment of a flow that may have a state. Returns the frame's slot in the ledger, NOT_KNOWN, or LOOK_AT(at). The
 * functions that it calls are global: the verifier checks each once, not again for each way through the parser.
 */
static __always_inline int follow(struct __sk_buff *skb, struct scratch *s, uint32_t start)
{
	const struct ws_packet *p = &s->packet;
	struct flow *f;

	flow_key(s);
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return NOT_KNOWN;
	switch (f->kind) {
	case FLOW_HEAD:
		return heads_follow(skb, p->payload_off, p->payload_len, p->seq, start);
	case FLOW_BODY:
		return bodies_follow(s, p->payload_len, p->seq, start);
	case FLOW_CHUNKED:
		return chunks_follow(skb, p->payload_off, p->payload_len, p->seq, start);
	case FLOW_HTTP2:
		return http2_follow(skb, p->payload_off, p->payload_len, p->seq);
	default:
		return WS_REASON_HTTP2;
	}
}

/* A connection begins or ends: what was known of its flow is over. */
static __always_inline void end_flow(const struct __sk_buff *skb, struct scratch *s, const struct ws_bytes *b)
{
	const struct ws_packet *p = &s->packet;

	if ((p->tcp_flags & (TCP_SYN | TCP_RST | TCP_FIN)) && flows_may_know(p->sport, p->dport) &&
	    fill_addresses(&s->message.c, b, p) == 0) {
		s->message.c.sport = p->sport;
		s->message.c.dport = p->dport;
		s->message.c.vni = p->vni;
		s->message.c.direction = direction(skb, s);
		flow_key(s);
		flow_forget(s);
	}
}

/* Does the frame begin a response of which there is to be a message? */
static __always_inline int is_told_response(uint32_t slot)
{
	return slot == WS_REASON_HTTP_RESPONSE && tap_config()->records_responses;
}

/*
 * A status line begins with the payload, whose first len bytes are at start_off; the message is filled but for what it
 * says. The frame's headers are at hand still.
 */
__attribute__((noinline)) int tell_response(uint32_t start_off, uint32_t len)
{
	struct scratch *s = scratch_of_cpu();
	struct ws_bytes b;
	struct ws_catch *c;

	if (!s)
		return 0;
	b.data = s->bytes;
	b.len = start_off + len;
	c = &s->message.c;
	c->kind = WS_CATCH_RESPONSE;
	c->counts_frame = 0;
	c->seq = s->packet.seq;
	c->req_off = 0;
	c->ack = ws_packet_ack(&b, s->cursor.off);
	c->status = ws_http_status(&b, start_off);
	tell(&s->message, 0);
	return 0;
}

/*
 * Finds the frame's TCP payload, in the bytes at hand; *n says how many there are. At tc a look at what lies in one
 * piece is mostly enough; if not, the headers are copied as they are for a socket. Returns as ws_packet_parse() does.
 */
static __always_inline int find_payload(struct __sk_buff *skb, struct scratch *s, struct ws_bytes *b)
{
	int rc = WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);

	WS_KEEP_LOOP
	for (int is_again = !tap_config()->is_at_tc; is_again < 2; is_again++) {
		b->len = is_again ? load(skb, 0, s->bytes, skb->len, WS_HEADERS_MAX) : load_direct(skb, s->bytes);
		if (b->len == 0) {
			if (is_again)
				return rc;
			continue;
		}
		s->cursor.off = 0;
		s->cursor.proto = link_proto(b);
		rc = ws_packet_parse(b, skb->len, &tap_config()->tunnels, &s->cursor, &s->packet);
		WS_FORGET();
		if (rc != WS_PACKET_REFUSED(WS_REASON_TRUNCATED))
			return rc;
	}
	return rc;
}

/* Reads the frame, writes messages of what begins or goes on in it. Returns its slot in the ledger. */
static __always_inline uint32_t frame(struct __sk_buff *skb, struct scratch *s)
{
	struct ws_bytes b = { .data = s->bytes };
	struct ws_packet *p = &s->packet;
	int rc, is_known, is_request;

	rc = find_payload(skb, s, &b);
	if (rc != WS_PACKET_TCP)
		return WS_PACKET_REASON(rc);
	if (tap_config()->n_filters) {
		if (ws_packet_addresses(&b, p->l3_off, p->ip_version, s->message.c.saddr, s->message.c.daddr))
			return WS_REASON_BAD_HEADER;
		if (!ws_tap_selects(tap_config(), p, s->message.c.saddr, s->message.c.daddr))
			return WS_REASON_FILTERED;
	}
	if (p->payload_len == 0) {
		end_flow(skb, s, &b);
		return WS_REASON_NO_PAYLOAD;
	}

	/* the payload's start is mostly at hand; what lies behind the payload is padding and must not count */
	struct ws_bytes start = b;
	uint32_t start_off = p->payload_off, slot;
	uint32_t start_len = p->payload_len < WS_HTTP_START_LEN ? p->payload_len : WS_HTTP_START_LEN;
	int is_at_hand = ws_bytes_has(&b, start_off, start_len);

	if (is_at_hand) {
		start.len = start_off + start_len;
	} else {
		if (fill_addresses(&s->message.c, &b, p))
			return WS_REASON_BAD_HEADER;
		start.len = CHUNK_POS + load(skb, start_off, s->bytes + CHUNK_POS, start_len, WS_HTTP_START_LEN);
		start_off = CHUNK_POS;
	}
	slot = start_slot(&start, start_off);
	is_request = slot == WS_REASON_UNREAD || slot == START_IN_METHOD;
	is_known = flows_may_know(p->sport, p->dport);
	if (!is_request && slot != START_PREFACE && !is_known && !is_told_response(slot))
		return slot;
	fill(s, skb);
	if (is_at_hand && fill_addresses(&s->message.c, &b, p))
		return WS_REASON_BAD_HEADER;
	rc = is_known ? follow(skb, s, slot) : NOT_KNOWN;
	if (rc >= 0)
		return (uint32_t)rc;
	if (rc != NOT_KNOWN || is_request) {
		uint32_t at = rc != NOT_KNOWN ? LOOK_AT_BYTE(rc) : 0;
		uint32_t otherwise = at && !s->message.c.counts_frame ? WS_REASON_HEAD_CONTINUED
								      : WS_REASON_OTHER_PAYLOAD;

		s->message.c.counts_frame = 1;
		rc = heads_begin(skb, p->payload_off, p->payload_len, p->seq, at);
		return rc == WS_REASON_UNREAD ? WS_REASON_UNREAD : otherwise;
	}
	if (slot == START_PREFACE)
		return (uint32_t)http2_begin(skb, p->payload_off, p->payload_len, p->seq);
	if (is_told_response(slot))
		tell_response(start_off, start_len);
	return slot;
}

static __always_inline void see(struct __sk_buff *skb, struct scratch *s)
{
	uint32_t zero = 0, slot;
	struct ws_tap_counters *c = bpf_map_lookup_elem(&counters, &zero);

	if (!c)
		return;
	slot = tap_config()->is_at_tc ? quick(skb) : NOT_QUICK;
	if (slot == NOT_QUICK)
		slot = frame(skb, s);
	asm volatile("" : "+r"(slot)); /* the verifier must see the mask */
	c->n_frames[slot & (WS_N_REASONS - 1)]++;
}

/* At a packet socket: takes no frame. */
SEC("socket")
int tap(struct __sk_buff *skb)
{
	struct scratch *s = scratch_of_cpu();

	if (s)
		see(skb, s);
	return 0;
}

/* At tc: whatever else is attached there goes on with the frame as if nothing had been. */
SEC("tc")
int tap_tc(struct __sk_buff *skb)
{
	struct scratch *s = scratch_of_cpu();

	if (s)
		see(skb, s);
	return TC_ACT_UNSPEC;
}

/* The tap behind the entries below. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1); /* tap, or tap_tc */
	__type(key, uint32_t);
	__type(value, uint32_t);
} programs SEC(".maps");

/* Up to Linux 6.7 a socket takes programs of at most net.core.optmem_max bytes, 20 KB: there it has this one. */
SEC("socket")
int tap_entry(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &programs, 0);
	return 0;
}

/* Only who attaches it knows which way a frame goes at tc: so there is an entry for each, and the tap is loaded once.
 */
static __always_inline int enter(struct __sk_buff *skb, uint32_t direction)
{
	struct scratch *s = scratch_of_cpu();

	if (s) {
		s->direction = direction;
		bpf_tail_call(skb, &programs, 0);
	}
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tap_in(struct __sk_buff *skb)
{
	return enter(skb, WS_DIRECTION_IN);
}

SEC("tc")
int tap_out(struct __sk_buff *skb)
{
	return enter(skb, WS_DIRECTION_OUT);
}

char tap_license[] SEC("license") = "Dual BSD/GPL";
