/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_search - the walk over a head's lines: which names it finds, where it ends, what it says of the body, and that a
 * head in pieces is found as the whole one is. No byte behind those at hand is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/random.h"
#include "tests/unit/search_walk.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define HEAD_MAX     8192
#define BEGIN	     "GET / HTTP/1.1\r\n"
#define TRACE	     "0af7651916cd43dd8448eb211c80319c"
#define SPAN	     "b7ad6b7169203331"
#define W3C	     "traceparent: 00-" TRACE "-" SPAN "-01\r\n"

static struct ws_wanted wanted;
static struct ws_names names;

static void want(const char *list)
{
	assert_int_equal(ws_wanted_parse(list, &wanted, NULL), 0);
	ws_names_make(&wanted, &names);
}

static struct search_walk walk_window(const void *head, uint32_t len, uint32_t window)
{
	struct search_walk w;

	search_walk_begin(&w, &wanted, &names, window, ws_guard);
	search_walk_piece(&w, head, len);
	return w;
}

static struct search_walk walk(const char *head)
{
	return walk_window(head, (uint32_t)strlen(head), WS_WINDOW_MAX);
}

static const char *const all_names[] = {
#define NAME(symbol, name, family, value_max) name,
	WS_HEADERS(NAME)
#undef NAME
};
static const uint8_t all_headers[] = {
#define NAME(symbol, name, family, value_max) WS_HEADER_##symbol,
	WS_HEADERS(NAME)
#undef NAME
};

/* The only header that is noted of a head with one line of that name and value; WS_HEADER_NONE: none is. */
static uint8_t noted(const char *name, const char *value)
{
	struct search_walk w;
	char head[HEAD_MAX];

	snprintf(head, sizeof(head), BEGIN "%s%s\r\n\r\n", name, value);
	w = walk(head);
	assert_int_equal(w.search.end, WS_SEARCH_HEAD_END);
	assert_in_range(w.n_notes, 0, 1);
	return w.n_notes ? ws_note_header(w.notes.word[0]) : WS_HEADER_NONE;
}

/* Content-Length and Transfer-Encoding are read, not noted. */
static bool is_of_body(uint8_t header)
{
	return header == WS_HEADER_CONTENT_LENGTH || header == WS_HEADER_TRANSFER_ENCODING;
}

static void every_name_is_found(void **state)
{
	(void)state;
	want("all");
	for (uint32_t i = 0; i < COUNT(all_names); i++)
		assert_int_equal(noted(all_names[i], " 1"),
				 is_of_body(all_headers[i]) ? WS_HEADER_NONE : all_headers[i]);
}

static void names_are_found_in_any_case(void **state)
{
	char name[64];

	(void)state;
	want("all");
	for (uint32_t i = 0; i < COUNT(all_names); i++) {
		for (uint32_t n = 0; n < 40; n++) {
			strcpy(name, all_names[i]);
			for (char *c = name; *c; c++)
				if (n == 0 || random_number() & 1)
					*c = (char)toupper((unsigned char)*c);
			assert_int_equal(noted(name, " 1"),
					 is_of_body(all_headers[i]) ? WS_HEADER_NONE : all_headers[i]);
		}
	}
}

/* Case is ignored of letters alone: bit 5 tells '-' from CR, '@' from '`'. */
static void other_characters_are_as_they_are(void **state)
{
	char name[64];

	(void)state;
	want("all");
	for (uint32_t i = 0; i < COUNT(all_names); i++) {
		for (uint32_t k = 0; all_names[i][k]; k++) {
			strcpy(name, all_names[i]);
			if (isalpha((unsigned char)name[k]))
				name[k] = (char)(name[k] ^ 0x40);
			else
				name[k] = (char)(name[k] ^ 0x20);
			if (name[k] != '\n' && name[k] != ':')
				assert_int_equal(noted(name, " 1"), WS_HEADER_NONE);
		}
	}
}

static void parts_of_names_are_none(void **state)
{
	char name[64];

	(void)state;
	want("all");
	for (uint32_t i = 0; i < COUNT(all_names); i++) {
		const size_t n_letters = strlen(all_names[i]) - 1;

		strcpy(name, all_names[i] + 1); /* without its first letter */
		assert_true(noted(name, " 1") == WS_HEADER_NONE || !strcmp(name, "b3:"));
		snprintf(name, sizeof(name), "x%s", all_names[i]);
		assert_int_equal(noted(name, " 1"), WS_HEADER_NONE);
		snprintf(name, sizeof(name), " %s", all_names[i]);
		assert_int_equal(noted(name, " 1"), WS_HEADER_NONE);
		strcpy(name, all_names[i]);
		strcpy(name + n_letters, "s:");
		assert_int_equal(noted(name, " 1"), WS_HEADER_NONE);
		strcpy(name + n_letters, " :");
		assert_int_equal(noted(name, " 1"), WS_HEADER_NONE);
		name[n_letters] = '\0';
		assert_int_equal(noted(name, ""), WS_HEADER_NONE);
	}
}

static void only_wanted_names_are_found(void **state)
{
	(void)state;
	want("w3c");
	assert_int_equal(noted("traceparent:", "1"), WS_HEADER_TRACEPARENT);
	assert_int_equal(noted("tracestate:", "1"), WS_HEADER_TRACESTATE);
	assert_int_equal(noted("b3:", "1"), WS_HEADER_NONE);
	want("b3-single,aws");
	assert_int_equal(noted("b3:", "1"), WS_HEADER_B3_SINGLE);
	assert_int_equal(noted("x-b3-traceid:", "1"), WS_HEADER_NONE);
	assert_int_equal(noted("X-Amzn-Trace-Id:", "1"), WS_HEADER_AWS);
	assert_int_equal(noted("traceparent:", "1"), WS_HEADER_NONE);
}

static void users_names_are_found(void **state)
{
	(void)state;
	want("header:x-my-trace,header:ab,header:traceparens,header:a-name-of-thirty-nine-letters-012345678");
	assert_int_equal(noted("X-My-Trace:", "1"), WS_HEADER_USER);
	assert_int_equal(noted("AB:", "1"), WS_HEADER_USER + 1);
	assert_int_equal(noted("traceparens:", "1"), WS_HEADER_USER + 2);
	assert_int_equal(noted("a-name-of-thirty-nine-letters-012345678:", "1"), WS_HEADER_USER + 3);
	assert_int_equal(noted("traceparent:", "1"), WS_HEADER_NONE);
	assert_int_equal(noted("abc:", "1"), WS_HEADER_NONE);
}

/* Many names in one bucket: all of them must be within reach. */
static void names_with_the_same_beginning_are_found(void **state)
{
	(void)state;
	want("all,header:x-b,header:x-bb,header:x-beta,header:x-b3-trace");
	for (uint32_t i = 0; i < COUNT(all_names); i++)
		if (!is_of_body(all_headers[i]))
			assert_int_equal(noted(all_names[i], " 1"), all_headers[i]);
	assert_int_equal(noted("x-b:", "1"), WS_HEADER_USER);
	assert_int_equal(noted("x-bb:", "1"), WS_HEADER_USER + 1);
	assert_int_equal(noted("x-beta:", "1"), WS_HEADER_USER + 2);
	assert_int_equal(noted("x-b3-trace:", "1"), WS_HEADER_USER + 3);
}

static void a_note_has_the_value_and_its_place(void **state)
{
	struct search_walk w;
	struct ws_field f;
	uint32_t at = 0;

	(void)state;
	want("default");
	w = walk(BEGIN "Host: a\r\nb3:  0\t\r\n\r\n");
	assert_true(ws_notes_next(w.notes.word, w.notes.n_words, &at, &wanted, &f));
	assert_int_equal(at, w.notes.n_words);
	assert_int_equal(f.header, WS_HEADER_B3_SINGLE);
	assert_false(f.is_cut);
	assert_int_equal(f.line_off, strlen(BEGIN "Host: a\r\n"));
	assert_int_equal(f.value_off, f.line_off + strlen("b3:  "));
	assert_int_equal(f.len, 2);
	assert_memory_equal(f.value, "0\t", 2);
	assert_false(ws_notes_next(w.notes.word, w.notes.n_words, &at, &wanted, &f));
}

static void words_that_are_no_note_are_refused(void **state)
{
	struct ws_field f;

	(void)state;
	want("w3c,header:x-a");
	for (uint32_t header = 0; header < 256; header++) {
		const bool is_known = (header > 0 && header < WS_HEADER_CONTENT_LENGTH) || header == WS_HEADER_USER;

		for (uint32_t n_words = 0; n_words < 40; n_words++) {
			for (uint32_t len = 0; len <= 256; len += 8) {
				uint64_t *words = (uint64_t *)(void *)(ws_guard_end() - n_words * 8);
				const uint64_t word = ws_note_word((uint8_t)header, 0, len, 3, 5);
				uint32_t at = 0;

				memset(words, 0x61, n_words * 8);
				if (n_words)
					memcpy(words, &word, 8);
				assert_int_equal(ws_notes_next(words, n_words, &at, &wanted, &f),
						 is_known && n_words > len / 8);
			}
		}
	}
}

static void request_lines(void **state)
{
	static const struct {
		const char *head;
		enum ws_search_end end;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", WS_SEARCH_HEAD_END },
		{ "GET / HTTP/1.0\n\n", WS_SEARCH_HEAD_END },
		{ "GET / HTTP/2.0\r\n\r\n", WS_SEARCH_NOT_HTTP },
		{ "GET /\r\n\r\n", WS_SEARCH_NOT_HTTP },
		{ "GET / HTTP/1.1 \r\n\r\n", WS_SEARCH_NOT_HTTP },
		{ "GET /HTTP/1.1\r\n\r\n", WS_SEARCH_NOT_HTTP },
		{ "GET / HTTP/1.x\r\n\r\n", WS_SEARCH_NOT_HTTP },
		{ "G", WS_SEARCH_IN_METHOD },
		{ "GET", WS_SEARCH_IN_METHOD },
		{ "GET ", WS_SEARCH_IN_METHOD },
		{ "GET /", WS_SEARCH_RAN_OUT },
		{ "GET shop", WS_SEARCH_NOT_HTTP },
		{ "CONNECT shop", WS_SEARCH_RAN_OUT },
		{ "GET *", WS_SEARCH_RAN_OUT },
		{ "GET http://a", WS_SEARCH_RAN_OUT },
		{ "GET / HTTP/1.1\r\n", WS_SEARCH_RAN_OUT },
		{ "GET / HTTP/1.1\r\n\r", WS_SEARCH_RAN_OUT },
		{ "GET / HTTP/1.1\r\nA: 1\r\n", WS_SEARCH_RAN_OUT },
		{ "GET / HTTP/1.1\nA: 1\n\n", WS_SEARCH_HEAD_END },
		{ "\r\n", WS_SEARCH_NOT_HTTP },
	};

	(void)state;
	want("default");
	for (uint32_t i = 0; i < COUNT(cases); i++) {
		const struct search_walk w = walk(cases[i].head);

		if (w.search.end != cases[i].end)
			fail_msg("%s: %d, expected %d", cases[i].head, w.search.end, cases[i].end);
		if (cases[i].end == WS_SEARCH_HEAD_END)
			assert_int_equal(w.search.pos, strlen(cases[i].head));
	}
}

static void lengths_of_bodies(void **state)
{
	static const struct {
		const char *lines;
		uint32_t len;
		bool is_open_ended;
	} cases[] = {
		{ "Content-Length: 0\r\n", 0, false },
		{ "content-length:17\r\n", 17, false },
		{ "CONTENT-LENGTH: \t 17 \t\r\n", 17, false },
		{ "Content-Length: 0017\n", 17, false },
		{ "Content-Length: 1073741824\r\n", 1u << 30, false },
		{ "Content-Length: 1073741825\r\n", 0, true },
		{ "Content-Length: 9999999999\r\n", 0, true },
		{ "Content-Length: 42949672970\r\n", 0, true },
		{ "Content-Length: 18446744073709551617\r\n", 0, true },
		{ "Content-Length:\r\n", 0, true },
		{ "Content-Length: \r\n", 0, true },
		{ "Content-Length: -1\r\n", 0, true },
		{ "Content-Length: 1a\r\n", 0, true },
		{ "Content-Length: 0x10\r\n", 0, true },
		{ "Content-Length: +1\r\n", 0, true },
		{ "Content-Length:                        5\r\n", 0, true },
		{ "Content-Length:                      12345\r\n", 0, true }, /* its end is not looked at */
		{ "Content-Length: 5\r\nContent-Length: 5\r\n", 5, false },
		{ "X-Content-Length: 5\r\n", 0, false },
		{ "Content-Length : 5\r\n", 0, false },
		{ "", 0, false },
	};
	char head[HEAD_MAX];

	(void)state;
	want("default");
	for (uint32_t i = 0; i < COUNT(cases); i++) {
		struct search_walk w;

		snprintf(head, sizeof(head), BEGIN "%s\r\n", cases[i].lines);
		w = walk(head);
		if (w.search.body_len != cases[i].len || w.search.is_open_ended != cases[i].is_open_ended)
			fail_msg("%s: %u, open %d", cases[i].lines, w.search.body_len, w.search.is_open_ended);
		assert_int_equal(w.search.is_chunked, 0);
	}
	assert_int_equal(walk(BEGIN "Transfer-Encoding: chunked\r\n\r\n").search.is_chunked, 1);
	assert_int_equal(walk(BEGIN "transfer-encoding:x\r\n\r\n").search.is_chunked, 1);
	assert_int_equal(walk(BEGIN "X-Transfer-Encoding: chunked\r\n\r\n").search.is_chunked, 0);
}

/* A random head of lines of all kinds; every byte is one of them. */
static uint32_t random_head(char head[HEAD_MAX])
{
	static const char *const lines[] = {
		W3C,
		"TraceParent:   00-" TRACE "-" SPAN "-zz\r\n",
		"b3: " TRACE "-" SPAN "-1-" SPAN "\r\n",
		"X-B3-TraceId: " TRACE "\r\n",
		"X-B3-SpanId: " SPAN "\n",
		"X-B3-Sampled: 1\r\n",
		"uber-trace-id: " TRACE ":" SPAN ":0:1\r\n",
		"x-datadog-trace-id: 1234567890\r\n",
		"x-datadog-parent-id: 987654321\r\n",
		"X-Amzn-Trace-Id: Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=" SPAN ";Sampled=1\r\n",
		"X-Cloud-Trace-Context: " TRACE "/123;o=1\r\n",
		"Content-Length: 12\r\n",
		"Transfer-Encoding: chunked\r\n",
		"Host: shop.example\r\n",
		"traceparen: 1\r\n",
		"A:\n",
	};
	uint32_t len = (uint32_t)sprintf(head, "GET /%.*s HTTP/1.1\r\n", (int)(random_number() % 20),
					 "aaaaaaaaaaaaaaaaaaaaaaaa");

	for (uint32_t n = (uint32_t)(random_number() % 8); n; n--) {
		if (random_number() % 8 == 0) { /* a long line, some of a wanted name */
			const uint32_t n_long = (uint32_t)(random_number() % 1000);

			len += (uint32_t)sprintf(head + len, "%s", random_number() % 2 ? "cookie: " : "tracestate: ");
			memset(head + len, 'c', n_long);
			len += n_long;
			len += (uint32_t)sprintf(head + len, "\r\n");
		} else if (random_number() % 8 == 0) {
			const uint32_t n_blanks = (uint32_t)(random_number() % 200);

			len += (uint32_t)sprintf(head + len, "traceparent:%*s00-" TRACE "-" SPAN "-01\r\n",
						 (int)n_blanks, "");
		} else {
			len += (uint32_t)sprintf(head + len, "%s", lines[random_number() % COUNT(lines)]);
		}
	}
	return len + (uint32_t)sprintf(head + len, "\r\n");
}

static void assert_same(const struct search_walk *whole, const struct search_walk *pieces, const char *head)
{
	struct search_walk a = *whole, b = *pieces;
	struct ws_record r_a, r_b;

	a.open.value = a.open.value ? a.open_value : NULL;
	b.open.value = b.open.value ? b.open_value : NULL;
	assert_int_equal(search_walk_choose(&a, &r_a), search_walk_choose(&b, &r_b));
	if (memcmp(&r_a, &r_b, sizeof(r_a)) != 0 || a.search.end != b.search.end)
		fail_msg("other answers for\n%s", head);
	if (a.search.end != WS_SEARCH_HEAD_END)
		return;
	assert_int_equal(a.search.base_off + a.search.pos, b.search.base_off + b.search.pos);
	assert_int_equal(a.search.body_len, b.search.body_len);
	assert_int_equal(a.search.is_open_ended, b.search.is_open_ended);
	assert_int_equal(a.search.is_chunked, b.search.is_chunked);
}

static struct search_walk walk_in_two(const char *head, uint32_t len, uint32_t cut)
{
	struct search_walk w;

	search_walk_begin(&w, &wanted, &names, WS_WINDOW_MAX, ws_guard);
	assert_true(ws_search_goes_on(search_walk_piece(&w, (const uint8_t *)head, cut)));
	search_walk_piece(&w, (const uint8_t *)head + cut, len - cut);
	return w;
}

static void a_head_in_two_is_found_as_the_whole(void **state)
{
	char head[HEAD_MAX];

	(void)state;
	want("default");
	for (int n = 0; n < 150; n++) {
		const uint32_t len = random_head(head);
		const struct search_walk whole = walk_window(head, len, WS_WINDOW_MAX);

		assert_int_equal(whole.search.end, WS_SEARCH_HEAD_END);
		assert_int_equal(whole.search.pos, len);
		for (uint32_t cut = 1; cut < len; cut++) {
			const struct search_walk two = walk_in_two(head, len, cut);

			assert_same(&whole, &two, head);
		}
	}
}

static void a_head_in_many_pieces_is_found_as_the_whole(void **state)
{
	char head[HEAD_MAX];

	(void)state;
	want("default");
	for (int n = 0; n < 600; n++) {
		const uint32_t len = random_head(head), step_max = n % 3 == 0 ? 1 : n % 3 == 1 ? 10 : 400;
		const struct search_walk whole = walk_window(head, len, WS_WINDOW_MAX);
		struct search_walk w;

		search_walk_begin(&w, &wanted, &names, WS_WINDOW_MAX, ws_guard);
		for (uint32_t at = 0, step; at < len; at += step) {
			step = 1 + (uint32_t)(random_number() % step_max);
			step = step < len - at ? step : len - at;
			search_walk_piece(&w, (const uint8_t *)head + at, step);
		}
		assert_same(&whole, &w, head);
	}
}

/* Found within N bytes if and only if the ids end within them. */
static void a_window_finds_what_ends_in_it(void **state)
{
	char head[HEAD_MAX];

	(void)state;
	want("default");
	for (int n = 0; n < 60; n++) {
		const uint32_t len = random_head(head);
		struct search_walk whole = walk_window(head, len, WS_WINDOW_MAX);
		struct ws_record all;
		const bool is_found = search_walk_choose(&whole, &all);

		for (uint32_t window = 1; window < len + 2; window++) {
			struct search_walk w = walk_window(head, len, window);
			struct ws_record r;

			assert_true(w.search.end == WS_SEARCH_HEAD_END || w.search.end == WS_SEARCH_WINDOW);
			if (search_walk_choose(&w, &r)) {
				assert_in_range(r.ids_end_off, 1, window);
				assert_true(is_found && r.ids_end_off >= all.ids_end_off);
			} else {
				assert_true(!is_found || all.ids_end_off > window);
			}
		}
	}
}

static void lines_behind_the_window_are_not_looked_at(void **state)
{
	static const char head[] = BEGIN "Host: a\r\n" W3C "\r\n";
	const uint32_t line_off = (uint32_t)strlen(BEGIN "Host: a\r\n");

	(void)state;
	want("default");
	assert_int_equal(walk_window(head, sizeof(head) - 1, line_off).n_notes, 0);
	assert_int_equal(walk_window(head, sizeof(head) - 1, line_off).search.end, WS_SEARCH_WINDOW);
	assert_int_equal(walk_window(head, sizeof(head) - 1, line_off + 1).n_notes, 1);
}

/* The end of a head right behind the window is seen, so that its body can be skipped. */
static void a_head_that_ends_at_the_window_has_ended(void **state)
{
	static const char head[] = BEGIN "Host: a\r\n\r\n";

	(void)state;
	want("default");
	for (uint32_t window = sizeof(BEGIN); window < sizeof(head); window++) {
		const struct search_walk w = walk_window(head, sizeof(head) - 1, window);

		assert_int_equal(w.search.end, WS_SEARCH_HEAD_END);
		assert_int_equal(w.search.pos, sizeof(head) - 1);
	}
}

static void more_lines_than_there_is_room_for_are_told(void **state)
{
	char head[HEAD_MAX] = BEGIN;
	struct search_walk w;
	struct ws_record r;
	uint32_t n_lines = 0;

	(void)state;
	want("default");
	strcat(head, W3C);
	while (strlen(head) + 300 < sizeof(head)) {
		strcat(head, "sw8: 1-");
		memset(head + strlen(head), 'A', 240);
		strcat(head, "\r\n");
		n_lines++;
	}
	strcat(head, "\r\n");
	w = walk(head);
	assert_int_equal(w.search.end, WS_SEARCH_HEAD_END);
	assert_true(w.is_crowded);
	assert_in_range(w.n_notes, 7, n_lines);
	assert_in_range(w.notes.n_words, WS_NOTES_WORDS - 2 * WS_NOTE_WORDS, WS_NOTES_WORDS);
	assert_true(search_walk_choose(&w, &r)); /* what came first is there */
	assert_int_equal(r.family, WS_FAMILY_W3C);
}

static void a_value_longer_than_is_looked_at_is_cut(void **state)
{
	struct search_walk w;
	struct ws_field f;
	char head[HEAD_MAX];
	uint32_t at = 0;

	(void)state;
	want("default");
	snprintf(head, sizeof(head), BEGIN "traceparent: %0500d\r\n\r\n", 0);
	w = walk(head);
	assert_true(ws_notes_next(w.notes.word, w.notes.n_words, &at, &wanted, &f));
	assert_true(f.is_cut);
	assert_int_equal(f.len, 72);
}

/* As the bytes end anywhere, nothing behind them is read: the guard page would say so. */
static void every_beginning_of_a_head_is_safe(void **state)
{
	char head[HEAD_MAX];

	(void)state;
	want("all");
	for (int n = 0; n < 100; n++) {
		const uint32_t len = random_head(head);

		for (uint32_t k = 1; k < len; k++)
			assert_true(ws_search_goes_on(walk_window(head, k, WS_WINDOW_MAX).search.end));
	}
}

static void any_bytes_are_safe(void **state)
{
	uint8_t bytes[600];

	(void)state;
	want("all");
	for (int n = 0; n < 20000; n++) {
		const uint32_t len = 1 + (uint32_t)(random_number() % sizeof(bytes));

		for (uint32_t i = 0; i < len; i++)
			bytes[i] = random_number() % 4 ? (uint8_t)random_number()
						       : (uint8_t) "\r\n: "[random_number() % 4];
		if (n % 2 && len > 20)
			memcpy(bytes, BEGIN, 16);
		walk_window(bytes, len, 1 + (uint32_t)(random_number() % 700));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found),
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(other_characters_are_as_they_are),
		cmocka_unit_test(parts_of_names_are_none),
		cmocka_unit_test(only_wanted_names_are_found),
		cmocka_unit_test(users_names_are_found),
		cmocka_unit_test(names_with_the_same_beginning_are_found),
		cmocka_unit_test(a_note_has_the_value_and_its_place),
		cmocka_unit_test(words_that_are_no_note_are_refused),
		cmocka_unit_test(request_lines),
		cmocka_unit_test(lengths_of_bodies),
		cmocka_unit_test(a_head_in_two_is_found_as_the_whole),
		cmocka_unit_test(a_head_in_many_pieces_is_found_as_the_whole),
		cmocka_unit_test(a_window_finds_what_ends_in_it),
		cmocka_unit_test(lines_behind_the_window_are_not_looked_at),
		cmocka_unit_test(a_head_that_ends_at_the_window_has_ended),
		cmocka_unit_test(more_lines_than_there_is_room_for_are_told),
		cmocka_unit_test(a_value_longer_than_is_looked_at_is_cut),
		cmocka_unit_test(every_beginning_of_a_head_is_safe),
		cmocka_unit_test(any_bytes_are_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
