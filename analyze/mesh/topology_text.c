/* SPDX-License-Identifier: BSD-2-Clause */
/* topology_text - see topology.h: as a table with the tree of calls, and as TSV. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/terminal.h"
#include "analyze/mesh/topology.h"
#include "analyze/mesh/topology_output.h"

/* Columns of an edge's name in the table. */
#define EDGE_COLUMNS_MAX 52

/* Levels of the tree that are indented. */
#define INDENT_MAX 12

/* What a walk through the graph knows. */
struct tree {
	const struct ws_topology *topology;
	const struct ws_terminal *terminal;
	uint32_t *first_edge; /* by node: its first edge as a caller; one more at the end */
	bool *is_printed;
	FILE *out;
};

static const char *edge_text(const struct ws_topology *topology, const struct ws_topology_edge *edge, char text[512])
{
	snprintf(text, 512, "%.240s -> %.240s", topology->node[edge->caller].label, topology->node[edge->callee].label);
	return text;
}

static void put_node(const struct tree *tree, uint32_t node, uint32_t depth)
{
	fprintf(tree->out, "%*s", (int)(2 * (depth < INDENT_MAX ? depth : INDENT_MAX)), "");
	ws_terminal_put(tree->terminal, tree->topology->node[node].label, tree->terminal->columns / 2, false,
			tree->out);
}

/* One edge on the way down. Returns whether what is called is new, and to be followed. */
static bool put_edge(struct tree *tree, const struct ws_topology_edge *edge, uint32_t depth)
{
	bool is_new = !tree->is_printed[edge->callee];

	fputs("  ", tree->out);
	put_node(tree, edge->callee, depth);
	if (edge->n_calls)
		fprintf(tree->out, "  %" PRIu64 " calls", edge->n_calls);
	if (edge->round_trip.n)
		fprintf(tree->out, ", median %.1f us", (double)edge->round_trip.summary.median.value / 1000);
	if (edge->verdict == WS_VERDICT_PACKETS || edge->verdict == WS_VERDICT_CLAIMED)
		fprintf(tree->out, "  (%s)", ws_verdict_name(edge->verdict));
	if (!is_new && tree->first_edge[edge->callee] < tree->first_edge[edge->callee + 1])
		fputs("  (see above)", tree->out);
	putc('\n', tree->out);
	tree->is_printed[edge->callee] = true;
	return is_new;
}

/* All that is called from a node on; the way back is on a stack, one entry a level. */
static void print_from(struct tree *tree, uint32_t root, uint32_t *stack)
{
	uint32_t depth = 0;

	fputs("  ", tree->out);
	put_node(tree, root, 0);
	putc('\n', tree->out);
	tree->is_printed[root] = true;
	stack[0] = tree->first_edge[root];
	for (;;) {
		uint32_t edge = stack[depth];
		/* The level's edges end where those of the caller of its last one end. */
		uint32_t caller = depth ? tree->topology->edge[stack[depth - 1] - 1].callee : root;

		if (edge == tree->first_edge[caller + 1]) {
			if (!depth--)
				return;
			continue;
		}
		stack[depth]++;
		if (put_edge(tree, &tree->topology->edge[edge], depth + 1))
			stack[++depth] = tree->first_edge[tree->topology->edge[edge].callee];
	}
}

static int print_tree(const struct ws_topology *topology, const struct ws_terminal *terminal, FILE *out)
{
	struct tree tree = { .topology = topology, .terminal = terminal, .out = out };
	uint32_t n = topology->n_nodes, *stack = malloc(((size_t)n + 2) * sizeof(*stack));
	bool *is_called = calloc((size_t)n + 1, sizeof(*is_called));
	int rc = -ENOMEM;

	tree.first_edge = calloc((size_t)n + 2, sizeof(*tree.first_edge));
	tree.is_printed = calloc((size_t)n + 1, sizeof(*tree.is_printed));
	if (stack && is_called && tree.first_edge && tree.is_printed) {
		rc = 0;
		for (uint32_t i = 0; i < topology->n_edges; i++) {
			tree.first_edge[topology->edge[i].caller + 1]++;
			is_called[topology->edge[i].callee] |= topology->edge[i].caller != topology->edge[i].callee;
		}
		for (uint32_t i = 0; i < n; i++)
			tree.first_edge[i + 1] += tree.first_edge[i];
		for (uint32_t i = 0; i < n; i++) {
			if (!is_called[i])
				print_from(&tree, i, stack);
		}
		/* Circles that nobody calls into. */
		for (uint32_t i = 0; i < n; i++) {
			if (!tree.is_printed[i])
				print_from(&tree, i, stack);
		}
	}
	free(stack);
	free(is_called);
	free(tree.first_edge);
	free(tree.is_printed);
	return rc;
}

static void print_times(const struct ws_topology_times *times, FILE *out)
{
	if (times->n)
		fprintf(out, " %10.1f %10.1f", (double)times->summary.median.value / 1000,
			(double)times->summary.p99.value / 1000);
	else
		fprintf(out, " %10s %10s", "-", "-");
}

static void print_table(const struct ws_topology *topology, const struct ws_terminal *terminal, FILE *out)
{
	uint32_t widest = 4;
	char text[512];

	for (uint32_t i = 0; i < topology->n_edges; i++) {
		uint32_t width = ws_terminal_width(edge_text(topology, &topology->edge[i], text));

		width = width < EDGE_COLUMNS_MAX ? width : EDGE_COLUMNS_MAX;
		widest = width > widest ? width : widest;
	}
	fprintf(out,
		"%-*s %8s %8s %8s %8s %8s %8s %7s %21s %21s %8s %8s %8s  %s\n%-*s %8s %8s %8s %8s %8s %8s %7s %10s "
		"%10s "
		"%10s %10s %8s %8s %8s  %s\n",
		(int)widest, "", "", "", "", "", "", "", "", "callee [us]", "round trip [us]", "overlay", "", "missed",
		"tracer:", (int)widest, "edge", "calls", "answered", "2xx", "3xx", "4xx", "5xx", "errors", "median",
		"p99", "median", "p99", "share", "repeats", "by point", "calls, spans, verdict");
	for (uint32_t i = 0; i < topology->n_edges; i++) {
		const struct ws_topology_edge *edge = &topology->edge[i];

		ws_terminal_put(terminal, edge_text(topology, edge, text), widest, true, out);
		fprintf(out, " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64,
			edge->n_calls, edge->n_answered, edge->n_status[2], edge->n_status[3], edge->n_status[4],
			edge->n_status[5]);
		if (edge->n_judged)
			fprintf(out, " %6.2f%%", 100 * (double)edge->n_errors / (double)edge->n_judged);
		else
			fprintf(out, " %7s", "-");
		print_times(&edge->callee_time, out);
		print_times(&edge->round_trip, out);
		if (edge->shared_ns)
			fprintf(out, " %7.2f%%", 100 * (double)edge->overlay_ns / (double)edge->shared_ns);
		else
			fprintf(out, " %8s", "-");
		fprintf(out, " %8" PRIu64 " %8" PRIu64, edge->n_repeats, edge->n_incomplete);
		if (topology->has_tracer)
			fprintf(out, "  %" PRIu64 ", %" PRIu64 ", %s", edge->n_claimed, edge->n_spans,
				ws_verdict_name(edge->verdict));
		else
			fputs("  -", out);
		putc('\n', out);
	}
}

/* What was not seen, by point, and where packets and tracer differ. */
static void print_notes(const struct ws_topology *topology, const struct ws_terminal *terminal, FILE *out)
{
	char text[512];

	for (uint32_t i = 0; i < topology->n_edges; i++) {
		const struct ws_topology_edge *edge = &topology->edge[i];

		edge_text(topology, edge, text);
		for (uint32_t k = 0; k < edge->n_misses; k++) {
			const struct ws_atlas_point *point = &topology->atlas->point[edge->miss[k].point];

			ws_terminal_put(terminal, text, EDGE_COLUMNS_MAX, false, out);
			fprintf(out, ": %s missed at ", edge->miss[k].is_response ? "responses" : "requests");
			ws_terminal_put(terminal, point->name, EDGE_COLUMNS_MAX, false, out);
			fputs(" of ", out);
			ws_terminal_put(terminal, topology->atlas->node[point->node], EDGE_COLUMNS_MAX, false, out);
			fprintf(out, ": %" PRIu64 "\n", edge->miss[k].n);
		}
		if (edge->n_unwatched) {
			ws_terminal_put(terminal, text, EDGE_COLUMNS_MAX, false, out);
			fprintf(out, ": calls that passed a station that nobody watched: %" PRIu64 "\n",
				edge->n_unwatched);
		}
		if (edge->verdict == WS_VERDICT_PACKETS || edge->verdict == WS_VERDICT_CLAIMED) {
			ws_terminal_put(terminal, text, EDGE_COLUMNS_MAX, false, out);
			fprintf(out, ": %s\n",
				edge->verdict == WS_VERDICT_PACKETS
					? "in packets; the tracer does not claim it"
					: "claimed by the tracer; no packet of it was seen");
		}
	}
	if (!topology->has_tracer)
		fputs("no spans and no dependencies of a tracer were loaded: nothing to compare with\n", out);
	if (topology->n_unanswered)
		fprintf(out, "%" PRIu64 " passages of responses belong to no request with a context\n",
			topology->n_unanswered);
	if (topology->n_elsewhere)
		fprintf(out, "%" PRIu64 " passages of requests at points that are neither NIC nor vport: left out\n",
			topology->n_elsewhere);
}

int ws_topology_print_table(const struct ws_topology *topology, FILE *out)
{
	struct ws_terminal terminal = ws_terminal_find(out);
	int rc;

	fprintf(out, "%" PRIu64 " calls on %" PRIu32 " edges between %" PRIu32 " services\n\n", topology->n_calls,
		topology->n_edges, topology->n_nodes);
	rc = print_tree(topology, &terminal, out);
	if (rc)
		return rc;
	putc('\n', out);
	print_table(topology, &terminal, out);
	print_notes(topology, &terminal, out);
	return ferror(out) ? -EIO : 0;
}

static void put_field(const char *text, FILE *out)
{
	ws_terminal_put_field(text, out);
	putc('\t', out);
}

static void put_times(const struct ws_topology_times *times, FILE *out)
{
	const struct ws_summary *summary = &times->summary;

	fprintf(out, "\t%" PRIu64, times->n);
	if (times->n)
		fprintf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64, summary->min, summary->median.value,
			summary->p99.value, summary->max);
	else
		fputs("\tNaN\tNaN\tNaN\tNaN", out);
}

int ws_topology_print_tsv(const struct ws_topology *topology, FILE *out)
{
	fputs("# edges as seen in packets, beside what the tracer claims; errors: status 400 and above; callee: at its "
	      "vport; round_trip: at the station nearest to the caller; overlay_ns of shared_ns: of the n_shared calls "
	      "of which all of the way is known\n"
	      "# caller\tcallee\tcaller_namespace\tcallee_namespace\tn_calls\tn_answered\tn_1xx\tn_2xx\tn_3xx\tn_4xx\t"
	      "n_5xx\tn_other\tn_errors\tcallee_n\tcallee_min_ns\tcallee_median_ns\tcallee_p99_ns\tcallee_max_ns\t"
	      "round_trip_n\tround_trip_min_ns\tround_trip_median_ns\tround_trip_p99_ns\tround_trip_max_ns\tn_shared\t"
	      "overlay_ns\tshared_ns\tn_repeats\tn_transits\tn_incomplete\tn_unwatched\tn_claimed\tn_spans\tverdict\n",
	      out);
	for (uint32_t i = 0; i < topology->n_edges; i++) {
		const struct ws_topology_edge *edge = &topology->edge[i];

		put_field(topology->node[edge->caller].label, out);
		put_field(topology->node[edge->callee].label, out);
		put_field(topology->node[edge->caller].namespace, out);
		put_field(topology->node[edge->callee].namespace, out);
		fprintf(out, "%" PRIu64 "\t%" PRIu64, edge->n_calls, edge->n_answered);
		for (int k = 1; k <= WS_N_STATUS_CLASSES; k++)
			fprintf(out, "\t%" PRIu64, edge->n_status[k % WS_N_STATUS_CLASSES]);
		fprintf(out, "\t%" PRIu64, edge->n_errors);
		put_times(&edge->callee_time, out);
		put_times(&edge->round_trip, out);
		fprintf(out,
			"\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
			"\t%" PRIu64 "\t%" PRIu64 "\t%s\n",
			edge->n_shared, edge->overlay_ns, edge->shared_ns, edge->n_repeats, edge->n_transits,
			edge->n_incomplete, edge->n_unwatched, edge->n_claimed, edge->n_spans,
			ws_verdict_name(edge->verdict));
	}
	return ferror(out) ? -EIO : 0;
}
