/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* bodies - what follows a request's head, and on over segments: skipped, by its length or chunk by chunk. */
#ifndef WS_BODIES_BPF_H
#define WS_BODIES_BPF_H

#include "bpf/flows.bpf.h"

/* Bytes of a chunked body's lines that are looked at in one go. */
#define CHUNK_LINE_MAX 64
/* More steps than there are in a payload, but for chunks of a few bytes. */
#define CHUNK_STEPS_MAX 8192
/* Of them in one call: see search_some(). */
#define CHUNK_STEPS_PER_CALL 64

/*
 * A chunked body goes on at payload byte at: one step over it, over a chunk's data or up to CHUNK_LINE_MAX bytes of
 * lines. Returns the byte behind it, or -1 - byte where the body ends.
 */
__attribute__((noinline)) int chunks_step(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t at)
{
	struct scratch *s = scratch_of_cpu();
	struct ws_bytes b;

	if (!s || at >= len)
		return -1 - (int)len;
	if (s->chunks.state == WS_CHUNKS_DATA)
		return (int)(at + ws_chunks_skip(&s->chunks, len - at));
	b.data = s->bytes;
	b.len = load(skb, payload_off + at, s->bytes, len - at, CHUNK_LINE_MAX);
	if (b.len == 0)
		return -1 - (int)len;
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < CHUNK_LINE_MAX; i++) {
		WS_FORGET();
		if (i >= b.len)
			break;
		switch (ws_chunks_byte(&s->chunks, ws_bytes_u8(&b, i))) {
		case WS_CHUNKS_GO_ON:
			break;
		case WS_CHUNKS_SKIP:
			return (int)(at + i + 1);
		case WS_CHUNKS_ENDED:
			return -1 - (int)(at + i + 1);
		default:
			return -1 - (int)(at + i);
		}
	}
	return (int)(at + b.len);
}

/* Some steps over a chunked body. Returns as chunks_step() does. */
__attribute__((noinline)) int chunks_some(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t at)
{
	WS_KEEP_LOOP
	for (int i = 0; i < CHUNK_STEPS_PER_CALL; i++) {
		int next;

		if (at >= len)
			break;
		next = chunks_step(skb, payload_off, len, at);
		if (next < 0)
			return next;
		at = (uint32_t)next;
	}
	return (int)at;
}

/* As many steps as there are. Returns as chunks_step() does. */
__attribute__((noinline)) int chunks_walk(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t at)
{
	WS_KEEP_LOOP
	for (int i = 0; i < CHUNK_STEPS_MAX / CHUNK_STEPS_PER_CALL; i++) {
		int next;

		if (at >= len)
			break;
		next = chunks_some(skb, payload_off, len, at);
		if (next < 0)
			return next;
		at = (uint32_t)next;
	}
	return (int)at;
}

/*
 * Follows the chunked body of the request at head_seq, which goes on at payload byte at. Where the payload ends before
 * it does, the flow remembers it, if it may. Returns the byte behind it, at most len.
 */
static __always_inline uint32_t skip_chunks(struct __sk_buff *skb, struct scratch *s, uint32_t head_seq,
					    uint32_t payload_off, uint32_t len, uint32_t seq, uint32_t at, int may_keep)
{
	int end = chunks_walk(skb, payload_off, len, at);

	if (end < 0)
		return (uint32_t)(-1 - end);
	if (may_keep) {
		flow_key(s);
		s->flow.kind = FLOW_CHUNKED;
		s->flow.head_seq = head_seq;
		s->flow.next_seq = seq + len;
		s->flow.chunks = s->chunks;
		flow_keep(s);
	}
	return len;
}

/*
 * A head has ended; its request begins at head_seq. Where in the segment, of len bytes from sequence number seq on,
 * does its body end? Beyond the segment, the flow remembers it, if it may. Returns the byte behind it, or len if it is
 * not known or not in there.
 */
static __always_inline uint32_t skip_body(struct __sk_buff *skb, struct scratch *s, uint32_t head_seq,
					  uint32_t payload_off, uint32_t len, uint32_t seq, int may_keep)
{
	uint32_t end_seq = head_seq + s->search.base_off + s->search.pos + s->search.body_len, at = end_seq - seq;

	if (s->search.is_chunked) {
		__builtin_memset(&s->chunks, 0, sizeof(s->chunks));
		return skip_chunks(skb, s, head_seq, payload_off, len, seq, at - s->search.body_len, may_keep);
	}
	if (s->search.is_open_ended)
		return len;
	if (at <= len || !may_keep)
		return at <= len ? at : len;
	flow_key(s);
	s->flow.kind = FLOW_BODY;
	s->flow.head_seq = head_seq;
	s->flow.next_seq = end_seq;
	flow_keep(s);
	return len;
}

/* A segment of a flow whose chunked body goes on. Returns as heads_follow() does. */
__attribute__((noinline)) int chunks_follow(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
					    uint32_t start)
{
	struct scratch *s = scratch_of_cpu();
	uint32_t skip = 0, at, head_seq;
	struct flow *f;
	int ahead;

	if (!s)
		return NOT_KNOWN;
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return NOT_KNOWN;
	ahead = (int)(seq - f->next_seq);
	if (ahead > 0 || ahead < -NEAR_MAX) { /* where the next chunk begins is not known any more */
		flow_forget(s);
		return NOT_KNOWN;
	}
	if (ahead < 0) {
		if (begins_again(f, seq, start))
			return NOT_KNOWN;
		skip = (uint32_t)-ahead;
		if (skip >= len)
			return WS_REASON_OTHER_PAYLOAD;
	}
	s->chunks = f->chunks;
	head_seq = f->head_seq;
	flow_forget(s);
	at = skip_chunks(skb, s, head_seq, payload_off, len, seq, skip, 1);
	return at >= len ? WS_REASON_OTHER_PAYLOAD : LOOK_AT(at);
}

/* A segment of a flow whose body goes on. Returns as heads_follow() does. */
static __always_inline int bodies_follow(struct scratch *s, uint32_t len, uint32_t seq, uint32_t start)
{
	int left, since;
	struct flow *f;

	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return NOT_KNOWN;
	left = (int)(f->next_seq - seq);
	since = (int)(seq - f->head_seq);
	if (left <= 0 || left > (int)WS_BODY_MAX + NEAR_MAX || since < -NEAR_MAX) {
		flow_forget(s);
		return NOT_KNOWN;
	}
	if (begins_again(f, seq, start))
		return NOT_KNOWN;
	if ((uint32_t)left >= len)
		return WS_REASON_OTHER_PAYLOAD;
	flow_forget(s);
	return LOOK_AT(left);
}

#endif
