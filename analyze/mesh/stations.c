/* SPDX-License-Identifier: BSD-2-Clause */
/* stations - see calls.h and calls_inner.h: at which of a call's four stations its passages were. */
#include <string.h>

#include "analyze/mesh/calls_inner.h"
#include "lib/record.h"

/* Of a packet that was sent again and again, no more passages than this are looked at: the rest are repeats. */
#define LOOKED_AT_MAX 256

/* Which side of the call a passage is on. */
enum side { SIDE_UNKNOWN, SIDE_CALLER, SIDE_CALLEE };

/* One identity's passages, in order of time. */
struct group {
	const struct ws_atlas *atlas;
	const uint32_t *member;
	uint32_t n;
};

static const struct ws_passage *passage_at(const struct group *group, uint32_t i)
{
	return &group->atlas->passage[group->member[i]];
}

static const struct ws_atlas_point *point_at(const struct group *group, uint32_t i)
{
	return &group->atlas->point[passage_at(group, i)->point];
}

/* What the kernel says: a frame that a vport receives comes from its pod, one that a NIC receives from another node. */
static enum side side_by_kernel(const struct group *group, uint32_t i)
{
	uint8_t direction = passage_at(group, i)->direction;
	enum ws_role role = point_at(group, i)->role;

	if (role == WS_ROLE_OTHER || (direction != WS_DIRECTION_IN && direction != WS_DIRECTION_OUT))
		return SIDE_UNKNOWN;
	return (direction == WS_DIRECTION_IN) == (role == WS_ROLE_VPORT) ? SIDE_CALLER : SIDE_CALLEE;
}

static bool is_pod(const struct ws_owner *owner, const char *full_name)
{
	size_t len = owner ? strlen(owner->namespace) : 0;

	return owner && owner->kind == WS_OWNER_POD && !strncmp(full_name, owner->namespace, len) &&
	       full_name[len] == '/' && !strcmp(full_name + len + 1, owner->name);
}

/* What the names say: whose vport it is, or on which node the addresses' owners are. */
static enum side side_by_owner(const struct group *group, uint32_t i)
{
	const struct ws_atlas *atlas = group->atlas;
	const struct ws_passage *passage = passage_at(group, i);
	const struct ws_atlas_point *point = point_at(group, i);
	const struct ws_tuple *tuple = &atlas->tuples.at[passage->tuple];
	const struct ws_owner *from, *to;
	bool is_from, is_to;

	if (point->role == WS_ROLE_OTHER || !atlas->owners.n)
		return SIDE_UNKNOWN;
	from = ws_owners_find(&atlas->owners, tuple->saddr, passage->realtime_ns);
	to = ws_owners_find(&atlas->owners, tuple->daddr, passage->realtime_ns);
	if (point->role == WS_ROLE_VPORT && *point->pod) {
		is_from = is_pod(from, point->pod);
		is_to = is_pod(to, point->pod);
	} else {
		is_from = from && !strcmp(from->node, atlas->node[point->node]);
		is_to = to && !strcmp(to->node, atlas->node[point->node]);
	}
	return is_from == is_to ? SIDE_UNKNOWN : is_from ? SIDE_CALLER : SIDE_CALLEE;
}

/* The first passage of the role on the node, at another point than not_at; or n. */
static uint32_t first_on_node(const struct group *group, uint32_t node, enum ws_role role, uint32_t not_at)
{
	uint32_t i = 0;

	while (i < group->n && (point_at(group, i)->node != node || point_at(group, i)->role != role ||
				passage_at(group, i)->point == not_at))
		i++;
	return i;
}

/*
 * What the order says: on one node the vport comes before the NIC where a packet leaves, and behind it where it
 * arrives; of two vports the first is the caller's. A point that is alone on its node: whoever saw it first is the
 * caller.
 */
static enum side side_by_order(const struct group *group, uint32_t i)
{
	const struct ws_atlas_point *point = point_at(group, i);
	enum ws_role other = point->role == WS_ROLE_VPORT ? WS_ROLE_NIC : WS_ROLE_VPORT;
	uint32_t there = first_on_node(group, point->node, other, UINT32_MAX), first;
	bool is_earlier;

	if (point->role == WS_ROLE_OTHER)
		return SIDE_UNKNOWN;
	if (there < group->n) {
		is_earlier = first_on_node(group, point->node, point->role, UINT32_MAX) < there;
		return is_earlier == (point->role == WS_ROLE_VPORT) ? SIDE_CALLER : SIDE_CALLEE;
	}
	there = first_on_node(group, point->node, point->role, passage_at(group, i)->point);
	first = first_on_node(group, point->node, point->role, UINT32_MAX);
	if (there < group->n && point->role == WS_ROLE_VPORT)
		return passage_at(group, first)->point == passage_at(group, i)->point ? SIDE_CALLER : SIDE_CALLEE;
	return point_at(group, 0)->node == point->node ? SIDE_CALLER : SIDE_CALLEE;
}

static enum ws_station station_at(const struct group *group, uint32_t i)
{
	enum side side = side_by_kernel(group, i);

	if (side == SIDE_UNKNOWN)
		side = side_by_owner(group, i);
	if (side == SIDE_UNKNOWN)
		side = side_by_order(group, i);
	if (side == SIDE_UNKNOWN)
		return WS_N_STATIONS;
	if (point_at(group, i)->role == WS_ROLE_VPORT)
		return side == SIDE_CALLER ? WS_STATION_CALLER_VPORT : WS_STATION_CALLEE_VPORT;
	return side == SIDE_CALLER ? WS_STATION_CALLER_NIC : WS_STATION_CALLEE_NIC;
}

/* The first passage at the station on the node (UINT32_MAX: any), or n. */
static uint32_t first_at(const struct group *group, enum ws_station station, uint32_t node)
{
	uint32_t i = 0;

	while (i < group->n &&
	       (station_at(group, i) != station || (node != UINT32_MAX && point_at(group, i)->node != node)))
		i++;
	return i;
}

/* The latest at the station and node that is not behind the passage limit; without one the first; or n. */
static uint32_t latest_before(const struct group *group, enum ws_station station, uint32_t node, uint32_t limit)
{
	uint32_t found = first_at(group, station, node);

	for (uint32_t i = found; i < group->n && i <= limit; i++) {
		if (station_at(group, i) == station && point_at(group, i)->node == node)
			found = i;
	}
	return found;
}

static void put(const struct group *group, uint32_t i, uint32_t *station)
{
	if (i < group->n)
		*station = group->member[i];
}

/* The two stations of one side: entry is passed before exit, both on one node. */
static void assign_side(const struct group *group, enum ws_station entry, enum ws_station exit, uint32_t node,
			struct ws_call *call)
{
	uint32_t out = first_at(group, exit, node), in;

	if (out < group->n) {
		in = latest_before(group, entry, point_at(group, out)->node, out);
		put(group, out, &call->request[exit]);
	} else {
		in = first_at(group, entry, node);
	}
	put(group, in, &call->request[entry]);
}

/* The node of the first passage at the station, or UINT32_MAX. */
static uint32_t node_of(const struct group *group, enum ws_station station)
{
	uint32_t i = first_at(group, station, UINT32_MAX);

	return i < group->n ? point_at(group, i)->node : UINT32_MAX;
}

void ws_stations_assign(const struct ws_atlas *atlas, const uint32_t *member, uint32_t n, struct ws_call *call)
{
	const struct group group = { atlas, member, n < LOOKED_AT_MAX ? n : LOOKED_AT_MAX };
	uint32_t n_used = 0, caller, callee;

	*call = (struct ws_call) { .parent = WS_NO_CALL };
	for (int station = 0; station < WS_N_STATIONS; station++)
		call->request[station] = call->response[station] = WS_NO_PASSAGE;
	caller = node_of(&group, WS_STATION_CALLER_VPORT);
	callee = node_of(&group, WS_STATION_CALLEE_VPORT);
	if (caller != UINT32_MAX && caller == callee) { /* pods of one node: past no NIC */
		assign_side(&group, WS_STATION_CALLER_VPORT, WS_STATION_CALLEE_VPORT, caller, call);
	} else {
		assign_side(&group, WS_STATION_CALLER_VPORT, WS_STATION_CALLER_NIC, caller, call);
		assign_side(&group, WS_STATION_CALLEE_NIC, WS_STATION_CALLEE_VPORT, callee, call);
	}
	for (int station = 0; station < WS_N_STATIONS; station++) {
		uint32_t i = call->request[station];

		n_used += i != WS_NO_PASSAGE;
		if (i != WS_NO_PASSAGE && station <= WS_STATION_CALLER_NIC)
			caller = atlas->point[atlas->passage[i].point].node;
		else if (i != WS_NO_PASSAGE)
			callee = atlas->point[atlas->passage[i].point].node;
	}
	for (uint32_t i = 0; i < group.n; i++) {
		const struct ws_atlas_point *point = point_at(&group, i);

		call->n_transits += point->role == WS_ROLE_NIC && point->node != caller && point->node != callee;
	}
	call->n_repeats = n - n_used - call->n_transits;
}
