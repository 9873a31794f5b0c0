/* SPDX-License-Identifier: BSD-2-Clause */
/* insert - see the header. */
#include "lib/clickhouse/insert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Rows wait here until they are deflated together. */
#define RAW_BYTES (256u << 10)
/* Faster is not worth the bytes: what is sent is a third of what a level above would win. */
#define LEVEL	  1
#define GZIP_BITS (15 + 16)

struct deflated {
	uint8_t *bytes;
	size_t n;
	size_t cap;
};

struct ws_insert {
	struct ws_client *client;
	char *sql;
	z_stream z;
	bool has_z;
	uint8_t *raw;
	size_t n_raw;
	size_t cap_raw;
	struct deflated out[2]; /* the one being filled, and that of the post under way */
	uint32_t filling;
	struct ws_post *post; /* NULL: none */
	uint32_t n_block_rows;
	uint64_t n_rows;
};

int ws_insert_open(struct ws_client *client, const char *into, struct ws_insert **insert, struct ws_error *err)
{
	struct ws_insert *in = calloc(1, sizeof(*in));

	if (in) {
		in->client = client;
		in->cap_raw = RAW_BYTES;
		in->raw = malloc(in->cap_raw);
		in->has_z = deflateInit2(&in->z, LEVEL, Z_DEFLATED, GZIP_BITS, 9, Z_DEFAULT_STRATEGY) == Z_OK;
		if (asprintf(&in->sql, "INSERT INTO %s FORMAT RowBinary", into) < 0)
			in->sql = NULL;
	}
	if (!in || !in->raw || !in->has_z || !in->sql) {
		ws_insert_close(in);
		return ws_error(err, -ENOMEM, "out of memory");
	}
	*insert = in;
	return 0;
}

/* Deflates what waits; with Z_FINISH, to the stream's end. */
static int deflate_raw(struct ws_insert *in, int flush)
{
	struct deflated *out = &in->out[in->filling];
	int code;

	in->z.next_in = in->raw;
	in->z.avail_in = (uInt)in->n_raw;
	do {
		if (out->cap - out->n < RAW_BYTES) {
			const size_t cap = out->cap ? 2 * out->cap : 4 * RAW_BYTES;
			uint8_t *grown = realloc(out->bytes, cap);

			if (!grown)
				return -ENOMEM;
			out->bytes = grown;
			out->cap = cap;
		}
		in->z.next_out = out->bytes + out->n;
		in->z.avail_out = RAW_BYTES;
		code = deflate(&in->z, flush);
		out->n += RAW_BYTES - in->z.avail_out;
	} while (code == Z_OK && (in->z.avail_in || flush == Z_FINISH));
	in->n_raw = 0;
	ws_client_step(in->client);
	return 0;
}

/* Waits for the post under way. */
static int end_post(struct ws_insert *in, struct ws_error *err)
{
	int rc = in->post ? ws_post_wait(in->post, err) : 0;

	ws_post_close(in->post);
	in->post = NULL;
	in->out[!in->filling].n = 0;
	return rc;
}

static int post_block(struct ws_insert *in, struct ws_error *err)
{
	struct deflated *out = &in->out[in->filling];
	int rc = deflate_raw(in, Z_FINISH);

	if (rc)
		return ws_error(err, rc, "out of memory");
	rc = end_post(in, err);
	if (rc)
		return rc;
	in->post = ws_post_open(in->client, in->sql, out->bytes, out->n);
	if (!in->post || deflateReset(&in->z) != Z_OK)
		return ws_error(err, -ENOMEM, "out of memory");
	in->filling = !in->filling;
	in->n_block_rows = 0;
	ws_client_step(in->client);
	return 0;
}

uint8_t *ws_insert_row(struct ws_insert *in, size_t n_max)
{
	if (in->n_raw && in->n_raw + n_max > in->cap_raw && deflate_raw(in, Z_NO_FLUSH))
		return NULL;
	if (n_max > in->cap_raw) {
		uint8_t *grown = realloc(in->raw, n_max);

		if (!grown)
			return NULL;
		in->raw = grown;
		in->cap_raw = n_max;
	}
	return in->raw + in->n_raw;
}

int ws_insert_end_row(struct ws_insert *in, const uint8_t *end, struct ws_error *err)
{
	in->n_raw = (size_t)(end - in->raw);
	in->n_rows++;
	in->n_block_rows++;
	if (in->n_block_rows < WS_INSERT_BLOCK_ROWS && in->out[in->filling].n < WS_INSERT_BLOCK_BYTES)
		return 0;
	return post_block(in, err);
}

int ws_insert_finish(struct ws_insert *in, struct ws_error *err)
{
	int rc = in->n_block_rows ? post_block(in, err) : 0;

	return rc ? rc : end_post(in, err);
}

uint64_t ws_insert_n_rows(const struct ws_insert *in)
{
	return in->n_rows;
}

void ws_insert_close(struct ws_insert *in)
{
	if (!in)
		return;
	ws_post_close(in->post);
	if (in->has_z)
		deflateEnd(&in->z);
	free(in->out[0].bytes);
	free(in->out[1].bytes);
	free(in->raw);
	free(in->sql);
	free(in);
}
