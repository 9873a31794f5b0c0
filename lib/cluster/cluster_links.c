/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_links - interfaces, their addresses and routes, as `ip -j` of iproute2 prints them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cluster/cluster_draft.h"

#define ADDRESSES_MAX 1024
#define MAIN_TABLE    254

static bool has_flag(const json_t *object, const char *flag)
{
	const json_t *flags = json_object_get(object, "flags");

	for (size_t i = 0; i < json_array_size(flags); i++)
		if (ws_draft_is(json_array_get(flags, i), flag))
			return true;
	return false;
}

/* Without -d there are no details; tunnels of old are of a link type of their own. */
static const char *kind_of(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *kind = ws_draft_at(object, "linkinfo", "info_kind", NULL),
		     *type = json_object_get(object, "link_type");

	if (!kind && (ws_draft_is(type, "ipip") || ws_draft_is(type, "sit") || ws_draft_is(type, "gre")))
		kind = type;
	return ws_draft_shared(d, kind);
}

static void add_addresses(struct ws_cluster_draft *d, const json_t *list, struct ws_cluster_link *link)
{
	struct ws_cluster_prefix *prefixes = calloc(ADDRESSES_MAX, sizeof(*prefixes));
	uint32_t n = 0;

	for (size_t i = 0; prefixes && i < json_array_size(list); i++) {
		const json_t *element = json_array_get(list, i), *local = json_object_get(element, "local");
		struct ws_cluster_prefix p;
		int64_t n_bits;

		if (json_object_size(element) == 0)
			continue;
		if (!json_is_string(local) || ws_cluster_address_parse(json_string_value(local), &p.address) ||
		    n == ADDRESSES_MAX) {
			d->cluster->n_unread++;
			continue;
		}
		n_bits = strchr(json_string_value(local), ':') ? 0 : 96;
		p.n_bits = (uint8_t)(n_bits + ws_draft_integer(json_object_get(element, "prefixlen"), 0, 128 - n_bits,
							       128 - n_bits));
		prefixes[n++] = p;
	}
	if (n)
		link->address = ws_draft_keep(d, prefixes, n, sizeof(*prefixes), 1);
	if (n)
		link->n_addresses = link->address ? n : 0;
	if (!prefixes)
		d->rc = -ENOMEM;
	free(prefixes);
}

static bool read_link(struct ws_cluster_draft *d, const json_t *object, struct ws_cluster_link *link)
{
	const json_t *data = ws_draft_at(object, "linkinfo", "info_data", NULL);
	const json_t *type = json_object_get(object, "link_type");

	*link = (struct ws_cluster_link) {
		.node = d->node,
		.pid = d->pid,
		.name = ws_draft_shared(d, json_object_get(object, "ifname")),
		.kind = kind_of(d, object),
		.master = ws_draft_shared(d, json_object_get(object, "master")),
		.ifindex = (uint32_t)ws_draft_integer(json_object_get(object, "ifindex"), 1, INT32_MAX, 0),
		.peer_ifindex = (uint32_t)ws_draft_integer(json_object_get(object, "link_index"), 0, INT32_MAX, 0),
		.peer_netnsid = (int32_t)ws_draft_integer(json_object_get(object, "link_netnsid"), 0, INT32_MAX, -1),
		.mtu = (uint32_t)ws_draft_integer(json_object_get(object, "mtu"), 0, UINT32_MAX, 0),
		.vni = (uint32_t)ws_draft_integer(json_object_get(data, "id"), 0, UINT32_MAX, 0),
		.port = (uint16_t)ws_draft_integer(json_object_get(data, "port"), 0, UINT16_MAX, 0),
		.is_up = has_flag(object, "UP"),
		.is_loopback = has_flag(object, "LOOPBACK") || ws_draft_is(type, "loopback"),
	};
	if (!*link->name || !link->ifindex) {
		d->cluster->n_unread++;
		return false;
	}
	add_addresses(d, json_object_get(object, "addr_info"), link);
	return true;
}

static void read_new_link(struct ws_cluster_draft *d, const json_t *object)
{
	struct ws_cluster_link link;

	if (read_link(d, object, &link))
		ws_draft_add(d, &d->links, &link);
}

static int compare_ifindex(const void *a, const void *b)
{
	const struct ws_cluster_link *left = a, *right = b;

	return (left->ifindex > right->ifindex) - (left->ifindex < right->ifindex);
}

/* The link of that number in the namespace that is read, whose links are in order. */
static struct ws_cluster_link *find_link(struct ws_cluster_draft *d, int64_t ifindex)
{
	const struct ws_cluster_link key = { .ifindex = (uint32_t)ifindex };

	if (d->n_sorted == 0)
		return NULL;
	return bsearch(&key, d->cluster->link + d->first_link, d->n_sorted, sizeof(key), compare_ifindex);
}

/* Addresses of a link that is known; or a link, where there is no list of links. */
static void read_link_addresses(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *number = json_object_get(object, "ifindex");
	struct ws_cluster_link *link = find_link(d, ws_draft_integer(number, 1, INT32_MAX, 0));

	if (link)
		add_addresses(d, json_object_get(object, "addr_info"), link);
	else
		read_new_link(d, object);
}

/* Of a peer in the same namespace its name is printed, or "if5" where that is not known. */
static void read_peer(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *name = json_object_get(object, "link"), *number = json_object_get(object, "ifindex");
	struct ws_cluster_link *link = json_is_string(name) ? find_link(d, ws_draft_integer(number, 1, INT32_MAX, 0))
							    : NULL;
	const struct ws_cluster_link *at = d->cluster->link + d->first_link;
	const char *shared;
	unsigned int ifindex;
	uint32_t low = 0, high = d->n_sorted;

	if (!link || link->peer_ifindex)
		return;
	shared = ws_draft_shared(d, name);
	while (low < high) { /* by the pointers of shared texts */
		uint32_t middle = low + (high - low) / 2;

		if ((uintptr_t)at[d->by_name[middle]].name < (uintptr_t)shared)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < d->n_sorted && at[d->by_name[low]].name == shared)
		link->peer_ifindex = at[d->by_name[low]].ifindex;
	else if (sscanf(shared, "if%9u", &ifindex) == 1)
		link->peer_ifindex = ifindex;
}

static int compare_names(const void *a, const void *b, void *context)
{
	const struct ws_cluster_link *at = context;
	const uintptr_t left = (uintptr_t)at[*(const uint32_t *)a].name,
			right = (uintptr_t)at[*(const uint32_t *)b].name;

	return (left > right) - (left < right);
}

static int resolve_peers(struct ws_cluster_draft *d)
{
	int rc;

	if (d->n_sorted == 0)
		return 0;
	d->by_name = malloc(d->n_sorted * sizeof(*d->by_name));
	if (!d->by_name)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", d->path);
	for (uint32_t i = 0; i < d->n_sorted; i++)
		d->by_name[i] = i;
	qsort_r(d->by_name, d->n_sorted, sizeof(*d->by_name), compare_names, d->cluster->link + d->first_link);
	rc = ws_draft_read(d, NULL, read_peer);
	free(d->by_name);
	d->by_name = NULL;
	return rc;
}

int ws_cluster_read_links(struct ws_cluster_draft *d, const char *link_path, const char *addr_path)
{
	int rc;

	d->first_link = d->cluster->n_links;
	d->n_sorted = 0;
	d->path = link_path;
	rc = ws_draft_read(d, NULL, read_new_link);
	if (rc)
		return rc;
	d->n_sorted = d->cluster->n_links - d->first_link;
	if (d->n_sorted)
		qsort(d->cluster->link + d->first_link, d->n_sorted, sizeof(*d->cluster->link), compare_ifindex);
	rc = resolve_peers(d);
	d->path = addr_path;
	return rc ? rc : ws_draft_read(d, NULL, read_link_addresses);
}

static void add_route(struct ws_cluster_draft *d, struct ws_cluster_route *route, const json_t *object)
{
	const json_t *gateway = json_object_get(object, "gateway");

	if (!gateway)
		gateway = ws_draft_at(object, "via", "host", NULL);
	memset(&route->gateway, 0, sizeof(route->gateway));
	if (json_is_string(gateway) && ws_cluster_address_parse(json_string_value(gateway), &route->gateway))
		d->cluster->n_unread++;
	route->interface = ws_draft_shared(d, json_object_get(object, "dev"));
	ws_draft_add(d, &d->routes, route);
}

/* `ip` leaves main's name out; a table without a name has its number. */
static const char *table_of(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *table = json_object_get(object, "table");
	const int64_t number = ws_draft_integer(table, 0, UINT32_MAX, -1);
	char text[16];
	int len;

	if (!table || ws_draft_is(table, "main") || number == MAIN_TABLE)
		return "";
	if (!json_is_integer(table))
		return ws_draft_shared(d, table);
	len = snprintf(text, sizeof(text), "%lld", (long long)number);
	return ws_draft_shared_text(d, text, (size_t)len);
}

static void read_route(struct ws_cluster_draft *d, const json_t *object, bool is_ipv6)
{
	const json_t *to = json_object_get(object, "dst"), *hops = json_object_get(object, "nexthops");
	const char *gateway = json_string_value(json_object_get(object, "gateway"));
	struct ws_cluster_route route = {
		.node = d->node,
		.scope = ws_draft_shared(d, json_object_get(object, "scope")),
		.kind = ws_draft_shared(d, json_object_get(object, "type")),
		.table = table_of(d, object),
		.metric = (uint32_t)ws_draft_integer(json_object_get(object, "metric"), 0, UINT32_MAX, 0),
	};

	/* IPv4 by way of an IPv6 gateway has "via"; `ip` without -6 shows routes of both in all tables */
	is_ipv6 |= gateway && strchr(gateway, ':');
	if (!json_is_string(to) || ws_cluster_prefix_parse(json_string_value(to), is_ipv6, &route.to)) {
		d->cluster->n_unread++;
		return;
	}
	if (!*route.kind) /* what `ip` leaves out is the usual */
		route.kind = "unicast";
	if (!*route.scope)
		route.scope = "global";
	for (size_t i = 0; i < json_array_size(hops); i++)
		add_route(d, &route, json_array_get(hops, i));
	if (json_array_size(hops) == 0)
		add_route(d, &route, object);
}

void ws_cluster_read_route(struct ws_cluster_draft *d, const json_t *object)
{
	read_route(d, object, false);
}

void ws_cluster_read_route6(struct ws_cluster_draft *d, const json_t *object)
{
	read_route(d, object, true);
}
