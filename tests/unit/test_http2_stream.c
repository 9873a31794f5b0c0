/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http2_stream - HTTP/2 connections out of TCP segments that are split anywhere, late, repeated, lost or cut.
 * Whatever comes, every segment is in the ledger once, no byte behind a segment's captured ones is read, and no request
 * gets a context that is not its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "ingest/heads.h"
#include "lib/http.h"
#include "tests/unit/guard.h"
#include "tests/unit/http2_truth.h"
#include "tests/unit/sanitized.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define RECORDS_MAX  1024
#define PREFACE_LEN  24
#define PIECES_MAX   5

static uint64_t seed = 0x853c49e6748fea9bu;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) % n);
}

struct world {
	struct ws_heads *heads;
	uint64_t n_frames[WS_N_REASONS];
	uint64_t n_given;
	uint32_t seq; /* of the wire's first byte */
	uint32_t n_records;
	struct ws_record record[RECORDS_MAX];
};

static struct wire wire;

static int keep(void *context, const struct ws_record *record)
{
	struct world *w = context;

	assert_true(w->n_records < RECORDS_MAX);
	w->record[w->n_records++] = *record;
	return 0;
}

static struct ws_heads *new_heads(ws_heads_emit *emit, void *context, uint64_t n_frames[WS_N_REASONS])
{
	struct ws_wanted wanted;

	assert_int_equal(ws_wanted_parse(ws_wanted_default, &wanted, NULL), 0);
	return ws_heads_new(emit, context, n_frames, &wanted, UINT32_MAX / 2);
}

static void begin(struct world *w, uint32_t seq)
{
	memset(w, 0, sizeof(*w));
	w->seq = seq;
	w->heads = new_heads(keep, w, w->n_frames);
	assert_non_null(w->heads);
}

/* A frame of the client, or back from the server; stamps count the frames given. */
static struct ws_record frame_of(const struct world *w, uint32_t seq, uint32_t len, bool is_back)
{
	struct ws_record r = {
		.ts_ns = TRUTH_FIRST_STAMP + w->n_given,
		.saddr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.daddr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.outer_saddr = { [10] = 0xff, 0xff, 192, 0, 2, 1 },
		.outer_daddr = { [10] = 0xff, 0xff, 192, 0, 2, 2 },
		.seq = seq,
		.sport = 40000,
		.dport = 80,
		.payload_len = len,
		.frame_len = len + 104,
		.ip_version = 4,
		.outer_ip_version = 4,
		.encap = WS_ENCAP_VXLAN,
		.vni = 42,
		.tcp_flags = 0x18,
	};

	if (is_back) {
		r.saddr[15] = r.outer_saddr[15] = 2;
		r.daddr[15] = r.outer_daddr[15] = 1;
		r.vni = 43; /* as tunnels have it that name the sender */
		r.sport = 80;
		r.dport = 40000;
	}
	return r;
}

static void give_any(struct world *w, bool is_back, uint32_t seq, const void *bytes, uint32_t len, uint32_t captured)
{
	const struct ws_record frame = frame_of(w, seq, len, is_back);
	struct ws_bytes b = ws_guard(bytes, captured);
	const struct ws_segment segment = { .frame = &frame, .payload = b.data, .captured_len = captured };

	w->n_given++;
	assert_int_equal(ws_heads_segment(w->heads, &segment), 0);
}

/* Bytes of the wire. */
static void give(struct world *w, uint32_t off, uint32_t len)
{
	give_any(w, false, w->seq + off, wire.bytes + off, len, len);
}

static void give_text(struct world *w, uint32_t seq, const char *text)
{
	give_any(w, false, seq, text, (uint32_t)strlen(text), (uint32_t)strlen(text));
}

static void give_back(struct world *w, uint32_t seq, const char *bytes, uint32_t len)
{
	give_any(w, true, seq, bytes, len, len);
}

static void give_syn(struct world *w, bool is_back)
{
	const struct ws_record frame = frame_of(w, 1, 0, is_back);

	assert_int_equal(ws_heads_restart(w->heads, &frame), 0);
}

static uint32_t segment_end(const struct truth_cuts *c, uint32_t i)
{
	return i + 1 < c->n ? c->at[i + 1] : wire.len;
}

static void give_segment(struct world *w, const struct truth_cuts *c, uint32_t i)
{
	give(w, c->at[i], segment_end(c, i) - c->at[i]);
}

/* The end: every frame has its reason, and those of requests are as many as have sightings. */
static void end(struct world *w)
{
	uint64_t sum = 0, n_counted = 0;

	assert_int_equal(ws_heads_finish(w->heads), 0);
	ws_heads_free(w->heads);
	w->heads = NULL;
	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		assert_in_range(w->n_frames[i], 0, w->n_given);
		sum += w->n_frames[i];
		n_counted += ws_slot_is_request(i) ? w->n_frames[i] : 0;
	}
	assert_int_equal(sum, w->n_given);
	for (uint32_t i = 0; i < w->n_records; i++)
		n_counted -= w->record[i].reason != WS_REASON_UNDECODABLE &&
			     w->record[i].reason != WS_REASON_HTTP_RESPONSE &&
			     !(w->record[i].flags & WS_FLAG_LATER_IN_FRAME);
	assert_in_range(n_counted, 0, w->n_frames[WS_REASON_TRUNCATED]); /* of which next to nothing was kept */
}

/* The preface, and a connection with everything in it. */
static void make_wire(void)
{
	wire_begin(&wire);
	wire_put(&wire, WIRE_PREFACE, PREFACE_LEN);
	wire_connection(&wire);
	wire_end(&wire);
}

static void check(const struct world *w, const struct truth_cuts *c)
{
	truth_check(&wire, w->record, w->n_records, c, w->seq);
}

static void every_cut(void **state)
{
	struct world w;

	(void)state;
	make_wire();
	for (uint32_t first = 1; first < wire.len; first++) {
		for (uint32_t second = first + 1; second < wire.len; second += 1 + second % 11) {
			const struct truth_cuts c = { .n = 3, .at = { 0, first, second } };

			begin(&w, 0u - first); /* the sequence number wraps at the cut */
			for (uint32_t i = 0; i < 3; i++)
				give_segment(&w, &c, i);
			check(&w, &c);
			end(&w);
		}
	}
}

static void make_even(struct truth_cuts *c, uint32_t len)
{
	c->n = 0;
	for (uint32_t at = 0; at < wire.len; at += len)
		c->at[c->n++] = at;
}

static void even_segments(void **state)
{
	static struct truth_cuts c;
	struct world w;

	(void)state;
	make_wire();
	for (uint32_t len = 1; len <= wire.len; len++) {
		make_even(&c, len);
		begin(&w, 5000);
		for (uint32_t i = 0; i < c.n; i++)
			give_segment(&w, &c, i);
		check(&w, &c);
		end(&w);
	}
}

/* A segment that is taken for something else before the preface has come is not given back. */
static bool is_misleading(const struct truth_cuts *c, uint32_t i)
{
	const struct ws_bytes b = { .data = wire.bytes + c->at[i], .len = segment_end(c, i) - c->at[i] };

	return ws_http_kind(&b, 0) != WS_HTTP_NONE;
}

/* Gives pieces in the order of the letters. Returns false if the order cannot be followed. */
static bool give_order(struct world *w, const struct truth_cuts *c, const char *order, uint32_t *stamp)
{
	bool is_preface_seen = false;

	for (uint32_t n = 0; order[n]; n++) {
		const uint32_t i = (uint32_t)(order[n] - 'a');

		is_preface_seen |= i == 0;
		if (!is_preface_seen && is_misleading(c, i))
			return false;
		stamp[i] = n;
	}
	for (; *order; order++)
		give_segment(w, c, (uint32_t)(*order - 'a'));
	return true;
}

static void random_cuts(struct truth_cuts *c, uint32_t n)
{
	c->n = n;
	for (uint32_t i = 1; i < n; i++) {
		const uint32_t left = wire.len - c->at[i - 1] - (n - i);

		c->at[i] = c->at[i - 1] + 1 + random_below(left / 2);
	}
}

/* Every order of four segments, each once: the same requests, stamped by the segments that brought them. */
static void every_order(void **state)
{
	uint32_t n_followed = 0;

	(void)state;
	make_wire();
	for (int turn = 0; turn < WS_ROUNDS(20000); turn++) {
		uint32_t stamp[PIECES_MAX];
		struct truth_cuts c = { .stamp = stamp };
		char order[] = "abcd";
		struct world w;

		random_cuts(&c, 4);
		for (uint32_t i = 3; i > 0; i--) {
			const uint32_t j = random_below(i + 1);
			const char letter = order[i];

			order[i] = order[j];
			order[j] = letter;
		}
		begin(&w, random_below(UINT32_MAX));
		if (give_order(&w, &c, order, stamp)) {
			n_followed++;
			check(&w, &c);
		}
		if (w.n_given)
			assert_int_equal(w.n_records, wire.n);
		end(&w);
	}
	assert_true(n_followed > WS_ROUNDS(10000));
}

/* How many requests begin in the segment. */
static uint32_t count_requests(const struct truth_cuts *c, uint32_t segment)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < wire.n; i++)
		n += truth_segment(c, wire.request[i].off) == segment;
	return n;
}

/* Each segment again at once: each is a sighting of what begins in it, and nothing is decoded twice. */
static void each_repeated(void **state)
{
	static struct truth_cuts c;

	(void)state;
	make_wire();
	for (uint32_t len = 20; len <= wire.len; len++) {
		uint32_t n_seen = 0;
		struct world w;

		make_even(&c, len);
		begin(&w, 5000);
		for (uint32_t i = 0; i < c.n; i++) {
			give_segment(&w, &c, i);
			give_segment(&w, &c, i);
		}
		assert_int_equal(w.n_records, 2 * wire.n);
		for (uint32_t i = 0; i < w.n_records; i++) {
			const struct ws_record *r = &w.record[i];
			const uint32_t off = r->seq - w.seq;
			uint32_t number = 0;

			while (wire.request[number].off != off)
				number++;
			truth_request(&wire.request[number], r, w.seq);
			assert_int_equal((r->ts_ns - TRUTH_FIRST_STAMP) / 2, truth_segment(&c, off));
			assert_int_equal(r->req_off, off - c.at[truth_segment(&c, off)]);
			if (wire.request[number].number && r->req_off + r->ids_end_off <= r->payload_len) {
				assert_int_equal(r->done_ts_ns, r->ts_ns);
				assert_int_equal(r->ids_end_segment, 1);
			}
			n_seen += !(r->flags & WS_FLAG_LATER_IN_FRAME);
		}
		for (uint32_t i = 0; i < c.n; i++)
			n_seen -= 2 * (count_requests(&c, i) > 0);
		assert_int_equal(n_seen, 0);
		end(&w);
	}
}

/* A whole connection again: the last requests are known, the others' segments are HTTP/2 and no more. */
static void all_repeated(void **state)
{
	struct world w;
	uint32_t n;

	(void)state;
	wire_begin(&wire);
	wire_put(&wire, WIRE_PREFACE, PREFACE_LEN);
	for (uint32_t i = 0; i < 20; i++)
		wire_request(&wire, 2 * i + 1, i + 1, false, &wire_plain);
	wire_end(&wire);
	begin(&w, 1);
	for (int turn = 0; turn < 2; turn++) {
		give(&w, 0, PREFACE_LEN);
		for (uint32_t i = 0; i < wire.n; i++)
			give(&w, wire.request[i].off, wire.request[i].len);
	}
	n = w.n_records - wire.n;
	assert_in_range(n, 1, wire.n - 1);
	for (uint32_t i = 0; i < n; i++)
		truth_request(&wire.request[wire.n - n + i], &w.record[wire.n + i], w.seq);
	end(&w);
	assert_int_equal(w.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], wire.n + n);
	assert_int_equal(w.n_frames[WS_REASON_HTTP2], 2 + wire.n - n);
}

/* The sender cuts the stream anew: what is old of a segment is not decoded again, what is new is. */
static void repeated_in_other_cuts(void **state)
{
	(void)state;
	make_wire();
	for (uint32_t cut = PREFACE_LEN; cut < wire.len; cut++) {
		for (uint32_t again = 1; again < cut; again += 13) {
			struct world w;

			begin(&w, 77);
			give(&w, 0, cut);
			give(&w, again, wire.len - again);
			for (uint32_t i = 0; i < w.n_records; i++) {
				uint32_t number = 0;

				while (w.seq + wire.request[number].off != w.record[i].seq)
					number++;
				truth_request(&wire.request[number], &w.record[i], w.seq);
			}
			assert_in_range(w.n_records, wire.n, 2 * wire.n);
			end(&w);
		}
	}
}

static void ledger(void **state)
{
	const struct wire_layout in_two = { .fragment = 60 };
	uint32_t at[8];
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_put(&wire, WIRE_PREFACE, PREFACE_LEN);
	wire_frame(&wire, WIRE_SETTINGS, 0, 0, "", 0);
	at[0] = wire.len;
	wire_request(&wire, 1, 1, false, &wire_plain);
	at[1] = wire.len;
	wire_request(&wire, 3, 0, false, &wire_plain);
	wire_request(&wire, 5, 2, false, &wire_plain);
	at[2] = wire.len;
	wire_frame(&wire, WIRE_DATA, 0, 5, "hello", 5);
	at[3] = wire.len;
	wire_trailers(&wire, 5, &wire_plain);
	at[4] = wire.len;
	wire_request(&wire, 7, 3, false, &in_two);
	at[5] = wire.len;
	wire_end(&wire);
	begin(&w, 1);
	give(&w, 0, at[0]);
	for (int i = 0; i < 4; i++)
		give(&w, at[i], at[i + 1] - at[i]);
	give(&w, at[4], 5); /* in the middle of the frame's header: its reason comes later */
	assert_int_equal(w.n_records, 3);
	give(&w, at[4] + 5, at[5] - at[4] - 5);
	end(&w);
	assert_int_equal(w.n_records, 4);
	assert_int_equal(w.record[2].flags & WS_FLAG_LATER_IN_FRAME, WS_FLAG_LATER_IN_FRAME);
	assert_int_equal(w.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], 2);
	assert_int_equal(w.n_frames[WS_REASON_NO_CONTEXT], 1);
	assert_int_equal(w.n_frames[WS_REASON_HTTP2], 4);
}

/* -- what is lost */

/* Requests before the loss are whole; those that begin behind it have no context; every record is of a true request. */
static void check_after_loss(const struct world *w, uint32_t loss_off, uint32_t *n_contexts)
{
	*n_contexts = 0;
	for (uint32_t i = 0; i < w->n_records; i++) {
		const struct ws_record *r = &w->record[i];
		const struct wire_request *want = NULL;

		for (uint32_t j = 0; j < wire.n; j++)
			if (w->seq + wire.request[j].off == r->seq)
				want = &wire.request[j];
		if (want && want->off + want->len <= loss_off) {
			truth_request(want, r, w->seq);
			*n_contexts += 1;
			continue;
		}
		/* trailers may seem to open their stream if what opened it was lost */
		assert_true(r->seq - w->seq < wire.len && wire.bytes[r->seq - w->seq + 3] == WIRE_HEADERS);
		assert_int_equal(r->reason, WS_REASON_UNDECODABLE);
		assert_int_equal(r->stream_id, wire.bytes[r->seq - w->seq + 8]);
		truth_no_context(r);
	}
}

/* One segment never comes, wherever it lies: what was sent in it decides what can be read behind it. */
static void one_lost(void **state)
{
	static struct truth_cuts c;
	uint32_t n_resynchronised = 0;

	(void)state;
	make_wire();
	for (uint32_t len = 25; len < 300; len += 3) {
		make_even(&c, len);
		for (uint32_t lost = 1; lost < c.n; lost++) {
			uint32_t n_before = 0, n_contexts;
			struct world w;

			begin(&w, 5000);
			for (uint32_t i = 0; i < c.n; i++)
				if (i != lost)
					give_segment(&w, &c, i);
			end(&w);
			for (uint32_t i = 0; i < wire.n; i++)
				n_before += wire.request[i].off + wire.request[i].len <= c.at[lost];
			check_after_loss(&w, c.at[lost], &n_contexts);
			assert_int_equal(n_contexts, n_before);
			n_resynchronised += w.n_records - n_contexts;
		}
	}
	assert_true(n_resynchronised > 0);
}

/* What is lost, or cut off, of a DATA frame's payload makes no difference. */
static void lost_inside_data(void **state)
{
	static uint8_t body[4000];
	uint32_t data_off;
	struct world w;

	(void)state;
	memset(body, 'b', sizeof(body));
	wire_begin(&wire);
	wire_put(&wire, WIRE_PREFACE, PREFACE_LEN);
	wire_request(&wire, 1, 1, true, &wire_plain);
	data_off = wire.len;
	wire_frame(&wire, WIRE_DATA, WIRE_END_STREAM, 1, body, sizeof(body));
	wire_request(&wire, 3, 2, true, &wire_plain);
	wire_end(&wire);
	for (int way = 0; way < 3; way++) {
		begin(&w, 0u - 2000);
		give(&w, 0, data_off + 500);
		if (way == 1) /* cut by the capture */
			give_any(&w, false, w.seq + data_off + 500, wire.bytes + data_off + 500, 1000, 20);
		give(&w, data_off + 1500, wire.len - data_off - 1500);
		assert_int_equal(w.n_records, 2); /* at once */
		if (way == 2)			  /* late */
			give(&w, data_off + 500, 1000);
		end(&w);
		for (uint32_t i = 0; i < 2; i++)
			truth_request(&wire.request[i], &w.record[i], w.seq);
		assert_int_equal(w.n_frames[WS_REASON_HTTP2], way > 0);
	}
}

/* The capture kept but the beginning of each frame. */
static void snaplen(void **state)
{
	(void)state;
	make_wire();
	for (uint32_t captured = 0; captured < wire.request[2].off; captured++) {
		uint32_t n_contexts;
		struct world w;

		begin(&w, 77);
		give_any(&w, false, w.seq, wire.bytes, wire.request[2].off, captured);
		give(&w, wire.request[2].off, wire.request[3].off - wire.request[2].off);
		give(&w, wire.request[3].off, wire.len - wire.request[3].off);
		end(&w);
		if (captured >= PREFACE_LEN) {
			check_after_loss(&w, captured, &n_contexts);
			assert_in_range(w.n_records - n_contexts, 2, wire.n);
		} else {
			assert_int_equal(w.n_frames[WS_REASON_TRUNCATED], 1);
		}
	}
}

/* Nothing waits for ever: many segments behind a hole, and no memory without end. */
static void endless_hole(void **state)
{
	const uint32_t len = 1000, n = 2000;
	struct world w;
	uint32_t n_early;

	(void)state;
	make_wire();
	begin(&w, 1);
	give(&w, 0, wire.request[1].off);
	for (uint32_t i = 0; i < n; i++) {
		static const char filler[1000] = "\0\0\1\1\4\0\0\0\3\x82";

		give_any(&w, false, w.seq + wire.len + i * len, filler, len, len);
	}
	n_early = w.n_records;
	assert_true(n_early > 1);
	end(&w);
	assert_int_equal(w.record[0].reason, WS_REASON_CONTEXT);
	for (uint32_t i = 1; i < w.n_records; i++)
		assert_int_equal(w.record[i].reason, WS_REASON_UNDECODABLE);
}

/* -- what is no connection from its beginning */

static void joined_in_the_middle(void **state)
{
	struct world w;

	(void)state;
	make_wire();
	begin(&w, 1);
	give(&w, wire.request[0].off, wire.request[0].len);
	give_any(&w, false, 9000, "\0\0\5\0\0\0\0\0\1hello", 14, 14);
	give_back(&w, 100, "\0\0\1\1\4\0\0\0\1\x88", 10);
	end(&w);
	assert_int_equal(w.n_records, 0);
	assert_int_equal(w.n_frames[WS_REASON_UNDECODABLE], 1);
	assert_int_equal(w.n_frames[WS_REASON_HTTP2], 1); /* an answer */
	assert_int_equal(w.n_frames[WS_REASON_OTHER_PAYLOAD], 1);
}

/* The server's frames are HTTP/2, once the client has shown that it is. */
static void server(void **state)
{
	struct world w;

	(void)state;
	make_wire();
	begin(&w, 1);
	give_back(&w, 100, "\0\0\0\4\0\0\0\0\0", 9);
	give(&w, 0, wire.len);
	give_back(&w, 109, "\0\0\1\1\4\0\0\0\1\x88", 10);
	give_back(&w, 119, "GET / HTTP/1.1\r\n\r\n", 18);
	give_syn(&w, false);
	give_back(&w, 137, "GET / HTTP/1.1\r\n\r\n", 18);
	end(&w);
	assert_int_equal(w.n_records, wire.n + 1);
	assert_int_equal(w.n_frames[WS_REASON_HTTP2], 2);
	assert_int_equal(w.n_frames[WS_REASON_OTHER_PAYLOAD], 1);
	assert_int_equal(w.n_frames[WS_REASON_NO_CONTEXT], 1);
}

/* "PRI" is the preface's method only; and what begins as the preface does may be a request after all. */
static void no_preface(void **state)
{
	static const struct {
		const char *text;
		int reason;
	} cases[] = {
		{ "PRI * HTTP/1.1\r\nA: bcdefghijkl\r\n\r\n", WS_REASON_NO_CONTEXT },
		{ "POST / HTTP/1.1\r\nA: bcdefghijk\r\n\r\n", WS_REASON_NO_CONTEXT },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!aaaaaaaaaaaa", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const uint32_t len = (uint32_t)strlen(cases[i].text);

		for (uint32_t first = 1; first < len - 1; first++) {
			for (uint32_t second = first + 1; second < len; second++) {
				struct world w;

				begin(&w, 77);
				give_any(&w, false, 77, cases[i].text, first, first);
				give_any(&w, false, 77 + first, cases[i].text + first, second - first, second - first);
				give_any(&w, false, 77 + second, cases[i].text + second, len - second, len - second);
				end(&w);
				if (cases[i].reason < 0) {
					assert_int_equal(w.n_records, 0);
					continue;
				}
				assert_int_equal(w.n_records, 1);
				assert_int_equal(w.record[0].reason, cases[i].reason);
				assert_int_equal(w.record[0].seq, 77);
				assert_int_equal(w.record[0].http_version, 1);
			}
		}
	}
}

/* A part of the preface, and no more. */
static void unfinished_preface(void **state)
{
	(void)state;
	for (uint32_t len = 1; len < PREFACE_LEN; len++) {
		for (int restarts = 0; restarts < 2; restarts++) {
			struct world w;

			begin(&w, 1);
			give_any(&w, false, 1, WIRE_PREFACE, len, len);
			if (restarts)
				give_syn(&w, false);
			end(&w);
			assert_in_range(w.n_records, 0, 1);
		}
	}
}

/* HTTP/1.1 that is upgraded (RFC 7540 3.2): the preface follows the request. */
static void upgrade(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n"
				      "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n\r\n";
	struct world w;

	(void)state;
	make_wire();
	begin(&w, 1000);
	give_text(&w, w.seq - (uint32_t)strlen(request), request);
	give_back(&w, 5, "HTTP/1.1 101 Switching Protocols\r\n\r\n", 36);
	give(&w, 0, wire.request[3].off);
	give(&w, wire.request[3].off, wire.len - wire.request[3].off);
	end(&w);
	assert_int_equal(w.n_records, 2 + wire.n);
	assert_int_equal(w.record[0].http_version, 1);
	assert_int_equal(w.record[1].status, 101);
	for (uint32_t i = 0; i < wire.n; i++)
		truth_request(&wire.request[i], &w.record[2 + i], w.seq);
	assert_int_equal(w.n_frames[WS_REASON_HTTP_RESPONSE], 1);
}

/* New connections of the same addresses and ports: the old one's compression is forgotten. */
static void new_connection(void **state)
{
	(void)state;
	make_wire();
	for (int has_syn = 0; has_syn < 2; has_syn++) {
		struct world w;

		begin(&w, 5000);
		give(&w, 0, wire.request[3].off + 30);
		assert_int_equal(w.n_records, 3);
		if (has_syn)
			give_syn(&w, false);
		w.seq = 3000000000u;
		give(&w, 0, wire.len);
		assert_int_equal(w.n_records, 3 + 1 + wire.n);
		assert_int_equal(w.record[3].reason, WS_REASON_UNDECODABLE);
		truth_request(&wire.request[wire.n - 1], &w.record[w.n_records - 1], w.seq);
		give_syn(&w, false);
		give_text(&w, 1, "GET / HTTP/1.1\r\n\r\n");
		end(&w);
		assert_int_equal(w.record[w.n_records - 1].reason, WS_REASON_NO_CONTEXT);
		assert_int_equal(w.record[w.n_records - 1].http_version, 1);
	}
}

/* A body of HTTP/1.1, and one of HTTP/2, that hold a preface. */
static void preface_in_a_body(void **state)
{
	static const char request[] = "POST / HTTP/1.1\r\nContent-Length: 48\r\n\r\n";
	struct world w;
	uint32_t data_off;

	(void)state;
	begin(&w, 1);
	give_text(&w, 1, request);
	give_text(&w, (uint32_t)strlen(request), WIRE_PREFACE);
	give_text(&w, 1 + (uint32_t)strlen(request), WIRE_PREFACE);
	give_text(&w, 25 + (uint32_t)strlen(request), WIRE_PREFACE);
	give_text(&w, 49 + (uint32_t)strlen(request), "GET / HTTP/1.1\r\n\r\n");
	end(&w);
	assert_int_equal(w.n_records, 2);

	wire_begin(&wire);
	wire_put(&wire, WIRE_PREFACE, PREFACE_LEN);
	wire_request(&wire, 1, 1, true, &wire_plain);
	data_off = wire.len + 9;
	wire_frame(&wire, WIRE_DATA, 0, 1, WIRE_PREFACE WIRE_PREFACE, 48);
	wire_request(&wire, 3, 2, true, &wire_plain);
	wire_end(&wire);
	begin(&w, 1);
	give(&w, 0, data_off);
	give(&w, data_off, 24);
	give(&w, data_off + 24, wire.len - data_off - 24);
	end(&w);
	assert_int_equal(w.n_records, 2);
	truth_request(&wire.request[1], &w.record[1], w.seq);
}

/* -- hostile */

/* Frames that may not stand where they do: their segments are counted once, whatever was pending. */
static void misplaced_frames(void **state)
{
	static const struct {
		uint8_t type, flags, stream;
	} frames[] = {
		{ WIRE_HEADERS, 0, 1 },
		{ WIRE_HEADERS, WIRE_END_HEADERS, 3 },
		{ WIRE_CONTINUATION, 0, 1 },
		{ WIRE_CONTINUATION, WIRE_END_HEADERS, 1 },
		{ WIRE_CONTINUATION, WIRE_END_HEADERS, 5 },
		{ WIRE_DATA, 0, 1 },
		{ WIRE_HEADERS, WIRE_END_HEADERS, 0 },
		{ WIRE_HEADERS, WIRE_END_HEADERS | WIRE_PADDED, 7 },
	};

	(void)state;
	for (int turn = 0; turn < WS_ROUNDS(20000); turn++) {
		struct world w;

		wire.len = 0;
		wire_put(&wire, WIRE_PREFACE, PREFACE_LEN);
		for (uint32_t n = 1 + random_below(8); n; n--) {
			const uint32_t i = random_below(COUNT(frames));

			wire_frame(&wire, frames[i].type, frames[i].flags, frames[i].stream, "\x82\x84",
				   random_below(3));
		}
		begin(&w, 1);
		for (uint32_t off = 0, len; off < wire.len; off += len) {
			len = 1 + random_below(20);
			len = len < wire.len - off ? len : wire.len - off;
			give(&w, off, len);
			if (random_below(3) == 0)
				give(&w, off, len);
		}
		end(&w);
		for (uint32_t i = 0; i < w.n_records; i++)
			truth_no_context(&w.record[i]);
	}
}

/* Segments in a random order near the right one, some repeated, some lost, some cut: nothing is said that is not so. */
static void random_segments(void **state)
{
	uint32_t n_all = 0;

	(void)state;
	make_wire();
	for (int turn = 0; turn < WS_ROUNDS(5000); turn++) {
		uint32_t off = 0;
		struct world w;

		begin(&w, random_below(UINT32_MAX));
		while (off < wire.len) {
			const uint32_t at = random_below(10) ? off : random_below(wire.len);
			uint32_t len = 1 + random_below(random_below(2) ? 40 : 400);

			len = len < wire.len - at ? len : wire.len - at;
			if (random_below(30))
				give_any(&w, false, w.seq + at, wire.bytes + at, len,
					 random_below(20) ? len : random_below(len + 1));
			off = at == off && random_below(10) ? off + len : off;
			if (random_below(200) == 0)
				give_syn(&w, false);
		}
		end(&w);
		for (uint32_t i = 0; i < w.n_records; i++) {
			for (uint32_t j = 0; j < wire.n && w.record[i].reason == WS_REASON_CONTEXT; j++)
				if (w.seq + wire.request[j].off == w.record[i].seq)
					truth_request(&wire.request[j], &w.record[i], w.seq);
			n_all += w.record[i].reason == WS_REASON_CONTEXT;
		}
	}
	assert_true(n_all > WS_ROUNDS(5000));
}

static int refuse(void *context, const struct ws_record *record)
{
	(void)record;
	return --*(int *)context < 0 ? -ENOSPC : 0;
}

/* What the taker of records says stops it all, wherever it says it. */
static void refusal_stops(void **state)
{
	static struct truth_cuts c;

	(void)state;
	make_wire();
	make_even(&c, 50);
	for (int n_taken = 0; n_taken < 2 * (int)wire.n; n_taken++) {
		uint64_t n_frames[WS_N_REASONS] = { 0 };
		struct world w = { .seq = 1 };
		int left = n_taken, rc = 0;
		struct ws_heads *h = new_heads(refuse, &left, n_frames);

		for (uint32_t i = 0; rc == 0 && i < 2 * c.n; i++) {
			const uint32_t at = c.at[i / 2], len = segment_end(&c, i / 2) - at;
			const struct ws_record frame = frame_of(&w, 1 + at, len, false);
			const struct ws_segment segment = { .frame = &frame,
							    .payload = wire.bytes + at,
							    .captured_len = len };

			rc = ws_heads_segment(h, &segment);
		}
		assert_int_equal(rc, -ENOSPC);
		assert_int_equal(left, -1);
		ws_heads_free(h);
	}
}

/* Freed in the middle of everything. */
static void freed_early(void **state)
{
	struct world w;

	(void)state;
	make_wire();
	begin(&w, 1);
	give(&w, 0, 200);
	give(&w, 300, 30);
	give(&w, 250, 30);
	ws_heads_free(w.heads);
	begin(&w, 1);
	give(&w, 0, 10);
	give(&w, 12, 10);
	ws_heads_free(w.heads);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut),
		cmocka_unit_test(even_segments),
		cmocka_unit_test(every_order),
		cmocka_unit_test(each_repeated),
		cmocka_unit_test(all_repeated),
		cmocka_unit_test(repeated_in_other_cuts),
		cmocka_unit_test(ledger),
		cmocka_unit_test(one_lost),
		cmocka_unit_test(lost_inside_data),
		cmocka_unit_test(snaplen),
		cmocka_unit_test(endless_hole),
		cmocka_unit_test(joined_in_the_middle),
		cmocka_unit_test(server),
		cmocka_unit_test(no_preface),
		cmocka_unit_test(unfinished_preface),
		cmocka_unit_test(upgrade),
		cmocka_unit_test(new_connection),
		cmocka_unit_test(preface_in_a_body),
		cmocka_unit_test(misplaced_frames),
		cmocka_unit_test(random_segments),
		cmocka_unit_test(refusal_stops),
		cmocka_unit_test(freed_early),
	};

	return cmocka_run_group_tests_name("http2_stream", tests, NULL, NULL);
}
