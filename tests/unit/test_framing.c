/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_framing - where request heads and their bodies end. Heads are cut at every byte, chunked bodies are fed in every
 * split; every input ends at a guard page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "ingest/framing.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define UNKNOWN	     UINT64_MAX

static uint64_t seed = 0x2545f4914f6cdd1du;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) % n);
}

struct head_case {
	const char *head;
	const char *behind; /* bytes that are no part of it */
	uint64_t body_len;  /* UNKNOWN: open-ended */
	bool is_chunked;
};

#define POST "POST / HTTP/1.1\r\n"

static const struct head_case head_cases[] = {
	{ "GET / HTTP/1.1\r\n\r\n", "", 0, false },
	{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", 0, false },
	{ "GET / HTTP/1.1\n\n", "\n", 0, false },
	{ "GET / HTTP/1.1\nHost: a\n\n", "x", 0, false },
	{ "GET / HTTP/1.1\r\nHost: a\n\r\n", "\r\n", 0, false },
	{ "GET / HTTP/1.1\nHost: a\r\n\n", "\r\n", 0, false },
	{ "GET / HTTP/1.1\r\nA: \r\r\n\r\n", "", 0, false },
	{ POST "Content-Length: 5\r\n\r\n", "hello", 5, false },
	{ POST "content-length:5\r\n\r\n", "hello", 5, false },
	{ POST "CONTENT-LENGTH: \t 5 \t\r\n\r\n", "hello", 5, false },
	{ POST "Content-Length: 5\n\n", "hello", 5, false },
	{ POST "Content-Length: 0\r\n\r\n", "", 0, false },
	{ POST "Content-Length: 0000000000000000005\r\n\r\n", "hello", 5, false },
	{ POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "hello", 5, false },
	{ POST "Host: a\r\nContent-Length: 1073741824\r\nA: b\r\n\r\n", "", 1u << 30, false },
	/* lengths that cannot be */
	{ POST "Content-Length: 1073741825\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 4294967296\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 4294967301\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 18446744073709551621\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 99999999999999999999999999999999\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length:\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: \n\n", "", UNKNOWN, false },
	{ POST "Content-Length: five\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: -5\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: +5\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 5x\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 5, 6\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: 0x5\r\n\r\n", "", UNKNOWN, false },
	{ POST "Content-Length: \"5\"\r\n\r\n", "", UNKNOWN, false },
	/* names that are not it */
	{ POST "X-Content-Length: 5\r\n\r\n", "", 0, false },
	{ POST "Content-Length-X: 5\r\n\r\n", "", 0, false },
	{ POST "Content-Lengt: 5\r\n\r\n", "", 0, false },
	{ POST "A: Content-Length: 5\r\n\r\n", "", 0, false },
	{ "GET /content-length: HTTP/1.1\r\n\r\n", "", 0, false },
	/* chunked */
	{ POST "Transfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n", 0, true },
	{ POST "transfer-encoding:chunked\n\n", "0\n\n", 0, true },
	{ POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "0\r\n\r\n", 0, true },
	{ POST "X-Transfer-Encoding: chunked\r\n\r\n", "", 0, false },
	{ POST "TE: chunked\r\n\r\n", "", 0, false },
};

static int read_head(const char *text, uint32_t len, struct ws_framing *f)
{
	struct ws_bytes b = ws_guard(text, len);

	memset(f, 0x5a, sizeof(*f));
	return ws_framing_read(b.data, b.len, f);
}

static void check_head(const struct head_case *c, const struct ws_framing *f)
{
	assert_int_equal(f->head_len, strlen(c->head));
	assert_int_equal(f->is_chunked, c->is_chunked);
	assert_int_equal(f->is_open_ended, c->body_len == UNKNOWN);
	if (!f->is_open_ended)
		assert_int_equal(f->body_len, c->body_len);
}

static void head_at_every_length(void **state)
{
	const struct head_case *c = *state;
	uint32_t head_len = (uint32_t)strlen(c->head), len;
	struct ws_framing f;
	char text[256];

	len = (uint32_t)snprintf(text, sizeof(text), "%s%s", c->head, c->behind);
	for (uint32_t n = 0; n < head_len; n++)
		assert_int_equal(read_head(text, n, &f), -EAGAIN);
	for (uint32_t n = head_len; n <= len; n++) {
		assert_int_equal(read_head(text, n, &f), 0);
		check_head(c, &f);
	}
}

/* Both are there: the chunks say where the body ends (RFC 9112 6.3). */
static void chunked_and_length(void **state)
{
	static const char *const heads[] = {
		POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	};
	struct ws_framing f;

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		assert_int_equal(read_head(heads[i], (uint32_t)strlen(heads[i]), &f), 0);
		assert_true(f.is_chunked);
	}
}

static void random_heads(void **state)
{
	static const char *const pieces[] = {
		"\r\n",		  "\n", "\r", "Content-Length:", "Transfer-Encoding:", " ", "7", "99999999", "chunked",
		"GET / HTTP/1.1", ":",
	};
	uint32_t n_whole = 0;

	(void)state;
	for (int turn = 0; turn < 200000; turn++) {
		char text[512] = "";
		struct ws_framing f, again;
		uint32_t len;

		for (uint32_t n = random_below(16); n; n--)
			strcat(text, pieces[random_below(COUNT(pieces))]);
		len = (uint32_t)strlen(text);
		if (read_head(text, len, &f))
			continue;
		n_whole++;
		assert_in_range(f.head_len, 1, len);
		assert_int_equal(text[f.head_len - 1], '\n');
		assert_true(f.is_open_ended || f.body_len <= 1u << 30);
		assert_int_equal(read_head(text, f.head_len, &again), 0);
		assert_memory_equal(&again.head_len, &f.head_len, sizeof(f.head_len));
		assert_int_equal(read_head(text, f.head_len - 1, &again), -EAGAIN);
	}
	assert_in_range(n_whole, 1000, 200000);
}

struct chunk_case {
	const char *body;
	const char *behind; /* bytes of whatever follows */
};

static const struct chunk_case chunk_cases[] = {
	{ "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n" },
	{ "0\n\n", "GET / HTTP/1.1\n\n" },
	{ "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello" },
	{ "00000005\r\nhello\r\n000\r\n\r\n", "0\r\n\r\n" },
	{ "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "x" },
	{ "1f\r\n0123456789012345678901234567890\r\n0\r\n\r\n", "x" },
	{ "2\r\n\r\n\r\n2\r\n0\r\r\n1\r\n\n\r\n0\r\n\r\n", "\r\n" },
	{ "5;name=value\r\nhello\r\n0;last\r\n\r\n", "x" },
	{ "5 ;name=\"a;b\"\r\nhello\r\n0 \r\n\r\n", "x" },
	{ "0\r\nA: b\r\nTrailer: 0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n" },
	{ "1\r\nx\r\n0\r\nA: b\nC: d\n\n", "\n" },
	/* data that looks like the end of it */
	{ "1a\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n\r\r\n0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n" },
	{ "7\r\n\r\n0\r\n\r\n\r\n7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", "x" },
	/* what is no chunked body ends where that shows */
	{ "", "xyz\r\n" },
	{ "", "GET / HTTP/1.1\r\n\r\n" },
	{ "5\r\nhello\r\n", "GET / HTTP/1.1\r\n\r\n" },
	{ "5", "-\r\nhello" },
};

/* A body, fed in pieces that each end at the guard page. */
struct feed {
	struct ws_chunks chunks;
	uint32_t n_taken;
	bool has_ended;
};

static void feed_piece(struct feed *f, const char *text, uint32_t len)
{
	struct ws_bytes b = ws_guard(text, len);
	uint32_t n;

	if (f->has_ended)
		return;
	n = ws_chunks_read(&f->chunks, b.data, b.len, &f->has_ended);
	assert_in_range(n, 0, len);
	assert_true(f->has_ended || n == len);
	f->n_taken += n;
}

static void check_feed(const struct feed *f, const struct chunk_case *c)
{
	assert_true(f->has_ended);
	assert_int_equal(f->n_taken, strlen(c->body));
}

static void feed_in_three(const struct chunk_case *c, const char *text, uint32_t len)
{
	for (uint32_t first = 0; first <= len; first++) {
		for (uint32_t second = first; second <= len; second++) {
			struct feed f = { 0 };

			feed_piece(&f, text, first);
			feed_piece(&f, text + first, second - first);
			feed_piece(&f, text + second, len - second);
			check_feed(&f, c);
		}
	}
}

static void chunks_in_every_split(void **state)
{
	const struct chunk_case *c = *state;
	struct feed bytewise = { 0 };
	char text[256];
	uint32_t len = (uint32_t)snprintf(text, sizeof(text), "%s%s", c->body, c->behind);

	feed_in_three(c, text, len);
	for (uint32_t at = 0; at < len; at++)
		feed_piece(&bytewise, text + at, 1);
	check_feed(&bytewise, c);
}

/* As long as the body goes on, every byte is taken and nothing ends. */
static void unfinished_chunks(void **state)
{
	const struct chunk_case *c = *state;

	for (uint32_t len = 0; len < strlen(c->body); len++) {
		struct feed f = { 0 };

		feed_piece(&f, c->body, len);
		assert_false(f.has_ended);
		assert_int_equal(f.n_taken, len);
	}
}

/* A size that no body has: it ends there, or goes on, but never wraps to a small one. */
static void hostile_sizes(void **state)
{
	static const char *const sizes[] = {
		"FFFFFFFF",	     "ffffffffffffffff",
		"FFFFFFFFFFFFFFFE",  "fffffffffffffffe",
		"10000000000000000", "10000000000000001",
		"7fffffffffffffff",  "100000000",
		"100000001",	     "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
		"ffffffff0",	     "400000010",
		"40000001",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct feed f = { 0 };
		char text[128];
		uint32_t size_len = (uint32_t)strlen(sizes[i]);

		snprintf(text, sizeof(text), "%s\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", sizes[i]);
		feed_piece(&f, text, (uint32_t)strlen(text));
		if (f.has_ended)
			assert_in_range(f.n_taken, 0, size_len);
		else
			assert_int_equal(f.n_taken, strlen(text));
	}
}

/* However the bytes are split, the answer is the same. */
static void random_chunks_in_random_splits(void **state)
{
	static const char letters[] = "0000123aF;\r\n\r\n\r\n x";
	uint32_t n_ended = 0;

	(void)state;
	for (int turn = 0; turn < 200000; turn++) {
		struct feed whole = { 0 }, split = { 0 };
		uint32_t len = random_below(48);
		char text[48];

		for (uint32_t i = 0; i < len; i++)
			text[i] = letters[random_below(sizeof(letters) - 1)];
		feed_piece(&whole, text, len);
		for (uint32_t at = 0, n; at < len; at += n) {
			n = 1 + random_below(len - at);
			feed_piece(&split, text + at, n);
		}
		assert_int_equal(split.has_ended, whole.has_ended);
		assert_int_equal(split.n_taken, whole.n_taken);
		n_ended += whole.has_ended;
	}
	assert_in_range(n_ended, 1000, 199000);
}

/* RFC 9112 7.1: a chunk's size has at least one digit; a line without is no chunked body. */
static void size_line_without_digits(void **state)
{
	static const char *const texts[] = { "\r\nGET / HTTP/1.1\r\n\r\n", ";x\r\nGET / HTTP/1.1\r\n\r\n", "\n\n",
					     " \r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct feed f = { 0 };

		feed_piece(&f, texts[i], (uint32_t)strlen(texts[i]));
		assert_true(f.has_ended);
		assert_int_equal(f.n_taken, 0);
	}
}

#define N_FIXED 5
#define N_TESTS (N_FIXED + COUNT(head_cases) + 2 * COUNT(chunk_cases))

static void add_test(struct CMUnitTest *test, const char *what, size_t i, CMUnitTestFunction function, const void *c)
{
	static char names[N_TESTS][32];
	static size_t n;

	snprintf(names[n], sizeof(names[n]), "%s %zu", what, i);
	*test = (struct CMUnitTest) { .name = names[n++], .test_func = function, .initial_state = (void *)c };
}

int main(void)
{
	static struct CMUnitTest tests[N_TESTS] = {
		cmocka_unit_test(chunked_and_length),
		cmocka_unit_test(random_heads),
		cmocka_unit_test(hostile_sizes),
		cmocka_unit_test(random_chunks_in_random_splits),
		cmocka_unit_test(size_line_without_digits),
	};
	size_t n = N_FIXED;

	for (size_t i = 0; i < COUNT(head_cases); i++)
		add_test(&tests[n++], "head", i, head_at_every_length, &head_cases[i]);
	for (size_t i = 0; i < COUNT(chunk_cases); i++) {
		add_test(&tests[n++], "chunks", i, chunks_in_every_split, &chunk_cases[i]);
		add_test(&tests[n++], "unfinished chunks", i, unfinished_chunks, &chunk_cases[i]);
	}
	return cmocka_run_group_tests_name("framing", tests, NULL, NULL);
}
