/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster - a cluster snapshot as it is read: pods, services, nodes, containers, interfaces, NAT rules.
 * lib/cluster/cluster.md says which files it is made of. No byte of them is trusted: a file that is no JSON is an
 * error, which names the file and the byte; an object in it that is not as its kind should be is left out and counted.
 *
 * Texts are the snapshot's own: anything may be in them but NUL, tabs, line feeds and other control characters, which
 * are replaced by '?'. They are never longer than WS_CLUSTER_TEXT_MAX; what is longer is left out and counted.
 */
#ifndef WS_CLUSTER_H
#define WS_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* The longest name or text that is kept (Kubernetes' names have 253 at most). */
#define WS_CLUSTER_TEXT_MAX 1023
/* The most objects of one kind that are kept; more are counted. */
#define WS_CLUSTER_OBJECTS_MAX (1u << 21)
#define WS_CLUSTER_DIR	       "cluster"

/* An address as in struct ws_record: IPv4 as ::ffff:a.b.c.d, wire order. */
struct ws_cluster_address {
	uint8_t bytes[16];
};

/* An address with the length of its network's prefix, of 128 bits (10.0.0.0/8 has 104). */
struct ws_cluster_prefix {
	struct ws_cluster_address address;
	uint8_t n_bits;
};

/* All pointers in the structs below belong to the snapshot; texts that are not known are "". */
struct ws_cluster_pod {
	const char *namespace;
	const char *name;
	const char *uid;
	const char *node;     /* spec.nodeName */
	const char *phase;    /* "Running" ... */
	const char *workload; /* what owns it, a Deployment rather than its ReplicaSet: "reviews-v1" */
	const char *app;      /* label app, else app.kubernetes.io/name, else k8s-app */
	const char *service;  /* the service whose endpoint it is, the first by name in its own namespace */
	const struct ws_cluster_address *address;
	uint32_t n_addresses;
	const uint16_t *port; /* TCP ports that its containers declare */
	uint32_t n_ports;
	int64_t started_ns;   /* CLOCK_REALTIME, status.startTime; INT64_MIN: not known */
	int64_t deleted_ns;   /* metadata.deletionTimestamp; INT64_MAX: it is not */
	bool is_host_network; /* it has its node's address, and no vport */
	bool has_sidecar;     /* a container istio-proxy, linkerd-proxy or envoy */
};

struct ws_cluster_port {
	uint16_t port;	      /* of the service */
	uint16_t target_port; /* of its pods; 0: a name, or none */
	uint16_t node_port;   /* 0: none */
};

struct ws_cluster_service {
	const char *namespace;
	const char *name;
	const char *type;			  /* "ClusterIP", "NodePort", "LoadBalancer" ... */
	const struct ws_cluster_address *address; /* cluster addresses, and those from outside */
	uint32_t n_addresses;
	uint32_t n_cluster_addresses;	    /* of these, the cluster's own, which come first */
	const struct ws_cluster_port *port; /* TCP only */
	uint32_t n_ports;
};

/* A pod behind a service, from Endpoints or EndpointSlices. */
struct ws_cluster_endpoint {
	const char *namespace;
	const char *service;
	const char *pod; /* "" if it is none */
	struct ws_cluster_address address;
	uint16_t port;
};

struct ws_cluster_node {
	const char *name;
	const struct ws_cluster_address *address; /* InternalIP, ExternalIP */
	uint32_t n_addresses;
	const struct ws_cluster_prefix *pod_prefix; /* spec.podCIDRs */
	uint32_t n_pod_prefixes;
};

/* A running container, or a pod's sandbox. */
struct ws_cluster_container {
	const char *node; /* where it was asked for */
	const char *id;
	const char *name;
	const char *pod_namespace; /* from its labels */
	const char *pod_name;
	const char *pod_uid;
	const char *runtime; /* "crictl", "docker", "nerdctl", "ctr" */
	const char *netns;   /* path of its network namespace, if the runtime says it */
	int64_t pid;	     /* 0: not known */
};

/* A network interface: of a node, or of a process's namespace on it. */
struct ws_cluster_link {
	const char *node;
	int64_t pid; /* whose namespace; 0: the node's own */
	const char *name;
	const char *kind;   /* "veth", "vxlan", "ipip", "bridge", "geneve", "" ... */
	const char *master; /* the bridge it is a port of */
	uint32_t ifindex;
	uint32_t peer_ifindex; /* "link_index": the veth's other end, in the namespace that it is in; 0: none */
	int32_t peer_netnsid;  /* "link_netnsid", -1: none */
	uint32_t mtu;
	uint32_t vni;  /* vxlan, geneve */
	uint16_t port; /* vxlan, geneve: UDP destination port */
	bool is_up;
	bool is_loopback;
	const struct ws_cluster_prefix *address;
	uint32_t n_addresses;
};

struct ws_cluster_route {
	const char *node;
	const char *interface;
	const char *scope;		   /* "link", "global" ... */
	const char *kind;		   /* "unicast", "local", "blackhole" ... */
	const char *table;		   /* "" for main, else "local", "200" ...: others count where a rule says so */
	struct ws_cluster_prefix to;	   /* n_bits 0: default; IPv4's has the address ::ffff:0.0.0.0 */
	struct ws_cluster_address gateway; /* zero: none */
	uint32_t metric;
};

/* A rule that changes addresses, from iptables, nft or ipvs: who asks for `to` is sent to `target`. */
enum ws_cluster_nat_kind { WS_CLUSTER_DNAT, WS_CLUSTER_SNAT, WS_CLUSTER_MASQUERADE };

struct ws_cluster_nat {
	const char *node;
	const char *file;    /* the snapshot's file that holds it */
	const char *service; /* "default/reviews:http", from a rule's comment */
	enum ws_cluster_nat_kind kind;
	struct ws_cluster_prefix from;	  /* source it is for; n_bits 0: any */
	struct ws_cluster_prefix to;	  /* destination it is for; n_bits 0: any, such as a node port's */
	struct ws_cluster_address target; /* zero: the node's own (REDIRECT) */
	uint16_t port;			  /* destination port it is for; 0: any */
	uint16_t target_port;
	bool is_node_port;
};

/* chrony's or PTP's word on a node's clock: true time lies within bound_ns of the node's clock plus offset_ns. */
struct ws_cluster_clock {
	const char *node;
	const char *method; /* "chrony", "ptp" */
	int64_t at_ns;	    /* CLOCK_REALTIME; INT64_MIN: not known */
	int64_t offset_ns;  /* to be added to the node's clock */
	uint64_t bound_ns;
};

/* A source of the snapshot, as snapshot.json lists it. */
struct ws_cluster_source {
	const char *name;
	const char *node; /* "" for the whole cluster */
	const char *file;
	const char *status;
	const char *words;
	int64_t taken_ns; /* when it was asked, CLOCK_REALTIME; INT64_MIN: not known */
};

struct ws_cluster {
	char *dir;		    /* of the snapshot */
	struct ws_cluster_pod *pod; /* by namespace, name */
	uint32_t n_pods;
	struct ws_cluster_service *service; /* by namespace, name */
	uint32_t n_services;
	struct ws_cluster_endpoint *endpoint;
	uint32_t n_endpoints;
	struct ws_cluster_node *node; /* by name; those without nodes.json, too: from node/ */
	uint32_t n_nodes;
	struct ws_cluster_container *container;
	uint32_t n_containers;
	struct ws_cluster_link *link; /* by node, pid, ifindex */
	uint32_t n_links;
	struct ws_cluster_route *route; /* by node, prefix, metric */
	uint32_t n_routes;
	struct ws_cluster_nat *nat;
	uint32_t n_nats;
	struct ws_cluster_clock *clock;
	uint32_t n_clocks;
	struct ws_cluster_source *source;
	uint32_t n_sources;
	const char *cni;	 /* "calico", "flannel", "cilium", "" */
	const char *overlay;	 /* "vxlan", "ipip", "geneve", "none", "" not known */
	const char *overlay_why; /* how that is known, in words: "ippools.json: vxlanMode Always" */
	const char *mtls;	 /* "strict", "permissive", "disabled", "" not known */
	const char *mtls_why;
	int64_t taken_ns;  /* CLOCK_REALTIME; INT64_MIN: not known */
	uint64_t n_unread; /* objects left out: not as their kind should be, too many, texts too long */
	void *inner;	   /* where the texts are */
};

/*
 * Reads the snapshot in dir (not its updates). A missing file is no error. 0; -ENOENT: no such directory; -EPROTO: a
 * file is no JSON of its kind; -EFBIG; -ENOMEM; other -errno. To be closed with ws_cluster_close().
 */
int ws_cluster_open(const char *dir, struct ws_cluster *cluster, struct ws_error *err);

/* NULL and all-zero are fine. */
void ws_cluster_close(struct ws_cluster *cluster);

/* Parses "10.1.2.3" or an IPv6 address. 0 or -EINVAL. */
int ws_cluster_address_parse(const char *text, struct ws_cluster_address *address);

/* Room for an address as text. */
#define WS_CLUSTER_ADDRESS_TEXT 46

/* Returns text. */
const char *ws_cluster_address_text(const struct ws_cluster_address *address, char text[WS_CLUSTER_ADDRESS_TEXT]);

/* Is the address in the prefix? */
bool ws_cluster_prefix_holds(const struct ws_cluster_prefix *prefix, const struct ws_cluster_address *address);

/* The pod of that name, or NULL. */
const struct ws_cluster_pod *ws_cluster_pod_find(const struct ws_cluster *cluster, const char *namespace,
						 const char *name);

#endif
