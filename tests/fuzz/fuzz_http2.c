/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_http2 - a libFuzzer target: what an HTTP/2 client sends, in pieces and in segments.
 *
 * Input: a byte that says how the rest is read, 8 bytes that decide where it is cut, then either frames as they are, or
 * orders to build frames with well-formed header blocks, which an order may damage. What must hold is checked by
 * abort(): nothing outside the bytes given is read; pieces cut anywhere give the same records, and so do segments;
 * after a loss nothing is said but that it cannot be decoded; every segment is in the ledger once.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/heads.h"
#include "lib/http2.h"
#include "tests/fuzz/must.h"
#include "tests/unit/http2_wire.h"

#define RECORDS_MAX 4096
#define LAYOUT_LEN  5
#define NO_WINDOW   (UINT32_MAX / 2)
#define WIRE_SEQ    0xfffffe00u /* wraps soon */

struct records {
	uint32_t n;
	struct ws_record record[RECORDS_MAX];
};

static struct wire wire;
static struct records all, some;
static uint64_t dice;

static uint32_t below(uint32_t n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)((dice >> 32) % n);
}

static int keep(void *context, const struct ws_record *record)
{
	struct records *r = context;

	MUST(record->http_version == 2);
	MUST(record->reason == WS_REASON_CONTEXT || record->reason == WS_REASON_UNDECODABLE ||
	     (record->reason >= WS_REASON_MALFORMED && record->reason <= WS_REASON_NO_CONTEXT));
	MUST(record->reason != WS_REASON_CONTEXT ||
	     (record->ctx_off >= 9 && record->ctx_off < record->ids_end_off &&
	      record->ids_end_off <= record->searched_len && record->ctx_segment >= 1 &&
	      record->ctx_segment <= record->ids_end_segment && record->ids_end_segment <= record->n_segments));
	if (r->n < RECORDS_MAX)
		r->record[r->n++] = *record;
	return 0;
}

/* The same requests, whatever segments brought them. */
static void must_be_same(const struct records *a, const struct records *b)
{
	MUST(a->n == b->n);
	for (uint32_t i = 0; i < a->n; i++) {
		struct ws_record x = a->record[i], y = b->record[i];

		x.ts_ns = x.done_ts_ns = y.ts_ns = y.done_ts_ns = 0;
		x.req_off = x.payload_len = y.req_off = y.payload_len = 0;
		x.n_segments = x.ctx_segment = x.ids_end_segment = 0;
		y.n_segments = y.ctx_segment = y.ids_end_segment = 0;
		x.flags &= (uint8_t)~WS_FLAG_LATER_IN_FRAME;
		y.flags &= (uint8_t)~WS_FLAG_LATER_IN_FRAME;
		MUST(memcmp(&x, &y, sizeof(x)) == 0);
	}
}

static void put_order(const uint8_t *at)
{
	const struct wire_layout layout = {
		.is_padded = at[1] & 1,
		.padding = at[2],
		.has_priority = at[1] & 2,
		.flags = at[1] & 4 ? WIRE_END_STREAM : 0,
		.fragment = at[3] % 64,
	};
	const uint32_t stream = 2u * (at[4] % 64) + 1;

	switch (at[0] % 8) {
	case 0:
		wire_trailers(&wire, stream, &layout);
		break;
	case 1:
		wire_frame(&wire, WIRE_DATA, 0, stream, "0123456789abcdef", at[2] % 17);
		break;
	case 2:
		nghttp2_hd_deflate_change_table_size(wire.deflater, (size_t)at[2] << at[3] % 16);
		break;
	case 3: /* anything */
		wire_put(&wire, at + 1, LAYOUT_LEN - 1);
		break;
	case 4: /* damage what there is */
		wire.bytes[(at[1] << 8 | at[2]) % (wire.len ? wire.len : 1)] ^= at[3];
		break;
	default:
		if (wire.n < WIRE_REQUESTS_MAX)
			wire_request(&wire, stream, at[2] % 4, at[1] & 8, &layout);
	}
}

static void build(const uint8_t *data, size_t size)
{
	wire_begin(&wire);
	for (; size >= LAYOUT_LEN && wire.len < WIRE_MAX / 2; size -= LAYOUT_LEN, data += LAYOUT_LEN)
		put_order(data);
	wire_end(&wire);
}

/* Gives the decoder bytes of which a copy ends where readable memory ends. */
static void give_piece(struct ws_http2 *h, uint32_t off, uint32_t frame_off, uint32_t len, struct records *to)
{
	const struct ws_record segment = { .ts_ns = 1, .seq = WIRE_SEQ, .payload_len = wire.len };
	uint8_t *copy = malloc(len);
	bool is_undecodable = ws_http2_is_undecodable(h);
	uint32_t n = to->n;

	MUST(copy);
	memcpy(copy, wire.bytes + off, len);
	MUST(ws_http2_piece(h, &segment, WIRE_SEQ + off, frame_off, copy, len, keep, to) == 0);
	free(copy);
	for (; is_undecodable && n < to->n; n++)
		MUST(to->record[n].reason == WS_REASON_UNDECODABLE);
}

/* Gives the decoder the header frames of the wire; is_cut: in pieces. loss_off: where something is lost, or behind. */
static void decode(const struct ws_wanted *wanted, bool is_cut, uint32_t loss_off, struct records *to)
{
	struct ws_http2 *h = ws_http2_new(wanted, NO_WINDOW);

	MUST(h);
	to->n = 0;
	for (uint32_t off = 0; wire.len - off >= 9;) {
		const uint8_t *at = wire.bytes + off;
		uint32_t left = 9 + (uint32_t)(at[0] << 16 | at[1] << 8 | at[2]), frame_off = 0;
		const bool has_headers = at[3] == WIRE_HEADERS || at[3] == WIRE_CONTINUATION;

		left = left < wire.len - off ? left : wire.len - off;
		while (left) {
			const uint32_t len = is_cut ? 1 + below(left) : left;

			if (off >= loss_off)
				MUST(ws_http2_lost(h, keep, to) == 0 && ws_http2_is_undecodable(h));
			if (has_headers)
				give_piece(h, off, frame_off, len, to);
			off += len;
			frame_off += len;
			left -= len;
		}
	}
	MUST(ws_http2_lost(h, keep, to) == 0);
	ws_http2_free(h);
}

static struct ws_heads *new_heads(const struct ws_wanted *wanted, uint64_t n_frames[WS_N_REASONS], struct records *to)
{
	struct ws_heads *heads = ws_heads_new(keep, to, n_frames, wanted, NO_WINDOW);

	MUST(heads);
	memset(n_frames, 0, WS_N_REASONS * sizeof(*n_frames));
	to->n = 0;
	return heads;
}

static void give_segment(struct ws_heads *heads, uint32_t seq, const uint8_t *bytes, uint32_t len, uint32_t captured)
{
	static uint64_t ts_ns;
	const struct ws_record frame = { .ts_ns = ++ts_ns, .seq = seq, .payload_len = len };
	uint8_t *copy = malloc(captured ? captured : 1);
	const struct ws_segment g = { .frame = &frame, .payload = copy, .captured_len = captured };

	MUST(copy);
	memcpy(copy, bytes, captured);
	MUST(ws_heads_segment(heads, &g) == 0);
	free(copy);
}

static void must_balance(const uint64_t n_frames[WS_N_REASONS], uint64_t n_given, const struct records *r)
{
	uint64_t sum = 0, n_requests = n_frames[WS_REASON_UNDECODABLE], n_first = 0;

	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		MUST(n_frames[i] <= n_given);
		sum += n_frames[i];
		n_requests += ws_slot_is_request(i) ? n_frames[i] : 0;
	}
	for (uint32_t i = 0; i < r->n; i++)
		n_first += !(r->record[i].flags & WS_FLAG_LATER_IN_FRAME);
	MUST(sum == n_given);
	MUST(r->n == RECORDS_MAX || n_requests == n_first);
}

/* In order: in one segment, or in many; the records are those of the decoder. */
static void stream(const struct ws_wanted *wanted, bool is_cut, struct records *to)
{
	uint64_t n_frames[WS_N_REASONS], n_given = 1;
	struct ws_heads *heads = new_heads(wanted, n_frames, to);

	give_segment(heads, WIRE_SEQ - 24, (const uint8_t *)WIRE_PREFACE, 24, 24);
	for (uint32_t off = 0, len; off < wire.len; off += len, n_given++) {
		len = is_cut ? 1 + below(wire.len - off) : wire.len;
		give_segment(heads, WIRE_SEQ + off, wire.bytes + off, len, len);
	}
	MUST(ws_heads_finish(heads) == 0);
	ws_heads_free(heads);
	must_balance(n_frames, n_given, to);
}

/* Any segments of the stream in any order, some cut by the capture: the ledger balances. */
static void shuffle(const struct ws_wanted *wanted, struct records *to)
{
	const uint32_t n = 1 + below(100);
	uint64_t n_frames[WS_N_REASONS];
	struct ws_heads *heads = new_heads(wanted, n_frames, to);

	give_segment(heads, WIRE_SEQ - 24, (const uint8_t *)WIRE_PREFACE, 24, 24);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t off = below(wire.len), len = 1 + below(wire.len - off);

		give_segment(heads, WIRE_SEQ + off, wire.bytes + off, len, below(4) ? len : below(len + 1));
	}
	MUST(ws_heads_finish(heads) == 0);
	ws_heads_free(heads);
	must_balance(n_frames, 1 + n, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_wanted wanted;

	if (size < 10 || size > WIRE_MAX / 2 || ws_wanted_parse("all", &wanted, NULL))
		return 0;
	memcpy(&dice, data + 1, sizeof(dice));
	dice |= 1;
	if (data[0] & 1) {
		build(data + 9, size - 9);
	} else {
		wire.len = 0;
		wire_put(&wire, data + 9, (uint32_t)size - 9);
	}
	if (wire.len == 0)
		return 0;
	decode(&wanted, false, UINT32_MAX, &all);
	decode(&wanted, true, UINT32_MAX, &some);
	must_be_same(&all, &some);
	decode(&wanted, true, below(wire.len), &some);
	stream(&wanted, false, &all);
	stream(&wanted, true, &some);
	must_be_same(&all, &some);
	shuffle(&wanted, &some);
	return 0;
}
