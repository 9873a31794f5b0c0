/* SPDX-License-Identifier: BSD-2-Clause */
/* heads - see the header. */
#include "ingest/heads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/flows.h"
#include "ingest/head.h"
#include "ingest/messages.h"
#include "lib/http.h"

/* Unfinished heads of a flow: more of them have lost their continuation for good. */
#define UNFINISHED_MAX 8
/* Segments kept because they may continue a head whose beginning is late: per flow, and bytes in all. */
#define HELD_MAX       16
#define HELD_BYTES_MAX (64u << 20)
#define HEAD_KEPT_MAX  (64u << 10)

/* A segment kept for later. */
struct held {
	struct ws_record frame;
	uint32_t seq;
	uint32_t len;
	uint8_t *bytes;
};

struct stream {
	struct ws_head *heads; /* that have not ended */
	struct ws_head *last;  /* the last one of several segments that has: its first segment may come again alone */
	struct ws_messages messages;
	uint32_t n_held; /* ever; the last HELD_MAX are at n % HELD_MAX */
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

/* Counts the sighting's frame, and hands its record out unless it turned out to be no request. */
static int emit(struct ws_heads *h, struct ws_head *d)
{
	if (!(d->record.flags & WS_FLAG_LATER_IN_FRAME))
		h->n_frames[ws_reason_slot(d->record.reason, d->record.family)]++;
	return d->record.reason == WS_REASON_OTHER_PAYLOAD ? 0 : h->emit(h->context, &d->record);
}

/* The capture left out what would follow: a context that was read stands, anything else is not known. */
static int emit_truncated(struct ws_heads *h, struct ws_head *d)
{
	if (d->record.reason != WS_REASON_CONTEXT)
		d->record.reason = WS_REASON_TRUNCATED;
	return emit(h, d);
}

/* A head is done with: one of several segments is kept in case that its first segment comes again. */
static void retire_head(struct ws_heads *h, struct stream *s, struct ws_head *d)
{
	if (d->n_segments == 1 || d->len > HEAD_KEPT_MAX || h->held_bytes + d->len > HELD_BYTES_MAX) {
		ws_head_free(d);
		return;
	}
	h->held_bytes += d->len;
	h->held_bytes -= s->last ? s->last->len : 0;
	ws_head_free(s->last);
	d->next = NULL;
	s->last = d;
}

/* Emits and forgets the oldest unfinished head of a stream. */
static int flush_oldest(struct ws_heads *h, struct stream *s)
{
	struct ws_head *d = s->heads;
	int rc = emit(h, d);

	s->heads = d->next;
	ws_head_free(d);
	return rc;
}

/* Emits and forgets every unfinished head of a stream. On failure the rest stay, to be freed. */
static int flush_heads(struct ws_heads *h, struct stream *s)
{
	int rc = 0;

	while (rc == 0 && s->heads)
		rc = flush_oldest(h, s);
	return rc;
}

static void drop_held(struct ws_heads *h, struct held *held)
{
	h->held_bytes -= held->bytes ? held->len : 0;
	free(held->bytes);
	memset(held, 0, sizeof(*held));
}

/* Keeps a copy of a segment that may continue a head whose beginning has not come yet. Without memory: not. */
static void hold(struct ws_heads *h, struct stream *s, const struct ws_segment *g)
{
	const uint32_t len = g->captured_len;
	struct held *held = &s->held[s->n_held % HELD_MAX];

	drop_held(h, held);
	if (h->held_bytes + len > HELD_BYTES_MAX)
		return;
	held->bytes = malloc(len);
	if (!held->bytes)
		return;
	memcpy(held->bytes, g->payload, len);
	held->frame = *g->frame;
	held->seq = g->frame->seq;
	held->len = len;
	h->held_bytes += len;
	s->n_held++;
}

/* Is the head done with? Then it is emitted; the caller frees it. Returns 1 if so, 0 if not, or -errno. */
static int settle(struct ws_heads *h, struct stream *s, struct ws_head *d)
{
	int rc;

	ws_head_search(d);
	if (!ws_messages_note(&s->messages, d) && d->record.reason != WS_REASON_OTHER_PAYLOAD)
		return 0;
	rc = emit(h, d);
	return rc ? rc : 1;
}

/* Adds to the head what was held and continues it, in whatever order it came. Returns 0 or -errno. */
static int add_held(const struct stream *s, struct ws_head *d)
{
	for (uint32_t i = 0; i < HELD_MAX; i++) {
		int rc = ws_head_continue(d, s->held[i].seq, s->held[i].bytes, s->held[i].len);

		if (rc < 0)
			return rc;
		if (rc == 1)
			i = UINT32_MAX; /* begin again: an earlier one may follow now */
	}
	return 0;
}

/* Continues the stream's unfinished heads with the segment, and then with those that were held. */
static int continue_heads(struct ws_heads *h, struct stream *s, uint32_t seq, const uint8_t *bytes, uint32_t len,
			  bool is_cut)
{
	struct ws_head **link = &s->heads;

	while (*link) {
		struct ws_head *d = *link;
		int rc = ws_head_continue(d, seq, bytes, len), is_longer = rc == 1;

		if (is_longer && !is_cut)
			rc = add_held(s, d);
		if (rc == -ENOMEM)
			return rc;
		if (is_longer || rc == -EMSGSIZE) {
			int is_settled = rc == -EMSGSIZE ? emit(h, d) : settle(h, s, d);

			if (is_settled == 0 && is_cut && rc != -EMSGSIZE) {
				is_settled = emit_truncated(h, d);
				is_settled = is_settled ? is_settled : 1;
			}
			if (is_settled < 0)
				return is_settled;
			if (is_settled || rc == -EMSGSIZE) {
				*link = d->next;
				retire_head(h, s, d);
				continue;
			}
		}
		link = &d->next;
	}
	return 0;
}

/* Is the head the beginning of this one, seen before with what followed it? Then it takes that over. */
static int repeat(struct ws_head *d, const struct ws_head *earlier)
{
	int rc = 0;

	if (!earlier || earlier->record.seq != d->record.seq || earlier->len <= d->len ||
	    memcmp(earlier->bytes, d->bytes, d->len) != 0)
		return 0;
	for (uint32_t i = 0; rc == 0 && i < earlier->n_segments; i++)
		if (earlier->segment_end[i] > d->len)
			rc = ws_head_append(d, earlier->bytes + d->len, earlier->segment_end[i] - d->len);
	return rc;
}

/*
 * A new head joins the unfinished ones, unless what is at hand finishes it. Returns 0 if it joined; 1 if it was emitted
 * and is the caller's again; or -errno.
 */
static int place_head(struct ws_heads *h, struct stream *s, struct ws_head *d, bool is_cut)
{
	struct ws_head **link = &s->heads;
	uint32_t n_unfinished = 0;
	int rc = 0;

	if (!is_cut)
		rc = repeat(d, s->last);
	for (const struct ws_head *other = s->heads; rc == 0 && !is_cut && other; other = other->next)
		rc = repeat(d, other);
	if (rc == 0 && !is_cut)
		rc = add_held(s, d);
	if (rc == 0 || rc == -EMSGSIZE) /* of too many segments: what there is of it */
		rc = settle(h, s, d);
	if (rc == 0 && is_cut) {
		rc = emit_truncated(h, d);
		rc = rc ? rc : 1;
	}
	if (rc)
		return rc;
	for (const struct ws_head *other = s->heads; other; other = other->next)
		n_unfinished++;
	if (n_unfinished + 1 >= UNFINISHED_MAX)
		rc = flush_oldest(h, s);
	if (rc) /* d is still the caller's */
		return rc;
	while (*link)
		link = &(*link)->next;
	*link = d;
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
	struct ws_head *d;
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
	rc = ws_head_append(d, g->payload + off, len);
	if (rc == 0)
		ws_head_search(d);
	if (rc == 0 && d->record.reason == WS_REASON_OTHER_PAYLOAD) {
		ws_head_free(d);
		return 0;
	}
	if (rc == 0)
		rc = place_head(h, s, d, g->captured_len < g->frame->payload_len);
	if (rc == 0)
		return 1;
	retire_head(h, s, d);
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
		return g->captured_len < WS_HTTP_START_LEN && g->captured_len < g->frame->payload_len
			       ? WS_REASON_TRUNCATED
			       : WS_REASON_OTHER_PAYLOAD;
	}
}

/*
 * Takes the requests that begin in the segment from off on. *has_request: in, whether the ledger knows the frame
 * already; out, whether it does now. *is_continuation: set if the segment begins inside a known request.
 */
static int take_requests(struct ws_heads *h, struct stream *s, const struct ws_segment *g, uint32_t off,
			 bool *has_request, bool *is_continuation)
{
	const uint32_t seq = g->frame->seq;
	uint32_t end_seq;

	while (off < g->captured_len) {
		int rc;

		if (ws_messages_covers(&s->messages, seq + off, &end_seq)) {
			*is_continuation |= off == 0;
			off = end_seq - seq;
			continue;
		}
		rc = begin_head(h, s, g, off, !*has_request);
		if (rc < 0)
			return rc;
		if (rc == 0)
			break;
		*has_request = true;
		/* to the end of this request, if it ends in this segment */
		if (!ws_messages_covers(&s->messages, seq + off + 1, &end_seq))
			break;
		off = end_seq - seq;
	}
	return 0;
}

/* Held segments that turned out to continue a request, and may hold the beginning of another behind its end. */
static int replay_held(struct ws_heads *h, struct stream *s)
{
	bool has_request = true, is_continuation = false; /* their frames are in the ledger */
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < HELD_MAX; i++) {
		struct held held = s->held[i];
		const struct ws_segment g = { &held.frame, held.bytes, held.len };
		uint32_t end_seq;

		if (!held.bytes || !ws_messages_covers(&s->messages, held.seq, &end_seq) ||
		    end_seq - held.seq >= held.len)
			continue;
		s->held[i].bytes = NULL;
		s->held[i].len = 0;
		h->held_bytes -= held.len;
		rc = take_requests(h, s, &g, end_seq - held.seq, &has_request, &is_continuation);
		free(held.bytes);
	}
	return rc;
}

int ws_heads_segment(struct ws_heads *h, const struct ws_segment *g)
{
	const uint32_t seq = g->frame->seq;
	struct stream *s = find_stream(h, g->frame);
	bool has_request = false, is_continuation = false;
	int rc;

	if (!s)
		return -ENOMEM;
	ws_messages_continue_body(&s->messages, seq, g->payload, g->captured_len);
	rc = continue_heads(h, s, seq, g->payload, g->captured_len, g->captured_len < g->frame->payload_len);
	if (rc == 0)
		rc = take_requests(h, s, g, 0, &has_request, &is_continuation);
	if (rc == 0 && s->n_held)
		rc = replay_held(h, s);
	if (rc)
		return rc;
	if (!has_request) {
		uint32_t slot = other_slot(g, is_continuation);

		h->n_frames[slot]++;
		if (slot == WS_REASON_OTHER_PAYLOAD && !is_continuation && g->captured_len == g->frame->payload_len)
			hold(h, s, g);
	}
	return 0;
}

static void clear_stream(struct ws_heads *h, struct stream *s)
{
	for (uint32_t i = 0; i < HELD_MAX; i++)
		drop_held(h, &s->held[i]);
	h->held_bytes -= s->last ? s->last->len : 0;
	ws_head_free(s->last);
	s->last = NULL;
	memset(&s->messages, 0, sizeof(s->messages));
	s->n_held = 0;
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
			struct ws_head *d = s->heads;

			s->heads = d->next;
			ws_head_free(d);
		}
		free(s);
	}
	free(h->stream);
	ws_flows_free(h->flows);
	free(h);
}
