/* SPDX-License-Identifier: BSD-2-Clause */
/* image - see the header. Pages are numbered from 1; all numbers in them are big-endian. */
#include "ingest/image.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Of a cell: its row's length, its id, the types of 30 columns and their length, 27 integers, 32 bytes of ids. */
#define CELL_MAX	      (2 + 8 + 31 + 27 * 8 + 32)
#define LEAF_HEADER_BYTES     8u
#define INTERIOR_HEADER_BYTES 12u
/* Cells of the largest kind in a page: no fewer are in a leaf when the next one is begun. */
#define LEAF_CELLS_LEAST ((WS_IMAGE_PAGE_BYTES - LEAF_HEADER_BYTES) / (CELL_MAX + 2))
#define LEAVES_MAX	 (WS_IMAGE_ROWS_MAX / LEAF_CELLS_LEAST + 1)
/* The leaves of one table are full, or those of the other. */
#define PAGES_MAX (WS_IMAGE_ROOT_RESPONSE + LEAVES_MAX + 1)

/* Kinds of pages. */
#define INTERIOR 5
#define LEAF	 13

/* Types of columns: of integers that take 0 bytes, and of blobs. */
#define TYPE_NULL      0
#define TYPE_ZERO      8
#define TYPE_BLOB(len) (12 + 2 * (len))

#define REQUEST_COLUMNS	 30
#define RESPONSE_COLUMNS 9

/* Places in the first page. */
#define CHANGES_OFF   24
#define N_PAGES_OFF   28
#define VALID_FOR_OFF 92

/* A table under way. */
struct table {
	uint32_t n_leaves; /* the last of them is being filled */
	uint32_t n_cells;  /* in it */
	uint32_t cells_off;
	uint32_t page[LEAVES_MAX];   /* of each leaf */
	int64_t last_id[LEAVES_MAX]; /* in each leaf */
};

struct ws_image {
	uint32_t n_pages;
	uint32_t n_rows;
	struct table request;
	struct table response;
	uint8_t bytes[PAGES_MAX * WS_IMAGE_PAGE_BYTES];
};

/* A row as it is put together: first its length in bytes up to the values, and the type of each column. */
struct row {
	uint8_t *type; /* of the next column */
	uint8_t *end;  /* behind the last value */
	uint8_t bytes[CELL_MAX];
};

struct ws_image *ws_image_new(void)
{
	return malloc(sizeof(struct ws_image));
}

void ws_image_free(struct ws_image *image)
{
	free(image);
}

void ws_image_begin(struct ws_image *image, const uint8_t *first_page)
{
	memcpy(image->bytes, first_page, WS_IMAGE_PAGE_BYTES);
	image->n_pages = WS_IMAGE_ROOT_RESPONSE;
	image->n_rows = 0;
	image->request.n_leaves = image->response.n_leaves = 0;
}

uint32_t ws_image_room(const struct ws_image *image)
{
	return WS_IMAGE_ROWS_MAX - image->n_rows;
}

static uint8_t *page_at(struct ws_image *image, uint32_t page)
{
	return image->bytes + (size_t)(page - 1) * WS_IMAGE_PAGE_BYTES;
}

static inline void put_be(uint8_t *at, uint64_t value, uint32_t n_bytes)
{
	value = htobe64(value);
	memcpy(at, (const uint8_t *)&value + 8 - n_bytes, n_bytes);
}

/* A number below 2^56 in groups of 7 bits, the highest first. Returns how many bytes it takes. */
static inline uint32_t put_varint(uint8_t *at, uint64_t value)
{
	uint32_t n = 1;

	while (value >> 7 * n)
		n++;
	for (uint32_t i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> 7 * (n - 1 - i) & 0x7f) | (i + 1 < n ? 0x80 : 0);
	return n;
}

/* The columns of a row follow one after the other; the first is the id, which stands in the cell. */
static inline void begin_row(struct row *row, uint32_t n_columns)
{
	row->bytes[0] = (uint8_t)(1 + n_columns);
	row->bytes[1] = TYPE_NULL;
	row->type = row->bytes + 2;
	row->end = row->bytes + 1 + n_columns;
}

static inline void put_sized(struct row *row, uint8_t type, int64_t value, uint32_t n_bytes)
{
	*row->type++ = type;
	put_be(row->end, (uint64_t)value, n_bytes);
	row->end += n_bytes;
}

static inline void put_integer(struct row *row, int64_t value)
{
	const uint64_t magnitude = (uint64_t)(value < 0 ? ~value : value);

	if (magnitude <= 1 && value >= 0)
		*row->type++ = (uint8_t)(TYPE_ZERO + value);
	else if (magnitude <= INT8_MAX)
		put_sized(row, 1, value, 1);
	else if (magnitude <= INT16_MAX)
		put_sized(row, 2, value, 2);
	else if (magnitude < 1u << 23)
		put_sized(row, 3, value, 3);
	else if (magnitude <= INT32_MAX)
		put_sized(row, 4, value, 4);
	else if (magnitude < 1ull << 47)
		put_sized(row, 5, value, 6);
	else
		put_sized(row, 6, value, 8);
}

static inline void put_blob(struct row *row, const uint8_t *bytes, uint32_t len)
{
	*row->type++ = (uint8_t)TYPE_BLOB(len);
	memcpy(row->end, bytes, len);
	row->end += len;
}

static inline void put_null(struct row *row)
{
	*row->type++ = TYPE_NULL;
}

/* Of a context; NULL without one. */
static inline void put_if(struct row *row, bool is_there, int64_t value)
{
	if (is_there)
		put_integer(row, value);
	else
		put_null(row);
}

static inline void put_ids_if(struct row *row, bool is_there, const struct ws_record *r)
{
	const uint32_t skip = r->flags & WS_FLAG_TRACE_ID_64 ? 8 : 0;

	if (is_there) {
		put_blob(row, r->trace_id + skip, 16 - skip);
		put_blob(row, r->span_id, 8);
	} else {
		put_null(row);
		put_null(row);
	}
}

static inline void put_parent_if(struct row *row, bool is_there, const struct ws_record *r)
{
	static const uint8_t none[8];

	if (is_there && memcmp(r->parent_span_id, none, 8) != 0)
		put_blob(row, r->parent_span_id, 8);
	else
		put_null(row);
}

/* A new leaf, empty. */
static void add_leaf(struct ws_image *image, struct table *t)
{
	t->page[t->n_leaves++] = ++image->n_pages;
	t->n_cells = 0;
	t->cells_off = WS_IMAGE_PAGE_BYTES;
}

/* Writes what stands in front of a page's cells. */
static void head_page(uint8_t *page, uint8_t kind, uint32_t n_cells, uint32_t cells_off)
{
	memset(page, 0, LEAF_HEADER_BYTES);
	page[0] = kind;
	put_be(page + 3, n_cells, 2);
	put_be(page + 5, cells_off, 2); /* 0 is 65536 */
}

static void end_leaf(struct ws_image *image, const struct table *t)
{
	head_page(page_at(image, t->page[t->n_leaves - 1]), LEAF, t->n_cells, t->cells_off);
}

static void add_row(struct ws_image *image, struct table *t, const struct row *row, int64_t id)
{
	const uint32_t len = (uint32_t)(row->end - row->bytes);
	uint32_t head_len;
	uint8_t head[16], *page;

	head_len = put_varint(head, len);
	head_len += put_varint(head + head_len, (uint64_t)id);
	if (t->n_leaves == 0)
		add_leaf(image, t);
	if (t->cells_off < LEAF_HEADER_BYTES + 2 * (t->n_cells + 1) + head_len + len) {
		end_leaf(image, t);
		add_leaf(image, t);
	}
	page = page_at(image, t->page[t->n_leaves - 1]);
	t->cells_off -= head_len + len;
	memcpy(page + t->cells_off, head, head_len);
	memcpy(page + t->cells_off + head_len, row->bytes, len);
	put_be(page + LEAF_HEADER_BYTES + 2 * t->n_cells++, t->cells_off, 2);
	t->last_id[t->n_leaves - 1] = id;
	image->n_rows++;
}

void ws_image_add_request(struct ws_image *image, const struct ws_record *r, int64_t id, int64_t file_id,
			  int64_t flow_id)
{
	const bool has_context = r->reason == WS_REASON_CONTEXT;
	struct row row;

	begin_row(&row, REQUEST_COLUMNS);
	put_integer(&row, file_id);
	put_integer(&row, flow_id);
	put_integer(&row, (int64_t)r->ts_ns);
	put_integer(&row, r->seq);
	put_integer(&row, r->direction);
	put_integer(&row, r->payload_len);
	put_integer(&row, r->n_segments);
	put_integer(&row, r->reason);
	put_integer(&row, r->family);
	put_if(&row, has_context, r->ids_end_off);
	put_ids_if(&row, has_context, r);
	put_integer(&row, r->http_version);
	put_integer(&row, r->families);
	put_integer(&row, r->malformed);
	put_if(&row, has_context, r->ctx_segment);
	put_if(&row, has_context, r->ids_end_segment);
	put_if(&row, has_context, (int64_t)r->done_ts_ns);
	put_parent_if(&row, has_context, r);
	put_if(&row, has_context && r->sampled != WS_SAMPLED_UNKNOWN, r->sampled == WS_SAMPLED_YES);
	put_if(&row, has_context, r->ctx_off);
	put_if(&row, has_context, r->ctx_len);
	put_integer(&row, r->searched_len);
	put_integer(&row, r->req_off);
	put_integer(&row, r->frame_len);
	put_integer(&row, r->tcp_flags);
	put_if(&row, r->http_version == 2, r->stream_id);
	put_integer(&row, r->flaw);
	put_integer(&row, r->flags);
	add_row(image, &image->request, &row, id);
}

void ws_image_add_response(struct ws_image *image, const struct ws_record *r, int64_t id, int64_t file_id,
			   int64_t flow_id)
{
	struct row row;

	begin_row(&row, RESPONSE_COLUMNS);
	put_integer(&row, file_id);
	put_integer(&row, flow_id);
	put_integer(&row, (int64_t)r->ts_ns);
	put_integer(&row, r->seq);
	put_integer(&row, r->ack);
	put_integer(&row, r->direction);
	put_integer(&row, r->payload_len);
	put_integer(&row, r->status);
	add_row(image, &image->response, &row, id);
}

/* The page that leads to a table's leaves: to each up to its last id, and to the last one. A single leaf is it. */
static void make_root(struct ws_image *image, const struct table *t, uint32_t root_page)
{
	uint8_t *root = page_at(image, root_page), *at = root + WS_IMAGE_PAGE_BYTES;
	const uint32_t n_cells = t->n_leaves > 1 ? t->n_leaves - 1 : 0;

	if (t->n_leaves == 0) {
		head_page(root, LEAF, 0, 0);
		return;
	}
	end_leaf(image, t);
	if (t->n_leaves == 1) {
		memcpy(root, page_at(image, t->page[0]), WS_IMAGE_PAGE_BYTES);
		return;
	}
	for (uint32_t i = 0; i < n_cells; i++) {
		uint8_t cell[16];
		uint32_t len;

		put_be(cell, t->page[i], 4);
		len = 4 + put_varint(cell + 4, (uint64_t)t->last_id[i]);
		at -= len;
		memcpy(at, cell, len);
		put_be(root + INTERIOR_HEADER_BYTES + 2 * i, (uint64_t)(at - root), 2);
	}
	head_page(root, INTERIOR, n_cells, (uint32_t)(at - root));
	put_be(root + LEAF_HEADER_BYTES, t->page[n_cells], 4);
}

uint8_t *ws_image_finish(struct ws_image *image, uint64_t *len)
{
	make_root(image, &image->request, WS_IMAGE_ROOT_REQUEST);
	make_root(image, &image->response, WS_IMAGE_ROOT_RESPONSE);
	put_be(image->bytes + CHANGES_OFF, 1, 4);
	put_be(image->bytes + VALID_FOR_OFF, 1, 4);
	put_be(image->bytes + N_PAGES_OFF, image->n_pages, 4);
	*len = (uint64_t)image->n_pages * WS_IMAGE_PAGE_BYTES;
	return image->bytes;
}
