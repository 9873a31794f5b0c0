/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks_json - see clocks_report.h: the JSON. Nodes and pairs carry their knots, so that others can align by them. */
#include <errno.h>

#include "analyze/clocks/clocks_report.h"
#include "analyze/json.h"

/* A number of ns; null if it is not known. */
static json_t *bound_json(uint64_t ns)
{
	return ns == WS_CLOCK_UNBOUND ? json_null() : ws_json_us(ns);
}

static json_t *knots_json(const struct ws_clock_knot *knot, uint32_t n_knots)
{
	json_t *list = json_array();
	int rc = 0;

	for (uint32_t i = 0; i < n_knots; i++) {
		bool known = knot[i].bound_ns != WS_CLOCK_UNBOUND;
		json_t *object = json_pack("{s:I, s:o, s:o, s:b}", "at_ns", (json_int_t)knot[i].at_ns, "correction_ns",
					   known ? json_integer(knot[i].correction_ns) : json_null(), "bound_ns",
					   ws_json_integer_if(known, knot[i].bound_ns), "doubtful", knot[i].doubtful);

		rc |= json_array_append_new(list, object);
	}
	if (rc) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* What nodes and pairs have in common. Nonzero: out of memory. */
static int add_numbers(json_t *object, const struct ws_clock_knot *knot, uint32_t n_knots, double drift_ppm,
		       const uint64_t *n_crossings, int64_t min_round_trip_ns)
{
	struct ws_knots_summary summary;
	bool known;
	int rc;

	if (ws_knots_summarize(knot, n_knots, &summary))
		return 1;
	known = summary.bound_ns != WS_CLOCK_UNBOUND;
	rc = json_object_set_new(object, "at_ns", known ? json_integer(summary.at_ns) : json_null());
	rc |= json_object_set_new(object, "offset_us", known ? ws_json_signed_us(-summary.correction_ns) : json_null());
	rc |= json_object_set_new(object, "bound_us", bound_json(summary.bound_ns));
	rc |= json_object_set_new(object, "bound_min_us", bound_json(summary.least_bound_ns));
	rc |= json_object_set_new(object, "bound_median_us", bound_json(summary.median_bound_ns));
	rc |= json_object_set_new(object, "bound_max_us", bound_json(summary.largest_bound_ns));
	rc |= json_object_set_new(object, "drift_us_per_s", ws_json_real_if(known, drift_ppm));
	rc |= json_object_set_new(object, "min_round_trip_us",
				  min_round_trip_ns == INT64_MAX ? json_null() : ws_json_signed_us(min_round_trip_ns));
	rc |= json_object_set_new(object, "packets_to", json_integer((json_int_t)n_crossings[0]));
	rc |= json_object_set_new(object, "packets_from", json_integer((json_int_t)n_crossings[1]));
	return rc;
}

/* What chrony or PTP said, null if nothing. Nonzero: out of memory. */
static int add_words(const struct ws_clocks_report *report, uint32_t node, const char *method, json_t *object)
{
	const struct ws_clock_model *model = &report->clocks->node[node];
	struct ws_knots_summary summary;
	struct ws_words_compared compared;

	if (ws_knots_summarize(model->knot, model->n_knots, &summary))
		return 1;
	compared = ws_words_compare(report, node, method, &summary);
	if (!compared.known)
		return json_object_set_new(object, method, json_null());
	return json_object_set_new(object, method,
				   json_pack("{s:o, s:o, s:b}", "offset_us", ws_json_signed_us(-compared.correction_ns),
					     "bound_us", bound_json(compared.bound_ns), "agrees", compared.agrees));
}

static json_t *node_json(const struct ws_clocks_report *report, uint32_t node)
{
	const struct ws_clock_model *model = &report->clocks->node[node];
	json_t *object = json_object();
	bool known = model->bound_ns != WS_CLOCK_UNBOUND;
	int rc = json_object_set_new(object, "node", ws_json_text(report->atlas->node[node]));

	rc |= json_object_set_new(object, "reference",
				  known ? ws_json_text(report->atlas->node[model->reference]) : json_null());
	rc |= add_numbers(object, model->knot, model->n_knots, model->drift_ppm, model->n_crossings,
			  model->min_round_trip_ns);
	rc |= json_object_set_new(object, "jumps", json_integer(model->n_jumps));
	rc |= add_words(report, node, "chrony", object);
	rc |= add_words(report, node, "ptp", object);
	rc |= json_object_set_new(object, "knots", knots_json(model->knot, model->n_knots));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *pair_json(const struct ws_clocks_report *report, const struct ws_clock_pair *pair)
{
	json_t *object = json_object(), *jumps = json_array();
	int rc = json_object_set_new(object, "node", ws_json_text(report->atlas->node[pair->node]));

	rc |= json_object_set_new(object, "other", ws_json_text(report->atlas->node[pair->other]));
	rc |= add_numbers(object, pair->knot, pair->n_knots, pair->drift_ppm, pair->n_crossings,
			  pair->min_round_trip_ns);
	rc |= json_object_set_new(object, "wander_us_per_s_per_s", ws_json_real(pair->wander_ppm_s));
	for (uint32_t i = 0; i < pair->n_jumps; i++)
		rc |= json_array_append_new(jumps,
					    json_pack("{s:I, s:I, s:o}", "at_ns", (json_int_t)pair->jump[i].at_ns,
						      "within_ns", (json_int_t)pair->jump[i].within_ns, "offset_us",
						      ws_json_signed_us(-pair->jump[i].size_ns)));
	rc |= json_object_set_new(object, "jumps", jumps);
	rc |= json_object_set_new(object, "knots", knots_json(pair->knot, pair->n_knots));
	if (rc) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int ws_clocks_print_json(const struct ws_clocks_report *report, FILE *out)
{
	const struct ws_crossings *crossings = report->crossings;
	json_t *document = json_pack("{s:{s:I, s:I, s:I, s:I, s:I}}", "crossings", "requests",
				     (json_int_t)crossings->n_requests, "responses", (json_int_t)crossings->n_responses,
				     "calls_within_a_node", (json_int_t)crossings->n_local, "packets_at_one_nic_only",
				     (json_int_t)crossings->n_one_end, "calls_with_repeated_packets",
				     (json_int_t)crossings->n_repeated);
	json_t *nodes = json_array(), *pairs = json_array();
	int rc = !document;

	for (uint32_t i = 0; i < report->clocks->n_nodes; i++)
		rc |= json_array_append_new(nodes, node_json(report, i));
	for (uint32_t i = 0; i < report->clocks->n_pairs; i++)
		rc |= json_array_append_new(pairs, pair_json(report, &report->clocks->pair[i]));
	rc |= json_object_set_new(document, "nodes", nodes);
	rc |= json_object_set_new(document, "pairs", pairs);
	if (rc) {
		json_decref(document);
		return -ENOMEM;
	}
	return ws_json_print(document, out);
}
