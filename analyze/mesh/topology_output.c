/* SPDX-License-Identifier: BSD-2-Clause */
/* topology_output - see topology_output.h: as JSON, and as files. */
#include "analyze/mesh/topology_output.h"

#include <errno.h>

#include "analyze/json.h"
#include "analyze/publication.h"

static json_t *times_json(const struct ws_topology_times *times)
{
	const struct ws_summary *summary = &times->summary;
	bool has = times->n && summary->median.has_interval, has_p99 = times->n && summary->p99.has_interval;

	if (!times->n)
		return json_pack("{s:i}", "n", 0);
	return json_pack(
		"{s:I, s:I, s:f, s:I, s:o, s:o, s:I, s:I, s:o, s:o, s:I}", "n", (json_int_t)times->n, "min_ns",
		(json_int_t)summary->min, "mean_ns", summary->mean, "median_ns", (json_int_t)summary->median.value,
		"median_ci_low_ns", ws_json_integer_if(has, summary->median.low), "median_ci_high_ns",
		ws_json_integer_if(has, summary->median.high), "p90_ns", (json_int_t)summary->p90.value, "p99_ns",
		(json_int_t)summary->p99.value, "p99_ci_low_ns", ws_json_integer_if(has_p99, summary->p99.low),
		"p99_ci_high_ns", ws_json_integer_if(has_p99, summary->p99.high), "max_ns", (json_int_t)summary->max);
}

static json_t *status_json(const struct ws_topology_edge *edge)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "1xx", (json_int_t)edge->n_status[1], "2xx",
			 (json_int_t)edge->n_status[2], "3xx", (json_int_t)edge->n_status[3], "4xx",
			 (json_int_t)edge->n_status[4], "5xx", (json_int_t)edge->n_status[5], "other",
			 (json_int_t)edge->n_status[0]);
}

static json_t *misses_json(const struct ws_topology *topology, const struct ws_topology_edge *edge)
{
	json_t *list = json_array();
	int rc = !list;

	for (uint32_t i = 0; i < edge->n_misses; i++) {
		const struct ws_topology_miss *miss = &edge->miss[i];
		const struct ws_atlas_point *point = &topology->atlas->point[miss->point];

		rc |= json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:I}", "node",
							    ws_json_text(topology->atlas->node[point->node]), "point",
							    ws_json_text(point->name), "kind",
							    miss->is_response ? "response" : "request", "n",
							    (json_int_t)miss->n));
	}
	if (rc) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *edge_json(const struct ws_topology *topology, const struct ws_topology_edge *edge)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:o}", "caller",
		ws_json_text(topology->node[edge->caller].label), "callee",
		ws_json_text(topology->node[edge->callee].label), "n_calls", (json_int_t)edge->n_calls, "n_answered",
		(json_int_t)edge->n_answered, "status", status_json(edge), "error_share",
		ws_json_real_if(edge->n_judged, edge->n_judged ? (double)edge->n_errors / (double)edge->n_judged : 0),
		"callee_time", times_json(&edge->callee_time), "round_trip", times_json(&edge->round_trip), "n_shared",
		(json_int_t)edge->n_shared, "n_incomplete", (json_int_t)edge->n_incomplete, "missed",
		misses_json(topology, edge));
	int rc = !object;

	rc |= json_object_set_new(object, "overlay_ns", json_integer((json_int_t)edge->overlay_ns));
	rc |= json_object_set_new(object, "shared_ns", json_integer((json_int_t)edge->shared_ns));
	rc |= json_object_set_new(
		object, "overlay_share",
		ws_json_real_if(edge->shared_ns,
				edge->shared_ns ? (double)edge->overlay_ns / (double)edge->shared_ns : 0));
	rc |= json_object_set_new(object, "n_repeats", json_integer((json_int_t)edge->n_repeats));
	rc |= json_object_set_new(object, "n_transits", json_integer((json_int_t)edge->n_transits));
	rc |= json_object_set_new(object, "n_unwatched", json_integer((json_int_t)edge->n_unwatched));
	rc |= json_object_set_new(object, "n_claimed", json_integer((json_int_t)edge->n_claimed));
	rc |= json_object_set_new(object, "n_spans", json_integer((json_int_t)edge->n_spans));
	rc |= json_object_set_new(object, "verdict",
				  edge->verdict == WS_VERDICT_UNKNOWN ? json_null()
								      : json_string(ws_verdict_name(edge->verdict)));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int ws_topology_print_json(const struct ws_topology *topology, FILE *out)
{
	json_t *nodes = json_array(), *edges = json_array();
	json_t *document = json_pack("{s:I, s:I, s:I, s:b}", "n_calls", (json_int_t)topology->n_calls,
				     "n_responses_without_request", (json_int_t)topology->n_unanswered,
				     "n_requests_elsewhere", (json_int_t)topology->n_elsewhere, "has_tracer",
				     (int)topology->has_tracer);
	int rc = !document;

	for (uint32_t i = 0; i < topology->n_nodes; i++) {
		const struct ws_topology_node *node = &topology->node[i];

		rc |= json_array_append_new(
			nodes, json_pack("{s:o, s:o, s:o, s:b, s:b}", "label", ws_json_text(node->label), "name",
					 ws_json_text(node->name), "namespace", ws_json_text(node->namespace),
					 "outside", (int)node->is_outside, "seen", (int)node->is_seen));
	}
	for (uint32_t i = 0; i < topology->n_edges; i++)
		rc |= json_array_append_new(edges, edge_json(topology, &topology->edge[i]));
	rc |= json_object_set_new(document, "services", nodes);
	rc |= json_object_set_new(document, "edges", edges);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}

int ws_topology_print(const struct ws_topology *topology, enum ws_format format, FILE *out)
{
	switch (format) {
	case WS_FORMAT_TSV:
		return ws_topology_print_tsv(topology, out);
	case WS_FORMAT_JSON:
		return ws_topology_print_json(topology, out);
	default:
		return ws_topology_print_table(topology, out);
	}
}

static int write_tsv(const void *topology, FILE *out)
{
	return ws_topology_print_tsv(topology, out);
}

static int write_json(const void *topology, FILE *out)
{
	return ws_topology_print_json(topology, out);
}

static int write_svg(const void *topology, FILE *out)
{
	return ws_topology_write_svg(topology, out);
}

int ws_topology_publish(const struct ws_topology *topology, const struct ws_invocation *invocation,
			struct ws_error *err)
{
	struct ws_publication publication = { 0 };
	int rc = ws_publication_open_for(invocation->out, invocation->dir, &publication, err);

	if (rc)
		return rc;
	rc = ws_publication_write(&publication, "topology.tsv", write_tsv, topology, err);
	rc = rc ? rc : ws_publication_write(&publication, "topology.json", write_json, topology, err);
	if (!rc && invocation->figure)
		rc = ws_publication_write(&publication, "topology.svg", write_svg, topology, err);
	ws_publication_close(&publication);
	return rc;
}
