/* SPDX-License-Identifier: BSD-2-Clause */
/* radix - see radix.h. */
#include "analyze/radix.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define N_DIGITS   6 /* of 11 bits in 64 */
#define RADIX	   (1 << DIGIT_BITS)

/* Below this, moving a handful of numbers by hand is cheaper than counting digits. */
#define SMALL 64

static inline uint32_t digit_of(uint64_t key, int place)
{
	return (uint32_t)(key >> (place * DIGIT_BITS)) & (RADIX - 1);
}

/* Insertion sort of n items of width words each; the first word is the key. */
static inline __attribute__((always_inline)) void sort_small(uint64_t *v, size_t n, size_t width)
{
	for (size_t i = 1; i < n; i++) {
		uint64_t item[2];
		size_t at = i;

		memcpy(item, v + i * width, width * sizeof(*v));
		for (; at > 0 && v[(at - 1) * width] > item[0]; at--)
			memcpy(v + at * width, v + (at - 1) * width, width * sizeof(*v));
		memcpy(v + at * width, item, width * sizeof(*v));
	}
}

/* Turns counts of digits into the places where each digit's items begin. */
static void counts_to_places(size_t *count)
{
	size_t place = 0;

	for (int digit = 0; digit < RADIX; digit++) {
		size_t n = count[digit];

		count[digit] = place;
		place += n;
	}
}

/* As sort_small(), for any n. Inlined with a constant width, so that the copies become moves. */
static inline __attribute__((always_inline)) int sort_words(uint64_t *v, size_t n, size_t width)
{
	size_t(*count)[RADIX];
	uint64_t *from = v, *to, *spare;
	bool sorted = true;

	if (n < SMALL) {
		sort_small(v, n, width);
		return 0;
	}
	count = calloc(N_DIGITS, sizeof(*count));
	spare = malloc(n * width * sizeof(*spare));
	if (!count || !spare) {
		free(count);
		free(spare);
		return -ENOMEM;
	}
	to = spare;
	for (size_t i = 0; i < n; i++) {
		for (int place = 0; place < N_DIGITS; place++)
			count[place][digit_of(v[i * width], place)]++;
		sorted &= i == 0 || v[(i - 1) * width] <= v[i * width];
	}
	for (int place = 0; place < N_DIGITS && !sorted; place++) {
		uint64_t *swap;

		if (count[place][digit_of(from[0], place)] == n)
			continue;
		counts_to_places(count[place]);
		for (size_t i = 0; i < n; i++) {
			size_t at = count[place][digit_of(from[i * width], place)]++;

			memcpy(to + at * width, from + i * width, width * sizeof(*v));
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * width * sizeof(*v));
	free(count);
	free(spare);
	return 0;
}

int ws_radix_sort(uint64_t *value, size_t n)
{
	return sort_words(value, n, 1);
}

int ws_radix_sort_items(struct ws_radix_item *item, size_t n)
{
	_Static_assert(sizeof(*item) == 2 * sizeof(uint64_t), "an item is two words");
	return sort_words(&item->key, n, 2);
}
