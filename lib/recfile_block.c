/* SPDX-License-Identifier: BSD-2-Clause */
/* recfile_block - see the header: blocks of version 1, which are read only; specified in recfile.md. */
#include "lib/recfile_block.h"

#include <errno.h>

#include "lib/recfile_columns.h"

#define DIRECTORY_OFF 8

/* The columns of a block as its directory has them. */
struct directory {
	const uint8_t *entry;
	size_t n_columns;
	const uint8_t *data; /* of all columns, one after the other */
	size_t len;	     /* of the data */
};

/* The next column and its data at *off. Returns 0, or -EINVAL if it goes beyond the data or has another width. */
static int read_entry(const struct directory *d, size_t i, size_t *off, const struct ws_recfile_column **column,
		      uint32_t *size)
{
	const uint8_t *entry = d->entry + i * WS_RECFILE_ENTRY_LEN;

	*column = ws_recfile_column(ws_recfile_get16(entry));
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
		const struct ws_recfile_column *c;
		uint32_t size;

		if (read_entry(d, i, &off, &c, &size))
			return -EINVAL;
		if (!c || d->entry[i * WS_RECFILE_ENTRY_LEN + 3] != WS_RECFILE_CONSTANT)
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
	if (d.n_columns * WS_RECFILE_ENTRY_LEN > len - DIRECTORY_OFF)
		return -EINVAL;
	d.data = d.entry + d.n_columns * WS_RECFILE_ENTRY_LEN;
	d.len = len - DIRECTORY_OFF - d.n_columns * WS_RECFILE_ENTRY_LEN;
	if (decode_constants(&d, &same))
		return -EINVAL;
	for (uint32_t i = 0; i < n; i++)
		records[i] = same;
	for (size_t i = 0; i < d.n_columns; i++) {
		const uint8_t *data = d.data + off, encoding = d.entry[i * WS_RECFILE_ENTRY_LEN + 3];
		const struct ws_recfile_column *c;
		uint32_t size;

		if (read_entry(&d, i, &off, &c, &size) ||
		    (c && encoding != WS_RECFILE_CONSTANT &&
		     ws_recfile_column_decode(c, encoding, data, size, records, n, c->width)))
			return -EINVAL;
	}
	for (uint32_t i = 0; i < n; i++)
		records[i].done_ts_ns += ws_recfile_done_base(&records[i]);
	if (ws_recfile_get16(from + 6) < 2)
		for (uint32_t i = 0; i < n; i++)
			complete_version_1(&records[i]);
	return 0;
}
