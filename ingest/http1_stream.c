/* SPDX-License-Identifier: BSD-2-Clause */
/* http1_stream - see the header. */
#include "ingest/http1_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http.h"

/* Unfinished heads of a flow: more of them have lost their continuation for good. */
#define UNFINISHED_MAX 8
/* Sequence numbers further away are another connection's, whose beginning was not seen. */
#define NEAR_MAX      (1 << 20)
#define HEAD_KEPT_MAX (64u << 10)

/* The slot of a kept segment that the ledger counts for a head that may begin in it. */
#define SLOT_OF_HEAD WS_N_REASONS

/* Counts the sighting's frame, and hands its record out unless it turned out to be no request. */
static int emit(struct ws_http1_stream *s, struct ws_head *d)
{
	if (!(d->record.flags & WS_FLAG_LATER_IN_FRAME))
		s->sightings->n_frames[ws_reason_slot(d->record.reason, d->record.family)]++;
	return d->record.reason == WS_REASON_OTHER_PAYLOAD ? 0 : s->sightings->emit(s->sightings->context, &d->record);
}

/* The capture left out what would follow: a context that was read stands, anything else is not known. */
static int emit_truncated(struct ws_http1_stream *s, struct ws_head *d)
{
	if (d->record.reason != WS_REASON_CONTEXT && !d->is_bare)
		d->record.reason = WS_REASON_TRUNCATED;
	return emit(s, d);
}

/* What a head that is kept takes. */
static uint64_t kept_bytes(const struct ws_head *d)
{
	return d ? sizeof(*d) + d->cap : 0;
}

/* A head is done with: the last one of a stream is kept in case that its first segment comes again, cut otherwise. */
static void retire_head(struct ws_http1_stream *s, struct ws_head *d)
{
	if (d->len > HEAD_KEPT_MAX || s->sightings->held_bytes + kept_bytes(d) > WS_HELD_BYTES_MAX) {
		ws_head_free(d);
		return;
	}
	s->sightings->held_bytes += kept_bytes(d);
	s->sightings->held_bytes -= kept_bytes(s->last);
	ws_head_free(s->last);
	d->next = NULL;
	s->last = d;
}

/* Is there a segment that lies behind what an unfinished head waits for, and not far from it? */
static bool has_gap(const struct ws_http1_stream *s, const struct ws_head *d)
{
	for (uint32_t i = 0; i < s->cap_held; i++) {
		const int32_t ahead = (int32_t)(s->held[i].frame.seq - d->next_seq);

		if (s->held[i].bytes && ahead > 0 && ahead < NEAR_MAX)
			return true;
	}
	return false;
}

/* Emits and forgets the oldest unfinished head of a stream. */
static int flush_oldest(struct ws_http1_stream *s)
{
	struct ws_head *d = s->heads;
	int rc;

	if (d->record.reason == WS_REASON_SPLIT && has_gap(s, d))
		d->record.reason = WS_REASON_LOST_SEGMENT;
	rc = emit(s, d);
	s->heads = d->next;
	ws_head_free(d);
	return rc;
}

int ws_http1_stream_flush(struct ws_http1_stream *s)
{
	int rc = 0;

	while (rc == 0 && s->heads)
		rc = flush_oldest(s);
	return rc;
}

struct ws_held *ws_http1_stream_held(struct ws_http1_stream *s, uint32_t i)
{
	const uint32_t at = (s->n_held + i) % WS_HTTP1_HELD_MAX;

	return at < s->cap_held && s->held[at].bytes ? &s->held[at] : NULL;
}

/* Makes a place for one more: twice as many, up to the most. Returns 0 or -ENOMEM. */
static int make_place(struct ws_http1_stream *s)
{
	const uint32_t cap = s->cap_held ? 2 * s->cap_held : 1;
	struct ws_held *grown;

	if (s->n_held < s->cap_held || s->cap_held == WS_HTTP1_HELD_MAX)
		return 0;
	grown = realloc(s->held, cap * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + s->cap_held, 0, (cap - s->cap_held) * sizeof(*grown));
	s->held = grown;
	s->cap_held = cap;
	return 0;
}

/*
 * Keeps a copy of a segment that may continue a head whose beginning has not come yet. Without room: not. Returns 0 or
 * -ENOMEM.
 */
static int hold(struct ws_http1_stream *s, const struct ws_segment *g, uint32_t slot)
{
	struct ws_held *held;
	int rc = make_place(s);

	if (rc)
		return rc;
	held = &s->held[s->n_held % WS_HTTP1_HELD_MAX];
	ws_held_drop(held, s->sightings);
	rc = ws_held_keep(held, s->sightings, g, slot);
	s->n_held += rc == 0;
	return rc == -ENOBUFS ? 0 : rc;
}

/* Is the head done with? Then it is emitted; the caller frees it. Returns 1 if so, 0 if not, or -errno. */
static int settle(struct ws_http1_stream *s, struct ws_head *d)
{
	int rc;

	ws_head_search(d, &s->sightings->reader);
	if ((d->is_bare || d->record.reason != WS_REASON_OTHER_PAYLOAD) && !ws_messages_note(&s->messages, d))
		return 0;
	rc = emit(s, d);
	return rc ? rc : 1;
}

/* Adds to the head what was held and continues it, in whatever order it came. Returns 0 or -errno. */
static int add_held(struct ws_http1_stream *s, struct ws_head *d)
{
	for (uint32_t i = 0; i < s->cap_held; i++) {
		struct ws_held *held = &s->held[i];
		int rc = ws_head_continue(d, held->frame.ts_ns, held->frame.seq, held->bytes, held->len);

		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		if (held->slot != SLOT_OF_HEAD) { /* now it is known what it is */
			s->sightings->n_frames[held->slot]--;
			held->slot = WS_REASON_HEAD_CONTINUED;
			s->sightings->n_frames[held->slot]++;
		}
		i = UINT32_MAX; /* begin again: an earlier one may follow now */
	}
	return 0;
}

/*
 * Continues the stream's unfinished heads with the segment, and then with those that were held. *is_continuation: set
 * if it continues one.
 */
static int continue_heads(struct ws_http1_stream *s, const struct ws_segment *g, bool *is_continuation)
{
	const bool is_cut = g->captured_len < g->frame->payload_len;
	struct ws_head **link = &s->heads;

	while (*link) {
		struct ws_head *d = *link;
		int rc = ws_head_continue(d, g->frame->ts_ns, g->frame->seq, g->payload, g->captured_len);
		const bool is_longer = rc == 1;

		if (is_longer && !is_cut)
			rc = add_held(s, d);
		if (rc == -ENOMEM)
			return rc;
		if (is_longer || rc == -EMSGSIZE) {
			int is_settled = rc == -EMSGSIZE ? emit(s, d) : settle(s, d);

			*is_continuation |= d->is_bare || d->record.reason != WS_REASON_OTHER_PAYLOAD;
			if (is_settled == 0 && is_cut && rc != -EMSGSIZE) {
				is_settled = emit_truncated(s, d);
				is_settled = is_settled ? is_settled : 1;
			}
			if (is_settled < 0)
				return is_settled;
			if (is_settled || rc == -EMSGSIZE) {
				*link = d->next;
				retire_head(s, d);
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
			rc = ws_head_append(d, earlier->segment_ts_ns[i], earlier->bytes + d->len,
					    earlier->segment_end[i] - d->len);
	return rc;
}

/*
 * A new head joins the unfinished ones, unless what is at hand finishes it. Returns 0 if it joined; 1 if it was emitted
 * and is the caller's again; or -errno.
 */
static int place_head(struct ws_http1_stream *s, struct ws_head *d, bool is_cut)
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
		rc = settle(s, d);
	if (rc == 0 && is_cut) {
		rc = emit_truncated(s, d);
		rc = rc ? rc : 1;
	}
	if (rc)
		return rc;
	for (const struct ws_head *other = s->heads; other; other = other->next)
		n_unfinished++;
	if (n_unfinished + 1 >= UNFINISHED_MAX)
		rc = flush_oldest(s);
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
static int begin_head(struct ws_http1_stream *s, const struct ws_segment *g, uint32_t off, bool is_first)
{
	const uint32_t len = g->captured_len - off;
	const struct ws_bytes b = { .data = g->payload + off, .len = len };
	const bool is_cut = g->captured_len < g->frame->payload_len;
	const enum ws_http_kind kind = ws_http_kind(&b, 0);
	struct ws_head *d;
	int rc;

	if (kind != WS_HTTP_REQUEST && (kind != WS_HTTP_IN_METHOD || is_cut))
		return 0;
	d = ws_head_new();
	if (!d)
		return -ENOMEM;
	d->record = *g->frame;
	d->record.req_off = off;
	d->record.seq += off;
	d->record.flags = is_first ? 0 : WS_FLAG_LATER_IN_FRAME;
	d->next_seq = d->record.seq;
	rc = ws_head_append(d, g->frame->ts_ns, g->payload + off, len);
	if (rc == 0)
		ws_head_search(d, &s->sightings->reader);
	if (rc == 0 && d->record.reason == WS_REASON_OTHER_PAYLOAD && !d->is_bare) {
		ws_head_free(d);
		return 0;
	}
	if (rc == 0)
		rc = place_head(s, d, is_cut);
	if (rc == 0)
		return 1;
	retire_head(s, d);
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
		if (ws_http2_is_headers(&b, 0)) /* of a connection whose preface was not seen */
			return ws_http2_is_answer(&b, 0) ? WS_REASON_HTTP2 : WS_REASON_UNDECODABLE;
		return g->captured_len < WS_HTTP_START_LEN && g->captured_len < g->frame->payload_len
			       ? WS_REASON_TRUNCATED
			       : WS_REASON_OTHER_PAYLOAD;
	}
}

/* A frame that begins with a status line. */
static int emit_response(struct ws_http1_stream *s, const struct ws_segment *g)
{
	const struct ws_bytes b = { .data = g->payload, .len = g->captured_len };
	struct ws_record r = *g->frame;

	r.reason = WS_REASON_HTTP_RESPONSE;
	r.n_segments = 1;
	r.http_version = 1;
	r.ack = g->ack;
	r.status = ws_http_status(&b, 0);
	return s->sightings->emit(s->sightings->context, &r);
}

/*
 * Takes the requests that begin in the segment from off on. *has_request: in, whether the ledger knows the frame
 * already; out, whether it does now. *is_continuation: set if the segment begins inside a known request.
 */
static int take_requests(struct ws_http1_stream *s, const struct ws_segment *g, uint32_t off, bool *has_request,
			 bool *is_continuation)
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
		rc = begin_head(s, g, off, !*has_request);
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
static int replay_held(struct ws_http1_stream *s)
{
	bool has_request = true, is_continuation = false; /* their frames are in the ledger */
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < s->cap_held; i++) {
		struct ws_held held = s->held[i];
		const struct ws_segment g = ws_held_segment(&held);
		uint32_t end_seq;

		if (!held.bytes || !ws_messages_covers(&s->messages, held.frame.seq, &end_seq) ||
		    end_seq - held.frame.seq >= held.len)
			continue;
		s->held[i].bytes = NULL; /* held has them */
		s->held[i].len = 0;
		rc = take_requests(s, &g, end_seq - held.frame.seq, &has_request, &is_continuation);
		ws_held_drop(&held, s->sightings);
	}
	return rc;
}

/* Is there no more in the segment than what may be a request's method? */
static bool is_bare(const struct ws_segment *g)
{
	const struct ws_bytes b = { .data = g->payload, .len = g->captured_len };

	return ws_http_kind(&b, 0) == WS_HTTP_IN_METHOD;
}

int ws_http1_stream_segment(struct ws_http1_stream *s, const struct ws_segment *g)
{
	const bool is_whole = g->captured_len == g->frame->payload_len;
	bool has_request = false, is_in_head = false, is_in_message = false, may_continue;
	uint32_t slot = SLOT_OF_HEAD;
	int rc;

	ws_messages_continue_body(&s->messages, g->frame->seq, g->payload, g->captured_len);
	rc = continue_heads(s, g, &is_in_head);
	if (rc == 0)
		rc = take_requests(s, g, 0, &has_request, &is_in_message);
	if (rc == 0 && s->n_held)
		rc = replay_held(s);
	if (rc)
		return rc;
	if (!has_request) {
		slot = is_in_head ? WS_REASON_HEAD_CONTINUED : other_slot(g, is_in_message);
		s->sightings->n_frames[slot]++;
		rc = slot == WS_REASON_HTTP_RESPONSE ? emit_response(s, g) : 0;
		if (rc)
			return rc;
		may_continue = slot == WS_REASON_OTHER_PAYLOAD || slot == WS_REASON_UNDECODABLE;
	} else {
		may_continue = is_bare(g); /* it is a part of a method, or of a head whose beginning is late */
	}
	return may_continue && is_whole && !is_in_head && !is_in_message ? hold(s, g, slot) : 0;
}

void ws_http1_stream_forget(struct ws_http1_stream *s)
{
	for (uint32_t i = 0; i < s->cap_held; i++)
		ws_held_drop(&s->held[i], s->sightings);
	free(s->held);
	s->sightings->held_bytes -= kept_bytes(s->last);
	ws_head_free(s->last);
	while (s->heads) {
		struct ws_head *d = s->heads;

		s->heads = d->next;
		ws_head_free(d);
	}
	*s = (struct ws_http1_stream) { .sightings = s->sightings };
}
