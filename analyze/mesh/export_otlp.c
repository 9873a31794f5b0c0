/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export_otlp - see export.h: as OTLP in JSON (opentelemetry-proto, trace/v1, in its JSON mapping: ids in hex, numbers
 * of 64 bits as strings).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/export.h"
#include "lib/names.h"
#include "lib/version.h"

/* SPAN_KIND_INTERNAL */
#define KIND_INTERNAL 1

static uint32_t node_of(const struct ws_export_row *row)
{
	return row->atlas->point[row->from->point].node;
}

/* Rows of one node and pod are one resource's. */
static bool is_same_resource(const struct ws_export_row *a, const struct ws_export_row *b)
{
	return node_of(a) == node_of(b) && ws_export_pod(a) == ws_export_pod(b);
}

static void put_text(const char *key, const char *text, FILE *out)
{
	fprintf(out, ",{\"key\":\"%s\",\"value\":{\"stringValue\":", key);
	ws_export_string(text, out);
	fputs_unlocked("}}", out);
}

static void put_number(const char *key, uint64_t value, FILE *out)
{
	fprintf(out, ",{\"key\":\"%s\",\"value\":{\"intValue\":\"%" PRIu64 "\"}}", key, value);
}

static void put_resource(const struct ws_export_row *row, FILE *out)
{
	const struct ws_owner *pod = ws_export_pod(row);

	fputs_unlocked(
		"{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"wirespan\"}}",
		out);
	put_text("host.name", row->atlas->node[node_of(row)], out);
	if (pod) {
		put_text("k8s.namespace.name", pod->namespace, out);
		put_text("k8s.pod.name", pod->name, out);
	}
	fputs_unlocked("]},\"scopeSpans\":[{\"scope\":{\"name\":\"wirespan\",\"version\":\"" WS_VERSION
		       "\"},\"spans\":[",
		       out);
}

static void put_attributes(const struct ws_export_row *row, FILE *out)
{
	const struct ws_atlas_point *from = &row->atlas->point[row->from->point];
	const struct ws_atlas_point *to = &row->atlas->point[row->to->point];
	const struct ws_tuple *tuple = &row->atlas->tuples.at[row->from->tuple];
	bool is_answer = row->from->kind == WS_PASSAGE_RESPONSE;
	char saddr[WS_ADDRESS_TEXT_LEN], daddr[WS_ADDRESS_TEXT_LEN];

	ws_address_text(is_answer ? tuple->daddr : tuple->saddr, saddr);
	ws_address_text(is_answer ? tuple->saddr : tuple->daddr, daddr);
	fprintf(out, "{\"key\":\"wirespan.way\",\"value\":{\"stringValue\":\"%s\"}}", ws_interval_way(row->interval));
	put_text("wirespan.node", row->atlas->node[from->node], out);
	if (from->node != to->node)
		put_text("wirespan.node.to", row->atlas->node[to->node], out);
	put_text("wirespan.point.from", from->name, out);
	put_text("wirespan.point.to", to->name, out);
	put_text("wirespan.class", row->class, out);
	put_text("net.sock.host.addr", saddr, out);
	put_number("net.sock.host.port", is_answer ? tuple->dport : tuple->sport, out);
	put_text("net.sock.peer.addr", daddr, out);
	put_number("net.sock.peer.port", is_answer ? tuple->sport : tuple->dport, out);
	if (row->to->kind == WS_PASSAGE_RESPONSE && row->to->status)
		put_number("http.status_code", row->to->status, out);
	if (row->is_aligned)
		put_number("wirespan.clock.bound_ns", row->clock_bound_ns, out);
	if (row->interval->bound_ns)
		put_number("wirespan.duration.bound_ns", row->interval->bound_ns, out);
}

static void put_span(const struct ws_export_row *row, FILE *out)
{
	char trace_id[33], span_id[17], parent[17];

	fprintf(out, "{\"traceId\":\"%s\",\"spanId\":\"%s\",",
		ws_hex_text(row->trace_id, sizeof(row->trace_id), trace_id),
		ws_hex_text(row->span_id, sizeof(row->span_id), span_id));
	if (row->has_parent)
		fprintf(out, "\"parentSpanId\":\"%s\",",
			ws_hex_text(row->parent_span_id, sizeof(row->parent_span_id), parent));
	fprintf(out,
		"\"name\":\"%s\",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64 "\",\"endTimeUnixNano\":\"%" PRId64
		"\",\"attributes\":[",
		ws_interval_name(row->interval->kind), KIND_INTERNAL, row->start_ns, row->end_ns);
	put_attributes(row, out);
	fputs_unlocked("]}", out);
}

static int compare(const void *a, const void *b)
{
	const struct ws_export_row *left = a, *right = b;
	const struct ws_owner *left_pod = ws_export_pod(left), *right_pod = ws_export_pod(right);

	if (node_of(left) != node_of(right))
		return node_of(left) < node_of(right) ? -1 : 1;
	if (left_pod != right_pod)
		return left_pod < right_pod ? -1 : 1;
	if (left->start_ns != right->start_ns)
		return left->start_ns < right->start_ns ? -1 : 1;
	return memcmp(left->span_id, right->span_id, sizeof(left->span_id));
}

void ws_export_otlp(const struct ws_export_row *row, uint32_t n, FILE *out)
{
	struct ws_export_row *sorted = malloc(n * sizeof(*sorted));

	/* Without room for it they go out unsorted, with a resource the more. */
	if (sorted) {
		memcpy(sorted, row, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), compare);
		row = sorted;
	}
	fputs_unlocked("{\"resourceSpans\":[", out);
	for (uint32_t i = 0; i < n; i++) {
		if (i && is_same_resource(&row[i - 1], &row[i])) {
			putc_unlocked(',', out);
		} else {
			fputs_unlocked(i ? "]}]}," : "", out);
			put_resource(&row[i], out);
		}
		put_span(&row[i], out);
	}
	fputs_unlocked("]}]}]}\n", out);
	free(sorted);
}
