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

/* What is adjusted goes wrong at most by a tenth of the time; and readings are not exact. */
#define WS_CLOCK_SLEW	       10
#define WS_CLOCK_STEP_LEAST_NS 10000000u

/* How far the wall clock was set, forwards or backwards, between two readings. 0: it was not, adjustments apart. */
static inline uint64_t ws_clock_step_ns(const struct ws_clock_pair *before, const struct ws_clock_pair *now)
{
	const uint64_t gone_ns = now->monotonic_ns - before->monotonic_ns;
	const int64_t apart_ns = (int64_t)(now->realtime_ns - before->realtime_ns - gone_ns);
	const uint64_t step_ns = apart_ns < 0 ? -(uint64_t)apart_ns : (uint64_t)apart_ns;

	return step_ns < WS_CLOCK_STEP_LEAST_NS || step_ns < gone_ns / WS_CLOCK_SLEW ? 0 : step_ns;
}

#endif
