/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_context - the values of context headers, one line at a time: what counts, what is refused and why, and what is
 * said of a value that is cut at any byte. Every value ends at a guard page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/context.h"
#include "lib/context_parts.h"
#include "lib/names.h"
#include "tests/unit/context_cases.h"
#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define LINE_OFF  1000
#define VALUE_OFF 1013

/* What is found in one line, beside the other one that its family needs. The value ends at the guard page. */
struct answer {
	struct ws_record r;
	int is_found;
	uint8_t why;
};

static void add(struct ws_contexts *c, const struct ws_wanted *wanted, uint8_t header, const char *value, uint32_t len,
		uint32_t line_off, bool is_cut)
{
	const struct ws_bytes b = ws_guard(value, len);
	const struct ws_field field = { .header = header,
					.is_cut = is_cut,
					.value = b.data,
					.len = len,
					.line_off = line_off,
					.value_off = line_off + VALUE_OFF - LINE_OFF };

	ws_contexts_add(c, wanted, &field);
}

/* Lines at the head's beginning that make the tested one a whole context. */
static void add_companion(struct ws_contexts *c, const struct ws_wanted *wanted, uint8_t header)
{
	if (header == B3_T)
		add(c, wanted, B3_S, W_SPAN, 16, 100, false);
	else if (header == B3_S || header == B3_P)
		add(c, wanted, B3_T, W_TRACE, 32, 100, false);
	else if (header == DD_T)
		add(c, wanted, DD_P, "13235353014750950193", 20, 100, false);
	else if (header == DD_P)
		add(c, wanted, DD_T, "1", 1, 100, false);
}

static void want_all(struct ws_wanted *wanted)
{
	assert_int_equal(ws_wanted_parse("all,header:x-a,header:x-b", wanted, NULL), 0);
}

static struct answer read_line(uint8_t header, const char *value, uint32_t len, bool is_cut)
{
	struct ws_contexts c = { 0 };
	struct ws_wanted wanted;
	struct answer a = { 0 };

	want_all(&wanted);
	add_companion(&c, &wanted, header);
	add(&c, &wanted, header, value, len, LINE_OFF, is_cut);
	a.is_found = ws_contexts_choose(&c, &wanted, UINT32_MAX, &a.r, &a.why);
	return a;
}

static uint32_t length(const char *text)
{
	return (uint32_t)strlen(text);
}

/* Where the ids of the tested line end, counted from the value. */
static uint32_t ids_end(const struct good_case *c)
{
	return c->ids_end ? (uint32_t)(strstr(c->value, c->ids_end) - c->value) + length(c->ids_end) : length(c->value);
}

static void check_hex(const char *want, const uint8_t *id, size_t n)
{
	char text[33];

	assert_string_equal(ws_hex_text(id, n, text), want);
}

static void check_ids(const struct good_case *c, const struct answer *a)
{
	const bool has_companion = c->header == B3_T || c->header == B3_S || c->header == DD_T || c->header == DD_P;

	assert_int_equal(a->is_found, 1);
	assert_int_equal(a->r.reason, WS_REASON_CONTEXT);
	assert_int_equal(a->r.families, 1u << a->r.family);
	assert_int_equal(a->r.malformed, 0);
	assert_int_equal(a->r.flaw, WS_FLAW_NONE);
	assert_int_equal(a->r.flags, c->flags);
	check_hex(c->trace, a->r.trace_id, 16);
	check_hex(c->span, a->r.span_id, 8);
	assert_int_equal(a->r.ids_end_off, VALUE_OFF + ids_end(c));
	assert_int_equal(a->r.ctx_off, has_companion ? 100 : LINE_OFF);
}

static void good_whole(void **state)
{
	const struct good_case *c = *state;
	const struct answer a = read_line(c->header, c->value, length(c->value), false);
	uint32_t ctx_end = VALUE_OFF + ids_end(c);

	check_ids(c, &a);
	assert_int_equal(a.r.sampled, c->sampled);
	check_hex(c->parent ? c->parent : NO_ID, a.r.parent_span_id, 8);
	if (c->parent) { /* it may stand there without its leading zeros */
		const char *digits = c->parent + strspn(c->parent, "0");

		ctx_end = VALUE_OFF + (uint32_t)(strstr(c->value, digits) - c->value) + length(digits);
	}
	assert_int_equal(a.r.ctx_off + a.r.ctx_len, ctx_end);
}

/* Nothing is wrong with any of its beginnings; the ids count as soon as they are sure, and stay what they are. */
static void good_cut(void **state)
{
	const struct good_case *c = *state;
	const uint32_t len = length(c->value);

	for (uint32_t n = 0; n <= len; n++) {
		const struct answer a = read_line(c->header, c->value, n, true);

		if (n >= ids_end(c) + c->n_behind) {
			check_ids(c, &a);
			assert_true(a.r.sampled == UNKNOWN || a.r.sampled == c->sampled);
			continue;
		}
		assert_int_equal(a.is_found, 0);
		assert_true(a.why == WS_REASON_NO_CONTEXT || a.why == WS_REASON_INCOMPLETE);
		assert_int_equal(a.r.malformed, 0);
		check_hex(NO_TRACE, a.r.trace_id, 16);
	}
}

static void bad_whole(void **state)
{
	const struct bad_case *c = *state;
	const struct answer a = read_line(c->header, c->value, length(c->value), false);

	assert_int_equal(a.r.flaw, c->flaw);
	assert_int_not_equal(a.r.malformed, 0);
	if (c->header == DD_TAGS)
		return;
	assert_int_equal(a.is_found, 0);
	assert_int_equal(a.why, WS_REASON_MALFORMED);
	assert_int_equal(a.r.reason, 0);
	check_hex(NO_TRACE, a.r.trace_id, 16);
	check_hex(NO_ID, a.r.span_id, 8);
}

/* Where its end is not known the value may still be right; what is said is one or the other. */
static void bad_cut(void **state)
{
	const struct bad_case *c = *state;
	const uint32_t len = length(c->value);
	int was_refused = 0;

	for (uint32_t n = 0; n <= len; n++) {
		const struct answer a = read_line(c->header, c->value, n, true);

		assert_int_equal(a.r.malformed != 0, a.r.flaw != WS_FLAW_NONE);
		assert_false(was_refused && a.r.malformed == 0);
		was_refused = a.r.malformed != 0;
		if (a.r.malformed)
			assert_int_equal(a.is_found, 0);
	}
}

/* A refused line takes back nothing, before or behind a good one. */
static void bad_beside_good(void **state)
{
	const struct bad_case *bad = *state;
	const struct good_case *good = good_cases;
	struct ws_wanted wanted;

	while (good < good_cases + COUNT(good_cases) && good->header != bad->header)
		good++;
	if (good == good_cases + COUNT(good_cases))
		return;
	want_all(&wanted);
	for (int is_first = 0; is_first <= 1; is_first++) {
		struct ws_contexts c = { 0 };
		struct ws_record r = { 0 };
		uint8_t why;

		add_companion(&c, &wanted, bad->header);
		if (is_first)
			add(&c, &wanted, bad->header, bad->value, length(bad->value), 500, false);
		add(&c, &wanted, good->header, good->value, length(good->value), LINE_OFF, false);
		if (!is_first)
			add(&c, &wanted, bad->header, bad->value, length(bad->value), 2000, false);
		assert_int_equal(ws_contexts_choose(&c, &wanted, UINT32_MAX, &r, &why), 1);
		check_hex(good->trace, r.trace_id, 16);
		check_hex(good->span, r.span_id, 8);
		assert_int_equal(r.ids_end_off, VALUE_OFF + ids_end(good));
		assert_int_equal(r.malformed, r.families);
		assert_int_equal(r.flaw, bad->flaw);
	}
}

static void hex_digits(void **state)
{
	(void)state;
	for (int place_of = 0; place_of < 8; place_of++) {
		for (int c = 0; c < 256; c++) {
			uint64_t digits = 0x3030303030303030u;
			uint32_t bytes = 0, want;
			int is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

			digits ^= (uint64_t)(c ^ '0') << (8 * place_of);
			assert_int_equal(ws_hex8(digits, &bytes), is_hex ? 0 : -1);
			if (!is_hex)
				continue;
			want = (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10) << (place_of % 2 ? 0 : 4);
			assert_int_equal(bytes, want << (place_of / 2 * 8));
		}
	}
}

/* Upper case counts where it may; no other byte comes to be a digit by it. */
static void hex_digits_of_both_cases(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		uint8_t text[8] = "00000000", to[4];
		struct ws_value v = { .begin = text, .at = text, .end = text + 8, .digits = WS_DIGITS_HEX };
		int is_hex = c && strchr("0123456789abcdefABCDEF", c);

		text[3] = (uint8_t)c;
		assert_int_equal(ws_take_hex(&v, 8, to) == WS_FLAW_NONE, is_hex);
		if (is_hex)
			assert_int_equal(to[1], (int)strtol((char[]) { (char)c, 0 }, NULL, 16));
	}
}

/* One test for each case, so that a failure names it and the others are still run. */
#define ADD_CASES(cases, function)                                                                           \
	for (size_t i = 0; i < COUNT(cases); i++)                                                            \
		tests[n++] = (struct CMUnitTest)                                                             \
		{                                                                                            \
			.name = (cases)[i].name, .test_func = function, .initial_state = (void *)&(cases)[i] \
		}

int main(void)
{
	static struct CMUnitTest tests[2 * COUNT(good_cases) + 3 * COUNT(bad_cases) + 2] = {
		cmocka_unit_test(hex_digits),
		cmocka_unit_test(hex_digits_of_both_cases),
	};
	size_t n = 2;

	ADD_CASES(good_cases, good_whole);
	ADD_CASES(good_cases, good_cut);
	ADD_CASES(bad_cases, bad_whole);
	ADD_CASES(bad_cases, bad_cut);
	ADD_CASES(bad_cases, bad_beside_good);
	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
