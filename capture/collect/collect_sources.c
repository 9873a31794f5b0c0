/* SPDX-License-Identifier: BSD-2-Clause */
/* collect_sources - the sources of a snapshot as lib/cluster/cluster.md lists them, and those of them that are one
 * command each. */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "capture/collect/collection.h"

#define KUBECTL_GET(kind)                                                \
	{                                                                \
		"kubectl", "get", kind, "--all-namespaces", "-o", "json" \
	}
#define CONFIG_MAP(name)                                                                                            \
	{                                                                                                           \
		"kubectl", "get", "configmap", "--all-namespaces", "--field-selector", "metadata.name=" name, "-o", \
			"json"                                                                                      \
	}

const struct ws_source_kind ws_source_kinds[] = {
	{ "pods", "pods.json", false, true, "names of pods", KUBECTL_GET("pods") },
	{ "nodes", "nodes.json", false, false, "names and addresses of nodes", KUBECTL_GET("nodes") },
	{ "namespaces", "namespaces.json", false, false, "labels of namespaces", KUBECTL_GET("namespaces") },
	{ "services", "services.json", false, true, "names of services", KUBECTL_GET("services") },
	{ "endpoints", "endpoints.json", false, true, "the pods behind a service (or endpointslices)",
	  KUBECTL_GET("endpoints") },
	{ "endpointslices", "endpointslices.json", false, true, "the pods behind a service (or endpoints)",
	  KUBECTL_GET("endpointslices") },
	{ "kubectl-version",
	  "kubectl-version.json",
	  false,
	  false,
	  "the cluster's version",
	  { "kubectl", "version", "-o", "json" } },
	{ "ippools",
	  "ippools.json",
	  false,
	  false,
	  "Calico's overlay, where Calico is used",
	  { "kubectl", "get", "ippools.crd.projectcalico.org", "-o", "json" } },
	{ "flannel", "flannel.json", false, false, "flannel's overlay, where flannel is used",
	  CONFIG_MAP("kube-flannel-cfg") },
	{ "cilium", "cilium.json", false, false, "Cilium's overlay, where Cilium is used",
	  CONFIG_MAP("cilium-config") },
	{ "peerauthentications", "peerauthentications.json", false, true, "whether mutual TLS hides the headers",
	  KUBECTL_GET("peerauthentications.security.istio.io") },
	{ "link", "link.json", true, false, "this node's interfaces", { "ip", "-j", "-d", "link", "show" } },
	{ "addr", "addr.json", true, false, "this node's addresses", { "ip", "-j", "addr", "show" } },
	{ "route",
	  "route.json",
	  true,
	  false,
	  "which interface leads to the other nodes",
	  { "ip", "-j", "route", "show", "table", "all" } },
	{ "route6",
	  "route6.json",
	  true,
	  false,
	  "the same for IPv6",
	  { "ip", "-j", "-6", "route", "show", "table", "all" } },
	{ "offload", NULL, true, false, "what the interfaces' offloads do to packets", { NULL } },
	{ "iptables", "iptables.txt", true, false, "which service addresses become which pods'", { "iptables-save" } },
	{ "ip6tables", "ip6tables.txt", true, false, "the same for IPv6", { "ip6tables-save" } },
	{ "nft", "nft.json", true, false, "the same where nftables are used", { "nft", "-j", "list", "ruleset" } },
	{ "ipvs", "ipvs.txt", true, false, "the same where IPVS is used", { "ipvsadm", "--save", "--numeric" } },
	{ "crictl", NULL, true, false, "the pods' processes, and so their vports (or docker, nerdctl, ctr)", { NULL } },
	{ "docker", NULL, true, false, "the same where Docker runs the pods", { NULL } },
	{ "nerdctl", NULL, true, false, "the same from containerd", { NULL } },
	{ "ctr",
	  "ctr-tasks.txt",
	  true,
	  false,
	  "the same from containerd, without names",
	  { "ctr", "--namespace", "k8s.io", "tasks", "list" } },
	{ "pid", NULL, true, false, "the vports of the pods", { NULL } },
	{ "chrony",
	  "chrony.txt",
	  true,
	  false,
	  "what chrony says of this node's clock",
	  { "chronyc", "-c", "tracking" } },
	{ "ptp",
	  "ptp.txt",
	  true,
	  false,
	  "what PTP says of this node's clock",
	  { "pmc", "-u", "-b", "0", "GET TIME_STATUS_NP" } },
	{ "traces", NULL, false, false, "the mesh's own spans", { NULL } },
	{ "dependencies", NULL, false, false, "the service graph that Jaeger claims", { NULL } },
	{ 0 },
};

const struct ws_source_kind *ws_source_kind_find(const char *name, size_t n)
{
	for (const struct ws_source_kind *kind = ws_source_kinds; kind->name; kind++)
		if (strlen(kind->name) == n && memcmp(kind->name, name, n) == 0)
			return kind;
	return NULL;
}

/* The command of a kind, with what the user said of kubectl. */
static void make_argv(const struct ws_snapshot_options *o, const struct ws_source_kind *kind,
		      const char *argv[WS_COLLECTION_ARGV_MAX + 1])
{
	int n = 0;

	for (int i = 0; kind->argv[i]; i++) {
		if (o->namespace && kind->has_namespaces && strcmp(kind->argv[i], "--all-namespaces") == 0) {
			argv[n++] = "--namespace";
			argv[n++] = o->namespace;
		} else {
			argv[n++] = kind->argv[i];
		}
		if (i == 0 && o->kubeconfig && strcmp(kind->argv[0], "kubectl") == 0) {
			argv[n++] = "--kubeconfig";
			argv[n++] = o->kubeconfig;
		}
	}
	argv[n] = NULL;
}

int ws_collect_fixed(struct ws_collection *c, struct ws_error *err)
{
	int rc = 0;

	for (const struct ws_source_kind *kind = ws_source_kinds; rc == 0 && kind->name; kind++) {
		const char *argv[WS_COLLECTION_ARGV_MAX + 1];
		const struct ws_question question = {
			.kind = kind,
			.file = kind->file,
			.argv = argv,
			.netns = kind->is_of_node ? c->o->netns : NULL,
			.max_bytes = kind->is_of_node ? WS_COLLECTION_NODE_BYTES : WS_COLLECTION_CLUSTER_BYTES,
			.mode = 0644,
		};

		if (!ws_collection_wants(c, kind)) {
			rc = ws_collection_skip(c, kind, "--only does not name it", err);
		} else if (kind->argv[0]) {
			make_argv(c->o, kind, argv);
			rc = ws_collection_add(c, &question, err);
		}
	}
	return rc ? rc : ws_collection_run(c, err);
}

/* A NIC, or a pod's vport: what packets are sent through whole or in segments. */
static bool is_worth_asking(const json_t *link)
{
	const char *type = json_string_value(json_object_get(link, "link_type"));
	const char *kind = json_string_value(json_object_get(json_object_get(link, "linkinfo"), "info_kind"));

	return type && strcmp(type, "ether") == 0 &&
	       (!kind || strcmp(kind, "veth") == 0 || strcmp(kind, "bond") == 0 || strcmp(kind, "vlan") == 0);
}

/* An interface's name that may be part of a file's name: the kernel allows nearly anything. */
static bool name_is_safe(const char *name)
{
	return *name && !strchr("-.", *name) && strlen(name) < 16 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

static int ask_offload(struct ws_collection *c, const struct ws_source_kind *kind, const char *interface,
		       struct ws_error *err)
{
	const char *const argv[] = { "ethtool", "-k", interface, NULL };
	char name[64], file[64];
	const struct ws_question question = {
		.kind = kind,
		.name = name,
		.file = file,
		.argv = argv,
		.netns = c->o->netns,
		.max_bytes = WS_COLLECTION_NODE_BYTES,
		.mode = 0644,
	};

	snprintf(name, sizeof(name), "offload-%s", interface);
	snprintf(file, sizeof(file), "offload-%s.txt", interface);
	return ws_collection_add(c, &question, err);
}

int ws_collect_offloads(struct ws_collection *c, struct ws_error *err)
{
	const struct ws_source_kind *kind = ws_source_kind_find("offload", 7);
	char path[PATH_MAX], file[WS_SNAPSHOT_NODE_MAX + 32];
	json_t *links, *link;
	uint32_t n_asked = 0;
	size_t i;
	int rc = 0;

	if (!ws_collection_wants(c, kind))
		return 0;
	snprintf(file, sizeof(file), "node/%s/link.json", c->o->node);
	if (ws_collection_path(c, file, path, sizeof(path), err))
		return -ENAMETOOLONG;
	links = json_load_file(path, 0, NULL);
	json_array_foreach(links, i, link)
	{
		const char *name = json_string_value(json_object_get(link, "ifname"));

		if (rc || n_asked == WS_COLLECTION_ITEMS_MAX)
			break;
		if (!name || !name_is_safe(name) || !is_worth_asking(link))
			continue;
		rc = ask_offload(c, kind, name, err);
		n_asked++;
	}
	json_decref(links);
	if (rc == 0 && !n_asked)
		rc = ws_collection_skip(c, kind, "no interface is known: it needs `link`", err);
	return rc ? rc : ws_collection_run(c, err);
}
