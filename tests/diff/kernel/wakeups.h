/* SPDX-License-Identifier: BSD-2-Clause */
/* wakeups - the in-kernel program never wakes who reads its messages, unless it was told to. */
#ifndef WS_TEST_WAKEUPS_H
#define WS_TEST_WAKEUPS_H

#include "tests/diff/kernel/judge.h"

/* Counts what epoll says of the ring buffer when messages have come; with the program told to wake, as a control. */
void wakeups_run(const struct subject *subject, struct tally *t);

#endif
