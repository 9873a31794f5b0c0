/* SPDX-License-Identifier: BSD-2-Clause */
/* http2_stream - see the header. */
#include "ingest/http2_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/http2_framing.h"
#include "lib/http.h"

/* Segments that wait for one before them. */
#define HELD_MAX 64

static const uint8_t preface[WS_HTTP2_PREFACE_LEN] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct ws_http2_stream {
	struct ws_sightings *sightings;
	struct ws_http2_framing *framing; /* NULL until the preface was seen */
	enum ws_http2_verdict verdict;
	uint32_t start_seq;
	uint32_t known;	      /* bit i: the preface's byte i was seen */
	struct ws_held *held; /* in the order in which they came */
	uint32_t n_held;
	uint32_t cap_held;
};

bool ws_http2_stream_may_begin(const struct ws_segment *segment)
{
	const uint32_t len = segment->captured_len < sizeof(preface) ? segment->captured_len : sizeof(preface);

	return len > 0 && memcmp(segment->payload, preface, len) == 0;
}

struct ws_http2_stream *ws_http2_stream_new(struct ws_sightings *sightings, uint32_t seq)
{
	struct ws_http2_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->sightings = sightings;
	s->start_seq = seq;
	return s;
}

enum ws_http2_verdict ws_http2_stream_verdict(const struct ws_http2_stream *s)
{
	return s->verdict;
}

const struct ws_held *ws_http2_stream_held(const struct ws_http2_stream *s, uint32_t *n)
{
	*n = s->n_held;
	return s->held;
}

void ws_http2_stream_free(struct ws_http2_stream *s)
{
	if (!s)
		return;
	while (s->n_held)
		ws_held_drop(&s->held[--s->n_held], s->sightings);
	free(s->held);
	ws_http2_framing_free(s->framing);
	free(s);
}

bool ws_http2_stream_is_over(const struct ws_http2_stream *s, const struct ws_segment *segment)
{
	const struct ws_bytes b = { .data = segment->payload, .len = segment->captured_len };

	return s->verdict == WS_HTTP2_YES && segment->frame->seq != s->start_seq && ws_http2_is_preface(&b, 0) &&
	       !(ws_http2_framing_is_in_payload(s->framing) &&
		 segment->frame->seq == ws_http2_framing_next_seq(s->framing));
}

/* Keeps a segment. Returns 0, -ENOMEM, or -ENOBUFS without room. */
static int keep(struct ws_http2_stream *s, const struct ws_segment *g)
{
	int rc;

	if (s->n_held == HELD_MAX)
		return -ENOBUFS;
	if (s->n_held == s->cap_held) {
		uint32_t cap = s->cap_held ? 2 * s->cap_held : 4;
		struct ws_held *grown = realloc(s->held, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->held = grown;
		s->cap_held = cap;
	}
	rc = ws_held_keep(&s->held[s->n_held], s->sightings, g, 0);
	s->n_held += rc == 0;
	return rc;
}

/* Gives kept segment i to the framing. */
static int release(struct ws_http2_stream *s, uint32_t i)
{
	struct ws_held held = s->held[i];
	const struct ws_segment g = ws_held_segment(&held);
	int rc;

	s->n_held--;
	memmove(&s->held[i], &s->held[i + 1], (s->n_held - i) * sizeof(*s->held));
	rc = ws_http2_framing_segment(s->framing, &g);
	ws_held_drop(&held, s->sightings);
	return rc;
}

/* Gives the framing every kept segment that it need not wait for. */
static int release_ready(struct ws_http2_stream *s)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < s->n_held; i++) {
		if (!ws_http2_framing_is_ready(s->framing, s->held[i].frame.seq))
			continue;
		rc = release(s, i);
		i = UINT32_MAX; /* begin again: an earlier one may be next now */
	}
	return rc;
}

/* What comes before the kept segments will not come any more. */
static int give_up_gap(struct ws_http2_stream *s)
{
	const uint32_t next_seq = ws_http2_framing_next_seq(s->framing);
	uint32_t first = 0;
	int rc;

	for (uint32_t i = 1; i < s->n_held; i++)
		if (s->held[i].frame.seq - next_seq < s->held[first].frame.seq - next_seq)
			first = i;
	rc = ws_http2_framing_skip(s->framing, s->held[first].frame.seq);
	return rc ? rc : release_ready(s);
}

/* Notes what the segment shows of the preface. Returns false if that is another beginning, or can never be seen. */
static bool compare_preface(struct ws_http2_stream *s, const struct ws_segment *g)
{
	const uint32_t from = g->frame->seq - s->start_seq;

	for (uint32_t i = 0; i < g->frame->payload_len && from + i < sizeof(preface); i++) {
		if (i >= g->captured_len || g->payload[i] != preface[from + i])
			return false;
		s->known |= 1u << (from + i);
	}
	return true;
}

/* Takes a segment before it is known whether this is HTTP/2. */
static int take_undecided(struct ws_http2_stream *s, const struct ws_segment *g)
{
	int rc = compare_preface(s, g) ? keep(s, g) : -ENOBUFS;

	if (rc == -ENOBUFS) {
		s->verdict = WS_HTTP2_NO;
		return 0;
	}
	if (rc || s->known != (1u << sizeof(preface)) - 1)
		return rc;
	s->framing = ws_http2_framing_new(s->sightings, s->start_seq + (uint32_t)sizeof(preface));
	if (!s->framing)
		return -ENOMEM;
	s->verdict = WS_HTTP2_YES;
	return release_ready(s);
}

int ws_http2_stream_segment(struct ws_http2_stream *s, const struct ws_segment *segment)
{
	int rc = 0;

	if (s->verdict == WS_HTTP2_UNDECIDED)
		return take_undecided(s, segment);
	while (rc == 0 && !ws_http2_framing_is_ready(s->framing, segment->frame->seq)) {
		rc = keep(s, segment);
		if (rc != -ENOBUFS)
			return rc;
		rc = s->n_held ? give_up_gap(s) : ws_http2_framing_skip(s->framing, segment->frame->seq);
	}
	if (rc == 0)
		rc = ws_http2_framing_segment(s->framing, segment);
	return rc ? rc : release_ready(s);
}

int ws_http2_stream_finish(struct ws_http2_stream *s)
{
	int rc = 0;

	if (s->verdict != WS_HTTP2_YES)
		return 0;
	while (rc == 0 && s->n_held)
		rc = give_up_gap(s);
	return rc ? rc : ws_http2_framing_finish(s->framing);
}
