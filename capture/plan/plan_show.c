/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_show - see the header. */
#include "capture/plan/plan_show.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/netns.h"

/* One interface, in the namespace that we are in. */
static int check_interface(int socket_fd, const struct ws_plan_node *node, const struct ws_plan_point *p,
			   struct ws_error *err)
{
	const unsigned int ifindex = if_nametoindex(p->interface);
	struct ifreq request = { 0 };

	if (!ifindex)
		return ws_error(err, -ENODEV,
				"node %s: %s: there is no interface %s here; was the snapshot taken before the pod was "
				"replaced? `capture collect` again, and plan again",
				node->name, p->name, p->interface);
	if (p->ifindex && ifindex != p->ifindex)
		return ws_error(
			err, -ENODEV,
			"node %s: %s: interface %s has the index %u here, not %u as in the snapshot: it is another "
			"one by now; `capture collect` again, and plan again",
			node->name, p->name, p->interface, ifindex, p->ifindex);
	strncpy(request.ifr_name, p->interface, sizeof(request.ifr_name) - 1);
	if (ioctl(socket_fd, SIOCGIFFLAGS, &request))
		return ws_error(err, -errno, "interface %s: cannot read its state: %s", p->interface, strerror(errno));
	if (!(request.ifr_flags & IFF_UP))
		return ws_error(err, -ENODEV, "node %s: %s: interface %s is down", node->name, p->name, p->interface);
	return 0;
}

int ws_plan_check(const struct ws_plan_node *node, const char *netns, struct ws_error *err)
{
	int home_fd, socket_fd, leave_rc, rc = ws_netns_enter(netns, &home_fd, err);

	if (rc)
		return rc;
	socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0)
		rc = ws_error(err, -errno, "cannot open a socket: %s", strerror(errno));
	for (uint32_t i = 0; rc == 0 && i < node->n_points; i++)
		rc = check_interface(socket_fd, node, &node->point[i], err);
	if (socket_fd >= 0)
		close(socket_fd);
	leave_rc = ws_netns_leave(home_fd, err);
	return rc ? rc : leave_rc;
}

/* Columns of a text in UTF-8, roughly: its characters. */
static int width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void cell(FILE *out, const char *text, int columns)
{
	fprintf(out, "%s%*s  ", text, columns - width(text), "");
}

static void widen(int *columns, const char *text)
{
	const int n = width(text);

	*columns = n > *columns ? n : *columns;
}

static void show_points(const struct ws_plan *plan, FILE *out)
{
	int node = width("node"), name = width("point"), interface = width("interface"), pod = width("pod");

	for (uint32_t i = 0; i < plan->n_nodes; i++) {
		widen(&node, plan->node[i].name);
		for (uint32_t k = 0; k < plan->node[i].n_points; k++) {
			widen(&name, plan->node[i].point[k].name);
			widen(&interface, plan->node[i].point[k].interface);
			widen(&pod, plan->node[i].point[k].pod);
		}
	}
	cell(out, "node", node);
	cell(out, "point", name);
	cell(out, "interface", interface);
	cell(out, "pod", pod);
	fputs("because\n", out);
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		for (uint32_t k = 0; k < plan->node[i].n_points; k++) {
			const struct ws_plan_point *p = &plan->node[i].point[k];

			cell(out, plan->node[i].name, node);
			cell(out, p->name, name);
			cell(out, p->interface, interface);
			cell(out, *p->pod ? p->pod : "-", pod);
			fprintf(out, "%s\n", p->because);
		}
}

static void show_node(const struct ws_plan_node *node, bool is_checked, FILE *out)
{
	fprintf(out, "\nnode %s\n", node->name);
	fprintf(out, "  overlay: %s", *node->overlay ? node->overlay : "not known");
	if (node->vni >= 0)
		fprintf(out, ", VNI %lld", (long long)node->vni);
	for (uint32_t i = 0; i < node->n_vxlan_ports; i++)
		fprintf(out, "%s%u", i ? "," : ", UDP port ", node->vxlan_port[i]);
	fprintf(out, "%s%s%s\n", *node->overlay_because ? " (" : "", node->overlay_because,
		*node->overlay_because ? ")" : "");
	for (uint32_t i = 0; i < node->filters.n; i++)
		fprintf(out, "  filter of the NIC: %s (%s)\n", node->filters.filter[i].text,
			node->filters.filter[i].because);
	fprintf(out, "  interfaces: %s\n", is_checked ? "are there, with these indexes, and up" : "not checked here");
	for (uint32_t i = 0; i < node->notes.n; i++)
		fprintf(out, "  note: %s\n", node->notes.text[i]);
}

void ws_plan_show(const struct ws_plan *plan, const struct ws_plan_node *checked, FILE *out)
{
	if (plan->n_nodes)
		show_points(plan, out);
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		show_node(&plan->node[i], &plan->node[i] == checked, out);
	if (plan->n_unplanned)
		fprintf(out, "\nnot planned\n");
	for (uint32_t i = 0; i < plan->n_unplanned; i++)
		fprintf(out, "  %s: %s\n", plan->unplanned[i].pod, plan->unplanned[i].because);
	fputc('\n', out);
	for (uint32_t i = 0; i < plan->notes.n; i++)
		fprintf(out, "note: %s\n", plan->notes.text[i]);
	fprintf(out, "search: the first %u bytes of each head, for contexts: %s\n", plan->search_bytes, plan->contexts);
}
