/* SPDX-License-Identifier: BSD-2-Clause */
/* input - a fuzz target's input, taken byte by byte: what decides what is made of the rest. */
#ifndef WS_TESTS_FUZZ_INPUT_H
#define WS_TESTS_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* What is left. */
struct input {
	const uint8_t *bytes;
	size_t len;
};

/* The next byte; 0 behind the end. */
static inline uint8_t next(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->bytes++;
}

#endif
