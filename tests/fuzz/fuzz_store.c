/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_store - a libFuzzer target: what a ClickHouse server, or a user, may say.
 *
 * Input, by its first byte:
 *	'U'    a store's URL
 *	'W'    a server's words in place of an answer; a byte for HTTP's status
 *	'V'    a server's version
 *	other  RowBinary: a byte for the number of columns, one for each of their kinds, then rows
 * What must hold of every answer is checked by abort().
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clickhouse/client.h"
#include "lib/clickhouse/client_words.h"
#include "lib/clickhouse/rowbinary.h"
#include "lib/clickhouse/url.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/must.h"

#define COLUMNS_MAX 8

static char *text_of(const struct input *in)
{
	char *text = malloc(in->len + 1);

	MUST(text);
	memcpy(text, in->bytes, in->len);
	text[in->len] = '\0';
	return text;
}

static void is_printable(const char *text)
{
	for (; *text; text++)
		MUST(*text >= ' ' && *text < 0x7f);
}

/* What is taken is written again as the same; what is refused has words. */
static void check_url(const char *text)
{
	struct ws_error err = { 0 };
	struct ws_url url;

	if (ws_url_parse(text, &url, &err)) {
		MUST(err.text[0]);
		is_printable(err.text);
		return;
	}
	MUST(url.n_hosts >= 1 && url.n_hosts <= WS_URL_HOSTS_MAX && url.database[0]);
	MUST(!strpbrk(url.database, "'`\"\\/? ") && !strpbrk(url.user, "'`\"\\/?:@ "));
	for (uint32_t i = 0; i < url.n_hosts; i++) {
		char host[WS_URL_HOST_TEXT_LEN];

		is_printable(ws_url_host_text(&url, i, host));
		MUST(url.host[i].name[0] && url.host[i].port);
	}
}

static void check_words(struct input *in)
{
	const long status = 100 + 2 * next(in);
	struct ws_error err = { 0 };

	ws_client_is_exception(in->bytes, in->len);
	MUST(ws_client_refusal("http://h:1", status, in->bytes, in->len, &err) < 0);
	MUST(strlen(err.text) < 1000);
	is_printable(err.text);
}

/* A value as it was encoded, from what was decoded. */
static uint8_t *encode(unsigned int kind, const struct ws_value *v, uint8_t *at)
{
	if (kind & WS_KIND_NULLABLE) {
		at = ws_put_u8(at, v->type == WS_VALUE_NULL);
		if (v->type == WS_VALUE_NULL)
			return at;
	}
	switch (kind & ~(unsigned int)WS_KIND_NULLABLE) {
	case WS_KIND_U8:
		return ws_put_u8(at, (uint8_t)v->integer);
	case WS_KIND_U16:
		return ws_put_u16(at, (uint16_t)v->integer);
	case WS_KIND_U32:
		return ws_put_u32(at, (uint32_t)v->integer);
	case WS_KIND_I64:
		return ws_put_i64(at, v->integer);
	case WS_KIND_FIXED_16:
		return ws_put_bytes(at, v->bytes, 16);
	default:
		return v->type == WS_VALUE_NULL ? ws_put_varint(at, 0) : ws_put_string(at, v->bytes, v->n_bytes);
	}
}

/* The value decoded again from its encoding, which is not longer, is the same. */
static void check_value(unsigned int kind, const struct ws_value *v, int64_t took)
{
	uint8_t *bytes = malloc((size_t)took + WS_VARINT_MAX + 16);
	struct ws_value again;
	int64_t n;

	MUST(bytes);
	n = encode(kind, v, bytes) - bytes;
	MUST(n <= took);
	MUST(ws_rowbinary_value(kind, bytes, (size_t)n, &again) == n);
	MUST(again.type == v->type);
	MUST(v->type != WS_VALUE_INTEGER || again.integer == v->integer);
	MUST(v->type != WS_VALUE_BYTES || (again.n_bytes == v->n_bytes && !memcmp(again.bytes, v->bytes, v->n_bytes)));
	free(bytes);
}

static void check_rows(struct input *in)
{
	const uint32_t n_columns = next(in) % COLUMNS_MAX + 1;
	unsigned int kind[COLUMNS_MAX];

	for (uint32_t i = 0; i < n_columns; i++)
		kind[i] = next(in) & (WS_KIND_NULLABLE | 0xf);
	for (uint32_t i = 0;; i = (i + 1) % n_columns) {
		struct ws_value v;
		const int64_t took = ws_rowbinary_value(kind[i], in->bytes, in->len, &v);

		if (took <= 0)
			break;
		MUST((size_t)took <= in->len);
		if (v.type == WS_VALUE_BYTES)
			MUST(v.bytes >= in->bytes && v.bytes + v.n_bytes <= in->bytes + took);
		check_value(kind[i], &v, took);
		in->bytes += took;
		in->len -= (size_t)took;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input in = { bytes, len };
	const uint8_t what = next(&in);
	char *text;

	if (what != 'U' && what != 'V') {
		what == 'W' ? check_words(&in) : check_rows(&in);
		return 0;
	}
	text = text_of(&in);
	if (what == 'U')
		check_url(text);
	else
		ws_client_version_of(text);
	free(text);
	return 0;
}
