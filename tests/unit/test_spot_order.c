/* SPDX-License-Identifier: BSD-2-Clause */
/* test_spot_order - spots are sorted as a comparison would have it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/spot_order.h"

static uint64_t random_state = 3;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

static int compare_numbers(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

static int compare(const void *left, const void *right)
{
	const struct ws_spot *a = left, *b = right;
	const uint64_t key[][2] = {
		{ a->family, b->family },
		{ a->http_version, b->http_version },
		{ a->going, b->going },
		{ a->daddr[15], b->daddr[15] },
		{ a->dport, b->dport },
		{ a->key, b->key },
		{ a->kind, b->kind },
		{ a->end_off, b->end_off },
		{ a->begin_off, b->begin_off },
		{ a->length, b->length },
		{ a->searched_len, b->searched_len },
	};
	int order = 0;

	for (size_t i = 0; i < sizeof(key) / sizeof(*key) && !order; i++)
		order = compare_numbers(key[i][0], key[i][1]);
	return order;
}

static void sorted(void **state)
{
	static const uint32_t n_spots[] = { 0, 1, 2, 999, 5000, 100000 };
	static const uint32_t n_values[] = { 1, 1, 2, 3, 3, 1000 };

	(void)state;
	for (size_t round = 0; round < sizeof(n_spots) / sizeof(*n_spots); round++) {
		uint32_t n = n_spots[round], v = n_values[round];
		struct ws_spot *spot = calloc(n + 1, sizeof(*spot)), *expected = calloc(n + 1, sizeof(*spot));

		for (uint32_t i = 0; i < n; i++) {
			spot[i] = (struct ws_spot) {
				.daddr = { [15] = (uint8_t)below(2) },
				.dport = (uint16_t)below(v),
				.family = (uint16_t)below(2),
				.going = (uint8_t)below(2),
				.http_version = (uint8_t)(1 + below(2)),
				.kind = (uint8_t)below(3),
				.key = below(2),
				.begin_off = below(v),
				.end_off = below(v),
				.length = below(v),
				.searched_len = below(2),
			};
		}
		memcpy(expected, spot, n * sizeof(*spot));
		qsort(expected, n, sizeof(*expected), compare);
		ws_spots_sort(spot, n);
		assert_memory_equal(spot, expected, n * sizeof(*spot));
		free(spot);
		free(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
