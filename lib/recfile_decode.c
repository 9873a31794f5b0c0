/* SPDX-License-Identifier: BSD-2-Clause */
/* recfile_decode - blocks of version 2 back into records: see recfile_block.h and recfile.md. No byte is trusted. */
#include <errno.h>

#include "lib/recfile_block.h"
#include "lib/recfile_columns.h"

/* Records that are decoded at a time: what is needed of them stays in the cache. */
#define CHUNK 256

/* What every record has a value of, by its place in struct parts. */
enum part { TIME, DONE, SEQ, ACK, STREAM, FLOW, SHAPE, TRACE_FROM, SPAN_FROM, PARENT_FROM, N_PARTS };

static const struct {
	uint16_t id;
	uint8_t width;
	uint8_t encoding;
} parts[N_PARTS] = {
	[TIME] = { WS_RECFILE_ID_TIME, 8, WS_RECFILE_DELTA },
	[DONE] = { WS_RECFILE_ID_DONE, 8, WS_RECFILE_PLANES },
	[SEQ] = { WS_RECFILE_ID_SEQ, 4, WS_RECFILE_OF_FLOW },
	[ACK] = { WS_RECFILE_ID_ACK, 4, WS_RECFILE_OF_FLOW },
	[STREAM] = { WS_RECFILE_ID_STREAM, 4, WS_RECFILE_OF_FLOW },
	[FLOW] = { WS_RECFILE_ID_FLOW, 2, WS_RECFILE_PLANES },
	[SHAPE] = { WS_RECFILE_ID_SHAPE, 2, WS_RECFILE_PLANES },
	[TRACE_FROM] = { WS_RECFILE_ID_TRACE_FROM, 2, WS_RECFILE_PLANES },
	[SPAN_FROM] = { WS_RECFILE_ID_SPAN_FROM, 2, WS_RECFILE_PLANES },
	[PARENT_FROM] = { WS_RECFILE_ID_PARENT_FROM, 2, WS_RECFILE_PLANES },
};

/* A column's bytes: planes, or literals. */
struct stretch {
	const uint8_t *at;
	uint32_t size;
};

struct block {
	uint32_t n;
	uint32_t n_rows[WS_RECFILE_N_TABLES]; /* of the tables */
	struct ws_record *row[WS_RECFILE_N_TABLES];
	uint64_t time_ns; /* of the record before */
	struct stretch part[N_PARTS];
	struct stretch trace, span, parent; /* literals that are left */
	uint64_t has;			    /* bits of the tables' columns that have been read */
};

/* Literals of the column, or NULL if it has none. */
static struct stretch *literals_of(struct block *b, uint16_t id)
{
	switch (id) {
	case WS_RECFILE_ID_TRACE:
		return &b->trace;
	case WS_RECFILE_ID_SPAN:
		return &b->span;
	case WS_RECFILE_ID_PARENT:
		return &b->parent;
	default:
		return NULL;
	}
}

/* A column of the records themselves: where its bytes are. Returns 0, or -EINVAL. */
static int take_part(struct block *b, uint16_t id, uint8_t width, uint8_t encoding, const uint8_t *at, uint32_t size)
{
	struct stretch *literals = literals_of(b, id);

	if (literals) {
		if (encoding != WS_RECFILE_LITERALS || width != (id == WS_RECFILE_ID_TRACE ? 16 : 8) || literals->at ||
		    size % width)
			return -EINVAL;
		*literals = (struct stretch) { at, size };
		return 0;
	}
	for (int i = 0; i < N_PARTS; i++) {
		if (parts[i].id != id)
			continue;
		if (encoding != parts[i].encoding || width != parts[i].width || b->part[i].at || size % b->n ||
		    size / b->n > width)
			return -EINVAL;
		b->part[i] = (struct stretch) { at, size };
		return 0;
	}
	return ws_recfile_column(id) ? -EINVAL : 0; /* a field that has its place in a table; or one not known yet */
}

/* What the records of a flow count from stands in its row. */
static bool is_start(const struct ws_recfile_column *c, uint32_t table)
{
	return table == WS_RECFILE_FLOWS && ws_recfile_is_start(c->id);
}

/* A column of a table. Returns 0, or -EINVAL. */
static int take_column(struct block *b, const uint8_t *entry, const uint8_t *at, uint32_t size)
{
	const uint32_t table = entry[3] >> 4;
	const struct ws_recfile_column *c = ws_recfile_column(ws_recfile_get16(entry));
	uint64_t bit;

	if (!c)
		return 0;
	/* a field stands in one table only: so the rows of both make a record */
	bit = 1ull << (c - ws_recfile_columns);
	if (entry[2] != c->width || b->has & bit || (c->table == WS_RECFILE_RECORDS && !is_start(c, table)))
		return -EINVAL;
	b->has |= bit;
	return ws_recfile_column_decode(c, entry[3] & 15, at, size, b->row[table], b->n_rows[table], UINT32_MAX);
}

static int read_directory(struct block *b, const uint8_t *from, size_t len)
{
	const uint32_t n_columns = ws_recfile_get16(from + 4);
	const uint8_t *entry = from + WS_RECFILE_DIRECTORY_OFF, *at = entry + (size_t)n_columns * WS_RECFILE_ENTRY_LEN;
	size_t left = len - WS_RECFILE_DIRECTORY_OFF;
	int rc = 0;

	if (n_columns * WS_RECFILE_ENTRY_LEN > left)
		return -EINVAL;
	left -= n_columns * WS_RECFILE_ENTRY_LEN;
	for (uint32_t i = 0; i < n_columns && rc == 0; i++, entry += WS_RECFILE_ENTRY_LEN) {
		const uint32_t size = ws_recfile_get32(entry + 4), table = entry[3] >> 4;

		if (size > left)
			return -EINVAL;
		if (table == WS_RECFILE_RECORDS)
			rc = take_part(b, ws_recfile_get16(entry), entry[2], entry[3] & 15, at, size);
		else if (table < WS_RECFILE_N_TABLES)
			rc = take_column(b, entry, at, size);
		at += size;
		left -= size;
	}
	return rc || left ? -EINVAL : 0;
}

/* Fields that are stored as what they are more than another. */
static void complete_rows(struct block *b)
{
	for (int table = WS_RECFILE_FLOWS; table < WS_RECFILE_N_TABLES; table++)
		for (uint32_t i = 0; i < b->n_rows[table]; i++) {
			struct ws_record *r = &b->row[table][i];

			r->frame_len += r->payload_len;
			r->searched_len += r->payload_len;
			r->ids_end_off += r->ctx_off;
		}
}

/* The values of a chunk of records. */
struct chunk {
	uint64_t time[CHUNK];
	uint64_t done[CHUNK];
	uint32_t seq[CHUNK];
	uint32_t ack[CHUNK];
	uint32_t stream[CHUNK];
	uint16_t flow[CHUNK];
	uint16_t shape[CHUNK];
	uint16_t trace_from[CHUNK];
	uint16_t span_from[CHUNK];
	uint16_t parent_from[CHUNK];
};

/* Puts the planes of n values together, from the block's i-th on. */
#define GET_PLANES(name, type)                                                                                \
	static void name(const struct block *b, enum part part, uint32_t i, uint32_t n, type *restrict value) \
	{                                                                                                     \
		const struct stretch *s = &b->part[part];                                                     \
                                                                                                              \
		memset(value, 0, CHUNK * sizeof(*value));                                                     \
		for (uint32_t plane = 0; plane < s->size / b->n; plane++) {                                   \
			const uint8_t *restrict from = s->at + (size_t)plane * b->n + i;                      \
			const int shift = 8 * (int)plane;                                                     \
			uint32_t k = 0;                                                                       \
                                                                                                              \
			for (; k + 16 <= n; k += 16)                                                          \
				for (uint32_t j = 0; j < 16; j++)                                             \
					value[k + j] |= (type)((type)from[k + j] << shift);                   \
			for (; k < n; k++)                                                                    \
				value[k] |= (type)((type)from[k] << shift);                                   \
		}                                                                                             \
	}

GET_PLANES(get_planes16, uint16_t)
GET_PLANES(get_planes32, uint32_t)
GET_PLANES(get_planes64, uint64_t)

static void read_chunk(const struct block *b, uint32_t i, uint32_t n, struct chunk *c)
{
	get_planes64(b, TIME, i, n, c->time);
	get_planes64(b, DONE, i, n, c->done);
	get_planes32(b, SEQ, i, n, c->seq);
	get_planes32(b, ACK, i, n, c->ack);
	get_planes32(b, STREAM, i, n, c->stream);
	get_planes16(b, FLOW, i, n, c->flow);
	get_planes16(b, SHAPE, i, n, c->shape);
	get_planes16(b, TRACE_FROM, i, n, c->trace_from);
	get_planes16(b, SPAN_FROM, i, n, c->span_from);
	get_planes16(b, PARENT_FROM, i, n, c->parent_from);
}

/* The next literal. Returns 0, or -EINVAL if there is none. */
static int take_literal(struct stretch *literals, uint8_t *to, uint32_t width)
{
	if (literals->size < width)
		return -EINVAL;
	memcpy(to, literals->at, width);
	literals->at += width;
	literals->size -= width;
	return 0;
}

static int take_trace(struct block *b, struct ws_record *records, uint32_t i, uint32_t from)
{
	if (from == WS_RECFILE_FROM_NONE)
		return 0;
	if (from == WS_RECFILE_FROM_LITERAL)
		return take_literal(&b->trace, records[i].trace_id, 16);
	if (from - WS_RECFILE_FROM_LITERAL > i)
		return -EINVAL;
	memcpy(records[i].trace_id, records[i - (from - WS_RECFILE_FROM_LITERAL)].trace_id, 16);
	return 0;
}

static int take_span(struct block *b, struct ws_record *records, uint32_t i, uint32_t from)
{
	if (from == WS_RECFILE_FROM_NONE)
		return 0;
	if (from == WS_RECFILE_FROM_LITERAL)
		return take_literal(&b->span, records[i].span_id, 8);
	if (from - WS_RECFILE_FROM_LITERAL > i)
		return -EINVAL;
	memcpy(records[i].span_id, records[i - (from - WS_RECFILE_FROM_LITERAL)].span_id, 8);
	return 0;
}

static int take_parent(struct block *b, struct ws_record *records, uint32_t i, uint32_t from)
{
	const struct ws_record *other;

	if (from == WS_RECFILE_FROM_NONE)
		return 0;
	if (from == WS_RECFILE_FROM_LITERAL)
		return take_literal(&b->parent, records[i].parent_span_id, 8);
	if (from / 2 > i)
		return -EINVAL;
	other = &records[i - from / 2];
	memcpy(records[i].parent_span_id, from & 1 ? other->span_id : other->parent_span_id, 8);
	return 0;
}

#define RECORD_WORDS (sizeof(struct ws_record) / sizeof(uint64_t))

/* A record from a row of each table: what one has the other has not. */
static void unite(struct ws_record *r, const struct ws_record *flow, const struct ws_record *shape)
{
	uint64_t a[RECORD_WORDS], b[RECORD_WORDS];

	memcpy(a, flow, sizeof(a));
	memcpy(b, shape, sizeof(b));
	for (size_t w = 0; w < RECORD_WORDS; w++)
		a[w] |= b[w];
	memcpy(r, a, sizeof(a));
}

/* Decodes the block's i-th record, the k-th of its chunk. Returns 0, or -EINVAL. */
static int decode_record(struct block *b, struct ws_record *records, uint32_t i, const struct chunk *c, uint32_t k)
{
	struct ws_record *r = &records[i], *flow;

	if (c->flow[k] >= b->n_rows[WS_RECFILE_FLOWS] || c->shape[k] >= b->n_rows[WS_RECFILE_SHAPES])
		return -EINVAL;
	flow = &b->row[WS_RECFILE_FLOWS][c->flow[k]];
	unite(r, flow, &b->row[WS_RECFILE_SHAPES][c->shape[k]]);
	b->time_ns += ws_recfile_unzigzag64(c->time[k]);
	r->ts_ns = b->time_ns;
	r->done_ts_ns = c->done[k] + ws_recfile_done_base(r);
	r->seq = flow->seq + ws_recfile_unzigzag32(c->seq[k]);
	r->ack = flow->ack + ws_recfile_unzigzag32(c->ack[k]);
	r->stream_id = flow->stream_id + ws_recfile_unzigzag32(c->stream[k]);
	flow->seq = r->seq + r->payload_len;
	flow->ack = r->ack;
	flow->stream_id = r->stream_id;
	/* all three, so that hostile numbers are refused wherever they stand */
	return take_trace(b, records, i, c->trace_from[k]) | take_parent(b, records, i, c->parent_from[k]) |
	       take_span(b, records, i, c->span_from[k]);
}

int ws_recfile_block_decode(const uint8_t *from, size_t len, struct ws_record *records, uint32_t n,
			    struct ws_record *rows)
{
	struct block b = { .n = n };
	struct chunk c;
	int rc;

	if (len < WS_RECFILE_DIRECTORY_OFF || n == 0 || ws_recfile_get32(from) != n)
		return -EINVAL;
	b.n_rows[WS_RECFILE_FLOWS] = ws_recfile_get32(from + 8);
	b.n_rows[WS_RECFILE_SHAPES] = ws_recfile_get32(from + 12);
	if (b.n_rows[WS_RECFILE_FLOWS] - 1 >= n || b.n_rows[WS_RECFILE_SHAPES] - 1 >= n)
		return -EINVAL;
	memcpy(&b.time_ns, from + 16, sizeof(b.time_ns));
	b.row[WS_RECFILE_FLOWS] = rows;
	b.row[WS_RECFILE_SHAPES] = rows + n;
	memset(rows, 0, b.n_rows[WS_RECFILE_FLOWS] * sizeof(*rows));
	memset(rows + n, 0, b.n_rows[WS_RECFILE_SHAPES] * sizeof(*rows));
	rc = read_directory(&b, from, len);
	if (rc)
		return rc;
	complete_rows(&b);
	for (uint32_t i = 0; i < n; i += CHUNK) {
		const uint32_t n_chunk = n - i < CHUNK ? n - i : CHUNK;

		read_chunk(&b, i, n_chunk, &c);
		for (uint32_t k = 0; k < n_chunk; k++)
			if (decode_record(&b, records, i + k, &c, k))
				return -EINVAL;
	}
	return b.trace.size || b.span.size || b.parent.size ? -EINVAL : 0;
}
