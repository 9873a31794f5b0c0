/* SPDX-License-Identifier: BSD-2-Clause */
/* singles - frames one by one, as they should be and as they should not, through the in-kernel program. */
#ifndef WS_TEST_SINGLES_H
#define WS_TEST_SINGLES_H

#include "tests/diff/kernel/judge.h"

/* So many frames in each configuration, and checks that they are of all kinds. */
void singles_run(const struct subject *subject, uint64_t seed, uint32_t n_frames, struct tally *t);

/* Writes n frames for tests/fuzz/fuzz_frame.c, which takes four bytes before each: see there. Returns 0. */
int singles_write_seeds(const char *dir, uint64_t seed, uint32_t n);

#endif
