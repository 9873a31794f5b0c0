/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_fixture - a cluster snapshot made in memory, piece by piece. */
#ifndef WS_TESTS_CLUSTER_FIXTURE_H
#define WS_TESTS_CLUSTER_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cluster/cluster.h"

#define FIXTURE_MAX 1024

struct fixture {
	struct ws_cluster cluster;
	struct ws_cluster_pod pod[FIXTURE_MAX];
	struct ws_cluster_service service[16];
	struct ws_cluster_endpoint endpoint[FIXTURE_MAX];
	struct ws_cluster_node node[16];
	struct ws_cluster_container container[FIXTURE_MAX];
	struct ws_cluster_link link[2 * FIXTURE_MAX];
	struct ws_cluster_route route[FIXTURE_MAX];
	struct ws_cluster_nat nat[64];
	struct ws_cluster_source source[16];
	struct ws_cluster_address address[8 * FIXTURE_MAX];
	struct ws_cluster_prefix prefix[4 * FIXTURE_MAX];
	struct ws_cluster_port port[16];
	uint32_t n_addresses;
	uint32_t n_prefixes;
	uint32_t n_ports;
};

static inline struct ws_cluster_address fixture_address(const char *text)
{
	struct ws_cluster_address address = { 0 };

	if (ws_cluster_address_parse(text, &address)) {
		fprintf(stderr, "fixture: %s is no address\n", text);
		abort();
	}
	return address;
}

/* "10.244.1.0/24"; without a length: the address alone; of several, the first. "default": that of IPv4. */
static inline struct ws_cluster_prefix fixture_prefix(const char *text)
{
	struct ws_cluster_prefix prefix = { .n_bits = 128 };
	static const struct ws_cluster_prefix ipv4 = { .address = { { [10] = 0xff, [11] = 0xff } } };
	char copy[64];
	char *slash;

	if (strcmp(text, "default") == 0)
		return ipv4;
	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(text, ","), text);
	slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	prefix.address = fixture_address(copy);
	if (slash)
		prefix.n_bits = (uint8_t)(atoi(slash + 1) + (strchr(text, ':') ? 0 : 96));
	return prefix;
}

/* Addresses joined by commas. */
static inline const struct ws_cluster_address *fixture_addresses(struct fixture *f, const char *texts, uint32_t *n)
{
	const struct ws_cluster_address *first = &f->address[f->n_addresses];
	char copy[512], *rest = copy, *text;

	snprintf(copy, sizeof(copy), "%.*s", (int)sizeof(copy) - 1, texts);
	for (*n = 0; *copy && (text = strsep(&rest, ","));) {
		f->address[f->n_addresses++] = fixture_address(text);
		(*n)++;
	}
	return first;
}

static inline struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	f->cluster = (struct ws_cluster) { .cni = "", .overlay = "", .overlay_why = "", .mtls = "", .mtls_why = "" };
	f->cluster.taken_ns = 1764000000000000000;
	f->cluster.pod = f->pod;
	f->cluster.service = f->service;
	f->cluster.endpoint = f->endpoint;
	f->cluster.node = f->node;
	f->cluster.container = f->container;
	f->cluster.link = f->link;
	f->cluster.route = f->route;
	f->cluster.nat = f->nat;
	f->cluster.source = f->source;
	return f;
}

static inline struct ws_cluster_node *fixture_node(struct fixture *f, const char *name, const char *addresses,
						   const char *pod_prefix)
{
	struct ws_cluster_node *node = &f->node[f->cluster.n_nodes++];

	node->name = name;
	node->address = fixture_addresses(f, addresses, &node->n_addresses);
	if (*pod_prefix) {
		f->prefix[f->n_prefixes] = fixture_prefix(pod_prefix);
		node->pod_prefix = &f->prefix[f->n_prefixes++];
		node->n_pod_prefixes = 1;
	}
	return node;
}

static inline struct ws_cluster_pod *fixture_pod(struct fixture *f, const char *namespace, const char *name,
						 const char *node, const char *addresses)
{
	struct ws_cluster_pod *pod = &f->pod[f->cluster.n_pods++];

	*pod = (struct ws_cluster_pod) { .namespace = namespace,
					 .name = name,
					 .uid = "",
					 .node = node,
					 .phase = "Running",
					 .workload = "",
					 .app = "",
					 .service = "",
					 .started_ns = INT64_MIN,
					 .deleted_ns = INT64_MAX };
	pod->address = fixture_addresses(f, addresses, &pod->n_addresses);
	return pod;
}

static inline struct ws_cluster_container *fixture_container(struct fixture *f, const struct ws_cluster_pod *pod,
							     int64_t pid)
{
	struct ws_cluster_container *c = &f->container[f->cluster.n_containers++];

	*c = (struct ws_cluster_container) { .node = pod->node,
					     .id = "0123456789abcdef",
					     .name = "app",
					     .pod_namespace = pod->namespace,
					     .pod_name = pod->name,
					     .pod_uid = pod->uid,
					     .runtime = "crictl",
					     .netns = "",
					     .pid = pid };
	return c;
}

/* peer: the other end's index, 0 for none; address: "" for none. */
static inline struct ws_cluster_link *fixture_link(struct fixture *f, const char *node, int64_t pid, const char *name,
						   uint32_t ifindex, uint32_t peer, const char *address)
{
	struct ws_cluster_link *link = &f->link[f->cluster.n_links++];

	*link = (struct ws_cluster_link) { .node = node,
					   .pid = pid,
					   .name = name,
					   .kind = peer ? "veth" : "",
					   .master = "",
					   .ifindex = ifindex,
					   .peer_ifindex = peer,
					   .peer_netnsid = -1,
					   .is_up = true };
	if (*address) {
		f->prefix[f->n_prefixes] = fixture_prefix(address);
		link->address = &f->prefix[f->n_prefixes++];
		link->n_addresses = 1;
	}
	return link;
}

static inline struct ws_cluster_route *fixture_route(struct fixture *f, const char *node, const char *to,
						     const char *interface)
{
	struct ws_cluster_route *route = &f->route[f->cluster.n_routes++];

	*route = (struct ws_cluster_route) {
		.node = node, .interface = interface, .scope = "", .kind = "unicast", .table = ""
	};
	route->to = fixture_prefix(to);
	return route;
}

static inline struct ws_cluster_service *fixture_service(struct fixture *f, const char *name, const char *type,
							 const char *addresses, uint16_t port, uint16_t node_port)
{
	struct ws_cluster_service *s = &f->service[f->cluster.n_services++];

	*s = (struct ws_cluster_service) { .namespace = "default", .name = name, .type = type };
	s->address = fixture_addresses(f, addresses, &s->n_addresses);
	s->n_cluster_addresses = s->n_addresses ? 1 : 0; /* the first */
	f->port[f->n_ports] = (struct ws_cluster_port) { .port = port, .node_port = node_port };
	s->port = &f->port[f->n_ports++];
	s->n_ports = 1;
	return s;
}

static inline void fixture_endpoint(struct fixture *f, const char *service, const struct ws_cluster_pod *pod)
{
	f->endpoint[f->cluster.n_endpoints++] = (struct ws_cluster_endpoint) { .namespace = pod->namespace,
									       .service = service,
									       .pod = pod->name,
									       .address = pod->address[0],
									       .port = 80 };
}

static inline struct ws_cluster_nat *fixture_nat(struct fixture *f, const char *node, enum ws_cluster_nat_kind kind,
						 uint16_t port, const char *target)
{
	struct ws_cluster_nat *nat = &f->nat[f->cluster.n_nats++];

	*nat = (struct ws_cluster_nat) {
		.node = node, .file = "node/n1/iptables.txt", .service = "", .kind = kind, .port = port
	};
	if (*target)
		nat->target = fixture_address(target);
	return nat;
}

#endif
