/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_view - a cluster snapshot, with its newest update laid over it, as the planner looks into it: what is newer
 * counts. Look-ups take logarithmic time.
 */
#ifndef WS_PLAN_VIEW_H
#define WS_PLAN_VIEW_H

#include "lib/cluster/cluster.h"
#include "lib/error.h"

/* A snapshot's containers and routes in an order in which they are found. */
struct ws_plan_index {
	const struct ws_cluster *cluster;	       /* NULL: there is none */
	const struct ws_cluster_container **container; /* by node, namespace and name of the pod */
	const struct ws_cluster_route **route;	       /* by node, destination, length of its prefix */
	const struct ws_cluster_link **link;	       /* by node, pid, ifindex */
	const struct ws_cluster_nat **nat;	       /* by node */
};

struct ws_plan_view {
	struct ws_plan_index base;
	struct ws_plan_index update;
	const struct ws_cluster *pods; /* the one whose pods count */
	const struct ws_cluster *services;
};

/* Both snapshots are borrowed; update may be NULL. Returns 0 or -ENOMEM. */
int ws_plan_view_make(const struct ws_cluster *base, const struct ws_cluster *update, struct ws_plan_view *view,
		      struct ws_error *err);

/* All-zero is fine. */
void ws_plan_view_free(struct ws_plan_view *view);

/* The snapshot that counts for what is on a node: the update if it knows the node's interfaces. */
const struct ws_plan_index *ws_plan_view_of(const struct ws_plan_view *view, const char *node);

/* Elements from *begin up to the one before the returned end; none: the end is *begin. */
uint32_t ws_plan_containers(const struct ws_plan_index *index, const struct ws_cluster_pod *pod, uint32_t *begin);
uint32_t ws_plan_links(const struct ws_plan_index *index, const char *node, int64_t pid, uint32_t *begin);
uint32_t ws_plan_nats(const struct ws_plan_index *index, const char *node, uint32_t *begin);
uint32_t ws_plan_routes(const struct ws_plan_index *index, const char *node, uint32_t *begin);
/* Of a node's routes, those to one address alone. */
uint32_t ws_plan_host_routes(const struct ws_plan_index *index, const char *node,
			     const struct ws_cluster_address *address, uint32_t *begin);

/* A node's own interface, or NULL. */
const struct ws_cluster_link *ws_plan_link_by_ifindex(const struct ws_plan_index *index, const char *node,
						      uint32_t ifindex);
const struct ws_cluster_link *ws_plan_link_by_name(const struct ws_plan_index *index, const char *node,
						   const char *name);

/* The node of that name, as the newer snapshot tells it, or NULL. */
const struct ws_cluster_node *ws_plan_node_of(const struct ws_plan_view *view, const char *name);

#endif
