/* SPDX-License-Identifier: BSD-2-Clause */
/* random - numbers without a pattern for the tests of statistics. */
#ifndef WS_TESTS_RANDOM_H
#define WS_TESTS_RANDOM_H

#include <stdint.h>

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

/* xorshift64*: the same numbers on every machine. */
static uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

#endif
