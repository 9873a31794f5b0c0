/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_draft - a snapshot while it is read, as the files that read its parts see it. Where memory runs out, rc says
 * so; those who read need not look at it after each step.
 */
#ifndef WS_CLUSTER_DRAFT_H
#define WS_CLUSTER_DRAFT_H

#include <jansson.h>

#include "lib/cluster/cluster.h"
#include "lib/cluster/cluster_store.h"

/* An array of struct ws_cluster that grows. */
struct ws_draft_list {
	void **at;
	uint32_t *n;
	uint32_t cap;
	size_t size; /* of one object */
};

struct ws_cluster_rules;

struct ws_cluster_draft {
	struct ws_cluster *cluster;
	struct ws_cluster_store *store;
	struct ws_error *err;
	struct ws_draft_list pods, services, endpoints, nodes, containers, links, routes, nats, clocks, sources;
	const char *node;		/* which is read; shared text; "" for the whole cluster */
	int64_t pid;			/* whose namespace is read; 0: the node's own */
	const char *path;		/* of the file */
	uint32_t first_link;		/* of the namespace that is read */
	uint32_t n_sorted;		/* its links from there, in order of ifindex */
	uint32_t *by_name;		/* the same, in an order of names */
	uint64_t n_seen;		/* elements of the file */
	struct ws_cluster_rules *rules; /* of nft, where they go */
	int mtls_rank;			/* how much the PeerAuthentication that counts says */
	int rc;				/* 0, or -ENOMEM */
};

/* Adds a copy of the object, or counts it if there are too many. */
void ws_draft_add(struct ws_cluster_draft *draft, struct ws_draft_list *list, const void *object);

/* A member of a member of ...; the names end with NULL. NULL if there is none. */
const json_t *ws_draft_at(const json_t *object, ...) __attribute__((sentinel));

/* The value's text, kept; "" if it is none or too long, and then counted unless it is absent or null. */
const char *ws_draft_text(struct ws_cluster_draft *draft, const json_t *value);

/* The same for a text that many objects have. */
const char *ws_draft_shared(struct ws_cluster_draft *draft, const json_t *value);

/* The same for a text that is at hand. */
const char *ws_draft_shared_text(struct ws_cluster_draft *draft, const char *text, size_t len);

/* Is the value this very text? */
bool ws_draft_is(const json_t *value, const char *text);

/* An integer within the bounds, or a text of one; otherwise fallback. */
int64_t ws_draft_integer(const json_t *value, int64_t min, int64_t max, int64_t fallback);

/* A time as Kubernetes writes it, in ns of CLOCK_REALTIME; otherwise fallback. */
int64_t ws_draft_time(const json_t *value, int64_t fallback);

/* Addresses of one object. */
#define WS_DRAFT_ADDRESSES_MAX 256
struct ws_draft_addresses {
	struct ws_cluster_address at[WS_DRAFT_ADDRESSES_MAX];
	uint32_t n;
};

/* Adds the address unless it is there; what is none is counted. */
void ws_draft_address(struct ws_cluster_draft *draft, const json_t *value, struct ws_draft_addresses *addresses);

/* "10.1.2.0/24", "default" (0 bits; of IPv4 with the address ::ffff:0.0.0.0) or a single address. 0 or -EINVAL. */
int ws_cluster_prefix_parse(const char *text, bool is_ipv6, struct ws_cluster_prefix *prefix);

/* Keeps an array of n objects; NULL for none. */
const void *ws_draft_keep(struct ws_cluster_draft *draft, const void *objects, uint32_t n, size_t size, size_t align);

/*
 * Reads the file at draft->path, if it is there: calls read for each element under the key (see ws_items_visit()), or,
 * if there is none, for the outermost object itself.
 */
int ws_draft_read(struct ws_cluster_draft *draft, const char *key,
		  void (*read)(struct ws_cluster_draft *draft, const json_t *element));

/* Reads a text file at draft->path, if it is there, by line, without line feed; NUL bytes count as '?'. Longer lines
 * than these are counted, and left out. */
#define WS_DRAFT_LINE_MAX 65535
int ws_draft_lines(struct ws_cluster_draft *draft,
		   void (*read)(struct ws_cluster_draft *draft, void *context, char *line), void *context);

/* What reads one element of a kind; unknown is counted. */
void ws_cluster_read_pod(struct ws_cluster_draft *draft, const json_t *pod);
void ws_cluster_read_service(struct ws_cluster_draft *draft, const json_t *service);
void ws_cluster_read_endpoints(struct ws_cluster_draft *draft, const json_t *endpoints);
void ws_cluster_read_slice(struct ws_cluster_draft *draft, const json_t *slice);
void ws_cluster_read_node(struct ws_cluster_draft *draft, const json_t *node);
void ws_cluster_read_crictl(struct ws_cluster_draft *draft, const json_t *container);
void ws_cluster_read_docker(struct ws_cluster_draft *draft, const json_t *container);
void ws_cluster_read_nerdctl(struct ws_cluster_draft *draft, const json_t *container);
void ws_cluster_read_route(struct ws_cluster_draft *draft, const json_t *route);
void ws_cluster_read_route6(struct ws_cluster_draft *draft, const json_t *route);

/* The files that are no lists of objects, or several of one namespace. 0 or -errno. */
int ws_cluster_read_tasks(struct ws_cluster_draft *draft); /* ctr tasks list */
int ws_cluster_read_iptables(struct ws_cluster_draft *draft, bool is_ipv6);
int ws_cluster_read_nft(struct ws_cluster_draft *draft);
int ws_cluster_read_ipvs(struct ws_cluster_draft *draft);
int ws_cluster_read_chrony(struct ws_cluster_draft *draft);
int ws_cluster_read_ptp(struct ws_cluster_draft *draft);
int ws_cluster_read_sources(struct ws_cluster_draft *draft); /* snapshot.json */

/* Interfaces of the namespace draft->pid, and their addresses; either file may be missing. */
int ws_cluster_read_links(struct ws_cluster_draft *draft, const char *link_path, const char *addr_path);

/* Everything of the directory node/NODE at path. */
int ws_cluster_read_node_dir(struct ws_cluster_draft *draft, const char *path);

/* Overlay and mTLS; the first needs all links and nodes, the second all pods. dir: of the snapshot. */
int ws_cluster_read_overlay(struct ws_cluster_draft *draft);
int ws_cluster_read_mtls(struct ws_cluster_draft *draft);

/* When all is read: in order, without doubles; then services are said of pods, pods of endpoints. */
void ws_cluster_order(struct ws_cluster_draft *draft);
void ws_cluster_match_endpoints(struct ws_cluster_draft *draft);

#endif
