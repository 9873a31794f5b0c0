/* SPDX-License-Identifier: BSD-2-Clause */
/* http2_framing - see the header. */
#include "ingest/http2_framing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http.h"
#include "lib/http2.h"

/* Requests remembered in case that their segment comes again. */
#define KNOWN_MAX 8
/* Segments that came again before it was known what begins in them. */
#define AGAIN_MAX 4
/* A frame's size unless the server allows more (RFC 9113 4.2). */
#define FRAME_MAX 16384

/* A part of a frame's header, and the segment that carried it. */
struct part {
	uint64_t ts_ns;
	uint32_t seq;
	uint32_t payload_len;
	uint32_t n;
};

/* A segment that holds the first byte of the frame under way once more. */
struct again {
	struct ws_record frame;
	bool is_counted;
};

/* A frame that begins a request, or may: the ledger waits for what it is. */
struct opening {
	bool is_open;
	bool is_current; /* it began in the segment at hand */
	bool is_counted; /* its segment is in the ledger */
	uint32_t seq;
	uint32_t n_again;
	struct again again[AGAIN_MAX];
};

struct ws_http2_framing {
	struct ws_sightings *sightings;
	struct ws_http2 *decoder;
	uint32_t next_seq;
	bool is_in_step; /* it is known where frames begin */
	/* of the frame under way */
	uint8_t header[WS_HTTP2_FRAME_HEADER_LEN];
	uint32_t n_header;
	uint32_t len;
	uint32_t left;		/* of its payload */
	bool is_decoded;	/* it carries headers, and the decoder has all of it so far */
	struct ws_record first; /* the segment of its first byte, if the header goes on in others */
	struct part part[WS_HTTP2_FRAME_HEADER_LEN];
	uint32_t n_parts;
	/* of the header block under way */
	uint32_t block_stream; /* 0: none */
	struct opening opening;
	/* of the segment at hand */
	const struct ws_record *segment;
	bool is_counted;
	uint32_t n_known; /* ever; the last KNOWN_MAX are at n % KNOWN_MAX */
	struct ws_record known[KNOWN_MAX];
};

struct ws_http2_framing *ws_http2_framing_new(struct ws_sightings *sightings, uint32_t seq)
{
	struct ws_http2_framing *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->decoder = ws_http2_new(&sightings->reader.wanted, sightings->window);
	if (!f->decoder) {
		free(f);
		return NULL;
	}
	f->sightings = sightings;
	f->next_seq = seq;
	f->is_in_step = true;
	return f;
}

void ws_http2_framing_free(struct ws_http2_framing *f)
{
	if (!f)
		return;
	ws_http2_free(f->decoder);
	free(f);
}

uint32_t ws_http2_framing_next_seq(const struct ws_http2_framing *f)
{
	return f->next_seq;
}

bool ws_http2_framing_is_in_payload(const struct ws_http2_framing *f)
{
	return f->is_in_step && f->n_header == WS_HTTP2_FRAME_HEADER_LEN;
}

/* -- the ledger, and what is emitted */

static void count(struct ws_http2_framing *f, uint32_t slot)
{
	f->sightings->n_frames[slot]++;
}

/* Hands out a sighting; its segment is counted for it unless it is in the ledger already. */
static int emit(struct ws_http2_framing *f, struct ws_record *r, bool is_counted)
{
	r->flags &= (uint8_t)~WS_FLAG_LATER_IN_FRAME;
	if (is_counted)
		r->flags |= WS_FLAG_LATER_IN_FRAME;
	else
		count(f, ws_reason_slot(r->reason, r->family));
	return f->sightings->emit(f->sightings->context, r);
}

/* The same request in another segment. */
static int emit_again(struct ws_http2_framing *f, const struct ws_record *known, const struct ws_record *frame,
		      bool is_counted)
{
	struct ws_record r = *known;
	uint32_t at_hand;

	r.ts_ns = frame->ts_ns;
	r.frame_len = frame->frame_len;
	r.payload_len = frame->payload_len;
	r.direction = frame->direction;
	r.tcp_flags = frame->tcp_flags;
	r.req_off = r.seq - frame->seq;
	at_hand = r.payload_len - r.req_off;
	if (at_hand >= r.searched_len)
		r.n_segments = 1;
	if (r.reason == WS_REASON_CONTEXT && at_hand > r.ctx_off)
		r.ctx_segment = 1;
	if (r.reason == WS_REASON_CONTEXT && at_hand >= r.ids_end_off) {
		r.ids_end_segment = 1;
		r.done_ts_ns = r.ts_ns;
	}
	return emit(f, &r, is_counted);
}

/* The first byte of a frame is at hand: what becomes of it decides what its segment is counted for. */
static void open(struct ws_http2_framing *f, uint32_t seq)
{
	f->opening.is_open = f->opening.is_current = true;
	f->opening.is_counted = f->is_counted;
	f->opening.seq = seq;
	f->opening.n_again = 0;
}

/* The decoder emits a request: the one that is open. */
static int take_record(void *context, const struct ws_record *record)
{
	struct ws_http2_framing *f = context;
	struct opening *o = &f->opening;
	struct ws_record r = *record;
	int rc;

	o->is_open = false;
	f->is_counted |= o->is_current;
	rc = emit(f, &r, o->is_counted);
	f->known[f->n_known++ % KNOWN_MAX] = r;
	for (uint32_t i = 0; rc == 0 && i < o->n_again; i++)
		rc = emit_again(f, &r, &o->again[i].frame, o->again[i].is_counted);
	return rc;
}

/* Whatever was open is no request. */
static void close_opening(struct ws_http2_framing *f)
{
	struct opening *o = &f->opening;

	if (!o->is_open)
		return;
	o->is_open = false;
	if (!o->is_current && !o->is_counted)
		count(f, WS_REASON_HTTP2);
	for (uint32_t i = 0; i < o->n_again; i++)
		if (!o->again[i].is_counted)
			count(f, WS_REASON_HTTP2);
}

/* Known requests begin in the part of the segment that was seen before: sightings of their own. */
static int repeat(struct ws_http2_framing *f, const struct ws_segment *g)
{
	const uint32_t seq = g->frame->seq, n_old = f->next_seq - seq;
	const uint32_t n = n_old < g->captured_len ? n_old : g->captured_len;
	struct opening *o = &f->opening;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < KNOWN_MAX && i < f->n_known; i++) {
		uint32_t oldest = f->n_known < KNOWN_MAX ? 0 : f->n_known;
		const struct ws_record *known = &f->known[(oldest + i) % KNOWN_MAX];

		if (known->seq - seq >= n)
			continue;
		rc = emit_again(f, known, g->frame, f->is_counted);
		f->is_counted = true;
	}
	if (rc == 0 && o->is_open && o->seq - seq < n && o->n_again < AGAIN_MAX) {
		o->again[o->n_again++] = (struct again) { *g->frame, f->is_counted };
		f->is_counted = true; /* when it is known what it is */
	}
	return rc;
}

/* -- frames */

static int lose(struct ws_http2_framing *f)
{
	int rc = ws_http2_lost(f->decoder, take_record, f);

	close_opening(f);
	f->is_decoded = false;
	return rc;
}

static int give_piece(struct ws_http2_framing *f, const struct ws_record *segment, uint32_t seq, uint32_t frame_off,
		      const uint8_t *bytes, uint32_t len)
{
	return ws_http2_piece(f->decoder, segment, seq, frame_off, bytes, len, take_record, f);
}

/* The frame is complete. */
static void end_frame(struct ws_http2_framing *f)
{
	const uint8_t type = f->header[3], flags = f->header[4];

	f->n_header = 0;
	if ((type != WS_HTTP2_HEADERS && type != WS_HTTP2_CONTINUATION) || !(flags & WS_HTTP2_END_HEADERS))
		return;
	f->block_stream = 0;
	close_opening(f);
}

/* Gives the frame's header to the decoder, as the segments brought it. */
static int give_header(struct ws_http2_framing *f, uint32_t seq)
{
	struct ws_record segment = f->n_parts > 1 ? f->first : *f->segment;
	uint32_t off = 0;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < f->n_parts; i++) {
		const struct part *p = &f->part[i];

		segment.ts_ns = p->ts_ns;
		segment.seq = p->seq;
		segment.payload_len = p->payload_len;
		rc = give_piece(f, &segment, seq + off, off, f->header + off, p->n);
		off += p->n;
	}
	return rc;
}

/* The frame's header, which begins at seq, is complete. */
static int enter_frame(struct ws_http2_framing *f, uint32_t seq)
{
	const struct ws_bytes b = { .data = f->header, .len = sizeof(f->header) };
	const uint8_t type = f->header[3];
	const uint32_t stream = ws_bytes_be32(&b, 5) & 0x7fffffff;
	const bool goes_on = f->block_stream && type == WS_HTTP2_CONTINUATION && stream == f->block_stream;
	int rc = 0;

	f->len = f->left = ws_bytes_be32(&b, 0) >> 8;
	f->is_decoded = type == WS_HTTP2_HEADERS || goes_on;
	if (!goes_on && (f->block_stream || type == WS_HTTP2_CONTINUATION)) { /* that frame must not stand here */
		rc = lose(f);
		f->block_stream = 0;
		f->is_decoded = type == WS_HTTP2_HEADERS;
		if (type == WS_HTTP2_HEADERS) {
			open(f, seq);
			f->opening.is_current = f->n_parts == 1;
			f->opening.is_counted |= f->n_parts > 1; /* for what it carried before */
		}
	}
	if (type == WS_HTTP2_HEADERS)
		f->block_stream = stream;
	else if (!goes_on)
		close_opening(f);
	if (rc == 0 && f->is_decoded)
		rc = give_header(f, seq);
	if (f->left == 0)
		end_frame(f);
	return rc;
}

/* Takes bytes of a frame's header: *n of len. */
static int take_header(struct ws_http2_framing *f, const struct ws_segment *g, uint32_t off, uint32_t *n)
{
	const uint32_t wanted = WS_HTTP2_FRAME_HEADER_LEN - f->n_header, len = g->captured_len - off;

	*n = wanted < len ? wanted : len;
	if (f->n_header == 0) {
		f->n_parts = 0;
		if (!f->opening.is_open)
			open(f, f->next_seq);
		if (*n < WS_HTTP2_FRAME_HEADER_LEN)
			f->first = *g->frame;
	}
	f->part[f->n_parts++] = (struct part) { g->frame->ts_ns, g->frame->seq, g->frame->payload_len, *n };
	memcpy(f->header + f->n_header, g->payload + off, *n);
	f->n_header += *n;
	f->next_seq += *n;
	return f->n_header == WS_HTTP2_FRAME_HEADER_LEN ? enter_frame(f, f->next_seq - WS_HTTP2_FRAME_HEADER_LEN) : 0;
}

/* Takes bytes of a frame's payload: *n of len. */
static int take_payload(struct ws_http2_framing *f, const struct ws_segment *g, uint32_t off, uint32_t *n)
{
	const uint32_t len = g->captured_len - off, seq = f->next_seq;
	int rc = 0;

	*n = f->left < len ? f->left : len;
	f->next_seq += *n;
	f->left -= *n;
	if (f->is_decoded)
		rc = give_piece(f, g->frame, seq, WS_HTTP2_FRAME_HEADER_LEN + f->len - f->left - *n, g->payload + off,
				*n);
	if (f->left == 0)
		end_frame(f);
	return rc;
}

/*
 * Out of step: does the segment begin with what can hardly be anything but a client's frame? Types, lengths and flags
 * are those of RFC 9113 6; a CONTINUATION is of no use.
 */
static bool begins_with_frame(const struct ws_segment *g)
{
	enum { CONNECTION = 1, STREAM = 2 };
	static const struct {
		uint16_t min, max, multiple;
		uint8_t flags, scope;
	} types[] = {
		{ 0, FRAME_MAX, 1, 0x09, STREAM },   /* DATA */
		{ 1, FRAME_MAX, 1, 0x2d, STREAM },   /* HEADERS */
		{ 5, 5, 1, 0, STREAM },		     /* PRIORITY */
		{ 4, 4, 1, 0, STREAM },		     /* RST_STREAM */
		{ 0, 600, 6, 1, CONNECTION },	     /* SETTINGS */
		{ 1, 0, 1, 0, 0 },		     /* PUSH_PROMISE: no client's */
		{ 8, 8, 1, 1, CONNECTION },	     /* PING */
		{ 8, FRAME_MAX, 1, 0, CONNECTION },  /* GOAWAY */
		{ 4, 4, 1, 0, CONNECTION | STREAM }, /* WINDOW_UPDATE */
	};
	const struct ws_bytes b = { .data = g->payload, .len = g->captured_len };
	uint32_t len, stream;
	uint8_t type, flags;

	if (!ws_bytes_has(&b, 0, WS_HTTP2_FRAME_HEADER_LEN))
		return false;
	len = ws_bytes_be32(&b, 0) >> 8;
	type = ws_bytes_u8(&b, 3);
	flags = ws_bytes_u8(&b, 4);
	stream = ws_bytes_be32(&b, 5);
	if (type >= sizeof(types) / sizeof(*types) || len < types[type].min || len > types[type].max ||
	    len % types[type].multiple || flags & ~types[type].flags)
		return false;
	return stream ? types[type].scope & STREAM && stream % 2 == 1 && !(stream >> 31)
		      : types[type].scope & CONNECTION;
}

/* -- segments */

/* Takes the bytes of the segment from off on, which are new. */
static int take_new(struct ws_http2_framing *f, const struct ws_segment *g, uint32_t off)
{
	int rc = 0;

	if (!f->is_in_step) {
		if (off != 0 || !begins_with_frame(g)) {
			f->next_seq += g->captured_len - off;
			return 0;
		}
		f->is_in_step = true;
	}
	while (rc == 0 && off < g->captured_len) {
		uint32_t n;

		if (f->n_header < WS_HTTP2_FRAME_HEADER_LEN)
			rc = take_header(f, g, off, &n);
		else
			rc = take_payload(f, g, off, &n);
		off += n;
	}
	return rc;
}

/* Do the bytes before seq make no difference, as they are of a payload that is passed over? */
static bool is_passed_over(const struct ws_http2_framing *f, uint32_t seq)
{
	return ws_http2_framing_is_in_payload(f) && seq - f->next_seq <= f->left;
}

bool ws_http2_framing_is_ready(const struct ws_http2_framing *f, uint32_t seq)
{
	return !ws_seq_before(f->next_seq, seq) || !f->is_in_step || ws_http2_is_undecodable(f->decoder) ||
	       (is_passed_over(f, seq) && !f->is_decoded);
}

int ws_http2_framing_skip(struct ws_http2_framing *f, uint32_t seq)
{
	const bool stays_in_step = is_passed_over(f, seq);
	int rc = 0;

	if (f->is_in_step && (!stays_in_step || f->is_decoded))
		rc = lose(f);
	if (stays_in_step) {
		f->left -= seq - f->next_seq;
		if (f->left == 0)
			end_frame(f);
	} else {
		f->is_in_step = false;
		f->n_header = 0;
		f->block_stream = 0;
	}
	f->next_seq = seq;
	return rc;
}

int ws_http2_framing_segment(struct ws_http2_framing *f, const struct ws_segment *segment)
{
	const uint32_t seq = segment->frame->seq, end_seq = seq + segment->frame->payload_len;
	int rc = 0;

	f->segment = segment->frame;
	f->is_counted = false;
	if (ws_seq_before(f->next_seq, seq))
		rc = ws_http2_framing_skip(f, seq);
	if (rc == 0)
		rc = repeat(f, segment);
	if (rc == 0 && ws_seq_before(f->next_seq, seq + segment->captured_len))
		rc = take_new(f, segment, f->next_seq - seq);
	if (rc == 0 && ws_seq_before(f->next_seq, end_seq)) /* what the capture cut off */
		rc = ws_http2_framing_skip(f, end_seq);
	if (!f->is_counted && !(f->opening.is_open && f->opening.is_current))
		count(f, WS_REASON_HTTP2);
	f->opening.is_current = false;
	f->segment = NULL;
	return rc;
}

int ws_http2_framing_finish(struct ws_http2_framing *f)
{
	return lose(f);
}
