/* SPDX-License-Identifier: BSD-2-Clause */
/* heads - see the header: which stream a segment belongs to, and what that speaks. */
#include "ingest/heads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/flows.h"
#include "ingest/http1_stream.h"
#include "ingest/http2_stream.h"

/* One direction of a connection. */
struct stream {
	struct ws_http1_stream http1;
	struct ws_http2_stream *http2; /* NULL: there is no sign of it */
	uint32_t way;		       /* the direction's number whatever tunnel it takes */
	bool is_http2_client;	       /* the other direction was told so */
};

struct ws_heads {
	struct ws_sightings sightings;
	struct ws_flows *flows;
	struct stream **stream; /* by flow number */
	uint32_t n_streams;
	uint32_t cap_streams;
	struct ws_flows *ways; /* by inner addresses and ports: tunnels may name each direction otherwise */
	uint8_t *is_server;    /* by way: an HTTP/2 server speaks */
	uint32_t cap_ways;
};

struct ws_heads *ws_heads_new(ws_heads_emit *emit, void *context, uint64_t n_frames[WS_N_REASONS],
			      const struct ws_wanted *wanted, uint32_t window)
{
	struct ws_heads *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->sightings.emit = emit;
	h->sightings.context = context;
	h->sightings.n_frames = n_frames;
	h->sightings.reader.wanted = *wanted;
	h->sightings.window = window;
	ws_names_make(wanted, &h->sightings.reader.names);
	h->flows = ws_flows_new();
	h->ways = ws_flows_new();
	if (!h->flows || !h->ways) {
		ws_heads_free(h);
		return NULL;
	}
	return h;
}

/* The number of the frame's direction, or of the other one. Returns -ENOMEM without memory. */
static int64_t find_way(struct ws_heads *h, const struct ws_record *frame, bool is_other)
{
	struct ws_flow_key key = {
		.sport = is_other ? frame->dport : frame->sport,
		.dport = is_other ? frame->sport : frame->dport,
		.ip_version = frame->ip_version,
	};
	int64_t n;

	memcpy(key.saddr, is_other ? frame->daddr : frame->saddr, sizeof(key.saddr));
	memcpy(key.daddr, is_other ? frame->saddr : frame->daddr, sizeof(key.daddr));
	n = ws_flows_number(h->ways, &key);
	if (n >= h->cap_ways) {
		uint32_t cap = h->cap_ways ? 2 * h->cap_ways : 1024;
		uint8_t *grown = realloc(h->is_server, cap);

		if (!grown)
			return -ENOMEM;
		memset(grown + h->cap_ways, 0, cap - h->cap_ways);
		h->is_server = grown;
		h->cap_ways = cap;
	}
	return n;
}

static struct stream *new_stream(struct ws_heads *h, const struct ws_record *frame)
{
	int64_t way = find_way(h, frame, false);
	struct stream *s = way < 0 ? NULL : calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->http1.sightings = &h->sightings;
	s->way = (uint32_t)way;
	return s;
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
		h->stream[n] = new_stream(h, frame);
	return h->stream[n];
}

/* Notes of the other direction whether this is an HTTP/2 connection. Returns 0 or -ENOMEM. */
static int tell_server(struct ws_heads *h, struct stream *s, const struct ws_record *frame, bool is_http2)
{
	int64_t way = find_way(h, frame, true);

	if (way < 0)
		return (int)way;
	s->is_http2_client = is_http2;
	h->is_server[way] = is_http2 && way != s->way;
	return 0;
}

/* What was taken for the beginning of HTTP/2 is none. */
static int give_back(struct stream *s)
{
	struct ws_http2_stream *http2 = s->http2;
	const struct ws_held *held;
	uint32_t n;
	int rc = 0;

	s->http2 = NULL;
	held = ws_http2_stream_held(http2, &n);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		const struct ws_segment g = ws_held_segment(&held[i]);

		rc = ws_http1_stream_segment(&s->http1, &g);
	}
	ws_http2_stream_free(http2);
	return rc;
}

/* What there is of HTTP/2 ends. */
static int end_http2(struct stream *s)
{
	int rc;

	if (!s->http2)
		return 0;
	if (ws_http2_stream_verdict(s->http2) != WS_HTTP2_YES)
		return give_back(s);
	rc = ws_http2_stream_finish(s->http2);
	ws_http2_stream_free(s->http2);
	s->http2 = NULL;
	return rc;
}

/* Gives the HTTP/2 stream a segment, or whoever else it turns out to be for. */
static int give_http2(struct ws_heads *h, struct stream *s, const struct ws_segment *g)
{
	int rc = ws_http2_stream_segment(s->http2, g);

	if (rc)
		return rc;
	switch (ws_http2_stream_verdict(s->http2)) {
	case WS_HTTP2_NO:
		rc = give_back(s);
		return rc ? rc : ws_http1_stream_segment(&s->http1, g);
	case WS_HTTP2_YES:
		return s->is_http2_client ? 0 : tell_server(h, s, g->frame, true);
	default:
		return 0;
	}
}

/* Segments that came before the first one. */
static int give_earlier(struct ws_heads *h, struct stream *s, uint32_t start_seq)
{
	struct ws_http1_stream *http1 = &s->http1;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && s->http2 && i < WS_HTTP1_HELD_MAX; i++) {
		struct ws_held *kept = ws_http1_stream_held(http1, i), held = kept ? *kept : (struct ws_held) { 0 };
		const struct ws_segment g = ws_held_segment(&held);

		if (!kept || held.slot >= WS_N_REASONS || ws_seq_before(held.frame.seq, start_seq))
			continue;
		kept->bytes = NULL; /* held has them */
		kept->len = 0;
		h->sightings.n_frames[held.slot]--;
		rc = give_http2(h, s, &g);
		ws_held_drop(&held, &h->sightings);
	}
	return rc;
}

/* A segment begins as the preface does. */
static int begin_http2(struct ws_heads *h, struct stream *s, const struct ws_segment *g)
{
	int rc;

	s->http2 = ws_http2_stream_new(&h->sightings, g->frame->seq);
	if (!s->http2)
		return -ENOMEM;
	rc = give_http2(h, s, g);
	return rc == 0 && s->http2 ? give_earlier(h, s, g->frame->seq) : rc;
}

int ws_heads_segment(struct ws_heads *h, const struct ws_segment *segment)
{
	struct stream *s = find_stream(h, segment->frame);
	uint32_t end_seq;
	int rc = 0;

	if (!s)
		return -ENOMEM;
	if (h->is_server[s->way]) {
		h->sightings.n_frames[WS_REASON_HTTP2]++;
		return 0;
	}
	if (s->http2 && ws_http2_stream_is_over(s->http2, segment))
		rc = end_http2(s);
	if (rc)
		return rc;
	if (s->http2)
		return give_http2(h, s, segment);
	if (ws_http2_stream_may_begin(segment) &&
	    !ws_messages_covers(&s->http1.messages, segment->frame->seq, &end_seq))
		return begin_http2(h, s, segment);
	return ws_http1_stream_segment(&s->http1, segment);
}

static int finish_stream(struct stream *s)
{
	int rc = end_http2(s);

	return rc ? rc : ws_http1_stream_flush(&s->http1);
}

int ws_heads_restart(struct ws_heads *h, const struct ws_record *frame)
{
	struct stream *s = find_stream(h, frame);
	int rc;

	if (!s)
		return -ENOMEM;
	rc = finish_stream(s);
	if (rc == 0 && s->is_http2_client)
		rc = tell_server(h, s, frame, false);
	h->is_server[s->way] = false;
	ws_http1_stream_forget(&s->http1);
	return rc;
}

int ws_heads_finish(struct ws_heads *h)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < h->n_streams; i++)
		if (h->stream[i])
			rc = finish_stream(h->stream[i]);
	return rc;
}

void ws_heads_free(struct ws_heads *h)
{
	if (!h)
		return;
	for (uint32_t i = 0; i < h->n_streams; i++) {
		if (!h->stream[i])
			continue;
		ws_http2_stream_free(h->stream[i]->http2);
		ws_http1_stream_forget(&h->stream[i]->http1);
		free(h->stream[i]);
	}
	free(h->stream);
	free(h->is_server);
	ws_flows_free(h->ways);
	ws_flows_free(h->flows);
	free(h);
}
