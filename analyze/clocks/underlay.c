/* SPDX-License-Identifier: BSD-2-Clause */
/* underlay - see underlay.h. */
#include "analyze/clocks/underlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "analyze/clocks/clocks_inner.h"
#include "analyze/clocks/crossings.h"
#include "analyze/radix.h"
#include "analyze/text_pool.h"

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

/* a - b, at most what a number of 64 bits can hold. */
static int64_t less(int64_t a, int64_t b)
{
	int64_t rest;

	return !__builtin_sub_overflow(a, b, &rest) ? rest : a < b ? INT64_MIN : INT64_MAX;
}

static bool is_row(const struct ws_underlay_row *row, const struct ws_underlay_row *wanted)
{
	/* both texts are of one pool, or nodes of the atlas: the same pointers */
	return row->from == wanted->from && row->to == wanted->to && row->scope == wanted->scope &&
	       row->what == wanted->what;
}

/* The slot of a row: its own, or the free one where it goes. */
static uint32_t slot_of(const struct ws_underlay *underlay, const struct ws_underlay_row *wanted)
{
	const uint64_t key[] = { (uintptr_t)wanted->from, (uintptr_t)wanted->to, wanted->scope, wanted->what };
	uint32_t slot = (uint32_t)XXH3_64bits(key, sizeof(key)) & (underlay->n_slots - 1);

	while (underlay->slot[slot] && !is_row(&underlay->row[underlay->slot[slot] - 1], wanted))
		slot = (slot + 1) & (underlay->n_slots - 1);
	return slot;
}

/* Room for one more row. */
static int reserve_row(struct ws_underlay *underlay)
{
	uint32_t room = underlay->n_rows_room ? 2 * underlay->n_rows_room : 32, *slot;
	struct ws_underlay_row *grown;

	if (underlay->n_rows < underlay->n_rows_room)
		return 0;
	grown = realloc(underlay->row, room * sizeof(*grown));
	underlay->row = grown ? grown : underlay->row;
	slot = calloc(2 * (size_t)room, sizeof(*slot));
	if (!grown || !slot) {
		free(slot);
		return -ENOMEM;
	}
	free(underlay->slot);
	underlay->slot = slot;
	underlay->n_slots = 2 * room;
	underlay->n_rows_room = room;
	for (uint32_t i = 0; i < underlay->n_rows; i++)
		slot[slot_of(underlay, &underlay->row[i])] = i + 1;
	return 0;
}

static int grow(uint64_t **list, uint32_t room)
{
	uint64_t *grown = realloc(*list, room * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	return 0;
}

/* Room for one more delay. */
static int reserve(struct ws_underlay_row *row)
{
	uint32_t room = row->room ? 2 * row->room : 16;
	int rc;

	if (row->n < row->room)
		return 0;
	if (room > UINT32_C(1) << 31)
		return -EOVERFLOW;
	rc = grow(&row->value, room);
	if (!rc && row->what != WS_UNDERLAY_ROUND_TRIP)
		rc = grow(&row->least, room);
	if (!rc && row->what != WS_UNDERLAY_ROUND_TRIP)
		rc = grow(&row->most, room);
	row->room = rc ? row->room : room;
	return rc;
}

/* A delay, which is within bound_ns with clocks brought together. */
static int add(struct ws_underlay *underlay, enum ws_underlay_scope scope, enum ws_underlay_what what, struct ends ends,
	       int64_t value_ns, uint64_t bound_ns)
{
	struct ws_underlay_row wanted = {
		.from = ends.from, .to = ends.to, .scope = (uint8_t)scope, .what = (uint8_t)what
	};
	int64_t bound = bound_ns > INT64_MAX ? INT64_MAX : (int64_t)bound_ns;
	struct ws_underlay_row *row;
	uint32_t slot;
	int rc = reserve_row(underlay);

	if (rc)
		return rc;
	slot = slot_of(underlay, &wanted);
	if (!underlay->slot[slot]) {
		underlay->row[underlay->n_rows++] = wanted;
		underlay->slot[slot] = underlay->n_rows;
	}
	row = &underlay->row[underlay->slot[slot] - 1];
	rc = reserve(row);
	if (rc)
		return rc;
	row->value[row->n] = ws_radix_bias(value_ns);
	if (row->least) {
		row->least[row->n] = ws_radix_bias(less(value_ns, bound));
		row->most[row->n] = ws_radix_bias(ws_clock_ns_add(value_ns, bound));
	}
	row->n++;
	return 0;
}

static struct ends nodes_of(const struct gathering *gathering, const struct ws_crossing *crossing)
{
	return (struct ends) { gathering->atlas->node[crossing->from], gathering->atlas->node[crossing->to] };
}

/* Adds how long a packet took one way, if the clocks are related. */
static int add_way(const struct gathering *gathering, const struct ws_crossing *crossing, enum ws_underlay_what what,
		   struct ends services)
{
	struct ws_underlay *underlay = gathering->underlay;
	uint64_t bound_ns;
	int64_t between = ws_clocks_between(gathering->clocks, crossing->from, crossing->sent_ns, crossing->to,
					    crossing->received_ns, &bound_ns);
	int64_t delay_ns = ws_clock_ns_add(less(crossing->received_ns, crossing->sent_ns), between);
	int rc;

	underlay->n_packets++;
	if (bound_ns == WS_CLOCK_UNBOUND) {
		underlay->n_unbound++;
		return 0;
	}
	rc = add(underlay, WS_UNDERLAY_NODES, WS_UNDERLAY_ONE_WAY, nodes_of(gathering, crossing), delay_ns, bound_ns);
	return rc ? rc : add(underlay, WS_UNDERLAY_EDGE, what, services, delay_ns, bound_ns);
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
		rc = add_way(gathering, &there, WS_UNDERLAY_REQUEST, services);
	if (is_back && !rc)
		rc = add_way(gathering, &back, WS_UNDERLAY_RESPONSE, (struct ends) { services.to, services.from });
	if (rc || !is_there || !is_back) {
		underlay->n_unpaired += is_there && !is_back;
		return rc;
	}
	round_trip_ns = less(less(back.received_ns, there.sent_ns), less(back.sent_ns, there.received_ns));
	rc = add(underlay, WS_UNDERLAY_NODES, WS_UNDERLAY_ROUND_TRIP, nodes_of(gathering, &there), round_trip_ns, 0);
	return rc ? rc : add(underlay, WS_UNDERLAY_EDGE, WS_UNDERLAY_ROUND_TRIP, services, round_trip_ns, 0);
}

static int compare_rows(const void *left, const void *right)
{
	const struct ws_underlay_row *a = left, *b = right;
	int by;

	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	if (a->what != b->what)
		return a->what < b->what ? -1 : 1;
	by = strcmp(a->from, b->from);
	return by ? by : strcmp(a->to, b->to);
}

/* A group's delays at their least, as they are, and at their most: each sorted, biased. */
struct sides {
	const uint64_t *value;
	const uint64_t *least;
	const uint64_t *most;
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
	const struct sides sides = { row->value, row->least ? row->least : row->value,
				     row->most ? row->most : row->value };
	int rc = ws_radix_sort(row->value, row->n);

	if (!rc && row->least)
		rc = ws_radix_sort(row->least, row->n);
	if (!rc && row->most)
		rc = ws_radix_sort(row->most, row->n);
	if (rc)
		return rc;
	row->min = extreme(&sides, 0);
	row->median = quantile(&sides, row->n, WS_MEDIAN);
	row->p90 = quantile(&sides, row->n, WS_P(90));
	row->p99 = quantile(&sides, row->n, WS_P(99));
	row->max = extreme(&sides, row->n - 1);
	return 0;
}

int ws_underlay_finish(struct ws_underlay *underlay)
{
	int rc = 0;

	if (underlay->n_rows)
		qsort(underlay->row, underlay->n_rows, sizeof(*underlay->row), compare_rows);
	free(underlay->slot);
	underlay->slot = NULL;
	for (uint32_t i = 0; i < underlay->n_rows && !rc; i++)
		rc = summarize(&underlay->row[i]);
	return rc;
}

int ws_underlay_add(const struct ws_atlas *atlas, const struct ws_calls *calls, const struct ws_clocks *clocks,
		    struct ws_underlay *underlay)
{
	const struct gathering gathering = { underlay, atlas, clocks };
	int rc = 0;

	for (uint32_t i = 0; i < calls->n && !rc; i++)
		rc = add_call(&gathering, &calls->at[i]);
	return rc;
}

void ws_underlay_close(struct ws_underlay *underlay)
{
	if (!underlay)
		return;
	for (uint32_t i = 0; i < underlay->n_rows; i++) {
		free(underlay->row[i].value);
		free(underlay->row[i].least);
		free(underlay->row[i].most);
	}
	free(underlay->row);
	free(underlay->slot);
	ws_text_pool_close(underlay->texts);
	*underlay = (struct ws_underlay) { 0 };
}
