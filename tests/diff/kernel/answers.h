/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answers - the server's side of connections: status lines at the beginning of segments and where they do not count,
 * and what must be recorded of them, by the in-kernel program as by the host's path.
 */
#ifndef WS_TEST_ANSWERS_H
#define WS_TEST_ANSWERS_H

#include "tests/diff/kernel/expectation.h"
#include "tests/diff/kernel/hosts.h"
#include "tests/diff/kernel/judge.h"

/* Writes the stream's bytes and segments: answers, and what looks like some, cut anywhere, repeated, out of order. */
void answers_write(struct dice *d, struct stream *s);

/*
 * Each frame that the ledger counts as a response has a record if the configuration says so: takes those that are right
 * away from the judge's.
 */
void answers_check(struct judge *j, const struct passed *passed, uint32_t n, struct tally *t);

/* On the host's path each of them has one, whatever the program was told. */
void answers_check_host(const struct hosts *h, const struct passed *passed, uint32_t n,
			bool (*is_left_out)(const struct stream *s), struct tally *t);

#endif
