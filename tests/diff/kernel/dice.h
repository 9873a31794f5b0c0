/* SPDX-License-Identifier: BSD-2-Clause */
/* dice - numbers without a pattern, the same for a seed on every machine. */
#ifndef WS_TEST_DICE_H
#define WS_TEST_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

/* xorshift64*. No two throws stand in one expression unless their order is given: compilers may choose it. */
static inline uint64_t dice_u64(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * 0x2545f4914f6cdd1du;
}

/* Dice for number n of a seed; neighbours differ. */
static inline struct dice dice_of(uint64_t seed, uint64_t n)
{
	struct dice d = { (seed + 1) * 0x9e3779b97f4a7c15u ^ (n + 1) * 0xbf58476d1ce4e5b9u };

	d.state = d.state ? d.state : 1;
	for (int i = 0; i < 4; i++)
		dice_u64(&d);
	return d;
}

static inline uint32_t dice_below(struct dice *d, uint32_t n)
{
	return (uint32_t)((dice_u64(d) >> 32) * n >> 32);
}

static inline int dice_chance(struct dice *d, uint32_t percent)
{
	return dice_below(d, 100) < percent;
}

/* From low to high, both included. */
static inline uint32_t dice_between(struct dice *d, uint32_t low, uint32_t high)
{
	return low + dice_below(d, high - low + 1);
}

static inline uint32_t dice_pick_of(struct dice *d, const uint32_t *from, uint32_t n)
{
	return from[dice_below(d, n)];
}

#define DICE_PICK(d, ...)                                   \
	dice_pick_of(d, (const uint32_t[]) { __VA_ARGS__ }, \
		     (uint32_t)(sizeof((uint32_t[]) { __VA_ARGS__ }) / sizeof(uint32_t)))

#endif
