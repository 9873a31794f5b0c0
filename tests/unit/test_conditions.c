/* SPDX-License-Identifier: BSD-2-Clause */
/* Conditions: kept by key, compared as a reader would, told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/conditions.h"

/* Makes conditions of keys and values; NULL ends them. */
static struct ws_conditions make(const char *first, ...)
{
	struct ws_conditions made = { 0 };
	va_list texts;

	va_start(texts, first);
	for (const char *key = first; key; key = va_arg(texts, const char *))
		assert_int_equal(ws_conditions_set(&made, key, va_arg(texts, const char *)), 0);
	va_end(texts);
	return made;
}

static void keys_are_kept_once_and_in_order(void **state)
{
	struct ws_conditions c = make("overlay", "vxlan", "attached", "both", "overlay", "ipip", NULL);

	(void)state;
	assert_int_equal(c.n, 2);
	assert_string_equal(c.at[0].key, "attached");
	assert_string_equal(ws_conditions_get(&c, "overlay"), "ipip");
	assert_null(ws_conditions_get(&c, "headers"));
	assert_true(ws_conditions_is(&c, "attached", "both"));
	assert_false(ws_conditions_is(&c, "headers", "both"));
	ws_conditions_close(&c);
	ws_conditions_close(&c);
	ws_conditions_close(NULL);
}

/* Compares two sets of one key, and closes them. */
static int order(const char *key, const char *a, const char *b)
{
	struct ws_conditions left = a ? make(key, a, NULL) : make(NULL), right = b ? make(key, b, NULL) : make(NULL);
	int result = ws_conditions_compare(&left, &right);

	assert_int_equal(ws_conditions_compare(&right, &left) > 0, result < 0);
	ws_conditions_close(&left);
	ws_conditions_close(&right);
	return result;
}

static void numbers_count_as_numbers(void **state)
{
	(void)state;
	assert_true(order("rate_per_s", "9", "80") < 0);
	assert_true(order("search_bytes", "200", "1000") < 0);
	assert_int_equal(order("rate_per_s", "80", "80"), 0);
	assert_true(order("rate_per_s", "80", "fast") < 0);
	assert_true(order("rate_per_s", "-1.5", "-1") < 0);
	assert_true(order("rate_per_s", "1.0", "1") != 0);
}

/* strtod() takes these for numbers; nan is not even equal to itself. */
static void what_only_looks_like_a_number_is_a_text(void **state)
{
	static const char *const text[] = { "nan", "inf", "0x10", "1e3", "1.", ".5", "-", "", " 1", "1 " };

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++) {
		assert_int_equal(order("note", text[i], text[i]), 0);
		assert_true(order("note", "99", text[i]) < 0);
	}
}

/* Were 9 < 10 as numbers, 10 < 1x and 1x < 9 as texts, equal runs would be found in different places. */
static void the_order_has_no_circles(void **state)
{
	static const char *const value[] = { "9", "10", "1x", "", "-3", "nan", "x9", "0.5" };
	const size_t n = sizeof(value) / sizeof(*value);

	(void)state;
	for (size_t a = 0; a < n; a++) {
		for (size_t b = 0; b < n; b++) {
			for (size_t c = 0; c < n; c++) {
				if (order("note", value[a], value[b]) <= 0 && order("note", value[b], value[c]) <= 0)
					assert_true(order("note", value[a], value[c]) <= 0);
			}
		}
	}
}

static void what_was_attached_goes_by_what_it_adds(void **state)
{
	(void)state;
	assert_true(order("attached", "none", "both") < 0);
	assert_true(order("attached", "pcap", "ebpf") < 0);
	assert_true(order("attached", "wakeup", "something") < 0);
	assert_true(order("attached", "abc", "abd") < 0);
}

static void rounds_are_alike(void **state)
{
	(void)state;
	assert_int_equal(order("round", "1", "2"), 0);
	assert_int_equal(order("campaign", "a", NULL), 0);
	assert_int_equal(order("beside", "x", "y"), 0);
	assert_true(order("node", "x", NULL) != 0);
}

static void told_in_words(void **state)
{
	static const char *const want[][3] = {
		{ "overlay", "vxlan", "VXLAN" },
		{ "overlay", "cilium", "cilium" },
		{ "rate_per_s", "80", "80/s" },
		{ "attached", "both", "eBPF and pcap" },
		{ "attached", "none", "nothing attached" },
		{ "attached", "odd", "odd" },
		{ "headers", "proposed", "proposed" },
		{ "node", "n1", "node n1" },
	};
	char text[64], little[4];

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++) {
		ws_condition_words(want[i][0], want[i][1], text, sizeof(text));
		assert_string_equal(text, want[i][2]);
	}
	ws_condition_words("overlay", "a name that is longer", little, sizeof(little));
	assert_string_equal(little, "a n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_kept_once_and_in_order),
		cmocka_unit_test(numbers_count_as_numbers),
		cmocka_unit_test(what_only_looks_like_a_number_is_a_text),
		cmocka_unit_test(the_order_has_no_circles),
		cmocka_unit_test(what_was_attached_goes_by_what_it_adds),
		cmocka_unit_test(rounds_are_alike),
		cmocka_unit_test(told_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
