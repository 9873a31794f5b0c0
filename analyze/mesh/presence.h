/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * presence - was a call seen where it must have passed, and if not, why: nobody watched there, or a watched point
 * missed it.
 */
#ifndef WS_ANALYZE_PRESENCE_H
#define WS_ANALYZE_PRESENCE_H

#include "analyze/mesh/calls.h"

enum ws_presence {
	WS_PRESENCE_SEEN,
	WS_PRESENCE_MISSED,    /* the point was watched at that time: lost, or without a context that was found */
	WS_PRESENCE_UNWATCHED, /* no point there, or not at that time; a response: none are recorded there */
	WS_PRESENCE_OFF_WAY,   /* its way does not lead there: the same node, or from outside */
	WS_N_PRESENCES,
};

/* Which point watches what. */
struct ws_lookout;

/* Finds the points of nodes and of pods from what the points say of themselves. 0 or -ENOMEM. The atlas must outlive
 * it. To be closed with ws_lookout_close(). */
int ws_lookout_open(const struct ws_atlas *atlas, struct ws_lookout **watch);

/* Finds what is still missing from where calls were seen; the first that were count. */
void ws_lookout_learn(struct ws_lookout *watch, const struct ws_calls *calls);

/* Can it learn anything at all? Without names it cannot. */
bool ws_lookout_learns(const struct ws_lookout *watch);

/* The same lookout over another atlas of the same runs: what was learned from all traces, for one of them. */
void ws_lookout_move(struct ws_lookout *watch, const struct ws_atlas *atlas);

/* NULL is fine. */
void ws_lookout_close(struct ws_lookout *watch);

/* Of a call's request (is_response: its response) at a station. *point: the point that should have seen it, with
 * WS_PRESENCE_MISSED; may be NULL. */
enum ws_presence ws_lookout_presence(const struct ws_lookout *watch, const struct ws_call *call,
				     enum ws_station station, bool is_response, uint32_t *point);

/* The node of a call's caller (is_callee: its callee), or WS_NO_NODE. */
#define WS_NO_NODE UINT32_MAX
uint32_t ws_lookout_node(const struct ws_lookout *watch, const struct ws_call *call, bool is_callee);

/* "seen", "missed", "not watched", "not on its way". */
const char *ws_presence_name(enum ws_presence presence);

#endif
