/* SPDX-License-Identifier: BSD-2-Clause */
/* heads - see the header. */
#include "ingest/heads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/flows.h"
#include "ingest/framing.h"
#include "lib/context.h"
#include "lib/http.h"

/* Envoy refuses heads of more than 60 KB, and no server takes more than a few hundred. */
#define HEAD_MAX (256u << 10)
#define SEGMENTS_MAX 256
/* Segments kept because they may continue a head whose beginning is late: per flow, and bytes in all. */
#define HELD_MAX 16
#define HELD_BYTES_MAX (64u << 20)
/* Requests of a flow whose place is remembered, to know retransmissions and bodies. */
#define MESSAGES_MAX 32

/* A request head that has not ended yet: its sighting is decided when it has. */
struct head {
	struct head *next;
	struct ws_record record;
	uint32_t next_seq; /* of the byte that must come next */
	uint32_t len;
	uint32_t cap;
	uint32_t n_segments;
	uint32_t segment_end[SEGMENTS_MAX]; /* offset in bytes behind each segment */
	uint8_t *bytes;
};

/* A segment kept for later. */
struct held {
	uint32_t seq;
	uint32_t len;
	uint8_t *bytes;
};

/* A request's place in the stream. */
struct message {
	uint32_t start_seq;
	uint32_t end_seq; /* behind the body as far as its end is known */
};

struct stream {
	struct head *heads;
	uint32_t n_messages; /* ever; the last MESSAGES_MAX are at n % MESSAGES_MAX */
	uint32_t n_held;     /* ever, likewise */
	struct message message[MESSAGES_MAX];
	struct held held[HELD_MAX];
};

struct ws_heads {
	ws_heads_emit *emit;
	void *context;
	uint64_t *n_frames;
	struct ws_flows *flows;
	struct stream **stream; /* by flow number */
	uint32_t n_streams;
	uint32_t cap_streams;
	uint64_t held_bytes;
};

/* Sequence numbers are compared modulo 2^32 (RFC 9293 3.4). */
static bool seq_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

struct ws_heads *ws_heads_new(ws_heads_emit *emit, void *context, uint64_t n_frames[WS_N_REASONS])
{
	struct ws_heads *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->emit = emit;
	h->context = context;
	h->n_frames = n_frames;
	h->flows = ws_flows_new();
	if (!h->flows) {
		free(h);
		return NULL;
	}
	return h;
}

/* The stream of a flow; NULL without memory. */
static struct stream *find_stream(struct ws_heads *h, const struct ws_record *frame)
{
	struct ws_flow_key key;
	int64_t n;

	ws_flow_key_of(frame, &key);
	n = ws_flows_number(h->flows, &key);
	if (n < 0)
		return NULL;
	if (n >= h->cap_streams) {
		uint32_t cap = h->cap_streams ? 2 * h->cap_streams : 1024;
		struct stream **stream = realloc(h->stream, cap * sizeof(struct stream *));

		if (!stream)
			return NULL;
		h->stream = stream;
		h->cap_streams = cap;
	}
	for (; h->n_streams <= n; h->n_streams++)
		h->stream[h->n_streams] = NULL;
	if (!h->stream[n])
		h->stream[n] = calloc(1, sizeof(struct stream));
	return h->stream[n];
}

/* Segments that the search needed: those that hold a byte before the context's end, or all of them. */
static uint16_t count_segments(const struct head *d)
{
	uint32_t needed = d->record.reason == WS_REASON_CONTEXT ? d->record.ids_end_off : d->len, n = 0;

	while (n + 1 < d->n_segments && d->segment_end[n] < needed)
		n++;
	return (uint16_t)(n + 1);
}

/* Searches what there is of the head, and writes the answer into its record. */
static void search(struct head *d)
{
	const struct ws_bytes b = { .data = d->bytes, .len = d->len };
	struct ws_record *r = &d->record;
	struct ws_search s;

	ws_search_init(&s, UINT32_MAX / 2);
	while (!ws_search_step(&s, &b))
		;
	r->ctx_off = r->ctx_len = r->ids_end_off = 0;
	ws_search_finish(&s, d->len, r);
}

/* Counts the sighting's frame, and hands its record out unless it turned out to be no request. */
static int emit(struct ws_heads *h, struct head *d)
{
	d->record.n_segments = count_segments(d);
	if (!(d->record.flags & WS_FLAG_LATER_IN_FRAME))
		h->n_frames[ws_reason_slot(d->record.reason, d->record.family)]++;
	return d->record.reason == WS_REASON_OTHER_PAYLOAD ? 0 : h->emit(h->context, &d->record);
}

/* The capture left out what would follow: a context that was read stands, anything else is not known. */
static int emit_truncated(struct ws_heads *h, struct head *d)
{
	if (d->record.reason != WS_REASON_CONTEXT)
		d->record.reason = WS_REASON_TRUNCATED;
	return emit(h, d);
}

static void free_head(struct head *d)
{
	free(d->bytes);
	free(d);
}

/* Emits and forgets every unfinished head of a stream, oldest first. */
static int flush_heads(struct ws_heads *h, struct stream *s)
{
	int rc = 0;

	while (s->heads) {
		struct head *d = s->heads;

		s->heads = d->next;
		if (rc == 0)
			rc = emit(h, d);
		free_head(d);
	}
	return rc;
}

static void drop_held(struct ws_heads *h, struct held *held)
{
	h->held_bytes -= held->bytes ? held->len : 0;
	free(held->bytes);
	memset(held, 0, sizeof(*held));
}

/* Keeps a copy of a segment that may continue a head whose beginning has not come yet. Without memory: not. */
static void hold(struct ws_heads *h, struct stream *s, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	struct held *held = &s->held[s->n_held % HELD_MAX];

	drop_held(h, held);
	if (h->held_bytes + len > HELD_BYTES_MAX)
		return;
	held->bytes = malloc(len);
	if (!held->bytes)
		return;
	memcpy(held->bytes, bytes, len);
	held->seq = seq;
	held->len = len;
	h->held_bytes += len;
	s->n_held++;
}

static void remember(struct stream *s, uint32_t start_seq, uint32_t end_seq)
{
	for (uint32_t i = 0; i < MESSAGES_MAX && i < s->n_messages; i++) {
		if (s->message[i].start_seq == start_seq) {
			s->message[i].end_seq = end_seq;
			return;
		}
	}
	s->message[s->n_messages++ % MESSAGES_MAX] = (struct message){ start_seq, end_seq };
}

/* Is seq inside a known request, behind its first byte? Then *end_seq is behind the request. */
static bool is_inside(const struct stream *s, uint32_t seq, uint32_t *end_seq)
{
	for (uint32_t i = 0; i < MESSAGES_MAX && i < s->n_messages; i++) {
		const struct message *m = &s->message[i];

		if (seq_before(m->start_seq, seq) && seq_before(seq, m->end_seq)) {
			*end_seq = m->end_seq;
			return true;
		}
	}
	return false;
}

/* Adds bytes to the head. Returns 0, -ENOMEM, or -EMSGSIZE if the head is too long to be one. */
static int append(struct head *d, const uint8_t *bytes, uint32_t len)
{
	if (len > HEAD_MAX - d->len || d->n_segments == SEGMENTS_MAX)
		return -EMSGSIZE;
	if (d->len + len > d->cap) {
		uint32_t cap = d->len + len < 4096 ? 4096 : 2 * (d->len + len);
		uint8_t *grown = realloc(d->bytes, cap);

		if (!grown)
			return -ENOMEM;
		d->bytes = grown;
		d->cap = cap;
	}
	memcpy(d->bytes + d->len, bytes, len);
	d->len += len;
	d->next_seq += len;
	d->segment_end[d->n_segments++] = d->len;
	return 0;
}

/* The part of a segment that continues the head, if it does. Returns 1 if it did, 0 if not, or -errno. */
static int continue_head(struct head *d, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	uint32_t skip = d->next_seq - seq;
	int rc;

	if (seq_before(d->next_seq, seq) || skip >= len)
		return 0;
	rc = append(d, bytes + skip, len - skip);
	return rc ? rc : 1;
}

/* Notes in the stream where the request ends, as far as its head says it by now. Returns whether the head has ended. */
static bool note_message(struct stream *s, const struct head *d)
{
	struct ws_framing f;
	bool has_ended = ws_framing_read(d->bytes, d->len, &f) == 0;
	/* of an open-ended body, and of a head under way, only this much is known: it has begun */
	bool is_known = has_ended && !f.is_open_ended;

	remember(s, d->record.seq, is_known ? d->record.seq + f.head_len + (uint32_t)f.body_len : d->next_seq);
	return has_ended;
}

/* Is the head done with? Then it is emitted; the caller frees it. Returns 1 if so, 0 if not, or -errno. */
static int settle(struct ws_heads *h, struct stream *s, struct head *d)
{
	int rc;

	search(d);
	if (!note_message(s, d) && d->record.reason != WS_REASON_OTHER_PAYLOAD)
		return 0;
	rc = emit(h, d);
	return rc ? rc : 1;
}

/* Continues the stream's unfinished heads with the segment, and then with those that were held. */
static int continue_heads(struct ws_heads *h, struct stream *s, uint32_t seq, const uint8_t *bytes, uint32_t len,
			  bool is_cut)
{
	struct head **link = &s->heads;

	while (*link) {
		struct head *d = *link;
		int rc = continue_head(d, seq, bytes, len), is_longer = rc == 1;

		for (uint32_t i = 0; is_longer && !is_cut && i < HELD_MAX; i++) {
			rc = continue_head(d, s->held[i].seq, s->held[i].bytes, s->held[i].len);
			if (rc < 0)
				break;
			if (rc == 1)
				i = UINT32_MAX; /* begin again: an earlier one may follow now */
		}
		if (rc == -ENOMEM)
			return rc;
		if (is_longer || rc == -EMSGSIZE) {
			int is_settled = rc == -EMSGSIZE ? emit(h, d) : settle(h, s, d);

			if (is_settled == 0 && is_cut) {
				is_settled = emit_truncated(h, d);
				is_settled = is_settled ? is_settled : 1;
			}
			if (is_settled < 0)
				return is_settled;
			if (is_settled || rc == -EMSGSIZE) {
				*link = d->next;
				free_head(d);
				continue;
			}
		}
		link = &d->next;
	}
	return 0;
}

/*
 * A request line may begin at off of the segment. Returns 1 if a head begins there, which then is emitted or pending; 0
 * if none does; or -errno.
 */
static int begin_head(struct ws_heads *h, struct stream *s, const struct ws_segment *g, uint32_t off, bool is_first)
{
	const uint32_t len = g->captured_len - off;
	const struct ws_bytes b = { .data = g->payload + off, .len = len };
	struct head *d;
	int rc;

	if (ws_http_kind(&b, 0) != WS_HTTP_REQUEST)
		return 0;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->record = *g->frame;
	d->record.req_off = off;
	d->record.seq += off;
	d->record.flags = is_first ? 0 : WS_FLAG_LATER_IN_FRAME;
	d->next_seq = d->record.seq;
	rc = append(d, g->payload + off, len);
	if (rc == 0)
		search(d);
	if (rc == 0 && d->record.reason == WS_REASON_OTHER_PAYLOAD) {
		free_head(d);
		return 0;
	}
	if (rc == 0) {
		struct head **link = &s->heads;

		while (*link)
			link = &(*link)->next;
		*link = d;
		for (uint32_t i = 0; i < HELD_MAX && g->captured_len == g->frame->payload_len; i++)
			if (continue_head(d, s->held[i].seq, s->held[i].bytes, s->held[i].len) == 1)
				i = UINT32_MAX;
		rc = settle(h, s, d);
		if (rc == 0 && g->captured_len < g->frame->payload_len) {
			rc = emit_truncated(h, d);
			rc = rc ? rc : 1;
		}
		if (rc == 0)
			return 1;
		*link = NULL;
	}
	free_head(d);
	return rc < 0 ? rc : 1;
}

/* What the ledger calls a segment in which no request begins. */
static uint32_t other_slot(const struct ws_segment *g, bool is_continuation)
{
	const struct ws_bytes b = { .data = g->payload, .len = g->captured_len };

	if (is_continuation)
		return WS_REASON_OTHER_PAYLOAD;
	switch (ws_http_kind(&b, 0)) {
	case WS_HTTP_RESPONSE:
		return WS_REASON_HTTP_RESPONSE;
	case WS_HTTP_TLS:
		return WS_REASON_TLS;
	default:
		return g->captured_len < WS_HTTP_START_LEN && g->captured_len < g->frame->payload_len ?
			       WS_REASON_TRUNCATED :
			       WS_REASON_OTHER_PAYLOAD;
	}
}

int ws_heads_segment(struct ws_heads *h, const struct ws_segment *g)
{
	const uint32_t seq = g->frame->seq;
	struct stream *s = find_stream(h, g->frame);
	bool has_request = false, is_continuation = false;
	uint32_t off = 0, end_seq;
	int rc;

	if (!s)
		return -ENOMEM;
	rc = continue_heads(h, s, seq, g->payload, g->captured_len, g->captured_len < g->frame->payload_len);
	if (rc)
		return rc;
	while (off < g->captured_len) {
		if (is_inside(s, seq + off, &end_seq)) {
			is_continuation |= off == 0;
			off = end_seq - seq;
			continue;
		}
		rc = begin_head(h, s, g, off, !has_request);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		has_request = true;
		/* to the end of this request, if it ends in this segment */
		if (!is_inside(s, seq + off + 1, &end_seq))
			break;
		off = end_seq - seq;
	}
	if (!has_request) {
		uint32_t slot = other_slot(g, is_continuation);

		h->n_frames[slot]++;
		if (slot == WS_REASON_OTHER_PAYLOAD && !is_continuation && g->captured_len == g->frame->payload_len)
			hold(h, s, seq, g->payload, g->captured_len);
	}
	return 0;
}

static void clear_stream(struct ws_heads *h, struct stream *s)
{
	for (uint32_t i = 0; i < HELD_MAX; i++)
		drop_held(h, &s->held[i]);
	s->n_held = s->n_messages = 0;
}

int ws_heads_restart(struct ws_heads *h, const struct ws_record *frame)
{
	struct stream *s = find_stream(h, frame);
	int rc;

	if (!s)
		return -ENOMEM;
	rc = flush_heads(h, s);
	clear_stream(h, s);
	return rc;
}

int ws_heads_finish(struct ws_heads *h)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < h->n_streams; i++)
		if (h->stream[i])
			rc = flush_heads(h, h->stream[i]);
	return rc;
}

void ws_heads_free(struct ws_heads *h)
{
	if (!h)
		return;
	for (uint32_t i = 0; i < h->n_streams; i++) {
		struct stream *s = h->stream[i];

		if (!s)
			continue;
		clear_stream(h, s);
		while (s->heads) {
			struct head *d = s->heads;

			s->heads = d->next;
			free_head(d);
		}
		free(s);
	}
	free(h->stream);
	ws_flows_free(h->flows);
	free(h);
}
