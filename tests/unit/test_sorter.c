/* SPDX-License-Identifier: BSD-2-Clause */
/* test_sorter - records come back in order, all of them, whatever the limit and whoever put them there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/headings.h"
#include "analyze/scratch.h"
#include "analyze/sorter.h"

struct record {
	struct ws_sort_key key;
	uint64_t tie;
	uint64_t check; /* of the others */
	uint64_t more[2];
};

static int compare_ties(const void *a, const void *b)
{
	const struct record *left = a, *right = b;

	return (left->tie > right->tie) - (left->tie < right->tie);
}

static int compare_whole(const void *a, const void *b)
{
	const struct record *left = a, *right = b;

	if (left->key.major != right->key.major)
		return left->key.major < right->key.major ? -1 : 1;
	if (left->key.minor != right->key.minor)
		return left->key.minor < right->key.minor ? -1 : 1;
	return compare_ties(a, b);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Puts n records, seen to have many ties, and holds what comes against qsort. */
static void sort_and_compare(uint32_t n, uint32_t n_writers, uint64_t memory_bytes, uint64_t seed)
{
	const struct ws_sorter_plan plan = { sizeof(struct record), compare_ties, memory_bytes, n_writers, n_writers };
	struct record *expected = calloc(n + 1, sizeof(*expected));
	struct ws_sorter *sorter;
	const void *record;

	assert_int_equal(ws_sorter_open(&plan, &sorter), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct record *made = &expected[i];

		made->key.major = next_random(&seed) % 3 * UINT64_C(0x8000000000000001);
		made->key.minor = next_random(&seed) % (1 + n / 4);
		made->tie = i;
		made->check = made->key.major * 31 + made->key.minor * 7 + i;
		assert_int_equal(ws_sorter_put(sorter, (uint32_t)(next_random(&seed) % n_writers), made), 0);
	}
	assert_int_equal(ws_sorter_n(sorter), n);
	qsort(expected, n, sizeof(*expected), compare_whole);
	assert_int_equal(ws_sorter_sort(sorter), 0);
	/* from the beginning to the middle, then twice to the end */
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < (round ? n : n / 2); i++) {
			assert_int_equal(ws_sorter_next(sorter, &record), 0);
			assert_non_null(record);
			assert_memory_equal(record, &expected[i], sizeof(*expected));
		}
		for (int i = 0; i < 2 && round; i++) {
			assert_int_equal(ws_sorter_next(sorter, &record), 0);
			assert_null(record);
		}
		assert_int_equal(ws_sorter_rewind(sorter), 0);
	}
	ws_sorter_close(sorter);
	free(expected);
}

static void order_does_not_depend_on_the_limit(void **state)
{
	static const uint32_t n[] = { 0, 1, 15, 16, 17, 1000, 20000 };
	static const uint64_t limit[] = { 0, 5000, 300000, 1 << 30 };

	(void)state;
	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++) {
		for (size_t k = 0; k < sizeof(limit) / sizeof(*limit); k++) {
			for (uint32_t n_writers = 1; n_writers <= 4; n_writers += 3)
				sort_and_compare(n[i], n_writers, limit[k], 88172645463325252 + i * 4 + k);
		}
	}
}

static void a_directory_that_is_not_there_is_told(void **state)
{
	const struct ws_sorter_plan plan = { sizeof(struct record), compare_ties, 0, 1, 1 };
	const char *before = getenv("TMPDIR");
	char *kept = before ? strdup(before) : NULL;
	struct record record = { 0 };
	struct ws_sorter *sorter;
	int rc = 0;

	(void)state;
	setenv("TMPDIR", "/nowhere", 1);
	assert_string_equal(ws_scratch_directory(), "/nowhere");
	assert_int_equal(ws_sorter_open(&plan, &sorter), 0);
	for (int i = 0; i < 100000 && !rc; i++)
		rc = ws_sorter_put(sorter, 0, &record);
	assert_int_equal(rc, -ENOENT);
	ws_sorter_close(sorter);
	ws_sorter_close(NULL);
	if (kept)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	free(kept);
}

static void the_last_heading_of_a_flow_counts(void **state)
{
	struct ws_headings one = { 0 }, two = { 0 };

	(void)state;
	assert_int_equal(ws_headings_find(&one, 7), 0);
	for (uint64_t flow = 0; flow < 1000; flow++) {
		const struct ws_heading late = { flow + 1, 50, 3, 1, 2 }, early = { flow + 1, 90, 9, 0, 1 };

		assert_int_equal(ws_headings_note(&one, &early), 0);
		assert_int_equal(ws_headings_note(flow % 2 ? &one : &two, &late), 0);
	}
	assert_int_equal(ws_headings_find(&one, 8), 1);
	assert_int_equal(ws_headings_find(&one, 9), 2);
	assert_int_equal(ws_headings_add(&one, &two), 0);
	for (uint64_t flow = 0; flow < 1000; flow++)
		assert_int_equal(ws_headings_find(&one, flow), 2);
	assert_int_equal(ws_headings_find(&one, 1000), 0);
	ws_headings_close(&one);
	ws_headings_close(&two);
	ws_headings_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_does_not_depend_on_the_limit),
		cmocka_unit_test(a_directory_that_is_not_there_is_told),
		cmocka_unit_test(the_last_heading_of_a_flow_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
