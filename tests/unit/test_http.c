/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http - what a payload begins with, and where a request line ends. Every input ends at a guard page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/http.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct kind_case {
	const char *text;
	enum ws_http_kind kind;
	uint32_t enough; /* with so many of its bytes the answer is known, with fewer it is WS_HTTP_NONE */
};

static const struct kind_case kind_cases[] = {
	{ "GET / HTTP/1.1\r\n", WS_HTTP_REQUEST, 5 },
	{ "GET http://example.net/ HTTP/1.0\r\n", WS_HTTP_REQUEST, 5 },
	{ "OPTIONS * HTTP/1.1\r\n", WS_HTTP_REQUEST, 9 },
	{ "CONNECT example.net:443 HTTP/1.1\r\n", WS_HTTP_REQUEST, 9 },
	{ "M-SEARCH * HTTP/1.1\r\n", WS_HTTP_REQUEST, 10 },
	{ "UPDATEREDIRECTREF /x HTTP/1.1\r\n", WS_HTTP_REQUEST, 19 },
	{ "BASELINE-CONTROL /x HTTP/1.1\r\n", WS_HTTP_REQUEST, 18 },
	{ "TWENTY-LETTER-METHOD /x HTTP/1.1\r\n", WS_HTTP_REQUEST, 22 },
	{ "A / HTTP/1.1\r\n", WS_HTTP_REQUEST, 3 },
	{ "HTTP /x HTTP/1.1\r\n", WS_HTTP_REQUEST, 6 },
	{ "GET ~", WS_HTTP_REQUEST, 5 },
	{ "GET !", WS_HTTP_REQUEST, 5 },
	/* what HTTP/2 begins with looks like a request line; that it is none shows at its end */
	{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", WS_HTTP_REQUEST, 5 },
	{ "HTTP/1.1 200 OK\r\n", WS_HTTP_RESPONSE, 9 },
	{ "HTTP/1.0 404 Not Found\r\n", WS_HTTP_RESPONSE, 9 },
	{ "HTTP/2 200\r\n", WS_HTTP_NONE, 0 },
	{ "HTTP/3.1 200\r\n", WS_HTTP_NONE, 0 },
	{ "http/1.1 200 OK\r\n", WS_HTTP_NONE, 0 },
	{ "TWENTY1-LETTER-METHOD /x HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "TWENTYONE-LETTERS-LON /x HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "get / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "Get / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "GET  / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "GET\t/ HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "GET \r\n", WS_HTTP_NONE, 0 },
	{ "GET \x7f", WS_HTTP_NONE, 0 },
	{ "GET \x80", WS_HTTP_NONE, 0 },
	{ "GET/ HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ " GET / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "\r\nGET / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "-GET / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "@ET / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "[ET / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "G@T / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "G[T / HTTP/1.1\r\n", WS_HTTP_NONE, 0 },
	{ "traceparent: 00-", WS_HTTP_NONE, 0 },
	{ "{\"name\": \"GET / HTTP/1.1\"}", WS_HTTP_NONE, 0 },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", WS_HTTP_NONE, 0 },
	/* TLS records, by type and version */
	{ "\x14\x03\x03", WS_HTTP_TLS, 3 },
	{ "\x15\x03\x03", WS_HTTP_TLS, 3 },
	{ "\x16\x03\x01\x02", WS_HTTP_TLS, 3 },
	{ "\x17\x03\x03\x40\x11", WS_HTTP_TLS, 3 },
	{ "\x18\x03\x04", WS_HTTP_TLS, 3 },
	{ "\x13\x03\x03", WS_HTTP_NONE, 0 },
	{ "\x19\x03\x03", WS_HTTP_NONE, 0 },
	{ "\x16\x02\x01", WS_HTTP_NONE, 0 },
	{ "\x16\x04\x01", WS_HTTP_NONE, 0 },
	{ "\x16\x03\x05", WS_HTTP_NONE, 0 },
	{ "\x96\x03\x01", WS_HTTP_NONE, 0 },
};

/* May the n bytes of text be the beginning of a request, as far as in its method or the blank behind it? */
static bool is_in_method(const char *text, uint32_t n)
{
	uint32_t len = 0;

	while (len < n && ((text[len] >= 'A' && text[len] <= 'Z') || (len && text[len] == '-')))
		len++;
	return len && len <= WS_HTTP_METHOD_MAX && (len == n || (len + 1 == n && text[len] == ' '));
}

/* At every offset and cut at every length. */
static void kinds(void **state)
{
	const struct kind_case *c = *state;
	uint32_t len = (uint32_t)strlen(c->text);
	char shifted[128] = "GET / HTTP/1.1\r\n";

	for (uint32_t off = 0; off < 20; off++) {
		memcpy(shifted + off, c->text, len);
		for (uint32_t n = 0; n <= len; n++) {
			struct ws_bytes b = ws_guard(shifted, off + n);
			enum ws_http_kind want = c->kind && n >= c->enough ? c->kind : WS_HTTP_NONE;

			if (is_in_method(c->text, n))
				want = WS_HTTP_IN_METHOD;
			assert_int_equal(ws_http_kind(&b, off), want);
		}
	}
}

/* Status codes, at every offset and cut at every length. */
static void statuses(void **state)
{
	static const struct {
		const char *line;
		uint16_t status;
	} cases[] = {
		{ "HTTP/1.1 200 OK", 200 },	{ "HTTP/1.0 404 Not Found", 404 }, { "HTTP/1.1 100", 100 },
		{ "HTTP/1.1 000 ", 0 },		{ "HTTP/1.1 999\r\n", 999 },	   { "HTTP/1.1 2000 ", 200 },
		{ "HTTP/1.1 2:0 OK", 0 },	{ "HTTP/1.1 /00 OK", 0 },	   { "HTTP/1.1 20/ OK", 0 },
		{ "HTTP/1.1  200 OK", 0 },	{ "HTTP/1.1 20\r\n", 0 },	   { "HTTP/1.1 +20 OK", 0 },
		{ "HTTP/1.1 2\xb0\xb0 OK", 0 },
	};
	char shifted[64] = "HTTP/1.1 500 ";

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (uint32_t off = 0; off < 20; off++) {
			const uint32_t len = (uint32_t)strlen(cases[i].line);

			memcpy(shifted + off, cases[i].line, len);
			for (uint32_t n = 0; n <= len; n++) {
				struct ws_bytes b = ws_guard(shifted, off + n);

				assert_int_equal(ws_http_status(&b, off), n >= 12 ? cases[i].status : 0);
			}
		}
}

/* The start that the kernel reads is enough for every answer. */
static void start_is_enough(void **state)
{
	struct ws_bytes b;

	(void)state;
	for (size_t i = 0; i < COUNT(kind_cases); i++) {
		uint32_t len = (uint32_t)strlen(kind_cases[i].text);

		b = ws_guard(kind_cases[i].text, len < WS_HTTP_START_LEN ? len : WS_HTTP_START_LEN);
		assert_int_equal(ws_http_kind(&b, 0), kind_cases[i].kind);
	}
}

/* Every first byte behind "GET ", and every byte in a method (RFC 9110 9.1, RFC 9112 3.2). */
static void every_byte(void **state)
{
	struct ws_bytes b;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char target[] = "GET ?", method[] = "G?T /";
		int is_method = (c >= 'A' && c <= 'Z') || c == '-';
		enum ws_http_kind want = is_method ? WS_HTTP_REQUEST : WS_HTTP_NONE;

		target[4] = method[1] = (char)c;
		b = ws_guard(target, 5);
		assert_int_equal(ws_http_kind(&b, 0), c > 0x20 && c < 0x7f ? WS_HTTP_REQUEST : WS_HTTP_NONE);
		b = ws_guard(method, 5);
		if (c == ' ') /* "G T /": a method of one letter */
			want = WS_HTTP_REQUEST;
		assert_int_equal(ws_http_kind(&b, 0), want);
	}
}

static void request_line_ends(void **state)
{
	static const struct {
		const char *line;
		int is_end;
	} cases[] = {
		{ "GET / HTTP/1.1", 1 },
		{ "GET / HTTP/1.0", 1 },
		{ "GET / HTTP/1.9", 1 },
		{ " HTTP/1.1", 1 },
		{ "GET / HTTP/1.1 ", 0 },
		{ "GET / HTTP/1.", 0 },
		{ "GET / HTTP/1.x", 0 },
		{ "GET / HTTP/1./", 0 },
		{ "GET / HTTP/1.:", 0 },
		{ "GET / HTTP/1.10", 0 },
		{ "GET / HTTP/2.0", 0 },
		{ "GET / HTTP/0.9", 0 },
		{ "GET / http/1.1", 0 },
		{ "GET / HTTPS/1.1", 0 },
		{ "GET /HTTP/1.1", 0 },
		{ "GET /\tHTTP/1.1", 0 },
		{ "HTTP/1.1", 0 },
		{ "GET /", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ws_bytes b = ws_guard(cases[i].line, (uint32_t)strlen(cases[i].line));

		assert_int_equal(ws_http_ends_request_line(&b, b.len), cases[i].is_end);
	}
}

/* enough: as far as the target's first byte, or as far as CONNECT's blank. */
static void plausible_targets(void **state)
{
	static const struct {
		const char *line;
		uint32_t enough; /* 0: never */
	} cases[] = {
		{ "GET /a", 5 },
		{ "GET *", 5 },
		{ "GET http://example.net/", 5 },
		{ "GET HTTPS://example.net/", 5 },
		{ "CONNECT example.net:443", 9 },
		{ "CONNECT [::1]:443", 9 },
		{ "TWENTY-LETTER-METHOD /", 22 },
		{ "GET foo", 0 },
		{ "GET 0", 0 },
		{ "CONNECTS example.net", 0 },
		{ "A CONNECT /", 0 },
		{ "TWENTYONE-LETTERS-LON /", 0 },
		{ "GET", 0 },
		{ "GETTING", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (uint32_t n = 0; n <= strlen(cases[i].line); n++) {
			struct ws_bytes b = ws_guard(cases[i].line, n);

			int want = cases[i].enough && n >= cases[i].enough;

			if (n < 22 && !memchr(cases[i].line, ' ', n > 0 ? n - 1 : 0))
				want = -1;
			assert_int_equal(ws_http_plausible_target(&b, 0), want);
		}
	}
}

/*
 * The newline search against a byte at a time: a newline at every place, among bytes that are nearly newlines. It names
 * every newline, and may name other bytes.
 */
static void newlines(void **state)
{
	static const uint8_t nearly[] = { 0x0b, 0x09, 0x8a, 0x00, 0x0a ^ 0x80, 0xff, 0x01, 0x0b };
	uint8_t text[200];

	(void)state;
	for (uint32_t len = 0; len < sizeof(text); len++) {
		for (uint32_t newline = 0; newline <= len; newline += 1 + len % 5) {
			struct ws_bytes b;

			for (uint32_t i = 0; i < len; i++)
				text[i] = nearly[i % sizeof(nearly)];
			if (newline < len)
				text[newline] = '\n';
			b = ws_guard(text, len);
			for (uint32_t off = 0; off <= len; off++) {
				const uint64_t found = ws_bytes_newlines(&b, off);

				for (uint32_t i = 0; i < WS_BYTES_STEP; i++)
					if (off + i < len && text[off + i] == '\n')
						assert_true(found >> i & 1);
				if (found)
					assert_int_equal(ws_bytes_lowest(found), __builtin_ctzll(found));
			}
		}
	}
}

/* In a head without control bytes nothing but the newlines is named: the search's speed depends on it. */
static void newlines_only(void **state)
{
	static const char text[] = "GET /a HTTP/1.1\r\nhost: b\r\n~}{ !\"\r\n0123456789abcdef\r\n";
	const struct ws_bytes b = ws_guard(text, sizeof(text) - 1);
	uint64_t want = 0;

	(void)state;
	for (uint32_t i = 0; i < b.len; i++)
		want |= (uint64_t)(text[i] == '\n') << i;
	assert_true((ws_bytes_newlines(&b, 0) & ((1ull << b.len) - 1)) == want);
}

/* A test is named after what it classifies; control bytes would disturb the terminal. */
static const char *name_of(const char *text, char name[64])
{
	size_t n = 0;

	for (; *text && n < 58; text++)
		n += (size_t)snprintf(name + n, 64 - n, *text > 0x1f && *text < 0x7f ? "%c" : "\\x%02x", *text & 0xff);
	return name;
}

int main(void)
{
	static struct CMUnitTest tests[6 + COUNT(kind_cases)] = {
		cmocka_unit_test(statuses),	     cmocka_unit_test(start_is_enough),	  cmocka_unit_test(every_byte),
		cmocka_unit_test(request_line_ends), cmocka_unit_test(plausible_targets), cmocka_unit_test(newlines),
		cmocka_unit_test(newlines_only),
	};
	static char names[COUNT(kind_cases)][64];

	for (size_t i = 0; i < COUNT(kind_cases); i++)
		tests[6 + i] = (struct CMUnitTest) {
			.name = name_of(kind_cases[i].text, names[i]),
			.test_func = kinds,
			.initial_state = (void *)&kind_cases[i],
		};
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
