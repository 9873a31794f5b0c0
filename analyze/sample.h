/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample - the latencies of a cell's rounds, put together: in order, summarized, and with what rounds differ by.
 */
#ifndef WS_ANALYZE_SAMPLE_H
#define WS_ANALYZE_SAMPLE_H

#include "analyze/campaign.h"

/* Numbers of a cell's runs, put together. */
struct ws_sample {
	uint64_t *at; /* n of them, ascending; owned */
	uint64_t n;
	struct ws_summary summary; /* only if n > 0 */
	double effective_n;	   /* independent numbers that would tell as much: see effective.h */
	bool has_mean_interval;	   /* needs the worth of 5 independent numbers */
	/*
	 * Student's interval of the mean at WS_ALPHA, from effective_n; of several rounds, the wider one of that and of
	 * the interval from the rounds' own means: what differs from round to round is in no single one.
	 */
	double mean_low;
	double mean_high;
	uint32_t n_rounds;	   /* runs that the numbers come from */
	uint64_t round_median_min; /* the least and the largest median of a round */
	uint64_t round_median_max;
};

/* Latencies between the points, ns, by one source in one direction. n is 0 where there are none. 0 or -ENOMEM. */
int ws_cell_latencies(const struct ws_campaign *campaign, const struct ws_cell *cell, enum ws_source source,
		      enum ws_way way, struct ws_sample *sample);

/* End-to-end latencies of the requests that were answered with a status from 200 to 399, ns, from the load logs. */
int ws_cell_end_to_end(const struct ws_campaign *campaign, const struct ws_cell *cell, struct ws_sample *sample);

/* NULL is fine. */
void ws_sample_close(struct ws_sample *sample);

#endif
