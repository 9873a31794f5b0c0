/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * series - the latencies of one source and direction, sorted: the numbers behind a curve.
 */
#ifndef WS_ANALYZE_SERIES_H
#define WS_ANALYZE_SERIES_H

#include "analyze/statistics.h"
#include "analyze/study.h"

#define WS_SERIES_MAX (WS_N_SOURCES * WS_N_WAYS)

struct ws_series {
	enum ws_source source;
	enum ws_way way;
	uint64_t *latency_ns; /* n > 0 of them, ascending */
	uint64_t n;
	struct ws_summary summary; /* ns */
};

/* At most one a source and direction, in that order; those without pairs are left out. */
struct ws_series_set {
	struct ws_series at[WS_SERIES_MAX];
	uint32_t n;
	double rounding; /* as ws_study has it */
};

/* Makes the series of all joins; takes their latencies from the study. 0 or -ENOMEM. To be closed with
 * ws_series_close(). */
int ws_series_open(struct ws_study *study, struct ws_series_set *set);

/* NULL is fine. */
void ws_series_close(struct ws_series_set *set);

#endif
