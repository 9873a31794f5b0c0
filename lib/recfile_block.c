/* SPDX-License-Identifier: BSD-2-Clause */
/* recfile_block - see the header; the bytes are specified in recfile.md. */
#include "lib/recfile_block.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum encoding {
	ENCODING_CONSTANT = 0,	 /* one value for all rows */
	ENCODING_DELTA = 1,	 /* zigzag difference from the row before, in byte planes, lowest first */
	ENCODING_ROWS = 2,	 /* values as they are */
	ENCODING_DICTIONARY = 3, /* a byte a row: the number of its value; then the values, in order of appearance */
};

struct column {
	uint16_t id; /* never used again for anything else */
	uint16_t off;
	uint8_t width;
	uint8_t encoding; /* unless the values are all the same */
};

#define INTEGER(id, field)                                                                                    \
	{                                                                                                     \
		id, offsetof(struct ws_record, field), sizeof(((struct ws_record *)0)->field), ENCODING_DELTA \
	}
#define BYTES(id, field)                                                                                     \
	{                                                                                                    \
		id, offsetof(struct ws_record, field), sizeof(((struct ws_record *)0)->field), ENCODING_ROWS \
	}

/* The column that is not as it lies in the record: see done_delay(). */
#define ID_DONE 32

static const struct column columns[] = {
	BYTES(2, trace_id),
	BYTES(3, span_id),
	BYTES(4, parent_span_id),
	BYTES(5, saddr),
	BYTES(6, daddr),
	BYTES(7, outer_saddr),
	BYTES(8, outer_daddr),
	INTEGER(1, ts_ns),
	INTEGER(9, seq),
	INTEGER(10, vni),
	INTEGER(11, frame_len),
	INTEGER(12, payload_len),
	INTEGER(13, req_off),
	INTEGER(14, ctx_off),
	INTEGER(15, ctx_len),
	INTEGER(16, ids_end_off),
	INTEGER(17, searched_len),
	INTEGER(18, sport),
	INTEGER(19, dport),
	INTEGER(20, vlan),
	INTEGER(21, n_segments),
	INTEGER(22, point),
	INTEGER(23, direction),
	INTEGER(24, ip_version),
	INTEGER(25, outer_ip_version),
	INTEGER(26, encap),
	INTEGER(27, tcp_flags),
	INTEGER(28, reason),
	INTEGER(29, family),
	INTEGER(30, sampled),
	INTEGER(31, flags),
	INTEGER(ID_DONE, done_ts_ns),
	INTEGER(33, stream_id),
	INTEGER(34, families),
	INTEGER(35, malformed),
	INTEGER(36, flaw),
	INTEGER(37, http_version),
	INTEGER(38, ctx_segment),
	INTEGER(39, ids_end_segment),
	INTEGER(40, ack),
	INTEGER(41, status),
};

#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* A column's entry in the directory: id, width, encoding, bytes. */
#define ENTRY_LEN     8
#define DIRECTORY_OFF 8

/* What the encoder needs of each record behind the columns: room for its delay. */
#define DELAY_LEN sizeof(uint64_t)

size_t ws_recfile_columns_bound(uint32_t n)
{
	return DIRECTORY_OFF + N_COLUMNS * ENTRY_LEN + (size_t)n * (sizeof(struct ws_record) + DELAY_LEN);
}

static void put16(uint8_t *to, uint16_t value)
{
	memcpy(to, &value, sizeof(value));
}

static void put32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

#define RECORD_WORDS (sizeof(struct ws_record) / sizeof(uint64_t))

/* Which bytes of the records are not the same in all of them: one walk over the records answers it for every column. */
static void find_differences(const struct ws_record *records, uint32_t n, uint8_t differs[sizeof(struct ws_record)])
{
	uint64_t first[RECORD_WORDS], word[RECORD_WORDS], sum[RECORD_WORDS] = { 0 };

	memcpy(first, records, sizeof(first));
	for (uint32_t i = 1; i < n; i++) {
		memcpy(word, &records[i], sizeof(word));
		for (size_t w = 0; w < RECORD_WORDS; w++)
			sum[w] |= word[w] ^ first[w];
	}
	memcpy(differs, sum, sizeof(sum));
}

static bool is_zero(const uint8_t *bytes, uint32_t len)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum |= bytes[i];
	return sum == 0;
}

/* The values of a column: those of a field in all records, or the delays. */
struct values {
	const uint8_t *at;
	size_t stride;
};

/*
 * What column 32 holds: how long after its time the record's ids were complete, which is 0 for a head in one segment.
 * Without a context there is no such moment, and the field is stored as it is: 0.
 */
static uint64_t done_base(const struct ws_record *r)
{
	return r->reason == WS_REASON_CONTEXT ? r->ts_ns : 0;
}

/* Writes all records' delays. Returns whether there is one that is not 0. */
static bool put_delays(const struct ws_record *records, uint32_t n, uint8_t *to)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t delay = records[i].done_ts_ns - done_base(&records[i]);

		memcpy(to + i * DELAY_LEN, &delay, sizeof(delay));
		sum |= delay;
	}
	return sum != 0;
}

/* One integer column; the width is a constant in each copy, so that loads and planes unroll. */
static inline __attribute__((always_inline)) void encode_delta(const struct values *from, uint32_t n, uint8_t *to,
							       const uint8_t width)
{
	const uint64_t mask = width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
	const int sign_shift = 8 * width - 1;
	uint64_t previous = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t value = 0, delta;

		memcpy(&value, from->at + i * from->stride, width);
		delta = (value - previous) & mask;
		previous = value;
		delta = ((delta << 1) ^ (0 - (delta >> sign_shift))) & mask;
		for (uint8_t k = 0; k < width; k++)
			to[(size_t)k * n + i] = (uint8_t)(delta >> (8 * k));
	}
}

static inline __attribute__((always_inline)) void decode_delta(const uint8_t *from, uint32_t n, uint8_t *field,
							       const uint8_t width)
{
	const uint64_t mask = width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
	uint64_t value = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t delta = 0;

		for (uint8_t k = 0; k < width; k++)
			delta |= (uint64_t)from[(size_t)k * n + i] << (8 * k);
		value = (value + ((delta >> 1) ^ (0 - (delta & 1)))) & mask;
		memcpy(field + (size_t)i * sizeof(struct ws_record), &value, width);
	}
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
static uint32_t encode_dictionary(const struct values *from, uint32_t n, uint8_t *to, uint8_t width)
{
	uint16_t slot[DICTIONARY_SLOTS] = { 0 };
	uint8_t *values = to + n;
	uint32_t n_values = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *value = from->at + i * from->stride;
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

static void encode_column(const struct column *c, const struct values *from, uint32_t n, uint8_t *to)
{
	if (c->encoding == ENCODING_ROWS) {
		for (uint32_t i = 0; i < n; i++)
			memcpy(to + (size_t)i * c->width, from->at + i * from->stride, c->width);
		return;
	}
	switch (c->width) {
	case 1:
		encode_delta(from, n, to, 1);
		break;
	case 2:
		encode_delta(from, n, to, 2);
		break;
	case 4:
		encode_delta(from, n, to, 4);
		break;
	default:
		encode_delta(from, n, to, 8);
	}
}

size_t ws_recfile_columns_encode(const struct ws_record *records, uint32_t n, uint8_t *to)
{
	uint8_t differs[sizeof(struct ws_record)];
	uint8_t *entry = to + DIRECTORY_OFF, *data = entry + N_COLUMNS * ENTRY_LEN;
	uint8_t *delays = data + (size_t)n * sizeof(struct ws_record);
	const bool is_delayed = put_delays(records, n, delays);

	find_differences(records, n, differs);
	put32(to, n);
	put16(to + 4, N_COLUMNS);
	put16(to + 6, WS_RECORD_VERSION);
	for (size_t i = 0; i < N_COLUMNS; i++, entry += ENTRY_LEN) {
		const struct column *c = &columns[i];
		struct values from = { (const uint8_t *)records + c->off, sizeof(struct ws_record) };
		bool is_constant = is_zero(differs + c->off, c->width);
		uint8_t encoding = ENCODING_CONSTANT;
		uint32_t size = c->width;

		if (c->id == ID_DONE) {
			from = (struct values) { delays, DELAY_LEN };
			is_constant = !is_delayed;
		}
		if (is_constant) {
			memcpy(data, from.at, c->width);
		} else if ((size = encode_dictionary(&from, n, data, c->width)) != 0) {
			encoding = ENCODING_DICTIONARY;
		} else {
			encoding = c->encoding;
			size = n * c->width;
			encode_column(c, &from, n, data);
		}
		put16(entry, c->id);
		entry[2] = c->width;
		entry[3] = encoding;
		put32(entry + 4, size);
		data += size;
	}
	return (size_t)(data - to);
}

static const struct column *find_column(uint16_t id)
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (columns[i].id == id)
			return &columns[i];
	return NULL;
}

/* A column that is no constant, into the field of each record. */
static int decode_column(const struct column *c, uint8_t encoding, const uint8_t *from, uint32_t size, uint8_t *field,
			 uint32_t n)
{
	if (encoding == ENCODING_DICTIONARY)
		return decode_dictionary(from, size, n, field, c->width);
	if (size != (uint64_t)n * c->width)
		return -EINVAL;
	if (encoding == ENCODING_ROWS) {
		for (uint32_t i = 0; i < n; i++)
			memcpy(field + (size_t)i * sizeof(struct ws_record), from + (size_t)i * c->width, c->width);
		return 0;
	}
	if (encoding != ENCODING_DELTA || c->width > 8)
		return -EINVAL;
	switch (c->width) {
	case 1:
		decode_delta(from, n, field, 1);
		break;
	case 2:
		decode_delta(from, n, field, 2);
		break;
	case 4:
		decode_delta(from, n, field, 4);
		break;
	default:
		decode_delta(from, n, field, 8);
	}
	return 0;
}

/* The columns of a block as its directory has them. */
struct directory {
	const uint8_t *entry;
	size_t n_columns;
	const uint8_t *data; /* of all columns, one after the other */
	size_t len;	     /* of the data */
};

/* The next column and its data at *off. Returns 0, or -EINVAL if it goes beyond the data or has another width. */
static int read_entry(const struct directory *d, size_t i, size_t *off, const struct column **column, uint32_t *size)
{
	const uint8_t *entry = d->entry + i * ENTRY_LEN;

	*column = find_column(ws_recfile_get16(entry));
	*size = ws_recfile_get32(entry + 4);
	if (*size > d->len - *off || (*column && entry[2] != (*column)->width))
		return -EINVAL;
	*off += *size;
	return 0;
}

/* Gives the record the values that are the same in all records. Returns 0, or -EINVAL. */
static int decode_constants(const struct directory *d, struct ws_record *record)
{
	size_t off = 0;

	for (size_t i = 0; i < d->n_columns; i++) {
		const uint8_t *from = d->data + off;
		const struct column *c;
		uint32_t size;

		if (read_entry(d, i, &off, &c, &size))
			return -EINVAL;
		if (!c || d->entry[i * ENTRY_LEN + 3] != ENCODING_CONSTANT)
			continue;
		if (size != c->width)
			return -EINVAL;
		memcpy((uint8_t *)record + c->off, from, c->width);
	}
	return off == d->len ? 0 : -EINVAL;
}

/* What records of version 1, which had fewer fields, would say today. */
static void complete_version_1(struct ws_record *r)
{
	r->http_version = 1;
	if (r->reason != WS_REASON_CONTEXT)
		return;
	if (r->family != WS_FAMILY_NONE && r->family < WS_MAX_FAMILIES)
		r->families = (uint16_t)(1u << r->family);
	r->ctx_segment = r->ids_end_segment = 1;
}

int ws_recfile_columns_decode(const uint8_t *from, size_t len, struct ws_record *records, uint32_t n)
{
	struct ws_record same = { 0 };
	struct directory d;
	size_t off = 0;

	if (len < DIRECTORY_OFF || n == 0 || ws_recfile_get32(from) != n)
		return -EINVAL;
	d.entry = from + DIRECTORY_OFF;
	d.n_columns = ws_recfile_get16(from + 4);
	if (d.n_columns * ENTRY_LEN > len - DIRECTORY_OFF)
		return -EINVAL;
	d.data = d.entry + d.n_columns * ENTRY_LEN;
	d.len = len - DIRECTORY_OFF - d.n_columns * ENTRY_LEN;
	if (decode_constants(&d, &same))
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++)
		records[i] = same;
	for (size_t i = 0; i < d.n_columns; i++) {
		const uint8_t *data = d.data + off, encoding = d.entry[i * ENTRY_LEN + 3];
		const struct column *c;
		uint32_t size;

		if (read_entry(&d, i, &off, &c, &size) ||
		    (c && encoding != ENCODING_CONSTANT &&
		     decode_column(c, encoding, data, size, (uint8_t *)records + c->off, n)))
			return -EINVAL;
	}
	for (uint32_t i = 0; i < n; i++)
		records[i].done_ts_ns += done_base(&records[i]);
	if (ws_recfile_get16(from + 6) < 2)
		for (uint32_t i = 0; i < n; i++)
			complete_version_1(&records[i]);
	return 0;
}
