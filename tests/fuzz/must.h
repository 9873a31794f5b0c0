/* SPDX-License-Identifier: BSD-2-Clause */
/* must - a check of a fuzz target, which ends the process. */
#ifndef WS_TESTS_MUST_H
#define WS_TESTS_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                 \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

#endif
