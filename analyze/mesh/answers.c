/* SPDX-License-Identifier: BSD-2-Clause */
/* answers - see calls.h and calls_inner.h: to which call a response belongs. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "analyze/mesh/calls_inner.h"

/* Responses before the one that counts: 100 Continue, 103 Early Hints (RFC 9110 15.2). */
static bool is_interim(uint16_t status)
{
	return status >= 100 && status < 200;
}

int ws_connections_compare(const void *a, const void *b, void *context)
{
	const struct ws_passage *passage = context;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	if (passage[left].point != passage[right].point)
		return passage[left].point < passage[right].point ? -1 : 1;
	if (passage[left].tuple != passage[right].tuple)
		return passage[left].tuple < passage[right].tuple ? -1 : 1;
	return (left > right) - (left < right);
}

/*
 * The request that the response at place i of the list answers, or WS_NO_PASSAGE: the last one before it on its
 * connection, at its point, that began before the response's ack.
 */
static uint32_t request_of(const struct ws_passage *passage, const uint32_t *list, uint32_t i)
{
	const struct ws_passage *response = &passage[list[i]];

	for (uint32_t k = i, n = 0; k-- > 0 && n < WS_PIPELINED_MAX; n++) {
		const struct ws_passage *request = &passage[list[k]];

		if (request->point != response->point || request->tuple != response->tuple)
			break;
		if (request->kind == WS_PASSAGE_REQUEST && ws_seq_is_before(request->identity.seq, response->ack))
			return list[k];
	}
	return WS_NO_PASSAGE;
}

/* The station at which the request was seen at that point, or WS_N_STATIONS: what was seen there is a repeat. */
static enum ws_station station_of(const struct ws_atlas *atlas, const struct ws_call *call, uint32_t point)
{
	for (int station = 0; station < WS_N_STATIONS; station++) {
		if (call->request[station] != WS_NO_PASSAGE && atlas->passage[call->request[station]].point == point)
			return station;
	}
	return WS_N_STATIONS;
}

void ws_answer_assign(const struct ws_atlas *atlas, uint32_t response, struct ws_call *call, struct ws_calls *calls)
{
	enum ws_station station = station_of(atlas, call, atlas->passage[response].point);
	uint32_t *place;

	if (station == WS_N_STATIONS) {
		calls->n_unanswered++;
		return;
	}
	calls->n_responses++;
	place = &call->response[station];
	/* the first final one; what comes later is sent again */
	if (*place == WS_NO_PASSAGE ||
	    (is_interim(atlas->passage[*place].status) && !is_interim(atlas->passage[response].status)))
		*place = response;
}

void ws_answers_assign(struct ws_calls_work *work, struct ws_calls *calls)
{
	const struct ws_atlas *atlas = work->atlas;
	uint32_t *list = work->list;

	for (uint32_t i = 0; i < atlas->n_passages; i++)
		list[i] = i;
	qsort_r(list, atlas->n_passages, sizeof(*list), ws_connections_compare, atlas->passage);
	for (uint32_t i = 0; i < atlas->n_passages; i++) {
		uint32_t request;

		if (atlas->passage[list[i]].kind != WS_PASSAGE_RESPONSE)
			continue;
		request = request_of(atlas->passage, list, i);
		if (request == WS_NO_PASSAGE)
			calls->n_unanswered += !atlas->trace_id_len;
		else if (work->call_of[request] != WS_NO_CALL) /* else of a trace that was not asked for */
			ws_answer_assign(atlas, list[i], &calls->at[work->call_of[request]], calls);
	}
}
