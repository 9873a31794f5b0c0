/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_filters - what a node's NIC is to record: the packets of its chosen pods, tunnels taken off, and what comes for
 * them to a port of the node itself, which its NAT rules change behind the NIC only.
 */
#ifndef WS_PLAN_FILTERS_H
#define WS_PLAN_FILTERS_H

#include "capture/plan/plan_view.h"
#include "lib/tap_config.h"

struct ws_plan_filter_words {
	char text[112];
	char because[400];
};

struct ws_plan_filter_list {
	struct ws_plan_filter_words filter[WS_FILTERS_MAX];
	uint32_t n;
};

/* An address and port that stand in frames at the NIC in place of a chosen pod's. */
struct ws_plan_door {
	struct ws_cluster_address address;
	uint16_t port;
	char because[320];
};

/* More are put together: their addresses without the ports. */
#define WS_PLAN_DOORS_MAX 64

struct ws_plan_doors {
	struct ws_plan_door door[WS_PLAN_DOORS_MAX];
	uint32_t n;
	uint64_t n_more;
};

/* What is chosen on a node. */
struct ws_plan_chosen {
	const struct ws_cluster_node *node;
	const struct ws_cluster_pod *const *pod;
	uint32_t n_pods;
	const uint32_t *service; /* index of those of the view's services that lead to these pods */
	uint32_t n_services;
};

void ws_plan_doors(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen, struct ws_plan_doors *doors);

/*
 * The filters: exact addresses where they fit, else the node's networks of pods, or the smallest networks that hold
 * them. is_watching: the networks in any case, for pods to come.
 */
void ws_plan_filters(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen,
		     const struct ws_plan_doors *doors, bool is_watching, struct ws_plan_filter_list *list);

/* Is what leaves the chosen pods given another source address? Then words says so, and by which file. */
bool ws_plan_masquerade(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen, struct ws_error *words);

#endif
