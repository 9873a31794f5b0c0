/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_points - see the header. */
#include "capture/watch_points.h"

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

#include "capture/filter.h"
#include "capture/plan/plan_apply.h"
#include "lib/cluster/cluster.h"

bool ws_watch_is_there(int socket_fd, const char *interface, uint32_t ifindex)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, interface, sizeof(request.ifr_name) - 1);
	if (ioctl(socket_fd, SIOCGIFINDEX, &request))
		return false;
	return !ifindex || (uint32_t)request.ifr_ifindex == ifindex;
}

static bool is_recorded(const struct ws_plan_point *p, const struct ws_capture_options *o, const bool *is_gone)
{
	for (uint32_t i = 0; i < o->n_points; i++)
		if (!is_gone[i] && o->point[i].node && strcmp(o->point[i].interface, p->interface) == 0 &&
		    (!p->ifindex || !o->point[i].ifindex || o->point[i].ifindex == p->ifindex))
			return true;
	return false;
}

static bool is_taken(const char *name, const struct ws_capture_options *o)
{
	for (uint32_t i = 0; i < o->n_points; i++)
		if (strcmp(o->point[i].name, name) == 0)
			return true;
	return false;
}

static void choose_name(const struct ws_capture_options *o, char name[WS_RECFILE_NAME_MAX + 1])
{
	char first[WS_RECFILE_NAME_MAX + 1];
	const size_t len = strlen(name);

	memcpy(first, name, len + 1);
	for (unsigned int n = 2; is_taken(name, o); n++) {
		char number[16];
		const size_t need = (size_t)snprintf(number, sizeof(number), ".%u", n);
		const size_t keep = len + need > WS_RECFILE_NAME_MAX ? WS_RECFILE_NAME_MAX - need : len;

		memcpy(name, first, keep);
		memcpy(name + keep, number, need + 1);
	}
}

uint32_t ws_watch_next_new(const struct ws_plan_node *node, const struct ws_capture_options *o, const bool *is_gone,
			   uint32_t *next, struct ws_point_options *p)
{
	for (; *next < node->n_points; (*next)++) {
		if (is_recorded(&node->point[*next], o, is_gone))
			continue;
		ws_plan_point_options(node, *next, o, p);
		choose_name(o, p->name);
		return (*next)++;
	}
	return UINT32_MAX;
}

bool ws_watch_nics_select(const struct ws_capture_options *o, const bool *is_gone, const char *address)
{
	const struct ws_packet packet = { 0 };
	struct ws_cluster_address bytes;

	if (ws_cluster_address_parse(address, &bytes))
		return false;
	for (uint32_t i = 0; i < o->n_points; i++) {
		const struct ws_point_options *p = &o->point[i];
		const struct ws_filter *filter = p->n_filters ? p->filter : o->filter;
		const uint32_t n = p->n_filters ? p->n_filters : o->n_filters;

		if (is_gone[i] || !p->role || strcmp(p->role, "nic") != 0)
			continue;
		for (uint32_t k = 0; k < n; k++)
			if (ws_filter_matches(&filter[k], &packet, bytes.bytes, bytes.bytes))
				return true;
		if (n == 0)
			return true;
	}
	return false;
}
