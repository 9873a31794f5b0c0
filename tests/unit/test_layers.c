/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs in layers: every arc leads to the right, or is turned; nobody shares a place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "analyze/mesh/layers.h"
#include "tests/unit/random.h"

static void check(const struct ws_layers *layers, uint32_t n, const struct ws_arc *arc, uint32_t n_arcs)
{
	uint32_t n_places = n;
	bool *taken;

	for (uint32_t i = 0; i < n_arcs; i++) {
		const struct ws_layer_place *from = &layers->place[arc[i].from], *to = &layers->place[arc[i].to];

		n_places += layers->n_bends[i];
		if (arc[i].from == arc[i].to) {
			assert_int_equal(layers->n_bends[i], 0);
			continue;
		}
		if (layers->is_turned[i])
			assert_true(to->layer < from->layer);
		else
			assert_true(from->layer < to->layer);
		for (uint32_t k = 0; k < layers->n_bends[i]; k++)
			assert_int_equal(layers->place[layers->bend[i] + k].layer,
					 (layers->is_turned[i] ? to : from)->layer + 1 + k);
	}
	taken = calloc((size_t)layers->n_layers * layers->n_rows + 1, sizeof(*taken));
	assert_non_null(taken);
	for (uint32_t i = 0; i < n_places; i++) {
		const struct ws_layer_place *place = &layers->place[i];
		size_t slot = (size_t)place->layer * layers->n_rows + place->row;

		assert_true(place->layer < layers->n_layers && place->row < layers->height[place->layer]);
		assert_false(taken[slot]);
		taken[slot] = true;
	}
	free(taken);
}

static void a_chain_has_a_layer_each(void **state)
{
	const struct ws_arc arc[] = { { 2, 1 }, { 1, 0 }, { 2, 0 } };
	struct ws_layers layers;

	(void)state;
	assert_int_equal(ws_layers_make(3, arc, 3, &layers), 0);
	check(&layers, 3, arc, 3);
	assert_int_equal(layers.n_layers, 3);
	assert_int_equal(layers.place[2].layer, 0);
	assert_int_equal(layers.place[0].layer, 2);
	assert_int_equal(layers.n_bends[2], 1);
	ws_layers_close(&layers);
}

static void circles_are_broken(void **state)
{
	const struct ws_arc arc[] = { { 0, 1 }, { 1, 2 }, { 2, 0 }, { 1, 1 }, { 2, 3 }, { 3, 2 } };
	struct ws_layers layers;
	uint32_t n_turned = 0;

	(void)state;
	assert_int_equal(ws_layers_make(4, arc, 6, &layers), 0);
	check(&layers, 4, arc, 6);
	for (int i = 0; i < 6; i++)
		n_turned += layers.is_turned[i];
	assert_int_equal(n_turned, 2);
	ws_layers_close(&layers);
}

static void nothing_and_one(void **state)
{
	struct ws_layers layers;

	(void)state;
	assert_int_equal(ws_layers_make(0, NULL, 0, &layers), 0);
	assert_int_equal(layers.n_layers, 0);
	ws_layers_close(&layers);
	assert_int_equal(ws_layers_make(1, NULL, 0, &layers), 0);
	assert_int_equal(layers.n_layers, 1);
	ws_layers_close(&layers);
}

static void crossings_are_avoided(void **state)
{
	/* two parallel lines, given crosswise */
	const struct ws_arc arc[] = { { 0, 3 }, { 1, 2 }, { 3, 4 }, { 2, 5 } };
	struct ws_layers layers;

	(void)state;
	assert_int_equal(ws_layers_make(6, arc, 4, &layers), 0);
	check(&layers, 6, arc, 4);
	assert_int_equal(layers.place[0].row, layers.place[3].row);
	assert_int_equal(layers.place[3].row, layers.place[4].row);
	assert_int_equal(layers.place[1].row, layers.place[5].row);
	ws_layers_close(&layers);
}

static void any_graph_has_layers(void **state)
{
	static struct ws_arc arc[6000];

	(void)state;
	for (int round = 0; round < 60; round++) {
		uint32_t n = 1 + (uint32_t)(random_number() % (round < 55 ? 30 : 1000));
		uint32_t n_arcs = (uint32_t)(random_number() % (round < 55 ? 60 : 6000));
		struct ws_layers layers;

		for (uint32_t i = 0; i < n_arcs; i++)
			arc[i] = (struct ws_arc) { (uint32_t)(random_number() % n), (uint32_t)(random_number() % n) };
		assert_int_equal(ws_layers_make(n, arc, n_arcs, &layers), 0);
		check(&layers, n, arc, n_arcs);
		ws_layers_close(&layers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_has_a_layer_each), cmocka_unit_test(circles_are_broken),
		cmocka_unit_test(nothing_and_one),	    cmocka_unit_test(crossings_are_avoided),
		cmocka_unit_test(any_graph_has_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
