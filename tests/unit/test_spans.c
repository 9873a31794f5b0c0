/* SPDX-License-Identifier: BSD-2-Clause */
/* Spans of tracers' files: Jaeger's, OTLP's, and what is in neither's shape. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/spans.h"
#include "lib/names.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"

/* What was read: a line a span, and how many were none. */
struct seen {
	char text[8192];
	uint64_t n_unread;
	int end_at;
	int n;
	struct ws_seen *before; /* NULL: none */
};

static int note(void *context, const struct ws_span *span)
{
	char trace[33], id[17], parent[17];
	struct seen *seen = context;
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof(seen->text) - n, "%s %s %s|%s|%s|%s|%s|%s|%lld+%lld\n",
		 ws_hex_text(span->trace_id, 16, trace), ws_hex_text(span->span_id, 8, id),
		 ws_hex_text(span->parent_span_id, 8, parent), span->service, span->kind, span->operation, span->node,
		 span->pod, (long long)span->start_ns, (long long)span->duration_ns);
	return ++seen->n == seen->end_at ? -77 : 0;
}

static int read_text(const char *text, struct seen *seen, struct ws_error *err)
{
	static struct ws_cluster_node nodes[] = { { .name = "node1" }, { .name = "node2" }, { .name = "node3" } };
	const struct ws_cluster cluster = { .node = nodes, .n_nodes = 3 };
	char path[] = "/tmp/spans-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	rc = ws_spans_read(path, &cluster, seen->before, note, seen, &seen->n_unread, err);
	if (rc == -EPROTO)
		assert_non_null(strstr(err->text, path));
	unlink(path);
	return rc;
}

static void gives(const char *text, const char *expected, uint64_t n_unread)
{
	struct ws_error err = { 0 };
	struct seen seen = { 0 };
	int rc = read_text(text, &seen, &err);

	if (rc)
		print_error("%s\n", err.text);
	assert_int_equal(rc, 0);
	assert_string_equal(seen.text, expected);
	assert_int_equal(seen.n_unread, n_unread);
}

/* A span as /api/traces has it, in a trace with two processes. */
#define JAEGER(spans)                                                                                                  \
	"{\"data\":[{\"traceID\":\"" TRACE "\",\"spans\":[" spans                                                      \
	"],\"processes\":{\"p1\":{\"serviceName\":\"reviews.default\",\"tags\":[{"                                     \
	"\"key\":\"ip\",\"type\":\"string\",\"value\":\"10.1.1.1\"}]},\"p2\":{\"serviceName\":\"ratings\",\"tags\":[{" \
	"\"key\":\"hostname\","                                                                                        \
	"\"type\":\"string\",\"value\":\"ratings-v1-x\"}]},\"p3\":{\"serviceName\":\"agent\",\"tags\":[{\"key\":"      \
	"\"hostname\",\"value\":"                                                                                      \
	"\"node2\"}]}},\"warnings\":null}],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n"
#define SPAN(ids, more) "{" ids ",\"startTime\":1714557600000123,\"duration\":4567" more "}"
#define IDS		"\"traceID\":\"" TRACE "\",\"spanID\":\"b7ad6b7169203331\""
#define WHEN		"1714557600000123000+4567000\n"

static void jaeger(void **state)
{
	(void)state;
	gives(JAEGER(SPAN(
		      IDS,
		      ",\"operationName\":\"reviews:9080/"
		      "*\",\"processID\":\"p1\",\"references\":[],\"tags\":[{\"key\":\"span.kind\","
		      "\"type\":\"string\",\"value\":\"server\"},{\"key\":\"node_id\",\"type\":\"string\",\"value\":"
		      "\"sidecar~10.1.1.1~reviews-v1-545db77b95-wql7n.default~default.svc.cluster.local\"},{\"key\":"
		      "\"http.status_code\",\"type\":\"int64\",\"value\":200}]")),
	      TRACE " b7ad6b7169203331 0000000000000000|reviews.default|server|reviews:9080/*||default/"
		    "reviews-v1-545db77b95-wql7n|" WHEN,
	      0);
	gives(JAEGER(SPAN(IDS,
			  ",\"processID\":\"p2\",\"references\":[{\"refType\":\"FOLLOWS_FROM\",\"spanID\":\"1\"},{"
			  "\"refType\":"
			  "\"CHILD_OF\",\"traceID\":\"" TRACE
			  "\",\"spanID\":\"00f067aa0ba902b7\"}],\"tags\":[{\"key\":\"span.kind\","
			  "\"value\":\"CLIENT\"}]") "," SPAN(IDS, ",\"processID\":\"p3\",\"parentSpanID\":\"ab\"")),
	      TRACE " b7ad6b7169203331 00f067aa0ba902b7|ratings|client|||ratings-v1-x|" WHEN TRACE
		    " b7ad6b7169203331 00000000000000ab|agent|||node2||" WHEN,
	      0);
}

static void identifiers(void **state)
{
	static const struct {
		const char *trace, *span, *trace_read, *span_read;
	} good[] = {
		{ "1", "F", "00000000000000000000000000000001", "000000000000000f" },
		{ "5af7183fb1d4cf5f", "6b221d5bc9e6496c", "00000000000000005af7183fb1d4cf5f", "6b221d5bc9e6496c" },
		{ "CvdlGRbNQ92ESOshHIAxnA==", "t61rcWkgMzE=", TRACE, "b7ad6b7169203331" },
		{ "abcdefabcdefabcdefabcdef", "abcdefabcdef", "00000000abcdefabcdefabcdefabcdef", "0000abcdefabcdef" },
	};
	static const char *const bad[] = {
		"",    "0",  "00000000000000000000000000000000", "0af7651916cd43dd8448eb211c80319c0",
		"xyz", " 1", "CvdlGRbNQ92ESOshHIAx=A==",	 "AAAAAAAAAAAAAAAAAAAAAA==",
		"===="
	};
	char text[512], expected[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"data\":[{\"spans\":[{\"traceID\":\"%s\",\"spanID\":\"%s\",\"startTime\":0,\"duration\":0}]"
			 "}]}",
			 good[i].trace, good[i].span);
		snprintf(expected, sizeof(expected), "%s %s 0000000000000000||||||0+0\n", good[i].trace_read,
			 good[i].span_read);
		gives(text, expected, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text),
			 "{\"data\":[{\"spans\":[{\"traceID\":\"%s\",\"spanID\":\"1\",\"startTime\":0,\"duration\":0}]}"
			 "]}",
			 bad[i]);
		gives(text, "", 1);
		snprintf(text, sizeof(text),
			 "{\"data\":[{\"spans\":[{\"traceID\":\"1\",\"spanID\":\"%s\",\"startTime\":0,\"duration\":0}]}"
			 "]}",
			 bad[i]);
		gives(text, "", 1);
	}
}

#define OTLP(attributes, scopes, spans)                                                 \
	"{\"resourceSpans\":[{\"resource\":{\"attributes\":[" attributes "]},\"" scopes \
	"\":[{\"scope\":{},\"spans\":[" spans "]}]}]}\n"
#define ATTRIBUTE(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define OTLP_IDS	      "\"traceId\":\"" TRACE "\",\"spanId\":\"b7ad6b7169203331\""
#define OTLP_WHEN	      "\"startTimeUnixNano\":\"1714557600000123456\",\"endTimeUnixNano\":\"1714557600000123999\""

static void otlp(void **state)
{
	(void)state;
	gives(OTLP(ATTRIBUTE("service.name", "web") "," ATTRIBUTE("k8s.pod.name", "web-0") "," ATTRIBUTE(
			   "k8s.namespace.name", "shop") "," ATTRIBUTE("k8s.node.name",
								       "node7") "," ATTRIBUTE("host.name", "x"),
		   "scopeSpans",
		   "{" OTLP_IDS ",\"parentSpanId\":\"00f067aa0ba902b7\",\"name\":\"GET /\",\"kind\":3," OTLP_WHEN "}"),
	      TRACE " b7ad6b7169203331 00f067aa0ba902b7|web|client|GET /|node7|shop/web-0|1714557600000123456+543\n",
	      0);
	/* JSON lines; an old collector's; a name for the kind; numbers for times; base64; a host that is a node */
	gives(OTLP("", "instrumentationLibrarySpans",
		   "{\"traceId\":\"CvdlGRbNQ92ESOshHIAxnA==\",\"spanId\":\"t61rcWkgMzE=\",\"parentSpanId\":\"\","
		   "\"kind\":\"SPAN_KIND_SERVER\","
		   "\"startTimeUnixNano\":1714557600000123456,\"endTimeUnixNano\":1714557600000123457}")
		      OTLP(ATTRIBUTE("service.name", "s") "," ATTRIBUTE("host.name", "node3"), "scopeSpans",
			   "{" OTLP_IDS ",\"kind\":0," OTLP_WHEN "}"),
	      TRACE " b7ad6b7169203331 0000000000000000||server||||1714557600000123456+1\n" TRACE
		    " b7ad6b7169203331 0000000000000000|s|||node3||1714557600000123456+543\n",
	      0);
	gives("{\"batches\":[{\"resource\":{},\"scopeSpans\":[{\"spans\":[{" OTLP_IDS ",\"kind\":5," OTLP_WHEN
	      "}]}]}]}",
	      TRACE " b7ad6b7169203331 0000000000000000||consumer||||1714557600000123456+543\n", 0); /* Tempo's */
}

static void what_is_no_span(void **state)
{
	static const char *const bad[] = {
		"null",
		"7",
		"[]",
		"{}",
		"\"x\"",
		"{" OTLP_IDS "}",
		"{" OTLP_IDS ",\"startTimeUnixNano\":\"5\",\"endTimeUnixNano\":\"4\"}",
		"{" OTLP_IDS ",\"startTimeUnixNano\":-5,\"endTimeUnixNano\":4}",
		"{" OTLP_IDS ",\"startTimeUnixNano\":\"1e3\",\"endTimeUnixNano\":\"1e4\"}",
		"{" OTLP_IDS ",\"startTimeUnixNano\":\"1\",\"endTimeUnixNano\":\"99999999999999999999\"}",
		"{" OTLP_IDS ",\"startTimeUnixNano\":1,\"endTimeUnixNano\":1e300}",
		"{\"traceId\":5,\"spanId\":null," OTLP_WHEN "}",
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[%s]}]}]}", bad[i]);
		gives(text, "", 1);
	}
	gives("{\"data\":[{\"spans\":[{\"traceID\":\"1\",\"spanID\":\"1\",\"startTime\":9223372036854775807,"
	      "\"duration\":1}]}]}",
	      "", 1);
	gives("{\"data\":[{\"spans\":7},8,{\"spans\":[{\"references\":[1],\"tags\":[2],\"processID\":{}}]}]}", "", 3);
	gives("{\"resourceSpans\":[{\"scopeSpans\":{}},{\"resource\":{\"attributes\":[1,{\"key\":2}]},\"scopeSpans\":["
	      "1,{\"spans\":{}}]}]}",
	      "", 1);
	gives("{\"data\":null,\"errors\":[{\"code\":400}]}", "", 0);
	gives("", "", 0);
}

static void texts_of_terminals(void **state)
{
	char text[8448], name[4096], expected[8192];

	(void)state;
	gives(JAEGER(SPAN(IDS, ",\"operationName\":\"a\\n\\u001b[2J\\u0000b\",\"processID\":\"none\"")),
	      TRACE " b7ad6b7169203331 0000000000000000|||a??[2J|||" WHEN, 0);
	memset(name, 'n', sizeof(name));
	name[3000] = '\0';
	snprintf(text, sizeof(text),
		 "{\"data\":[{\"spans\":[{\"traceID\":\"1\",\"spanID\":\"1\",\"startTime\":0,\"duration\":0,"
		 "\"operationName\":"
		 "\"%s\",\"tags\":[{\"key\":\"hostname\",\"value\":\"%s\"}]}]}]}",
		 name, name);
	snprintf(expected, sizeof(expected), "%032d %016d %016d|||%.1023s||%.1023s|0+0\n", 1, 1, 0, name, name);
	gives(text, expected, 0);
}

static void broken_files_and_takers_that_stop(void **state)
{
	struct ws_error err = { 0 };
	struct seen seen = { .end_at = 2 };

	(void)state;
	assert_int_equal(read_text(JAEGER(SPAN(IDS, "") "," SPAN(IDS, "") "," SPAN(IDS, "")), &seen, &err), -77);
	assert_int_equal(seen.n, 2);
	assert_int_equal(read_text("{\"resourceSpans\":[{\"scopeSpans\":[}", &seen, &err), -EPROTO);
}

static int note_calls(void *context, const char *caller, const char *callee, int64_t n_calls)
{
	char *text = context;

	snprintf(text + strlen(text), 256 - strlen(text), "%s>%s %lld;", caller, callee, (long long)n_calls);
	return 0;
}

static void dependencies(void **state)
{
	static const char json[] = "{\"data\":[{\"parent\":\"a\",\"child\":\"b\",\"callCount\":12},{\"parent\":\"\","
				   "\"child\":\"b\",\"callCount\":1},"
				   "{\"parent\":\"a\",\"child\":5,\"callCount\":1},{\"parent\":\"a\",\"child\":\"b\","
				   "\"callCount\":-1},7,{\"parent\":"
				   "\"c\\t\",\"child\":\"d\",\"callCount\":\"3\"}],\"total\":0}";
	char path[] = "/tmp/spans-XXXXXX", text[256] = "";
	struct ws_error err = { 0 };
	uint64_t n_unread = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, json, strlen(json)), strlen(json));
	close(fd);
	assert_int_equal(ws_dependencies_read(path, note_calls, text, &n_unread, &err), 0);
	unlink(path);
	assert_string_equal(text, "a>b 12;c?>d 3;");
	assert_int_equal(n_unread, 4);
}

/* Jaeger gives a trace with each of its services: what came before is left out, unless a byte of it is another. */
static void traces_that_come_again(void **state)
{
	static const char spans[] =
		"{\"spans\":[{\"traceID\":\"%d\",\"spanID\":\"1\",\"startTime\":1,\"duration\":1},{}]}";
	static const char otlp[] = "{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"1\",\"spanId\":\"2\","
				   "\"startTimeUnixNano\":1,\"endTimeUnixNano\":2}]}]}";
	struct ws_error err = { 0 };
	struct ws_seen before = { 0 };
	struct seen seen = { .before = &before };
	char text[1024], trace[2][256];

	(void)state;
	for (int i = 0; i < 2; i++)
		snprintf(trace[i], sizeof(trace[i]), spans, i + 1);
	snprintf(text, sizeof(text), "{\"data\":[%s,%s,%s]}", trace[0], trace[1], trace[0]);
	assert_int_equal(read_text(text, &seen, &err), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.n_unread, 2);
	assert_int_equal(read_text(text, &seen, &err), 0); /* another file */
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.n_unread, 2);
	snprintf(text, sizeof(text), "{\"data\":[ %s,\t{ %s]}", trace[1], trace[0] + 1);
	assert_int_equal(read_text(text, &seen, &err), 0);
	assert_int_equal(seen.n, 3);			       /* there is a space in it */
	snprintf(text, sizeof(text), "{\"data\":[%s]}", otlp); /* is none of Jaeger's, but one of OTLP */
	assert_int_equal(read_text(text, &seen, &err), 0);
	assert_int_equal(seen.n, 3);
	snprintf(text, sizeof(text), "{\"resourceSpans\":[%s]}", otlp);
	assert_int_equal(read_text(text, &seen, &err), 0);
	assert_int_equal(seen.n, 4);
	ws_seen_free(&before);
}

/* More than the table has room for at first: none is taken for another, and none forgotten. */
static void many_that_come_again(void **state)
{
	struct ws_seen before = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		assert_false(ws_seen_before(&before, 0, &i, sizeof(i)));
	for (uint32_t i = 0; i < 10000; i++)
		assert_true(ws_seen_before(&before, 0, &i, sizeof(i)));
	assert_false(ws_seen_before(&before, 1, &(uint32_t) { 7 }, sizeof(uint32_t)));
	ws_seen_free(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jaeger),
		cmocka_unit_test(identifiers),
		cmocka_unit_test(otlp),
		cmocka_unit_test(what_is_no_span),
		cmocka_unit_test(texts_of_terminals),
		cmocka_unit_test(broken_files_and_takers_that_stop),
		cmocka_unit_test(dependencies),
		cmocka_unit_test(traces_that_come_again),
		cmocka_unit_test(many_that_come_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
