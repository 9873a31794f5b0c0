/* SPDX-License-Identifier: BSD-2-Clause */
/* Cluster snapshots on their way into run.db: who had an address and when, what the tracer saw; once, and as wholes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ingest/inputs.h"
#include "tests/unit/snapshot_world.h"

#define OWNERS                                                                                               \
	"SELECT lower(substr(hex(address), 21)), kind, namespace, name, service, workload, node, from_ns / " \
	"1000000000,"                                                                                        \
	" until_ns / 1000000000 FROM owner ORDER BY kind, name, address, from_ns"

static void owners_of_addresses(void **state)
{
	struct world *w = *state;

	put(w->run, "cluster/pods.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"reviews-v1-x\",\"namespace\":\"default\",\"labels\":{\"app\":\"rv\"}"
	    ",\"ownerReferences\":[{"
	    "\"kind\":\"StatefulSet\",\"name\":\"reviews-v1\"}]},\"spec\":{\"nodeName\":\"node1\"},\"status\":{"
	    "\"podIP\":\"10.244.1.5\","
	    "\"podIPs\":[{\"ip\":\"10.244.1.5\"},{\"ip\":\"fd00::5\"}],\"startTime\":\"1970-01-01T00:01:00Z\"}},"
	    "{\"metadata\":{\"name\":\"gone\",\"namespace\":\"default\",\"deletionTimestamp\":\"1970-01-01T00:09:00Z\","
	    "\"labels\":{\"app\":"
	    "\"old\"}},\"status\":{\"podIP\":\"10.244.1.6\"}},"
	    "{\"metadata\":{\"name\":\"proxy\",\"namespace\":\"kube-system\"},\"spec\":{\"hostNetwork\":true},"
	    "\"status\":{\"podIP\":"
	    "\"172.18.0.2\"}}]}");
	put(w->run, "cluster/services.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"reviews\",\"namespace\":\"default\"},\"spec\":{\"clusterIP\":\"10."
	    "96.0.9\",\"externalIPs\":["
	    "\"203.0.113.9\"]}}]}");
	put(w->run, "cluster/endpoints.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"reviews\",\"namespace\":\"default\"},\"subsets\":[{\"addresses\":[{"
	    "\"ip\":\"10.244.1.5\"}]}]}]}");
	put(w->run, "cluster/nodes.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"node1\"},\"spec\":{\"podCIDR\":\"10.244.1.0/"
	    "24\"},\"status\":{\"addresses\":[{\"type\":"
	    "\"InternalIP\",\"address\":\"172.18.0.2\"}]}}]}");
	put(w->run, "cluster/node/node1/addr.json",
	    "[{\"ifindex\":1,\"ifname\":\"lo\",\"flags\":[\"LOOPBACK\"],\"addr_info\":[{\"local\":\"127.0.0.1\","
	    "\"prefixlen\":8}]},"
	    "{\"ifindex\":2,\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"172.18.0.2\",\"prefixlen\":16}]},"
	    "{\"ifindex\":3,\"ifname\":\"docker0\",\"addr_info\":[{\"local\":\"172.17.0.1\",\"prefixlen\":16}]},"
	    "{\"ifindex\":4,\"ifname\":\"cni0\",\"addr_info\":[{\"local\":\"10.244.1.1\",\"prefixlen\":24}]},"
	    "{\"ifindex\":5,\"ifname\":\"tunl0\",\"addr_info\":[{\"local\":\"192.168.3.4\",\"prefixlen\":32},{"
	    "\"local\":\"fe80::1\","
	    "\"prefixlen\":64}]}]");
	load(w);
	assert_int_equal(w->loaded.n, 1);
	assert_int_equal(w->loaded.at[0].n_pods, 3);
	assert_int_equal(w->loaded.at[0].n_services, 1);
	assert_int_equal(w->loaded.at[0].n_nodes, 1);
	assert_string_equal(ask(w, OWNERS), "ffff0af40101|node|-|node1|-|-|node1|-|-\n" /* cni0 */
					    "ffffac120002|node|-|node1|-|-|node1|-|-\n"
					    "ffffc0a80304|node|-|node1|-|-|node1|-|-\n" /* tunl0 */
					    "ffff0af40106|pod|default|gone|old|-|-|-|540\n"
					    "ffff0af40105|pod|default|reviews-v1-x|reviews|reviews-v1|node1|60|-\n"
					    "000000000005|pod|default|reviews-v1-x|reviews|reviews-v1|node1|60|-\n"
					    "ffff0a600009|service|default|reviews|reviews|-|-|-|-\n"
					    "ffffcb007109|service|default|reviews|reviews|-|-|-|-\n");
	assert_string_equal(
		ask(w, "SELECT path, length(content_hash), taken_ns, overlay, mtls, n_unread FROM snapshot"),
		"cluster|32|-|none|-|0\n");
}

/* Pods come and go: each had its address until the first update without it, or until another began with it. */
static void updates(void **state)
{
	struct world *w = *state;

	put(w->run, "cluster/snapshot.json", TAKEN(100));
	put(w->run, "cluster/pods.json",
	    "{\"items\":[" POD("stays", "10.0.0.1", STARTED(1)) "," POD("leaves", "10.0.0.2", "") "," POD(
		    "moves", "10.0.0.3", STARTED(1)) "," POD("yields", "10.0.0.4", STARTED(1)) "]}");
	put(w->run, "cluster/services.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"s\",\"namespace\":\"d\"},\"spec\":{\"clusterIP\":\"10.96.0.1\"}}]}");
	put(w->run, "cluster/update-0001/snapshot.json", TAKEN(200)); /* services were not asked for again */
	put(w->run, "cluster/update-0001/pods.json",
	    "{\"items\":[" POD("stays", "10.0.0.1", STARTED(1)) "," POD("moves", "10.0.0.9", STARTED(1)) "," POD(
		    "takes", "10.0.0.4", STARTED(2)) "," POD("new", "10.0.0.5", "") "]}");
	put(w->run, "cluster/update-0002/snapshot.json", TAKEN(300));
	put(w->run, "cluster/update-0002/pods.json",
	    "{\"items\":[" POD("stays", "10.0.0.1", STARTED(1)) "," POD("leaves", "10.0.0.2", "") "]}");
	put(w->run, "cluster/update-0003/snapshot.json", TAKEN(400)); /* pods could not be asked for */
	put(w->run, "cluster/update-0003/nodes.json", "{\"items\":[]}");
	load(w);
	assert_int_equal(w->loaded.n, 4);
	assert_string_equal(
		ask(w,
		    "SELECT kind, name, lower(substr(hex(address), 25)), from_ns / 1000000000, until_ns / 1000000000 "
		    "FROM owner ORDER BY kind, name, from_ns, address"),
		"pod|leaves|0a000002|-|200\n"
		"pod|leaves|0a000002|200|-\n" /* came back after 200, under its old name */
		"pod|moves|0a000003|60|200\n"
		"pod|moves|0a000009|60|300\n"
		"pod|new|0a000005|100|300\n" /* was not there at 100 */
		"pod|stays|0a000001|60|-\n"
		"pod|takes|0a000004|120|300\n"
		"pod|yields|0a000004|60|120\n" /* gone at 200, but another began with it at 120 */
		"service|s|0a600001|-|-\n");
	assert_string_equal(ask(w, "SELECT path, taken_ns / 1000000000 FROM snapshot ORDER BY snapshot_id"),
			    "cluster|100\ncluster/update-0001|200\ncluster/update-0002|300\ncluster/update-0003|400\n");
}

/* Kubernetes says of a pod that has ended which address it had, long after another has it. */
static void a_job_that_has_ended(void **state)
{
	struct world *w = *state;

	put(w->run, "cluster/pods.json",
	    "{\"items\":[" POD("job-1", "10.0.0.1", STARTED(1) ",\"phase\":\"Succeeded\"") "," POD(
		    "job-2", "10.0.0.1", STARTED(3) ",\"phase\":\"Failed\"") "," POD("web", "10.0.0.1",
										     STARTED(5)) "]}");
	load(w);
	assert_string_equal(ask(w, "SELECT name, from_ns / 1000000000, until_ns / 1000000000 FROM owner ORDER BY name"),
			    "job-1|60|180\njob-2|180|300\nweb|300|-\n");
}

static void loading_again(void **state)
{
	struct world *w = *state;
	char before[16384];

	put(w->run, "cluster/pods.json", "{\"items\":[" POD("a", "10.0.0.1", "") "]}");
	put(w->run, "cluster/node/n1/chrony.txt", "A,b,1,5.0,0.000001,0,0,0,0,0,0.000002,0.000003,1,Normal\n");
	put(w->run, "cluster/dependencies.json", "{\"data\":[{\"parent\":\"x\",\"child\":\"y\",\"callCount\":3}]}");
	load(w);
	assert_false(w->loaded.was_there);
	strcpy(before, ask(w, OWNERS));
	load(w);
	assert_true(w->loaded.was_there);
	assert_string_equal(ask(w, OWNERS), before);
	assert_string_equal(ask(w, "SELECT * FROM synchronization"), "n1|chrony|5000000000|1000|4000\n");
	assert_string_equal(ask(w, "SELECT * FROM dependency"), "x|y|3\n");
	put(w->run, "cluster/pods.json", "{\"items\":[" POD("b", "10.0.0.1", "") "]}"); /* changed: replaces all */
	put(w->run, "cluster/node/n1/chrony.txt", "");
	put(w->run, "cluster/dependencies.json", "{\"data\":null}");
	load(w);
	assert_false(w->loaded.was_there);
	assert_string_equal(ask(w, "SELECT name FROM owner"), "b\n");
	assert_string_equal(ask(w, "SELECT * FROM synchronization"), "");
	assert_string_equal(ask(w, "SELECT * FROM dependency"), "");
	put(w->run, "cluster/update-0001/pods.json", "{\"items\":[]}"); /* an update that came later */
	load(w);
	assert_false(w->loaded.was_there);
	assert_int_equal(w->loaded.n, 2);
	assert_string_equal(ask(w, "SELECT count(*) FROM snapshot"), "2\n");
}

static void a_snapshot_that_cannot_be_read_changes_nothing(void **state)
{
	struct world *w = *state;
	char path[256];

	put(w->run, "cluster/pods.json", "{\"items\":[" POD("a", "10.0.0.1", "") "]}");
	load(w);
	put(w->run, "cluster/pods.json", "{\"items\":[" POD("b", "10.0.0.1", "") "]}");
	put(w->run, "cluster/traces.json", "{\"data\":[{\"spans\":[]},");
	assert_int_equal(try_to_load(w), -EPROTO);
	snprintf(path, sizeof(path), "%s/cluster/traces.json: byte 22: ", w->run);
	assert_memory_equal(w->err.text, path, strlen(path));
	assert_string_equal(ask(w, "SELECT name FROM owner"), "a\n");
	snprintf(path, sizeof(path), "%s/cluster/traces.json", w->run);
	assert_int_equal(remove(path), 0);
	load(w); /* and the database is as good as before */
	assert_string_equal(ask(w, "SELECT name FROM owner"), "b\n");
}

/* Names are bound, never part of a statement. */
static void names_of_injection(void **state)
{
	static const char name[] = "x'); DROP TABLE owner; DELETE FROM span; --";
	struct world *w = *state;
	char text[2048];

	snprintf(text, sizeof(text),
		 "{\"items\":[{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\",\"labels\":{\"app\":\"%s\"}},"
		 "\"spec\":{\"nodeName\":\"%s\"},"
		 "\"status\":{\"podIP\":\"10.0.0.1\"}}]}",
		 name, name, name, name);
	put(w->run, "cluster/pods.json", text);
	snprintf(text, sizeof(text),
		 "{\"data\":[{\"spans\":[{\"traceID\":\"1\",\"spanID\":\"2\",\"operationName\":\"%s\",\"startTime\":1,"
		 "\"duration\":1,\"tags\":[{"
		 "\"key\":\"hostname\",\"value\":\"%s\"}],\"processID\":\"p\"}],\"processes\":{\"p\":{\"serviceName\":"
		 "\"%s\"}}}]}",
		 name, name, name);
	put(w->run, "cluster/traces-a'b.json", text);
	snprintf(text, sizeof(text), "{\"data\":[{\"parent\":\"%s\",\"child\":\"%s\",\"callCount\":1}]}", name, name);
	put(w->run, "cluster/dependencies.json", text);
	load(w);
	snprintf(text, sizeof(text), "%s|%s|%s\n", name, name, name);
	assert_string_equal(ask(w, "SELECT name, namespace, service FROM owner"), text);
	assert_string_equal(ask(w, "SELECT service, operation, pod FROM span"), text);
	snprintf(text, sizeof(text), "%s|%s|1\n", name, name);
	assert_string_equal(ask(w, "SELECT * FROM dependency"), text);
}

/* The manifest of a planned run says whose vport a point is. */
static void pods_of_points(void **state)
{
	struct world *w = *state;
	char path[256];

	put(w->run, "run.json",
	    "{\"points\":[{\"name\":\"vport-a\",\"role\":\"vport\",\"node\":\"n1\",\"pod\":\"default/a\"}]}");
	snprintf(path, sizeof(path), "%s/run.json", w->run);
	assert_int_equal(ws_load_manifest(w->db, path, &w->err), 0);
	for (int i = 0; i < 2; i++) {
		const struct ws_input input = { (char *)(i ? "nic" : "vport-a"), "x.pcap", WS_SOURCE_PCAP, false };
		const struct ws_file_facts facts = { 0 };

		assert_int_equal(ws_database_begin_file(w->db, &input, "x.pcap", &w->err), 0);
		assert_int_equal(ws_database_end_file(w->db, i ? "1" : "0", &facts, &w->err), 0);
	}
	assert_string_equal(ask(w, "SELECT name, node, pod FROM point ORDER BY name"),
			    "nic|-|-\nvport-a|n1|default/a\n");
	put(w->run, "run.json", "{\"points\":[{\"name\":\"nic\",\"pod\":\"p/q\"}]}");
	assert_int_equal(ws_load_manifest(w->db, path, &w->err), 0);
	assert_string_equal(ask(w, "SELECT name, pod FROM point ORDER BY name"), "nic|p/q\nvport-a|default/a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(owners_of_addresses),
		TEST(updates),
		TEST(a_job_that_has_ended),
		TEST(loading_again),
		TEST(a_snapshot_that_cannot_be_read_changes_nothing),
		TEST(names_of_injection),
		TEST(pods_of_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
