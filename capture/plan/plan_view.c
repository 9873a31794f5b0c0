/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_view - see the header. */
#include "capture/plan/plan_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_containers(const void *a, const void *b)
{
	const struct ws_cluster_container *x = *(const struct ws_cluster_container *const *)a;
	const struct ws_cluster_container *y = *(const struct ws_cluster_container *const *)b;
	int order = strcmp(x->node, y->node);

	if (order == 0)
		order = strcmp(x->pod_namespace, y->pod_namespace);
	if (order == 0)
		order = strcmp(x->pod_name, y->pod_name);
	return order ? order : (x > y) - (x < y); /* else as the snapshot has them */
}

static int compare_links(const void *a, const void *b)
{
	const struct ws_cluster_link *x = *(const struct ws_cluster_link *const *)a;
	const struct ws_cluster_link *y = *(const struct ws_cluster_link *const *)b;
	int order = strcmp(x->node, y->node);

	if (order == 0)
		order = (x->pid > y->pid) - (x->pid < y->pid);
	if (order == 0)
		order = (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
	return order ? order : (x > y) - (x < y);
}

static int compare_routes(const void *a, const void *b)
{
	const struct ws_cluster_route *x = *(const struct ws_cluster_route *const *)a;
	const struct ws_cluster_route *y = *(const struct ws_cluster_route *const *)b;
	int order = strcmp(x->node, y->node);

	if (order == 0)
		order = memcmp(&x->to.address, &y->to.address, sizeof(x->to.address));
	if (order == 0)
		order = x->to.n_bits - y->to.n_bits;
	return order ? order : (x > y) - (x < y);
}

static int compare_nats(const void *a, const void *b)
{
	const struct ws_cluster_nat *x = *(const struct ws_cluster_nat *const *)a;
	const struct ws_cluster_nat *y = *(const struct ws_cluster_nat *const *)b;
	int order = strcmp(x->node, y->node);

	return order ? order : (x > y) - (x < y);
}

static int make_index(const struct ws_cluster *cluster, struct ws_plan_index *index)
{
	index->cluster = cluster;
	index->container = calloc(cluster->n_containers + 1u, sizeof(*index->container));
	index->route = calloc(cluster->n_routes + 1u, sizeof(*index->route));
	index->link = calloc(cluster->n_links + 1u, sizeof(*index->link));
	index->nat = calloc(cluster->n_nats + 1u, sizeof(*index->nat));
	if (!index->container || !index->route || !index->link || !index->nat)
		return -ENOMEM;
	for (uint32_t i = 0; i < cluster->n_containers; i++)
		index->container[i] = &cluster->container[i];
	for (uint32_t i = 0; i < cluster->n_routes; i++)
		index->route[i] = &cluster->route[i];
	for (uint32_t i = 0; i < cluster->n_links; i++)
		index->link[i] = &cluster->link[i];
	for (uint32_t i = 0; i < cluster->n_nats; i++)
		index->nat[i] = &cluster->nat[i];
	qsort(index->nat, cluster->n_nats, sizeof(*index->nat), compare_nats);
	qsort(index->container, cluster->n_containers, sizeof(*index->container), compare_containers);
	qsort(index->route, cluster->n_routes, sizeof(*index->route), compare_routes);
	qsort(index->link, cluster->n_links, sizeof(*index->link), compare_links);
	return 0;
}

static void free_index(struct ws_plan_index *index)
{
	free(index->container);
	free(index->route);
	free(index->link);
	free(index->nat);
}

int ws_plan_view_make(const struct ws_cluster *base, const struct ws_cluster *update, struct ws_plan_view *view,
		      struct ws_error *err)
{
	struct ws_plan_view made = { .pods = base, .services = base };
	int rc = make_index(base, &made.base);

	if (rc == 0 && update)
		rc = make_index(update, &made.update);
	if (rc) {
		ws_plan_view_free(&made);
		return ws_error(err, rc, "out of memory");
	}
	if (update && update->n_pods)
		made.pods = update;
	if (update && update->n_services)
		made.services = update;
	*view = made;
	return 0;
}

void ws_plan_view_free(struct ws_plan_view *view)
{
	free_index(&view->base);
	free_index(&view->update);
	memset(view, 0, sizeof(*view));
}

/* The first element of n that is not before what is asked for. */
#define LOWER_BOUND(n, is_before)                                \
	({                                                       \
		uint32_t low_ = 0, high_ = (n);                  \
		while (low_ < high_) {                           \
			uint32_t at = low_ + (high_ - low_) / 2; \
			if (is_before)                           \
				low_ = at + 1;                   \
			else                                     \
				high_ = at;                      \
		}                                                \
		low_;                                            \
	})

static int order_container(const struct ws_cluster_container *c, const struct ws_cluster_pod *pod)
{
	int order = strcmp(c->node, pod->node);

	if (order == 0)
		order = strcmp(c->pod_namespace, pod->namespace);
	return order ? order : strcmp(c->pod_name, pod->name);
}

uint32_t ws_plan_containers(const struct ws_plan_index *index, const struct ws_cluster_pod *pod, uint32_t *begin)
{
	const uint32_t n = index->cluster->n_containers;
	uint32_t end;

	*begin = LOWER_BOUND(n, order_container(index->container[at], pod) < 0);
	for (end = *begin; end < n && order_container(index->container[end], pod) == 0;)
		end++;
	return end;
}

static int order_link(const struct ws_cluster_link *link, const char *node, int64_t pid)
{
	int order = strcmp(link->node, node);

	return order ? order : (link->pid > pid) - (link->pid < pid);
}

uint32_t ws_plan_links(const struct ws_plan_index *index, const char *node, int64_t pid, uint32_t *begin)
{
	const uint32_t n = index->cluster->n_links;

	*begin = LOWER_BOUND(n, order_link(index->link[at], node, pid) < 0);
	return LOWER_BOUND(n, order_link(index->link[at], node, pid) <= 0);
}

uint32_t ws_plan_nats(const struct ws_plan_index *index, const char *node, uint32_t *begin)
{
	const uint32_t n = index->cluster->n_nats;

	*begin = LOWER_BOUND(n, strcmp(index->nat[at]->node, node) < 0);
	return LOWER_BOUND(n, strcmp(index->nat[at]->node, node) <= 0);
}

uint32_t ws_plan_routes(const struct ws_plan_index *index, const char *node, uint32_t *begin)
{
	const uint32_t n = index->cluster->n_routes;

	*begin = LOWER_BOUND(n, strcmp(index->route[at]->node, node) < 0);
	return LOWER_BOUND(n, strcmp(index->route[at]->node, node) <= 0);
}

static int order_host_route(const struct ws_cluster_route *route, const char *node,
			    const struct ws_cluster_address *address)
{
	int order = strcmp(route->node, node);

	if (order == 0)
		order = memcmp(&route->to.address, address, sizeof(*address));
	return order ? order : route->to.n_bits - 128;
}

uint32_t ws_plan_host_routes(const struct ws_plan_index *index, const char *node,
			     const struct ws_cluster_address *address, uint32_t *begin)
{
	const uint32_t n = index->cluster->n_routes;

	*begin = LOWER_BOUND(n, order_host_route(index->route[at], node, address) < 0);
	return LOWER_BOUND(n, order_host_route(index->route[at], node, address) <= 0);
}

const struct ws_plan_index *ws_plan_view_of(const struct ws_plan_view *view, const char *node)
{
	uint32_t begin;

	if (view->update.cluster && ws_plan_links(&view->update, node, 0, &begin) > begin)
		return &view->update;
	return &view->base;
}

const struct ws_cluster_link *ws_plan_link_by_ifindex(const struct ws_plan_index *index, const char *node,
						      uint32_t ifindex)
{
	uint32_t begin, end = ws_plan_links(index, node, 0, &begin);

	begin += LOWER_BOUND(end - begin, index->link[begin + at]->ifindex < ifindex);
	return begin < end && index->link[begin]->ifindex == ifindex ? index->link[begin] : NULL;
}

const struct ws_cluster_link *ws_plan_link_by_name(const struct ws_plan_index *index, const char *node,
						   const char *name)
{
	uint32_t i, end = ws_plan_links(index, node, 0, &i);

	for (; i < end; i++)
		if (strcmp(index->link[i]->name, name) == 0)
			return index->link[i];
	return NULL;
}

static const struct ws_cluster_node *find_node(const struct ws_cluster *cluster, const char *name)
{
	uint32_t i;

	if (!cluster)
		return NULL;
	i = LOWER_BOUND(cluster->n_nodes, strcmp(cluster->node[at].name, name) < 0);
	return i < cluster->n_nodes && strcmp(cluster->node[i].name, name) == 0 ? &cluster->node[i] : NULL;
}

const struct ws_cluster_node *ws_plan_node_of(const struct ws_plan_view *view, const char *name)
{
	const struct ws_cluster_node *newer = find_node(view->update.cluster, name);

	/* an update's node may be known from its directory only */
	return newer && newer->n_addresses ? newer : find_node(view->base.cluster, name);
}
