/* SPDX-License-Identifier: BSD-2-Clause */
/* test_counterparts - which record and which captured request are the same one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/counterparts.h"
#include "tests/unit/random.h"

#define MAX	32
#define NOTHING 0 /* the digest of what has no context */

/* Two lists, and whom each sighting was told with. */
struct scene {
	struct ws_sighting at[2][MAX];
	uint64_t digest[2][MAX];
	struct ws_sightings list[2];
	uint32_t other[2][MAX];
	uint32_t n_told[2][MAX];
	int rc; /* what the next that is told returns */
};

static void set_up(struct scene *scene)
{
	*scene = (struct scene) { 0 };
	for (int side = 0; side < 2; side++)
		scene->list[side] =
			(struct ws_sightings) { .at = scene->at[side], .digest = scene->digest[side], .room = MAX };
}

static void add(struct scene *scene, int side, uint32_t tuple, uint32_t seq, uint64_t digest)
{
	uint32_t n = scene->list[side].n++;

	scene->at[side][n] = (struct ws_sighting) { .identity.seq = seq, .tuple = tuple };
	scene->digest[side][n] = digest;
}

static int note(void *context, uint32_t record, uint32_t captured)
{
	struct scene *scene = context;
	uint32_t at[2] = { record, captured };

	for (int side = 0; side < 2; side++) {
		if (at[side] == WS_NOBODY)
			continue;
		scene->n_told[side][at[side]]++;
		scene->other[side][at[side]] = at[!side];
	}
	return scene->rc;
}

/* Looks for counterparts; each sighting is told once. */
static void look(struct scene *scene)
{
	assert_int_equal(ws_counterparts_each(&scene->list[0], &scene->list[1], note, scene), 0);
	for (int side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < scene->list[side].n; i++)
			assert_int_equal(scene->n_told[side][i], 1);
	}
}

static void one_of_each_are_counterparts_whatever_they_carry(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	add(&scene, 0, 1, 100, NOTHING);
	add(&scene, 0, 2, 100, 7); /* another connection */
	add(&scene, 0, 1, 200, 8);
	add(&scene, 1, 1, 100, 9);
	add(&scene, 1, 1, 300, 8);
	look(&scene);
	assert_int_equal(scene.other[0][0], 0);
	assert_int_equal(scene.other[0][1], WS_NOBODY);
	assert_int_equal(scene.other[0][2], WS_NOBODY);
	assert_int_equal(scene.other[1][1], WS_NOBODY);
}

/* The capture has a frame that the records lack: what comes behind it keeps its counterpart. */
static void the_same_context_belongs_together_out_of_order(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	add(&scene, 0, 1, 100, 7);
	add(&scene, 0, 1, 100, NOTHING);
	add(&scene, 1, 1, 100, 5);
	add(&scene, 1, 1, 100, NOTHING);
	add(&scene, 1, 1, 100, 7);
	look(&scene);
	assert_int_equal(scene.other[0][0], 2);
	assert_int_equal(scene.other[0][1], 1);
	assert_int_equal(scene.other[1][0], WS_NOBODY);
}

static void what_is_there_more_than_once_goes_by_order(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	add(&scene, 0, 1, 100, 7);
	add(&scene, 0, 1, 100, 7);
	add(&scene, 0, 1, 100, 6);
	add(&scene, 1, 1, 100, 5);
	add(&scene, 1, 1, 100, 6);
	add(&scene, 1, 1, 100, 7);
	look(&scene);
	assert_int_equal(scene.other[0][2], 1);
	assert_int_equal(scene.other[0][0], 0);
	assert_int_equal(scene.other[0][1], 2);
}

/* A store leaves out what both lists have once with the same context: the rest must find each other as if it had not.
 */
static void without_those_that_both_have_once_the_rest_is_the_same(void **state)
{
	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct scene all, rest;
		uint32_t number[2][MAX]; /* in the rest, of all */

		set_up(&all);
		set_up(&rest);
		for (int i = 0; i < 12; i++)
			add(&all, (int)(random_number() % 2), 1 + random_number() % 2, random_number() % 2,
			    random_number() % 4);
		look(&all);
		for (int side = 0; side < 2; side++) {
			for (uint32_t i = 0; i < all.list[side].n; i++) {
				const struct ws_sighting *s = &all.at[side][i];
				uint32_t n_alike[2] = { 0 };

				for (int there = 0; there < 2; there++) {
					for (uint32_t k = 0; k < all.list[there].n; k++)
						n_alike[there] += all.at[there][k].tuple == s->tuple &&
								  all.at[there][k].identity.seq == s->identity.seq &&
								  all.digest[there][k] == all.digest[side][i];
				}
				if (n_alike[0] == 1 && n_alike[1] == 1) {
					assert_int_equal(all.digest[side][i], all.digest[!side][all.other[side][i]]);
					continue;
				}
				number[side][rest.list[side].n] = i;
				add(&rest, side, s->tuple, s->identity.seq, all.digest[side][i]);
			}
		}
		look(&rest);
		for (int side = 0; side < 2; side++) {
			for (uint32_t i = 0; i < rest.list[side].n; i++) {
				uint32_t other = rest.other[side][i];

				assert_int_equal(all.other[side][number[side][i]],
						 other == WS_NOBODY ? WS_NOBODY : number[!side][other]);
			}
		}
	}
}

static void who_is_told_can_end_it(void **state)
{
	struct scene scene;

	(void)state;
	set_up(&scene);
	add(&scene, 0, 1, 100, 7);
	add(&scene, 1, 1, 100, 7);
	scene.rc = -7;
	assert_int_equal(ws_counterparts_each(&scene.list[0], &scene.list[1], note, &scene), -7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_each_are_counterparts_whatever_they_carry),
		cmocka_unit_test(the_same_context_belongs_together_out_of_order),
		cmocka_unit_test(what_is_there_more_than_once_goes_by_order),
		cmocka_unit_test(without_those_that_both_have_once_the_rest_is_the_same),
		cmocka_unit_test(who_is_told_can_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
