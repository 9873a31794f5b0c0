/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connections - see the header. What must be recorded is known from tests/unit/http2_wire.h, which wrote the frames;
 * where segments are lost, every request from there on is undecodable, and only those at a segment's start are seen.
 */
#include "tests/diff/kernel/connections.h"

#include <stdio.h>
#include <string.h>

#include "lib/names.h"
#include "tests/diff/kernel/connection_make.h"

#define HEADER_LEN CONNECTION_HEADER_LEN
#define FLAGS	   (CARRIER_ACK | CARRIER_PSH)

static const struct judge_setup setup = { "HTTP/2",
					  "default",
					  0,
					  { .window_bytes = WS_WINDOW_MAX,
					    .link_proto = WS_ETHERTYPE_ETHERNET,
					    .tunnels = { { 4789, 8472 } },
					    .records_responses = 1 } };

static const char *const story_name[N_STORIES] = { "in order", "a byte a segment", "repeats", "overlaps", "loses" };

static void pass(struct dice *d, struct judge *j, struct connection *c)
{
	static uint8_t frame[CARRIER_FRAME_MAX];

	for (uint32_t i = 0; i < c->n; i++) {
		struct piece *p = &c->piece[i];

		p->frame_len = carrier_frame(&c->carrier, c->isn + p->from, ~c->isn, FLAGS, c->wire.bytes + p->from,
					     p->to - p->from, frame);
		judge_give(j, frame, p->frame_len, dice_chance(d, 10), &p->ts_ns);
	}
}

/* The segment that carried the byte first; n if none did. */
static uint32_t piece_of(const struct connection *c, uint32_t off)
{
	uint32_t i = 0;

	while (i < c->n && (c->piece[i].is_repeat || off < c->piece[i].from || off >= c->piece[i].to))
		i++;
	return i;
}

/* What a record says of where its request begins. */
static struct ws_record *begin_record(struct connection *c, const struct wire_request *q, const struct piece *p)
{
	struct ws_record *r = &c->want[c->n_want];

	c->want_piece[c->n_want++] = (uint32_t)(p - c->piece);
	memset(r, 0, sizeof(*r));
	carrier_describe(&c->carrier, p->frame_len, p->to - p->from, FLAGS, r);
	r->ts_ns = p->ts_ns;
	r->seq = c->isn + q->off;
	r->req_off = q->off > p->from ? q->off - p->from : 0;
	r->point = 3;
	r->http_version = 2;
	r->n_segments = 1;
	r->stream_id = q->stream;
	return r;
}

static void put_context(const struct wire_request *q, struct ws_record *r)
{
	static const uint8_t trace_id[12] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21 };

	r->reason = WS_REASON_CONTEXT;
	r->family = WS_FAMILY_W3C;
	r->families = 1 << WS_FAMILY_W3C;
	r->sampled = WS_SAMPLED_YES;
	memcpy(r->trace_id, trace_id, 12);
	memcpy(r->span_id, "\xb7\xad\x6b\x71", 4);
	for (uint32_t i = 0; i < 4; i++) {
		r->trace_id[12 + i] = (uint8_t)(q->number >> (24 - 8 * i));
		r->span_id[4 + i] = (uint8_t)(~q->number >> (24 - 8 * i));
	}
	r->ctx_off = q->ctx_off;
	r->ctx_len = q->ids_end_off - q->ctx_off;
	r->ids_end_off = q->ids_end_off;
}

/* A request whose frames all passed; its record is stamped as the segment in which its frame's header is complete. */
static void expect_decoded(struct connection *c, const struct wire_request *q)
{
	const uint32_t first = piece_of(c, q->off + HEADER_LEN - 1), last = piece_of(c, q->off + q->len - 1);
	struct ws_record *r = begin_record(c, q, &c->piece[first]);
	uint32_t n = 0, begin = 0, end = 0;

	for (uint32_t i = first; i <= last; i++) {
		if (c->piece[i].is_repeat)
			continue;
		n++;
		if (i <= piece_of(c, q->off + q->ctx_off))
			begin = n;
		if (i <= piece_of(c, q->off + q->ids_end_off - 1))
			end = n;
	}
	r->n_segments = (uint16_t)n;
	r->searched_len = q->len;
	r->flags = q->is_grpc ? WS_FLAG_GRPC : 0;
	r->reason = WS_REASON_NO_CONTEXT;
	if (!q->number)
		return;
	put_context(q, r);
	r->ctx_segment = (uint16_t)begin;
	r->ids_end_segment = (uint16_t)end;
	r->done_ts_ns = c->piece[piece_of(c, q->off + q->ids_end_off - 1)].ts_ns;
}

/* Of the stream behind a loss only what stands at the beginning of a segment is seen. */
static void expect_blind(struct connection *c, const struct wire_request *q)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct piece *p = &c->piece[i];
		struct ws_record *r;

		if (!p->is_blind || p->from != q->off || p->to - p->from < HEADER_LEN ||
		    !(c->wire.bytes[q->off + 4] & WIRE_END_HEADERS))
			continue;
		r = begin_record(c, q, p);
		r->reason = WS_REASON_UNDECODABLE;
	}
}

/* What must be recorded of a connection without repetitions. */
static void expect(struct connection *c)
{
	c->n_want = 0;
	for (uint32_t i = 0; i < c->wire.n; i++) {
		const struct wire_request *q = &c->wire.request[i];

		if (q->off + q->len <= c->lost_off) {
			expect_decoded(c, q);
		} else if (q->off + HEADER_LEN <= c->lost_off) { /* begun, and never to be finished */
			struct ws_record *r = begin_record(c, q, &c->piece[piece_of(c, q->off + HEADER_LEN - 1)]);

			r->reason = WS_REASON_UNDECODABLE;
			r->searched_len = c->lost_off - q->off;
			r->n_segments = 0; /* not looked at */
		} else {
			expect_blind(c, q);
		}
	}
}

/* Is a frame's header in the request cut by a segment's end? Then its bytes are in fewer messages than segments. */
static bool has_cut_header(const struct connection *c, uint32_t off)
{
	const uint8_t *bytes = c->wire.bytes;
	uint32_t at = off, len;

	do {
		if (piece_of(c, at) != piece_of(c, at + HEADER_LEN - 1))
			return true;
		len = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
		if (bytes[at + 4] & WIRE_END_HEADERS)
			return false;
		at += HEADER_LEN + len;
	} while (at < c->wire.len);
	return false;
}

/* The numbers of segments are no more than they must be: there are as many, but for those of cut headers. */
static void forgive_segments(const struct ws_record *want, struct ws_record *have)
{
	if (have->n_segments > want->n_segments || have->ids_end_segment > have->n_segments ||
	    have->ctx_segment > want->ctx_segment || have->ids_end_segment > want->ids_end_segment ||
	    !have->ctx_segment != !want->ctx_segment || !have->ids_end_segment != !want->ids_end_segment)
		return;
	have->n_segments = want->n_segments;
	have->ctx_segment = want->ctx_segment;
	have->ids_end_segment = want->ids_end_segment;
}

/* Takes the records that are as they must be out of both lists. */
static void match(struct judge *j, struct connection *c, struct tally *t)
{
	for (uint32_t i = 0; i < c->n_want;) {
		const struct ws_record *want = &c->want[i];
		uint32_t k = 0;

		for (; k < j->n_records; k++) {
			struct ws_record have = j->record[k];

			if (want->n_segments == 0) { /* what is under way when a segment is lost */
				have.n_segments = 0;
				have.searched_len = want->searched_len;
			} else if (have.seq == want->seq && has_cut_header(c, want->seq - c->isn)) {
				forgive_segments(want, &have);
			}
			if (judge_differ(&have, want, 0) == 0)
				break;
		}
		if (k == j->n_records) {
			i++;
			continue;
		}
		t->n_passed++;
		t->n_records++;
		t->encap[want->encap]++;
		t->family[want->family]++;
		t->n_of_several += want->ids_end_segment > 1;
		t->n_later += (want->flags & WS_FLAG_LATER_IN_FRAME) != 0;
		j->record[k] = j->record[--j->n_records];
		memmove(&c->want[i], &c->want[i + 1], (--c->n_want - i) * sizeof(*want));
	}
}

static void tell(const struct judge *j, const struct connection *c, uint64_t seed, uint32_t number)
{
	printf("  HTTP/2, seed %llu, connection %u, %s:", (unsigned long long)seed, number, story_name[c->story]);
	for (uint32_t i = 0; i < c->wire.n && i < 20; i++)
		printf(" [%u-%u]", c->wire.request[i].off, c->wire.request[i].off + c->wire.request[i].len);
	printf("\n    segments:");
	for (uint32_t i = 0; i < c->n && i < 40; i++)
		printf(" %u-%u%s%s", c->piece[i].from, c->piece[i].to, c->piece[i].is_repeat ? "r" : "",
		       c->piece[i].is_blind ? "b" : "");
	printf("\n");
	for (uint32_t i = 0; i < c->n_want && i < 3; i++) {
		uint32_t k = 0;

		while (k < j->n_records && j->record[k].seq != c->want[i].seq)
			k++;
		printf("    request at %u, reason %u: %s\n", c->want[i].seq - c->isn, c->want[i].reason,
		       k < j->n_records ? "another record" : "no record");
		if (k < j->n_records)
			judge_differ(&j->record[k], &c->want[i], 1);
	}
	for (uint32_t k = 0; k < j->n_records && k < 3; k++)
		printf("    a record too many: request at %u, reason %u, stream %u\n", j->record[k].seq - c->isn,
		       j->record[k].reason, j->record[k].stream_id);
}

/* Where the part of the segment ends that had passed before. */
static uint32_t repeated_end(const struct connection *c, uint32_t piece)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < piece; i++)
		end = c->piece[i].to > end ? c->piece[i].to : end;
	return end < c->piece[piece].to ? end : c->piece[piece].to;
}

/* Requests that begin in what has passed before are recorded again, if they are complete by then. */
static void expect_again(struct connection *c)
{
	const uint32_t n = c->n_want;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct piece *p = &c->piece[i];
		const uint32_t end = repeated_end(c, i);

		for (uint32_t k = 0; k < n && !p->is_blind; k++) {
			const uint32_t off = c->want[k].seq - c->isn;
			struct ws_record *again = &c->want[c->n_want];

			if (off < p->from || off >= end || piece_of(c, off + c->want[k].searched_len - 1) >= i)
				continue;
			*again = c->want[k];
			c->want_piece[c->n_want++] = i;
			again->ts_ns = p->ts_ns;
			again->frame_len = p->frame_len;
			again->payload_len = p->to - p->from;
			again->req_off = off - p->from;
			if (again->done_ts_ns && again->done_ts_ns < p->ts_ns)
				again->done_ts_ns = p->ts_ns;
		}
	}
}

/* Requests that begin in the same segment, those again first: the ledger counts it for the first of them. */
static void mark_later(struct connection *c, uint32_t n_first_time)
{
	for (uint32_t i = 0; i < c->n; i++) {
		bool is_later = false;

		for (uint32_t k = 0; k < c->n_want; k++) {
			const uint32_t at = (k + n_first_time) % c->n_want;

			if (c->want_piece[at] != i)
				continue;
			c->want[at].flags |= is_later ? WS_FLAG_LATER_IN_FRAME : 0;
			is_later = true;
		}
	}
}

static void run_one(struct judge *j, uint64_t seed, uint32_t number, struct tally *t)
{
	static struct connection c;
	struct dice d = dice_of(seed, number);
	uint64_t have[WS_N_REASONS], n_counted = 0, want_by_slot[WS_N_REASONS] = { 0 };
	uint32_t n_first_time;
	bool is_right;

	connection_make(&d, &c);
	judge_begin(j);
	pass(&d, j, &c);
	judge_end(j, have);
	expect(&c);
	n_first_time = c.n_want;
	expect_again(&c);
	mark_later(&c, n_first_time);
	for (uint32_t i = 0; i < c.n_want; i++)
		if (!(c.want[i].flags & WS_FLAG_LATER_IN_FRAME))
			want_by_slot[ws_reason_slot(c.want[i].reason, c.want[i].family)]++;
	match(j, &c, t);
	is_right = c.n_want == 0 && j->n_records == 0 && j->n_bad_messages == 0;
	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		t->slot[i] += have[i];
		n_counted += have[i];
		is_right &= i == WS_REASON_HTTP2 || i == WS_REASON_UNDECODABLE || have[i] == want_by_slot[i];
	}
	is_right &= n_counted == c.n && have[WS_REASON_HTTP2] <= c.n;
	t->n_frames += c.n;
	if (is_right) {
		t->n_passed++;
		return;
	}
	if (!judge_fails(t))
		return;
	tell(j, &c, seed, number);
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		if (have[i])
			printf("    %lld frames %s, expected %lld\n", (long long)have[i], ws_slot_name(i),
			       (long long)(i == WS_REASON_HTTP2 ? c.n : want_by_slot[i]));
}

void connections_run(const struct subject *subject, uint64_t seed, uint32_t n, struct tally *t)
{
	static struct judge j;
	const uint64_t n_failed = t->n_failed, n_frames = t->n_frames;

	judge_open(&j, &setup, subject);
	for (uint32_t i = 0; i < n; i++)
		run_one(&j, seed, i, t);
	judge_close(&j, t);
	printf("%s: HTTP/2 connections: %llu frames\n", t->n_failed > n_failed ? "FAILED" : "ok",
	       (unsigned long long)(t->n_frames - n_frames));
}
