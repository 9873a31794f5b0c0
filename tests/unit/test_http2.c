/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http2 - requests out of HEADERS and CONTINUATION frames, in whatever pieces they come; and frames that nobody
 * should send. No byte behind a piece is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "lib/http.h"
#include "lib/http2.h"
#include "tests/unit/guard.h"
#include "tests/unit/http2_truth.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define RECORDS_MAX  128
#define NO_WINDOW    (UINT32_MAX / 2)
#define CUTS_MAX     1024

struct world {
	struct ws_wanted wanted;
	struct ws_http2 *http2;
	uint32_t seq; /* of the wire's first byte */
	uint32_t n_records;
	struct ws_record record[RECORDS_MAX];
};

static const struct truth_cuts whole = { .n = 1 };
static struct wire wire;

static int keep(void *context, const struct ws_record *record)
{
	struct world *w = context;

	assert_true(w->n_records < RECORDS_MAX);
	w->record[w->n_records++] = *record;
	return 0;
}

static void begin_window(struct world *w, uint32_t seq, uint32_t window)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(ws_wanted_parse("default", &w->wanted, NULL), 0);
	w->seq = seq;
	w->http2 = ws_http2_new(&w->wanted, window);
	assert_non_null(w->http2);
}

static void begin(struct world *w, uint32_t seq)
{
	begin_window(w, seq, NO_WINDOW);
}

static void end(struct world *w)
{
	ws_http2_free(w->http2);
	w->http2 = NULL;
}

static struct ws_record segment_at(const struct world *w, uint32_t off, uint32_t len, uint32_t number)
{
	return (struct ws_record) {
		.ts_ns = TRUTH_FIRST_STAMP + number,
		.saddr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.daddr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.seq = w->seq + off,
		.sport = 40000,
		.dport = 80,
		.payload_len = len,
		.frame_len = len + 54,
		.ip_version = 4,
		.tcp_flags = 0x18,
	};
}

static int give_piece(struct world *w, const struct ws_record *segment, uint32_t off, uint32_t frame_off, uint32_t len)
{
	struct ws_bytes b = ws_guard(wire.bytes + off, len);

	return ws_http2_piece(w->http2, segment, w->seq + off, frame_off, b.data, len, keep, w);
}

/* Gives the header frames of the wire from off on, in pieces of at most piece_len bytes. */
static void feed(struct world *w, uint32_t off, const struct truth_cuts *c, uint32_t piece_len)
{
	while (off < wire.len) {
		const uint32_t frame = off;
		const uint32_t frame_end =
			off + 9 + (uint32_t)(wire.bytes[off] << 16 | wire.bytes[off + 1] << 8 | wire.bytes[off + 2]);
		const uint8_t type = wire.bytes[off + 3];

		for (; off < frame_end; off += piece_len) {
			const uint32_t n = truth_segment(c, off), begin_off = c->at[n];
			const uint32_t end_off = n + 1 < c->n ? c->at[n + 1] : wire.len;
			const struct ws_record segment = segment_at(w, begin_off, end_off - begin_off, n);
			uint32_t len = piece_len;

			len = len < end_off - off ? len : end_off - off;
			len = len < frame_end - off ? len : frame_end - off;
			if (type == WIRE_HEADERS || type == WIRE_CONTINUATION)
				assert_int_equal(give_piece(w, &segment, off, off - frame, len), 0);
			off -= piece_len - len;
		}
	}
}

/* The records are what the wire has, however it was cut. */
static void check(const struct world *w, const struct truth_cuts *c)
{
	truth_check(&wire, w->record, w->n_records, c, w->seq);
}

static void one_request(void **state)
{
	struct ws_record want;
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_request(&wire, 1, 7, false, &wire_plain);
	begin(&w, 5000);
	want = segment_at(&w, 0, wire.len, 0);
	feed(&w, 0, &whole, UINT32_MAX);
	check(&w, &whole);
	assert_memory_equal(w.record[0].saddr, want.saddr, 16);
	assert_memory_equal(w.record[0].daddr, want.daddr, 16);
	assert_int_equal(w.record[0].sport, want.sport);
	assert_int_equal(w.record[0].dport, want.dport);
	assert_int_equal(w.record[0].payload_len, want.payload_len);
	assert_int_equal(w.record[0].frame_len, want.frame_len);
	assert_int_equal(w.record[0].tcp_flags, want.tcp_flags);
	assert_int_equal(w.record[0].sampled, WS_SAMPLED_YES);
	assert_false(ws_http2_is_undecodable(w.http2));
	end(&w);
	wire_end(&wire);
}

static void every_piece_length(void **state)
{
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_connection(&wire);
	wire_end(&wire);
	for (uint32_t piece_len = 1; piece_len <= wire.len; piece_len++) {
		begin(&w, 0u - wire.len / 2); /* the sequence number wraps */
		feed(&w, 0, &whole, piece_len);
		check(&w, &whole);
		end(&w);
	}
}

static void every_two_cuts(void **state)
{
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_connection(&wire);
	wire_end(&wire);
	for (uint32_t first = 1; first < wire.len; first++) {
		for (uint32_t second = first + 1; second < wire.len; second += 1 + second % 7) {
			const struct truth_cuts c = { .n = 3, .at = { 0, first, second } };

			begin(&w, first);
			feed(&w, 0, &c, UINT32_MAX);
			check(&w, &c);
			end(&w);
		}
	}
}

/* Segments of the same few bytes each. */
static void even_segments(void **state)
{
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_connection(&wire);
	wire_end(&wire);
	for (uint32_t len = 1; len < wire.len; len++) {
		static struct truth_cuts c;

		c.n = 0;
		for (uint32_t at = 0; at < wire.len; at += len)
			c.at[c.n++] = at;
		for (uint32_t piece_len = 1; piece_len < 12; piece_len += 5) {
			begin(&w, 1);
			feed(&w, 0, &c, piece_len);
			check(&w, &c);
			end(&w);
		}
	}
}

/* An encoder that was told of a larger table: what it refers to is found, up to 64 KiB. */
static void larger_table(void **state)
{
	static char value[3000];
	struct world w;

	(void)state;
	wire_begin(&wire);
	assert_int_equal(nghttp2_hd_deflate_change_table_size(wire.deflater, 64 << 10), 0);
	wire_request(&wire, 1, 7, false, &wire_plain);
	memset(value, 'v', sizeof(value) - 1);
	for (uint32_t i = 0; i < 20; i++) {
		static struct wire_block b;
		uint32_t none = 0;

		b.len = b.n = 0;
		value[0] = (char)('a' + i);
		wire_field(&wire, &b, "x-large", value);
		wire_put_block(&wire, &b, 1, &wire_plain, &none, &none);
	}
	wire_request(&wire, 3, 7, false, &wire_plain); /* a table of 4096 bytes would have forgotten it */
	assert_int_equal(wire.request[1].ids_end_off - wire.request[1].ctx_off, 1);
	begin(&w, 1);
	feed(&w, 0, &whole, 100);
	check(&w, &whole);
	end(&w);
	wire_end(&wire);
}

/* Smaller, and larger again, between two blocks. */
static void changing_table(void **state)
{
	static const size_t sizes[] = { 0, 4096, 100, 50000, 64 << 10, 64 };
	struct world w;

	(void)state;
	wire_begin(&wire);
	for (uint32_t i = 0; i < COUNT(sizes); i++) {
		assert_int_equal(nghttp2_hd_deflate_change_table_size(wire.deflater, sizes[i]), 0);
		wire_request(&wire, 4 * i + 1, i / 2 + 1, false, &wire_plain);
		wire_request(&wire, 4 * i + 3, i / 2 + 1, false, &wire_plain);
	}
	begin(&w, 1);
	feed(&w, 0, &whole, 7);
	check(&w, &whole);
	end(&w);
	wire_end(&wire);
}

static void put_raw_block(uint32_t stream, const char *block, uint32_t len)
{
	wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, stream, block, len);
}

/* Values as they are on the wire of HTTP/1.x are read by the same rules; what is sent in capitals is no field. */
static void raw_fields(void **state)
{
	/* :method GET, then a literal without indexing: 0, length and name, length and value */
	static const char method_only[] = "\x82", no_method[] = "\0\6accept\3*/*",
			  capitals[] = "\x82\0\xbTraceparent\x37"
				       "00-0af7651916cd43dd8448eb2100000001-b7ad6b7100000001-01",
			  bad[] = "\x82\0\xbtraceparent\3bad",
			  b3[] = "\x82\0\xcx-b3-traceid\x10"
				 "1234567812345678";
	static const struct {
		const char *block;
		uint32_t len;
		int reason; /* -1: no record */
	} cases[] = {
		{ method_only, sizeof(method_only) - 1, WS_REASON_NO_CONTEXT },
		{ no_method, sizeof(no_method) - 1, -1 },
		{ capitals, sizeof(capitals) - 1, WS_REASON_NO_CONTEXT },
		{ bad, sizeof(bad) - 1, WS_REASON_MALFORMED },
		{ b3, sizeof(b3) - 1, WS_REASON_INCOMPLETE },
		{ "", 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w;

		wire.len = 0;
		put_raw_block(1, cases[i].block, cases[i].len);
		begin(&w, 1);
		feed(&w, 0, &whole, UINT32_MAX);
		assert_int_equal(w.n_records, cases[i].reason >= 0);
		assert_false(ws_http2_is_undecodable(w.http2));
		if (w.n_records) {
			assert_int_equal(w.record[0].reason, cases[i].reason);
			truth_no_context(&w.record[0]);
		}
		end(&w);
	}
}

/* Looked for only if it is wanted; the user's own header too; values longer than any may be. */
static void wanted_headers(void **state)
{
	static struct wire_block b;
	static char value[40000];
	uint32_t none = 0;
	struct world w;

	(void)state;
	wire_begin(&wire);
	b.len = b.n = 0;
	wire_field(&wire, &b, ":method", "GET");
	wire_field(&wire, &b, "x-my-trace", "0af7651916cd43dd8448eb211c80319c");
	wire_field(&wire, &b, "traceparent", "00-0af7651916cd43dd8448eb2100000001-b7ad6b7100000001-01");
	wire_put_block(&wire, &b, 1, &wire_plain, &none, &none);
	b.len = b.n = 0;
	memset(value, '0', sizeof(value) - 1);
	wire_field(&wire, &b, ":method", "GET");
	wire_field(&wire, &b, "b3", value);
	wire_field(&wire, &b, "traceparent", value);
	wire_put_block(&wire, &b, 3, &wire_plain, &none, &none);
	for (int turn = 0; turn < 2; turn++) {
		begin(&w, 1);
		assert_int_equal(ws_wanted_parse(turn ? "b3-single,header:x-my-trace" : "b3", &w.wanted, NULL), 0);
		feed(&w, 0, &whole, UINT32_MAX);
		assert_int_equal(w.n_records, 2);
		assert_int_equal(w.record[0].reason, turn ? WS_REASON_CONTEXT : WS_REASON_NO_CONTEXT);
		assert_int_equal(w.record[0].family, turn ? WS_FAMILY_USER : WS_FAMILY_NONE);
		assert_int_equal(w.record[0].families, turn ? 1 << WS_FAMILY_USER : 0);
		assert_int_equal(w.record[1].reason, turn ? WS_REASON_MALFORMED : WS_REASON_NO_CONTEXT);
		assert_int_equal(w.record[1].malformed, turn ? 1 << WS_FAMILY_B3_SINGLE : 0);
		end(&w);
	}
	wire_end(&wire);
}

/* Contexts count whose ids end within the window; of a longer block without one, what is behind is not known. */
static void windows(void **state)
{
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_request(&wire, 1, 7, false, &wire_plain);
	wire_end(&wire);
	for (uint32_t window = 1; window < wire.len + 10; window++) {
		begin_window(&w, 1, window);
		feed(&w, 0, &whole, UINT32_MAX);
		if (window >= wire.request[0].ids_end_off) {
			check(&w, &whole);
		} else {
			assert_int_equal(w.n_records, 1);
			assert_int_equal(w.record[0].reason, WS_REASON_BEYOND_WINDOW);
			truth_no_context(&w.record[0]);
		}
		end(&w);
	}
}

/* What stands behind the window is not looked at: a value there is not refused either. */
static void behind_the_window(void **state)
{
	static const char block[] = "\x82\0\xbtraceparent\3bad";

	(void)state;
	wire.len = 0;
	put_raw_block(1, block, sizeof(block) - 1);
	for (uint32_t window = 9; window < 13; window++) {
		struct world w;

		begin_window(&w, 1, window);
		feed(&w, 0, &whole, UINT32_MAX);
		assert_int_equal(w.n_records, 1);
		assert_int_equal(w.record[0].reason, WS_REASON_BEYOND_WINDOW);
		assert_int_equal(w.record[0].malformed, window > 10 ? 1 << WS_FAMILY_W3C : 0);
		end(&w);
	}
}

/* -- what cannot be decoded */

/* Of the request whose HEADERS frame begins at off. */
static void is_undecodable(const struct world *w, const struct ws_record *r, uint32_t off, uint32_t stream)
{
	assert_int_equal(r->reason, WS_REASON_UNDECODABLE);
	assert_int_equal(r->seq, w->seq + off);
	assert_int_equal(r->stream_id, stream);
	assert_int_equal(r->http_version, 2);
	assert_int_equal(r->flags & ~WS_FLAG_LATER_IN_FRAME, 0);
	assert_true(r->n_segments >= 1);
	truth_no_context(r);
}

static void put_oversize(uint32_t stream)
{
	static uint8_t block[300 << 10];

	memset(block, 0x82, sizeof(block));
	wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, stream, block, sizeof(block));
}

static void put_oversize_in_many(uint32_t stream)
{
	static uint8_t block[16 << 10];

	memset(block, 0x82, sizeof(block));
	wire_frame(&wire, WIRE_HEADERS, 0, stream, block, sizeof(block));
	for (int i = 0; i < 20; i++)
		wire_frame(&wire, WIRE_CONTINUATION, i == 19 ? WIRE_END_HEADERS : 0, stream, block, sizeof(block));
}

static void put_endless_continuations(uint32_t stream)
{
	wire_frame(&wire, WIRE_HEADERS, 0, stream, "\x82", 1);
	for (int i = 0; i < 30000; i++)
		wire_frame(&wire, WIRE_CONTINUATION, 0, stream, "", 0);
}

static void put_padding_too_long(uint32_t stream)
{
	wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS | WIRE_PADDED, stream, "\5\x82\x82\x82\x82", 5);
}

static void put_padding_without_room(uint32_t stream)
{
	wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS | WIRE_PADDED, stream, "", 0);
}

static void put_priority_without_room(uint32_t stream)
{
	wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS | WIRE_PRIORITY_FLAG, stream, "\0\0\0\0", 4);
}

static void put_other_streams_continuation(uint32_t stream)
{
	wire_frame(&wire, WIRE_HEADERS, 0, stream, "\x82", 1);
	wire_frame(&wire, WIRE_CONTINUATION, WIRE_END_HEADERS, stream + 2, "\x84", 1);
}

static void put_index_zero(uint32_t stream)
{
	put_raw_block(stream, "\x80", 1);
}

static void put_index_of_nothing(uint32_t stream)
{
	put_raw_block(stream, "\x82\xfe", 2);
}

static void put_endless_number(uint32_t stream)
{
	put_raw_block(stream, "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9);
}

static void put_unfinished_field(uint32_t stream)
{
	put_raw_block(stream, "\x82\0\4abc", 6);
}

static void put_wrong_huffman(uint32_t stream)
{
	put_raw_block(stream, "\x82\0\1a\x84\xff\xff\xff\xff", 9);
}

static void put_update_in_mid_block(uint32_t stream)
{
	put_raw_block(stream, "\x82\x20", 2);
}

static void put_table_too_large(uint32_t stream)
{
	put_raw_block(stream, "\x3f\xe2\xff\x03\x82", 5); /* 64 KiB and 1 byte */
}

/* After each, nothing can be decoded; what opens a stream is told, whatever its block would say. */
static void hostile_blocks(void **state)
{
	static void (*const cases[])(uint32_t) = {
		put_oversize,
		put_oversize_in_many,
		put_endless_continuations,
		put_padding_too_long,
		put_padding_without_room,
		put_priority_without_room,
		put_other_streams_continuation,
		put_index_zero,
		put_index_of_nothing,
		put_endless_number,
		put_unfinished_field,
		put_wrong_huffman,
		put_update_in_mid_block,
		put_table_too_large,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (uint32_t piece_len = 1; piece_len < 1 << 17; piece_len *= 7) {
			uint32_t hostile, next;
			struct world w;

			wire_begin(&wire);
			wire_request(&wire, 1, 7, false, &wire_plain);
			hostile = wire.len;
			cases[i](3);
			next = wire.len;
			wire.n = 1;
			wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, 7, "\x82", 1);
			wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, 7, "\x82", 1); /* trailers */
			wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, 5, "\x82", 1);
			wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, 10, "\x82", 1);
			wire_frame(&wire, WIRE_CONTINUATION, WIRE_END_HEADERS, 11, "\x82", 1);
			begin(&w, 1);
			feed(&w, 0, &whole, piece_len);
			assert_true(ws_http2_is_undecodable(w.http2));
			assert_int_equal(w.n_records, 3);
			assert_int_equal(w.record[0].reason, WS_REASON_CONTEXT);
			is_undecodable(&w, &w.record[1], hostile, 3);
			is_undecodable(&w, &w.record[2], next, 7);
			end(&w);
			wire_end(&wire);
		}
	}
}

/* Frames that may not stand where they do, and open no stream: nothing but what follows is told. */
static void hostile_frames(void **state)
{
	(void)state;
	for (int which = 0; which < 3; which++) {
		uint32_t next;
		struct world w;

		wire.len = 0;
		if (which == 0)
			wire_frame(&wire, WIRE_CONTINUATION, WIRE_END_HEADERS, 1, "\x82", 1);
		else
			put_raw_block(which == 1 ? 0 : 2, "\x82", 1);
		next = wire.len;
		put_raw_block(3, "\x82", 1);
		begin(&w, 1);
		feed(&w, 0, &whole, UINT32_MAX);
		assert_true(ws_http2_is_undecodable(w.http2));
		assert_int_equal(w.n_records, 1);
		is_undecodable(&w, &w.record[0], next, 3);
		end(&w);
	}
}

/* A HEADERS frame in the middle of another stream's block: both open streams. */
static void headers_in_a_block(void **state)
{
	uint32_t second;
	struct world w;

	(void)state;
	wire.len = 0;
	wire_frame(&wire, WIRE_HEADERS, 0, 1, "\x82", 1);
	second = wire.len;
	put_raw_block(3, "\x82", 1);
	for (uint32_t piece_len = 1; piece_len < wire.len; piece_len++) {
		begin(&w, 1);
		feed(&w, 0, &whole, piece_len);
		assert_int_equal(w.n_records, 2);
		is_undecodable(&w, &w.record[0], 0, 1);
		is_undecodable(&w, &w.record[1], second, 3);
		assert_int_equal(w.record[1].flags, WS_FLAG_LATER_IN_FRAME);
		end(&w);
	}
}

/* Another frame between a HEADERS frame and its CONTINUATION: only the place tells. */
static void data_in_a_block(void **state)
{
	struct world w;

	(void)state;
	wire.len = 0;
	wire_frame(&wire, WIRE_HEADERS, 0, 1, "\x82", 1);
	wire_frame(&wire, WIRE_DATA, 0, 1, "x", 1);
	wire_frame(&wire, WIRE_CONTINUATION, WIRE_END_HEADERS, 1, "\x84", 1);
	begin(&w, 1);
	feed(&w, 0, &whole, UINT32_MAX);
	assert_int_equal(w.n_records, 1);
	is_undecodable(&w, &w.record[0], 0, 1);
	end(&w);
}

/* Pieces that do not fit together: a part left out, a part given twice, bytes behind the frame's end. */
static void pieces_out_of_place(void **state)
{
	static const struct {
		uint32_t off, len;
	} second[] = { { 13, 5 }, { 11, 5 }, { 0, 12 }, { 12, UINT32_MAX } };

	(void)state;
	for (size_t i = 0; i < COUNT(second); i++) {
		struct ws_record segment;
		struct world w;
		uint32_t len;

		wire_begin(&wire);
		wire_request(&wire, 1, 7, false, &wire_plain);
		wire_put(&wire, "\x82", 1);
		begin(&w, 1);
		segment = segment_at(&w, 0, wire.len, 0);
		assert_int_equal(give_piece(&w, &segment, 0, 0, 12), 0);
		assert_int_equal(w.n_records, 0);
		len = second[i].len < wire.len ? second[i].len : wire.len - second[i].off;
		assert_int_equal(give_piece(&w, &segment, second[i].off, second[i].off, len), 0);
		assert_true(ws_http2_is_undecodable(w.http2));
		assert_int_equal(w.n_records, 1);
		if (second[i].len < UINT32_MAX) /* else the request was whole */
			is_undecodable(&w, &w.record[0], 0, 1);
		end(&w);
		wire_end(&wire);
	}
}

static void lost(void **state)
{
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_request(&wire, 1, 7, false, &wire_plain);
	wire_trailers(&wire, 1, &wire_plain);
	wire_end(&wire);
	for (uint32_t at = 0; at <= wire.len; at++) { /* how much comes before the loss */
		const uint32_t head_len = wire.request[0].len;
		const uint32_t len = at < head_len ? at : head_len;
		struct ws_record segment;

		begin(&w, 1);
		segment = segment_at(&w, 0, wire.len, 0);
		assert_int_equal(give_piece(&w, &segment, 0, 0, len), 0);
		assert_int_equal(give_piece(&w, &segment, head_len, 0, at - len), 0);
		assert_int_equal(ws_http2_lost(w.http2, keep, &w), 0);
		assert_int_equal(ws_http2_lost(w.http2, keep, &w), 0);
		assert_true(ws_http2_is_undecodable(w.http2));
		assert_int_equal(w.n_records, at >= 9);
		if (at >= 9 && at < head_len)
			is_undecodable(&w, &w.record[0], 0, 1);
		else if (at >= head_len)
			assert_int_equal(w.record[0].reason, WS_REASON_CONTEXT);
		assert_int_equal(give_piece(&w, &segment, 0, 0, head_len), 0); /* at < 9: not told yet */
		assert_int_equal(w.n_records, 1);
		end(&w);
	}
}

/* More segments than any block is cut into: no memory without end. */
static void too_many_segments(void **state)
{
	static struct truth_cuts c;
	static uint8_t block[2000];
	struct world w;

	(void)state;
	wire.len = 0;
	memset(block, 0x82, sizeof(block));
	wire_frame(&wire, WIRE_HEADERS, WIRE_END_HEADERS, 1, block, sizeof(block));
	for (c.n = 0; c.n < CUTS_MAX; c.n++)
		c.at[c.n] = c.n;
	begin(&w, 1);
	feed(&w, 0, &c, UINT32_MAX);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_NO_CONTEXT);
	assert_int_equal(w.record[0].n_segments, CUTS_MAX);
	end(&w);
	begin(&w, 1);
	for (uint32_t i = 0; i < wire.len; i++) {
		const struct ws_record segment = segment_at(&w, i, 1, i);

		assert_int_equal(give_piece(&w, &segment, i, i, 1), 0);
	}
	assert_int_equal(w.n_records, 1);
	is_undecodable(&w, &w.record[0], 0, 1);
	end(&w);
}

static int refuse(void *context, const struct ws_record *record)
{
	(void)record;
	++*(int *)context;
	return -ENOSPC;
}

/* What the taker of records says is handed on. */
static void refusal(void **state)
{
	struct ws_record segment;
	int n_calls = 0;
	struct world w;

	(void)state;
	wire_begin(&wire);
	wire_request(&wire, 1, 7, false, &wire_plain);
	wire_end(&wire);
	for (int way = 0; way < 3; way++) {
		const uint32_t len = way ? 20 : wire.len;

		begin(&w, 1);
		segment = segment_at(&w, 0, wire.len, 0);
		assert_int_equal(ws_http2_piece(w.http2, &segment, 1, 0, wire.bytes, len, refuse, &n_calls),
				 way ? 0 : -ENOSPC);
		if (way == 1)
			assert_int_equal(ws_http2_lost(w.http2, refuse, &n_calls), -ENOSPC);
		if (way == 2)
			assert_int_equal(ws_http2_piece(w.http2, &segment, 50, 49, wire.bytes, 1, refuse, &n_calls),
					 -ENOSPC);
		assert_int_equal(n_calls, way + 1);
		end(&w);
	}
	ws_http2_free(NULL);
}

/* -- recognition (lib/http.h) */

static void recognition(void **state)
{
	uint8_t bytes[24];

	(void)state;
	for (uint32_t i = 0; i < 24; i++) {
		struct ws_bytes b;

		memcpy(bytes, WIRE_PREFACE, 24);
		b = ws_guard(bytes, 24);
		assert_true(ws_http2_is_preface(&b, 0));
		b = ws_guard(bytes, i);
		assert_false(ws_http2_is_preface(&b, 0));
		bytes[i] ^= 0x20;
		b = ws_guard(bytes, 24);
		assert_false(ws_http2_is_preface(&b, 0));
	}
	for (uint32_t len = 0; len <= 9; len++) {
		const struct ws_bytes b = ws_guard("\0\0\1\1\4\0\0\0\1", len);

		assert_int_equal(ws_http2_is_headers(&b, 0), len == 9);
	}
}

static void looks_like_headers(void **state)
{
	static const struct {
		const char *bytes;
		bool is_headers;
	} cases[] = {
		{ "\0\0\1\1\4\0\0\0\1", true },	    { "\0\x40\0\1\x2d\x7f\xff\xff\xff", true },
		{ "\0\x3f\xff\1\5\0\0\1\1", true }, { "\0\0\0\1\4\0\0\0\1", false },
		{ "\0\x40\1\1\4\0\0\0\1", false },  { "\1\0\1\1\4\0\0\0\1", false },
		{ "\0\0\1\0\4\0\0\0\1", false },    { "\0\0\1\1\1\0\0\0\1", false },
		{ "\0\0\1\1\6\0\0\0\1", false },    { "\0\0\1\1\4\x80\0\0\1", false },
		{ "\0\0\1\1\4\0\0\0\2", false },    { "\0\0\1\1\4\0\0\0\0", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ws_bytes b = ws_guard(cases[i].bytes, 9);

		assert_int_equal(!!ws_http2_is_headers(&b, 0), cases[i].is_headers);
	}
}

/* An answer's block begins with :status, a request's does not; behind padding and priority, and only where it is at
 * hand. */
static void answers(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
		bool is_answer;
	} cases[] = {
		{ "\0\0\1\1\4\0\0\0\1\x88", 10, true },
		{ "\0\0\1\1\4\0\0\0\1\x8e", 10, true },
		{ "\0\0\1\1\4\0\0\0\1\x48", 10, true },
		{ "\0\0\1\1\4\0\0\0\1\x08", 10, true },
		{ "\0\0\1\1\4\0\0\0\1\x18", 10, true },
		{ "\0\0\1\1\4\0\0\0\1\x82", 10, false },
		{ "\0\0\1\1\4\0\0\0\1\x87", 10, false },
		{ "\0\0\1\1\4\0\0\0\1\x8f", 10, false },
		{ "\0\0\1\1\x0c\0\0\0\1\1\x88", 11, true },
		{ "\0\0\1\1\x24\0\0\0\1\0\0\0\0\0\x88", 15, true },
		{ "\0\0\1\1\x2c\0\0\0\1\1\0\0\0\0\0\x88", 16, true },
		{ "\0\0\1\1\x2c\0\0\0\1\1\0\0\0\0\0\x83", 16, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (uint32_t len = 9; len <= cases[i].len; len++) {
			const struct ws_bytes b = ws_guard(cases[i].bytes, len);

			assert_int_equal(ws_http2_is_answer(&b, 0), cases[i].is_answer && len == cases[i].len);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(one_request),
		cmocka_unit_test(every_piece_length),
		cmocka_unit_test(every_two_cuts),
		cmocka_unit_test(even_segments),
		cmocka_unit_test(larger_table),
		cmocka_unit_test(changing_table),
		cmocka_unit_test(raw_fields),
		cmocka_unit_test(wanted_headers),
		cmocka_unit_test(windows),
		cmocka_unit_test(behind_the_window),
		cmocka_unit_test(hostile_blocks),
		cmocka_unit_test(hostile_frames),
		cmocka_unit_test(headers_in_a_block),
		cmocka_unit_test(data_in_a_block),
		cmocka_unit_test(pieces_out_of_place),
		cmocka_unit_test(lost),
		cmocka_unit_test(too_many_segments),
		cmocka_unit_test(refusal),
		cmocka_unit_test(recognition),
		cmocka_unit_test(looks_like_headers),
	};

	return cmocka_run_group_tests_name("http2", tests, NULL, NULL);
}
