/* SPDX-License-Identifier: BSD-2-Clause */
/* shuffle - a random order that a seed repeats, on every machine. */
#ifndef WS_SHUFFLE_H
#define WS_SHUFFLE_H

#include <stdint.h>

/* The next number of splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t ws_shuffle_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 .. n - 1 in random order (Fisher and Yates, Durstenfeld 1964); *state goes on. */
static inline void ws_shuffle(uint64_t *state, uint32_t *order, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		/* the upper half of a product: as even as 2^64 : n is */
		const uint32_t k = (uint32_t)((unsigned __int128)ws_shuffle_next(state) * (i + 1) >> 64);

		order[i] = order[k];
		order[k] = i;
	}
}

#endif
