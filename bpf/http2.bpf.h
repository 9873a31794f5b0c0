/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * http2 - HTTP/2 connections, from their preface on: the frames that carry headers are told, piece by piece, for the
 * reader to decompress; the others are skipped (RFC 9113 3.4, 4.1).
 */
#ifndef WS_HTTP2_BPF_H
#define WS_HTTP2_BPF_H

#include "bpf/flows.bpf.h"

/* A longer frame of headers is not read by the reader either. */
#define BLOCK_MAX (256u << 10)
/* More steps than a segment's payload has frames, or pieces of them. */
#define FRAMES_MAX 8192
/* Of them in one call: see search_some(). */
#define FRAMES_PER_CALL 64

/* Writes a message of n bytes of a frame: from byte from_off of it, which has sequence number seq. */
static __always_inline void http2_tell(struct scratch *s, struct flow *f, uint8_t kind, uint32_t seq, uint32_t from_off,
				       uint32_t n)
{
	struct ws_catch *c = &s->message.c;

	c->kind = kind;
	c->seq = seq;
	c->from_off = from_off;
	c->to_off = from_off + n;
	c->head_len = 0;
	c->end = 0;
	c->segment = f->segment++;
	tell(&s->message, n);
}

/*
 * One step over the payload at byte at: a frame's header, or a piece of a frame. Returns the byte behind it, or -1 if
 * there is none.
 */
__attribute__((noinline)) int http2_step(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
					 uint32_t at)
{
	struct scratch *s = scratch_of_cpu();
	uint32_t n, n_header = 0;
	struct flow *f;

	if (!s || at >= len)
		return -1;
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return -1;
	if (f->n_carried < WS_HTTP2_FRAME_HEADER_LEN) {
		uint32_t have = f->n_carried;

		asm volatile("" : "+r"(have));
		have &= 15;
		n = load(skb, payload_off + at, f->carry + have,
			 len - at < WS_HTTP2_FRAME_HEADER_LEN - have ? len - at : WS_HTTP2_FRAME_HEADER_LEN - have,
			 WS_HTTP2_FRAME_HEADER_LEN);
		if (n == 0)
			return -1;
		f->n_carried = have + n;
		at += n;
		if (f->n_carried < WS_HTTP2_FRAME_HEADER_LEN)
			return (int)at;
		f->skip_len = (uint32_t)f->carry[0] << 16 | (uint32_t)f->carry[1] << 8 | f->carry[2];
		f->takes_frame = f->carry[3] == WS_HTTP2_HEADERS || f->carry[3] == WS_HTTP2_CONTINUATION;
		f->frame_off = 0;
		if (f->takes_frame && f->skip_len > BLOCK_MAX) { /* nobody would read it, nor what comes behind it */
			f->is_lost = 1;
			f->lost_seq = seq + at - WS_HTTP2_FRAME_HEADER_LEN;
			http2_tell(s, f, WS_CATCH_HTTP2_LOST, seq + at, 0, 0);
			f->takes_frame = 0;
		}
		n_header = WS_HTTP2_FRAME_HEADER_LEN;
	}
	n = len - at < f->skip_len ? len - at : f->skip_len;
	if (f->takes_frame && (n || n_header)) {
		s->message.c.req_off = at - n_header; /* before the segment, if the header began in an earlier one */
		if (n_header) {
			__builtin_memcpy(s->message.piece, f->carry, WS_HTTP2_FRAME_HEADER_LEN);
			n = n ? load(skb, payload_off + at, s->message.piece + WS_HTTP2_FRAME_HEADER_LEN, n,
				     WS_CATCH_PIECE_MAX - WS_HTTP2_FRAME_HEADER_LEN - 7)
			      : 0;
		} else {
			n = load(skb, payload_off + at, s->message.piece, n, WS_CATCH_PIECE_MAX - 8);
		}
		http2_tell(s, f, WS_CATCH_HTTP2, seq + at - n_header, f->frame_off, n_header + n);
		f->frame_off += n_header + n;
	}
	f->skip_len -= n;
	if (f->skip_len == 0)
		f->n_carried = 0;
	return n || n_header ? (int)(at + n) : -1;
}

/*
 * Some steps over the payload from byte at on. Returns the byte behind them; -1 - byte if there are no more steps to
 * take.
 */
__attribute__((noinline)) int http2_some(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
					 uint32_t at)
{
	WS_KEEP_LOOP
	for (int i = 0; i < FRAMES_PER_CALL; i++) {
		int next = http2_step(skb, payload_off, len, seq, at);

		if (next < 0)
			return -1 - (int)at;
		at = (uint32_t)next;
	}
	return (int)at;
}

/* As many steps as there are. Returns the byte behind them. */
__attribute__((noinline)) int http2_steps(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
					  uint32_t at)
{
	WS_KEEP_LOOP
	for (int i = 0; i < FRAMES_MAX / FRAMES_PER_CALL; i++) {
		int next = http2_some(skb, payload_off, len, seq, at);

		if (next < 0)
			return -1 - next;
		at = (uint32_t)next;
	}
	return (int)at;
}

/* Goes on with the connection under s->key from payload byte at. Returns the frame's slot. */
static __always_inline int http2_walk(struct __sk_buff *skb, struct scratch *s, struct flow *f, uint32_t payload_off,
				      uint32_t len, uint32_t seq, uint32_t at)
{
	at = (uint32_t)http2_steps(skb, payload_off, len, seq, at);
	f->next_seq = seq + len;
	if (at < len) {
		f->is_lost = 1;
		f->lost_seq = f->next_seq;
	}
	return s->message.c.counts_frame ? WS_REASON_HTTP2 : WS_REASON_UNREAD;
}

/* A segment that begins with the preface of a connection. Returns the frame's slot. */
__attribute__((noinline)) int http2_begin(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq)
{
	struct scratch *s = scratch_of_cpu();
	struct ws_catch *c;
	struct flow *f;

	if (!s)
		return WS_REASON_HTTP2;
	c = &s->message.c;
	__builtin_memset(&s->flow, 0, sizeof(s->flow));
	s->flow.kind = FLOW_HTTP2_PEER;
	__builtin_memcpy(s->key.saddr, c->daddr, 16);
	__builtin_memcpy(s->key.daddr, c->saddr, 16);
	s->key.vni = c->vni;
	s->key.sport = c->dport;
	s->key.dport = c->sport;
	s->key.direction = c->direction == WS_DIRECTION_IN ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
	flow_keep(s);
	flow_key(s);
	s->flow.kind = FLOW_HTTP2;
	s->flow.next_seq = seq + WS_HTTP2_PREFACE_LEN;
	flow_keep(s);
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return WS_REASON_HTTP2;
	c->counts_frame = 0;
	c->req_off = 0;
	http2_tell(s, f, WS_CATCH_HTTP2_PREFACE, seq, 0, 0);
	c->counts_frame = 1;
	return http2_walk(skb, s, f, payload_off, len, seq, WS_HTTP2_PREFACE_LEN);
}

/* A segment of a connection. Returns the frame's slot. */
__attribute__((noinline)) int http2_follow(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq)
{
	struct scratch *s = scratch_of_cpu();
	uint32_t skip = 0;
	struct flow *f;
	int ahead;

	if (!s)
		return WS_REASON_HTTP2;
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return WS_REASON_HTTP2;
	ahead = (int)(seq - f->next_seq);
	s->message.c.req_off = 0;
	if (ahead < 0 && !(f->is_lost && (int)(seq - f->lost_seq) >= 0)) {
		/* again, wholly or in part: the reader knows what was in it */
		skip = (uint32_t)-ahead;
		http2_tell(s, f, WS_CATCH_HTTP2_AGAIN, seq, 0, 0);
		if (skip >= len)
			return WS_REASON_UNREAD;
	}
	if (ahead > 0 && !f->is_lost) {
		f->is_lost = 1;
		f->lost_seq = f->next_seq;
		s->message.c.counts_frame = 0;
		http2_tell(s, f, WS_CATCH_HTTP2_LOST, seq, 0, 0);
		s->message.c.counts_frame = 1;
	}
	if (f->is_lost) {
		f->n_carried = f->skip_len = 0; /* a frame may begin with the segment, at best */
		if (ahead >= 0)
			f->next_seq = seq + len;
		http2_tell(s, f, WS_CATCH_HTTP2_BLIND, seq, 0,
			   load(skb, payload_off, s->message.piece, len, WS_HTTP2_FRAME_HEADER_LEN));
		return WS_REASON_UNREAD;
	}
	return http2_walk(skb, s, f, payload_off, len, seq, skip);
}

#endif
