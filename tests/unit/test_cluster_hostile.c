/* SPDX-License-Identifier: BSD-2-Clause */
/* Snapshots that mean harm: broken, of wrong types, with names that are something else elsewhere, or far too large. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "tests/unit/cluster_world.h"
#include "tests/unit/sanitized.h"

/* Where each file of a snapshot lies. */
static const char *const json_files[] = {
	"pods.json",
	"nodes.json",
	"services.json",
	"endpoints.json",
	"endpointslices.json",
	"ippools.json",
	"flannel.json",
	"cilium.json",
	"peerauthentications.json",
	"snapshot.json",
	"node/n/link.json",
	"node/n/addr.json",
	"node/n/route.json",
	"node/n/route6.json",
	"node/n/nft.json",
	"node/n/crictl-1.json",
	"node/n/docker-1.json",
	"node/n/nerdctl-1.json",
	"node/n/pid-4.link.json",
	"node/n/pid-4.addr.json",
};
static const char *const text_files[] = {
	"node/n/iptables.txt",	"node/n/ip6tables.txt", "node/n/ipvs.txt",
	"node/n/ctr-tasks.txt", "node/n/chrony.txt",	"node/n/ptp.txt",
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void drop(const struct world *w, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	assert_int_equal(remove(path), 0);
}

/* Each file that is no JSON is an error that names it, and the byte. */
static void broken_json(void **state)
{
	static const char text[] = "{\"items\":[{\"metadata\":{\"name\":\"x\"}}";
	struct world *w = *state;

	for (size_t i = 0; i < COUNT(json_files); i++) {
		char expected[300];

		put(w->dir, json_files[i], text);
		assert_int_equal(ws_cluster_open(w->dir, &w->c, &w->err), -EPROTO);
		snprintf(expected, sizeof(expected), "%s/%s: byte %zu: ", w->dir, json_files[i], sizeof(text) - 1);
		assert_memory_equal(w->err.text, expected, strlen(expected));
		assert_null(w->c.dir); /* untouched */
		drop(w, json_files[i]);
	}
}

/* Every value of every member that is looked at, in turn of every type. */
static void wrong_types(void **state)
{
	static const char *const values[] = { "null", "true",	   "-1",	  "1.5e300", "18446744073709551616",
					      "\"\"", "\"x\"",	   "[]",	  "[[]]",    "[null,1,\"x\",{},[{}]]",
					      "{}",   "{\"a\":1}", "\"10.0.0.1\"" };
	static const char *const shapes[] = {
		"{\"items\":%s}",
		"{\"items\":[%s]}",
		"{\"items\":[{\"metadata\":%s,\"spec\":%s,\"status\":%s}]}",
		"{\"items\":[{\"metadata\":{\"name\":%s,\"namespace\":%s,\"uid\":%s,\"labels\":%s,\"ownerReferences\":%"
		"s}}]}",
		"{\"items\":[{\"metadata\":{\"name\":\"n\",\"ownerReferences\":[%s],\"labels\":{\"app\":%s,\"pod-"
		"template-hash\":%s,"
		"\"kubernetes.io/service-name\":%s}},\"data\":%s}]}",
		"{\"items\":[{\"metadata\":{\"name\":\"n\"},\"spec\":{\"containers\":[{\"ports\":%s},{\"ports\":[%s]},%"
		"s],\"ports\":[%s],"
		"\"clusterIP\":%s,\"clusterIPs\":[%s],\"externalIPs\":%s,\"podCIDRs\":[%s],\"mtls\":%s,\"nodeName\":%s}"
		",\"status\":{"
		"\"podIPs\":[%s],\"podIP\":%s,\"startTime\":%s,\"addresses\":[%s],\"loadBalancer\":{\"ingress\":[%s]}},"
		"\"subsets\":[%s],"
		"\"endpoints\":[%s],\"ports\":[%s]}]}",
		"{\"items\":[{\"metadata\":{\"name\":\"n\",\"labels\":{\"kubernetes.io/"
		"service-name\":\"s\"}},\"subsets\":[{\"addresses\":[%s],"
		"\"notReadyAddresses\":[{\"ip\":%s,\"targetRef\":%s}],\"ports\":[%s]}],\"endpoints\":[{\"addresses\":[%"
		"s],\"targetRef\":%s}],"
		"\"ports\":[{\"port\":%s,\"protocol\":%s}]}]}",
		"[%s]",
		"[{\"ifindex\":%s,\"ifname\":%s,\"flags\":[%s],\"link\":%s,\"link_index\":%s,\"linkinfo\":%s,\"addr_"
		"info\":[%s]}]",
		"[{\"ifindex\":1,\"ifname\":\"a\",\"link\":%s,\"linkinfo\":{\"info_kind\":%s,\"info_data\":{\"id\":%s}}"
		",\"addr_info\":[{"
		"\"local\":%s,\"prefixlen\":%s}],\"dst\":\"default\",\"gateway\":%s,\"nexthops\":[%s],\"metric\":%s}]",
		"[{\"dst\":%s,\"Id\":%s,\"State\":%s,\"Config\":%s,\"NetworkSettings\":%s,\"Process\":%s,\"Spec\":%s,"
		"\"status\":%s,\"info\":%s}]",
		"[{\"status\":{\"id\":%s,\"labels\":%s,\"metadata\":%s},\"info\":{\"pid\":%s,\"runtimeSpec\":{"
		"\"linux\":{\"namespaces\":[%s]}}}}]",
		"{\"nftables\":[{\"rule\":%s},{\"map\":%s},{\"rule\":{\"chain\":\"c\",\"expr\":[%s,{\"match\":%s},{"
		"\"vmap\":%s},{\"dnat\":%s},{"
		"\"jump\":%s}]}},{\"map\":{\"map\":\"verdict\",\"name\":%s,\"type\":%s,\"elem\":[[%s,{\"goto\":{"
		"\"target\":\"c\"}}],%s]}}]}",
		"{\"sources\":[%s],\"taken_realtime_ns\":%s}",
		"{\"sources\":%s}",
	};
	struct world *w = *state;

	for (size_t s = 0; s < COUNT(shapes); s++)
		for (size_t v = 0; v < COUNT(values); v++) {
			char text[4096];
			const char *x = values[v];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), shapes[s], x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,
				 x);
#pragma GCC diagnostic pop
			for (size_t i = 0; i < COUNT(json_files); i++) {
				bool is_array = strncmp(json_files[i], "node/", 5) == 0 &&
						!strstr(json_files[i], "nft");

				put(w->dir, json_files[i], shapes[s][0] == '[' && !is_array ? "{}" : text);
			}
			open_snapshot(w);
		}
}

static void names_that_are_something_else(void **state)
{
	static const char name[] =
		"'; DROP TABLE owner; --\\\"<script>../../$(reboot)`\\n\\t\\u001b\\u0000\\u009b\\u00e9%s%n";
	static const char kept[] = "'; DROP TABLE owner; --\"<script>../../$(reboot)`??"
				   "??"
				   "??\xc3\xa9%s%n";
	struct world *w = *state;
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"items\":[{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"labels\":{\"app\":\"%s\"}},"
		 "\"spec\":{\"nodeName\":\"%s\"}}]}",
		 name, name, name, name);
	put(w->dir, "pods.json", text);
	open_snapshot(w);
	assert_int_equal(w->c.n_pods, 1);
	assert_string_equal(w->c.pod[0].name, kept);
	assert_string_equal(w->c.pod[0].namespace, kept);
	assert_string_equal(w->c.pod[0].app, kept);
	assert_string_equal(w->c.pod[0].node, kept);
	assert_ptr_equal(ws_cluster_pod_find(&w->c, kept, kept), &w->c.pod[0]);
}

static void texts_that_are_too_long(void **state)
{
	char *text = malloc(1 << 16);
	struct world *w = *state;
	int n;

	assert_non_null(text);
	for (int len = WS_CLUSTER_TEXT_MAX; len <= WS_CLUSTER_TEXT_MAX + 1; len++) {
		n = sprintf(text, "{\"items\":[{\"metadata\":{\"name\":\"");
		memset(text + n, 'n', (size_t)len);
		sprintf(text + n + len, "\"}},{\"metadata\":{\"name\":\"other\"}}]}");
		put(w->dir, "pods.json", text);
		open_snapshot(w);
		assert_int_equal(w->c.n_pods, len == WS_CLUSTER_TEXT_MAX ? 2 : 1);
		assert_int_equal(w->c.n_unread,
				 len == WS_CLUSTER_TEXT_MAX ? 0 : 2); /* the name, and the pod without one */
	}
	free(text);
}

static void doubles(void **state)
{
	struct world *w = *state;

	put(w->dir, "pods.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"a\",\"name\":\"b\",\"namespace\":\"n\"}},{\"metadata\":{\"name\":"
	    "\"b\",\"namespace\":\"n\"}}],"
	    "\"items\":[{\"metadata\":{\"name\":\"c\",\"namespace\":\"n\"}}]}");
	open_snapshot(w);
	assert_int_equal(w->c.n_pods, 2);
	assert_string_equal(w->c.pod[0].name, "b");
	assert_string_equal(w->c.pod[1].name, "c");
	assert_int_equal(w->c.n_unread, 1);
}

/* Bytes of all kinds as text files, and lines without an end. */
static void text_files_of_anything(void **state)
{
	struct world *w = *state;
	char bytes[1 << 17];
	uint32_t x = 1;

	for (int round = 0; round < 8; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			x = x * 1664525 + 1013904223;
			bytes[i] = round < 2 ? (char)(x >> 24)
					     : "-AadtrsjpT*nat[]:.,\"\\! \n0123456789\0\xff"[(x >> 24) % 36];
		}
		if (round == 7)
			memset(bytes, 'a', sizeof(bytes));
		memcpy(bytes, "*nat\n-A X -j Y ", 15);
		for (size_t i = 0; i < COUNT(text_files); i++)
			put_bytes(w->dir, text_files[i], bytes, sizeof(bytes));
		open_snapshot(w);
		if (round == 7)
			assert_true(w->c.n_unread >= COUNT(text_files)); /* the line is not kept */
	}
}

/* Not files, or not to be followed out of the directory. */
static void what_is_no_file(void **state)
{
	struct world *w = *state;
	char path[128];

	snprintf(path, sizeof(path), "%s/pods.json", w->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ws_cluster_open(w->dir, &w->c, &w->err), -EINVAL); /* and does not wait for a writer */
	assert_non_null(strstr(w->err.text, path));
	drop(w, "pods.json");
	put(w->dir, "node", "a file");
	assert_int_equal(ws_cluster_open(w->dir, &w->c, &w->err), -ENOTDIR);
	drop(w, "node");
	put(w->dir, "node/n/pid-x.link.json", "[]");
	put(w->dir, "node/n/pid-99999999999999999999.link.json", "[]");
	put(w->dir, "node/n/pid-0.addr.json", "[]");
	put(w->dir, "node/n/pid-7", "[]");
	put(w->dir, "node/file", "");
	put(w->dir, "node/n/pid-7.link.json.part", "["); /* what is being written */
	put(w->dir, "node/n/.pid-7.link.json", "[");
	open_snapshot(w);
	assert_int_equal(w->c.n_unread, 5);
}

#ifdef WS_SANITIZED
#define N_PODS	      20000
#define GROWTH_MAX_KB (1 << 20)
#else
#define N_PODS	      200000
#define GROWTH_MAX_KB (100 << 10) /* half a KB a pod */
#endif

static void many_pods(void **state)
{
	struct world *w = *state;
	struct rusage before, after;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/pods.json", w->dir);
	file = fopen(path, "wb");
	assert_non_null(file);
	fputs("{\"items\":[", file);
	for (int i = 0; i < N_PODS; i++)
		fprintf(file,
			"%s{\"metadata\":{\"name\":\"reviews-v%d-545db77b95-%05x\",\"namespace\":\"ns-%d\",\"uid\":"
			"\"%08x-9a52-4a5e-8f0b-0f1f2a3b4c5d\",\"labels\":{\"app\":\"app-%d\"}},\"spec\":{\"nodeName\":"
			"\"node-%d\","
			"\"containers\":[{\"ports\":[{\"containerPort\":9080}]}]},\"status\":{\"podIP\":\"10.%d.%d.%"
			"d\"}}",
			i ? "," : "", i / 10, i, i % 100, i, i / 100, i % 500, i >> 16, i >> 8 & 255, i & 255);
	fputs("]}", file);
	assert_int_equal(fclose(file), 0);
	getrusage(RUSAGE_SELF, &before);
	open_snapshot(w);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(w->c.n_pods, N_PODS);
	assert_int_equal(w->c.n_unread, 0);
	assert_true(after.ru_maxrss - before.ru_maxrss < GROWTH_MAX_KB);
	for (uint32_t i = 1; i < w->c.n_pods; i++)
		assert_true(strcmp(w->c.pod[i - 1].namespace, w->c.pod[i].namespace) <= 0);
}

/* Ports times addresses: what does not fit is counted, and does not take for ever. */
static void more_endpoints_than_are_kept(void **state)
{
	const size_t n = 3000;
	struct world *w = *state;
	FILE *file;
	char path[128];

	snprintf(path, sizeof(path), "%s/endpoints.json", w->dir);
	file = fopen(path, "wb");
	assert_non_null(file);
	fputs("{\"items\":[{\"metadata\":{\"name\":\"s\"},\"subsets\":[{\"addresses\":[", file);
	for (size_t i = 0; i < n; i++)
		fprintf(file, "%s{\"ip\":\"10.0.%zu.%zu\"}", i ? "," : "", i / 250, i % 250);
	fputs("],\"ports\":[", file);
	for (size_t i = 0; i < n; i++)
		fprintf(file, "%s{\"port\":%zu}", i ? "," : "", i + 1);
	fputs("]}]}]}", file);
	assert_int_equal(fclose(file), 0);
	open_snapshot(w);
	assert_int_equal(w->c.n_endpoints, WS_CLUSTER_OBJECTS_MAX);
	assert_in_range(w->c.n_unread, 1, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(broken_json),
		TEST(wrong_types),
		TEST(names_that_are_something_else),
		TEST(texts_that_are_too_long),
		TEST(doubles),
		TEST(text_files_of_anything),
		TEST(what_is_no_file),
		TEST(many_pods),
		TEST(more_endpoints_than_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
