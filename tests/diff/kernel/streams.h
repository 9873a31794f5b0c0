/* SPDX-License-Identifier: BSD-2-Clause */
/* streams - HTTP/1.x streams through the in-kernel program and its reader, against what is known of them. */
#ifndef WS_TEST_STREAMS_H
#define WS_TEST_STREAMS_H

#include "tests/diff/kernel/judge.h"

/* Rounds of streams of each setup. */
void streams_run(const struct subject *subject, uint64_t seed, uint32_t n_rounds, struct tally *t);

#endif
