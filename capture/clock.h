/* SPDX-License-Identifier: BSD-2-Clause */
/* clock - the readings that relate the kernel's monotonic stamps to the wall clock of packet captures. */
#ifndef WS_CLOCK_H
#define WS_CLOCK_H

#include <stdint.h>
#include <time.h>

struct ws_clock_pair {
	uint64_t monotonic_ns;
	uint64_t realtime_ns;
};

static inline uint64_t ws_clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/*
 * Both clocks at one moment: the wall clock is read between two readings of the monotonic one, and the attempt in which
 * those were closest counts.
 */
static inline struct ws_clock_pair ws_clock_read(void)
{
	struct ws_clock_pair best = { 0 };
	uint64_t best_gap_ns = UINT64_MAX;

	for (int i = 0; i < 5; i++) {
		uint64_t before_ns = ws_clock_ns(CLOCK_MONOTONIC);
		uint64_t realtime_ns = ws_clock_ns(CLOCK_REALTIME);
		uint64_t gap_ns = ws_clock_ns(CLOCK_MONOTONIC) - before_ns;

		if (gap_ns < best_gap_ns) {
			best_gap_ns = gap_ns;
			best.monotonic_ns = before_ns + gap_ns / 2;
			best.realtime_ns = realtime_ns;
		}
	}
	return best;
}

#endif
