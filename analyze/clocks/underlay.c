/* SPDX-License-Identifier: BSD-2-Clause */
/* underlay - see underlay.h. */
#include "analyze/clocks/underlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/clocks/clocks_inner.h"
#include "analyze/clocks/crossings.h"
#include "analyze/radix.h"
#include "analyze/text_pool.h"

/* Delays of a call: there and back, two ways, each between nodes and services. */
#define DELAYS_OF_A_CALL 6

const char *ws_underlay_what_name(enum ws_underlay_what what)
{
	static const char *const name[] = { "there and back", "one way", "request", "response" };

	return name[what];
}

struct gathering {
	struct ws_underlay *underlay;
	const struct ws_atlas *atlas;
	const struct ws_clocks *clocks;
};

/* Whom a call is from and to. */
struct ends {
	const char *from;
	const char *to;
};

static void add(struct ws_underlay *underlay, enum ws_underlay_scope scope, enum ws_underlay_what what,
		struct ends ends, int64_t value_ns, uint64_t bound_ns)
{
	underlay->delay[underlay->n++] = (struct ws_delay) { ends.from, ends.to, value_ns, bound_ns, scope, what };
}

/* a - b, at most what a number of 64 bits can hold. */
static int64_t less(int64_t a, int64_t b)
{
	int64_t rest;

	return !__builtin_sub_overflow(a, b, &rest) ? rest : a < b ? INT64_MIN : INT64_MAX;
}

static struct ends nodes_of(const struct gathering *gathering, const struct ws_crossing *crossing)
{
	return (struct ends) { gathering->atlas->node[crossing->from], gathering->atlas->node[crossing->to] };
}

/* Adds how long a packet took one way, if the clocks are related. */
static void add_way(const struct gathering *gathering, const struct ws_crossing *crossing, enum ws_underlay_what what,
		    struct ends services)
{
	struct ws_underlay *underlay = gathering->underlay;
	uint64_t bound_ns;
	int64_t between = ws_clocks_between(gathering->clocks, crossing->from, crossing->sent_ns, crossing->to,
					    crossing->received_ns, &bound_ns);
	int64_t delay_ns = ws_clock_ns_add(less(crossing->received_ns, crossing->sent_ns), between);

	underlay->n_packets++;
	if (bound_ns == WS_CLOCK_UNBOUND) {
		underlay->n_unbound++;
		return;
	}
	add(underlay, WS_UNDERLAY_NODES, WS_UNDERLAY_ONE_WAY, nodes_of(gathering, crossing), delay_ns, bound_ns);
	add(underlay, WS_UNDERLAY_EDGE, what, services, delay_ns, bound_ns);
}

static int find_services(const struct gathering *gathering, const struct ws_call *call, struct ends *ends)
{
	struct ws_underlay *underlay = gathering->underlay;
	char text[WS_OWNER_TEXT_MAX];

	ends->from = ws_text_pool_add(&underlay->texts, ws_call_caller(gathering->atlas, call, text));
	ends->to = ws_text_pool_add(&underlay->texts, ws_call_callee(call, text));
	return ends->from && ends->to ? 0 : -ENOMEM;
}

static int add_call(const struct gathering *gathering, const struct ws_call *call)
{
	struct ws_underlay *underlay = gathering->underlay;
	struct ws_crossing there, back;
	bool is_there = ws_crossing_of(gathering->atlas, call, WS_PASSAGE_REQUEST, &there);
	bool is_back = ws_crossing_of(gathering->atlas, call, WS_PASSAGE_RESPONSE, &back);
	struct ends services = { 0 };
	int64_t round_trip_ns;
	int rc = 0;

	if (!is_there && !is_back)
		return 0;
	if (call->n_repeats) {
		underlay->n_repeated++;
		return 0;
	}
	rc = find_services(gathering, call, &services);
	if (rc)
		return rc;
	if (is_there)
		add_way(gathering, &there, WS_UNDERLAY_REQUEST, services);
	if (is_back)
		add_way(gathering, &back, WS_UNDERLAY_RESPONSE, (struct ends) { services.to, services.from });
	if (!is_there || !is_back) {
		underlay->n_unpaired += is_there;
		return 0;
	}
	round_trip_ns = less(less(back.received_ns, there.sent_ns), less(back.sent_ns, there.received_ns));
	add(underlay, WS_UNDERLAY_NODES, WS_UNDERLAY_ROUND_TRIP, nodes_of(gathering, &there), round_trip_ns, 0);
	add(underlay, WS_UNDERLAY_EDGE, WS_UNDERLAY_ROUND_TRIP, services, round_trip_ns, 0);
	return 0;
}

static int compare_groups(const struct ws_delay *a, const struct ws_delay *b)
{
	int by;

	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->what != b->what)
		return a->what < b->what ? -1 : 1;
	by = a->from == b->from ? 0 : strcmp(a->from, b->from);
	if (by)
		return by;
	return a->to == b->to ? 0 : strcmp(a->to, b->to);
}

static int compare(const void *left, const void *right)
{
	const struct ws_delay *a = left, *b = right;
	int by = compare_groups(a, b);

	return by ? by : (a->value_ns > b->value_ns) - (a->value_ns < b->value_ns);
}

/* A group's delays at their least, as they are, and at their most: each sorted, biased. */
struct sides {
	uint64_t *value;
	uint64_t *least;
	uint64_t *most;
};

static struct ws_delay_quantile quantile(const struct sides *sides, uint64_t n, struct ws_quantile q)
{
	struct ws_estimate estimate = ws_quantile_estimate(sides->value, n, q);
	uint64_t rank = ws_quantile_rank(n, q) - 1;
	/* Every true delay is between its two sides, so their quantiles enclose that of the true delays. */
	uint64_t below = estimate.value - sides->least[rank], above = sides->most[rank] - estimate.value;

	return (struct ws_delay_quantile) {
		.value_ns = ws_radix_unbias(estimate.value),
		.bound_ns = below > above ? below : above,
		.has_interval = estimate.has_interval,
		.low_ns = ws_radix_unbias(estimate.low),
		.high_ns = ws_radix_unbias(estimate.high),
	};
}

/* The quantile of so small a part that it is the first or the last. */
static struct ws_delay_quantile extreme(const struct sides *sides, uint64_t i)
{
	uint64_t below = sides->value[i] - sides->least[i], above = sides->most[i] - sides->value[i];

	return (struct ws_delay_quantile) {
		.value_ns = ws_radix_unbias(sides->value[i]),
		.bound_ns = below > above ? below : above,
	};
}

static int summarize(struct ws_underlay_row *row)
{
	struct sides sides = { malloc(row->n * sizeof(uint64_t)), malloc(row->n * sizeof(uint64_t)),
			       malloc(row->n * sizeof(uint64_t)) };
	int rc = sides.value && sides.least && sides.most ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < row->n && !rc; i++) {
		const struct ws_delay *delay = &row->delay[i];
		int64_t bound_ns = delay->bound_ns > INT64_MAX ? INT64_MAX : (int64_t)delay->bound_ns;

		sides.value[i] = ws_radix_bias(delay->value_ns);
		sides.least[i] = ws_radix_bias(less(delay->value_ns, bound_ns));
		sides.most[i] = ws_radix_bias(ws_clock_ns_add(delay->value_ns, bound_ns));
	}
	rc = rc ? rc : ws_radix_sort(sides.least, row->n);
	rc = rc ? rc : ws_radix_sort(sides.most, row->n);
	if (!rc) {
		row->min = extreme(&sides, 0);
		row->median = quantile(&sides, row->n, WS_MEDIAN);
		row->p90 = quantile(&sides, row->n, WS_P(90));
		row->p99 = quantile(&sides, row->n, WS_P(99));
		row->max = extreme(&sides, row->n - 1);
	}
	free(sides.value);
	free(sides.least);
	free(sides.most);
	return rc;
}

int ws_underlay_finish(struct ws_underlay *underlay)
{
	uint32_t end, n_rows = 0;
	int rc = 0;

	if (underlay->n)
		qsort(underlay->delay, underlay->n, sizeof(*underlay->delay), compare);
	for (uint32_t i = 0; i < underlay->n; i++)
		n_rows += !i || compare_groups(&underlay->delay[i - 1], &underlay->delay[i]);
	underlay->row = calloc((size_t)n_rows + 1, sizeof(*underlay->row));
	if (!underlay->row)
		return -ENOMEM;
	for (uint32_t first = 0; first < underlay->n && !rc; first = end) {
		struct ws_underlay_row *row = &underlay->row[underlay->n_rows++];

		end = first + 1;
		while (end < underlay->n && !compare_groups(&underlay->delay[first], &underlay->delay[end]))
			end++;
		row->delay = &underlay->delay[first];
		row->n = end - first;
		rc = summarize(row);
	}
	return rc;
}

/* Room for a call's. */
static int reserve(struct ws_underlay *underlay)
{
	uint32_t room = underlay->room ? 2 * underlay->room : 64;
	struct ws_delay *grown;

	if (underlay->n + DELAYS_OF_A_CALL <= underlay->room)
		return 0;
	if (room > (UINT32_C(1) << 31))
		return -EOVERFLOW;
	grown = realloc(underlay->delay, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	underlay->delay = grown;
	underlay->room = room;
	return 0;
}

int ws_underlay_add(const struct ws_atlas *atlas, const struct ws_calls *calls, const struct ws_clocks *clocks,
		    struct ws_underlay *underlay)
{
	const struct gathering gathering = { underlay, atlas, clocks };
	int rc = 0;

	for (uint32_t i = 0; i < calls->n && !rc; i++) {
		rc = reserve(underlay);
		rc = rc ? rc : add_call(&gathering, &calls->at[i]);
	}
	return rc;
}

void ws_underlay_close(struct ws_underlay *underlay)
{
	if (!underlay)
		return;
	free(underlay->delay);
	free(underlay->row);
	ws_text_pool_close(underlay->texts);
	*underlay = (struct ws_underlay) { 0 };
}
