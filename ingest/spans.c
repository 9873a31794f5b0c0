/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spans - see the header. Where the formats are from:
 *   Jaeger  the JSON of its query service, model/json/model.go of jaeger
 *   OTLP    opentelemetry-proto: trace.proto as JSON; older collectors wrote instrumentationLibrarySpans
 */
#include "ingest/spans.h"

#include <errno.h>
#include <string.h>

#include "ingest/span_parts.h"
#include "lib/items.h"

#define NS_PER_US 1000

static const json_t *first_of(const json_t *object, const char *const *keys)
{
	const json_t *value = NULL;

	for (; !value && *keys; keys++)
		value = json_object_get(object, *keys);
	return value;
}

static void note_jaeger_tags(const json_t *tags, struct ws_span_place *place, const char **kind)
{
	for (size_t i = 0; i < json_array_size(tags); i++) {
		const json_t *tag = json_array_get(tags, i);
		const char *key = json_string_value(json_object_get(tag, "key")),
			   *value = json_string_value(json_object_get(tag, "value"));

		if (!key || !value)
			continue;
		if (kind && strcmp(key, "span.kind") == 0)
			*kind = value;
		ws_span_place_note(place, key, value);
	}
}

/* Of several references the first that says who called; one that merely follows another is a child all the same. */
static void read_parent(const json_t *object, struct ws_span *span)
{
	const json_t *list = json_object_get(object, "references");
	bool is_child = false;

	ws_span_id(json_object_get(object, "parentSpanID"), span->parent_span_id, sizeof(span->parent_span_id));
	for (size_t i = 0; i < json_array_size(list) && !is_child; i++) {
		const json_t *reference = json_array_get(list, i);
		const char *type = json_string_value(json_object_get(reference, "refType"));

		is_child = type && strcmp(type, "CHILD_OF") == 0;
		if (is_child || i == 0)
			ws_span_id(json_object_get(reference, "spanID"), span->parent_span_id,
				   sizeof(span->parent_span_id));
	}
}

static int read_jaeger_span(struct ws_span_reading *r, const json_t *object, const json_t *processes)
{
	const char *id = json_string_value(json_object_get(object, "processID")), *kind = NULL;
	const json_t *process = id ? json_object_get(processes, id) : json_object_get(object, "process");
	struct ws_span_place place = { 0 };
	struct ws_span span = { 0 };

	if (!ws_span_id(json_object_get(object, "traceID"), span.trace_id, sizeof(span.trace_id)) ||
	    !ws_span_id(json_object_get(object, "spanID"), span.span_id, sizeof(span.span_id)) ||
	    !ws_span_number(json_object_get(object, "startTime"), &span.start_ns) ||
	    !ws_span_number(json_object_get(object, "duration"), &span.duration_ns) ||
	    __builtin_mul_overflow(span.start_ns, NS_PER_US, &span.start_ns) ||
	    __builtin_mul_overflow(span.duration_ns, NS_PER_US, &span.duration_ns)) {
		++*r->n_unread;
		return 0;
	}
	read_parent(object, &span);
	note_jaeger_tags(json_object_get(process, "tags"), &place, NULL);
	note_jaeger_tags(json_object_get(object, "tags"), &place, &kind);
	ws_span_place_put(r, &place, &span);
	span.kind = ws_span_kind(kind);
	span.service = ws_span_text(json_string_value(json_object_get(process, "serviceName")), r->service);
	span.operation = ws_span_text(json_string_value(json_object_get(object, "operationName")), r->operation);
	return r->take(r->context, &span);
}

static int read_jaeger(void *reading, json_t *trace)
{
	const json_t *spans = json_object_get(trace, "spans"), *processes = json_object_get(trace, "processes");
	struct ws_span_reading *r = reading;
	int rc = 0;

	r->n_elements++;
	if (!json_is_array(spans))
		++*r->n_unread;
	for (size_t i = 0; rc == 0 && i < json_array_size(spans); i++)
		rc = read_jaeger_span(r, json_array_get(spans, i), processes);
	return rc;
}

static void note_attributes(const json_t *attributes, struct ws_span_place *place)
{
	for (size_t i = 0; i < json_array_size(attributes); i++) {
		const json_t *attribute = json_array_get(attributes, i), *value = json_object_get(attribute, "value");
		const char *key = json_string_value(json_object_get(attribute, "key")),
			   *text = json_string_value(json_object_get(value, "stringValue"));

		if (key && text)
			ws_span_place_note(place, key, text);
	}
}

/* A number, or the name of one. */
static const char *otlp_kind(const json_t *kind)
{
	static const char *const names[] = { "", "internal", "server", "client", "producer", "consumer" };
	static const char prefix[] = "SPAN_KIND_";
	const char *text = json_string_value(kind);
	json_int_t number = json_is_integer(kind) ? json_integer_value(kind) : 0;

	if (text)
		return strncmp(text, prefix, sizeof(prefix) - 1) == 0 ? ws_span_kind(text + sizeof(prefix) - 1) : "";
	return number >= 0 && number < (json_int_t)(sizeof(names) / sizeof(names[0])) ? names[number] : "";
}

static int read_otlp_span(struct ws_span_reading *r, const json_t *object, const struct ws_span_place *resource)
{
	struct ws_span_place place = *resource;
	struct ws_span span = { 0 };
	int64_t end_ns;

	if (!ws_span_id(json_object_get(object, "traceId"), span.trace_id, sizeof(span.trace_id)) ||
	    !ws_span_id(json_object_get(object, "spanId"), span.span_id, sizeof(span.span_id)) ||
	    !ws_span_number(json_object_get(object, "startTimeUnixNano"), &span.start_ns) ||
	    !ws_span_number(json_object_get(object, "endTimeUnixNano"), &end_ns) || end_ns < span.start_ns) {
		++*r->n_unread;
		return 0;
	}
	span.duration_ns = end_ns - span.start_ns;
	ws_span_id(json_object_get(object, "parentSpanId"), span.parent_span_id, sizeof(span.parent_span_id));
	note_attributes(json_object_get(object, "attributes"), &place);
	ws_span_place_put(r, &place, &span);
	span.kind = otlp_kind(json_object_get(object, "kind"));
	span.service = ws_span_text(resource->service, r->service);
	span.operation = ws_span_text(json_string_value(json_object_get(object, "name")), r->operation);
	return r->take(r->context, &span);
}

static int read_otlp(void *reading, json_t *element)
{
	static const char *const keys[] = { "scopeSpans", "instrumentationLibrarySpans", "ilSpans", NULL };
	const json_t *scopes = first_of(element, keys);
	struct ws_span_reading *r = reading;
	struct ws_span_place resource = { 0 };
	int rc = 0;

	r->n_elements++;
	if (!json_is_array(scopes))
		++*r->n_unread;
	note_attributes(json_object_get(json_object_get(element, "resource"), "attributes"), &resource);
	for (size_t i = 0; rc == 0 && i < json_array_size(scopes); i++) {
		const json_t *spans = json_object_get(json_array_get(scopes, i), "spans");

		for (size_t k = 0; rc == 0 && k < json_array_size(spans); k++)
			rc = read_otlp_span(r, json_array_get(spans, k), &resource);
	}
	return rc;
}

static bool is_wanted(void *reading, const char *bytes, size_t len)
{
	struct ws_span_reading *r = reading;
	bool is_known = r->seen && ws_seen_before(r->seen, r->format, bytes, len);

	r->n_elements += is_known;
	return !is_known;
}

int ws_spans_read(const char *path, const struct ws_cluster *cluster, struct ws_seen *seen,
		  int (*take)(void *context, const struct ws_span *span), void *context, uint64_t *n_unread,
		  struct ws_error *err)
{
	static const struct {
		const char *key;
		int (*read)(void *reading, json_t *element);
	} formats[] = { { "data", read_jaeger }, { "resourceSpans", read_otlp }, { "batches", read_otlp } };
	struct ws_span_reading r = {
		.cluster = cluster, .seen = seen, .take = take, .context = context, .n_unread = n_unread
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && r.n_elements == 0 && i < sizeof(formats) / sizeof(formats[0]); i++) {
		r.format = i;
		rc = ws_items_visit_wanted(path, formats[i].key, is_wanted, formats[i].read, &r, err);
	}
	return rc;
}

/* What ws_items_visit() hands to read_dependency(). */
struct dependencies {
	int (*take)(void *context, const char *caller, const char *callee, int64_t n_calls);
	void *context;
	uint64_t *n_unread;
};

static int read_dependency(void *context, json_t *element)
{
	const struct dependencies *d = context;
	char caller[WS_SPAN_TEXT_MAX + 1], callee[WS_SPAN_TEXT_MAX + 1];
	int64_t n_calls;

	ws_span_text(json_string_value(json_object_get(element, "parent")), caller);
	ws_span_text(json_string_value(json_object_get(element, "child")), callee);
	if (!*caller || !*callee || !ws_span_number(json_object_get(element, "callCount"), &n_calls)) {
		++*d->n_unread;
		return 0;
	}
	return d->take(d->context, caller, callee, n_calls);
}

int ws_dependencies_read(const char *path,
			 int (*take)(void *context, const char *caller, const char *callee, int64_t n_calls),
			 void *context, uint64_t *n_unread, struct ws_error *err)
{
	struct dependencies d = { take, context, n_unread };

	return ws_items_visit(path, "data", read_dependency, &d, err);
}
