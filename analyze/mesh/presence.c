/* SPDX-License-Identifier: BSD-2-Clause */
/* presence - see presence.h. */
#include "analyze/mesh/presence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_POINT UINT32_MAX

struct ws_lookout {
	const struct ws_atlas *atlas;
	uint32_t *nic_of;   /* by node: a NIC of it */
	uint32_t *vport_of; /* by owner: the vport of the pod */
	uint32_t *node_of;  /* by owner: index of its node */
};

const char *ws_presence_name(enum ws_presence presence)
{
	static const char *const name[] = { "seen", "missed", "not watched", "not on its way" };

	return name[presence];
}

/* The node of that name; likely: rather this one, which the one before was on. */
static uint32_t find_node(const struct ws_atlas *atlas, const char *name, uint32_t likely)
{
	if (likely != WS_NO_NODE && !strcmp(atlas->node[likely], name))
		return likely;
	for (uint32_t i = 0; i < atlas->n_nodes && *name; i++) {
		if (!strcmp(atlas->node[i], name))
			return i;
	}
	return WS_NO_NODE;
}

static bool is_of_pod(const char *text, const struct ws_owner *owner)
{
	size_t len = strlen(owner->namespace);

	return !strncmp(text, owner->namespace, len) && text[len] == '/' && !strcmp(text + len + 1, owner->name);
}

/* What the points say of themselves. */
static void learn_points(struct ws_lookout *watch)
{
	const struct ws_atlas *atlas = watch->atlas;

	for (uint32_t i = 0; i < atlas->n_points; i++) {
		const struct ws_atlas_point *point = &atlas->point[i];

		if (point->role == WS_ROLE_NIC && watch->nic_of[point->node] == NO_POINT)
			watch->nic_of[point->node] = i;
	}
	for (uint32_t i = 0; i < atlas->owners.n; i++) {
		const struct ws_owner *owner = &atlas->owners.at[i];

		watch->node_of[i] = find_node(atlas, owner->node, i ? watch->node_of[i - 1] : WS_NO_NODE);
		for (uint32_t k = 0; k < atlas->n_points && owner->kind == WS_OWNER_POD; k++) {
			if (*atlas->point[k].pod && is_of_pod(atlas->point[k].pod, owner))
				watch->vport_of[i] = k;
		}
	}
}

static void learn_vport(struct ws_lookout *watch, const struct ws_owner *owner, uint32_t passage)
{
	uint32_t index;

	if (!owner || passage == WS_NO_PASSAGE)
		return;
	index = (uint32_t)(owner - watch->atlas->owners.at);
	if (watch->vport_of[index] == NO_POINT)
		watch->vport_of[index] = watch->atlas->passage[passage].point;
	if (watch->node_of[index] == WS_NO_NODE)
		watch->node_of[index] = watch->atlas->point[watch->atlas->passage[passage].point].node;
}

void ws_lookout_learn(struct ws_lookout *watch, const struct ws_calls *calls)
{
	for (uint32_t i = 0; i < calls->n; i++) {
		learn_vport(watch, calls->at[i].caller, calls->at[i].request[WS_STATION_CALLER_VPORT]);
		learn_vport(watch, calls->at[i].callee, calls->at[i].request[WS_STATION_CALLEE_VPORT]);
	}
}

bool ws_lookout_learns(const struct ws_lookout *watch)
{
	return watch->atlas->owners.n > 0;
}

void ws_lookout_move(struct ws_lookout *watch, const struct ws_atlas *atlas)
{
	watch->atlas = atlas;
}

int ws_lookout_open(const struct ws_atlas *atlas, struct ws_lookout **watch)
{
	struct ws_lookout *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->atlas = atlas;
	made->nic_of = malloc(((size_t)atlas->n_nodes + 1) * sizeof(uint32_t));
	made->vport_of = malloc(((size_t)atlas->owners.n + 1) * sizeof(uint32_t));
	made->node_of = malloc(((size_t)atlas->owners.n + 1) * sizeof(uint32_t));
	if (!made->nic_of || !made->vport_of || !made->node_of) {
		ws_lookout_close(made);
		return -ENOMEM;
	}
	memset(made->nic_of, 0xff, atlas->n_nodes * sizeof(uint32_t));
	memset(made->vport_of, 0xff, atlas->owners.n * sizeof(uint32_t));
	learn_points(made);
	*watch = made;
	return 0;
}

void ws_lookout_close(struct ws_lookout *watch)
{
	if (!watch)
		return;
	free(watch->nic_of);
	free(watch->vport_of);
	free(watch->node_of);
	free(watch);
}

uint32_t ws_lookout_node(const struct ws_lookout *watch, const struct ws_call *call, bool is_callee)
{
	const struct ws_owner *owner = is_callee ? call->callee : call->caller;
	int first = is_callee ? WS_STATION_CALLEE_NIC : WS_STATION_CALLER_VPORT;

	for (int station = first; station < first + 2; station++) {
		uint32_t passage = call->request[station] != WS_NO_PASSAGE ? call->request[station]
									   : call->response[station];

		if (passage != WS_NO_PASSAGE)
			return watch->atlas->point[watch->atlas->passage[passage].point].node;
	}
	return owner ? watch->node_of[owner - watch->atlas->owners.at] : WS_NO_NODE;
}

/* When the call was, by the clock of a node if anything of it was seen there, else by any. */
static int64_t time_of(const struct ws_atlas *atlas, const struct ws_call *call, uint32_t node)
{
	int64_t found_ns = 0;

	for (int i = 0; i < 2 * WS_N_STATIONS; i++) {
		uint32_t passage = (i < WS_N_STATIONS ? call->request : call->response)[i % WS_N_STATIONS];

		if (passage == WS_NO_PASSAGE)
			continue;
		found_ns = atlas->passage[passage].realtime_ns;
		if (atlas->point[atlas->passage[passage].point].node == node)
			break;
	}
	return found_ns;
}

/* The point at a station, NO_POINT; or that the way does not lead there. */
static bool find_point(const struct ws_lookout *watch, const struct ws_call *call, enum ws_station station,
		       uint32_t *point)
{
	bool is_callee = station >= WS_STATION_CALLEE_NIC;
	const struct ws_owner *owner = is_callee ? call->callee : call->caller;
	uint32_t node = ws_lookout_node(watch, call, is_callee);

	*point = NO_POINT;
	if (station == WS_STATION_CALLER_VPORT || station == WS_STATION_CALLEE_VPORT) {
		if (!owner || owner->kind != WS_OWNER_POD)
			return watch->atlas->owners.n == 0;
		*point = watch->vport_of[owner - watch->atlas->owners.at];
		return true;
	}
	if (node == WS_NO_NODE)
		return owner || watch->atlas->owners.n == 0;
	*point = watch->nic_of[node];
	return ws_lookout_node(watch, call, !is_callee) != node;
}

enum ws_presence ws_lookout_presence(const struct ws_lookout *watch, const struct ws_call *call,
				     enum ws_station station, bool is_response, uint32_t *point)
{
	const struct ws_atlas_point *watched;
	int64_t ts_ns;
	uint32_t found;

	if ((is_response ? call->response : call->request)[station] != WS_NO_PASSAGE)
		return WS_PRESENCE_SEEN;
	if (is_response && call->request[station] != WS_NO_PASSAGE)
		found = watch->atlas->passage[call->request[station]].point;
	else if (!find_point(watch, call, station, &found))
		return WS_PRESENCE_OFF_WAY;
	if (found == NO_POINT || (is_response && !watch->atlas->point[found].has_responses))
		return WS_PRESENCE_UNWATCHED;
	watched = &watch->atlas->point[found];
	ts_ns = time_of(watch->atlas, call, watched->node);
	if (ts_ns < watched->first_ns || ts_ns > watched->last_ns)
		return WS_PRESENCE_UNWATCHED;
	if (point)
		*point = found;
	return WS_PRESENCE_MISSED;
}
