/* SPDX-License-Identifier: BSD-2-Clause */
/* numbers - a list of numbers that grows as they come. */
#ifndef WS_ANALYZE_NUMBERS_H
#define WS_ANALYZE_NUMBERS_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* Zeroed: empty. */
struct ws_numbers {
	uint64_t *at; /* owned; to be freed */
	uint64_t n;
	uint64_t room;
};

/* 0 or -ENOMEM: the list is as it was. */
static inline int ws_numbers_add(struct ws_numbers *numbers, uint64_t value)
{
	if (numbers->n == numbers->room) {
		uint64_t room = numbers->room ? numbers->room + numbers->room / 2 : 64;
		uint64_t *grown = realloc(numbers->at, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		numbers->at = grown;
		numbers->room = room;
	}
	numbers->at[numbers->n++] = value;
	return 0;
}

#endif
