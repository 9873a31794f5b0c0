/* SPDX-License-Identifier: BSD-2-Clause */
/* parents - see calls.h and calls_inner.h: which call caused which. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "analyze/mesh/calls_inner.h"

/* So many calls of a trace are looked at for a parent, from the call itself back: a trace of more is no request's. */
#define LOOKED_AT_MAX 4096

/*
 * The stamp of one call at the pod that another goes to or comes from: of the callee's side of one and the caller's
 * side of the other the vport's if both have it, else the NIC's. Both are of one node, so that they compare.
 */
struct meeting {
	int64_t parent_ns;
	int64_t child_ns;
	int64_t answered_ns; /* INT64_MAX: the parent's answer was not seen there */
	bool is_known;
};

/* What speaks for a parent, the most important first. */
struct merit {
	bool is_named;	  /* the child's context names its span */
	bool is_open;	  /* its answer had not begun */
	int64_t since_ns; /* when it came: the latest is the likeliest */
};

static bool is_better(const struct merit *a, const struct merit *b)
{
	if (a->is_named != b->is_named)
		return a->is_named;
	return a->is_open != b->is_open ? a->is_open : a->since_ns > b->since_ns;
}

static struct meeting meet_at(const struct ws_atlas *atlas, const struct ws_call *parent, const struct ws_call *child,
			      enum ws_station there, enum ws_station here)
{
	uint32_t p = parent->request[there], c = child->request[here], answer = parent->response[there];
	struct meeting meeting = { .answered_ns = INT64_MAX };

	if (p == WS_NO_PASSAGE || c == WS_NO_PASSAGE ||
	    atlas->point[atlas->passage[p].point].node != atlas->point[atlas->passage[c].point].node)
		return meeting;
	meeting.parent_ns = atlas->passage[p].realtime_ns;
	meeting.child_ns = atlas->passage[c].realtime_ns;
	if (answer != WS_NO_PASSAGE)
		meeting.answered_ns = atlas->passage[answer].realtime_ns;
	meeting.is_known = true;
	return meeting;
}

/* Does the child's context name the parent's span? With B3 a server goes on with the span id of its client. */
static bool is_named(const struct ws_atlas *atlas, const struct ws_call *parent, const struct ws_call *child)
{
	const struct ws_identity *p = ws_call_identity(atlas, parent), *c = ws_call_identity(atlas, child);

	for (int station = 0; station < WS_N_STATIONS; station++) {
		const struct ws_passage *passage;

		if (child->request[station] == WS_NO_PASSAGE)
			continue;
		passage = &atlas->passage[child->request[station]];
		if (passage->has_parent)
			return !memcmp(passage->parent_span_id, p->span_id, sizeof(p->span_id));
	}
	return !memcmp(c->span_id, p->span_id, sizeof(p->span_id));
}

/*
 * Did the parent go to the pod that makes the child, and before it? A child may begin behind the beginning of the
 * parent's answer: servers send the head of an answer before they have its body.
 */
static bool may_cause(const struct ws_atlas *atlas, const struct ws_call *parent, const struct ws_call *child,
		      struct merit *merit)
{
	struct meeting meeting;

	if (memcmp(parent->callee_address, child->caller_address, sizeof(parent->callee_address)))
		return false;
	meeting = meet_at(atlas, parent, child, WS_STATION_CALLEE_VPORT, WS_STATION_CALLER_VPORT);
	if (!meeting.is_known)
		meeting = meet_at(atlas, parent, child, WS_STATION_CALLEE_NIC, WS_STATION_CALLER_NIC);
	if (!meeting.is_known || meeting.parent_ns >= meeting.child_ns)
		return false;
	*merit = (struct merit) {
		.is_named = is_named(atlas, parent, child),
		.is_open = meeting.child_ns <= meeting.answered_ns,
		.since_ns = meeting.parent_ns,
	};
	return true;
}

static bool same_trace(const struct ws_atlas *atlas, const struct ws_call *a, const struct ws_call *b)
{
	return !memcmp(ws_call_identity(atlas, a)->trace_id, ws_call_identity(atlas, b)->trace_id, 16);
}

/* The parent of a call among those of its trace, which are the n calls from first on; WS_NO_CALL: none. */
static uint32_t parent_of(const struct ws_atlas *atlas, const struct ws_calls *calls, uint32_t first, uint32_t n,
			  uint32_t child)
{
	struct merit best_merit = { 0 }, merit;
	uint32_t best = WS_NO_CALL;

	for (uint32_t i = first; i < first + n; i++) {
		if (i == child || !may_cause(atlas, &calls->at[i], &calls->at[child], &merit) ||
		    (best != WS_NO_CALL && !is_better(&merit, &best_merit)))
			continue;
		best = i;
		best_merit = merit;
	}
	return best;
}

/* Does the way up from the call come back to it? Contradicting clocks could make it so. */
static bool is_in_circle(const struct ws_calls *calls, uint32_t call, uint32_t n)
{
	uint32_t up = calls->at[call].parent;

	for (uint32_t i = 0; i < n && up != WS_NO_CALL && up != call; i++)
		up = calls->at[up].parent;
	return up == call;
}

int ws_parents_assign(const struct ws_atlas *atlas, struct ws_calls *calls)
{
	uint32_t n;

	for (uint32_t first = 0; first < calls->n; first += n) {
		n = 1;
		while (first + n < calls->n && same_trace(atlas, &calls->at[first], &calls->at[first + n]))
			n++;
		for (uint32_t i = 0; i < n; i++) {
			uint32_t from = i > LOOKED_AT_MAX ? i - LOOKED_AT_MAX : 0;
			uint32_t to = i + LOOKED_AT_MAX < n ? i + LOOKED_AT_MAX : n;
			struct ws_call *call = &calls->at[first + i];

			/* clocks of several nodes: a parent may seem to have begun later, and stand behind */
			call->parent = parent_of(atlas, calls, first + from, to - from, first + i);
			if (is_in_circle(calls, first + i, n))
				call->parent = WS_NO_CALL;
			if (call->parent != WS_NO_CALL)
				calls->at[call->parent].n_children++;
		}
	}
	return 0;
}
