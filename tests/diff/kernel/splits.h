/* SPDX-License-Identifier: BSD-2-Clause */
/* splits - heads cut in two at every byte, through the in-kernel program and its reader. */
#ifndef WS_TEST_SPLITS_H
#define WS_TEST_SPLITS_H

#include "tests/diff/kernel/judge.h"

/* Every byte of heads of 1 to 60 KB, all families' contexts first, in the middle and last. stride: every so many bytes
 * of the larger heads, beside the awkward places; 1: all. */
void splits_run(const struct subject *subject, uint64_t seed, uint32_t stride, struct tally *t);

#endif
