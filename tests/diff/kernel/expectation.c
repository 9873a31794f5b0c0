/* SPDX-License-Identifier: BSD-2-Clause */
/* expectation - see the header. */
#include "tests/diff/kernel/expectation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t covered(const struct sighting *g)
{
	return g->end[g->n - 1];
}

/* The byte of the stream up to which the head must have passed for the answer to be known. */
static uint32_t stop_of(const struct sighting *g)
{
	return g->stream->request[g->request].off + g->stream->reference[g->request].stop;
}

static void extend(struct sighting *g, uint32_t frame, uint32_t end)
{
	if (g->n == EXPECTATION_SEGMENTS_MAX) {
		g->end[g->n - 1] = end;
	} else {
		g->frame[g->n] = frame;
		g->end[g->n++] = end;
	}
	g->is_done = end >= stop_of(g);
}

/* Was the head whole in one segment? */
static bool is_whole(const struct sighting *g)
{
	return g->n == 1 && g->is_done;
}

/* The last sighting of the request that tells what follows: of several segments rather than of one. */
static const struct sighting *find_earlier(const struct expectation *e, const struct sighting *g)
{
	const struct sighting *found = NULL;

	for (uint32_t i = e->n_sightings - 1; i-- > 0;) {
		const struct sighting *earlier = &e->sighting[i];

		if (earlier->stream == g->stream && earlier->request == g->request && covered(earlier) > covered(g) &&
		    (!found || (is_whole(found) && !is_whole(earlier))))
			found = earlier;
	}
	return found;
}

/* What followed the first segment the first time follows it again. */
static void take_over(const struct expectation *e, struct sighting *g)
{
	const struct sighting *earlier = find_earlier(e, g);
	const uint32_t first_end = covered(g);

	if (!earlier)
		return;
	for (uint32_t k = 0; k < earlier->n; k++)
		if (earlier->end[k] > first_end)
			extend(g, earlier->frame[k], earlier->end[k]);
	g->has_gap = earlier->has_gap;
	g->is_out_of_order = earlier->is_out_of_order;
}

static struct sighting *begin(struct expectation *e, const struct stream *s, uint32_t request, uint32_t frame,
			      uint32_t end)
{
	struct sighting *g = &e->sighting[e->n_sightings++];

	if (e->n_sightings == EXPECTATION_MAX)
		abort();
	memset(g, 0, sizeof(*g));
	g->stream = s;
	g->request = request;
	extend(g, frame, end);
	if (!g->is_done)
		take_over(e, g);
	return g;
}

static bool has_known_end(const struct stream *s, uint32_t request)
{
	return s->reference[request].end == REFERENCE_WHOLE && s->request[request].is_body_known;
}

/* Sightings under way that the segment continues, or whose next segment it shows to be missing. */
static void go_on(struct expectation *e, const struct stream *s, const struct stream_segment *g, uint32_t frame)
{
	for (uint32_t i = 0; i < e->n_sightings; i++) {
		struct sighting *other = &e->sighting[i];

		if (other->stream != s || other->is_done)
			continue;
		if (g->from > covered(other)) {
			other->has_gap = true;
		} else if (g->to > covered(other)) {
			other->is_out_of_order |= other->has_gap;
			extend(other, frame, g->to);
		}
	}
}

/* Where requests begin in the segment: byte of the stream, or UINT32_MAX. */
static uint32_t first_begin(const struct stream *s, const struct stream_segment *g)
{
	for (uint32_t i = 0; i < s->n_requests; i++) {
		const struct request *r = &s->request[i];

		if (r->off == g->from)
			return r->off;
		if (r->off > g->from && r->off < g->to) /* seen if the one before it ends where its head says */
			return !g->is_repeat && i > 0 && has_known_end(s, i - 1) ? r->off : UINT32_MAX;
	}
	return UINT32_MAX;
}

/* Is the byte in a head, behind its first byte, of which a sighting is under way? */
static bool is_under_way(const struct expectation *e, const struct stream *s, uint32_t at)
{
	for (uint32_t i = 0; i < e->n_sightings; i++) {
		const struct sighting *g = &e->sighting[i];

		const struct request *r = &s->request[g->request];

		if (g->stream == s && !g->is_done && at > r->off && at < r->off + r->head_len)
			return true;
	}
	return false;
}

/* Has a segment of the stream come again by now? */
static bool has_repeat(const struct stream *s, uint32_t segment)
{
	uint32_t from = UINT32_MAX;

	for (uint32_t i = 0; i <= segment; i++) {
		const struct stream_segment *g = &s->segment[i];

		if (g->is_repeat || (g->from < g->to && g->from == from))
			return true;
		from = g->from < g->to ? g->from : from;
	}
	return false;
}

void expectation_take(struct expectation *e, struct passed *frame, uint32_t n)
{
	const struct stream *s = frame->stream;
	const struct stream_segment *g = &s->segment[frame->segment];
	bool was_under_way = is_under_way(e, s, g->from);
	uint32_t at;

	frame->sighting = -1;
	frame->slot = WS_REASON_NO_PAYLOAD;
	if (g->from == g->to)
		return;
	go_on(e, s, g, n);
	frame->slot = was_under_way ? WS_REASON_HEAD_CONTINUED
				    : (uint8_t)reference_slot(s->bytes + g->from, g->to - g->from);
	if (s->n_requests && !was_under_way)
		frame->slot = WS_REASON_OTHER_PAYLOAD;
	frame->is_open = has_repeat(s, frame->segment);
	at = first_begin(s, g);
	for (uint32_t i = 0; i < s->n_requests && at < g->to; i++) {
		struct sighting *seen;

		if (s->request[i].off != at)
			continue;
		seen = begin(e, s, i, n, g->to);
		seen->is_later = frame->sighting >= 0;
		if (frame->sighting < 0)
			frame->sighting = (int32_t)(seen - e->sighting);
		if (s->request[i].off + s->reference[i].stop > g->to || !has_known_end(s, i))
			break;
		at += s->request[i].len;
	}
}

static uint16_t segment_of(const struct sighting *g, uint32_t end)
{
	uint32_t n = 0;

	while (n + 1 < g->n && g->end[n] < end)
		n++;
	return (uint16_t)(n + 1);
}

bool expectation_record(const struct sighting *g, const struct passed *frames, const struct ws_wanted *wanted,
			uint32_t window, struct ws_record *want)
{
	const struct stream *s = g->stream;
	const struct request *request = &s->request[g->request];
	const struct passed *frame = &frames[g->frame[0]];
	const struct stream_segment *segment = &s->segment[frame->segment];
	const uint32_t len = covered(g) - request->off;
	struct reference r;
	uint8_t why;

	memset(want, 0, sizeof(*want));
	carrier_describe(&s->carrier, frame->frame_len, segment->to - segment->from, segment->tcp_flags, want);
	want->ts_ns = frame->ts_ns;
	want->seq = s->isn + request->off;
	want->req_off = request->off - segment->from;
	want->n_segments = (uint16_t)g->n;
	want->http_version = 1;
	want->flags = g->is_later ? WS_FLAG_LATER_IN_FRAME : 0;
	reference_read(s->bytes + request->off, len, window, wanted, &r);
	want->searched_len = r.end == REFERENCE_WHOLE ? r.stop : len;
	if (want->searched_len > window)
		want->searched_len = window;
	if (r.end == REFERENCE_NOT_HTTP || r.end == REFERENCE_IN_METHOD)
		want->reason = WS_REASON_OTHER_PAYLOAD;
	else if (!ws_contexts_choose(&r.contexts, wanted, window, want, &why))
		want->reason = r.end == REFERENCE_WINDOW || (r.end == REFERENCE_WHOLE && r.stop > window)
				       ? WS_REASON_BEYOND_WINDOW
			       : r.end == REFERENCE_WHOLE ? why
			       : g->is_out_of_order	  ? WS_REASON_OUT_OF_ORDER
			       : g->has_gap		  ? WS_REASON_LOST_SEGMENT
							  : WS_REASON_SPLIT;
	if (want->reason != WS_REASON_CONTEXT)
		return want->reason != WS_REASON_OTHER_PAYLOAD;
	want->ctx_segment = segment_of(g, request->off + want->ctx_off + 1);
	want->ids_end_segment = segment_of(g, request->off + want->ids_end_off);
	for (uint32_t i = 0; i < want->ids_end_segment; i++) /* what came again may be newer than what follows it */
		if (frames[g->frame[i]].ts_ns > want->done_ts_ns)
			want->done_ts_ns = frames[g->frame[i]].ts_ns;
	return true;
}
