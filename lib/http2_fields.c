/* SPDX-License-Identifier: BSD-2-Clause */
/* http2_fields - see the header; nghttp2's HPACK inflater is used here and nowhere else. */
#include "lib/http2_fields.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

/*
 * How large a table the encoder may say that it uses. What the server allows is in its SETTINGS, on the connection's
 * other direction, which may not be seen; most encoders stay at the 4096 bytes that hold until they say otherwise.
 * nghttp2_hd_inflate_change_table_size() with a larger value than before neither grows the table nor makes the inflater
 * expect a size update at the next block's beginning (only a smaller value does): it raises the bound up to which a
 * size update is accepted, and the table grows when one comes. So nothing changes for encoders that never send one.
 */
#define TABLE_MAX (64u << 10)

struct ws_http2_fields {
	const struct ws_wanted *wanted;
	nghttp2_hd_inflater *inflater;
	uint32_t window;
	/* of the block */
	struct ws_contexts contexts;
	uint32_t field_off; /* where the field under way begins */
	bool is_in_field;
	bool is_request;
	bool is_grpc;
};

struct ws_http2_fields *ws_http2_fields_new(const struct ws_wanted *wanted, uint32_t window)
{
	struct ws_http2_fields *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->wanted = wanted;
	f->window = window;
	if (nghttp2_hd_inflate_new(&f->inflater) != 0 ||
	    nghttp2_hd_inflate_change_table_size(f->inflater, TABLE_MAX) != 0) {
		ws_http2_fields_free(f);
		return NULL;
	}
	return f;
}

void ws_http2_fields_free(struct ws_http2_fields *f)
{
	if (!f)
		return;
	nghttp2_hd_inflate_del(f->inflater);
	free(f);
}

void ws_http2_fields_begin(struct ws_http2_fields *f)
{
	memset(&f->contexts, 0, sizeof(f->contexts));
	f->is_in_field = f->is_request = f->is_grpc = false;
}

bool ws_http2_fields_are_request(const struct ws_http2_fields *f)
{
	return f->is_request;
}

bool ws_http2_fields_are_grpc(const struct ws_http2_fields *f)
{
	return f->is_grpc;
}

const struct ws_contexts *ws_http2_fields_contexts(const struct ws_http2_fields *f)
{
	return &f->contexts;
}

/* The context header of that name, and how much of its value is looked at. Names are in lower case (RFC 9113 8.2.1). */
static uint8_t find_header(const struct ws_wanted *wanted, const nghttp2_nv *nv, uint32_t *value_max)
{
	for (uint32_t i = 0; i < wanted->n_user; i++) {
		const char *name = wanted->user_name[i];

		if (strlen(name) == nv->namelen + 1 && memcmp(name, nv->name, nv->namelen) == 0) {
			*value_max = WS_USER_VALUE_MAX;
			return (uint8_t)(WS_HEADER_USER + i);
		}
	}
	for (uint8_t header = WS_HEADER_NONE + 1; header < WS_HEADER_USER; header++) {
		const struct ws_header_kind *kind = &ws_header_kinds[header];

		if (kind->len != nv->namelen + 1 || memcmp(kind->name, nv->name, nv->namelen) != 0)
			continue;
		if (kind->family == WS_FAMILY_NONE || !(wanted->families & 1u << kind->family))
			return WS_HEADER_NONE;
		*value_max = kind->value_max;
		return header;
	}
	return WS_HEADER_NONE;
}

static bool is_named(const nghttp2_nv *nv, const char *name)
{
	return nv->namelen == strlen(name) && memcmp(nv->name, name, nv->namelen) == 0;
}

static void take_field(struct ws_http2_fields *f, const nghttp2_nv *nv, uint32_t end_off)
{
	static const char grpc[] = "application/grpc";
	uint32_t value_max = 0;
	struct ws_field field = {
		.is_compressed = true,
		.value = nv->value,
		.len = (uint32_t)nv->valuelen,
		.line_off = f->field_off,
		.end_off = end_off,
	};

	if (is_named(nv, ":method")) {
		f->is_request = true;
		return;
	}
	if (is_named(nv, "content-type") && nv->valuelen >= sizeof(grpc) - 1 &&
	    memcmp(nv->value, grpc, sizeof(grpc) - 1) == 0)
		f->is_grpc = true;
	field.header = find_header(f->wanted, nv, &value_max);
	if (field.header == WS_HEADER_NONE || field.line_off >= f->window)
		return;
	/* as much as the search takes of an HTTP/1 line; and a table's field may be named a thousand times in a KB */
	field.is_cut = field.len > value_max;
	field.len = field.is_cut ? value_max : field.len;
	ws_contexts_add(&f->contexts, f->wanted, &field);
}

static int read_all(struct ws_http2_fields *f, uint32_t off, const uint8_t *bytes, uint32_t len, bool is_end)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t n = nghttp2_hd_inflate_hd2(f->inflater, &nv, &flags, bytes, len, is_end);

		if (n < 0)
			return n == NGHTTP2_ERR_NOMEM ? -ENOMEM : WS_HTTP2_UNREADABLE;
		if (!f->is_in_field) /* a table size update counts as part of the field that follows it */
			f->field_off = off;
		f->is_in_field |= n > 0;
		bytes += n;
		len -= (uint32_t)n;
		off += (uint32_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			take_field(f, &nv, off);
			f->is_in_field = false;
		} else if (len == 0) {
			return 0;
		}
	}
}

int ws_http2_fields_read(struct ws_http2_fields *f, uint32_t off, const uint8_t *bytes, uint32_t len)
{
	return read_all(f, off, bytes, len, false);
}

int ws_http2_fields_end(struct ws_http2_fields *f)
{
	static const uint8_t nothing;
	int rc = read_all(f, 0, &nothing, 0, true);

	if (rc == 0)
		nghttp2_hd_inflate_end_headers(f->inflater);
	return rc;
}
