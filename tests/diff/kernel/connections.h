/* SPDX-License-Identifier: BSD-2-Clause */
/* connections - HTTP/2 connections through the in-kernel program and its reader, against what was written. */
#ifndef WS_TEST_CONNECTIONS_H
#define WS_TEST_CONNECTIONS_H

#include "tests/diff/kernel/judge.h"

/* So many connections, each cut into segments in one way or another. */
void connections_run(const struct subject *subject, uint64_t seed, uint32_t n, struct tally *t);

#endif
