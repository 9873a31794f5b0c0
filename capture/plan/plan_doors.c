/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_doors - ways into chosen pods that stand in frames at the NIC under another address: node ports, host ports,
 * addresses of load balancers; and what gives the packets that leave them another source: ws_plan_doors(),
 * ws_plan_masquerade().
 */
#include <string.h>

#include "capture/plan/plan_filters.h"

static bool is_same(const struct ws_cluster_address *a, const struct ws_cluster_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_address_of_node(const struct ws_cluster_node *node, const struct ws_cluster_address *address)
{
	for (uint32_t i = 0; i < node->n_addresses; i++)
		if (is_same(&node->address[i], address))
			return true;
	return false;
}

static void add_door(struct ws_plan_doors *doors, const struct ws_cluster_address *address, uint16_t port,
		     const char *because)
{
	struct ws_plan_door *door = &doors->door[doors->n];

	for (uint32_t i = 0; i < doors->n; i++)
		if (doors->door[i].port == port && is_same(&doors->door[i].address, address))
			return;
	if (doors->n == WS_PLAN_DOORS_MAX) {
		doors->n_more++;
		return;
	}
	door->address = *address;
	door->port = port;
	snprintf(door->because, sizeof(door->because), "%s", because);
	doors->n++;
}

/* What the services say: node ports at the node's address; ports at addresses from outside. */
static void add_services(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen,
			 struct ws_plan_doors *doors)
{
	char because[320];

	for (uint32_t i = 0; i < chosen->n_services; i++) {
		const struct ws_cluster_service *s = &view->services->service[chosen->service[i]];

		for (uint32_t p = 0; p < s->n_ports; p++) {
			snprintf(because, sizeof(because),
				 "node port of service %.100s/%.100s: the NIC sees it before NAT", s->namespace,
				 s->name);
			if (s->port[p].node_port && chosen->node->n_addresses)
				add_door(doors, &chosen->node->address[0], s->port[p].node_port, because);
			snprintf(because, sizeof(because),
				 "address from outside of service %.100s/%.100s: the NIC sees it before NAT",
				 s->namespace, s->name);
			/* the cluster's own are carried by no frame at a NIC; a service of any type may have others */
			for (uint32_t a = s->n_cluster_addresses; a < s->n_addresses; a++)
				add_door(doors, &s->address[a], s->port[p].port, because);
		}
	}
}

static bool leads_to_chosen(const struct ws_cluster_nat *nat, const struct ws_plan_chosen *chosen)
{
	for (uint32_t p = 0; p < chosen->n_pods; p++)
		for (uint32_t a = 0; a < chosen->pod[p]->n_addresses; a++)
			if (is_same(&nat->target, &chosen->pod[p]->address[a]))
				return true;
	return false;
}

/* What the node's NAT rules say: ports of the node itself that lead to chosen pods (node ports, host ports). */
static void add_rules(const struct ws_plan_index *index, const struct ws_plan_chosen *chosen,
		      struct ws_plan_doors *doors)
{
	char because[320];

	uint32_t i, end = ws_plan_nats(index, chosen->node->name, &i);

	for (; i < end; i++) {
		const struct ws_cluster_nat *nat = index->nat[i];
		const bool is_to_any = nat->to.n_bits == 0 || nat->is_node_port;

		if (nat->kind != WS_CLUSTER_DNAT || !nat->port ||
		    (!is_to_any && !(nat->to.n_bits == 128 && is_address_of_node(chosen->node, &nat->to.address))) ||
		    !leads_to_chosen(nat, chosen))
			continue;
		snprintf(because, sizeof(because),
			 "%s of the node that %.64s leads to a chosen pod%s%.100s: the NIC sees it "
			 "before NAT",
			 nat->is_node_port ? "node port" : "port", nat->file, *nat->service ? ", " : "", nat->service);
		if (!is_to_any)
			add_door(doors, &nat->to.address, nat->port, because);
		else if (chosen->node->n_addresses)
			add_door(doors, &chosen->node->address[0], nat->port, because);
	}
}

void ws_plan_doors(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen, struct ws_plan_doors *doors)
{
	doors->n = 0;
	doors->n_more = 0;
	add_services(view, chosen, doors);
	add_rules(ws_plan_view_of(view, chosen->node->name), chosen, doors);
}

bool ws_plan_masquerade(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen, struct ws_error *words)
{
	const struct ws_plan_index *index = ws_plan_view_of(view, chosen->node->name);
	uint32_t i, end = ws_plan_nats(index, chosen->node->name, &i);

	for (; i < end; i++) {
		const struct ws_cluster_nat *nat = index->nat[i];

		if (nat->kind == WS_CLUSTER_DNAT || nat->from.n_bits == 0)
			continue;
		for (uint32_t p = 0; p < chosen->n_pods; p++)
			for (uint32_t a = 0; a < chosen->pod[p]->n_addresses; a++)
				if (ws_cluster_prefix_holds(&nat->from, &chosen->pod[p]->address[a])) {
					ws_error(words, 0,
						 "%.64s gives packets that leave chosen pods for some destinations "
						 "another source address (outside the cluster, as a rule): at the NIC "
						 "those carry the node's address, and no filter selects them; joined "
						 "by sequence number and context they would be pairs of the class nat",
						 nat->file);
					return true;
				}
	}
	return false;
}
