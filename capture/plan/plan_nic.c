/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_nic - see the header. */
#include "capture/plan/plan_nic.h"

#include <string.h>

/* So many of the other nodes are looked up: in a large cluster all are reached alike. */
#define NODES_ASKED_MAX 256

static bool is_forwarding(const struct ws_cluster_route *route)
{
	return *route->interface && (!*route->kind || strcmp(route->kind, "unicast") == 0);
}

static bool is_of_main(const struct ws_cluster_route *route)
{
	return !*route->table;
}

static bool is_as_good(const struct ws_cluster_route *a, const struct ws_cluster_route *b)
{
	return is_of_main(a) == is_of_main(b) && a->to.n_bits == b->to.n_bits && a->metric == b->metric;
}

/* Other tables count where a rule says so, which the snapshot does not tell: main comes first. */
static bool is_better(const struct ws_cluster_route *a, const struct ws_cluster_route *b)
{
	if (is_of_main(a) != is_of_main(b))
		return is_of_main(a);
	return a->to.n_bits != b->to.n_bits ? a->to.n_bits > b->to.n_bits : a->metric < b->metric;
}

static bool is_ipv4(const struct ws_cluster_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

/* The prefix of a default route has no bits; its address still says of which IP version it is. */
static bool holds(const struct ws_cluster_route *route, const struct ws_cluster_address *address)
{
	if (route->to.n_bits == 0)
		return is_ipv4(&route->to.address) == is_ipv4(address);
	return ws_cluster_prefix_holds(&route->to, address);
}

/* Adds what the route goes through, if it is not there yet. Returns the number of NICs then. */
static uint32_t add(const struct ws_plan_index *index, const struct ws_cluster_route *route, uint32_t n,
		    struct ws_plan_nic nic[WS_PLAN_NICS_MAX], struct ws_plan_nic **found)
{
	*found = NULL;
	for (uint32_t i = 0; i < n && !*found; i++)
		if (strcmp(nic[i].interface, route->interface) == 0)
			*found = &nic[i];
	if (*found || n == WS_PLAN_NICS_MAX)
		return n;
	*found = &nic[n];
	nic[n] = (struct ws_plan_nic) { .interface = route->interface,
					.link = ws_plan_link_by_name(index, route->node, route->interface) };
	return n + 1;
}

static void prefix_text(const struct ws_cluster_prefix *prefix, char text[WS_CLUSTER_ADDRESS_TEXT + 16])
{
	const uint32_t offset = prefix->n_bits >= 96 && is_ipv4(&prefix->address) ? 96 : 0;
	char address[WS_CLUSTER_ADDRESS_TEXT];

	if (prefix->n_bits == offset)
		strcpy(text, "the default route");
	else
		snprintf(text, WS_CLUSTER_ADDRESS_TEXT + 16, "%s/%u",
			 ws_cluster_address_text(&prefix->address, address), prefix->n_bits - offset);
}

static bool is_default(const struct ws_cluster_route *route)
{
	return route->to.n_bits == 0 || route->to.n_bits == 96;
}

/* The best route to an address, or, without one, the best default route; *other: the best that is not of main. */
static const struct ws_cluster_route *find_best(const struct ws_plan_index *index, const char *node,
						const struct ws_cluster_address *address,
						const struct ws_cluster_route **other)
{
	uint32_t i, end = ws_plan_routes(index, node, &i);
	const struct ws_cluster_route *best = NULL;

	for (*other = NULL; i < end; i++) {
		const struct ws_cluster_route *route = index->route[i];

		if (!is_forwarding(route) || !(address ? holds(route, address) : is_default(route)))
			continue;
		if (!best || is_better(route, best))
			best = route;
		if (!is_of_main(route) && (!*other || is_better(route, *other)))
			*other = route;
	}
	return best;
}

static void note_other(struct ws_plan_nic *nic, const struct ws_cluster_route *other)
{
	if (other && !nic->other && strcmp(other->interface, nic->interface) != 0)
		nic->other = other;
}

static void table_text(const struct ws_cluster_route *route, char text[64])
{
	snprintf(text, 64, "%s%.48s", *route->table ? " of table " : "", route->table);
}

/* The interfaces of the best routes to an address; who: whose it is. */
static uint32_t ask(const struct ws_plan_index *index, const char *node, const struct ws_cluster_address *address,
		    const char *who, uint32_t n, struct ws_plan_nic nic[WS_PLAN_NICS_MAX])
{
	char text[WS_CLUSTER_ADDRESS_TEXT], prefix[WS_CLUSTER_ADDRESS_TEXT + 16];
	uint32_t begin, end = ws_plan_routes(index, node, &begin);
	const struct ws_cluster_route *other, *best = find_best(index, node, address, &other);
	struct ws_plan_nic *found;
	char table[64];

	for (uint32_t i = begin; best && i < end; i++) {
		const struct ws_cluster_route *route = index->route[i];

		if (!is_forwarding(route) || !holds(route, address) || !is_as_good(route, best))
			continue;
		n = add(index, route, n, nic, &found);
		if (found)
			note_other(found, other);
		if (!found || found->n_nodes++)
			continue;
		prefix_text(&route->to, prefix);
		table_text(route, table);
		snprintf(found->because, sizeof(found->because), "route to %s (%.100s) by %s%s",
			 ws_cluster_address_text(address, text), who, prefix, table);
	}
	return n;
}

static uint32_t ask_default(const struct ws_plan_index *index, const char *node,
			    struct ws_plan_nic nic[WS_PLAN_NICS_MAX])
{
	const struct ws_cluster_route *other, *best = find_best(index, node, NULL, &other);
	struct ws_plan_nic *found;
	char table[64];
	uint32_t n = 0;

	if (!best)
		return 0;
	n = add(index, best, n, nic, &found);
	note_other(found, other);
	table_text(best, table);
	snprintf(found->because, sizeof(found->because), "default route%s: the snapshot knows no other node", table);
	return n;
}

uint32_t ws_plan_nics(const struct ws_plan_view *view, const struct ws_cluster_node *node,
		      struct ws_plan_nic nic[WS_PLAN_NICS_MAX], struct ws_error *words)
{
	const struct ws_plan_index *index = ws_plan_view_of(view, node->name);
	const struct ws_cluster *nodes = view->base.cluster;
	uint32_t begin, n = 0, n_asked = 0;

	if (ws_plan_routes(index, node->name, &begin) == begin) {
		ws_error(words, 0,
			 "node/%s/route.json is missing or empty: its NIC cannot be told; run `capture collect` on it",
			 node->name);
		return 0;
	}
	for (uint32_t i = 0; i < nodes->n_nodes && n_asked < NODES_ASKED_MAX; i++) {
		const struct ws_cluster_node *other = ws_plan_node_of(view, nodes->node[i].name);

		if (strcmp(other->name, node->name) == 0 || !other->n_addresses)
			continue;
		n_asked++;
		n = ask(index, node->name, &other->address[0], other->name, n, nic);
	}
	if (!n_asked)
		n = ask_default(index, node->name, nic);
	for (uint32_t i = 0; i < n; i++)
		if (nic[i].n_nodes > 1) {
			size_t len = strlen(nic[i].because);

			snprintf(nic[i].because + len, sizeof(nic[i].because) - len, ", and to %u other node%s",
				 nic[i].n_nodes - 1, nic[i].n_nodes > 2 ? "s" : "");
		}
	if (!n)
		ws_error(words, 0, "no route of node/%s/route.json leads to %s", node->name,
			 n_asked ? "another node's address" : "anywhere else");
	return n;
}

static void add_port(struct ws_plan_overlay *o, uint16_t port)
{
	for (uint32_t i = 0; i < o->n_vxlan_ports; i++)
		if (o->vxlan_port[i] == port)
			return;
	if (port && o->n_vxlan_ports < WS_VXLAN_PORTS_MAX)
		o->vxlan_port[o->n_vxlan_ports++] = port;
}

void ws_plan_overlay(const struct ws_plan_view *view, const char *node, struct ws_plan_overlay *overlay)
{
	const struct ws_plan_index *index = ws_plan_view_of(view, node);
	uint32_t i, end = ws_plan_links(index, node, 0, &i);
	struct ws_plan_overlay o = { .name = view->base.cluster->overlay, .vni = -1 };
	const struct ws_cluster_link *device = NULL;

	for (; i < end; i++) {
		const struct ws_cluster_link *link = index->link[i];
		const bool is_vxlan = strcmp(link->kind, "vxlan") == 0;

		if (is_vxlan)
			add_port(&o, link->port);
		else if (strcmp(link->kind, "geneve") != 0 && (strcmp(link->kind, "ipip") != 0 || !link->is_up))
			continue;
		if (strcmp(link->kind, "geneve") == 0 && link->port && link->port != WS_GENEVE_PORT)
			o.geneve_port = link->port;
		if (*o.name ? strcmp(link->kind, o.name) == 0 : !device)
			device = device ? device : link;
	}
	snprintf(o.because, sizeof(o.because), "%s", view->base.cluster->overlay_why);
	if (device && !*o.name) {
		o.name = device->kind;
		snprintf(o.because, sizeof(o.because), "node/%.100s/link.json: %s is a %s device", node, device->name,
			 device->kind);
	}
	if (device && strcmp(device->kind, "ipip") != 0)
		o.vni = device->vni;
	*overlay = o;
}
