/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_pods - pods and nodes, as `kubectl get -o json` prints them (Kubernetes' core/v1). */
#include <string.h>

#include "lib/cluster/cluster_draft.h"

#define PORTS_MAX    1024
#define PREFIXES_MAX 64

/* "reviews-v1" of the ReplicaSet "reviews-v1-545db77b95" whose hash the pod's label says. */
static const char *workload_of(struct ws_cluster_draft *d, const json_t *metadata, const json_t *node)
{
	const json_t *owners = json_object_get(metadata, "ownerReferences"), *owner = NULL, *name, *suffix;
	size_t len, suffix_len;

	for (size_t i = 0; i < json_array_size(owners) && !json_is_true(json_object_get(owner, "controller")); i++)
		if (!owner || json_is_true(json_object_get(json_array_get(owners, i), "controller")))
			owner = json_array_get(owners, i);
	name = json_object_get(owner, "name");
	suffix = ws_draft_at(metadata, "labels", "pod-template-hash", NULL);
	if (ws_draft_is(json_object_get(owner, "kind"), "Node")) { /* kube-apiserver-node1 */
		name = json_object_get(metadata, "name");
		suffix = node;
	} else if (!ws_draft_is(json_object_get(owner, "kind"), "ReplicaSet")) {
		suffix = NULL;
	}
	if (!json_is_string(name) || !json_is_string(suffix))
		return ws_draft_shared(d, name);
	len = json_string_length(name);
	suffix_len = json_string_length(suffix);
	if (suffix_len && len > suffix_len + 1 && json_string_value(name)[len - suffix_len - 1] == '-' &&
	    memcmp(json_string_value(name) + len - suffix_len, json_string_value(suffix), suffix_len) == 0)
		len -= suffix_len + 1;
	return ws_draft_shared_text(d, json_string_value(name), len);
}

static const char *app_of(struct ws_cluster_draft *d, const json_t *labels)
{
	static const char *const names[] = { "app", "app.kubernetes.io/name", "k8s-app" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_string_length(json_object_get(labels, names[i])))
			return ws_draft_shared(d, json_object_get(labels, names[i]));
	return "";
}

static bool is_sidecar(const json_t *container)
{
	const json_t *name = json_object_get(container, "name");

	return ws_draft_is(name, "istio-proxy") || ws_draft_is(name, "linkerd-proxy") || ws_draft_is(name, "envoy");
}

static bool is_tcp(const json_t *port)
{
	const json_t *protocol = json_object_get(port, "protocol");

	return !protocol || ws_draft_is(protocol, "TCP");
}

/* TCP ports that the containers declare; what is none is counted. */
static void read_ports(struct ws_cluster_draft *d, const json_t *containers, struct ws_cluster_pod *pod)
{
	uint16_t ports[PORTS_MAX];
	uint32_t n = pod->n_ports;

	for (size_t i = 0; i < json_array_size(containers); i++) {
		const json_t *container = json_array_get(containers, i), *list = json_object_get(container, "ports");

		pod->has_sidecar |= is_sidecar(container);
		for (size_t k = 0; k < json_array_size(list); k++) {
			const json_t *port = json_array_get(list, k);
			int64_t number = ws_draft_integer(json_object_get(port, "containerPort"), 1, UINT16_MAX, 0);

			if (!is_tcp(port))
				continue;
			if (number && n < PORTS_MAX)
				ports[n++] = (uint16_t)number;
			else
				d->cluster->n_unread++;
		}
	}
	pod->port = ws_draft_keep(d, ports, n, sizeof(*ports), _Alignof(uint16_t));
	pod->n_ports = pod->port ? n : 0;
}

static void read_sidecars(const json_t *containers, struct ws_cluster_pod *pod)
{
	for (size_t i = 0; i < json_array_size(containers); i++)
		pod->has_sidecar |= is_sidecar(json_array_get(containers, i));
}

static void read_addresses(struct ws_cluster_draft *d, const json_t *status, struct ws_cluster_pod *pod)
{
	const json_t *list = json_object_get(status, "podIPs");
	struct ws_draft_addresses addresses;

	addresses.n = 0;
	ws_draft_address(d, json_object_get(status, "podIP"), &addresses);
	for (size_t i = 0; i < json_array_size(list); i++)
		ws_draft_address(d, json_object_get(json_array_get(list, i), "ip"), &addresses);
	pod->address = ws_draft_keep(d, addresses.at, addresses.n, sizeof(*addresses.at), 1);
	pod->n_addresses = pod->address ? addresses.n : 0;
}

void ws_cluster_read_pod(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata"), *spec = json_object_get(object, "spec"),
		     *status = json_object_get(object, "status");
	struct ws_cluster_pod pod = {
		.namespace = ws_draft_shared(d, json_object_get(metadata, "namespace")),
		.name = ws_draft_text(d, json_object_get(metadata, "name")),
		.service = "",
		.started_ns = ws_draft_time(json_object_get(status, "startTime"), INT64_MIN),
		.deleted_ns = ws_draft_time(json_object_get(metadata, "deletionTimestamp"), INT64_MAX),
		.is_host_network = json_is_true(json_object_get(spec, "hostNetwork")),
	};

	if (!*pod.name) {
		d->cluster->n_unread++;
		return;
	}
	pod.uid = ws_draft_text(d, json_object_get(metadata, "uid"));
	pod.node = ws_draft_shared(d, json_object_get(spec, "nodeName"));
	pod.phase = ws_draft_shared(d, json_object_get(status, "phase"));
	pod.workload = workload_of(d, metadata, json_object_get(spec, "nodeName"));
	pod.app = app_of(d, json_object_get(metadata, "labels"));
	read_addresses(d, status, &pod);
	read_ports(d, json_object_get(spec, "containers"), &pod);
	read_sidecars(json_object_get(spec, "initContainers"), &pod);
	ws_draft_add(d, &d->pods, &pod);
}

static void read_pod_prefix(struct ws_cluster_draft *d, const json_t *text, struct ws_cluster_prefix *prefixes,
			    uint32_t *n)
{
	if (!text || json_is_null(text))
		return;
	if (*n == PREFIXES_MAX || !json_is_string(text) ||
	    ws_cluster_prefix_parse(json_string_value(text), false, &prefixes[*n])) {
		d->cluster->n_unread++;
		return;
	}
	for (uint32_t i = 0; i < *n; i++)
		if (memcmp(&prefixes[i], &prefixes[*n], sizeof(*prefixes)) == 0)
			return;
	++*n;
}

void ws_cluster_read_node(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *list = ws_draft_at(object, "status", "addresses", NULL), *spec = json_object_get(object, "spec");
	const json_t *cidrs = json_object_get(spec, "podCIDRs");
	struct ws_cluster_prefix prefixes[PREFIXES_MAX];
	struct ws_draft_addresses addresses;
	struct ws_cluster_node node = { .name = ws_draft_shared(d, ws_draft_at(object, "metadata", "name", NULL)) };

	if (!*node.name) {
		d->cluster->n_unread++;
		return;
	}
	addresses.n = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *address = json_array_get(list, i), *type = json_object_get(address, "type");

		if (ws_draft_is(type, "InternalIP") || ws_draft_is(type, "ExternalIP"))
			ws_draft_address(d, json_object_get(address, "address"), &addresses);
	}
	node.address = ws_draft_keep(d, addresses.at, addresses.n, sizeof(*addresses.at), 1);
	node.n_addresses = node.address ? addresses.n : 0;
	read_pod_prefix(d, json_object_get(spec, "podCIDR"), prefixes, &node.n_pod_prefixes);
	for (size_t i = 0; i < json_array_size(cidrs); i++)
		read_pod_prefix(d, json_array_get(cidrs, i), prefixes, &node.n_pod_prefixes);
	node.pod_prefix = ws_draft_keep(d, prefixes, node.n_pod_prefixes, sizeof(*prefixes), 1);
	node.n_pod_prefixes = node.pod_prefix ? node.n_pod_prefixes : 0;
	ws_draft_add(d, &d->nodes, &node);
}
