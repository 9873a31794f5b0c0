/* SPDX-License-Identifier: BSD-2-Clause */
/* relations - see clocks.h: from pairs of clocks to every clock's offset from its reference. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/clocks/clocks_inner.h"
#include "analyze/clocks/envelope.h"
#include "analyze/radix.h"

/* Knots of a node that is not beside its reference: its neighbours' are left out beyond so many. */
#define KNOTS_MAX (4 * WS_CELLS_MAX)

#define NOWHERE UINT32_MAX

struct relating {
	struct ws_clocks *clocks;
	uint32_t *edge;	 /* pairs by node: [first[node], first[node + 1]) */
	uint32_t *first; /* one a node and one more */
	uint32_t *depth; /* pairs on the way to the reference; NOWHERE: not reached yet */
	uint32_t *queue;
};

/* What an offset can be. */
struct range {
	int64_t least_ns;
	int64_t largest_ns;
	bool doubtful;
};

static uint32_t other_end(const struct ws_clock_pair *pair, uint32_t node)
{
	return pair->node == node ? pair->other : pair->node;
}

static void list_edges(struct relating *relating)
{
	const struct ws_clocks *clocks = relating->clocks;
	uint32_t *first = relating->first;

	for (uint32_t i = 0; i < clocks->n_pairs; i++) {
		first[clocks->pair[i].node]++;
		first[clocks->pair[i].other]++;
	}
	for (uint32_t i = 1; i <= clocks->n_nodes; i++)
		first[i] += first[i - 1];
	/* Filled from the end: a node's end goes down to its beginning. */
	for (uint32_t i = clocks->n_pairs; i-- > 0;) {
		relating->edge[--first[clocks->pair[i].node]] = i;
		relating->edge[--first[clocks->pair[i].other]] = i;
	}
}

/* Does a jump lie near? */
static bool is_doubtful(const struct ws_clock_knot *knot, uint32_t n_knots, int64_t at_ns)
{
	uint32_t n_until = ws_clock_knots_until(knot, n_knots, at_ns);

	return (n_until > 0 && knot[n_until - 1].doubtful) || (n_until < n_knots && knot[n_until].doubtful);
}

/* What leads from node's clock to the pair's other one, at a time of node's. */
static int64_t across(const struct ws_clock_pair *pair, uint32_t node, int64_t at_ns, uint64_t *bound_ns,
		      bool *doubtful)
{
	int64_t back = 0;

	if (pair->node == node) {
		*doubtful = is_doubtful(pair->knot, pair->n_knots, at_ns);
		return ws_clock_knots_at(pair->knot, pair->n_knots, at_ns, bound_ns);
	}
	/* The knots are at the other's times, which are what is looked for; rates are near each other. */
	for (int i = 0; i < 4; i++)
		back = ws_clock_knots_at(pair->knot, pair->n_knots,
					 ws_clock_ns_add(at_ns, back == INT64_MIN ? INT64_MAX : -back), bound_ns);
	*doubtful = is_doubtful(pair->knot, pair->n_knots,
				ws_clock_ns_add(at_ns, back == INT64_MIN ? INT64_MAX : -back));
	*bound_ns = ws_clock_bounds_add(*bound_ns, *bound_ns / 1024);
	return back == INT64_MIN ? INT64_MAX : -back;
}

/* What one way to the reference says. false: nothing. */
static bool range_by(const struct relating *relating, const struct ws_clock_pair *pair, uint32_t node, int64_t at_ns,
		     struct range *range)
{
	const struct ws_clock_model *next = &relating->clocks->node[other_end(pair, node)];
	uint64_t bound, next_bound = 0;
	int64_t step = across(pair, node, at_ns, &bound, &range->doubtful), next_step = 0, there;

	if (relating->depth[other_end(pair, node)]) {
		/* When it is for the neighbour is known to the bound; so is how far its clock went in that. */
		there = ws_clock_ns_add(at_ns, step);
		next_step = ws_clock_knots_at(next->knot, next->n_knots, there, &next_bound);
		next_bound = ws_clock_bounds_add(next_bound, bound / 1024 + 1);
		range->doubtful |= is_doubtful(next->knot, next->n_knots, there);
	}
	bound = ws_clock_bounds_add(bound, next_bound);
	if (bound > INT64_MAX)
		return false;
	step = ws_clock_ns_add(step, next_step);
	range->least_ns = ws_clock_ns_add(step, -(int64_t)bound);
	range->largest_ns = ws_clock_ns_add(step, (int64_t)bound);
	return true;
}

static uint64_t width(const struct range *range)
{
	return (uint64_t)range->largest_ns - (uint64_t)range->least_ns;
}

/* What all ways allow; if they contradict each other, what the best of them does. */
static struct ws_clock_knot knot_at(const struct relating *relating, uint32_t node, int64_t at_ns)
{
	struct ws_clock_knot knot = { .at_ns = at_ns, .bound_ns = WS_CLOCK_UNBOUND };
	struct range all = { 0 }, range;
	bool any = false;

	for (uint32_t i = relating->first[node]; i < relating->first[node + 1]; i++) {
		const struct ws_clock_pair *pair = &relating->clocks->pair[relating->edge[i]];

		if (relating->depth[other_end(pair, node)] >= relating->depth[node] ||
		    !range_by(relating, pair, node, at_ns, &range))
			continue;
		if (!any || range.least_ns > all.largest_ns || range.largest_ns < all.least_ns) {
			all = any && width(&all) < width(&range) ? all : range;
		} else {
			all.least_ns = range.least_ns > all.least_ns ? range.least_ns : all.least_ns;
			all.largest_ns = range.largest_ns < all.largest_ns ? range.largest_ns : all.largest_ns;
			all.doubtful &= range.doubtful;
		}
		any = true;
	}
	if (any) {
		knot.correction_ns = (int64_t)((uint64_t)all.least_ns + width(&all) / 2);
		knot.bound_ns = width(&all) / 2 + width(&all) % 2;
		knot.doubtful = all.doubtful;
	}
	return knot;
}

/* Appends a neighbour's times as times of node's clock. */
static uint32_t add_times(const struct ws_clock_pair *pair, uint32_t node, const struct ws_clock_knot *knot,
			  uint32_t n_knots, bool is_own, uint64_t *time)
{
	uint64_t bound;
	bool doubtful;

	for (uint32_t i = 0; i < n_knots; i++) {
		int64_t at_ns = knot[i].at_ns;

		if (!is_own)
			at_ns = ws_clock_ns_add(at_ns, across(pair, other_end(pair, node), at_ns, &bound, &doubtful));
		time[i] = ws_radix_bias(at_ns);
	}
	return n_knots;
}

/* Gathers the times at which the ways from node to the reference have knots. 0 or -ENOMEM; *time is to be freed. */
static int gather_times(const struct relating *relating, uint32_t node, uint64_t **time, uint32_t *n_times)
{
	const struct ws_clocks *clocks = relating->clocks;
	uint64_t room = 0, *made;
	uint32_t n = 0, kept = 0;

	for (uint32_t i = relating->first[node]; i < relating->first[node + 1]; i++) {
		const struct ws_clock_pair *pair = &clocks->pair[relating->edge[i]];

		room += (uint64_t)pair->n_knots + clocks->node[other_end(pair, node)].n_knots;
	}
	made = malloc((room + 1) * sizeof(*made));
	if (!made)
		return -ENOMEM;
	for (uint32_t i = relating->first[node]; i < relating->first[node + 1]; i++) {
		const struct ws_clock_pair *pair = &clocks->pair[relating->edge[i]];
		uint32_t other = other_end(pair, node);

		if (relating->depth[other] >= relating->depth[node])
			continue;
		if (n == 0 || n + pair->n_knots <= KNOTS_MAX)
			n += add_times(pair, node, pair->knot, pair->n_knots, pair->node == node, made + n);
		if (relating->depth[other] && n + clocks->node[other].n_knots <= KNOTS_MAX)
			n += add_times(pair, node, clocks->node[other].knot, clocks->node[other].n_knots, false,
				       made + n);
	}
	if (ws_radix_sort(made, n)) {
		free(made);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!kept || made[kept - 1] != made[i])
			made[kept++] = made[i];
	}
	*time = made;
	*n_times = kept;
	return 0;
}

/* Fills the knots of a node beside which there are some that are nearer to the reference. */
static int fill_node(struct relating *relating, uint32_t node)
{
	struct ws_clock_model *model = &relating->clocks->node[node];
	struct ws_clock_knot *knot;
	uint64_t *time;
	uint32_t n;
	int rc = gather_times(relating, node, &time, &n);

	if (rc)
		return rc;
	knot = calloc((size_t)n + 1, sizeof(*knot));
	for (uint32_t i = 0; i < n && knot; i++)
		knot[i] = knot_at(relating, node, ws_radix_unbias(time[i]));
	free(time);
	if (!knot)
		return -ENOMEM;
	free(model->knot);
	model->knot = knot;
	model->n_knots = n;
	ws_clock_knots_tell(knot, n, &model->drift_ppm, &model->bound_ns);
	return 0;
}

/* Adds up what the node's pairs say of it. */
static void count_node(const struct relating *relating, uint32_t node)
{
	struct ws_clock_model *model = &relating->clocks->node[node];
	bool first = true;

	for (uint32_t i = relating->first[node]; i < relating->first[node + 1]; i++) {
		const struct ws_clock_pair *pair = &relating->clocks->pair[relating->edge[i]];
		bool is_own = pair->node == node;

		model->n_crossings[0] += pair->n_crossings[is_own ? 0 : 1];
		model->n_crossings[1] += pair->n_crossings[is_own ? 1 : 0];
		if (pair->min_round_trip_ns < model->min_round_trip_ns)
			model->min_round_trip_ns = pair->min_round_trip_ns;
		if (relating->depth[other_end(pair, node)] >= relating->depth[node])
			continue;
		model->n_jumps = first || pair->n_jumps < model->n_jumps ? pair->n_jumps : model->n_jumps;
		first = false;
	}
}

/* The node not reached yet with most neighbours, then most packets, then the lowest index. */
static uint32_t next_reference(const struct relating *relating)
{
	const struct ws_clocks *clocks = relating->clocks;
	uint64_t best_packets = 0;
	uint32_t best = NOWHERE, best_neighbours = 0;

	for (uint32_t i = 0; i < clocks->n_nodes; i++) {
		uint32_t neighbours = relating->first[i + 1] - relating->first[i];
		uint64_t packets = 0;

		for (uint32_t k = relating->first[i]; k < relating->first[i + 1]; k++) {
			const struct ws_clock_pair *pair = &clocks->pair[relating->edge[k]];

			packets += pair->n_crossings[0] + pair->n_crossings[1];
		}
		if (relating->depth[i] != NOWHERE || !neighbours || neighbours < best_neighbours ||
		    (neighbours == best_neighbours && packets <= best_packets))
			continue;
		best = i;
		best_neighbours = neighbours;
		best_packets = packets;
	}
	return best;
}

/* All that are related to the reference, nearest first. */
static int fill_component(struct relating *relating, uint32_t reference)
{
	struct ws_clocks *clocks = relating->clocks;
	uint32_t n = 0;
	int rc = 0;

	relating->depth[reference] = 0;
	relating->queue[n++] = reference;
	for (uint32_t i = 0; i < n && !rc; i++) {
		uint32_t node = relating->queue[i];

		clocks->node[node].reference = reference;
		for (uint32_t k = relating->first[node]; k < relating->first[node + 1]; k++) {
			uint32_t other = other_end(&clocks->pair[relating->edge[k]], node);

			if (relating->depth[other] != NOWHERE)
				continue;
			relating->depth[other] = relating->depth[node] + 1;
			relating->queue[n++] = other;
		}
		if (node != reference)
			rc = fill_node(relating, node);
		else
			clocks->node[node].knot->bound_ns = clocks->node[node].bound_ns = 0;
	}
	for (uint32_t i = 0; i < n; i++)
		count_node(relating, relating->queue[i]);
	return rc;
}

int ws_clocks_relate(struct ws_clocks *clocks)
{
	struct relating relating = {
		.clocks = clocks,
		.edge = calloc(2 * (size_t)clocks->n_pairs + 1, sizeof(*relating.edge)),
		.first = calloc((size_t)clocks->n_nodes + 2, sizeof(*relating.first)),
		.depth = malloc(((size_t)clocks->n_nodes + 1) * sizeof(*relating.depth)),
		.queue = calloc((size_t)clocks->n_nodes + 1, sizeof(*relating.queue)),
	};
	int rc = relating.edge && relating.first && relating.depth && relating.queue ? 0 : -ENOMEM;
	uint32_t reference;

	if (!rc) {
		for (uint32_t i = 0; i < clocks->n_nodes; i++)
			relating.depth[i] = NOWHERE;
		list_edges(&relating);
		while (!rc && (reference = next_reference(&relating)) != NOWHERE)
			rc = fill_component(&relating, reference);
	}
	free(relating.edge);
	free(relating.first);
	free(relating.depth);
	free(relating.queue);
	return rc;
}
