/* SPDX-License-Identifier: BSD-2-Clause */
/* http2_truth - what the records of a connection (tests/unit/http2_wire.h) must say, however it was cut into segments.
 */
#ifndef WS_TEST_HTTP2_TRUTH_H
#define WS_TEST_HTTP2_TRUTH_H

#include "lib/record.h"
#include "tests/unit/http2_wire.h"

#define TRUTH_FIRST_STAMP 1000000
#define TRUTH_CUTS_MAX	  4096

/* Where segments begin in the wire, in order; the first one at 0. */
struct truth_cuts {
	uint32_t n;
	uint32_t at[TRUTH_CUTS_MAX];
	const uint32_t *stamp; /* of each segment, counted from TRUTH_FIRST_STAMP; NULL: its number */
};

/* The segment, counted from 0, that carries the byte at off. */
static inline uint32_t truth_segment(const struct truth_cuts *c, uint32_t off)
{
	uint32_t low = 0, high = c->n;

	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (c->at[middle] <= off)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static inline uint64_t truth_stamp(const struct truth_cuts *c, uint32_t segment)
{
	return TRUTH_FIRST_STAMP + (c->stamp ? c->stamp[segment] : segment);
}

static inline void truth_no_context(const struct ws_record *r)
{
	static const uint8_t zero[16];

	assert_int_equal(r->family, WS_FAMILY_NONE);
	assert_memory_equal(r->trace_id, zero, 16);
	assert_memory_equal(r->span_id, zero, 8);
	assert_int_equal(r->ctx_off + r->ctx_len + r->ids_end_off, 0);
	assert_int_equal(r->done_ts_ns + r->ctx_segment + r->ids_end_segment, 0);
}

/* The record has the context of that number. */
static inline void truth_number(const struct ws_record *r, uint32_t number)
{
	uint8_t trace_id[16] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21 };

	for (int i = 0; i < 4; i++)
		trace_id[12 + i] = (uint8_t)(number >> (24 - 8 * i));
	assert_int_equal(r->reason, WS_REASON_CONTEXT);
	assert_int_equal(r->family, WS_FAMILY_W3C);
	assert_int_equal(r->families, 1 << WS_FAMILY_W3C);
	assert_memory_equal(r->trace_id, trace_id, 16);
}

/* What is the same wherever the segments were cut. */
static inline void truth_request(const struct wire_request *want, const struct ws_record *r, uint32_t wire_seq)
{
	assert_int_equal(r->seq, wire_seq + want->off);
	assert_int_equal(r->http_version, 2);
	assert_int_equal(r->stream_id, want->stream);
	assert_int_equal(r->searched_len, want->len);
	assert_int_equal(r->flags & WS_FLAG_GRPC, want->is_grpc ? WS_FLAG_GRPC : 0);
	if (want->number) {
		truth_number(r, want->number);
		assert_int_equal(r->ctx_off, want->ctx_off);
		assert_int_equal(r->ids_end_off, want->ids_end_off);
		assert_int_equal(r->ctx_len, want->ids_end_off - want->ctx_off);
	} else {
		assert_int_equal(r->reason, WS_REASON_NO_CONTEXT);
		truth_no_context(r);
	}
}

/* All of a record of a connection of which each segment came once. */
static inline void truth_record(const struct wire_request *want, const struct ws_record *r, const struct truth_cuts *c,
				uint32_t wire_seq)
{
	const uint32_t first = truth_segment(c, want->off);

	truth_request(want, r, wire_seq);
	assert_int_equal(r->ts_ns, truth_stamp(c, first));
	assert_int_equal(r->req_off, want->off - c->at[first]);
	assert_int_equal(r->n_segments, truth_segment(c, want->off + want->len - 1) - first + 1);
	if (want->number) {
		const uint32_t last = truth_segment(c, want->off + want->ids_end_off - 1);

		assert_int_equal(r->ctx_segment, truth_segment(c, want->off + want->ctx_off) - first + 1);
		assert_int_equal(r->ids_end_segment, last - first + 1);
		assert_int_equal(r->done_ts_ns, truth_stamp(c, last));
	}
}

/* All records of such a connection, in order. */
static inline void truth_check(const struct wire *wire, const struct ws_record *record, uint32_t n,
			       const struct truth_cuts *c, uint32_t wire_seq)
{
	uint32_t last_segment = UINT32_MAX;

	assert_int_equal(n, wire->n);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t first = truth_segment(c, wire->request[i].off);

		truth_record(&wire->request[i], &record[i], c, wire_seq);
		assert_int_equal(record[i].flags & WS_FLAG_LATER_IN_FRAME,
				 first == last_segment ? WS_FLAG_LATER_IN_FRAME : 0);
		last_segment = first;
	}
}

#endif
