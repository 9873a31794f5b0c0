/* SPDX-License-Identifier: BSD-2-Clause */
/* traffic - see traffic.h. */
#include "analyze/traffic.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/radix.h"
#include "analyze/statistics.h"

/* Fewer gaps than this have no pattern. */
#define GAPS_FEWEST 8

/* Gaps that vary more than this, to their mean, are not even. A log of whole milliseconds at 80/s stays below. */
#define CV_EVEN 0.3

/* Times are fine enough for gaps of so many steps on average, and for a rate over so many. */
#define STEPS_OF_GAP  5
#define STEPS_OF_LOAD 20

/* More starts than this behind an answer: ten times by chance are a tenth. */
#define PART_CLOSED 0.6

/* Gaps that vary less than this are a clock's, even where an answer happens to come before each start. */
#define CV_CLOCK 0.1

static void count_answers(const struct ws_traffic *traffic, struct ws_schedule *schedule)
{
	for (uint64_t i = 0; i < traffic->n; i++) {
		uint16_t status = traffic->status[i];

		schedule->n_unanswered += status == 0;
		schedule->n_good += status >= 200 && status < 400;
	}
	schedule->n_bad = traffic->n - schedule->n_unanswered - schedule->n_good;
}

/* Walks starts and ends in time order. end: ascending. */
static void follow(const struct ws_traffic *traffic, const uint64_t *end, uint64_t near_ns,
		   struct ws_schedule *schedule)
{
	uint64_t n_ended = 0, n_after = 0;

	for (uint64_t i = 0; i < traffic->n; i++) {
		uint64_t start = ws_radix_bias(traffic->start_ns[i]), in_flight;

		while (n_ended < traffic->n && end[n_ended] <= start)
			n_ended++;
		in_flight = i + 1 - (n_ended < i + 1 ? n_ended : i + 1);
		if (in_flight > schedule->in_flight_max)
			schedule->in_flight_max = in_flight;
		n_after += n_ended && start - end[n_ended - 1] <= near_ns;
	}
	schedule->part_after_answer = (double)n_after / (double)traffic->n;
}

static int tell_answers(const struct ws_traffic *traffic, uint64_t *room, struct ws_schedule *schedule)
{
	uint64_t near_ns = (uint64_t)(1e8 / schedule->rate_per_s);
	int rc;

	for (uint64_t i = 0; i < traffic->n; i++) {
		uint64_t start = ws_radix_bias(traffic->start_ns[i]);

		room[i] = start <= UINT64_MAX - traffic->latency_ns[i] ? start + traffic->latency_ns[i] : UINT64_MAX;
	}
	rc = ws_radix_sort(room, traffic->n);
	if (!rc)
		follow(traffic, room, near_ns, schedule);
	return rc;
}

static int tell_gaps(const struct ws_traffic *traffic, uint64_t *room, struct ws_schedule *schedule)
{
	uint64_t n = traffic->n - 1, span_ns = (uint64_t)traffic->start_ns[n] - (uint64_t)traffic->start_ns[0];
	double mean = (double)span_ns / (double)n, step = (double)traffic->resolution_ns, sum = 0;
	int rc;

	schedule->has_rate = (double)span_ns > STEPS_OF_LOAD * step;
	if (schedule->has_rate)
		schedule->rate_per_s = (double)n * 1e9 / (double)span_ns;
	if (!schedule->has_rate || mean < STEPS_OF_GAP * step)
		return 0;
	for (uint64_t i = 0; i < n; i++) {
		room[i] = (uint64_t)traffic->start_ns[i + 1] - (uint64_t)traffic->start_ns[i];
		sum += ((double)room[i] - mean) * ((double)room[i] - mean);
	}
	rc = ws_radix_sort(room, n);
	if (rc)
		return rc;
	schedule->has_gaps = true;
	schedule->gap_min_ns = room[0];
	schedule->gap_median_ns = room[ws_quantile_rank(n, WS_MEDIAN) - 1];
	schedule->gap_max_ns = room[n - 1];
	schedule->gap_cv = sqrt(sum / (double)n) / mean;
	return tell_answers(traffic, room, schedule);
}

int ws_schedule_tell(const struct ws_traffic *traffic, struct ws_schedule *schedule)
{
	struct ws_schedule made = { .n = traffic->n };
	uint64_t *room;
	int rc = 0;

	count_answers(traffic, &made);
	if (traffic->n >= 2) {
		room = malloc(traffic->n * sizeof(*room));
		if (!room)
			return -ENOMEM;
		rc = tell_gaps(traffic, room, &made);
		free(room);
	}
	if (!rc)
		*schedule = made;
	return rc;
}

enum ws_pace ws_schedule_pace(const struct ws_schedule *schedule)
{
	if (!schedule->has_gaps || schedule->n <= GAPS_FEWEST)
		return WS_PACE_UNKNOWN;
	if (schedule->part_after_answer > PART_CLOSED && schedule->gap_cv > CV_CLOCK)
		return WS_PACE_CLOSED_LOOP;
	if (schedule->gap_cv <= CV_EVEN)
		return WS_PACE_EVEN;
	/* Half of the requests come right behind another: the median gap is small beside the mean. */
	return (double)schedule->gap_median_ns * schedule->rate_per_s < 0.1e9 ? WS_PACE_BURSTS : WS_PACE_UNEVEN;
}

const char *ws_pace_name(enum ws_pace pace)
{
	static const char *const name[] = { "not known", "even", "uneven", "in bursts", "closed loop" };

	return name[pace];
}

void ws_traffic_close(struct ws_traffic *traffic)
{
	if (!traffic)
		return;
	free(traffic->path);
	free(traffic->content_hash);
	free(traffic->format);
	free(traffic->start_ns);
	free(traffic->latency_ns);
	free(traffic->status);
	*traffic = (struct ws_traffic) { 0 };
}
