/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_world - a cluster snapshot in a directory of its own, and what is read of it: what its tests share. */
#ifndef WS_TEST_CLUSTER_WORLD_H
#define WS_TEST_CLUSTER_WORLD_H

#include "lib/cluster/cluster.h"
#include "tests/unit/written_files.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

struct world {
	char dir[64];
	struct ws_cluster c;
	struct ws_error err;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	strcpy(w->dir, "/tmp/cluster-XXXXXX");
	*state = w;
	return mkdtemp(w->dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	int rc = remove_tree(w->dir);

	ws_cluster_close(&w->c);
	free(w);
	return rc;
}

static inline void open_snapshot(struct world *w)
{
	int rc;

	ws_cluster_close(&w->c);
	rc = ws_cluster_open(w->dir, &w->c, &w->err);
	if (rc)
		print_error("%s\n", w->err.text);
	assert_int_equal(rc, 0);
}

static inline void is_address(const struct ws_cluster_address *address, const char *expected)
{
	char text[WS_CLUSTER_ADDRESS_TEXT];

	assert_string_equal(ws_cluster_address_text(address, text), expected);
}

static inline void is_prefix(const struct ws_cluster_prefix *prefix, const char *expected, uint32_t n_bits)
{
	is_address(&prefix->address, expected);
	assert_int_equal(prefix->n_bits, n_bits);
}

#endif
