/* SPDX-License-Identifier: BSD-2-Clause */
/* traces_answers - see traces.h and traces_inner.h: responses take over the trace of the request that they answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/traces_inner.h"
#include "analyze/radix.h"

/* The last contacts of a connection. */
struct history {
	struct ws_trace_contact at[WS_PIPELINED_MAX];
	uint64_t n; /* seen on the connection; the nth is at n % WS_PIPELINED_MAX */
};

/* The request that a response answers, or NULL. */
static const struct ws_trace_contact *request_of(const struct history *history, const struct ws_trace_contact *response)
{
	for (uint64_t k = history->n; k > 0 && history->n - k < WS_PIPELINED_MAX; k--) {
		const struct ws_trace_contact *before = &history->at[(k - 1) % WS_PIPELINED_MAX];

		if (before->facts.kind == WS_PASSAGE_REQUEST &&
		    ws_seq_is_before(before->facts.seq, response->facts.of_seq))
			return before;
	}
	return NULL;
}

/* A contact among the members of its request's trace. */
static int put_member(struct ws_traces *traces, const struct ws_trace_contact *contact,
		      const struct ws_trace_contact *request)
{
	struct ws_trace_member member = {
		.key = ws_trace_key(request->trace_id),
		.realtime_ns = ws_radix_unbias(contact->key.minor),
		.facts = contact->facts,
		.tuple = (uint32_t)contact->key.major,
		.point = (uint32_t)(contact->key.major >> 32),
	};

	memcpy(member.span_id, request->span_id, sizeof(member.span_id));
	member.facts.of_seq = request->facts.seq;
	member.facts.trace_id_len = request->facts.trace_id_len;
	return ws_sorter_put(traces->members, 0, &member);
}

static int answer(struct ws_traces *traces, struct history *history)
{
	const struct ws_atlas *atlas = traces->atlas;
	const struct ws_trace_contact *contact;
	uint64_t connection = 0;
	const void *record;
	int rc;

	while (!(rc = ws_sorter_next(traces->contacts, &record)) && record) {
		const struct ws_trace_contact *request;

		contact = record;
		history->n = contact->key.major == connection ? history->n : 0;
		connection = contact->key.major;
		request = contact->facts.kind == WS_PASSAGE_REQUEST ? contact : request_of(history, contact);
		traces->n_strange += !request;
		/* what passes elsewhere is no part of any call */
		if (request && atlas->point[connection >> 32].role != WS_ROLE_OTHER)
			rc = put_member(traces, contact, request);
		if (rc)
			break;
		history->at[history->n++ % WS_PIPELINED_MAX] = *contact;
	}
	return rc;
}

int ws_traces_answer(struct ws_traces *traces)
{
	struct history *history = malloc(sizeof(*history));
	int rc = history ? ws_sorter_sort(traces->contacts) : -ENOMEM;

	if (!rc) {
		history->n = 0;
		rc = answer(traces, history);
	}
	free(history);
	ws_sorter_close(traces->contacts);
	traces->contacts = NULL;
	return rc;
}
