/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic - the load that was put on, as its generator logged it: what each request took, and the schedule kept.
 *
 * A load that waits for answers (closed loop), or that comes in bursts, measures something else than a constant rate
 * does: it is told from the start times, whatever the generator was asked for.
 */
#ifndef WS_ANALYZE_TRAFFIC_H
#define WS_ANALYZE_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

/* One load log. Arrays have n members each, in order of start. */
struct ws_traffic {
	char *path;		/* as ingest found it */
	char *content_hash;	/* XXH3-128, 32 hex digits */
	char *format;		/* "h2load", "vegeta_csv" ... */
	bool complete;		/* read to its proper end */
	uint64_t resolution_ns; /* the finest step of its start times */
	uint64_t n;
	int64_t *start_ns;
	uint64_t *latency_ns;
	uint16_t *status; /* HTTP status; 0: no answer */
};

/* How the requests were spread over time. */
struct ws_schedule {
	uint64_t n;	 /* requests */
	uint64_t n_good; /* answered with a status from 200 to 399: only these have a latency worth the name */
	uint64_t n_bad;	 /* answered with another */
	uint64_t n_unanswered;
	bool has_rate;	     /* the log is long beside its resolution: the rate is known */
	bool has_gaps;	     /* and the gaps are: what comes after the rate is known, too */
	double rate_per_s;   /* kept: (n - 1) / (last start - first start) */
	uint64_t gap_min_ns; /* between one start and the next */
	uint64_t gap_median_ns;
	uint64_t gap_max_ns;
	double gap_cv;		/* standard deviation of the gaps, over their mean: 0 even, 1 random arrivals */
	uint64_t in_flight_max; /* most requests without an answer at once */
	/* Of the starts that came at most a tenth of the mean gap behind an answer; by chance it would be about a
	 * tenth. */
	double part_after_answer;
};

enum ws_pace {
	WS_PACE_UNKNOWN, /* too few requests, or times too coarse, to tell */
	WS_PACE_EVEN,
	WS_PACE_UNEVEN,
	WS_PACE_BURSTS,	     /* most requests start together with others */
	WS_PACE_CLOSED_LOOP, /* requests start when an answer has come */
};

/* Tells the schedule of a load. 0 or -ENOMEM. */
int ws_schedule_tell(const struct ws_traffic *traffic, struct ws_schedule *schedule);

enum ws_pace ws_schedule_pace(const struct ws_schedule *schedule);

/* "even", "closed loop" ... */
const char *ws_pace_name(enum ws_pace pace);

/* Frees the traffic's memory and empties it; NULL is fine. */
void ws_traffic_close(struct ws_traffic *traffic);

#endif
