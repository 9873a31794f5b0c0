/* SPDX-License-Identifier: BSD-2-Clause */
/* test_naming - who sent a packet and whom it went to; keys; why a sighting has no partner, where names tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/absence.h"
#include "analyze/naming.h"
#include "analyze/strata.h"
#include "lib/record.h"

#define N(array) (sizeof(array) / sizeof(*(array)))

/* Addresses, by their last byte; in rising order, as owners are. */
enum { GATEWAY = 1, PRODUCTPAGE, REVIEWS, RATINGS, SERVICE, HOST, NOBODY = 99 };

#define ADDRESS(last)                                                       \
	{                                                                   \
		[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(last) \
	}
#define POD(last, from, until, pod, serves, where)                                                        \
	{                                                                                                 \
		.address = ADDRESS(last), .from_ns = (from), .until_ns = (until), .namespace = "default", \
		.name = (pod), .service = (serves), .workload = "", .node = (where), .kind = WS_OWNER_POD \
	}

/* reviews has had its address since 1000; before 500 it was an older pod's. */
static struct ws_owner owner[] = {
	POD(GATEWAY, INT64_MIN, INT64_MAX, "gateway-1", "gateway", "node1"),
	POD(PRODUCTPAGE, INT64_MIN, INT64_MAX, "productpage-1", "productpage", "node1"),
	POD(REVIEWS, INT64_MIN, 500, "old-1", "old", "node2"),
	POD(REVIEWS, 1000, INT64_MAX, "reviews-1", "reviews", "node2"),
	POD(RATINGS, INT64_MIN, INT64_MAX, "ratings-1", "", "node1"),
	{ .address = ADDRESS(SERVICE),
	  .from_ns = INT64_MIN,
	  .until_ns = INT64_MAX,
	  .namespace = "default",
	  .name = "reviews",
	  .service = "reviews",
	  .workload = "",
	  .node = "",
	  .kind = WS_OWNER_SERVICE },
	{ .address = ADDRESS(HOST),
	  .from_ns = INT64_MIN,
	  .until_ns = INT64_MAX,
	  .namespace = "",
	  .name = "node1",
	  .service = "",
	  .workload = "",
	  .node = "node1",
	  .kind = WS_OWNER_NODE },
};

/* What a study of one NIC and two vports holds; the scene's names are those above. */
struct scene {
	struct ws_study study;
	struct ws_file file[3];
	struct ws_vantage vantage[3];
	const char *node[1];
	int64_t offset_ns[3];
	bool has_offset[3];
};

enum { NIC, VPORT_PRODUCTPAGE, VPORT_RATINGS };

static struct scene *scene_open(void)
{
	struct scene *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	for (int i = 0; i < 3; i++) {
		s->file[i] = (struct ws_file) { .role = i == NIC ? WS_ROLE_NIC : WS_ROLE_VPORT,
						.point = (char *)"point",
						.node = (char *)"node1",
						.pod = (char *)"" };
		s->vantage[i] = (struct ws_vantage) { 0, 10000, 0, 0 };
		s->has_offset[i] = true;
	}
	s->file[VPORT_PRODUCTPAGE].pod = (char *)"default/productpage-1";
	s->file[VPORT_RATINGS].pod = (char *)"default/ratings-1";
	s->node[0] = "node1";
	s->study.catalog = (struct ws_catalog) { s->file, 3 };
	s->study.node = s->node;
	s->study.n_nodes = 1;
	s->study.vantage = s->vantage;
	s->study.naming.owners = (struct ws_owners) { .at = owner, .n = N(owner) };
	s->study.naming.offset_ns = s->offset_ns;
	s->study.naming.has_offset = s->has_offset;
	s->study.view[WS_SOURCE_EBPF] =
		(struct ws_view) { .present = true, .file = { s->file, s->file + 1 }, .n_files = { 1, 2 } };
	return s;
}

static void scene_close(struct scene *s)
{
	ws_join_close(&s->study.view[WS_SOURCE_EBPF].join);
	free(s->study.naming.memo);
	ws_tuples_close(&s->study.tuples);
	free(s);
}

static struct ws_sighting seen(struct scene *s, int file, int64_t ts_ns, int from, int to)
{
	struct ws_tuple tuple = { ADDRESS(from), ADDRESS(to), 40000, 9080, 4 };
	struct ws_sighting sighting = { .ts_ns = ts_ns, .reason = WS_REASON_CONTEXT, .file = (uint16_t)file };

	sighting.identity.seq = (uint32_t)ts_ns;
	sighting.identity.trace_id_len = 16;
	assert_int_equal(ws_tuples_add(&s->study.tuples, &tuple, &sighting.tuple), 0);
	return sighting;
}

static void assert_edge(struct scene *s, const struct ws_sighting *sighting, const struct ws_sighting *other,
			const char *edge)
{
	char text[WS_EDGE_WORDS_MAX];
	struct ws_parties parties;

	assert_int_equal(ws_naming_parties(&s->study.naming, &s->study.tuples, sighting, other, &parties), 0);
	assert_string_equal(ws_naming_edge(&parties, text), edge);
}

static void edges_are_named_by_address_and_time(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting early = seen(s, NIC, 499, PRODUCTPAGE, REVIEWS), late = early;
	struct ws_sighting outside = seen(s, NIC, 1, NOBODY, PRODUCTPAGE), away = seen(s, NIC, 1, PRODUCTPAGE, NOBODY);
	struct ws_sighting bare = seen(s, NIC, 1, HOST, RATINGS);

	(void)state;
	assert_edge(s, &early, NULL, "productpage -> old");
	late.ts_ns = 500;
	assert_edge(s, &late, NULL, "productpage -> 10.0.0.3");
	late.ts_ns = 999;
	assert_edge(s, &late, NULL, "productpage -> 10.0.0.3");
	late.ts_ns = 1000;
	assert_edge(s, &late, NULL, "productpage -> reviews");
	/* what was remembered does not outlive its time */
	assert_edge(s, &early, NULL, "productpage -> old");
	assert_edge(s, &outside, NULL, "outside -> productpage");
	assert_edge(s, &away, NULL, "productpage -> 10.0.0.99");
	assert_edge(s, &bare, NULL, "node1 -> ratings-1");
	scene_close(s);
}

static void clocks_are_moved(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting sighting = seen(s, NIC, 10, PRODUCTPAGE, REVIEWS);

	(void)state;
	s->offset_ns[NIC] = 990;
	assert_edge(s, &sighting, NULL, "productpage -> reviews");
	/* a clock that was never read: what holds when the snapshot was taken */
	s->has_offset[NIC] = false;
	s->study.naming.latest_ns = 100;
	assert_edge(s, &sighting, NULL, "productpage -> old");
	scene_close(s);
}

static void pod_says_more_than_its_service(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting vport = seen(s, VPORT_PRODUCTPAGE, 2000, PRODUCTPAGE, SERVICE);
	struct ws_sighting nic = seen(s, NIC, 2010, HOST, REVIEWS);
	struct ws_parties parties;

	(void)state;
	assert_int_equal(ws_naming_parties(&s->study.naming, &s->study.tuples, &vport, &nic, &parties), 0);
	assert_string_equal(parties.caller.owner->name, "productpage-1");
	assert_string_equal(parties.callee.owner->name, "reviews-1");
	assert_int_equal(ws_naming_parties(&s->study.naming, &s->study.tuples, &nic, &vport, &parties), 0);
	assert_string_equal(parties.caller.owner->name, "productpage-1");
	scene_close(s);
}

static void keys_name_the_vports_side(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting sighting = seen(s, NIC, 2000, PRODUCTPAGE, REVIEWS);
	const unsigned int by = WS_BY_NAMES;
	char words[WS_KEY_WORDS_MAX];
	struct ws_parties parties;
	struct ws_key_room room;
	struct ws_key key;

	(void)state;
	assert_int_equal(ws_naming_parties(&s->study.naming, &s->study.tuples, &sighting, NULL, &parties), 0);
	key = ws_strata_key(by, &parties, WS_WAY_RX, "", "node2", &room);
	assert_string_equal(ws_key_words(&key, words), "productpage -> reviews, default/reviews-1, reviews, node2");
	key = ws_strata_key(by, &parties, WS_WAY_TX, "given/pod", "", &room);
	assert_string_equal(ws_key_words(&key, words), "productpage -> reviews, given/pod, productpage, node1");
	key = ws_strata_key(by, &parties, WS_N_WAYS, "", "", &room);
	assert_string_equal(ws_key_words(&key, words), "productpage -> reviews, unknown, unknown, unknown");
	key = ws_strata_key(WS_BY_EDGE, NULL, WS_N_WAYS, "", "node1", &room);
	assert_string_equal(ws_key_words(&key, words), "unknown");
	scene_close(s);
}

static void keys_are_kept_once(void **state)
{
	struct ws_keys keys = { 0 };
	uint32_t index;

	(void)state;
	for (uint32_t i = 0; i < 3000; i++) {
		char text[32];
		/* the same text as another part is another key */
		struct ws_key pod = { .part = { [WS_KEY_POD] = text } }, node = { .part = { [WS_KEY_NODE] = text } };

		snprintf(text, sizeof(text), "name\t%u", i % 1000);
		assert_int_equal(ws_keys_add(&keys, &pod, &index), 0);
		assert_int_equal(index, 2 * (i % 1000));
		assert_int_equal(ws_keys_add(&keys, &node, &index), 0);
		assert_int_equal(index, 2 * (i % 1000) + 1);
	}
	assert_int_equal(keys.n, 2000);
	assert_string_equal(keys.at[14].part[WS_KEY_POD], "name\t7");
	assert_true(ws_key_compare(&keys.at[0], &keys.at[2]) < 0);
	ws_keys_close(&keys);
}

/* Joins what the scene's points saw, and explains. */
static const struct ws_join *explain(struct scene *s, const struct ws_sighting *nic, uint32_t n_nic,
				     const struct ws_sighting *vport, uint32_t n_vport)
{
	struct ws_view *view = &s->study.view[WS_SOURCE_EBPF];
	struct ws_side_view side[] = { { nic, n_nic, s->vantage, 1, 0 }, { vport, n_vport, s->vantage + 1, 2, 1 } };

	struct ws_absence *absence;

	ws_join_close(&view->join);
	assert_int_equal(ws_join_open(&side[0], &side[1], &view->join), 0);
	assert_int_equal(ws_absence_open(&s->study, WS_SOURCE_EBPF, &absence), 0);
	assert_int_equal(ws_absence_of(absence, &view->join), 0);
	ws_absence_close(absence);
	return &view->join;
}

static void assert_cause(const struct ws_join *join, uint32_t i, enum ws_cause cause)
{
	assert_true(i < join->n_strays);
	assert_string_equal(ws_cause_name(join->stray[i].cause), ws_cause_name(cause));
}

static void what_is_for_other_pods_is_not_lost(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting nic[] = {
		seen(s, NIC, 2000, GATEWAY, REVIEWS),	  seen(s, NIC, 2001, REVIEWS, GATEWAY),
		seen(s, NIC, 2002, PRODUCTPAGE, REVIEWS), seen(s, NIC, 2003, NOBODY, HOST),
		seen(s, NIC, 2004, REVIEWS, NOBODY),	  seen(s, NIC, 2005, NOBODY, GATEWAY),
	};
	const struct ws_join *join = explain(s, nic, N(nic), NULL, 0);

	(void)state;
	assert_cause(join, 0, WS_CAUSE_OTHER_POD);
	assert_cause(join, 1, WS_CAUSE_OTHER_POD);
	assert_cause(join, 2, WS_CAUSE_LOST);
	/* to the node itself: whose it became, nobody knows */
	assert_cause(join, 3, WS_CAUSE_LOST);
	/* of no pod of this node */
	assert_cause(join, 4, WS_CAUSE_LOST);
	assert_cause(join, 5, WS_CAUSE_OTHER_POD);
	assert_int_equal(join->n_cause[WS_SIDE_NIC][WS_CAUSE_OTHER_POD], 3);
	assert_int_equal(join->n_cause[WS_SIDE_NIC][WS_CAUSE_LOST], 3);
	/* a vport of nobody knows whose pod may have been the one */
	s->file[VPORT_RATINGS].pod = (char *)"";
	assert_cause(explain(s, nic, N(nic), NULL, 0), 0, WS_CAUSE_LOST);
	/* as may that of a pod that is not in the snapshot */
	s->file[VPORT_RATINGS].pod = (char *)"default/newcomer";
	assert_cause(explain(s, nic, N(nic), NULL, 0), 0, WS_CAUSE_LOST);
	scene_close(s);
}

static void a_vports_own_window_counts(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting nic[] = { seen(s, NIC, 2000, REVIEWS, RATINGS), seen(s, NIC, 5000, REVIEWS, RATINGS) };
	const struct ws_join *join;

	(void)state;
	s->vantage[VPORT_RATINGS].first_ns = 4000;
	join = explain(s, nic, N(nic), NULL, 0);
	assert_cause(join, 0, WS_CAUSE_OUTSIDE_WINDOW);
	assert_cause(join, 1, WS_CAUSE_LOST);
	scene_close(s);
}

static void both_ends_on_the_node_are_local(void **state)
{
	struct scene *s = scene_open();
	struct ws_sighting vport[] = { seen(s, VPORT_PRODUCTPAGE, 2000, PRODUCTPAGE, GATEWAY),
				       seen(s, VPORT_PRODUCTPAGE, 2001, PRODUCTPAGE, REVIEWS),
				       seen(s, VPORT_PRODUCTPAGE, 2002, PRODUCTPAGE, SERVICE) };
	const struct ws_join *join = explain(s, NULL, 0, vport, N(vport));

	(void)state;
	assert_cause(join, 0, WS_CAUSE_LOCAL);
	assert_cause(join, 1, WS_CAUSE_LOST);
	assert_cause(join, 2, WS_CAUSE_LOST);
	scene_close(s);
}

/* Between two of the moments that are told, names do not change: the first stamp is none, the last may be one. */
static void names_change_at_the_moments_that_are_told(void **state)
{
	struct ws_owner some[] = {
		POD(GATEWAY, INT64_MIN, 500, "a", "a", "node1"),
		POD(GATEWAY, 500, INT64_MAX, "b", "b", "node1"),
		POD(REVIEWS, 1000, 2000, "c", "c", "node1"),
	};
	int64_t offset_ns[] = { 100, 0 };
	bool has_offset[] = { true, false };
	const struct ws_naming naming = { .owners = { .at = some, .n = N(some) },
					  .offset_ns = offset_ns,
					  .has_offset = has_offset };
	struct ws_numbers at_ns = { 0 };

	(void)state;
	assert_int_equal(ws_naming_changes(&naming, 0, 400, 900, &at_ns), 0);
	assert_int_equal(at_ns.n, 1);
	assert_int_equal(at_ns.at[0], 1000);
	assert_int_equal(ws_naming_changes(&naming, 0, 399, 899, &at_ns), 0);
	assert_int_equal(at_ns.n, 3); /* of two owners the same one */
	assert_int_equal(at_ns.at[1], 500);
	assert_int_equal(at_ns.at[2], 500);
	assert_int_equal(ws_naming_changes(&naming, 1, INT64_MIN, INT64_MAX, &at_ns), 0);
	assert_int_equal(at_ns.n, 3); /* all its stamps are one moment */
	assert_int_equal(ws_naming_changes(&naming, 0, 0, INT64_MAX, &at_ns), 0);
	assert_int_equal(at_ns.n, 9); /* an absurd stamp: any may lie between */
	free(at_ns.at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_are_named_by_address_and_time),
		cmocka_unit_test(clocks_are_moved),
		cmocka_unit_test(pod_says_more_than_its_service),
		cmocka_unit_test(keys_name_the_vports_side),
		cmocka_unit_test(keys_are_kept_once),
		cmocka_unit_test(what_is_for_other_pods_is_not_lost),
		cmocka_unit_test(a_vports_own_window_counts),
		cmocka_unit_test(both_ends_on_the_node_are_local),
		cmocka_unit_test(names_change_at_the_moments_that_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
