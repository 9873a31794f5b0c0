/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* heads - HTTP/1.x request heads: one after the other in a segment, and on over segments; bodies are skipped. */
#ifndef WS_HEADS_BPF_H
#define WS_HEADS_BPF_H

#include "bpf/flows.bpf.h"

/* Bytes of a chunked body's lines that are looked at in one go. */
#define CHUNK_LINE_MAX 64
/* More steps than there are in a payload, but for chunks of a few bytes. */
#define CHUNK_STEPS_MAX 8192
/* Requests that are looked for in one frame. */
#define HEADS_MAX 64
/* Chunks that a frame's payload may fill. */
#define CHUNKS_MAX 5
/* Sequence numbers further away are another connection's, whose beginning was not seen. */
#define NEAR_MAX (1 << 20)

/* Steps of the search in one call of bpf_loop's callback: a call costs as much as a step, and the verifier walks each.
 */
#define STEPS_PER_CALL 2

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

static long walk_step(uint64_t i, void *data)
{
	(void)i;
	WS_KEEP_LOOP
	for (int step = 0; step < STEPS_PER_CALL; step++)
		if (ws_search_step(data))
			return 1;
	return 0;
}

/* Not slots: the payload ends in what may be a request's method; it is the preface of an HTTP/2 connection. */
#define START_IN_METHOD WS_N_REASONS
#define START_PREFACE	(WS_N_REASONS + 1)

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
	struct ws_walk w;

	if (!s)
		return WS_SEARCH_NOT_HTTP;
	walk_of(s, CHUNK_POS + load(skb, off, s->bytes + CHUNK_POS, len, CHUNK_MAX), &w);
	bpf_loop((CHUNK_MAX + WS_CARRY_MAX) / WS_BYTES_STEP / STEPS_PER_CALL + 1, walk_step, &w, 0);
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

struct chunks_walk {
	struct __sk_buff *skb;
	uint32_t payload_off;
	uint32_t len;
	int at;
};

static long chunks_walk_step(uint64_t i, void *data)
{
	struct chunks_walk *w = data;

	(void)i;
	if ((uint32_t)w->at >= w->len)
		return 1;
	w->at = chunks_step(w->skb, w->payload_off, w->len, (uint32_t)w->at);
	return w->at < 0;
}

/*
 * Follows the chunked body of the request at head_seq, which goes on at payload byte at. Where the payload ends before
 * it does, the flow remembers it, if it may. Returns the byte behind it, at most len.
 */
static __always_inline uint32_t skip_chunks(struct __sk_buff *skb, struct scratch *s, uint32_t head_seq,
					    uint32_t payload_off, uint32_t len, uint32_t seq, uint32_t at, int may_keep)
{
	struct chunks_walk w = { .skb = skb, .payload_off = payload_off, .len = len, .at = (int)at };

	bpf_loop(CHUNK_STEPS_MAX, chunks_walk_step, &w, 0);
	if (w.at < 0)
		return (uint32_t)(-1 - w.at);
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

/* What the states of flows say of a segment, if not its slot in the ledger: see LOOK_AT(). */
#define NOT_KNOWN	 -1
#define LOOK_AT(at)	 (-2 - (int)(at)) /* requests may begin in it, from payload byte at on */
#define LOOK_AT_BYTE(rc) ((uint32_t)(-2 - (rc)))

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
		if ((int)(seq - f->head_seq) <= 0 && (start == WS_REASON_UNREAD || start == START_IN_METHOD))
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
		if ((int)(seq - f->head_seq) <= 0 && (start == WS_REASON_UNREAD || start == START_IN_METHOD))
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
	if (since <= 0 && (start == WS_REASON_UNREAD || start == START_IN_METHOD)) /* the request again */
		return NOT_KNOWN;
	if ((uint32_t)left >= len)
		return WS_REASON_OTHER_PAYLOAD;
	flow_forget(s);
	return LOOK_AT(left);
}

#endif
