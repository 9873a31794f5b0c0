/* SPDX-License-Identifier: BSD-2-Clause */
/* RowBinary: values decoded at the end of readable memory, cut everywhere, damaged; and rows of a store's large tables.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* after the standard headers that it needs */
#include <cmocka.h>

#include "ingest/depot_rows.h"
#include "lib/clickhouse/tables.h"
#include "tests/unit/guard.h"
#include "tests/unit/random.h"

static int64_t decode(unsigned int kind, const void *bytes, uint32_t n, struct ws_value *value)
{
	const struct ws_bytes b = ws_guard(bytes, n);

	return ws_rowbinary_value(kind, b.data, b.len, value);
}

static void test_integers(void **state)
{
	static const struct {
		unsigned int kind;
		uint32_t width;
		int64_t value;
	} cases[] = {
		{ WS_KIND_U8, 1, 0xf1 },
		{ WS_KIND_U16, 2, 0xf2f1 },
		{ WS_KIND_U32, 4, 0xf4f3f2f1 },
		{ WS_KIND_I64, 8, (int64_t)0xf8f7f6f5f4f3f2f1 },
	};
	static const uint8_t bytes[] = { 0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8 };
	struct ws_value v;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const unsigned int nullable = cases[i].kind | WS_KIND_NULLABLE;

		for (uint32_t n = 0; n < cases[i].width; n++) {
			assert_int_equal(decode(cases[i].kind, bytes + 1, n, &v), 0);
			assert_int_equal(decode(nullable, bytes, n, &v), 0);
		}
		assert_int_equal(decode(cases[i].kind, bytes + 1, cases[i].width, &v), cases[i].width);
		assert_int_equal(v.type, WS_VALUE_INTEGER);
		assert_true(v.integer == cases[i].value);
		assert_int_equal(decode(nullable, bytes, cases[i].width + 1, &v), cases[i].width + 1);
		assert_true(v.integer == cases[i].value);
		assert_int_equal(decode(nullable, "\1", 1, &v), 1);
		assert_int_equal(v.type, WS_VALUE_NULL);
		assert_int_equal(decode(nullable, "\2", 1, &v), -EBADMSG);
	}
	assert_int_equal(decode(WS_N_KINDS, bytes, sizeof(bytes), &v), -EBADMSG);
	assert_string_equal(ws_kind_name(WS_KIND_U32 | WS_KIND_NULLABLE), "Nullable(UInt32)");
	assert_string_equal(ws_kind_name(WS_KIND_FIXED_16), "FixedString(16)");
}

static void test_strings(void **state)
{
	uint8_t text[400], source[300];
	struct ws_value v = { 0 };
	uint8_t *end;

	(void)state;
	memset(text, 'x', sizeof(text));
	memset(source, 'y', sizeof(source));
	end = ws_put_string(text, source, sizeof(source));
	assert_int_equal(end - text, 302);
	for (uint32_t n = 0; n < 302; n++)
		assert_int_equal(decode(WS_KIND_STRING, text, n, &v), 0);
	assert_int_equal(decode(WS_KIND_STRING, text, 302, &v), 302);
	assert_int_equal(v.n_bytes, 300);
	assert_int_equal(v.bytes[299], 'y');
	assert_int_equal(decode(WS_KIND_STRING, "\0", 1, &v), 1);
	assert_int_equal(v.type, WS_VALUE_BYTES);
	assert_int_equal(v.n_bytes, 0);
	assert_int_equal(decode(WS_KIND_STRING_OR_NULL, "\0", 1, &v), 1);
	assert_int_equal(v.type, WS_VALUE_NULL);
	assert_int_equal(decode(WS_KIND_STRING_OR_NULL, "\2ab", 3, &v), 3);
	assert_int_equal(v.type, WS_VALUE_BYTES);
	assert_int_equal(decode(WS_KIND_FIXED_16, text, 15, &v), 0);
	assert_int_equal(decode(WS_KIND_FIXED_16, text, 16, &v), 16);
	/* lengths that no string has */
	assert_int_equal(decode(WS_KIND_STRING, "\xff\xff\xff\xff\x7f", 5, &v), -EBADMSG);
	assert_int_equal(decode(WS_KIND_STRING, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &v), -EBADMSG);
	assert_int_equal(decode(WS_KIND_STRING, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &v), -EBADMSG);
	assert_int_equal(decode(WS_KIND_STRING, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 10, &v), -EBADMSG);
	assert_int_equal(decode(WS_KIND_STRING, "\xff\xff\xff\xff", 4, &v), 0);
}

/* Decodes a row of the table; the values of all its columns. */
static void decode_row(enum ws_large which, const uint8_t *row, size_t n, struct ws_value *values)
{
	const struct ws_table *t = &ws_large_tables[which];
	const struct ws_bytes b = ws_guard(row, (uint32_t)n);
	size_t at = 0;

	for (uint32_t i = 0; i < t->n_columns; i++) {
		const int64_t took = ws_rowbinary_value(t->column[i].kind, b.data + at, b.len - at, &values[i]);

		assert_true(took > 0);
		at += (size_t)took;
	}
	assert_int_equal(at, n);
}

static const struct ws_value *column(enum ws_large which, const struct ws_value *values, const char *name)
{
	const struct ws_table *t = &ws_large_tables[which];

	for (uint32_t i = 0; i < t->n_columns; i++)
		if (strcmp(t->column[i].name, name) == 0)
			return &values[i];
	fail_msg("no column %s", name);
	return NULL;
}

#define REQUEST(name) column(WS_TABLE_REQUEST, values, name)

static void test_requests(void **state)
{
	struct ws_record r = { .ts_ns = 1ull << 62,
			       .seq = UINT32_MAX,
			       .reason = WS_REASON_CONTEXT,
			       .family = 2,
			       .ids_end_off = 77,
			       .n_segments = 513,
			       .http_version = 2,
			       .stream_id = 9,
			       .sampled = WS_SAMPLED_NO,
			       .done_ts_ns = 5 };
	struct ws_value values[64];
	uint8_t row[WS_DEPOT_ROW_MAX];
	uint8_t *end;

	(void)state;
	memset(r.trace_id, 0xab, sizeof(r.trace_id));
	end = ws_depot_put_request(row, 1ll << 40, 3, 4, &r);
	decode_row(WS_TABLE_REQUEST, row, (size_t)(end - row), values);
	assert_true(REQUEST("request_id")->integer == 1ll << 40);
	assert_int_equal(REQUEST("file_id")->integer, 3);
	assert_int_equal(REQUEST("flow_id")->integer, 4);
	assert_true(REQUEST("ts_ns")->integer == 1ll << 62);
	assert_int_equal(REQUEST("seq")->integer, UINT32_MAX);
	assert_int_equal(REQUEST("n_segments")->integer, 513);
	assert_int_equal(REQUEST("trace_id")->n_bytes, 16);
	assert_int_equal(REQUEST("span_id")->n_bytes, 8);
	assert_int_equal(REQUEST("parent_span_id")->type, WS_VALUE_NULL);
	assert_int_equal(REQUEST("sampled")->integer, 0);
	assert_int_equal(REQUEST("stream_id")->integer, 9);
	assert_int_equal(REQUEST("ids_end_off")->integer, 77);
	r.flags = WS_FLAG_TRACE_ID_64;
	r.sampled = WS_SAMPLED_UNKNOWN;
	r.http_version = 1;
	r.parent_span_id[7] = 1;
	end = ws_depot_put_request(row, 1, 3, 4, &r);
	decode_row(WS_TABLE_REQUEST, row, (size_t)(end - row), values);
	assert_int_equal(REQUEST("trace_id")->n_bytes, 8);
	assert_int_equal(REQUEST("parent_span_id")->n_bytes, 8);
	assert_int_equal(REQUEST("sampled")->type, WS_VALUE_NULL);
	assert_int_equal(REQUEST("stream_id")->type, WS_VALUE_NULL);
	r.reason = WS_REASON_NO_CONTEXT;
	end = ws_depot_put_request(row, 1, 3, 4, &r);
	decode_row(WS_TABLE_REQUEST, row, (size_t)(end - row), values);
	assert_int_equal(REQUEST("trace_id")->type, WS_VALUE_NULL);
	assert_int_equal(REQUEST("span_id")->type, WS_VALUE_NULL);
	assert_int_equal(REQUEST("parent_span_id")->type, WS_VALUE_NULL);
	assert_int_equal(REQUEST("ids_end_off")->type, WS_VALUE_NULL);
	assert_int_equal(REQUEST("done_ts_ns")->type, WS_VALUE_NULL);
}

/* Whatever a record holds, its row fits and is decoded to its end. */
static void test_any_record(void **state)
{
	struct ws_value values[64];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint8_t row[WS_DEPOT_ROW_MAX];
		struct ws_flow_key key;
		struct ws_record r;

		for (size_t k = 0; k < sizeof(r); k++)
			((uint8_t *)&r)[k] = (uint8_t)random_number();
		r.reason = i % 3 ? WS_REASON_CONTEXT : r.reason;
		decode_row(WS_TABLE_REQUEST, row, (size_t)(ws_depot_put_request(row, -1, 3, -1, &r) - row), values);
		decode_row(WS_TABLE_RESPONSE, row, (size_t)(ws_depot_put_response(row, -1, 3, -1, &r) - row), values);
		ws_flow_key_of(&r, &key);
		decode_row(WS_TABLE_FLOW, row, (size_t)(ws_depot_put_flow(row, -1, 3, &key) - row), values);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_any_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
