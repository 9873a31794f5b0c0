/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements of large JSON lists: which are visited, and at which byte a file is broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/items.h"
#include "lib/json_scan.h"
#include "tests/unit/guard.h"
#include "tests/unit/sanitized.h"

#define COUNT(a)   (sizeof(a) / sizeof(*(a)))
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#ifdef WS_SANITIZED
#define GROWTH_MAX_KB (512 << 10)
#else
#define GROWTH_MAX_KB (16 << 10)
#endif

static char path[] = "/tmp/items-XXXXXX";

static void write_bytes(const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(path, "/tmp/items-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd) ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

/* The elements that were visited, as JSON, joined by spaces. */
struct seen {
	char text[4096];
	int end_at; /* which element ends the walk; 0: none */
	int n;
};

static int note(void *context, json_t *element)
{
	char *text = json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY);
	struct seen *seen = context;

	assert_non_null(text);
	if (strlen(text) < 256)
		snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s%s",
			 seen->n ? " " : "", text);
	free(text);
	return ++seen->n == seen->end_at ? 77 : 0;
}

static int visit(const char *text, const char *key, struct seen *seen, struct ws_error *err)
{
	*seen = (struct seen) { 0 };
	*err = (struct ws_error) { 0 };
	write_bytes(text, strlen(text));
	return ws_items_visit(path, key, note, seen, err);
}

static void gives(const char *text, const char *key, const char *expected)
{
	struct ws_error err;
	struct seen seen;
	int rc = visit(text, key, &seen, &err);

	if (rc)
		print_error("%s: %s\n", text, err.text);
	assert_int_equal(rc, 0);
	assert_string_equal(seen.text, expected);
}

/* Is it broken at this byte, and is that said? */
static void breaks(const char *text, size_t len, uint64_t off)
{
	struct ws_error err = { 0 };
	struct seen seen = { 0 };
	char expected[128];

	write_bytes(text, len);
	snprintf(expected, sizeof(expected), "%s: byte %llu: ", path, (unsigned long long)off);
	assert_int_equal(ws_items_visit(path, "items", note, &seen, &err), -EPROTO);
	if (strncmp(err.text, expected, strlen(expected)) != 0)
		print_error("%s, not %s\n", err.text, expected);
	assert_memory_equal(err.text, expected, strlen(expected));
}

static void lists_under_a_key(void **state)
{
	(void)state;
	gives("{\"apiVersion\":\"v1\",\"items\":[{\"a\":1},{\"b\":[2]}],\"kind\":\"List\"}", "items",
	      "{\"a\":1} {\"b\":[2]}");
	gives("{\"items\":[]}", "items", "");
	gives("{\"items\":null,\"metadata\":{\"items\":[1,2]}}", "items", "");
	gives("{\"a\":{\"items\":[1]},\"b\":[{\"items\":[2]}],\"items\":[3]}", "items", "3");
	gives("{ \"items\" : [ 1 , \"two\" , null , true , [ ] , -0.5e3 ] }\n", "items",
	      "1 \"two\" null true [] -500.0");
	gives("{\"items\":[1],\"x\":[9],\"items\":[2]}", "items", "1 2");
	gives("{\"item\":[1],\"itemss\":[2],\"ite\\u006ds\":[3]}", "items", "");
	gives("{\"items\":{\"a\":[1]},\"x\":[5]}", "items", "");
}

static void several_texts(void **state)
{
	(void)state;
	gives("{\"resourceSpans\":[1,2]}\n{\"x\":0}\n{\"resourceSpans\":[3]}\n", "resourceSpans", "1 2 3");
	gives("", "items", "");
	gives(" \n\t\r\n", "items", "");
	gives("[1,[2]][3]\n[]", NULL, "1 [2] 3");
	gives("{\"a\":1}{\"b\":[2]}", NULL, "{\"a\":1} {\"b\":[2]}");
	gives("[{\"a\":1},{}]\n{\"c\":3}", NULL, "{\"a\":1} {} {\"c\":3}");
}

static void strings_with_everything(void **state)
{
	(void)state;
	gives("{\"items\":[\"\\\"]}[{\\\\\",\"\\u00e9\\ud83d\\ude00 \xc3\xa9 \xf0\x9f\x98\x80\"]}", "items",
	      "\"\\\"]}[{\\\\\" \"\xc3\xa9\xf0\x9f\x98\x80 \xc3\xa9 \xf0\x9f\x98\x80\"");
	gives("{\"i\\\"tems\":[1],\"]}\":2,\"items\":[3]}", "items", "3");
	gives("{\"items\":[\"a\\u0000b\"]}", "items", "\"a\\u0000b\"");
}

static void numbers_that_are_too_large(void **state)
{
	(void)state;
	gives("{\"items\":[{\"a\":123456789012345678901234567890,\"b\":1},7]}", "items", "{\"a\":null,\"b\":1} 7");
	gives("{\"items\":[{\"a\":-1e999,\"s\":\"1e999\"},9223372036854775807]}", "items",
	      "{\"a\":null,\"s\":\"1e999\"} 9223372036854775807");
	gives("{\"items\":[{\"a\":[9223372036854775808,1e308,-9223372036854775809]}]}", "items",
	      "{\"a\":[null,1e308,null]}");
	gives("{\"x\":1e999,\"items\":[1]}", "items", "1");
}

/* One of them among very many others: the work is that of the bytes, not of its square. */
static void a_number_that_is_too_large_among_many(void **state)
{
	const size_t n = 1 << 20;
	char *text = malloc(2 * n + 64);
	struct ws_error err = { 0 };
	struct seen seen = { 0 };
	size_t len;

	(void)state;
	assert_non_null(text);
	len = (size_t)sprintf(text, "[[");
	for (size_t i = 0; i < n; i++, len += 2)
		memcpy(text + len, "1,", 2);
	len += (size_t)sprintf(text + len, "123456789012345678901234567890]]");
	write_bytes(text, len);
	free(text);
	assert_int_equal(ws_items_visit(path, NULL, note, &seen, &err), 0);
	assert_int_equal(seen.n, 1);
}

static void names_the_broken_byte(void **state)
{
	static const struct {
		const char *text;
		uint64_t off;
	} cases[] = {
		{ "{\"items\":[{\"a\":1}", 17 }, /* cut off */
		{ "{\"items\":[{\"a\":\"tex", 19 },
		{ "{\"items\":[1,]}", 12 },
		{ "{\"items\":[1 2]}", 12 },
		{ "{\"items\":[1}}", 11 },
		{ "{\"items\":[{\"a\":1]]}", 16 },
		{ "{\"items\":[1]]", 12 },
		{ "{\"items\":[1],}", 13 },
		{ "{\"items\" [1]}", 9 },
		{ "{items:[1]}", 1 },
		{ "{\"items\":[01]}", 11 },
		{ "{\"items\":[1.]}", 12 },
		{ "{\"items\":[.5]}", 10 },
		{ "{\"items\":[-]}", 11 },
		{ "{\"items\":[1e]}", 12 },
		{ "{\"items\":[1e+]}", 13 },
		{ "{\"items\":[+1]}", 10 },
		{ "{\"items\":[NaN]}", 10 },
		{ "{\"items\":[trux]}", 13 },
		{ "{\"items\":[nul]}", 13 },
		{ "{\"items\":['a']}", 10 },
		{ "{\"items\":[\"\\x\"]}", 12 },
		{ "{\"items\":[\"\\u12g4\"]}", 15 },
		{ "{\"items\":[\"a\nb\"]}", 12 },
		{ "{\"items\":[\"\xff\"]}", 11 },
		{ "{\"items\":[\"\xc3(\"]}", 12 },
		{ "{\"items\":[\"\xc0\xaf\"]}", 11 },	  /* a slash, overlong */
		{ "{\"items\":[\"\xed\xa0\x80\"]}", 12 }, /* half of a surrogate pair */
		{ "{\"items\":[\"\xf4\x90\x80\x80\"]}", 12 },
		{ "{\"x\":[\"\xe0\x80\xaf\"]}", 8 }, /* outside of the list, too */
		{ "\"text\"", 0 },
		{ "[1,2]", 0 },
		{ "{\"items\":[1]} x", 14 },
		{ "<html>", 0 },
		{ "No resources found\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		breaks(cases[i].text, strlen(cases[i].text), cases[i].off);
	breaks("{\"items\":[\0]}", 13, 10);
	breaks("{\"items\":[1]}\0", 14, 13);
	breaks("{\"items\":[\"a\0\"]}", 16, 12);
}

static void half_a_surrogate_pair_is_refused_in_its_element(void **state)
{
	struct ws_error err;
	struct seen seen;

	(void)state;
	assert_int_equal(visit("{\"items\":[1,\"\\ud800\"]}", "items", &seen, &err), -EPROTO);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, ": byte "));
	assert_string_equal(seen.text, "1");
}

/* What is nested deeper than the bound is refused at that byte; what is not is walked over. */
static void nesting_is_bounded(void **state)
{
	const size_t n = 1 << 20;
	char *text = malloc(n + 16);

	(void)state;
	assert_non_null(text);
	strcpy(text, "{\"x\":");
	memset(text + 5, '[', n);
	breaks(text, n + 5, 5 + WS_JSON_DEPTH_MAX - 1);
	for (size_t i = 0; i < n; i++)
		text[5 + i] = i % 5 ? "{\"a\":"[i % 5] : '{';
	breaks(text, 5 + n / 5 * 5, 5 + 5 * (WS_JSON_DEPTH_MAX - 1));
	free(text);
}

static void end_of_the_walk_is_the_visitors(void **state)
{
	struct ws_error err = { 0 };
	struct seen seen = { .end_at = 2 };

	(void)state;
	write_bytes("{\"items\":[1,2,3", 15); /* what is broken behind it is not read */
	assert_int_equal(ws_items_visit(path, "items", note, &seen, &err), 77);
	assert_string_equal(seen.text, "1 2");
}

static void an_element_that_is_too_large(void **state)
{
	const size_t len = WS_ITEMS_ELEMENT_MAX + 64;
	struct ws_error err = { 0 };
	struct seen seen = { 0 };
	char *text = malloc(len);
	size_t at;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, "{\"items\":[5,\"", 13);
	memcpy(text + len - 3, "\"]}", 3);
	write_bytes(text, len);
	assert_int_equal(ws_items_visit(path, "items", note, &seen, &err), -EFBIG);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "byte 12"));
	assert_int_equal(seen.n, 1);
	memcpy(text, "{\"itemx\":[5,\"", 13); /* outside of the list any size is walked over */
	write_bytes(text, len);
	assert_int_equal(ws_items_visit(path, "items", note, &seen, &err), 0);
	memcpy(text, "{\"items\":[[{}", 13);
	for (at = 13; at < WS_ITEMS_ELEMENT_MAX - 64; at += 3)
		memcpy(text + at, ",{}", 3);
	memcpy(text + at, "]]}", 3);
	write_bytes(text, at + 3);
	assert_int_equal(ws_items_visit(path, "items", note, &seen, &err), -EFBIG);
	assert_non_null(strstr(err.text, "values"));
	free(text);
}

static int count(void *context, json_t *element)
{
	assert_true(json_is_object(element));
	++*(uint64_t *)context;
	return 0;
}

/* 70 MB of small elements and of bytes between them that are skipped: the most memory ever held grows by little. */
static void memory_is_that_of_one_element(void **state)
{
	static const char element[] = "{\"name\":\"reviews\",\"list\":[1,2,3,{\"a\":\"bcdefghijklmnopqrstuvwxyz\"}]},";
	const size_t n = WS_ROUNDS(500000);
	FILE *file = fopen(path, "wb");
	struct ws_error err = { 0 };
	struct rusage before, after;
	uint64_t n_seen = 0;

	(void)state;
	assert_non_null(file);
	fputs("{\"metadata\":[", file);
	for (size_t i = 0; i < n; i++)
		fputs(element, file);
	fputs("0],\"items\":[", file);
	for (size_t i = 0; i < n; i++)
		fwrite(element, 1, sizeof(element) - 1 - (i == n - 1), file);
	fputs("]}", file);
	assert_int_equal(fclose(file), 0);
	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(ws_items_visit(path, "items", count, &n_seen, &err), 0);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(n_seen, n);
	assert_true(after.ru_maxrss - before.ru_maxrss < GROWTH_MAX_KB);
	write_bytes("", 0);
}

static void what_is_no_file(void **state)
{
	struct ws_error err = { 0 };
	struct seen seen = { 0 };

	(void)state;
	assert_int_equal(ws_items_visit("/tmp/there/is/none", NULL, note, &seen, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/tmp/there/is/none"));
	assert_int_equal(ws_items_visit("/tmp", NULL, note, &seen, &err), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes to it: to wait would be for ever */
	assert_int_equal(ws_items_visit(path, NULL, note, &seen, &err), -EINVAL);
}

/* The events of a text, scanned in pieces that each end at a guard page. */
static void scan_in_pieces(const char *text, size_t piece, char *events, size_t size)
{
	struct ws_json_scan scan = { 0 };
	enum ws_json_event event = WS_JSON_MORE;
	size_t len = strlen(text), n = 0;

	for (size_t off = 0; off < len && event != WS_JSON_BROKEN; off += piece) {
		struct ws_bytes bytes = ws_guard(text + off, (uint32_t)(off + piece < len ? piece : len - off));
		size_t at = 0;

		do {
			event = ws_json_scan(&scan, bytes.data, bytes.len, &at);
			if (event != WS_JSON_MORE)
				n += (size_t)snprintf(events + n, size - n, "%d/%llu/%u ", (int)event,
						      (unsigned long long)scan.off, scan.depth);
		} while (event != WS_JSON_MORE && event != WS_JSON_BROKEN);
	}
	snprintf(events + n, size - n, "%d", ws_json_scan_is_complete(&scan));
}

static void pieces_change_nothing(void **state)
{
	static const char *const texts[] = {
		"{\"items\":[{\"a\":1.5e-3,\"b\":\"\\u00e9\xc3\xa9\\\"\"},true,null,[[]],-0],\"x\":{}} [1]\n",
		"[\"\xf0\x9f\x98\x80\",12,{\"k\":[{}]}",
		"{\"items\":[tru]}",
		"[\"\xe2\x82\"]",
	};
	char whole[2048], pieces[2048];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		scan_in_pieces(texts[i], strlen(texts[i]), whole, sizeof(whole));
		for (size_t piece = 1; piece < strlen(texts[i]); piece++) {
			scan_in_pieces(texts[i], piece, pieces, sizeof(pieces));
			assert_string_equal(pieces, whole);
		}
	}
}

/* Elements that end at, and reach over, the ends of what is read at a time. */
static void elements_across_chunks(void **state)
{
	const size_t chunk = 1 << 16;
	struct ws_error err = { 0 };
	char *text = malloc(3 * chunk);

	(void)state;
	assert_non_null(text);
	for (size_t pad = chunk - 40; pad < chunk + 4; pad++) {
		struct seen seen = { 0 };
		int n = sprintf(text, "{\"items\":[\"%*s\",12345,{\"a\":67},true]}", (int)pad, "");

		write_bytes(text, (size_t)n);
		assert_int_equal(ws_items_visit(path, "items", note, &seen, &err), 0);
		assert_string_equal(seen.text, " 12345 {\"a\":67} true");
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lists_under_a_key),
		TEST(several_texts),
		TEST(strings_with_everything),
		TEST(numbers_that_are_too_large),
		TEST(a_number_that_is_too_large_among_many),
		TEST(names_the_broken_byte),
		TEST(half_a_surrogate_pair_is_refused_in_its_element),
		TEST(nesting_is_bounded),
		TEST(end_of_the_walk_is_the_visitors),
		TEST(an_element_that_is_too_large),
		TEST(memory_is_that_of_one_element),
		TEST(what_is_no_file),
		TEST(elements_across_chunks),
		cmocka_unit_test(pieces_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
