/* SPDX-License-Identifier: BSD-2-Clause */
/* The text under the readers of load-generator logs: lines, rows of CSV, decimals, times of RFC 3339. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "lib/log/csv.h"
#include "lib/decimal.h"
#include "lib/log/lines.h"
#include "tests/fuzz/memory_file.h"

#define COUNT(a)     (sizeof(a) / sizeof(*(a)))
#define NS_PER_S     1000000000ll
#define HEAD_OF_2020 1577836800ll

static void integers(void **state)
{
	static const struct {
		const char *text;
		uint32_t scale;
		int rc;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "42", 0, 0, 42 },
		{ "0042", 3, 0, 42000 },
		{ "9223372036854775807", 0, 0, INT64_MAX },
		{ "9223372036854775808", 0, -ERANGE, 0 },
		{ "99999999999999999999999", 0, -ERANGE, 0 },
		{ "9223372036854776", 3, -ERANGE, 0 },
		{ "9223372036854775", 3, 0, 9223372036854775000 },
		{ "", 0, -EINVAL, 0 },
		{ "-1", 0, -EINVAL, 0 },
		{ "+1", 0, -EINVAL, 0 },
		{ " 1", 0, -EINVAL, 0 },
		{ "1 ", 0, -EINVAL, 0 },
		{ "1.0", 0, -EINVAL, 0 },
		{ "1e3", 0, -EINVAL, 0 },
		{ "0x1", 0, -EINVAL, 0 },
		{ "99999999999999999999999x", 0, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t value = 0;

		assert_int_equal(ws_integer_read(cases[i].text, strlen(cases[i].text), cases[i].scale, &value),
				 cases[i].rc);
		assert_int_equal(value, cases[i].value);
	}
}

static void decimals(void **state)
{
	static const struct {
		const char *text;
		uint32_t scale;
		int rc;
		int64_t value;
		uint32_t n_digits;
	} cases[] = {
		{ "0.0034", 9, 0, 3400000, 4 },
		{ "12", 9, 0, 12 * NS_PER_S, 0 },
		{ "12.000000001", 9, 0, 12 * NS_PER_S + 1, 9 },
		{ "0.1", 9, 0, 100000000, 1 },
		{ "221.899000", 6, 0, 221899000, 6 },
		{ "221.8990000000000000000000000000", 6, 0, 221899000, 28 },
		{ "221.8990001", 6, -ERANGE, 0, 0 },
		{ "0.0000000001", 9, -ERANGE, 0, 0 },
		{ "9223372036.854775807", 9, 0, INT64_MAX, 9 },
		{ "9223372036.854775808", 9, -ERANGE, 0, 0 },
		{ "5.0", 0, 0, 5, 1 },
		{ "5.5", 0, -ERANGE, 0, 0 },
		{ "", 9, -EINVAL, 0, 0 },
		{ ".", 9, -EINVAL, 0, 0 },
		{ ".5", 9, -EINVAL, 0, 0 },
		{ "5.", 9, -EINVAL, 0, 0 },
		{ "1.2.3", 9, -EINVAL, 0, 0 },
		{ "-1.5", 9, -EINVAL, 0, 0 },
		{ "1,5", 9, -EINVAL, 0, 0 },
		{ "1.5e3", 9, -EINVAL, 0, 0 },
		{ "NaN", 9, -EINVAL, 0, 0 },
		{ "+Inf", 9, -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t n_digits = 0;
		int64_t value = 0;

		assert_int_equal(
			ws_decimal_read(cases[i].text, strlen(cases[i].text), cases[i].scale, &value, &n_digits),
			cases[i].rc);
		assert_int_equal(value, cases[i].value);
		assert_int_equal(n_digits, cases[i].n_digits);
	}
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t ns;
		uint32_t n_digits;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0, 0, 0 },
		{ "2020-01-01T00:00:00Z", 0, HEAD_OF_2020 * NS_PER_S, 0 },
		{ "2020-01-01t00:00:00z", 0, HEAD_OF_2020 * NS_PER_S, 0 },
		{ "2020-01-01T09:00:00.000000000+09:00", 0, HEAD_OF_2020 * NS_PER_S, 9 },
		{ "2019-12-31T18:30:00.5-05:30", 0, HEAD_OF_2020 * NS_PER_S + 500000000, 1 },
		{ "2020-01-01T23:59:00.000000001+23:59", 0, HEAD_OF_2020 * NS_PER_S + 1, 9 },
		{ "2020-02-29T00:00:00Z", 0, (HEAD_OF_2020 + 59 * 86400) * NS_PER_S, 0 },
		{ "2020-12-31T23:59:59-00:00", 0, (HEAD_OF_2020 + 366 * 86400 - 1) * NS_PER_S, 0 },
		{ "2017-05-09T14:34:45.625742514+02:00", 0, 1494333285625742514, 9 },
		{ "2000-02-29T12:00:00Z", 0, 951825600 * NS_PER_S, 0 },
		{ "2262-04-11T23:47:16.854775807Z", 0, INT64_MAX, 9 },
		{ "2262-04-11T23:47:16.854775808Z", -ERANGE, 0, 0 },
		{ "9999-12-31T23:59:59Z", -ERANGE, 0, 0 },
		{ "1969-12-31T23:59:59.999999999Z", -ERANGE, 0, 0 },
		{ "1970-01-01T00:00:00+00:01", -ERANGE, 0, 0 },
		{ "0001-01-01T00:00:00Z", -ERANGE, 0, 0 },
		{ "0000-01-01T00:00:00Z", -ERANGE, 0, 0 },
		{ "2019-02-29T00:00:00Z", -EINVAL, 0, 0 },
		{ "2100-02-29T00:00:00Z", -EINVAL, 0, 0 },
		{ "2020-04-31T00:00:00Z", -EINVAL, 0, 0 },
		{ "2020-00-01T00:00:00Z", -EINVAL, 0, 0 },
		{ "2020-13-01T00:00:00Z", -EINVAL, 0, 0 },
		{ "2020-01-00T00:00:00Z", -EINVAL, 0, 0 },
		{ "2020-01-01T24:00:00Z", -EINVAL, 0, 0 },
		{ "2020-01-01T00:60:00Z", -EINVAL, 0, 0 },
		{ "2016-12-31T23:59:60Z", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00.Z", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00.1234567890Z", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00+0900", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00+24:00", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00+00:60", -EINVAL, 0, 0 },
		{ "2020-01-01T00:00:00ZZ", -EINVAL, 0, 0 },
		{ "2020-01-01 00:00:00Z", -EINVAL, 0, 0 },
		{ "2020/01/01T00:00:00Z", -EINVAL, 0, 0 },
		{ "2020-01-01T00.00.00Z", -EINVAL, 0, 0 },
		{ "20200101T000000Z", -EINVAL, 0, 0 },
		{ "-020-01-01T00:00:00Z", -EINVAL, 0, 0 },
		{ "", -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint32_t n_digits = 0;
		int64_t ns = 0;

		if (ws_rfc3339_read(cases[i].text, strlen(cases[i].text), &ns, &n_digits) != cases[i].rc)
			fail_msg("%s", cases[i].text);
		assert_int_equal(ns, cases[i].ns);
		assert_int_equal(n_digits, cases[i].n_digits);
	}
}

/* Every day of a calendar that goes on by one from the last. */
static void days_follow_each_other(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t expected_s = 0;
	char text[64];

	(void)state;
	for (int year = 1970; year < 2262; year++) {
		bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= 32; day++) {
				bool is_there = day <= days[month - 1] + (month == 2 && is_leap);
				int64_t ns = -1;

				snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
				assert_int_equal(ws_rfc3339_read(text, strlen(text), &ns, NULL),
						 is_there ? 0 : -EINVAL);
				if (is_there) {
					assert_int_equal(ns, expected_s * NS_PER_S);
					expected_s += 86400;
				}
			}
		}
	}
}

/* No part of a time is taken for a time, nor is a time with one byte changed to a letter. */
static void times_cut_and_changed(void **state)
{
	char text[] = "2020-01-01T00:00:00.123+09:00";
	const size_t len = strlen(text);
	int64_t ns;

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_int_equal(ws_rfc3339_read(text, n, &ns, NULL), -EINVAL);
	for (size_t i = 0; i < len; i++) {
		const char kept = text[i];

		text[i] = 'x';
		assert_int_equal(ws_rfc3339_read(text, len, &ns, NULL), -EINVAL);
		text[i] = kept;
	}
	assert_int_equal(ws_rfc3339_read(text, len, &ns, NULL), 0);
}

static struct ws_lines *open_text(const char *text, size_t len)
{
	struct ws_lines *lines = NULL;
	struct ws_error err;

	set_file((const uint8_t *)text, len);
	assert_int_equal(ws_lines_open(file_path, &lines, &err), 0);
	return lines;
}

static void next_is(struct ws_lines *lines, const char *text, size_t len, uint64_t number, bool is_cut)
{
	struct ws_line line;
	struct ws_error err;

	assert_int_equal(ws_lines_next(lines, &line, &err), 1);
	assert_int_equal(line.len, len);
	assert_memory_equal(line.text, text, len);
	assert_int_equal(line.number, number);
	assert_int_equal(line.n, 1);
	assert_int_equal(line.is_cut, is_cut);
}

static void is_at_end(struct ws_lines *lines)
{
	struct ws_line line;
	struct ws_error err;

	assert_int_equal(ws_lines_next(lines, &line, &err), 0);
	assert_int_equal(ws_lines_next(lines, &line, &err), 0);
	ws_lines_close(lines);
}

static void lines_one_by_one(void **state)
{
	struct ws_lines *lines = open_text("one\n\nth\0ee\nfour", 15);

	(void)state;
	next_is(lines, "one", 3, 1, false);
	next_is(lines, "", 0, 2, false);
	next_is(lines, "th\0ee", 5, 3, false);
	next_is(lines, "four", 4, 4, true);
	assert_false(ws_lines_is_cut(lines));
	is_at_end(lines);
	is_at_end(open_text("", 0));
}

/* Lines around the size of the buffer, which moves and grows. */
static void lines_longer_than_the_buffer(void **state)
{
	static const size_t lens[] = { 1, 131070, 131071, 131072, 131073, 3, 500000, 0, 262144, 7 };
	char *text = malloc(2000000), *at = text;
	struct ws_lines *lines;

	(void)state;
	for (size_t i = 0; i < COUNT(lens); i++) {
		memset(at, 'a' + (int)i, lens[i]);
		at[lens[i]] = '\n';
		at += lens[i] + 1;
	}
	lines = open_text(text, (size_t)(at - text));
	at = text;
	for (size_t i = 0; i < COUNT(lens); i++) {
		next_is(lines, at, lens[i], i + 1, false);
		at += lens[i] + 1;
	}
	is_at_end(lines);
	free(text);
}

static void line_without_end(void **state)
{
	const size_t len = WS_LINE_MAX + 10;
	struct ws_lines *lines;
	struct ws_error err;
	struct ws_line line;
	char *text = malloc(len);

	(void)state;
	memset(text, 'x', len);
	text[0] = '\n';
	lines = open_text(text, len);
	assert_int_equal(ws_lines_next(lines, &line, &err), 1);
	assert_int_equal(ws_lines_next(lines, &line, &err), -EFBIG);
	assert_non_null(strstr(err.text, "line 2 is longer than 64 MB"));
	ws_lines_close(lines);
	free(text);
}

static void lines_are_joined(void **state)
{
	struct ws_lines *lines = open_text("a\nb\n\nc\nd", 8);
	struct ws_line line;
	struct ws_error err;

	(void)state;
	next_is(lines, "a", 1, 1, false);
	assert_int_equal(ws_lines_next(lines, &line, &err), 1);
	assert_int_equal(ws_lines_extend(lines, &line, &err), 1);
	assert_int_equal(ws_lines_extend(lines, &line, &err), 1);
	assert_int_equal(line.len, 4);
	assert_memory_equal(line.text, "b\n\nc", 4);
	assert_int_equal(line.number, 2);
	assert_int_equal(line.n, 3);
	assert_int_equal(ws_lines_extend(lines, &line, &err), 1);
	assert_true(line.is_cut);
	assert_int_equal(ws_lines_extend(lines, &line, &err), 0);
	assert_int_equal(line.len, 6);
	assert_int_equal(line.n, 4);
	is_at_end(lines);
}

/* Compressed data that ends anywhere: a prefix of the lines, and it is known that it was cut. */
static void is_cut_anywhere(const char *text, size_t text_len, const uint8_t *packed, size_t packed_len)
{
	for (size_t len = 10; len <= packed_len; len++) {
		struct ws_lines *lines = open_text((const char *)packed, len);
		struct ws_line line = { 0 };
		struct ws_error err;
		size_t n = 0;
		int rc;

		while ((rc = ws_lines_next(lines, &line, &err)) == 1) {
			assert_memory_equal(line.text, text + n, line.len);
			n += line.len + !line.is_cut;
		}
		assert_int_equal(rc, 0);
		assert_int_equal(ws_lines_is_cut(lines), len < packed_len);
		if (len == packed_len)
			assert_int_equal(n, text_len);
		ws_lines_close(lines);
	}
}

static void packed_and_cut(void **state)
{
	static uint8_t packed[4096];
	static char text[4000];
	z_stream z = { .next_in = (uint8_t *)text, .avail_in = sizeof(text), .next_out = packed, .avail_out = 4096 };
	uint32_t x = 1;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		x = x * 1664525 + 1013904223;
		text[i] = i % 8 == 7 ? '\n' : (char)('a' + (x >> 28));
	}
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	is_cut_anywhere(text, sizeof(text), packed, z.total_out);
	deflateEnd(&z);
	len = ZSTD_compress(packed, sizeof(packed), text, sizeof(text), 3);
	assert_false(ZSTD_isError(len));
	is_cut_anywhere(text, sizeof(text), packed, len);
}

static void packed_and_damaged(void **state)
{
	const char text[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff";
	struct ws_lines *lines = open_text(text, sizeof(text));
	struct ws_line line;
	struct ws_error err;

	(void)state;
	assert_int_equal(ws_lines_next(lines, &line, &err), -EIO);
	assert_non_null(strstr(err.text, "its compressed data is damaged"));
	ws_lines_close(lines);
}

/* Splits the first row of a text; fields joined by '|'. Returns what ws_csv_split() does. */
static int split(const char *text, char *joined, struct ws_line *line, struct ws_error *err)
{
	static struct ws_csv_row row;
	struct ws_lines *lines = open_text(text, strlen(text));
	int rc;

	assert_int_equal(ws_lines_next(lines, line, err), 1);
	rc = ws_csv_split(lines, line, "f.csv", &row, err);
	if (rc == 1) {
		for (uint32_t i = 0; i < row.n; i++) {
			memcpy(joined, row.field[i].text, row.field[i].len);
			joined += row.field[i].len;
			*joined++ = '|';
		}
	}
	*joined = '\0';
	ws_lines_close(lines);
	return rc;
}

static void rows(void **state)
{
	static const struct {
		const char *text;
		const char *joined;
		uint64_t n_lines;
	} cases[] = {
		{ "a,b,c\n", "a|b|c|", 1 },
		{ "a\n", "a|", 1 },
		{ ",\n", "||", 1 },
		{ "a,,c,\n", "a||c||", 1 },
		{ "a,b\r\n", "a|b|", 1 },
		{ "a,b\r\r\n", "a|b\r|", 1 },
		{ "\"\"\n", "|", 1 },
		{ "\"a\",\"b,c\",d\n", "a|b,c|d|", 1 },
		{ "\"a\"\"b\"\n", "a\"b|", 1 },
		{ "\"\"\"\"\n", "\"|", 1 },
		{ "\"\"\"\"\"\",x\n", "\"\"|x|", 1 },
		{ "a,\"b\nc\",d\n", "a|b\nc|d|", 2 },
		{ "a,\"b\r\nc\",d\r\n", "a|b\r\nc|d|", 2 },
		{ "\"\n\n\n\"\n", "\n\n\n|", 4 },
		{ "a,\"\"\"\n,\"\"\",d\ne\n", "a|\"\n,\"|d|", 2 },
		{ " \xff,\x01\n", " \xff|\x01|", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ws_error err;
		struct ws_line line;
		char joined[64];

		assert_int_equal(split(cases[i].text, joined, &line, &err), 1);
		assert_string_equal(joined, cases[i].joined);
		assert_int_equal(line.n, cases[i].n_lines);
		assert_int_equal(line.number, 1);
		assert_false(line.is_cut);
	}
}

static void rows_that_are_none(void **state)
{
	static const char *const wrong[] = { "a\"b\n", "a,b\"\n", "\"a\"b\n", "\"a\" ,b\n", "a,\"b\nc\"d,\"e\"\n" };
	static const char *const cut[] = { "\"a\n", "a,\"b\"\"\n", "a,\"b\nc\nd\n", "\"\n\"\"\n" };
	struct ws_error err;
	struct ws_line line;
	char joined[64];

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(split(wrong[i], joined, &line, &err), -EINVAL);
		assert_non_null(strstr(err.text, "f.csv: line 1: byte "));
	}
	for (size_t i = 0; i < COUNT(cut); i++) {
		assert_int_equal(split(cut[i], joined, &line, &err), 0);
		assert_true(line.is_cut);
	}
}

static void row_of_too_many_columns(void **state)
{
	char text[2 * WS_CSV_FIELDS_MAX + 2], joined[256];
	struct ws_error err;
	struct ws_line line;

	(void)state;
	memset(text, ',', sizeof(text));
	strcpy(text + WS_CSV_FIELDS_MAX - 1, "\n");
	assert_int_equal(split(text, joined, &line, &err), 1);
	strcpy(text + WS_CSV_FIELDS_MAX - 1, ",\n");
	assert_int_equal(split(text, joined, &line, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than 64 columns"));
}

/* A quoted field of very many lines takes time in proportion, or this does not end. */
static void field_of_many_lines(void **state)
{
	const size_t n = 4000000;
	char *text = malloc(n + 3);
	struct ws_csv_row *row = malloc(sizeof(*row));
	struct ws_lines *lines;
	struct ws_error err;
	struct ws_line line;

	(void)state;
	memset(text, '\n', n);
	text[0] = '"';
	text[n] = '"';
	text[n + 1] = '\n';
	lines = open_text(text, n + 2);
	assert_int_equal(ws_lines_next(lines, &line, &err), 1);
	assert_int_equal(ws_csv_split(lines, &line, "f", row, &err), 1);
	assert_int_equal(row->n, 1);
	assert_int_equal(row->field[0].len, n - 1);
	assert_int_equal(line.n, n);
	ws_lines_close(lines);
	free(row);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(decimals),
		cmocka_unit_test(times),
		cmocka_unit_test(days_follow_each_other),
		cmocka_unit_test(times_cut_and_changed),
		cmocka_unit_test(lines_one_by_one),
		cmocka_unit_test(lines_longer_than_the_buffer),
		cmocka_unit_test(line_without_end),
		cmocka_unit_test(lines_are_joined),
		cmocka_unit_test(packed_and_cut),
		cmocka_unit_test(packed_and_damaged),
		cmocka_unit_test(rows),
		cmocka_unit_test(rows_that_are_none),
		cmocka_unit_test(row_of_too_many_columns),
		cmocka_unit_test(field_of_many_lines),
	};

	return cmocka_run_group_tests_name("load log: text", tests, NULL, NULL);
}
