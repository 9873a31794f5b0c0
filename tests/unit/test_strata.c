/* SPDX-License-Identifier: BSD-2-Clause */
/* test_strata - latencies told apart by name: runs put together, and what of them is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/strata_text.h"

/* A run with n edges: the one of number i has i + 1 packets, which took 1000, 2000 ... ns; and as many without a
 * partner. */
static struct ws_strata strata_of(uint32_t n)
{
	struct ws_strata made = { .by = WS_BY_EDGE };

	made.at = calloc(n, sizeof(*made.at));
	made.leftover = calloc(n, sizeof(*made.leftover));
	assert_non_null(made.at);
	assert_non_null(made.leftover);
	for (uint32_t i = 0; i < n; i++) {
		struct ws_stratum *stratum = &made.at[made.n++];
		struct ws_key key = { 0 };
		char edge[32];

		snprintf(edge, sizeof(edge), "a -> b%02u", i);
		key.part[WS_KEY_EDGE] = edge;
		assert_int_equal(ws_keys_add(&made.keys, &key, &stratum->key), 0);
		stratum->way = i % 2 ? WS_WAY_TX : WS_WAY_RX;
		stratum->latency_ns = malloc((i + 1) * sizeof(uint64_t));
		assert_non_null(stratum->latency_ns);
		for (; stratum->n <= i; stratum->n++)
			stratum->latency_ns[stratum->n] = 1000 * (stratum->n + 1);
		stratum->n_class[0] = stratum->n;
		made.leftover[made.n_leftovers++] = (struct ws_leftover) { .key = stratum->key, .n_lost = 3 };
		made.leftover[i].n_cause[WS_SIDE_NIC][WS_CAUSE_OTHER_POD] = i + 1;
	}
	return made;
}

static void runs_of_one_label_become_one(void **state)
{
	struct ws_strata one = strata_of(3), sum = { 0 };

	(void)state;
	assert_int_equal(ws_strata_add(&sum, &one, "vxlan"), 0);
	assert_int_equal(ws_strata_add(&sum, &one, "ipip"), 0);
	assert_int_equal(ws_strata_add(&sum, &one, "vxlan"), 0);
	assert_int_equal(ws_strata_complete(&sum), 0);
	assert_int_equal(sum.n, 6);
	for (uint32_t i = 0; i < 6; i++) {
		const struct ws_stratum *stratum = &sum.at[i];
		const struct ws_key *key = &sum.keys.at[stratum->key];
		uint64_t n_once = i % 3 + 1, n_runs = i < 3 ? 1 : 2;

		assert_string_equal(key->part[WS_KEY_LABEL], i < 3 ? "ipip" : "vxlan");
		assert_int_equal(stratum->n, n_once * n_runs);
		assert_int_equal(stratum->n_class[0], n_once * n_runs);
		assert_int_equal(stratum->summary.max, 1000 * n_once);
		for (uint64_t k = 0; k < stratum->n; k++)
			assert_int_equal(stratum->latency_ns[k], 1000 * (k / n_runs + 1));
		assert_int_equal(ws_leftover_n_strays(&sum.leftover[i]), n_once * n_runs);
		assert_int_equal(sum.leftover[i].n_lost, 3 * n_runs);
	}
	ws_strata_close(&one);
	ws_strata_close(&sum);
	ws_strata_close(NULL);
}

static void figure_shows_the_largest(void **state)
{
	struct ws_strata strata = strata_of(WS_STRATA_DRAWN_MAX + 5);
	char coverage[WS_STRATA_COVERAGE_MAX], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	assert_int_equal(ws_strata_complete(&strata), 0);
	assert_int_equal(ws_strata_write_panels(&strata, out), 0);
	assert_int_equal(fclose(out), 0);
	for (uint32_t i = 0; i < strata.n; i++) {
		char curve[32];

		snprintf(curve, sizeof(curve), "eBPF, a -> b%02u\t", i);
		assert_int_equal(strstr(text, curve) != NULL, i >= 5);
	}
	/* rows of a panel lie together */
	assert_non_null(strstr(text, "\nrx\t"));
	assert_null(strstr(strstr(text, "\ntx\t"), "\nrx\t"));
	assert_non_null(strstr(ws_strata_coverage(&strata, coverage), "the figure shows the 12 with the most packets"));
	free(text);
	ws_strata_close(&strata);
}

static void names_cannot_move_a_cursor(void **state)
{
	/* the one-byte CSI of terminals, an escape, a turn of writing, what is no UTF-8; and what is fine */
	const struct ws_key key = { .part = { [WS_KEY_EDGE] = "a\xc2\x9b"
							      "2J\x1b[2J\xe2\x80\xae\xff \xc3\xbc" } };
	char words[WS_KEY_WORDS_MAX], *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(out);
	assert_string_equal(ws_key_words(&key, words), "a??2J?[2J???? \xc3\xbc");
	ws_key_put_text(key.part[WS_KEY_EDGE], out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, words);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_of_one_label_become_one),
		cmocka_unit_test(figure_shows_the_largest),
		cmocka_unit_test(names_cannot_move_a_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
