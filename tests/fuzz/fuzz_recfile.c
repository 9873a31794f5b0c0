/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_recfile - a libFuzzer target: any bytes as a record file.
 *
 * Input, by its first byte:
 *	'C'    columns: a byte for the number of records, then what ws_recfile_columns_decode() gets
 *	'B'    a block: likewise, for ws_recfile_block_decode()
 *	'H'    a head's list of contexts: what stands behind the point's name; the hash is made right
 *	'M'    marks of version 1: a byte for the kind, a byte for the number of records that it announces, two for the
 *	       length of the fields (they are repeated from what follows), two for that of the data, which is
 *	       compressed; again and again. Hashes and checksums are made right, so that what lies behind them is
 *	       reached.
 *	'N'    the same of version 2
 *	other  the file as it is
 * What must hold of every answer is checked by abort(). seeds.sh writes a corpus to begin with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"
#include "tests/fuzz/memory_file.h"

#define FILE_MAX (1u << 20)
#define HEAD_LEN 88 /* fields of a head: versions, window, clocks, name */

/* What decodes also encodes, and comes back as it was. */
static void check_records(const struct ws_record *records, uint32_t n)
{
	static uint8_t block[WS_RECFILE_BLOCK_RECORDS * (sizeof(*records) + 64) + 4096];
	static struct ws_record again[3 * WS_RECFILE_BLOCK_RECORDS];
	static struct ws_recfile_encoder *encoder;
	size_t len, n_random;

	if (!encoder)
		encoder = ws_recfile_encoder_new();
	MUST(encoder);
	for (uint32_t off = 0; off < n; off += WS_RECFILE_BLOCK_RECORDS) {
		const uint32_t left = n - off, m = left < WS_RECFILE_BLOCK_RECORDS ? left : WS_RECFILE_BLOCK_RECORDS;

		MUST(ws_recfile_block_bound(m) <= sizeof(block));
		len = ws_recfile_block_encode(encoder, records + off, m, block, &n_random);
		MUST(len <= ws_recfile_block_bound(m) && n_random <= len);
		MUST(ws_recfile_block_decode(block, len, again, m, again + m) == 0);
		MUST(!memcmp(again, records + off, m * sizeof(*again)));
	}
	for (uint32_t i = 0; i < n; i++)
		for (size_t k = 0; k < sizeof(records[i].zero); k++)
			MUST(records[i].zero[k] == 0);
}

static void check_end(const struct ws_recfile_status *s, uint64_t n_records, size_t size)
{
	MUST(s->n_records == n_records);
	MUST(s->unread_bytes <= size);
	MUST(s->n_cut_records <= WS_RECFILE_BLOCK_RECORDS_MAX);
	MUST(!s->is_complete || s->n_marks > 0);
	MUST(memchr(s->head.point, 0, sizeof(s->head.point)));
	MUST(memchr(s->head.contexts, 0, sizeof(s->head.contexts)));
	for (const char *c = s->head.contexts; *c; c++)
		MUST(*c > ' ' && *c <= '~');
}

static void read_file(size_t size)
{
	struct ws_recfile_reader *r = NULL;
	const struct ws_record *records;
	struct ws_error err = { 0 };
	uint64_t n_records = 0;
	uint32_t n;

	if (ws_recfile_open(file_path, &r, &err)) {
		MUST(strstr(err.text, file_path));
		return;
	}
	for (;;) {
		MUST(ws_recfile_next(r, &records, &n, &err) == 0);
		if (n == 0)
			break;
		MUST(n <= WS_RECFILE_BLOCK_RECORDS_MAX);
		n_records += n;
		check_records(records, n);
	}
	check_end(ws_recfile_reader_status(r), n_records, size);
	MUST(ws_recfile_next(r, &records, &n, &err) == 0 && n == 0);
	check_end(ws_recfile_reader_status(r), n_records, size);
	ws_recfile_reader_close(r);
}

static void decode(uint32_t version, const uint8_t *data, size_t size)
{
	const uint32_t n = data[0];
	struct ws_record *records = malloc(n * sizeof(*records)), *rows = malloc(ws_recfile_rows(n) * sizeof(*rows));
	uint8_t *columns = malloc(size - 1);

	int rc;

	MUST(((records && rows) || !n) && (columns || size == 1));
	memcpy(columns, data + 1, size - 1);
	rc = version == 1 ? ws_recfile_columns_decode(columns, size - 1, records, n)
			  : ws_recfile_block_decode(columns, size - 1, records, n, rows);
	if (rc == 0)
		check_records(records, n);
	free(columns);
	free(rows);
	free(records);
}

/* A file under construction, and what it is made from. */
struct building {
	uint8_t bytes[FILE_MAX];
	size_t len;
	const uint8_t *from;
	size_t left;
};

static void put(struct building *b, const void *bytes, size_t len)
{
	MUST(len <= FILE_MAX - b->len);
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
}

/* Takes at most len bytes of the input. Returns how many there are. */
static size_t take(struct building *b, const uint8_t **bytes, size_t len)
{
	len = len < b->left ? len : b->left;
	*bytes = b->from;
	b->from += len;
	b->left -= len;
	return len;
}

static void put_mark(struct building *b, uint16_t version, uint16_t kind, const uint8_t *field, uint32_t len)
{
	const uint32_t start[] = { WS_RECFILE_SKIPPABLE_MAGIC, 16 + len, WS_RECFILE_SIGNATURE,
				   version | (uint32_t)kind << 16 };
	const size_t off = b->len + 8;
	uint64_t hash;

	put(b, start, sizeof(start));
	put(b, field, len);
	hash = XXH3_64bits(b->bytes + off, 8 + len);
	put(b, &hash, sizeof(hash));
}

/* A mark, and the data that it announces, if the input has it. Returns 0 when there is no more. */
static int build_mark(struct building *b)
{
	static uint8_t packed[ZSTD_COMPRESSBOUND(1 << 16)];
	const uint8_t *control, *some, *plain;
	uint8_t field[1024] = { 0 };
	uint32_t field_len, n_plain, n_packed = 0, n;
	size_t n_some;

	if (take(b, &control, 6) < 6 || b->len > FILE_MAX / 2)
		return 0;
	n = control[1];
	field_len = (control[2] | control[3] << 8) % sizeof(field);
	n_some = take(b, &some, field_len < 64 ? field_len : 64);
	for (uint32_t i = 0; n_some && i < field_len; i++)
		field[i] = some[i % n_some];
	n_plain = (uint32_t)take(b, &plain, (size_t)(control[4] | control[5] << 8));
	if (n_plain)
		n_packed = (uint32_t)ZSTD_compress(packed, sizeof(packed), plain, n_plain, 1);
	memcpy(field + 8, &n, sizeof(n));
	memcpy(field + 12, &n_packed, sizeof(n_packed));
	put_mark(b, WS_RECFILE_VERSION, control[0] % 5, field, field_len);
	put(b, packed, n_packed);
	return 1;
}

static size_t build(uint16_t version, const uint8_t *data, size_t size)
{
	static struct building b;
	static const uint8_t head[HEAD_LEN] = { 1, [4] = 0, 64, [24] = 'n', 'i', 'c' };

	b.len = 0;
	b.from = data;
	b.left = size;
	put_mark(&b, version, WS_RECFILE_KIND_HEAD, head, sizeof(head));
	while (build_mark(&b))
		;
	put(&b, b.from, b.left < 64 ? b.left : 64);
	set_file(b.bytes, b.len);
	return b.len;
}

static size_t build_head(const uint8_t *data, size_t size)
{
	static struct building b;
	uint8_t head[HEAD_LEN + 1024] = { 2 };
	const size_t len = size < 1024 ? size : 1024;

	b.len = 0;
	memcpy(head + HEAD_LEN, data, len);
	put_mark(&b, WS_RECFILE_VERSION, WS_RECFILE_KIND_HEAD, head, (uint32_t)(HEAD_LEN + len));
	set_file(b.bytes, b.len);
	return b.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > FILE_MAX / 4)
		return 0;
	if (data[0] == 'C' || data[0] == 'B') {
		decode(data[0] == 'C' ? 1 : 2, data + 1, size - 1);
		return 0;
	}
	if (data[0] == 'H') {
		read_file(build_head(data + 1, size - 1));
		return 0;
	}
	if (data[0] == 'M' || data[0] == 'N') {
		read_file(build(data[0] == 'M' ? 1 : 2, data + 1, size - 1));
		return 0;
	}
	set_file(data, size);
	read_file(size);
	return 0;
}
