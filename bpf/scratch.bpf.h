/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* scratch - the tap's configuration, its counters, its ring buffer, and the memory that it works in. */
#ifndef WS_SCRATCH_BPF_H
#define WS_SCRATCH_BPF_H

#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <bpf/bpf_helpers.h>

#include "lib/catch.h"
#include "lib/chunks.h"
#include "lib/http.h"
#include "lib/packet.h"
#include "lib/record.h"
#include "lib/search.h"
#include "lib/tap_config.h"

/* Bytes of a head that are looked at in one go. */
#define CHUNK_MAX 16384
/* Where they begin in the scratch bytes; what was carried over stands in front of them. */
#define CHUNK_POS 4096

_Static_assert(CHUNK_POS + CHUNK_MAX < WS_BYTES_MAX && CHUNK_POS >= WS_CARRY_MAX && CHUNK_POS >= WS_HEADERS_MAX,
	       "offsets are masked to the buffer");

const volatile struct ws_tap_config config = {
	.tunnels = { .vxlan_port = { 4789, 8472 } },
	.window_bytes = WS_WINDOW_MAX,
	.link_proto = WS_ETHERTYPE_ETHERNET,
};

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

/* A direction of a connection, as it passes the interface one way: on its way back it would pass a second time. */
struct flow_key {
	uint8_t saddr[16];
	uint8_t daddr[16];
	uint32_t vni;
	uint16_t sport;
	uint16_t dport;
	uint32_t direction; /* enum ws_direction */
};

enum flow_kind {
	FLOW_HEAD = 1,	     /* a head goes on in the next segment */
	FLOW_BODY = 2,	     /* a body, as long as its head has said */
	FLOW_CHUNKED = 3,    /* a chunked body: as far as its chunks have said */
	FLOW_HTTP2 = 4,	     /* client to server of an HTTP/2 connection */
	FLOW_HTTP2_PEER = 5, /* server to client */
};

/* What is known of a flow whose next segments are not to be read as if nothing had come before. */
struct flow {
	uint32_t next_seq;	 /* HEAD, CHUNKED, HTTP2: of the byte that must come next; BODY: behind the body */
	uint32_t head_seq;	 /* HEAD, BODY, CHUNKED: of the request line */
	struct ws_search search; /* HEAD */
	struct ws_chunks chunks; /* CHUNKED */
	uint32_t n_carried;	 /* HEAD: bytes of carry; HTTP2: bytes of a frame header in it */
	uint32_t skip_len;	 /* HTTP2: bytes left of the frame under way, behind its header */
	uint32_t frame_off;	 /* HTTP2: how far that frame has passed */
	uint32_t lost_seq;	 /* HTTP2: of the first byte that cannot be told any more, where is_lost */
	uint16_t segment;	 /* HEAD: of the head, the last one, from 1; HTTP2: messages so far */
	uint8_t kind;		 /* enum flow_kind */
	uint8_t is_late;	 /* HEAD: a segment has passed that lies behind the next one */
	uint8_t takes_frame;	 /* HTTP2: the frame under way carries headers */
	uint8_t is_lost;	 /* HTTP2: frames cannot be told apart any more */
	uint8_t zero[2];
	uint8_t carry[WS_CARRY_MAX];
};

/* A message in the making: as much of it is written as there is. */
struct message {
	struct ws_catch c;
	union {
		struct ws_notes notes;
		uint8_t piece[WS_CATCH_PIECE_MAX];
	};
};

/*
 * What one frame needs beyond the stack: the bytes being parsed, and the message in the making. An array indexed by CPU
 * rather than a per-CPU array, whose values may not be so large. Taps run with bottom halves off: one frame at a time.
 *
 * The bytes begin on a page, and chunks of heads do: where a copy's target lies up to 63 bytes behind its source,
 * modulo a page, some processors (Zen 3) copy four to eight times slower, and frames begin well inside their page.
 */
struct scratch {
	uint32_t direction; /* at tc: enum ws_direction, by which way the frame has come in */
	struct message message;
	struct ws_cursor cursor;
	struct ws_packet packet;
	struct ws_search search;
	struct ws_chunks chunks;
	struct flow_key key;
	struct flow flow;
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

static __always_inline struct scratch *scratch_of_cpu(void)
{
	uint32_t cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&scratches, &cpu);
}

/*
 * Copies n bytes of the frame, at most max. Returns how many, or 0. Verifiers before Linux 6.8 do not learn from n != 0
 * that there is at least one: so it is the last one's number that is compared.
 */
static __always_inline uint32_t load(struct __sk_buff *skb, uint32_t off, uint8_t *to, uint32_t n, uint32_t max)
{
	uint32_t last = (n > max ? max : n) - 1;

	asm volatile("" : "+r"(last));
	if (last >= max)
		return 0;
	n = last + 1;
	return bpf_skb_load_bytes(skb, off, to, n) == 0 ? n : 0;
}

/*
 * Bytes of a frame that are copied from where they lie: as many as the headers of VXLAN over IPv6 and the payload's
 * start take.
 */
#define DIRECT_MAX 192

/* Copies n bytes, a constant, a word at a time. */
static __always_inline void copy_words(uint8_t *to, const uint8_t *from, int n)
{
#pragma unroll
	for (int i = 0; i < n; i += 8)
		*(uint64_t *)(to + i) = *(const uint64_t *)(from + i);
}

/* Copies the n bytes that end at byte len of the frame, if they lie before its linear part's end. */
static __always_inline void copy_last(uint8_t *to, const uint8_t *from, const uint8_t *end, uint64_t len, int n)
{
	uint64_t at = (len - (uint64_t)n) & 255;

	asm volatile("" : "+r"(at));
	at &= 255;
	from += at;
	if (from + n <= end)
		copy_words(to + at, from, n);
}

/*
 * Copies the frame's first bytes without a call, at tc, where the program may read them in place: as far as they lie in
 * one piece, at most DIRECT_MAX. What does not lie so is left to bpf_skb_load_bytes(): the kernel is never asked to
 * move it (bpf_skb_pull_data), which would copy headers and change what the stack goes on with. Returns how many, or 0
 * if they are too few to be worth it.
 */
static __always_inline uint32_t load_direct(const struct __sk_buff *skb, uint8_t *to)
{
	const uint8_t *from = (const uint8_t *)(long)skb->data, *end = (const uint8_t *)(long)skb->data_end;
	uint64_t n = (uint64_t)(end - from);

	if (from + DIRECT_MAX <= end) {
		copy_words(to, from, DIRECT_MAX);
		return DIRECT_MAX;
	}
	if (from + 64 <= end) {
		copy_words(to, from, 64);
		if (from + 128 <= end)
			copy_words(to + 64, from + 64, 64);
		copy_last(to, from, end, n, 64);
		return (uint32_t)n;
	}
	if (from + 32 > end)
		return 0;
	copy_words(to, from, 32);
	copy_last(to, from, end, n, 32);
	return (uint32_t)n;
}

/* Writes the message with n bytes behind it. */
static __always_inline void tell(struct message *m, uint32_t n)
{
	uint32_t zero = 0;
	struct ws_tap_counters *c;

	asm volatile("" : "+r"(n));
	if (n > sizeof(*m) - sizeof(m->c))
		n = sizeof(*m) - sizeof(m->c);
	if (bpf_ringbuf_output(&records, m, sizeof(m->c) + n, tap_config()->wakes_reader ? 0 : BPF_RB_NO_WAKEUP)) {
		c = bpf_map_lookup_elem(&counters, &zero);
		if (c)
			c->n_ring_full++;
	}
	m->c.counts_frame = 0;
}

#endif
