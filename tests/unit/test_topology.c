/* SPDX-License-Identifier: BSD-2-Clause */
/* Topologies of hand-made calls and claims, and what goes out of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "analyze/mesh/export.h"
#include "analyze/mesh/topology_output.h"
#include "tests/unit/mesh_maker.h"

static const struct ws_topology_edge *find(const struct ws_topology *topology, const char *caller, const char *callee)
{
	for (uint32_t i = 0; i < topology->n_edges; i++) {
		if (!strcmp(topology->node[topology->edge[i].caller].label, caller) &&
		    !strcmp(topology->node[topology->edge[i].callee].label, callee))
			return &topology->edge[i];
	}
	return NULL;
}

/* Of all calls at once. */
static int open_topology(const struct mesh *mesh, struct ws_topology *topology)
{
	struct ws_topology_maker *maker;
	int rc = ws_topology_maker_open(&mesh->atlas, &maker);

	if (rc)
		return rc;
	ws_topology_learn(maker, &mesh->calls);
	rc = ws_topology_add(maker, &mesh->calls);
	rc = rc ? rc : ws_topology_finish(maker, topology);
	ws_topology_maker_close(maker);
	return rc;
}

static const int64_t some_way[8] = { 0, 10, 20, 30, 130, 140, 150, 170 };

static void edges_are_counted(void **state)
{
	const int64_t half[8] = { 0, 10, 20, 30, -1, -1, -1, -1 };
	const struct ws_topology_edge *edge;
	struct ws_topology topology;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, half);
	mesh_call(&mesh, WS_NO_CALL, POD_B, POD_A, some_way);
	mesh.passage[mesh.call[1].response[WS_STATION_CALLER_VPORT]].status = 503;
	assert_int_equal(open_topology(&mesh, &topology), 0);
	assert_int_equal(topology.n_nodes, 2);
	assert_int_equal(topology.n_edges, 2);
	edge = find(&topology, "a", "b");
	assert_non_null(edge);
	assert_int_equal(edge->n_calls, 3);
	assert_int_equal(edge->n_answered, 2);
	assert_int_equal(edge->n_status[2], 1);
	assert_int_equal(edge->n_status[5], 1);
	assert_int_equal(edge->n_errors, 1);
	assert_int_equal(edge->n_judged, edge->n_answered);
	assert_int_equal(edge->n_incomplete, 1);
	assert_int_equal(edge->n_misses, 4);
	assert_true(edge->miss[0].is_response);
	assert_int_equal(edge->callee_time.n, 2);
	assert_int_equal(edge->callee_time.summary.median.value, 100);
	assert_int_equal(edge->round_trip.summary.median.value, 170);
	assert_int_equal(edge->n_shared, 2);
	assert_int_equal(edge->overlay_ns, 2 * (10 + 10 + 10 + 20));
	assert_int_equal(edge->verdict, WS_VERDICT_UNKNOWN);
	ws_topology_close(&topology);
}

static void claims_are_compared(void **state)
{
	struct ws_topology topology;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	mesh_call(&mesh, WS_NO_CALL, POD_B, POD_C, some_way);
	mesh_call(&mesh, WS_NO_CALL, POD_D, POD_C, some_way);
	mesh.call[2].caller = NULL;
	mesh.claim[mesh.atlas.n_claims++] = (struct ws_claim) { "a", "b.ns", 7 };
	mesh.claim[mesh.atlas.n_claims++] = (struct ws_claim) { "ns/c", "stock", 2 };
	assert_int_equal(open_topology(&mesh, &topology), 0);
	assert_int_equal(topology.n_edges, 4);
	assert_true(topology.node[0].is_outside);
	assert_int_equal(find(&topology, "a", "b")->verdict, WS_VERDICT_BOTH);
	assert_int_equal(find(&topology, "a", "b")->n_claimed, 7);
	assert_int_equal(find(&topology, "b", "c")->verdict, WS_VERDICT_PACKETS);
	assert_int_equal(find(&topology, "outside", "c")->verdict, WS_VERDICT_OUTSIDE);
	assert_int_equal(find(&topology, "c", "stock")->verdict, WS_VERDICT_CLAIMED);
	assert_int_equal(find(&topology, "c", "stock")->n_calls, 0);
	ws_topology_close(&topology);
}

/* In B3 client and server share an id; in W3C's way the server's is a child; a service's own spans are no calls. */
static void spans_make_edges(void **state)
{
	struct ws_topology topology;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	mesh_span(&mesh, 1, 0, "a", "server", 0, 100);
	mesh_span(&mesh, 2, 1, "a", "client", 10, 50);
	mesh_span(&mesh, 2, 1, "b", "server", 20, 30); /* B3 */
	mesh_span(&mesh, 3, 2, "b", "client", 25, 10);
	mesh_span(&mesh, 4, 3, "c", "server", 26, 5); /* W3C */
	mesh_span(&mesh, 5, 4, "c", "internal", 27, 1);
	assert_int_equal(open_topology(&mesh, &topology), 0);
	assert_int_equal(topology.n_edges, 2);
	assert_int_equal(find(&topology, "a", "b")->n_spans, 1);
	assert_int_equal(find(&topology, "b", "c")->n_spans, 1);
	ws_topology_close(&topology);
}

static void equal_names_are_told_apart(void **state)
{
	struct ws_topology topology;
	static struct mesh mesh;

	(void)state;
	mesh_begin(&mesh);
	mesh.owner[POD_B].service = "a";
	mesh.owner[POD_B].namespace = "other";
	mesh.owner[POD_D].service = "a"; /* of the same namespace: the same service */
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	mesh_call(&mesh, WS_NO_CALL, POD_D, POD_B, some_way);
	assert_int_equal(open_topology(&mesh, &topology), 0);
	assert_int_equal(topology.n_edges, 1);
	assert_int_equal(find(&topology, "ns/a", "other/a")->n_calls, 2);
	ws_topology_close(&topology);
}

/* A thousand services that all claim to call each other somehow. */
static void a_large_graph_is_drawn(void **state)
{
	static char name[1000][32];
	static struct ws_claim claim[5000];
	struct ws_topology topology;
	static struct mesh mesh;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	mesh_begin(&mesh);
	for (int i = 0; i < 1000; i++)
		snprintf(name[i], sizeof(name[i]), "<service & %d>", i);
	for (int i = 0; i < 5000; i++)
		claim[i] = (struct ws_claim) { name[i % 1000], name[(i * 7 + i / 1000 * 31 + 1) % 1000], 1 };
	mesh.atlas.claim = claim;
	mesh.atlas.n_claims = 5000;
	assert_int_equal(open_topology(&mesh, &topology), 0);
	assert_int_equal(topology.n_nodes, 1000);
	assert_non_null(out);
	assert_int_equal(ws_topology_write_svg(&topology, out), 0);
	assert_int_equal(ws_topology_print_table(&topology, out), 0);
	fclose(out);
	assert_null(strstr(text, "<service & 1>\n</text>"));
	assert_non_null(strstr(text, "&lt;service &amp; 999&gt;"));
	free(text);
	ws_topology_close(&topology);
}

static void export_all(struct mesh *mesh, enum ws_format format, char **text, struct ws_export_count *count)
{
	size_t len = 0;
	FILE *out = open_memstream(text, &len);
	const struct ws_export_plan plan = { &mesh->atlas, NULL, format, out };
	struct ws_export *export;

	assert_non_null(out);
	assert_int_equal(ws_export_open(&plan, &export), 0);
	assert_int_equal(ws_export_write(export, &mesh->calls), 0);
	*count = *ws_export_count(export);
	ws_export_close(export);
	fclose(out);
}

static void gaps_and_backward_intervals_are_no_spans(void **state)
{
	const int64_t backward[8] = { 0, -1, -1, 30, 20, -1, -1, 40 };
	struct ws_export_count count;
	static struct mesh mesh;
	char *text;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_D, backward);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	export_all(&mesh, WS_FORMAT_OTLP, &text, &count);
	free(text);
	assert_int_equal(count.n_negative, 1);
	assert_int_equal(count.n_apart, 2);
	assert_int_equal(count.n_intervals, 2 + 5);
	export_all(&mesh, WS_FORMAT_JSONL, &text, &count);
	assert_non_null(strstr(text, "\"duration_ns\":-10"));
	free(text);
	assert_int_equal(count.n_intervals, 3 + 5);
}

static void ids_depend_on_the_data_alone(void **state)
{
	struct ws_export_count count;
	static struct mesh mesh;
	char *first, *second;

	(void)state;
	mesh_begin(&mesh);
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_B, some_way);
	export_all(&mesh, WS_FORMAT_OTLP, &first, &count);
	export_all(&mesh, WS_FORMAT_OTLP, &second, &count);
	assert_string_equal(first, second);
	assert_null(strstr(first, "\"spanId\":\"0000000000000000\""));
	assert_non_null(strstr(first, "\"parentSpanId\":\"0000000000000001\""));
	free(first);
	free(second);
}

static void texts_are_escaped(void **state)
{
	static const char hostile[] = "a\"b\\c\nd\x01\xff\xe2\x80\xae,e";
	struct ws_export_count count;
	static struct mesh mesh;
	json_t *row;
	char *text;

	(void)state;
	mesh_begin(&mesh);
	mesh.owner[POD_A].service = hostile;
	mesh_call(&mesh, WS_NO_CALL, POD_A, POD_D, (const int64_t[8]) { 0, -1, -1, 30, -1, -1, -1, -1 });
	export_all(&mesh, WS_FORMAT_JSONL, &text, &count);
	row = json_loads(text, 0, NULL);
	assert_non_null(row);
	assert_string_equal(json_string_value(json_object_get(row, "caller")),
			    "a\"b\\c\nd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd,e");
	json_decref(row);
	free(text);
	export_all(&mesh, WS_FORMAT_CSV, &text, &count);
	assert_non_null(strstr(text, ",\"a\"\"b\\c\nd\x01\xff\xe2\x80\xae,e\","));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_are_counted),
		cmocka_unit_test(claims_are_compared),
		cmocka_unit_test(spans_make_edges),
		cmocka_unit_test(equal_names_are_told_apart),
		cmocka_unit_test(a_large_graph_is_drawn),
		cmocka_unit_test(gaps_and_backward_intervals_are_no_spans),
		cmocka_unit_test(ids_depend_on_the_data_alone),
		cmocka_unit_test(texts_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
