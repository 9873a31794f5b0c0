/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recfile_encode - a block of records as the bytes of version 2: see recfile_block.h and recfile.md. One walk over the
 * records splits each into the number of its flow, the number of its shape and the few values of its own; what follows
 * walks over arrays of these.
 */
#include <stdlib.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"
#include "lib/recfile_columns.h"

#define RECORDS	     WS_RECFILE_BLOCK_RECORDS
#define RECORD_WORDS (sizeof(struct ws_record) / sizeof(uint64_t))
/* Slots of a hash table: twice as many as there can be entries. */
#define SLOT_BITS 13
#define SLOTS	  (1u << SLOT_BITS)
/* Slots that are looked into for a flow or a shape; where none has it, it is numbered as a new one. */
#define PROBES 4
/* Literals that are looked at to see whether they are random. */
#define SAMPLE_MAX 64

_Static_assert(SLOTS >= 2 * RECORDS, "hash tables stay half empty");

/* Flows or shapes: the records that have one thing or another in common. */
struct table {
	uint64_t mask[RECORD_WORDS]; /* the bytes of a record that its rows hold */
	uint32_t n;
	uint16_t first[RECORDS]; /* of a row: the record that it is taken from */
	uint16_t slot[SLOTS];	 /* rows + 1 by hash */
	uint16_t of[RECORDS];	 /* each record's row */
};

/* What the next record of a flow is expected to say. */
struct flow {
	uint32_t seq;
	uint32_t ack;
	uint32_t stream_id;
};

/* The ids of one column. */
struct ids {
	uint32_t n_literals;
	uint16_t slot[SLOTS];	       /* records + 1 by hash: the last one that has it */
	uint16_t from[RECORDS];	       /* which earlier record has the value, see recfile.md */
	uint8_t literals[RECORDS][16]; /* those that none has, without gaps */
};

/* Of each record what is its own, as it is stored. */
struct rest {
	uint64_t time[RECORDS];
	uint64_t done[RECORDS];
	uint32_t seq[RECORDS];
	uint32_t ack[RECORDS];
	uint32_t stream[RECORDS];
};

struct ws_recfile_encoder {
	struct table flows, shapes;
	struct flow flow[RECORDS];
	struct ids traces, spans, parents;
	struct rest rest;
	uint8_t gathered[RECORDS * 16]; /* a table's column */
};

/* A block under construction. */
struct block {
	uint8_t *entry; /* of the directory, the next one */
	uint8_t *data;	/* of the columns, behind the last one */
	uint16_t n_columns;
};

/* A table's rows hold the bytes of its columns. */
static void set_mask(struct table *t, enum ws_recfile_table table)
{
	uint8_t mask[sizeof(struct ws_record)] = { 0 };

	for (size_t i = 0; i < WS_RECFILE_N_COLUMNS; i++)
		if (ws_recfile_columns[i].table == table)
			memset(mask + ws_recfile_columns[i].off, 0xff, ws_recfile_columns[i].width);
	memcpy(t->mask, mask, sizeof(mask));
}

struct ws_recfile_encoder *ws_recfile_encoder_new(void)
{
	struct ws_recfile_encoder *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	set_mask(&e->flows, WS_RECFILE_FLOWS);
	set_mask(&e->shapes, WS_RECFILE_SHAPES);
	return e;
}

void ws_recfile_encoder_free(struct ws_recfile_encoder *e)
{
	free(e);
}

static uint64_t load64(const void *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static uint64_t load32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

/* Odd numbers: the fractional parts of the square roots of 2, 3, 5, 7, and of the golden ratio. */
#define K1 0x6a09e667f3bcc909u
#define K2 0xbb67ae8584caa73bu
#define K3 0x3c6ef372fe94f82bu
#define K4 0xa54ff53a5f1d36f1u
#define K5 0x9e3779b97f4a7c15u

static uint32_t slot_of(uint64_t hash)
{
	return (uint32_t)(hash * K5 >> (64 - SLOT_BITS));
}

/* Fields from this one on. */
#define FROM(r, field) ((const uint8_t *)(r) + offsetof(struct ws_record, field))

static uint32_t flow_slot(const struct ws_record *r)
{
	const uint64_t source = load64(FROM(r, saddr)) + load64(FROM(r, saddr) + 8);
	const uint64_t destination = load64(FROM(r, daddr)) + load64(FROM(r, daddr) + 8);

	return slot_of(source * K1 ^ destination * K2 ^ load32(FROM(r, sport)) * K3);
}

static uint32_t shape_slot(const struct ws_record *r)
{
	const uint64_t segment = load64(FROM(r, frame_len)) * K1 ^ load64(FROM(r, req_off)) * K2;
	const uint64_t finding = load32(FROM(r, searched_len)) << 32 | load32(FROM(r, tcp_flags));

	return slot_of(segment ^ load64(FROM(r, ctx_len)) * K3 ^ finding * K4 ^ load32(FROM(r, families)) * K5);
}

static bool are_alike(const struct ws_record *a, const struct ws_record *b, const uint64_t mask[RECORD_WORDS])
{
	uint64_t sum = 0;

	for (size_t w = 0; w < RECORD_WORDS; w++)
		sum |= (load64((const uint8_t *)a + 8 * w) ^ load64((const uint8_t *)b + 8 * w)) & mask[w];
	return sum == 0;
}

/* Finds the record's row, or makes one. Returns whether it is a new one: the same may be there already, see PROBES. */
static bool find_row(struct table *t, const struct ws_record *records, uint32_t i, uint32_t at)
{
	uint32_t free_at = at;

	for (uint32_t k = 0; k < PROBES; k++) {
		const uint32_t slot = (at + k) % SLOTS, row = t->slot[slot];

		if (!row) {
			free_at = slot;
			break;
		}
		if (are_alike(&records[t->first[row - 1]], &records[i], t->mask)) {
			t->of[i] = (uint16_t)(row - 1);
			return false;
		}
	}
	t->of[i] = (uint16_t)t->n;
	t->first[t->n++] = (uint16_t)i;
	t->slot[free_at] = (uint16_t)t->n;
	return true;
}

static void put_literal(struct ids *ids, const uint8_t *id, uint32_t width)
{
	memcpy((uint8_t *)ids->literals + (size_t)ids->n_literals++ * width, id, width);
}

static void put_trace(struct ids *ids, const struct ws_record *records, uint32_t i)
{
	const uint64_t a = load64(records[i].trace_id), b = load64(records[i].trace_id + 8);
	uint16_t *slot = &ids->slot[slot_of(a ^ b)];
	const uint32_t last = *slot;

	ids->from[i] = WS_RECFILE_FROM_NONE;
	if (!(a | b))
		return;
	if (last && memcmp(records[last - 1].trace_id, records[i].trace_id, 16) == 0) {
		ids->from[i] = (uint16_t)(WS_RECFILE_FROM_LITERAL + i - (last - 1));
	} else {
		ids->from[i] = WS_RECFILE_FROM_LITERAL;
		put_literal(ids, records[i].trace_id, 16);
	}
	*slot = (uint16_t)(i + 1);
}

/* The parent before the span: it is looked for among the spans of earlier records. */
static void put_parent(struct ids *ids, const struct ids *spans, const struct ws_record *records, uint32_t i)
{
	const uint64_t id = load64(records[i].parent_span_id);
	const uint32_t at = slot_of(id), last = ids->slot[at], last_span = spans->slot[at];

	ids->from[i] = WS_RECFILE_FROM_NONE;
	if (!id)
		return;
	if (last && load64(records[last - 1].parent_span_id) == id) {
		ids->from[i] = (uint16_t)(2 * (i - (last - 1)));
	} else if (last_span && load64(records[last_span - 1].span_id) == id) {
		ids->from[i] = (uint16_t)(2 * (i - (last_span - 1)) + 1);
	} else {
		ids->from[i] = WS_RECFILE_FROM_LITERAL;
		put_literal(ids, records[i].parent_span_id, 8);
	}
	ids->slot[at] = (uint16_t)(i + 1);
}

static void put_span(struct ids *ids, const struct ws_record *records, uint32_t i)
{
	const uint64_t id = load64(records[i].span_id);
	uint16_t *slot = &ids->slot[slot_of(id)];
	const uint32_t last = *slot;

	ids->from[i] = WS_RECFILE_FROM_NONE;
	if (!id)
		return;
	if (last && load64(records[last - 1].span_id) == id) {
		ids->from[i] = (uint16_t)(WS_RECFILE_FROM_LITERAL + i - (last - 1));
	} else {
		ids->from[i] = WS_RECFILE_FROM_LITERAL;
		put_literal(ids, records[i].span_id, 8);
	}
	*slot = (uint16_t)(i + 1);
}

/* What the record says of its connection beyond what was expected. */
static void put_progress(struct ws_recfile_encoder *e, const struct ws_record *r, uint32_t i, bool is_new)
{
	struct flow *f = &e->flow[e->flows.of[i]];

	if (is_new)
		*f = (struct flow) { r->seq, r->ack, r->stream_id };
	e->rest.seq[i] = ws_recfile_zigzag32(r->seq - f->seq);
	e->rest.ack[i] = ws_recfile_zigzag32(r->ack - f->ack);
	e->rest.stream[i] = ws_recfile_zigzag32(r->stream_id - f->stream_id);
	*f = (struct flow) { r->seq + r->payload_len, r->ack, r->stream_id };
}

static void clear(struct ws_recfile_encoder *e)
{
	memset(e->flows.slot, 0, sizeof(e->flows.slot));
	memset(e->shapes.slot, 0, sizeof(e->shapes.slot));
	memset(e->traces.slot, 0, sizeof(e->traces.slot));
	memset(e->spans.slot, 0, sizeof(e->spans.slot));
	memset(e->parents.slot, 0, sizeof(e->parents.slot));
	e->flows.n = e->shapes.n = 0;
	e->traces.n_literals = e->spans.n_literals = e->parents.n_literals = 0;
}

static void split(struct ws_recfile_encoder *e, const struct ws_record *records, uint32_t n)
{
	uint64_t time_ns = records[0].ts_ns;

	for (uint32_t i = 0; i < n; i++) {
		const struct ws_record *r = &records[i];
		const bool is_new = find_row(&e->flows, records, i, flow_slot(r));

		find_row(&e->shapes, records, i, shape_slot(r));
		e->rest.time[i] = ws_recfile_zigzag64(r->ts_ns - time_ns);
		e->rest.done[i] = r->done_ts_ns - ws_recfile_done_base(r);
		time_ns = r->ts_ns;
		put_progress(e, r, i, is_new);
		put_trace(&e->traces, records, i);
		put_parent(&e->parents, &e->spans, records, i);
		put_span(&e->spans, records, i);
	}
}

static void put16(uint8_t *to, uint16_t value)
{
	memcpy(to, &value, sizeof(value));
}

static void put32(uint8_t *to, uint32_t value)
{
	memcpy(to, &value, sizeof(value));
}

static void add_column(struct block *b, uint16_t id, uint8_t width, enum ws_recfile_table table, uint8_t encoding,
		       uint32_t size)
{
	put16(b->entry, id);
	b->entry[2] = width;
	b->entry[3] = (uint8_t)(table << 4 | encoding);
	put32(b->entry + 4, size);
	b->entry += WS_RECFILE_ENTRY_LEN;
	b->data += size;
	b->n_columns++;
}

/* Values that are few bytes each, one plane after the other, down to the last that is not zero. */
#define PUT_PLANES(name, type)                                                                                   \
	static void name(struct block *b, uint16_t id, uint8_t encoding, const type *restrict value, uint32_t n) \
	{                                                                                                        \
		type sum = 0;                                                                                    \
		uint32_t size = 0;                                                                               \
                                                                                                                 \
		for (uint32_t i = 0; i < n; i++)                                                                 \
			sum |= value[i];                                                                         \
		for (int shift = 0; shift < 8 * (int)sizeof(type) && sum >> shift; shift += 8, size += n) {      \
			uint8_t *restrict to = b->data + size;                                                   \
			uint32_t i = 0;                                                                          \
                                                                                                                 \
			for (; i + 16 <= n; i += 16)                                                             \
				for (uint32_t k = 0; k < 16; k++)                                                \
					to[i + k] = (uint8_t)(value[i + k] >> shift);                            \
			for (; i < n; i++)                                                                       \
				to[i] = (uint8_t)(value[i] >> shift);                                            \
		}                                                                                                \
		if (size)                                                                                        \
			add_column(b, id, sizeof(type), WS_RECFILE_RECORDS, encoding, size);                     \
	}

PUT_PLANES(put_planes16, uint16_t)
PUT_PLANES(put_planes32, uint32_t)
PUT_PLANES(put_planes64, uint64_t)

/* A column of a table, from the records that its rows are taken from. */
static void put_table_column(struct ws_recfile_encoder *e, struct block *b, const struct ws_recfile_column *c,
			     enum ws_recfile_table table, const struct table *t, const struct ws_record *records)
{
	static const uint8_t zeros[16];
	uint8_t encoding;
	uint32_t size;

	for (uint32_t row = 0; row < t->n; row++) {
		const uint8_t *r = (const uint8_t *)&records[t->first[row]];
		uint8_t *to = e->gathered + (size_t)row * c->width;

		memcpy(to, r + c->off, c->width);
		if (c->base_off)
			put32(to, (uint32_t)(load32(r + c->off) - load32(r + c->base_off)));
	}
	size = ws_recfile_column_encode(c, e->gathered, t->n, b->data, &encoding);
	if (encoding != WS_RECFILE_CONSTANT || memcmp(b->data, zeros, c->width) != 0)
		add_column(b, c->id, c->width, table, encoding, size);
}

static void put_table(struct ws_recfile_encoder *e, struct block *b, enum ws_recfile_table table, const struct table *t,
		      const struct ws_record *records)
{
	for (size_t i = 0; i < WS_RECFILE_N_COLUMNS; i++) {
		const struct ws_recfile_column *c = &ws_recfile_columns[i];

		if (c->table == table || (table == WS_RECFILE_FLOWS && ws_recfile_is_start(c->id)))
			put_table_column(e, b, c, table, t, records);
	}
}

/* Is compressing them a waste of time? Bytes of random values are seldom the same as those of the value before. */
static bool are_random(const uint8_t *values, uint32_t n, uint32_t width)
{
	const uint32_t n_sample = n < SAMPLE_MAX ? n : SAMPLE_MAX;
	uint32_t n_same = 0;

	for (uint32_t i = width; i < n_sample * width; i++)
		n_same += values[i] == values[i - width];
	return n == n_sample ? false : n_same * 64 < n_sample * width;
}

/* The literals: last those that are random. Returns how many bytes these are. */
static size_t put_literals(struct ws_recfile_encoder *e, struct block *b)
{
	const struct {
		const struct ids *ids;
		uint8_t id, width;
	} columns[] = { { &e->traces, WS_RECFILE_ID_TRACE, 16 },
			{ &e->spans, WS_RECFILE_ID_SPAN, 8 },
			{ &e->parents, WS_RECFILE_ID_PARENT, 8 } };
	size_t n_random = 0;

	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < 3; i++) {
			const struct ids *ids = columns[i].ids;
			const uint32_t size = ids->n_literals * columns[i].width;

			if (!size ||
			    are_random((const uint8_t *)ids->literals, ids->n_literals, columns[i].width) != turn)
				continue;
			memcpy(b->data, ids->literals, size);
			add_column(b, columns[i].id, columns[i].width, WS_RECFILE_RECORDS, WS_RECFILE_LITERALS, size);
			n_random += turn ? size : 0;
		}
	}
	return n_random;
}

size_t ws_recfile_block_bound(uint32_t n)
{
	/* a record, the numbers beside it, and what a dictionary needs while it is tried */
	return WS_RECFILE_DIRECTORY_OFF + WS_RECFILE_N_ENTRIES * WS_RECFILE_ENTRY_LEN +
	       (size_t)n * (sizeof(struct ws_record) + 3 * sizeof(uint32_t) + 5 * sizeof(uint16_t) + 1);
}

size_t ws_recfile_block_encode(struct ws_recfile_encoder *e, const struct ws_record *records, uint32_t n, uint8_t *to,
			       size_t *n_random)
{
	uint8_t *const directory = to + WS_RECFILE_DIRECTORY_OFF;
	uint8_t *const data = directory + WS_RECFILE_N_ENTRIES * WS_RECFILE_ENTRY_LEN;
	struct block b = { .entry = directory, .data = data };

	clear(e);
	split(e, records, n);
	put_table(e, &b, WS_RECFILE_FLOWS, &e->flows, records);
	put_table(e, &b, WS_RECFILE_SHAPES, &e->shapes, records);
	put_planes16(&b, WS_RECFILE_ID_FLOW, WS_RECFILE_PLANES, e->flows.of, n);
	put_planes16(&b, WS_RECFILE_ID_SHAPE, WS_RECFILE_PLANES, e->shapes.of, n);
	put_planes64(&b, WS_RECFILE_ID_TIME, WS_RECFILE_DELTA, e->rest.time, n);
	put_planes64(&b, WS_RECFILE_ID_DONE, WS_RECFILE_PLANES, e->rest.done, n);
	put_planes32(&b, WS_RECFILE_ID_SEQ, WS_RECFILE_OF_FLOW, e->rest.seq, n);
	put_planes32(&b, WS_RECFILE_ID_ACK, WS_RECFILE_OF_FLOW, e->rest.ack, n);
	put_planes32(&b, WS_RECFILE_ID_STREAM, WS_RECFILE_OF_FLOW, e->rest.stream, n);
	put_planes16(&b, WS_RECFILE_ID_TRACE_FROM, WS_RECFILE_PLANES, e->traces.from, n);
	put_planes16(&b, WS_RECFILE_ID_SPAN_FROM, WS_RECFILE_PLANES, e->spans.from, n);
	put_planes16(&b, WS_RECFILE_ID_PARENT_FROM, WS_RECFILE_PLANES, e->parents.from, n);
	*n_random = put_literals(e, &b);
	put32(to, n);
	put16(to + 4, b.n_columns);
	put16(to + 6, WS_RECORD_VERSION);
	put32(to + 8, e->flows.n);
	put32(to + 12, e->shapes.n);
	memcpy(to + 16, &records[0].ts_ns, sizeof(records[0].ts_ns));
	memmove(b.entry, data, (size_t)(b.data - data));
	return (size_t)(b.entry - to) + (size_t)(b.data - data);
}
