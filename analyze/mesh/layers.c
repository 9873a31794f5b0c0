/* SPDX-License-Identifier: BSD-2-Clause */
/* layers - see layers.h. */
#include "analyze/mesh/layers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bends of all arcs at most. */
#define BENDS_MAX 20000

/* Ways there and back of ordering. */
#define N_SWEEPS 6

/* A pair of neighbours: places in layers that follow each other. */
struct link {
	uint32_t left, right;
};

struct making {
	uint32_t n;
	const struct ws_arc *arc;
	uint32_t n_arcs;
	uint32_t *first; /* by node: its first arc in by_from; one more at the end */
	uint32_t *by_from;
	struct ws_layers layers;
	uint32_t n_places;
	struct link *link;
	uint32_t n_links;
};

/* Where an arc leads in the layout. */
static uint32_t left_of(const struct making *making, uint32_t arc)
{
	return making->layers.is_turned[arc] ? making->arc[arc].to : making->arc[arc].from;
}

static uint32_t right_of(const struct making *making, uint32_t arc)
{
	return making->layers.is_turned[arc] ? making->arc[arc].from : making->arc[arc].to;
}

static bool is_loop(const struct ws_arc *arc)
{
	return arc->from == arc->to;
}

/* Arcs by the node that they come from. */
static int index_arcs(struct making *making)
{
	making->first = calloc((size_t)making->n + 2, sizeof(*making->first));
	making->by_from = malloc(((size_t)making->n_arcs + 1) * sizeof(*making->by_from));
	if (!making->first || !making->by_from)
		return -ENOMEM;
	for (uint32_t i = 0; i < making->n_arcs; i++)
		making->first[making->arc[i].from + 2]++;
	for (uint32_t i = 2; i < making->n + 2; i++)
		making->first[i] += making->first[i - 1];
	for (uint32_t i = 0; i < making->n_arcs; i++)
		making->by_from[making->first[making->arc[i].from + 1]++] = i;
	return 0;
}

/* Turns the arcs that lead back to where a walk came from, and puts the nodes into an order in which every arc leads
 * onward: *order. */
static int break_circles(struct making *making, uint32_t *order)
{
	enum { NEW, OPEN, DONE };
	uint8_t *state = calloc((size_t)making->n + 1, 1);
	uint32_t *next = malloc(((size_t)making->n + 1) * sizeof(*next));
	uint32_t *stack = malloc(((size_t)making->n + 1) * sizeof(*stack)), at = making->n;

	if (!state || !next || !stack) {
		free(state);
		free(next);
		free(stack);
		return -ENOMEM;
	}
	memcpy(next, making->first, making->n * sizeof(*next));
	for (uint32_t root = 0; root < making->n; root++) {
		uint32_t depth = 0;

		if (state[root] != NEW)
			continue;
		stack[depth++] = root;
		state[root] = OPEN;
		while (depth) {
			uint32_t node = stack[depth - 1], arc, to;

			if (next[node] == making->first[node + 1]) {
				state[node] = DONE;
				order[--at] = node;
				depth--;
				continue;
			}
			arc = making->by_from[next[node]++];
			to = making->arc[arc].to;
			making->layers.is_turned[arc] = state[to] == OPEN && to != node;
			if (state[to] == NEW) {
				state[to] = OPEN;
				stack[depth++] = to;
			}
		}
	}
	free(state);
	free(next);
	free(stack);
	return 0;
}

/* Moves what an arc leads to behind what it comes from. */
static void push(struct making *making, uint32_t arc)
{
	struct ws_layer_place *place = making->layers.place;
	uint32_t least = place[left_of(making, arc)].layer + 1;

	if (!is_loop(&making->arc[arc]) && place[right_of(making, arc)].layer < least)
		place[right_of(making, arc)].layer = least;
}

/* The longest way to each node. In the order, what comes from the left of a node, turned arcs of its own among it, is
 * final before the node is left. */
static int find_layers(struct making *making)
{
	uint32_t *order = malloc(((size_t)making->n + 1) * sizeof(*order));
	int rc = order ? break_circles(making, order) : -ENOMEM;

	for (uint32_t i = 0; i < 2 * making->n && !rc; i++) {
		/* Twice each: its turned arcs first. */
		uint32_t node = order[i / 2];

		for (uint32_t k = making->first[node]; k < making->first[node + 1]; k++) {
			if (making->layers.is_turned[making->by_from[k]] == (i % 2 == 0))
				push(making, making->by_from[k]);
		}
	}
	for (uint32_t i = 0; i < making->n && !rc; i++) {
		if (making->layers.place[i].layer >= making->layers.n_layers)
			making->layers.n_layers = making->layers.place[i].layer + 1;
	}
	free(order);
	return rc;
}

/* Gives each arc a bend in each layer that it crosses, and lists neighbours. */
static int add_bends(struct making *making)
{
	struct ws_layers *layers = &making->layers;
	struct ws_layer_place *grown;
	uint64_t n_bends = 0;

	for (uint32_t i = 0; i < making->n_arcs; i++) {
		if (!is_loop(&making->arc[i]))
			n_bends += layers->place[right_of(making, i)].layer - layers->place[left_of(making, i)].layer -
				   1;
	}
	n_bends = n_bends > BENDS_MAX ? 0 : n_bends;
	grown = realloc(layers->place, (making->n + n_bends + 1) * sizeof(*grown));
	making->link = malloc((making->n_arcs + n_bends + 1) * sizeof(*making->link));
	if (grown)
		layers->place = grown;
	if (!grown || !making->link)
		return -ENOMEM;
	making->n_places = making->n;
	for (uint32_t i = 0; i < making->n_arcs; i++) {
		uint32_t last = left_of(making, i), right = right_of(making, i);

		layers->bend[i] = making->n_places;
		if (is_loop(&making->arc[i]))
			continue;
		for (uint32_t layer = layers->place[last].layer + 1; n_bends && layer < layers->place[right].layer;
		     layer++) {
			layers->place[making->n_places] = (struct ws_layer_place) { layer, 0 };
			making->link[making->n_links++] = (struct link) { last, making->n_places };
			last = making->n_places++;
			layers->n_bends[i]++;
		}
		making->link[making->n_links++] = (struct link) { last, right };
	}
	return 0;
}

/* A place while its layer is sorted. */
struct ranked {
	uint32_t place;
	uint32_t row; /* as it was */
	double key;
};

/* What ordering needs: the places by layer, and each one's neighbours in the layer before and in the next. */
struct ordering {
	uint32_t *first_of_layer;
	struct ranked *ranked;
	uint32_t *first[2], *neighbour[2];
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return (left->row > right->row) - (left->row < right->row);
}

/* Relative to the middle of its layer: layers are drawn centred. */
static double height_at(const struct ws_layers *layers, uint32_t place)
{
	return layers->place[place].row - (layers->height[layers->place[place].layer] - 1) / 2.0;
}

/* The neighbours at one side: 0 left, 1 right. */
static int list_neighbours(const struct making *making, int side, struct ordering *ordering)
{
	uint32_t *first = calloc((size_t)making->n_places + 2, sizeof(*first));
	uint32_t *neighbour = malloc(((size_t)making->n_links + 1) * sizeof(*neighbour));

	ordering->first[side] = first;
	ordering->neighbour[side] = neighbour;
	if (!first || !neighbour)
		return -ENOMEM;
	for (uint32_t i = 0; i < making->n_links; i++)
		first[(side ? making->link[i].left : making->link[i].right) + 2]++;
	for (uint32_t i = 2; i < making->n_places + 2; i++)
		first[i] += first[i - 1];
	for (uint32_t i = 0; i < making->n_links; i++) {
		const struct link *link = &making->link[i];

		neighbour[first[(side ? link->left : link->right) + 1]++] = side ? link->right : link->left;
	}
	return 0;
}

static int list_layers(struct making *making, struct ordering *ordering)
{
	struct ws_layers *layers = &making->layers;

	layers->height = calloc((size_t)layers->n_layers + 1, sizeof(*layers->height));
	ordering->first_of_layer = calloc((size_t)layers->n_layers + 1, sizeof(uint32_t));
	ordering->ranked = malloc(((size_t)making->n_places + 1) * sizeof(*ordering->ranked));
	if (!layers->height || !ordering->first_of_layer || !ordering->ranked)
		return -ENOMEM;
	for (uint32_t i = 0; i < making->n_places; i++)
		layers->place[i].row = layers->height[layers->place[i].layer]++;
	for (uint32_t i = 0; i < layers->n_layers; i++) {
		ordering->first_of_layer[i + 1] = ordering->first_of_layer[i] + layers->height[i];
		layers->n_rows = layers->height[i] > layers->n_rows ? layers->height[i] : layers->n_rows;
	}
	for (uint32_t i = 0; i < making->n_places; i++) {
		const struct ws_layer_place *place = &layers->place[i];

		ordering->ranked[ordering->first_of_layer[place->layer] + place->row].place = i;
	}
	return 0;
}

/* Puts a layer in the order of the middles of its neighbours at one side. */
static void order_layer(struct making *making, struct ordering *ordering, uint32_t layer, int side)
{
	struct ws_layers *layers = &making->layers;
	struct ranked *ranked = &ordering->ranked[ordering->first_of_layer[layer]];

	for (uint32_t i = 0; i < layers->height[layer]; i++) {
		uint32_t place = ranked[i].place, first = ordering->first[side][place];
		uint32_t last = ordering->first[side][place + 1];
		double sum = 0;

		for (uint32_t k = first; k < last; k++)
			sum += height_at(layers, ordering->neighbour[side][k]);
		ranked[i].row = layers->place[place].row;
		ranked[i].key = last > first ? sum / (last - first) : height_at(layers, place);
	}
	qsort(ranked, layers->height[layer], sizeof(*ranked), compare_ranked);
	for (uint32_t i = 0; i < layers->height[layer]; i++)
		layers->place[ranked[i].place].row = i;
}

/* To the right by what is at the left, then to the left by what is at the right, and again. */
static int order_rows(struct making *making)
{
	struct ordering ordering = { 0 };
	uint32_t n_layers = making->layers.n_layers;
	int rc = list_layers(making, &ordering);

	rc = rc ? rc : list_neighbours(making, 0, &ordering);
	rc = rc ? rc : list_neighbours(making, 1, &ordering);
	for (int sweep = 0; sweep < N_SWEEPS && !rc; sweep++) {
		for (uint32_t i = 1; i < n_layers; i++)
			order_layer(making, &ordering, sweep % 2 ? n_layers - 1 - i : i, sweep % 2);
	}
	free(ordering.first_of_layer);
	free(ordering.ranked);
	for (int side = 0; side < 2; side++) {
		free(ordering.first[side]);
		free(ordering.neighbour[side]);
	}
	return rc;
}

int ws_layers_make(uint32_t n, const struct ws_arc *arc, uint32_t n_arcs, struct ws_layers *layers)
{
	struct making making = { .n = n, .arc = arc, .n_arcs = n_arcs };
	int rc = 0;

	making.layers.place = calloc((size_t)n + 1, sizeof(*making.layers.place));
	making.layers.bend = calloc((size_t)n_arcs + 1, sizeof(*making.layers.bend));
	making.layers.n_bends = calloc((size_t)n_arcs + 1, sizeof(*making.layers.n_bends));
	making.layers.is_turned = calloc((size_t)n_arcs + 1, sizeof(*making.layers.is_turned));
	if (!making.layers.place || !making.layers.bend || !making.layers.n_bends || !making.layers.is_turned)
		rc = -ENOMEM;
	rc = rc ? rc : index_arcs(&making);
	rc = rc ? rc : find_layers(&making);
	rc = rc ? rc : add_bends(&making);
	rc = rc ? rc : order_rows(&making);
	free(making.first);
	free(making.by_from);
	free(making.link);
	if (rc)
		ws_layers_close(&making.layers);
	else
		*layers = making.layers;
	return rc;
}

void ws_layers_close(struct ws_layers *layers)
{
	if (!layers)
		return;
	free(layers->place);
	free(layers->bend);
	free(layers->n_bends);
	free(layers->is_turned);
	free(layers->height);
	*layers = (struct ws_layers) { 0 };
}
