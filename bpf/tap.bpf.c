/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * tap - the in-kernel program of one tracing point: a filter on a raw AF_PACKET socket that is bound to the interface.
 *
 * It sees every frame in both directions, finds HTTP request heads, searches them for a tracing context, and writes a
 * record for each into a ring buffer without waking the reader. Everything else is counted, by reason. It takes no
 * frame: the verdict is always 0, so nothing is queued on the socket.
 *
 * The order of work keeps the path of a frame that is not a request short: one copy of the headers, the parser, a look
 * at the payload's first bytes. Only a request is stamped (before its search, so that the search's length does not
 * move the stamp), copied up to the window, searched, and written.
 */
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <bpf/bpf_helpers.h>

#include "lib/context.h"
#include "lib/http.h"
#include "lib/packet.h"
#include "lib/record.h"
#include "lib/tap_config.h"

_Static_assert((WS_N_REASONS & (WS_N_REASONS - 1)) == 0, "ledger slots are masked");

_Static_assert(WS_BYTES_MAX > WS_SEARCH_MAX && WS_BYTES_MAX > WS_HEADERS_MAX, "offsets are masked to the buffer");

const volatile struct ws_tap_config config = {
	.tunnels = { .vxlan_port = { 4789, 8472 } },
	.window_bytes = WS_WINDOW_MAX,
	.link_proto = WS_ETHERTYPE_ETHERNET,
};

/*
 * What one frame needs beyond the stack: the bytes being parsed, and the record in the making. An array indexed by CPU
 * rather than a per-CPU array, whose values may not be so large. Taps run with bottom halves off: one frame at a time.
 *
 * The bytes begin on a page: where a copy's target lies up to 63 bytes behind its source, modulo a page, some
 * processors (Zen 3) copy four to eight times slower, and frames begin well inside their page.
 */
struct scratch {
	struct ws_record record;
	struct ws_cursor cursor;
	struct ws_packet packet;
	struct ws_search search;
	uint8_t bytes[WS_BYTES_BUFFER] __attribute__((aligned(4096)));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE); /* its values begin on a page */
	__uint(max_entries, 1);		   /* capture sets the number of possible CPUs */
	__type(key, uint32_t);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct ws_tap_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 24);
} records SEC(".maps");

/* Steps of the search in one call of bpf_loop's callback: a call costs as much as a step, and the verifier walks each.
 */
#define STEPS_PER_CALL 16

struct walk {
	struct ws_bytes bytes;
	struct ws_search *search;
};

static long walk_step(uint64_t i, void *data)
{
	struct walk *w = data;

	(void)i;
	WS_KEEP_LOOP
	for (int step = 0; step < STEPS_PER_CALL; step++)
		if (ws_search_step(w->search, &w->bytes))
			return 1;
	return 0;
}

/*
 * The run's configuration. The barrier makes the compiler read what capture has written before loading; without it the
 * values above would be compiled in. To the verifier they are constants.
 */
static __always_inline const struct ws_tap_config *tap_config(void)
{
	const struct ws_tap_config *c = (const struct ws_tap_config *)&config;

	asm volatile("" : "+r"(c));
	return c;
}

/* Copies n bytes of the frame, at most max, to the scratch bytes. Returns how many, or 0. */
static __always_inline uint32_t load(struct __sk_buff *skb, uint32_t off, struct scratch *s, uint32_t n, uint32_t max)
{
	if (n > max)
		n = max;
	asm volatile("" : "+r"(n));
	if (n == 0 || n > max)
		return 0;
	return bpf_skb_load_bytes(skb, off, s->bytes, n) == 0 ? n : 0;
}

/* What a frame begins with where the interface has no link header: the IP version says it. */
static __always_inline uint16_t link_proto(const struct ws_bytes *b)
{
	if (tap_config()->link_proto)
		return tap_config()->link_proto;
	return ws_bytes_u8(b, 0) >> 4 == 4 ? WS_ETHERTYPE_IPV4 : WS_ETHERTYPE_IPV6;
}

/* Both layers' addresses, while the headers are still in the scratch bytes. Returns 0, or -1. */
static __always_inline int fill_addresses(struct ws_record *r, const struct ws_bytes *b, const struct ws_packet *p)
{
	if (ws_packet_addresses(b, p->l3_off, p->ip_version, r->saddr, r->daddr))
		return -1;
	if (p->encap)
		return ws_packet_addresses(b, p->outer_l3_off, p->outer_ip_version, r->outer_saddr, r->outer_daddr);
	__builtin_memset(r->outer_saddr, 0, sizeof(r->outer_saddr));
	__builtin_memset(r->outer_daddr, 0, sizeof(r->outer_daddr));
	return 0;
}

/* Everything but the addresses and the stamp; what the search will say is set to zero. */
static __always_inline void fill(struct ws_record *r, const struct __sk_buff *skb, const struct ws_packet *p)
{
	__builtin_memset(r->trace_id, 0,
			 __builtin_offsetof(struct ws_record, saddr) - __builtin_offsetof(struct ws_record, trace_id));
	__builtin_memset(&r->seq, 0, sizeof(*r) - __builtin_offsetof(struct ws_record, seq));
	r->seq = p->seq;
	r->vni = p->vni;
	r->frame_len = skb->len;
	r->payload_len = p->payload_len;
	r->sport = p->sport;
	r->dport = p->dport;
	r->vlan = skb->vlan_present ? skb->vlan_tci : p->vlan;
	r->n_segments = 1;
	r->point = tap_config()->point;
	r->direction = skb->pkt_type == PACKET_OUTGOING ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
	r->ip_version = p->ip_version;
	r->outer_ip_version = p->outer_ip_version;
	r->encap = p->encap;
	r->tcp_flags = p->tcp_flags;
}

/*
 * Searches the request head at payload_off and writes its record, whose other fields are filled. Returns the frame's
 * slot in the ledger. A global function: the verifier checks it once, and not again for each way through the parser.
 */
__attribute__((noinline)) int search(struct __sk_buff *skb, uint32_t payload_off, uint32_t payload_len)
{
	uint32_t cpu = bpf_get_smp_processor_id(), zero = 0;
	uint32_t window = tap_config()->window_bytes;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);
	struct ws_tap_counters *c = bpf_map_lookup_elem(&counters, &zero);
	struct walk w;

	if (!s || !c)
		return WS_REASON_BAD_HEADER;
	w.bytes.data = s->bytes;
	w.bytes.len = load(skb, payload_off, s,
			   payload_len < window + WS_SEARCH_PEEK ? payload_len : window + WS_SEARCH_PEEK,
			   WS_SEARCH_MAX);
	w.search = &s->search;
	ws_search_init(w.search, window);
	bpf_loop((2 * WS_SEARCH_MAX + 2) / STEPS_PER_CALL + 1, walk_step, &w, 0);
	ws_search_finish(w.search, payload_len, &s->record);
	if (s->record.reason == WS_REASON_OTHER_PAYLOAD)
		return WS_REASON_OTHER_PAYLOAD;
	if (bpf_ringbuf_output(&records, &s->record, sizeof(s->record),
			       tap_config()->wakes_reader ? 0 : BPF_RB_NO_WAKEUP))
		c->n_ring_full++;
	return (int)ws_reason_slot(s->record.reason, s->record.family);
}

/* Reads the frame, writes a record if it is a request. Returns its slot in the ledger. */
static __always_inline uint32_t frame(struct __sk_buff *skb, struct scratch *s)
{
	struct ws_bytes b = { .data = s->bytes };
	struct ws_packet *p = &s->packet;
	int rc;

	b.len = load(skb, 0, s, skb->len, WS_HEADERS_MAX);
	if (b.len == 0)
		return WS_REASON_BAD_HEADER;
	s->cursor.off = 0;
	s->cursor.proto = link_proto(&b);
	rc = ws_packet_parse(&b, skb->len, &tap_config()->tunnels, &s->cursor, p);
	WS_FORGET();
	if (rc != WS_PACKET_TCP)
		return WS_PACKET_REASON(rc);
	if (tap_config()->n_filters) {
		if (ws_packet_addresses(&b, p->l3_off, p->ip_version, s->record.saddr, s->record.daddr))
			return WS_REASON_BAD_HEADER;
		if (!ws_tap_selects(tap_config(), p, s->record.saddr, s->record.daddr))
			return WS_REASON_FILTERED;
	}
	if (p->payload_len == 0)
		return WS_REASON_NO_PAYLOAD;

	/* the payload's start is mostly at hand; what lies behind the payload is padding and must not count */
	struct ws_bytes start = b;
	uint32_t start_off = p->payload_off;
	uint32_t start_len = p->payload_len < WS_HTTP_START_LEN ? p->payload_len : WS_HTTP_START_LEN;
	int is_at_hand = ws_bytes_has(&b, start_off, start_len);

	if (is_at_hand) {
		start.len = start_off + start_len;
	} else {
		if (fill_addresses(&s->record, &b, p))
			return WS_REASON_BAD_HEADER;
		start.len = load(skb, start_off, s, start_len, WS_HTTP_START_LEN);
		start_off = 0;
	}
	switch (ws_http_kind(&start, start_off)) {
	case WS_HTTP_REQUEST:
		break;
	case WS_HTTP_RESPONSE:
		return WS_REASON_HTTP_RESPONSE;
	case WS_HTTP_TLS:
		return WS_REASON_TLS;
	default:
		return WS_REASON_OTHER_PAYLOAD;
	}
	s->record.ts_ns = bpf_ktime_get_ns();
	if (is_at_hand && fill_addresses(&s->record, &b, p))
		return WS_REASON_BAD_HEADER;
	fill(&s->record, skb, p);
	return (uint32_t)search(skb, p->payload_off, p->payload_len);
}

SEC("socket")
int tap(struct __sk_buff *skb)
{
	uint32_t cpu = bpf_get_smp_processor_id(), zero = 0, slot;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);
	struct ws_tap_counters *c = bpf_map_lookup_elem(&counters, &zero);

	if (!s || !c)
		return 0;
	slot = frame(skb, s);
	asm volatile("" : "+r"(slot)); /* the verifier must see the mask */
	c->n_frames[slot & (WS_N_REASONS - 1)]++;
	return 0;
}

char tap_license[] SEC("license") = "Dual BSD/GPL";
