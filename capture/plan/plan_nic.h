/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_nic - through which interfaces does a node reach the others, and what does its overlay look like there? */
#ifndef WS_PLAN_NIC_H
#define WS_PLAN_NIC_H

#include "capture/plan/plan_view.h"
#include "lib/packet.h"

/* NICs of one node; more are counted, and not planned. */
#define WS_PLAN_NICS_MAX 8

struct ws_plan_nic {
	const char *interface;
	const struct ws_cluster_link *link;   /* NULL: link.json does not have it */
	uint32_t n_nodes;		      /* other nodes that are reached through it */
	const struct ws_cluster_route *other; /* one of another table than main, through another interface; or NULL */
	char because[400];
};

/*
 * The interfaces that carry the node's routes to the other nodes' addresses: those of the table main,
 * or of others where main has none; longest prefix, then metric; equally good routes count all. A node without others:
 * the one of the default route. Returns their number; 0: *words says why.
 */
uint32_t ws_plan_nics(const struct ws_plan_view *view, const struct ws_cluster_node *node,
		      struct ws_plan_nic nic[WS_PLAN_NICS_MAX], struct ws_error *words);

struct ws_plan_overlay {
	const char *name; /* "vxlan", "ipip", "geneve", "none", "" not known */
	char because[400];
	int64_t vni; /* -1: none, or not known */
	uint16_t vxlan_port[WS_VXLAN_PORTS_MAX];
	uint32_t n_vxlan_ports;
	uint16_t geneve_port; /* another than the usual one, which is not decapsulated; 0: none such */
};

void ws_plan_overlay(const struct ws_plan_view *view, const char *node, struct ws_plan_overlay *overlay);

#endif
