/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layers - lays a directed graph out in layers from left to right (Sugiyama, Tagawa, Toda 1981, in its simplest form):
 * edges that close a circle are turned, a node's layer is the longest way to it, edges over several layers get a bend
 * in each, and within the layers the order is that of the middles of neighbours.
 */
#ifndef WS_ANALYZE_LAYERS_H
#define WS_ANALYZE_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

struct ws_arc {
	uint32_t from; /* nodes */
	uint32_t to;
};

/* A node, or a bend of an arc. */
struct ws_layer_place {
	uint32_t layer;
	uint32_t row; /* within its layer, from the top */
};

struct ws_layers {
	struct ws_layer_place *place; /* nodes first, then bends */
	uint32_t *bend;		      /* by arc: its first bend, from left to right, one in each layer between */
	uint32_t *n_bends;
	bool *is_turned; /* by arc: it runs from right to left */
	uint32_t n_layers;
	uint32_t n_rows;  /* of the highest layer */
	uint32_t *height; /* by layer: its rows */
};

/*
 * Lays n nodes and n_arcs arcs out; an arc from a node to itself takes no part. So many bends that they would cost more
 * than they are worth are left out: then arcs run straight. 0 or -ENOMEM. To be closed with ws_layers_close().
 */
int ws_layers_make(uint32_t n, const struct ws_arc *arc, uint32_t n_arcs, struct ws_layers *layers);

/* NULL is fine. */
void ws_layers_close(struct ws_layers *layers);

#endif
