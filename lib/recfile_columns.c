/* SPDX-License-Identifier: BSD-2-Clause */
/* recfile_columns - see the header; the bytes are specified in recfile.md. */
#include "lib/recfile_columns.h"

#include <errno.h>

#define COLUMN(id, field, encoding, table, base)                                                                      \
	{                                                                                                             \
		id, offsetof(struct ws_record, field), sizeof(((struct ws_record *)0)->field), WS_RECFILE_##encoding, \
			WS_RECFILE_##table, base                                                                      \
	}
#define INTEGER(id, field, table)    COLUMN(id, field, DELTA, table, 0)
#define BYTES(id, field, table)	     COLUMN(id, field, ROWS, table, 0)
#define LESS(id, field, table, base) COLUMN(id, field, DELTA, table, offsetof(struct ws_record, base))

const struct ws_recfile_column ws_recfile_columns[WS_RECFILE_N_COLUMNS] = {
	BYTES(WS_RECFILE_ID_TRACE, trace_id, RECORDS),
	BYTES(WS_RECFILE_ID_SPAN, span_id, RECORDS),
	BYTES(WS_RECFILE_ID_PARENT, parent_span_id, RECORDS),
	BYTES(5, saddr, FLOWS),
	BYTES(6, daddr, FLOWS),
	BYTES(7, outer_saddr, FLOWS),
	BYTES(8, outer_daddr, FLOWS),
	INTEGER(WS_RECFILE_ID_TIME, ts_ns, RECORDS),
	INTEGER(WS_RECFILE_ID_SEQ, seq, RECORDS),
	INTEGER(10, vni, FLOWS),
	INTEGER(12, payload_len, SHAPES),
	LESS(11, frame_len, SHAPES, payload_len),
	INTEGER(13, req_off, SHAPES),
	INTEGER(14, ctx_off, SHAPES),
	INTEGER(15, ctx_len, SHAPES),
	LESS(16, ids_end_off, SHAPES, ctx_off),
	LESS(17, searched_len, SHAPES, payload_len),
	INTEGER(18, sport, FLOWS),
	INTEGER(19, dport, FLOWS),
	INTEGER(20, vlan, FLOWS),
	INTEGER(21, n_segments, SHAPES),
	INTEGER(22, point, FLOWS),
	INTEGER(23, direction, FLOWS),
	INTEGER(24, ip_version, FLOWS),
	INTEGER(25, outer_ip_version, FLOWS),
	INTEGER(26, encap, FLOWS),
	INTEGER(27, tcp_flags, SHAPES),
	INTEGER(28, reason, SHAPES),
	INTEGER(29, family, SHAPES),
	INTEGER(30, sampled, SHAPES),
	INTEGER(31, flags, SHAPES),
	INTEGER(WS_RECFILE_ID_DONE, done_ts_ns, RECORDS),
	INTEGER(WS_RECFILE_ID_STREAM, stream_id, RECORDS),
	INTEGER(34, families, SHAPES),
	INTEGER(35, malformed, SHAPES),
	INTEGER(36, flaw, SHAPES),
	INTEGER(37, http_version, SHAPES),
	INTEGER(38, ctx_segment, SHAPES),
	INTEGER(39, ids_end_segment, SHAPES),
	INTEGER(WS_RECFILE_ID_ACK, ack, RECORDS),
	INTEGER(41, status, SHAPES),
};

const struct ws_recfile_column *ws_recfile_column(uint16_t id)
{
	for (size_t i = 0; i < WS_RECFILE_N_COLUMNS; i++)
		if (ws_recfile_columns[i].id == id)
			return &ws_recfile_columns[i];
	return NULL;
}

/* One integer column; the width is a constant in each copy, so that loads and planes unroll. */
static inline __attribute__((always_inline)) uint32_t encode_delta(const uint8_t *from, uint32_t n, uint8_t *to,
								   const uint8_t width)
{
	const uint64_t mask = width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
	const int sign_shift = 8 * width - 1;
	uint64_t previous = 0, sum = 0;
	uint32_t n_planes = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t value = 0, delta;

		memcpy(&value, from + (size_t)i * width, width);
		delta = (value - previous) & mask;
		previous = value;
		delta = ((delta << 1) ^ (0 - (delta >> sign_shift))) & mask;
		sum |= delta;
		for (uint8_t k = 0; k < width; k++)
			to[(size_t)k * n + i] = (uint8_t)(delta >> (8 * k));
	}
	for (; sum; sum >>= 8)
		n_planes++;
	return n * n_planes;
}

static inline __attribute__((always_inline)) void decode_delta(const uint8_t *from, uint32_t n, uint8_t *field,
							       const uint8_t width, uint32_t n_planes)
{
	const uint64_t mask = width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
	uint64_t value = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t delta = 0;

		for (uint32_t k = 0; k < n_planes; k++)
			delta |= (uint64_t)from[(size_t)k * n + i] << (8 * k);
		value = (value + ((delta >> 1) ^ (0 - (delta & 1)))) & mask;
		memcpy(field + (size_t)i * sizeof(struct ws_record), &value, width);
	}
}

/* All planes, as version 1 has them, or only those that are not zero. */
static inline __attribute__((always_inline)) void decode_delta_of(const uint8_t *from, uint32_t n, uint8_t *field,
								  const uint8_t width, uint32_t n_planes)
{
	if (n_planes == width)
		decode_delta(from, n, field, width, width);
	else
		decode_delta(from, n, field, width, n_planes);
}

#define DICTIONARY_MAX	 256
#define DICTIONARY_SLOTS 1024u

/* Where the value stands in the hash table, or the free slot where it should: slots hold numbers + 1. */
static uint32_t dictionary_slot(const uint16_t slot[DICTIONARY_SLOTS], const uint8_t *values, const uint8_t *value,
				uint8_t width)
{
	uint64_t low = 0, high = 0;
	uint32_t at;

	memcpy(&low, value, width < 8 ? width : 8);
	if (width > 8)
		memcpy(&high, value + 8, width - 8u);
	at = (uint32_t)(((low ^ (high * 0x9e3779b97f4a7c15u)) * 0x9e3779b97f4a7c15u) >> 54);
	while (slot[at] && memcmp(values + (size_t)(slot[at] - 1) * width, value, width) != 0)
		at = (at + 1) % DICTIONARY_SLOTS;
	return at;
}

/* Encodes a column of few values. Returns the bytes written; 0 if there are too many values to make it worth while. */
static uint32_t encode_dictionary(const uint8_t *from, uint32_t n, uint8_t *to, uint8_t width)
{
	uint16_t slot[DICTIONARY_SLOTS] = { 0 };
	uint8_t *values = to + n;
	uint32_t n_values = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *value = from + (size_t)i * width;
		uint32_t at = dictionary_slot(slot, values, value, width);

		if (!slot[at]) {
			if (n_values == DICTIONARY_MAX || n + (n_values + 1) * width >= n * width)
				return 0;
			memcpy(values + (size_t)n_values * width, value, width);
			slot[at] = (uint16_t)++n_values;
		}
		to[i] = (uint8_t)(slot[at] - 1);
	}
	return n + n_values * width;
}

static bool is_constant(const uint8_t *from, uint32_t n, uint8_t width)
{
	return memcmp(from, from + width, (size_t)(n - 1) * width) == 0;
}

uint32_t ws_recfile_column_encode(const struct ws_recfile_column *c, const uint8_t *from, uint32_t n, uint8_t *to,
				  uint8_t *encoding)
{
	uint32_t size;

	if (is_constant(from, n, c->width)) {
		*encoding = WS_RECFILE_CONSTANT;
		memcpy(to, from, c->width);
		return c->width;
	}
	*encoding = c->encoding;
	switch (c->encoding == WS_RECFILE_ROWS ? 0 : c->width) {
	case 0:
		size = encode_dictionary(from, n, to, c->width);
		if (size) {
			*encoding = WS_RECFILE_DICTIONARY;
			return size;
		}
		memcpy(to, from, (size_t)n * c->width);
		return n * c->width;
	case 1:
		return encode_delta(from, n, to, 1);
	case 2:
		return encode_delta(from, n, to, 2);
	case 4:
		return encode_delta(from, n, to, 4);
	default:
		return encode_delta(from, n, to, 8);
	}
}

static int decode_dictionary(const uint8_t *from, uint32_t size, uint32_t n, uint8_t *field, uint8_t width)
{
	const uint32_t n_values = size < n ? 0 : (size - n) / width;

	if (size < n || (size - n) % width != 0)
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++) {
		if (from[i] >= n_values)
			return -EINVAL;
		memcpy(field + (size_t)i * sizeof(struct ws_record), from + n + (size_t)from[i] * width, width);
	}
	return 0;
}

/* The same value, or the next of them, into the field of each row. */
static void decode_rows(const uint8_t *from, uint32_t step, uint32_t n, uint8_t *field, uint8_t width)
{
	for (uint32_t i = 0; i < n; i++)
		memcpy(field + (size_t)i * sizeof(struct ws_record), from + (size_t)i * step, width);
}

static int decode_planes(const struct ws_recfile_column *c, const uint8_t *from, uint32_t size, uint8_t *field,
			 uint32_t n, uint32_t n_planes)
{
	const uint32_t have = size / n;

	if (c->width > 8 || size % n || have > c->width || (n_planes != UINT32_MAX && have != n_planes))
		return -EINVAL;
	switch (c->width) {
	case 1:
		decode_delta_of(from, n, field, 1, have);
		break;
	case 2:
		decode_delta_of(from, n, field, 2, have);
		break;
	case 4:
		decode_delta_of(from, n, field, 4, have);
		break;
	default:
		decode_delta_of(from, n, field, 8, have);
	}
	return 0;
}

int ws_recfile_column_decode(const struct ws_recfile_column *c, uint8_t encoding, const uint8_t *from, uint32_t size,
			     struct ws_record *rows, uint32_t n, uint32_t n_planes)
{
	uint8_t *field = (uint8_t *)rows + c->off;

	switch (encoding) {
	case WS_RECFILE_CONSTANT:
		if (size != c->width)
			return -EINVAL;
		decode_rows(from, 0, n, field, c->width);
		return 0;
	case WS_RECFILE_ROWS:
		if (size != (uint64_t)n * c->width)
			return -EINVAL;
		decode_rows(from, c->width, n, field, c->width);
		return 0;
	case WS_RECFILE_DELTA:
		return decode_planes(c, from, size, field, n, n_planes);
	case WS_RECFILE_DICTIONARY:
		return decode_dictionary(from, size, n, field, c->width);
	default:
		return -EINVAL;
	}
}
