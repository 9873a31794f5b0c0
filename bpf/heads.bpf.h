/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* heads - HTTP/1.x request heads: one after the other in a segment, and on over segments. */
#ifndef WS_HEADS_BPF_H
#define WS_HEADS_BPF_H

#include "bpf/bodies.bpf.h"

/* Requests that are looked for in one frame. */
#define HEADS_MAX 64
/* Chunks that a frame's payload may fill. */
#define CHUNKS_MAX 5

/* Steps of the search in one call: a call costs as much as a step, and the verifier walks each. */
#define STEPS_PER_CALL 24
#define CALLS_MAX      (WS_SEARCH_STEPS(CHUNK_MAX + WS_CARRY_MAX) / STEPS_PER_CALL + 1)

static __always_inline void walk_of(struct scratch *s, uint32_t len, struct ws_walk *w)
{
	w->bytes.data = s->bytes;
	w->bytes.len = len;
	w->names = &tap_config()->names;
	w->search = &s->search;
	w->notes = &s->message.notes;
}

/* See lib/search.h. */
__attribute__((noinline)) int search_line(uint32_t len, uint32_t end_pos, uint32_t flags)
{
	struct scratch *s = scratch_of_cpu();
	struct ws_walk w;

	if (!s)
		return 0;
	walk_of(s, len, &w);
	ws_search_line(&w, end_pos, (uint8_t)flags);
	return 0;
}

__attribute__((noinline)) int search_run_out(uint32_t len)
{
	struct scratch *s = scratch_of_cpu();
	struct ws_walk w;

	if (!s)
		return 1;
	walk_of(s, len, &w);
	return ws_search_run_out(&w);
}

/*
 * Some steps of the search. Loops over many steps are loops over calls of a global function that takes a few of them:
 * the verifier walks its steps once, and of the loop around it only the calls. Returns 1 when the search has ended.
 */
__attribute__((noinline)) int search_some(uint32_t len)
{
	struct scratch *s = scratch_of_cpu();
	struct ws_walk w;

	if (!s)
		return 1;
	walk_of(s, len, &w);
	WS_KEEP_LOOP
	for (int step = 0; step < STEPS_PER_CALL; step++)
		if (ws_search_step(&w))
			return 1;
	return 0;
}

/*
 * What a payload begins with, as a slot of the ledger, which is UNREAD for a request; or START_IN_METHOD or
 * START_PREFACE.
 */
static __always_inline uint32_t start_slot(const struct ws_bytes *b, uint32_t off)
{
	switch (ws_http_kind(b, off)) {
	case WS_HTTP_IN_METHOD:
		return START_IN_METHOD;
	case WS_HTTP_REQUEST:
		return ws_http2_is_preface(b, off) ? START_PREFACE : WS_REASON_UNREAD;
	case WS_HTTP_RESPONSE:
		return WS_REASON_HTTP_RESPONSE;
	case WS_HTTP_TLS:
		return WS_REASON_TLS;
	default:
		if (!ws_http2_is_headers(b, off))
			return WS_REASON_OTHER_PAYLOAD;
		return ws_http2_is_answer(b, off) ? WS_REASON_HTTP2 : WS_REASON_UNDECODABLE;
	}
}

/* Loads len bytes of the payload, and goes on with the search. Returns how it ended. */
__attribute__((noinline)) int head_chunk(struct __sk_buff *skb, uint32_t off, uint32_t len)
{
	struct scratch *s = scratch_of_cpu();
	uint32_t n;

	if (!s)
		return WS_SEARCH_NOT_HTTP;
	n = CHUNK_POS + load(skb, off, s->bytes + CHUNK_POS, len, CHUNK_MAX);
	WS_KEEP_LOOP
	for (int i = 0; i < CALLS_MAX; i++)
		if (search_some(n))
			break;
	return s->search.end;
}

/* Copies whole words, as many as n bytes need, at most WS_CARRY_MAX bytes. */
static __always_inline void copy_carry(const struct ws_bytes *from, uint32_t pos, uint8_t to[WS_CARRY_MAX], uint32_t n)
{
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_CARRY_MAX; i += 8) {
		uint64_t word;

		if (i >= n)
			break;
		word = ws_bytes_word(from, pos + i);
		__builtin_memcpy(to + i, &word, 8);
	}
}

/* The search ran out of bytes: moves what it wants to see again in front of the next chunk. */
static __always_inline void carry_over(struct scratch *s)
{
	const struct ws_bytes b = { .data = s->bytes };
	uint32_t n = ws_search_carry(&s->search);

	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_CARRY_MAX; i += 8) {
		uint64_t word;

		if (i >= n)
			break;
		word = ws_bytes_word(&b,
				     s->search.pos - n + i); /* what is written lies in front of what will be read */
		*(uint64_t *)(s->bytes + ws_bytes_mask(CHUNK_POS - n + i)) = word;
	}
	ws_search_resume(&s->search, n, CHUNK_POS - n);
}

/* Goes on with the search over len bytes of payload at off. Returns how it ended. */
static __always_inline int head_walk(struct __sk_buff *skb, struct scratch *s, uint32_t off, uint32_t len)
{
	int end = WS_SEARCH_WINDOW;

	WS_KEEP_LOOP
	for (int i = 0; i < CHUNKS_MAX; i++) {
		uint32_t done = s->search.base_off + CHUNK_POS, limit = s->search.window + WS_CARRY_MAX;
		uint32_t n = len;

		if (done >= limit)
			return WS_SEARCH_WINDOW;
		if (n > limit - done)
			n = limit - done;
		if (n > CHUNK_MAX)
			n = CHUNK_MAX;
		end = head_chunk(skb, off, n);
		off += n;
		len -= n;
		if (!ws_search_goes_on((uint8_t)end) || len == 0)
			return end;
		carry_over(s);
	}
	return end;
}

/* Fills what the message says of a head, and writes it. */
static __always_inline void head_tell(struct scratch *s, uint8_t kind, uint32_t head_seq, uint32_t from_off,
				      uint32_t head_len, uint16_t segment, int end)
{
	struct ws_catch *c = &s->message.c;

	c->kind = kind;
	c->seq = head_seq;
	c->from_off = from_off;
	c->to_off = s->search.base_off + s->search.pos;
	c->head_len = head_len;
	c->segment = segment;
	c->end = (uint8_t)end;
	tell(&s->message, 8 + 8 * s->message.notes.n_words);
}

static __always_inline void clear_notes(struct scratch *s)
{
	s->message.notes.n_words = 0;
	s->message.notes.is_crowded = 0;
}

/* Keeps what a search that ran out of bytes needs to go on in the segment that begins at next_seq. */
static __always_inline void flow_put_head(struct flow *f, struct scratch *s, uint32_t next_seq)
{
	const struct ws_bytes b = { .data = s->bytes };

	f->n_carried = ws_search_carry(&s->search);
	copy_carry(&b, s->search.pos - f->n_carried, f->carry, f->n_carried);
	f->search = s->search;
	f->next_seq = next_seq;
	f->kind = FLOW_HEAD;
	f->is_late = 0;
}

/*
 * The head that begins at head_seq has been searched as far as end_seq: may the flow's state become its own? Not that
 * of a later head, of which this one is a repetition of what came before; nor its own, which knows more from the first
 * time. A head that has ended needs no state.
 */
static __always_inline int flow_yields(struct scratch *s, uint32_t head_seq, uint32_t end_seq, int goes_on)
{
	const struct flow *f;
	int later;

	flow_key(s);
	if (!flows_may_know(s->key.sport, s->key.dport))
		return 1;
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f || (f->kind != FLOW_HEAD && f->kind != FLOW_BODY && f->kind != FLOW_CHUNKED))
		return 1;
	later = (int)(f->head_seq - head_seq);
	if (later > 0 && later < NEAR_MAX)
		return 0;
	if (later == 0 && goes_on && (int)(f->next_seq - end_seq) >= 0)
		return 0;
	if (!goes_on)
		flow_forget(s);
	return 1;
}

/*
 * Does a request begin at payload byte at? Then its head is searched as far as it is in this segment, and told. Returns
 * the payload byte behind the request, which is at most len; or -1 if none begins there.
 */
__attribute__((noinline)) int head_one(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
				       uint32_t at)
{
	struct scratch *s = scratch_of_cpu();
	uint32_t start;
	int end, yields;

	if (!s || at >= len)
		return -1;
	if (at > 0) {
		struct ws_bytes b = { .data = s->bytes };

		b.len = load(skb, payload_off + at, s->bytes, len - at, WS_HTTP_START_LEN);
		start = start_slot(&b, 0);
		if (start != WS_REASON_UNREAD && start != START_IN_METHOD)
			return -1;
	}
	ws_search_init(&s->search, tap_config()->window_bytes, CHUNK_POS);
	clear_notes(s);
	end = head_walk(skb, s, payload_off + at, len - at);
	if (end == WS_SEARCH_NOT_HTTP)
		return -1;
	s->message.c.req_off = at;
	head_tell(s, WS_CATCH_HEAD, seq + at, 0, len - at, 1, end);
	yields = flow_yields(s, seq + at, seq + len, ws_search_goes_on((uint8_t)end));
	if (end == WS_SEARCH_HEAD_END)
		return (int)skip_body(skb, s, seq + at, payload_off, len, seq, yields);
	if (ws_search_goes_on((uint8_t)end) && yields) {
		s->flow.head_seq = seq + at;
		s->flow.segment = 1;
		flow_put_head(&s->flow, s, seq + len);
		flow_keep(s);
	}
	return (int)len;
}

/*
 * The requests that begin in a payload of len bytes, from byte at on, one behind the other. Returns the frame's slot in
 * the ledger.
 */
__attribute__((noinline)) int heads_begin(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
					  uint32_t at)
{
	int slot = WS_REASON_OTHER_PAYLOAD;
	uint32_t zero = 0;

	WS_KEEP_LOOP
	for (int i = 0; i < HEADS_MAX; i++) {
		int next = head_one(skb, payload_off, len, seq, at);

		if (next < 0)
			return slot;
		slot = WS_REASON_UNREAD;
		if ((uint32_t)next >= len)
			return slot;
		at = (uint32_t)next;
	}

	struct ws_tap_counters *c = bpf_map_lookup_elem(&counters, &zero);

	if (c)
		c->n_more++;
	return slot;
}

/*
 * A segment of a flow whose head goes on; start is what it begins with. Returns the frame's slot; NOT_KNOWN if the
 * head's state says nothing of it; or LOOK_AT(at): if no request begins there, the frame counts as HEAD_CONTINUED.
 */
__attribute__((noinline)) int heads_follow(struct __sk_buff *skb, uint32_t payload_off, uint32_t len, uint32_t seq,
					   uint32_t start)
{
	struct scratch *s = scratch_of_cpu();
	uint32_t skip = 0, at;
	struct flow *f;
	int ahead, end;

	if (!s)
		return NOT_KNOWN;
	f = bpf_map_lookup_elem(&flows, &s->key);
	if (!f)
		return NOT_KNOWN;
	ahead = (int)(seq - f->next_seq);
	if (ahead > NEAR_MAX || ahead < -NEAR_MAX) {
		flow_forget(s);
		return NOT_KNOWN;
	}
	if (ahead > 0) {
		if (!f->is_late) {
			f->is_late = 1;
			s->message.c.counts_frame = 0;
			clear_notes(s);
			s->search.base_off = s->search.pos = 0;
			head_tell(s, WS_CATCH_HEAD_GAP, f->head_seq, seq - f->head_seq, 0, f->segment, 0);
			s->message.c.counts_frame = 1;
		}
		return start == WS_REASON_UNREAD ? NOT_KNOWN : WS_REASON_HEAD_CONTINUED;
	}
	if (ahead < 0) { /* again, wholly or in part */
		if (begins_again(f, seq, start))
			return NOT_KNOWN;
		skip = (uint32_t)-ahead;
		if (skip >= len)
			return WS_REASON_HEAD_CONTINUED;
	}
	s->search = f->search;
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_CARRY_MAX; i += 8) {
		uint64_t word;

		if (i >= f->n_carried)
			break;
		__builtin_memcpy(&word, f->carry + i, 8);
		*(uint64_t *)(s->bytes + ws_bytes_mask(CHUNK_POS - f->n_carried + i)) = word;
	}
	ws_search_resume(&s->search, f->n_carried, CHUNK_POS - f->n_carried);
	clear_notes(s);
	end = head_walk(skb, s, payload_off + skip, len - skip);
	s->message.c.counts_frame = 0;
	head_tell(s, WS_CATCH_HEAD_MORE, f->head_seq, seq + skip - f->head_seq, seq + len - f->head_seq, ++f->segment,
		  end);
	if (ws_search_goes_on((uint8_t)end)) {
		flow_put_head(f, s, seq + len);
		return WS_REASON_HEAD_CONTINUED;
	}
	at = f->head_seq;
	flow_forget(s);
	if (end != WS_SEARCH_HEAD_END)
		return WS_REASON_HEAD_CONTINUED;
	at = skip_body(skb, s, at, payload_off, len, seq, 1);
	return at >= len ? WS_REASON_HEAD_CONTINUED : LOOK_AT(at);
}

#endif
