/* SPDX-License-Identifier: BSD-2-Clause */
/* calls - see calls.h: passages are put into calls here; stations.c says where a passage was, answers.c whose a
 * response is, parents.c who caused a call. */
#include "analyze/mesh/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/calls_inner.h"

const char *ws_station_name(enum ws_station station)
{
	static const char *const name[WS_N_STATIONS] = { "caller_vport", "caller_nic", "callee_nic", "callee_vport" };

	return name[station];
}

const struct ws_identity *ws_call_identity(const struct ws_atlas *atlas, const struct ws_call *call)
{
	for (int station = 0; station < WS_N_STATIONS; station++) {
		if (call->request[station] != WS_NO_PASSAGE)
			return &atlas->passage[call->request[station]].identity;
	}
	return NULL;
}

const char *ws_call_caller(const struct ws_atlas *atlas, const struct ws_call *call, char text[WS_OWNER_TEXT_MAX])
{
	return !call->caller && atlas->owners.n ? "outside"
						: ws_owner_service(call->caller, call->caller_address, text);
}

const char *ws_call_callee(const struct ws_call *call, char text[WS_OWNER_TEXT_MAX])
{
	return ws_owner_service(call->callee, call->callee_address, text);
}

/* By trace, span and sequence number, then in the atlas's order, which is that of time. */
static int compare_members(const void *a, const void *b, void *context)
{
	const struct ws_passage *passage = context;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	int order = memcmp(&passage[left].identity, &passage[right].identity, sizeof(passage->identity));

	return order ? order : (left > right) - (left < right);
}

static int reserve(struct ws_calls_work *work, size_t room)
{
	if (room <= work->room)
		return 0;
	free(work->member);
	free(work->call_of);
	free(work->list);
	work->member = malloc(room * sizeof(*work->member));
	work->call_of = malloc(room * sizeof(*work->call_of));
	work->list = malloc(room * sizeof(*work->list));
	work->room = work->member && work->call_of && work->list ? room : 0;
	return work->room ? 0 : -ENOMEM;
}

void ws_calls_work_close(struct ws_calls_work *work)
{
	if (!work)
		return;
	free(work->member);
	free(work->call_of);
	free(work->list);
	*work = (struct ws_calls_work) { 0 };
}

/* The requests of the traces that are asked for, those of one identity side by side. */
static int gather(struct ws_calls_work *work, struct ws_calls *calls)
{
	const struct ws_atlas *atlas = work->atlas;

	if (reserve(work, (size_t)atlas->n_passages + 1))
		return -ENOMEM;
	work->n_members = 0;
	for (uint32_t i = 0; i < atlas->n_passages; i++) {
		const struct ws_passage *passage = &atlas->passage[i];

		work->call_of[i] = WS_NO_CALL;
		if (passage->kind != WS_PASSAGE_REQUEST || !ws_atlas_has_trace(atlas, &passage->identity))
			continue;
		if (atlas->point[passage->point].role == WS_ROLE_OTHER)
			calls->n_elsewhere++;
		else
			work->member[work->n_members++] = i;
	}
	qsort_r(work->member, work->n_members, sizeof(*work->member), compare_members, atlas->passage);
	return 0;
}

/* How many members from first on have the identity of the first. */
static uint32_t group_size(const struct ws_calls_work *work, uint32_t first)
{
	const struct ws_passage *passage = work->atlas->passage;
	uint32_t n = 1;

	while (first + n < work->n_members &&
	       !memcmp(&passage[work->member[first]].identity, &passage[work->member[first + n]].identity,
		       sizeof(passage->identity)))
		n++;
	return n;
}

/* Who calls whom, from the passages nearest to them. */
static void name_parties(const struct ws_atlas *atlas, struct ws_call *call)
{
	const struct ws_passage *first = NULL, *last = NULL;
	const struct ws_tuple *tuple;

	for (int station = 0; station < WS_N_STATIONS; station++) {
		if (call->request[station] == WS_NO_PASSAGE)
			continue;
		last = &atlas->passage[call->request[station]];
		first = first ? first : last;
	}
	tuple = &atlas->tuples.at[first->tuple];
	memcpy(call->caller_address, tuple->saddr, sizeof(call->caller_address));
	call->caller = ws_owners_find(&atlas->owners, tuple->saddr, first->realtime_ns);
	tuple = &atlas->tuples.at[last->tuple];
	memcpy(call->callee_address, tuple->daddr, sizeof(call->callee_address));
	call->callee = ws_owners_find(&atlas->owners, tuple->daddr, last->realtime_ns);
	call->callee_port = tuple->dport;
}

static int make_calls(struct ws_calls_work *work, struct ws_calls *calls)
{
	uint32_t n_groups = 0, n;

	for (uint32_t i = 0; i < work->n_members; i += group_size(work, i))
		n_groups++;
	if (n_groups >= calls->room) {
		struct ws_call *made = malloc(((size_t)n_groups + 1) * sizeof(*made));

		if (!made)
			return -ENOMEM;
		free(calls->at);
		calls->at = made;
		calls->room = n_groups + 1;
	}
	for (uint32_t i = 0; i < work->n_members; i += n) {
		struct ws_call *call = &calls->at[calls->n];

		n = group_size(work, i);
		ws_stations_assign(work->atlas, work->member + i, n, call);
		name_parties(work->atlas, call);
		for (uint32_t k = 0; k < n; k++)
			work->call_of[work->member[i + k]] = calls->n;
		calls->n_requests += n;
		calls->n++;
	}
	return 0;
}

/* When the call was first seen, on whatever clock. */
static int64_t began_ns(const struct ws_atlas *atlas, const struct ws_call *call)
{
	int64_t first_ns = INT64_MAX;

	for (int station = 0; station < WS_N_STATIONS; station++) {
		uint32_t i = call->request[station];

		if (i != WS_NO_PASSAGE && atlas->passage[i].realtime_ns < first_ns)
			first_ns = atlas->passage[i].realtime_ns;
	}
	return first_ns;
}

static int compare_calls(const void *a, const void *b, void *context)
{
	const struct ws_atlas *atlas = context;
	const struct ws_identity *left = ws_call_identity(atlas, a), *right = ws_call_identity(atlas, b);
	int order = memcmp(left->trace_id, right->trace_id, sizeof(left->trace_id));
	int64_t left_ns, right_ns;

	if (order)
		return order;
	left_ns = began_ns(atlas, a);
	right_ns = began_ns(atlas, b);
	if (left_ns != right_ns)
		return left_ns < right_ns ? -1 : 1;
	return memcmp(left, right, sizeof(*left));
}

static void sort_calls(const struct ws_atlas *atlas, struct ws_calls *calls)
{
	if (calls->n > 1)
		qsort_r(calls->at, calls->n, sizeof(*calls->at), compare_calls, (void *)atlas);
}

int ws_calls_open(const struct ws_atlas *atlas, struct ws_calls *calls)
{
	struct ws_calls_work work = { .atlas = atlas };
	struct ws_calls made = { 0 };
	int rc = gather(&work, &made);

	rc = rc ? rc : make_calls(&work, &made);
	if (!rc) {
		ws_answers_assign(&work, &made);
		sort_calls(atlas, &made);
		rc = ws_parents_assign(atlas, &made);
	}
	ws_calls_work_close(&work);
	if (rc)
		ws_calls_close(&made);
	else
		*calls = made;
	return rc;
}

/* The call of that identity: the members are in order of theirs. */
static struct ws_call *find_call(const struct ws_calls_work *work, const struct ws_identity *identity,
				 struct ws_calls *calls)
{
	uint32_t low = 0, high = work->n_members;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(&work->atlas->passage[work->member[middle]].identity, identity, sizeof(*identity));

		if (!order)
			return &calls->at[work->call_of[work->member[middle]]];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int ws_calls_of_trace(struct ws_calls_work *work, const struct ws_identity *answered, struct ws_calls *calls)
{
	const struct ws_atlas *atlas = work->atlas;
	uint32_t n = 0;
	int rc;

	*calls = (struct ws_calls) { .at = calls->at, .room = calls->room };
	rc = gather(work, calls);
	rc = rc ? rc : make_calls(work, calls);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < atlas->n_passages; i++) {
		if (atlas->passage[i].kind == WS_PASSAGE_RESPONSE)
			work->list[n++] = i;
	}
	qsort_r(work->list, n, sizeof(*work->list), ws_connections_compare, atlas->passage);
	for (uint32_t i = 0; i < n; i++) {
		struct ws_call *call = find_call(work, &answered[work->list[i]], calls);

		if (call)
			ws_answer_assign(atlas, work->list[i], call, calls);
	}
	sort_calls(atlas, calls);
	return 0;
}

void ws_calls_close(struct ws_calls *calls)
{
	if (!calls)
		return;
	free(calls->at);
	*calls = (struct ws_calls) { 0 };
}
