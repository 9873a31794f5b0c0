/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_apply - see the header. */
#include "capture/plan/plan_apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int ws_plan_here(const struct ws_plan *plan, const char *asked, const struct ws_plan_node **node, struct ws_error *err)
{
	const char *name = asked ? asked : getenv("NODE_NAME");
	const struct ws_plan_node *found = NULL;
	char host[256] = "";

	if (name && *name) {
		found = ws_plan_node_find(plan, name);
		if (!found)
			return ws_error(err, -ENOENT,
					"the plan has no node '%.200s'%s; --node names one of the plan's %u (%s%.100s)",
					name, asked ? "" : " (from NODE_NAME)", plan->n_nodes,
					plan->n_nodes ? "the first is " : "it has none",
					plan->n_nodes ? plan->node[0].name : "");
	} else if (gethostname(host, sizeof(host) - 1) == 0) {
		found = ws_plan_node_find(plan, host);
	}
	if (!found && plan->n_nodes == 1)
		found = &plan->node[0];
	if (!found)
		return ws_error(err, -ENOENT,
				"the plan is for %u nodes, and this host's name, %.200s, is none of them: say which "
				"with --node",
				plan->n_nodes, host);
	*node = found;
	return 0;
}

void ws_plan_point_options(const struct ws_plan_node *node, uint32_t index, const struct ws_capture_options *o,
			   struct ws_point_options *p)
{
	const struct ws_plan_point *from = &node->point[index];
	const struct ws_plan_filters *filters = o->watch_s ? &node->watch_filters : &node->filters;

	memset(p, 0, sizeof(*p));
	strcpy(p->name, from->name);
	p->interface = from->interface;
	p->netns = o->netns;
	p->role = from->role;
	p->node = node->name;
	p->pod = from->pod;
	p->ifindex = from->ifindex;
	/* a filter of the command line's is for all points, in place of the plan's */
	for (uint32_t i = 0; strcmp(from->role, "nic") == 0 && !o->n_filters && i < filters->n; i++) {
		p->filter[i] = filters->filter[i].filter;
		p->filter_text[i] = filters->filter[i].text;
		p->n_filters++;
	}
}

static int add_points(const struct ws_plan *plan, const struct ws_plan_node *node, struct ws_capture_options *o,
		      struct ws_error *err)
{
	for (uint32_t i = 0; i < node->n_points; i++) {
		if (o->n_points == WS_POINTS_MAX)
			return ws_error(err, -EINVAL, "%s: node %s: more than %d points, those of --point included",
					o->plan_path, node->name, WS_POINTS_MAX);
		for (uint32_t k = 0; k < o->n_points; k++)
			if (strcmp(o->point[k].name, node->point[i].name) == 0)
				return ws_error(err, -EINVAL, "--point %s: the plan has a point of that name",
						node->point[i].name);
		ws_plan_point_options(node, i, o, &o->point[o->n_points++]);
	}
	if (!plan->n_nodes || !node->n_points)
		return ws_error(err, -EINVAL, "%s: no points for node %s", o->plan_path, node->name);
	return 0;
}

int ws_plan_apply(const struct ws_plan *plan, struct ws_capture_options *o, struct ws_error *err)
{
	const struct ws_plan_node *node;
	int rc = ws_plan_here(plan, o->node, &node, err);

	if (rc)
		return rc;
	o->plan = plan;
	o->node = node->name;
	if (!o->has_search_bytes)
		o->search_bytes = plan->search_bytes;
	if (!o->has_contexts) {
		const bool prefers_list = o->wanted.prefers_list;

		rc = ws_wanted_parse(plan->contexts, &o->wanted, err);
		if (rc)
			return rc;
		o->wanted.prefers_list = prefers_list;
	}
	if (!o->has_vxlan_ports && node->n_vxlan_ports) {
		memset(&o->tunnels, 0, sizeof(o->tunnels));
		memcpy(o->tunnels.vxlan_port, node->vxlan_port, node->n_vxlan_ports * sizeof(node->vxlan_port[0]));
	}
	rc = add_points(plan, node, o, err);
	if (rc == 0 && !o->has_ring_bytes)
		o->ring_bytes = ws_plan_ring_bytes(o->n_points);
	return rc;
}
