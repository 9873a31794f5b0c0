/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_order - a snapshot that has been read is put in order: sorted, doubles left out, endpoints and pods matched,
 * what two runtimes say of a container made one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cluster/cluster_draft.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_pods(const void *a, const void *b)
{
	const struct ws_cluster_pod *left = a, *right = b;
	int order = strcmp(left->namespace, right->namespace);

	return order ? order : strcmp(left->name, right->name);
}

static int compare_services(const void *a, const void *b)
{
	const struct ws_cluster_service *left = a, *right = b;
	int order = strcmp(left->namespace, right->namespace);

	return order ? order : strcmp(left->name, right->name);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct ws_cluster_node *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order ? order : ORDER(right->n_addresses, left->n_addresses);
}

static int compare_endpoints(const void *a, const void *b)
{
	const struct ws_cluster_endpoint *left = a, *right = b;
	int order = strcmp(left->namespace, right->namespace);

	if (!order)
		order = strcmp(left->service, right->service);
	if (!order)
		order = memcmp(&left->address, &right->address, sizeof(left->address));
	if (!order)
		order = ORDER(left->port, right->port);
	return order ? order : strcmp(right->pod, left->pod); /* one that names its pod first */
}

static int compare_links(const void *a, const void *b)
{
	const struct ws_cluster_link *left = a, *right = b;
	int order = strcmp(left->node, right->node);

	if (!order)
		order = ORDER(left->pid, right->pid);
	return order ? order : ORDER(left->ifindex, right->ifindex);
}

static int compare_routes(const void *a, const void *b)
{
	const struct ws_cluster_route *left = a, *right = b;
	int order = strcmp(left->node, right->node);

	if (!order)
		order = memcmp(&left->to, &right->to, sizeof(left->to));
	if (!order)
		order = ORDER(left->metric, right->metric);
	if (!order)
		order = strcmp(left->interface, right->interface);
	if (!order)
		order = memcmp(&left->gateway, &right->gateway, sizeof(left->gateway));
	if (!order)
		order = strcmp(left->kind, right->kind);
	return order ? order : strcmp(left->table, right->table);
}

static bool is_same_route(const void *a, const void *b)
{
	return compare_routes(a, b) == 0;
}

static int compare_containers(const void *a, const void *b)
{
	const struct ws_cluster_container *left = a, *right = b;
	int order = strcmp(left->node, right->node);

	if (!order)
		order = strcmp(left->id, right->id);
	if (!order) /* ctr knows nothing but the pid */
		order = ORDER(strcmp(left->runtime, "ctr") == 0, strcmp(right->runtime, "ctr") == 0);
	return order ? order : strcmp(left->runtime, right->runtime);
}

static int compare_nats(const void *a, const void *b)
{
	const struct ws_cluster_nat *left = a, *right = b;
	int order = strcmp(left->node, right->node);

	if (!order)
		order = ORDER(left->kind, right->kind);
	if (!order)
		order = memcmp(&left->to, &right->to, sizeof(left->to));
	if (!order)
		order = ORDER(left->port, right->port);
	if (!order)
		order = memcmp(&left->target, &right->target, sizeof(left->target));
	if (!order)
		order = ORDER(left->target_port, right->target_port);
	if (!order)
		order = memcmp(&left->from, &right->from, sizeof(left->from));
	if (!order)
		order = strcmp(right->service, left->service); /* one that names its service first */
	return order ? order : strcmp(left->file, right->file);
}

static bool is_same_pod(const void *a, const void *b)
{
	return compare_pods(a, b) == 0;
}

static bool is_same_service(const void *a, const void *b)
{
	return compare_services(a, b) == 0;
}

static bool is_same_node(const void *a, const void *b)
{
	const struct ws_cluster_node *left = a, *right = b;

	return strcmp(left->name, right->name) == 0;
}

/* Endpoints and EndpointSlices say the same. */
static bool is_same_endpoint(const void *a, const void *b)
{
	const struct ws_cluster_endpoint *left = a, *right = b;

	return left->namespace == right->namespace && left->service == right->service && left->port == right->port &&
	       memcmp(&left->address, &right->address, sizeof(left->address)) == 0;
}

static bool is_same_link(const void *a, const void *b)
{
	return compare_links(a, b) == 0;
}

/* PREROUTING and OUTPUT lead to the same rules, and two tools may show the same ones. */
static bool is_same_nat(const void *a, const void *b)
{
	const struct ws_cluster_nat *left = a, *right = b;

	return left->node == right->node && left->kind == right->kind && left->port == right->port &&
	       left->target_port == right->target_port && memcmp(&left->to, &right->to, sizeof(left->to)) == 0 &&
	       memcmp(&left->from, &right->from, sizeof(left->from)) == 0 &&
	       memcmp(&left->target, &right->target, sizeof(left->target)) == 0;
}

/* Sorts, and of those that are the same leaves the first. Returns how many were left out. */
static uint32_t order(struct ws_draft_list *list, int (*compare)(const void *a, const void *b),
		      bool (*is_same)(const void *a, const void *b))
{
	char *at = *list->at;
	uint32_t n_kept = 1, n = *list->n;

	if (n < 2)
		return 0;
	qsort(at, n, list->size, compare);
	for (uint32_t i = 1; i < n; i++) {
		if (is_same(at + (n_kept - 1) * list->size, at + i * list->size))
			continue;
		if (n_kept != i)
			memcpy(at + n_kept * list->size, at + i * list->size, list->size);
		n_kept++;
	}
	*list->n = n_kept;
	return n - n_kept;
}

/* A second word on a container adds to the first what that leaves open. */
static void merge_containers(struct ws_cluster *c)
{
	uint32_t n_kept = 0;

	if (c->n_containers > 1)
		qsort(c->container, c->n_containers, sizeof(*c->container), compare_containers);
	for (uint32_t i = 0; i < c->n_containers; i++) {
		struct ws_cluster_container *at = &c->container[i], *last = n_kept ? &c->container[n_kept - 1] : NULL;

		if (!last || !*at->id || strcmp(last->node, at->node) != 0 || strcmp(last->id, at->id) != 0) {
			c->container[n_kept++] = *at;
			continue;
		}
		if (last->pid == 0)
			last->pid = at->pid;
		if (!*last->netns)
			last->netns = at->netns;
		if (!*last->pod_name) {
			last->pod_namespace = at->pod_namespace;
			last->pod_name = at->pod_name;
			last->pod_uid = at->pod_uid;
		}
	}
	c->n_containers = n_kept;
}

void ws_cluster_order(struct ws_cluster_draft *d)
{
	struct ws_cluster *c = d->cluster;

	c->n_unread += order(&d->pods, compare_pods, is_same_pod);
	c->n_unread += order(&d->services, compare_services, is_same_service);
	c->n_unread += order(&d->links, compare_links, is_same_link);
	order(&d->nodes, compare_nodes, is_same_node);	  /* those of node/ are in nodes.json, too */
	order(&d->routes, compare_routes, is_same_route); /* route.json shows those of IPv6, too */
	order(&d->endpoints, compare_endpoints, is_same_endpoint);
	order(&d->nats, compare_nats, is_same_nat);
	merge_containers(c);
}

const struct ws_cluster_pod *ws_cluster_pod_find(const struct ws_cluster *cluster, const char *namespace,
						 const char *name)
{
	const struct ws_cluster_pod key = { .namespace = namespace, .name = name };

	return cluster->n_pods ? bsearch(&key, cluster->pod, cluster->n_pods, sizeof(key), compare_pods) : NULL;
}

/* A pod by one of its addresses. */
struct place {
	struct ws_cluster_address address;
	uint32_t pod;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	int order = memcmp(&left->address, &right->address, sizeof(left->address));

	return order ? order : ORDER(left->pod, right->pod);
}

/* Pods by address; those with their node's address cannot be told by it. */
static int list_places(const struct ws_cluster *c, struct place **places, uint32_t *n_places)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n_pods; i++)
		n += c->pod[i].is_host_network ? 0 : c->pod[i].n_addresses;
	*places = malloc((n ? n : 1) * sizeof(**places));
	if (!*places)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < c->n_pods; i++)
		for (uint32_t k = 0; k < c->pod[i].n_addresses && !c->pod[i].is_host_network; k++)
			(*places)[n++] = (struct place) { c->pod[i].address[k], i };
	if (n)
		qsort(*places, n, sizeof(**places), compare_places);
	*n_places = n;
	return 0;
}

static struct ws_cluster_pod *find_by_address(const struct ws_cluster *c, const struct place *places, uint32_t n,
					      const struct ws_cluster_endpoint *e)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(&places[middle].address, &e->address, sizeof(e->address)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && memcmp(&places[low].address, &e->address, sizeof(e->address)) == 0; low++)
		if (strcmp(c->pod[places[low].pod].namespace, e->namespace) == 0)
			return &c->pod[places[low].pod];
	return NULL;
}

void ws_cluster_match_endpoints(struct ws_cluster_draft *d)
{
	struct ws_cluster *c = d->cluster;
	struct place *places = NULL;
	uint32_t n_places = 0;

	for (uint32_t i = 0; i < c->n_endpoints && d->rc == 0; i++) {
		struct ws_cluster_endpoint *e = &c->endpoint[i];
		struct ws_cluster_pod *pod;

		if (*e->pod) {
			pod = (struct ws_cluster_pod *)ws_cluster_pod_find(c, e->namespace, e->pod);
		} else {
			if (!places)
				d->rc = list_places(c, &places, &n_places);
			pod = d->rc ? NULL : find_by_address(c, places, n_places, e);
			if (pod)
				e->pod = pod->name;
		}
		if (pod && (!*pod->service || strcmp(e->service, pod->service) < 0))
			pod->service = e->service;
	}
	free(places);
}
