/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks - see clocks.h: between every two nodes; relations.c puts them together. */
#include "analyze/clocks/clocks.h"

#include <errno.h>
#include <stdlib.h>

#include "analyze/clocks/clocks_inner.h"
#include "analyze/clocks/track.h"

static uint64_t pair_key(uint16_t a, uint16_t b)
{
	return a < b ? (uint64_t)a << 16 | b : (uint64_t)b << 16 | a;
}

/* The crossings between two nodes lie together. Returns how many crossings are between two nodes, or -errno. */
static int64_t sort_by_pair(const struct ws_crossing *crossing, uint32_t n, uint32_t n_nodes,
			    struct ws_radix_item *order)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (crossing[i].from >= n_nodes || crossing[i].to >= n_nodes)
			return -EINVAL;
		if (crossing[i].from != crossing[i].to)
			order[kept++] = (struct ws_radix_item) { pair_key(crossing[i].from, crossing[i].to), i };
	}
	return ws_radix_sort_items(order, kept) ? -ENOMEM : (int64_t)kept;
}

/* Takes a track over as a pair's knots. */
static int take_track(struct ws_track *track, struct ws_clock_pair *pair)
{
	pair->knot = calloc(track->n_knots, sizeof(*pair->knot));
	if (!pair->knot)
		return -ENOMEM;
	for (uint32_t i = 0; i < track->n_knots; i++) {
		const struct ws_track_knot *knot = &track->knot[i];
		/* Rounded up: both ends are within the bound of the middle. */
		uint64_t width = (uint64_t)knot->largest_ns - (uint64_t)knot->least_ns, half = width / 2 + width % 2;

		pair->knot[i] = (struct ws_clock_knot) {
			knot->at_ns,
			(int64_t)((uint64_t)knot->least_ns + width / 2),
			half,
			knot->doubtful,
		};
	}
	pair->n_knots = track->n_knots;
	pair->jump = track->jump;
	pair->n_jumps = track->n_jumps;
	track->jump = NULL;
	pair->wander_ppm_s = track->wander / 1e3;
	pair->min_round_trip_ns = track->min_round_trip_ns;
	ws_clock_knots_tell(pair->knot, pair->n_knots, &pair->drift_ppm, &pair->bound_ns);
	return 0;
}

/* Follows one pair's clocks. 0, -ENODATA: they are not related; -ENOMEM. */
static int estimate_pair(const struct ws_crossing *crossing, struct ws_radix_item *order, uint32_t n,
			 struct ws_clock_pair *pair)
{
	struct ws_track track;
	int rc = ws_track_open(crossing, order, n, (uint16_t)pair->node, &track);

	if (rc)
		return rc;
	rc = take_track(&track, pair);
	ws_track_close(&track);
	return rc;
}

static void close_pair(struct ws_clock_pair *pair)
{
	free(pair->knot);
	free(pair->jump);
}

/* Who has most neighbours, then most packets, is nearest to the reference: the pair's times are those of the other. */
static void choose_side(const uint64_t *weight, uint16_t a, uint16_t b, struct ws_clock_pair *pair)
{
	pair->node = weight[a] < weight[b] ? a : b;
	pair->other = weight[a] < weight[b] ? b : a;
}

static int estimate_pairs(const struct ws_crossing *crossing, struct ws_radix_item *order, uint32_t n,
			  const uint64_t *weight, struct ws_clocks *clocks)
{
	uint32_t end;
	int rc = 0;

	for (uint32_t first = 0; first < n && !rc; first = end) {
		struct ws_clock_pair pair = { 0 };
		uint64_t key = order[first].key;

		choose_side(weight, (uint16_t)(key >> 16), (uint16_t)key, &pair);
		for (end = first; end < n && order[end].key == key; end++)
			pair.n_crossings[crossing[order[end].tag].from == pair.node]++;
		if (!pair.n_crossings[0] || !pair.n_crossings[1])
			continue;
		rc = estimate_pair(crossing, order + first, end - first, &pair);
		if (!rc)
			clocks->pair[clocks->n_pairs++] = pair;
		else
			close_pair(&pair);
		if (rc == -ENODATA)
			rc = 0;
	}
	return rc;
}

/* Counts neighbours (high bits) and packets, and pairs of nodes. */
static uint32_t weigh(const struct ws_crossing *crossing, const struct ws_radix_item *order, uint32_t n,
		      uint64_t *weight)
{
	uint32_t n_pairs = 0, end;

	for (uint32_t first = 0; first < n; first = end) {
		uint64_t key = order[first].key;
		uint16_t a = (uint16_t)(key >> 16), b = (uint16_t)key;
		uint64_t n_from[2] = { 0 };

		for (end = first; end < n && order[end].key == key; end++)
			n_from[crossing[order[end].tag].from == a]++;
		n_pairs++;
		if (!n_from[0] || !n_from[1])
			continue;
		weight[a] += (UINT64_C(1) << 40) + end - first;
		weight[b] += (UINT64_C(1) << 40) + end - first;
	}
	return n_pairs;
}

int ws_clocks_estimate(const struct ws_crossing *crossing, uint32_t n, uint32_t n_nodes, struct ws_clocks *clocks)
{
	struct ws_radix_item *order = calloc((size_t)n + 1, sizeof(*order));
	uint64_t *weight = calloc((size_t)n_nodes + 1, sizeof(*weight));
	struct ws_clocks made = { 0 };
	int rc = order && weight ? ws_clocks_unrelated(n_nodes, &made) : -ENOMEM;
	int64_t kept = rc ? rc : sort_by_pair(crossing, n, n_nodes, order);

	rc = kept < 0 ? (int)kept : 0;
	if (!rc) {
		made.pair = calloc((size_t)weigh(crossing, order, (uint32_t)kept, weight) + 1, sizeof(*made.pair));
		rc = made.pair ? estimate_pairs(crossing, order, (uint32_t)kept, weight, &made) : -ENOMEM;
	}
	rc = rc ? rc : ws_clocks_relate(&made);
	free(order);
	free(weight);
	if (rc)
		ws_clocks_close(&made);
	else
		*clocks = made;
	return rc;
}

int ws_clocks_unrelated(uint32_t n_nodes, struct ws_clocks *clocks)
{
	struct ws_clocks made = { .node = calloc((size_t)n_nodes + 1, sizeof(*made.node)) };
	int rc = made.node ? 0 : -ENOMEM;

	made.n_nodes = rc ? 0 : n_nodes;
	for (uint32_t i = 0; i < n_nodes && !rc; i++) {
		made.node[i].knot = calloc(1, sizeof(*made.node[i].knot));
		rc = made.node[i].knot ? 0 : -ENOMEM;
		if (rc)
			break;
		made.node[i].knot->bound_ns = WS_CLOCK_UNBOUND;
		made.node[i].n_knots = 1;
		made.node[i].reference = i;
		made.node[i].bound_ns = WS_CLOCK_UNBOUND;
		made.node[i].min_round_trip_ns = INT64_MAX;
	}
	if (rc)
		ws_clocks_close(&made);
	else
		*clocks = made;
	return rc;
}

int ws_clocks_from_words(const int64_t *offset_ns, const uint64_t *bound_ns, uint32_t n_nodes, struct ws_clocks *clocks)
{
	uint32_t reference = UINT32_MAX;
	int rc = ws_clocks_unrelated(n_nodes, clocks);

	for (uint32_t i = 0; i < n_nodes && !rc; i++) {
		struct ws_clock_model *model = &clocks->node[i];

		if (bound_ns[i] == WS_CLOCK_UNBOUND)
			continue;
		reference = reference == UINT32_MAX ? i : reference;
		model->reference = reference;
		model->knot->correction_ns = offset_ns[i];
		model->knot->bound_ns = model->bound_ns = bound_ns[i];
	}
	return rc;
}

void ws_clocks_close(struct ws_clocks *clocks)
{
	if (!clocks)
		return;
	for (uint32_t i = 0; i < clocks->n_nodes; i++)
		free(clocks->node[i].knot);
	for (uint32_t i = 0; i < clocks->n_pairs; i++)
		close_pair(&clocks->pair[i]);
	free(clocks->node);
	free(clocks->pair);
	*clocks = (struct ws_clocks) { 0 };
}
