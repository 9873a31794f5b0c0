/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http2 - see the header: the frames' own layout is read here, as the bytes come; the header fields in them are read at
 * once (lib/http2_fields.h). No block is ever kept.
 */
#include "lib/http2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http.h"
#include "lib/http2_fields.h"

/* Frame headers included. Servers take some 10 to 100 KB. */
#define BLOCK_MAX    (256u << 10)
#define SEGMENTS_MAX 1024

/* The fields in front of a HEADERS frame's fragment, frame header included. */
#define FRONT_MAX (WS_HTTP2_FRAME_HEADER_LEN + 1 + WS_HTTP2_PRIORITY_LEN)

/* A TCP segment that carried a part of the block. */
struct segment {
	uint64_t ts_ns;
	uint32_t end_off;
};

/* What tells a segment from others. */
struct identity {
	uint64_t ts_ns;
	uint32_t seq;
	uint32_t payload_len;
};

/* The frame under way, or the last one. Offsets count from its first byte. */
struct frame {
	struct ws_record record; /* stamped as its first byte */
	uint8_t front[FRONT_MAX];
	uint8_t type;
	uint8_t flags;
	uint32_t stream_id;
	uint32_t off;	       /* bytes taken */
	uint32_t fragment_off; /* where the piece of the block begins and ends */
	uint32_t fragment_end;
	uint32_t end;
};

/* The header block under way. Offsets count from the HEADERS frame's first byte. */
struct block {
	struct ws_record record; /* stamped as the HEADERS frame's first byte */
	uint32_t off;		 /* of the next byte */
	bool opens_stream;
};

struct ws_http2 {
	const struct ws_wanted *wanted;
	struct ws_http2_fields *fields; /* NULL: undecodable */
	uint32_t window;
	uint32_t highest_stream;
	uint32_t next_seq;
	bool is_in_frame;
	bool is_in_block; /* a HEADERS frame's header was read, and the end of its block was not */
	struct frame frame;
	struct block block;
	struct segment *segments; /* of the block, or of the frame that may begin one */
	uint32_t n_segments;
	uint32_t cap_segments;
	struct identity last_segment; /* the last of segments */
	struct identity last_request; /* where the last request began */
	bool has_last_request;
};

/* Where a finished record goes. */
struct sink {
	ws_http2_emit *emit;
	void *context;
};

struct ws_http2 *ws_http2_new(const struct ws_wanted *wanted, uint32_t window)
{
	struct ws_http2 *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->wanted = wanted;
	h->window = window;
	h->fields = ws_http2_fields_new(wanted, window);
	if (!h->fields) {
		free(h);
		return NULL;
	}
	return h;
}

void ws_http2_free(struct ws_http2 *h)
{
	if (!h)
		return;
	ws_http2_fields_free(h->fields);
	free(h->segments);
	free(h);
}

bool ws_http2_is_undecodable(const struct ws_http2 *h)
{
	return h->fields == NULL;
}

/* -- records */

static struct identity identity_of(const struct ws_record *frame)
{
	return (struct identity) { frame->ts_ns, frame->seq, frame->payload_len };
}

static bool is_same(const struct identity *a, const struct identity *b)
{
	return a->ts_ns == b->ts_ns && a->seq == b->seq && a->payload_len == b->payload_len;
}

/* What the record of a request that begins in the segment says of it. */
static void describe(const struct ws_record *segment, uint32_t seq, struct ws_record *r)
{
	*r = *segment;
	r->req_off = (int32_t)(seq - segment->seq) < 0 ? 0 : seq - segment->seq;
	r->seq = seq;
	r->http_version = 2;
	r->flags = 0;
}

/* The number, from 1, of the segment that carried the byte before end_off. */
static uint16_t segment_of(const struct ws_http2 *h, uint32_t end_off)
{
	uint32_t n = 0;

	while (n + 1 < h->n_segments && h->segments[n].end_off < end_off)
		n++;
	return (uint16_t)(n + 1);
}

/* Emits the record of a request, the later ones of a segment marked as such. */
static int emit_request(struct ws_http2 *h, struct ws_record *r, const struct sink *sink)
{
	const struct identity begin = { r->ts_ns, r->seq - r->req_off, r->payload_len };

	if (h->has_last_request && is_same(&begin, &h->last_request))
		r->flags |= WS_FLAG_LATER_IN_FRAME;
	h->last_request = begin;
	h->has_last_request = true;
	r->n_segments = (uint16_t)h->n_segments;
	return sink->emit(sink->context, r);
}

/* The block has ended, and it is a request's. */
static int emit_decoded(struct ws_http2 *h, const struct sink *sink)
{
	struct ws_record r = h->block.record;
	uint8_t why;

	r.searched_len = h->block.off;
	if (ws_http2_fields_are_grpc(h->fields))
		r.flags |= WS_FLAG_GRPC;
	if (ws_contexts_choose(ws_http2_fields_contexts(h->fields), h->wanted, h->window, &r, &why)) {
		r.ctx_segment = segment_of(h, r.ctx_off + 1);
		r.ids_end_segment = segment_of(h, r.ids_end_off);
		r.done_ts_ns = h->segments[r.ids_end_segment - 1].ts_ns;
	} else {
		r.reason = h->block.off > h->window ? WS_REASON_BEYOND_WINDOW : why;
	}
	return emit_request(h, &r, sink);
}

/* Of such a request only the frame's header tells anything. */
static int emit_undecodable(struct ws_http2 *h, const struct ws_record *begin, const struct sink *sink)
{
	struct ws_record r = *begin;

	r.reason = WS_REASON_UNDECODABLE;
	r.searched_len = WS_HTTP2_FRAME_HEADER_LEN;
	return emit_request(h, &r, sink);
}

/* -- frames */

static uint32_t number(const uint8_t *bytes, uint32_t n)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* The frame's header is complete. */
static void read_header(struct frame *f)
{
	uint32_t n_fixed = 0;

	f->type = f->front[3];
	f->flags = f->front[4];
	f->stream_id = number(f->front + 5, 4) & 0x7fffffff;
	f->end = WS_HTTP2_FRAME_HEADER_LEN + number(f->front, 3);
	if (f->type == WS_HTTP2_HEADERS)
		n_fixed = (f->flags & WS_HTTP2_PADDED ? 1 : 0) +
			  (f->flags & WS_HTTP2_PRIORITY ? WS_HTTP2_PRIORITY_LEN : 0);
	f->fragment_off = WS_HTTP2_FRAME_HEADER_LEN + n_fixed;
	f->fragment_end = f->end;
}

static bool opens_stream(const struct ws_http2 *h)
{
	const struct frame *f = &h->frame;

	return f->type == WS_HTTP2_HEADERS && f->stream_id % 2 == 1 && f->stream_id > h->highest_stream;
}

/* A HEADERS frame that may stand here begins a block. */
static void begin_block(struct ws_http2 *h)
{
	struct block *b = &h->block;

	memset(b, 0, sizeof(*b));
	b->record = h->frame.record;
	b->record.stream_id = h->frame.stream_id;
	b->off = WS_HTTP2_FRAME_HEADER_LEN;
	b->opens_stream = opens_stream(h);
	if (b->opens_stream)
		h->highest_stream = h->frame.stream_id;
	h->is_in_block = true;
	ws_http2_fields_begin(h->fields);
}

/* The frame's header is complete: may it stand here, and is there room for what it announces? */
static bool enter_frame(struct ws_http2 *h)
{
	const struct frame *f = &h->frame;

	if (f->fragment_off > f->end)
		return false;
	if (h->is_in_block) {
		if (f->type != WS_HTTP2_CONTINUATION || f->stream_id != h->block.record.stream_id)
			return false;
	} else {
		if (f->type != WS_HTTP2_HEADERS || f->stream_id % 2 == 0)
			return false;
		begin_block(h);
	}
	return (uint64_t)h->block.off + f->end - WS_HTTP2_FRAME_HEADER_LEN <= BLOCK_MAX;
}

/* Takes what stands in front of the fragment: *n bytes of len. Returns 0 or WS_HTTP2_UNREADABLE. */
static int take_front(struct ws_http2 *h, const uint8_t *bytes, uint32_t len, uint32_t *n)
{
	struct frame *f = &h->frame;
	const bool is_header = f->off < WS_HTTP2_FRAME_HEADER_LEN;
	const uint32_t end = is_header ? WS_HTTP2_FRAME_HEADER_LEN : f->fragment_off;

	*n = end - f->off < len ? end - f->off : len;
	memcpy(f->front + f->off, bytes, *n);
	f->off += *n;
	if (h->is_in_block)
		h->block.off += *n;
	if (f->off < end)
		return 0;
	if (is_header) {
		read_header(f);
		if (!enter_frame(h))
			return WS_HTTP2_UNREADABLE;
	}
	if (f->off == f->fragment_off && f->type == WS_HTTP2_HEADERS && f->flags & WS_HTTP2_PADDED) {
		const uint8_t padding = f->front[WS_HTTP2_FRAME_HEADER_LEN];

		if (padding > f->end - f->fragment_off)
			return WS_HTTP2_UNREADABLE;
		f->fragment_end = f->end - padding;
	}
	return 0;
}

/* Takes bytes of the fragment, or of the padding behind it: *n of len. Returns 0, WS_HTTP2_UNREADABLE or -ENOMEM. */
static int take_payload(struct ws_http2 *h, const uint8_t *bytes, uint32_t len, uint32_t *n)
{
	struct frame *f = &h->frame;
	const bool is_fragment = f->off < f->fragment_end;
	const uint32_t end = is_fragment ? f->fragment_end : f->end;

	*n = end - f->off < len ? end - f->off : len;
	f->off += *n;
	h->block.off += *n;
	return is_fragment ? ws_http2_fields_read(h->fields, h->block.off - *n, bytes, *n) : 0;
}

/* The frame is complete. Returns 0, WS_HTTP2_UNREADABLE or -errno. */
static int end_frame(struct ws_http2 *h, const struct sink *sink)
{
	int rc;

	h->is_in_frame = false;
	if (!(h->frame.flags & WS_HTTP2_END_HEADERS))
		return 0;
	rc = ws_http2_fields_end(h->fields);
	if (rc)
		return rc;
	h->is_in_block = false;
	return ws_http2_fields_are_request(h->fields) ? emit_decoded(h, sink) : 0;
}

/* -- pieces */

/* Notes that the segment carried what stands before end_off. Returns 0, -ENOMEM, or, of too many, WS_HTTP2_UNREADABLE.
 */
static int note_segment(struct ws_http2 *h, const struct ws_record *segment, uint32_t end_off)
{
	const struct identity identity = identity_of(segment);

	if (h->n_segments > 0 && is_same(&identity, &h->last_segment)) {
		h->segments[h->n_segments - 1].end_off = end_off;
		return 0;
	}
	if (h->n_segments == SEGMENTS_MAX)
		return WS_HTTP2_UNREADABLE;
	if (h->n_segments == h->cap_segments) {
		uint32_t cap = h->cap_segments ? 2 * h->cap_segments : 4;
		struct segment *grown = realloc(h->segments, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		h->segments = grown;
		h->cap_segments = cap;
	}
	h->segments[h->n_segments++] = (struct segment) { segment->ts_ns, end_off };
	h->last_segment = identity;
	return 0;
}

/* Takes a piece that is in its place. Returns 0, WS_HTTP2_UNREADABLE or -errno. */
static int take_piece(struct ws_http2 *h, const uint8_t *bytes, uint32_t len, const struct sink *sink)
{
	const struct frame *f = &h->frame;
	int rc = 0;

	while (rc == 0 && len > 0) {
		uint32_t n;

		if (!h->is_in_frame) /* bytes behind the frame's end */
			return WS_HTTP2_UNREADABLE;
		if (f->off < WS_HTTP2_FRAME_HEADER_LEN || f->off < f->fragment_off)
			rc = take_front(h, bytes, len, &n);
		else
			rc = take_payload(h, bytes, len, &n);
		bytes += n;
		len -= n;
		if (rc == 0 && f->off >= WS_HTTP2_FRAME_HEADER_LEN && f->off == f->end)
			rc = end_frame(h, sink);
	}
	return rc;
}

/* The header of a frame that cannot be decoded is complete: a request that opens a stream is emitted. */
static int take_unreadable_header(struct ws_http2 *h, const struct sink *sink)
{
	struct frame *f = &h->frame;

	if (!opens_stream(h))
		return 0;
	h->highest_stream = f->stream_id;
	f->record.stream_id = f->stream_id;
	return emit_undecodable(h, &f->record, sink);
}

/* Of a frame that cannot be decoded only the header is read. */
static int take_unreadable(struct ws_http2 *h, uint32_t frame_off, const uint8_t *bytes, uint32_t len,
			   const struct sink *sink)
{
	struct frame *f = &h->frame;

	if (frame_off != f->off || f->off >= WS_HTTP2_FRAME_HEADER_LEN)
		return 0;
	len = len < WS_HTTP2_FRAME_HEADER_LEN - f->off ? len : WS_HTTP2_FRAME_HEADER_LEN - f->off;
	memcpy(f->front + f->off, bytes, len);
	f->off += len;
	if (f->off < WS_HTTP2_FRAME_HEADER_LEN)
		return 0;
	read_header(f);
	return take_unreadable_header(h, sink);
}

/* Nothing can be decompressed from here on. A request under way is emitted as such. */
static int give_up(struct ws_http2 *h, const struct sink *sink)
{
	const bool was_in_block = h->is_in_block;

	ws_http2_fields_free(h->fields);
	h->fields = NULL;
	h->is_in_block = false;
	return was_in_block && h->block.opens_stream ? emit_undecodable(h, &h->block.record, sink) : 0;
}

static void begin_frame(struct ws_http2 *h, const struct ws_record *segment, uint32_t seq)
{
	describe(segment, seq, &h->frame.record);
	h->frame.off = 0;
	h->is_in_frame = true;
	if (!h->is_in_block)
		h->n_segments = 0;
}

/* Is the piece the next one? */
static bool is_next(const struct ws_http2 *h, uint32_t seq, uint32_t frame_off)
{
	if (h->is_in_frame ? frame_off != h->frame.off : frame_off != 0)
		return false;
	return seq == h->next_seq || (!h->is_in_frame && !h->is_in_block);
}

int ws_http2_piece(struct ws_http2 *h, const struct ws_record *frame, uint32_t seq, uint32_t frame_off,
		   const uint8_t *bytes, uint32_t len, ws_http2_emit *emit, void *context)
{
	const struct sink sink = { emit, context };
	int rc = 0;

	if (len == 0)
		return 0;
	if (h->fields && !is_next(h, seq, frame_off))
		rc = give_up(h, &sink);
	if (rc)
		return rc;
	if (frame_off == 0)
		begin_frame(h, frame, seq);
	rc = note_segment(h, frame, (h->is_in_block ? h->block.off : h->frame.off) + len);
	if (!h->fields)
		return rc < 0 ? rc : take_unreadable(h, frame_off, bytes, len, &sink);
	h->next_seq = seq + len;
	if (rc == 0)
		rc = take_piece(h, bytes, len, &sink);
	if (rc != WS_HTTP2_UNREADABLE)
		return rc;
	rc = give_up(h, &sink);
	return rc == 0 && h->frame.off >= WS_HTTP2_FRAME_HEADER_LEN ? take_unreadable_header(h, &sink) : rc;
}

int ws_http2_lost(struct ws_http2 *h, ws_http2_emit *emit, void *context)
{
	const struct sink sink = { emit, context };

	return h->fields ? give_up(h, &sink) : 0;
}
