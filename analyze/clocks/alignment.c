/* SPDX-License-Identifier: BSD-2-Clause */
/* alignment - see alignment.h. */
#include "analyze/clocks/alignment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *ws_align_name(enum ws_align method)
{
	static const char *const name[] = { "none", "packets", "chrony", "ptp" };

	return name[method];
}

/* Is any node related to another one, or is there only one? */
static bool is_any_related(const struct ws_clocks *clocks)
{
	for (uint32_t i = 0; i < clocks->n_nodes; i++) {
		if (clocks->node[i].reference != i)
			return true;
	}
	return clocks->n_nodes < 2;
}

static int by_packets(const struct ws_atlas *atlas, const struct ws_crossings *crossings, struct ws_clocks *clocks,
		      struct ws_error *err)
{
	int rc = ws_clocks_estimate(crossings->at, crossings->n, atlas->n_nodes, clocks);

	if (rc) {
		ws_error(err, rc, "clocks from packets: %s", strerror(-rc));
	} else if (!is_any_related(clocks)) {
		ws_clocks_close(clocks);
		if (!crossings->n)
			rc = ws_error(
				err, -ENODATA,
				"clocks from packets: no packet was seen at the NICs of two nodes: record the NIC of "
				"every node, `capture plan` finds them");
		else if (!crossings->n_responses)
			rc = ws_error(
				err, -ENODATA,
				"clocks from packets: no response was seen at the NICs of two nodes, only requests: "
				"record with --responses, or load packet captures");
		else
			rc = ws_error(
				err, -ENODATA,
				"clocks from packets: no two nodes sent to each other, or their stamps contradict "
				"each other everywhere");
	}
	return rc;
}

/* The last word of the method on every node counts: the snapshot's latest. */
static int by_words(const struct ws_atlas *atlas, const char *method, struct ws_clocks *clocks, struct ws_error *err)
{
	int64_t *offset_ns = calloc((size_t)atlas->n_nodes + 1, sizeof(*offset_ns));
	uint64_t *bound_ns = malloc(((size_t)atlas->n_nodes + 1) * sizeof(*bound_ns));
	uint32_t n = 0;
	int rc = offset_ns && bound_ns ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < atlas->n_nodes && !rc; i++)
		bound_ns[i] = WS_CLOCK_UNBOUND;
	for (uint32_t i = 0; i < atlas->n_clock_words && !rc; i++) {
		const struct ws_clock_word *word = &atlas->clock_word[i];

		if (strcmp(word->method, method) || word->node >= atlas->n_nodes)
			continue;
		n += bound_ns[word->node] == WS_CLOCK_UNBOUND;
		offset_ns[word->node] = word->offset_ns;
		bound_ns[word->node] = word->bound_ns;
	}
	rc = rc ? rc : ws_clocks_from_words(offset_ns, bound_ns, atlas->n_nodes, clocks);
	free(offset_ns);
	free(bound_ns);
	if (rc)
		return ws_error(err, rc, "--align %s: %s", method, strerror(-rc));
	if (n > 1 || atlas->n_nodes < 2)
		return 0;
	ws_clocks_close(clocks);
	return ws_error(err, -ENODATA,
			"--align %s: the cluster snapshot says what %s knew of %" PRIu32 " of %" PRIu32
			" nodes: run `capture collect` on every node and ingest again, or use --align packets",
			method, method, n, atlas->n_nodes);
}

/* A node by itself needs nothing. */
static void bind_only_node(struct ws_clocks *clocks)
{
	if (clocks->n_nodes == 1)
		clocks->node[0].knot->bound_ns = clocks->node[0].bound_ns = 0;
}

int ws_atlas_align(const struct ws_atlas *atlas, const struct ws_crossings *crossings, enum ws_align method,
		   struct ws_clocks *clocks, struct ws_error *err)
{
	struct ws_clocks made = { 0 };
	int rc;

	switch (method) {
	case WS_ALIGN_PACKETS:
		rc = by_packets(atlas, crossings, &made, err);
		break;
	case WS_ALIGN_CHRONY:
	case WS_ALIGN_PTP:
		rc = by_words(atlas, ws_align_name(method), &made, err);
		break;
	default:
		rc = ws_clocks_unrelated(atlas->n_nodes, &made);
		if (rc)
			ws_error(err, rc, "--align %s: %s", ws_align_name(method), strerror(-rc));
		break;
	}
	if (rc)
		return rc;
	bind_only_node(&made);
	*clocks = made;
	return 0;
}
