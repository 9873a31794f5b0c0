/* SPDX-License-Identifier: BSD-2-Clause */
/* expense - see expense.h. */
#include "analyze/mesh/expense.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/ns.h"
static void add_to(int64_t *sum_ns, int64_t ns)
{
	*sum_ns = ws_ns_plus(*sum_ns, ns);
}

/* When a child call was under way, on the clock of its caller's node. */
struct window {
	int64_t begin_ns, end_ns;
	uint32_t stage;
};

static int compare_ends(const void *a, const void *b)
{
	const struct window *left = a, *right = b;

	if (left->end_ns != right->end_ns)
		return left->end_ns < right->end_ns ? 1 : -1;
	return (left->stage < right->stage) - (left->stage > right->stage);
}

static const struct ws_passage *passage_of(const struct ws_journey *journey, uint32_t passage)
{
	return &journey->atlas->passage[passage];
}

/* The windows of a stage's children that began within its callee's time, the last that ends first: it may end after the
 * callee's answer began. Those that were not seen whole on the callee's node are left out. */
static uint32_t find_windows(const struct ws_journey *journey, const struct ws_stage *stage, struct window *window)
{
	const struct ws_call *call = &journey->calls->at[stage->call];
	const struct ws_passage *in = passage_of(journey, call->request[WS_STATION_CALLEE_VPORT]);
	const struct ws_passage *out = passage_of(journey, call->response[WS_STATION_CALLEE_VPORT]);
	uint32_t n = 0;

	for (uint32_t i = stage->first_child; i != WS_NO_CALL; i = journey->stage[i].next) {
		const struct ws_stage *child = &journey->stage[i];
		const struct ws_call *made = &journey->calls->at[child->call];
		const struct ws_passage *begin, *end;

		if (!child->legs.has_round_trip)
			continue;
		begin = passage_of(journey, made->request[child->legs.outer]);
		end = passage_of(journey, made->response[child->legs.outer]);
		if (journey->atlas->point[begin->point].node == journey->atlas->point[in->point].node &&
		    begin->realtime_ns >= in->realtime_ns && begin->realtime_ns <= out->realtime_ns)
			window[n++] = (struct window) { begin->realtime_ns, end->realtime_ns, i };
	}
	qsort(window, n, sizeof(*window), compare_ends);
	return n;
}

/* How much of [begin, end] the windows cover; they are in the order of their ends, the last first. */
static int64_t covered(const struct window *window, uint32_t n, int64_t begin_ns, int64_t end_ns)
{
	int64_t sum_ns = 0, left_ns = end_ns; /* all from here on is counted */

	for (uint32_t i = 0; i < n && window[i].end_ns > begin_ns; i++) {
		int64_t from_ns = window[i].begin_ns > begin_ns ? window[i].begin_ns : begin_ns;
		int64_t to_ns = window[i].end_ns < left_ns ? window[i].end_ns : left_ns;

		if (to_ns > from_ns) {
			sum_ns = ws_ns_plus(sum_ns, ws_ns_less(to_ns, from_ns));
			left_ns = from_ns;
		}
	}
	return sum_ns;
}

/* Divides the callee's time: to the children that were waited for, which are added to the work, and itself. */
static void divide_service(struct ws_journey *journey, const struct ws_stage *stage, struct window *window,
			   uint32_t *work, uint32_t *n_work)
{
	const struct ws_call *call = &journey->calls->at[stage->call];
	int64_t begin_ns = passage_of(journey, call->request[WS_STATION_CALLEE_VPORT])->realtime_ns;
	int64_t at_ns = passage_of(journey, call->response[WS_STATION_CALLEE_VPORT])->realtime_ns;
	uint32_t n = find_windows(journey, stage, window), n_passed = 0;

	for (uint32_t i = 0; i <= n; i++) {
		int64_t from_ns = i < n ? window[i].end_ns : begin_ns, overlap_ns;

		/* Under way beside the one that was waited for: kept in front, it may reach into a later part. */
		if (i < n && from_ns > at_ns) {
			window[n_passed++] = window[i];
			continue;
		}
		overlap_ns = covered(window, n_passed, from_ns, at_ns);
		add_to(&journey->part_ns[WS_PART_OVERLAPPING], overlap_ns);
		add_to(&journey->part_ns[WS_INTERVAL_SERVICE], ws_ns_less(ws_ns_less(at_ns, from_ns), overlap_ns));
		if (i < n) {
			work[(*n_work)++] = window[i].stage;
			at_ns = window[i].begin_ns;
		}
	}
}

/* Adds what lies between the stations of a round trip to the parts; not the callee's time. */
static void add_way(const struct ws_legs *legs, int64_t *part_ns)
{
	int64_t rest_ns = legs->round_trip_ns;

	for (uint32_t i = 0; i < legs->n; i++) {
		const struct ws_interval *interval = &legs->at[i];

		if (interval->kind == WS_INTERVAL_UNDERLAY || interval->kind == WS_INTERVAL_GAP ||
		    interval->from_station < legs->outer || interval->to_station < legs->outer)
			continue;
		rest_ns = ws_ns_less(rest_ns, interval->duration_ns);
		if (interval->kind != WS_INTERVAL_SERVICE)
			add_to(&part_ns[interval->kind], interval->duration_ns);
	}
	if (legs->has_underlay && legs->outer <= WS_STATION_CALLER_NIC) {
		rest_ns = ws_ns_less(rest_ns, legs->underlay_ns);
		add_to(&part_ns[WS_INTERVAL_UNDERLAY], legs->underlay_ns);
	}
	add_to(&part_ns[WS_INTERVAL_GAP], rest_ns);
}

/* The sums over all calls. */
static void sum_up(struct ws_journey *journey)
{
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		const struct ws_legs *legs = &journey->stage[i].legs;

		for (uint32_t k = 0; k < legs->n; k++) {
			const struct ws_interval *interval = &legs->at[k];

			if (interval->kind == WS_INTERVAL_UNDERLAY || interval->kind == WS_INTERVAL_GAP ||
			    interval->kind == WS_INTERVAL_SERVICE)
				continue;
			add_to(&journey->sum_ns[interval->kind], interval->duration_ns);
			journey->n_summed[interval->kind]++;
		}
		if (legs->has_underlay) {
			add_to(&journey->sum_ns[WS_INTERVAL_UNDERLAY], legs->underlay_ns);
			journey->n_summed[WS_INTERVAL_UNDERLAY]++;
		}
		if (legs->has_service) {
			add_to(&journey->sum_ns[WS_INTERVAL_SERVICE], journey->stage[i].self_ns);
			journey->n_summed[WS_INTERVAL_SERVICE]++;
		}
		if (legs->has_round_trip) {
			int64_t part_ns[WS_N_PARTS] = { 0 };

			add_way(legs, part_ns);
			add_to(&journey->sum_ns[WS_INTERVAL_GAP], part_ns[WS_INTERVAL_GAP]);
			journey->n_summed[WS_INTERVAL_GAP] += part_ns[WS_INTERVAL_GAP] != 0;
		}
	}
}

int ws_expense_make(struct ws_journey *journey)
{
	struct window *window = malloc(((size_t)journey->n_stages + 1) * sizeof(*window));
	/* A call waits for each of its children once at most: every stage is work once. */
	uint32_t *work = malloc(((size_t)journey->n_stages + 1) * sizeof(*work)), n_work = 0;

	if (!window || !work) {
		free(window);
		free(work);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < journey->n_stages; i++) {
		struct ws_stage *stage = &journey->stage[i];
		const struct ws_call *call = &journey->calls->at[stage->call];

		if (stage->legs.has_service) {
			uint32_t n = find_windows(journey, stage, window);

			stage->self_ns = ws_ns_less(
				stage->legs.service_ns,
				covered(window, n,
					passage_of(journey, call->request[WS_STATION_CALLEE_VPORT])->realtime_ns,
					passage_of(journey, call->response[WS_STATION_CALLEE_VPORT])->realtime_ns));
		}
		if (stage->parent == WS_NO_CALL && stage->legs.has_round_trip) {
			journey->n_roots_whole++;
			add_to(&journey->end_to_end_ns, stage->legs.round_trip_ns);
			work[n_work++] = i;
		}
	}
	while (n_work) {
		const struct ws_stage *stage = &journey->stage[work[--n_work]];

		add_way(&stage->legs, journey->part_ns);
		if (stage->legs.has_service)
			divide_service(journey, stage, window, work, &n_work);
	}
	sum_up(journey);
	free(window);
	free(work);
	return 0;
}
