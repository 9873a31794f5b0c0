/* SPDX-License-Identifier: BSD-2-Clause */
/* Cluster snapshots as they are read: the shapes in which kubectl and the nodes' tools print what they know. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/unit/cluster_world.h"

/* `kubectl get pods -A -o json` */
static const char pods[] =
	"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n"
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"annotations\":{\"sidecar.istio.io/status\":\"{}\"},"
	"\"creationTimestamp\":\"2024-05-01T09:59:58Z\",\"generateName\":\"reviews-v1-545db77b95-\",\"labels\":{"
	"\"app\":"
	"\"reviews\",\"pod-template-hash\":\"545db77b95\",\"version\":\"v1\"},\"name\":\"reviews-v1-545db77b95-wql7n\","
	"\"namespace\":\"default\",\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"blockOwnerDeletion\":true,"
	"\"controller\":true,\"kind\":\"ReplicaSet\",\"name\":\"reviews-v1-545db77b95\",\"uid\":\"aa\"}],\"uid\":"
	"\"0b6f1b0e-9a52-4a5e-8f0b-0f1f2a3b4c5d\"},\"spec\":{\"containers\":[{\"image\":\"reviews\",\"name\":"
	"\"reviews\","
	"\"ports\":[{\"containerPort\":9080,\"protocol\":\"TCP\"},{\"containerPort\":53,\"protocol\":\"UDP\"}]}],"
	"\"initContainers\":[{\"name\":\"istio-proxy\",\"restartPolicy\":\"Always\"}],\"nodeName\":\"node1\"},"
	"\"status\":{\"hostIP\":\"172.18.0.2\",\"phase\":\"Running\",\"podIP\":\"10.244.1.5\",\"podIPs\":[{\"ip\":"
	"\"10.244.1.5\"},{\"ip\":\"fd00:10:244:1::5\"}],\"startTime\":\"2024-05-01T10:00:00Z\"}},\n"
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"kube-apiserver-node1\",\"namespace\":\"kube-system\",\"uid\":"
	"\"u2\","
	"\"ownerReferences\":[{\"controller\":true,\"kind\":\"Node\",\"name\":\"node1\"}]},\"spec\":{\"hostNetwork\":"
	"true,"
	"\"nodeName\":\"node1\",\"containers\":[{\"name\":\"kube-apiserver\"}]},\"status\":{\"phase\":\"Running\","
	"\"podIP\":\"172.18.0.2\"}},\n"
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-0\",\"namespace\":\"default\",\"labels\":{\"app.kubernetes.io/"
	"name\":"
	"\"web\",\"k8s-app\":\"other\"},\"deletionTimestamp\":\"2024-05-01T11:00:30Z\",\"ownerReferences\":[{\"kind\":"
	"\"StatefulSet\",\"name\":\"web\"}]},\"spec\":{\"nodeName\":\"node2\"},\"status\":{\"phase\":\"Pending\"}}\n"
	"],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n";

static void pods_of_kubectl(void **state)
{
	const struct ws_cluster_pod *p;
	struct world *w = *state;

	put(w->dir, "pods.json", pods);
	open_snapshot(w);
	assert_int_equal(w->c.n_pods, 3);
	assert_int_equal(w->c.n_unread, 0);
	p = ws_cluster_pod_find(&w->c, "default", "reviews-v1-545db77b95-wql7n");
	assert_ptr_equal(p, &w->c.pod[0]);
	assert_string_equal(p->uid, "0b6f1b0e-9a52-4a5e-8f0b-0f1f2a3b4c5d");
	assert_string_equal(p->node, "node1");
	assert_string_equal(p->phase, "Running");
	assert_string_equal(p->workload, "reviews-v1");
	assert_string_equal(p->app, "reviews");
	assert_string_equal(p->service, "");
	assert_int_equal(p->n_addresses, 2);
	is_address(&p->address[0], "10.244.1.5");
	is_address(&p->address[1], "fd00:10:244:1::5");
	assert_int_equal(p->n_ports, 1);
	assert_int_equal(p->port[0], 9080);
	assert_int_equal(p->started_ns, 1714557600000000000);
	assert_int_equal(p->deleted_ns, INT64_MAX);
	assert_true(p->has_sidecar);
	assert_false(p->is_host_network);
	p = ws_cluster_pod_find(&w->c, "kube-system", "kube-apiserver-node1");
	assert_true(p->is_host_network);
	assert_string_equal(p->workload, "kube-apiserver");
	assert_int_equal(p->started_ns, INT64_MIN);
	p = ws_cluster_pod_find(&w->c, "default", "web-0");
	assert_string_equal(p->workload, "web");
	assert_string_equal(p->app, "web");
	assert_int_equal(p->deleted_ns, 1714561230000000000);
	assert_int_equal(p->n_addresses, 0);
	assert_null(ws_cluster_pod_find(&w->c, "default", "web-1"));
}

/* `kubectl get pod NAME -o json` prints the pod alone, and a query that finds nothing an empty list. */
static void a_single_object(void **state)
{
	struct world *w = *state;

	put(w->dir, "pods.json", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"one\",\"namespace\":\"n\"}}\n");
	put(w->dir, "services.json", "{\"apiVersion\":\"v1\",\"items\":[],\"kind\":\"List\",\"metadata\":{}}\n");
	open_snapshot(w);
	assert_int_equal(w->c.n_pods, 1);
	assert_string_equal(w->c.pod[0].name, "one");
	assert_int_equal(w->c.n_services, 0);
	assert_int_equal(w->c.n_unread, 0);
}

static const char services[] = "{\"items\":[{\"kind\":\"Service\",\"metadata\":{\"name\":\"reviews\",\"namespace\":"
			       "\"default\"},\"spec\":{\"clusterIP\":"
			       "\"10.96.12.34\",\"clusterIPs\":[\"10.96.12.34\",\"fd00:96::1\"],\"externalIPs\":[\"203."
			       "0.113.7\"],\"ports\":[{\"name\":"
			       "\"http\",\"nodePort\":30080,\"port\":9080,\"protocol\":\"TCP\",\"targetPort\":9081},{"
			       "\"name\":\"dns\",\"port\":53,"
			       "\"protocol\":\"UDP\"},{\"port\":443,\"targetPort\":\"https\"}],\"type\":"
			       "\"LoadBalancer\"},\"status\":{\"loadBalancer\":"
			       "{\"ingress\":[{\"ip\":\"198.51.100.9\"},{\"hostname\":\"lb.example\"}]}}},"
			       "{\"kind\":\"Service\",\"metadata\":{\"name\":\"headless\",\"namespace\":\"default\"},"
			       "\"spec\":{\"clusterIP\":\"None\","
			       "\"clusterIPs\":[\"None\"],\"type\":\"ClusterIP\"}}]}";

static void services_and_endpoints(void **state)
{
	const struct ws_cluster_service *s;
	struct world *w = *state;

	put(w->dir, "pods.json", pods);
	put(w->dir, "services.json", services);
	put(w->dir, "endpoints.json",
	    "{\"items\":[{\"metadata\":{\"name\":\"reviews\",\"namespace\":\"default\"},\"subsets\":[{\"addresses\":[{"
	    "\"ip\":"
	    "\"10.244.1.5\",\"nodeName\":\"node1\",\"targetRef\":{\"kind\":\"Pod\",\"name\":\"reviews-v1-545db77b95-"
	    "wql7n\","
	    "\"namespace\":\"default\"}}],\"notReadyAddresses\":[{\"ip\":\"10.244.2.9\"}],\"ports\":[{\"port\":9080},{"
	    "\"port\":"
	    "53,\"protocol\":\"UDP\"}]}]},{\"metadata\":{\"name\":\"all-reviews\",\"namespace\":\"default\"},"
	    "\"subsets\":[{"
	    "\"addresses\":[{\"ip\":\"10.244.1.5\"}],\"ports\":[{\"port\":9080}]}]},{\"metadata\":{\"name\":\"aaa\","
	    "\"namespace\":\"elsewhere\"},\"subsets\":[{\"addresses\":[{\"ip\":\"10.244.1.5\"}]}]}]}");
	put(w->dir, "endpointslices.json",
	    "{\"items\":[{\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.244.1.5\"],\"conditions\":{"
	    "\"ready\":true},"
	    "\"targetRef\":{\"kind\":\"Pod\",\"name\":\"reviews-v1-545db77b95-wql7n\"}}],\"metadata\":{\"labels\":{"
	    "\"kubernetes.io/"
	    "service-name\":\"reviews\"},\"name\":\"reviews-x7k2p\",\"namespace\":\"default\"},\"ports\":[{"
	    "\"name\":\"http\",\"port\":9080,\"protocol\":\"TCP\"}]}]}");
	open_snapshot(w);
	assert_int_equal(w->c.n_unread, 0);
	assert_int_equal(w->c.n_services, 2);
	s = &w->c.service[1];
	assert_string_equal(s->name, "reviews");
	assert_string_equal(s->type, "LoadBalancer");
	assert_int_equal(s->n_addresses, 4);
	assert_int_equal(s->n_cluster_addresses, 2);
	is_address(&s->address[0], "10.96.12.34");
	is_address(&s->address[1], "fd00:96::1");
	is_address(&s->address[2], "203.0.113.7");
	is_address(&s->address[3], "198.51.100.9");
	assert_int_equal(s->n_ports, 2);
	assert_int_equal(s->port[0].port, 9080);
	assert_int_equal(s->port[0].target_port, 9081);
	assert_int_equal(s->port[0].node_port, 30080);
	assert_int_equal(s->port[1].target_port, 0);
	assert_int_equal(w->c.service[0].n_addresses, 0);
	/* the slice says again what the endpoints say */
	assert_int_equal(w->c.n_endpoints, 4);
	assert_string_equal(w->c.endpoint[0].service, "all-reviews");
	assert_string_equal(w->c.endpoint[0].pod, "reviews-v1-545db77b95-wql7n"); /* by its address */
	assert_int_equal(w->c.endpoint[1].port, 9080);
	is_address(&w->c.endpoint[2].address, "10.244.2.9");
	assert_string_equal(w->c.endpoint[2].pod, "");
	assert_int_equal(w->c.endpoint[3].port, 0);
	/* the first by name, in the pod's own namespace */
	assert_string_equal(ws_cluster_pod_find(&w->c, "default", "reviews-v1-545db77b95-wql7n")->service,
			    "all-reviews");
}

static void nodes_of_kubectl_and_of_the_directory(void **state)
{
	struct world *w = *state;

	put(w->dir, "nodes.json",
	    "{\"items\":[{\"kind\":\"Node\",\"metadata\":{\"name\":\"node2\"},\"spec\":{\"podCIDR\":\"10.244.2.0/24\","
	    "\"podCIDRs\":[\"10.244.2.0/24\",\"fd00:2::/"
	    "64\"]},\"status\":{\"addresses\":[{\"address\":\"172.18.0.3\",\"type\":"
	    "\"InternalIP\"},{\"address\":\"203.0.113.3\",\"type\":\"ExternalIP\"},{\"address\":\"node2\",\"type\":"
	    "\"Hostname\"}]}}]}");
	put(w->dir, "node/node1/link.json", "[]");
	put(w->dir, "node/node2/link.json", "[]");
	put(w->dir, "node/no node/link.json", "[]");
	open_snapshot(w);
	assert_int_equal(w->c.n_nodes, 2);
	assert_string_equal(w->c.node[0].name, "node1");
	assert_string_equal(w->c.node[1].name, "node2");
	assert_int_equal(w->c.node[1].n_addresses, 2);
	is_address(&w->c.node[1].address[0], "172.18.0.3");
	is_address(&w->c.node[1].address[1], "203.0.113.3");
	assert_int_equal(w->c.node[1].n_pod_prefixes, 2);
	is_prefix(&w->c.node[1].pod_prefix[0], "10.244.2.0", 120);
	is_prefix(&w->c.node[1].pod_prefix[1], "fd00:2::", 64);
	assert_int_equal(w->c.n_unread, 1);
}

#define ID "8a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef"

static const struct ws_cluster_container *find_container(const struct ws_cluster *c, const char *id)
{
	for (uint32_t i = 0; i < c->n_containers; i++)
		if (strcmp(c->container[i].id, id) == 0)
			return &c->container[i];
	return NULL;
}

static void containers_of_crictl(void **state)
{
	const struct ws_cluster_container *c;
	struct world *w = *state;

	put(w->dir, "node/node1/crictl-1.json",
	    "{\n  \"info\": {\"config\": {}, \"pid\": 4321, \"runtimeSpec\": {\"linux\": {\"namespaces\": [{\"type\": "
	    "\"pid\"},"
	    "{\"path\": \"/var/run/netns/cni-1\", \"type\": \"network\"}]}}, \"sandboxID\": \"s1\"},\n  \"status\": "
	    "{\"id\": \"" ID "\", \"labels\": {\"io.kubernetes.container.name\": \"reviews\", "
	    "\"io.kubernetes.pod.name\": \"reviews-v1-x\","
	    "\"io.kubernetes.pod.namespace\": \"default\", \"io.kubernetes.pod.uid\": \"u1\"}, \"metadata\": "
	    "{\"attempt\": 0,"
	    "\"name\": \"reviews\"}, \"state\": \"CONTAINER_RUNNING\"}\n}\n");
	put(w->dir, "node/node1/crictl-s1.json", /* inspectp of CRI-O, with a text for a number */
	    "{\"info\":{\"pid\":\"4300\"},\"status\":{\"id\":\"s1\",\"labels\":{},\"metadata\":{\"attempt\":0,\"name\":"
	    "\"reviews-v1-x\",\"namespace\":\"default\",\"uid\":\"u1\"},\"state\":\"SANDBOX_READY\"}}");
	put(w->dir, "node/node1/crictl-old.json",
	    "{\"info\":{\"pid\":0},\"status\":{\"id\":\"old\",\"labels\":{},\"state\":\"CONTAINER_EXITED\"}}");
	put(w->dir, "node/node1/ctr-tasks.txt",
	    "TASK    PID     STATUS    \n" ID
	    "    4321    RUNNING\nalone 77 RUNNING\nstopped 78 STOPPED\nbad x RUNNING\n");
	open_snapshot(w);
	assert_int_equal(w->c.n_containers, 3); /* the task of the first is no other */
	c = find_container(&w->c, ID);
	assert_string_equal(c->runtime, "crictl");
	assert_string_equal(c->node, "node1");
	assert_string_equal(c->name, "reviews");
	assert_string_equal(c->pod_name, "reviews-v1-x");
	assert_string_equal(c->pod_namespace, "default");
	assert_string_equal(c->pod_uid, "u1");
	assert_string_equal(c->netns, "/var/run/netns/cni-1");
	assert_int_equal(c->pid, 4321);
	c = find_container(&w->c, "s1");
	assert_string_equal(c->pod_name, "reviews-v1-x");
	assert_int_equal(c->pid, 4300);
	c = find_container(&w->c, "alone");
	assert_string_equal(c->runtime, "ctr");
	assert_int_equal(c->pid, 77);
	assert_int_equal(w->c.n_unread, 1);
}

static void containers_of_docker_and_nerdctl(void **state)
{
	const struct ws_cluster_container *c;
	struct world *w = *state;

	put(w->dir, "node/n/docker-1.json",
	    "[\n    {\n        \"Id\": \"d1\", \"Name\": \"/k8s_web\", \"State\": {\"Status\": \"running\", "
	    "\"Running\": true, \"Pid\": 99},"
	    "\"Config\": {\"Labels\": {\"io.kubernetes.pod.name\": \"web-0\", \"io.kubernetes.pod.namespace\": "
	    "\"default\","
	    "\"io.kubernetes.pod.uid\": \"u\", \"io.kubernetes.container.name\": \"web\"}}, \"NetworkSettings\": "
	    "{\"SandboxKey\":"
	    "\"/var/run/docker/netns/5f\"}\n    }\n]\n");
	put(w->dir, "node/n/docker-2.json",
	    "[{\"Id\":\"d2\",\"Name\":\"/plain\",\"State\":{\"Running\":false,\"Pid\":0}}]");
	put(w->dir, "node/n/docker-3.json",
	    "[{\"Id\":\"d3\",\"Name\":\"/plain\",\"State\":{\"Running\":true,\"Pid\":5},"
	    "\"Config\":{\"Labels\":null}}]");
	put(w->dir, "node/n/nerdctl-1.json",
	    "[{\"Id\":\"n1\",\"State\":{\"Pid\":7,\"Running\":true},\"Config\":{\"Labels\":{\"io.kubernetes.pod.name\":"
	    "\"p\"}}}]");
	put(w->dir, "node/n/nerdctl-2.json",
	    "[{\"ID\":\"n2\",\"Labels\":{\"io.kubernetes.pod.name\":\"q\"},\"Spec\":{\"linux\":{\"namespaces\":[{"
	    "\"type\":"
	    "\"network\",\"path\":\"/proc/8/ns/"
	    "net\"}]}},\"Process\":{\"Pid\":8,\"Status\":{\"Status\":\"running\"}}}]");
	open_snapshot(w);
	assert_int_equal(w->c.n_containers, 4);
	c = find_container(&w->c, "d1");
	assert_string_equal(c->runtime, "docker");
	assert_string_equal(c->pod_name, "web-0");
	assert_string_equal(c->name, "web");
	assert_string_equal(c->netns, "/var/run/docker/netns/5f");
	assert_int_equal(c->pid, 99);
	assert_string_equal(find_container(&w->c, "d3")->name, "plain");
	assert_string_equal(find_container(&w->c, "n1")->runtime, "nerdctl");
	assert_int_equal(find_container(&w->c, "n2")->pid, 8);
	assert_string_equal(find_container(&w->c, "n2")->netns, "/proc/8/ns/net");
	assert_int_equal(w->c.n_unread, 0);
}

static void sources_of_the_snapshot(void **state)
{
	struct world *w = *state;

	put(w->dir, "snapshot.json",
	    "{\"version\":1,\"state\":\"complete\",\"node\":\"node1\",\"taken_realtime_ns\":1764000000000000001,"
	    "\"sources\":[{\"name\":"
	    "\"pods\",\"file\":\"pods.json\",\"command\":[\"kubectl\"],\"status\":\"failed\",\"exit_status\":1,"
	    "\"words\":\"error:\\n"
	    "\\u001b[31mno\\u0000\"},{\"name\":\"links\",\"node\":\"node1\",\"status\":\"ok\"},{\"status\":\"ok\"}]}");
	open_snapshot(w);
	assert_int_equal(w->c.taken_ns, 1764000000000000001);
	assert_int_equal(w->c.n_sources, 2);
	assert_string_equal(w->c.source[0].status, "failed");
	assert_string_equal(w->c.source[0].words, "error:??[31mno?"); /* no terminal is sent that */
	assert_string_equal(w->c.source[1].node, "node1");
	assert_int_equal(w->c.n_unread, 1);
}

static void an_empty_directory_is_a_snapshot(void **state)
{
	struct world *w = *state;
	char path[128];

	open_snapshot(w);
	assert_int_equal(w->c.n_pods + w->c.n_nodes + w->c.n_links, 0);
	assert_string_equal(w->c.overlay, "");
	assert_string_equal(w->c.mtls, "");
	assert_int_equal(w->c.taken_ns, INT64_MIN);
	snprintf(path, sizeof(path), "%s/none", w->dir);
	ws_cluster_close(&w->c);
	assert_int_equal(ws_cluster_open(path, &w->c, &w->err), -ENOENT);
	assert_non_null(strstr(w->err.text, path));
	ws_cluster_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pods_of_kubectl),	       TEST(a_single_object),
		TEST(services_and_endpoints),  TEST(nodes_of_kubectl_and_of_the_directory),
		TEST(containers_of_crictl),    TEST(containers_of_docker_and_nerdctl),
		TEST(sources_of_the_snapshot), TEST(an_empty_directory_is_a_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
