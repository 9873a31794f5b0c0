/* SPDX-License-Identifier: BSD-2-Clause */
/* traces - see traces.h. */
#include "analyze/mesh/traces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/bulk.h"
#include "analyze/mesh/traces_inner.h"

/* The sorters, from half of the memory each: both are there while responses look for their requests. */
static int open_sorters(struct ws_traces *traces, uint64_t memory_bytes)
{
	struct ws_sorter_plan plan = {
		.record_bytes = sizeof(struct ws_trace_contact),
		.compare = ws_trace_contact_compare,
		.memory_bytes = memory_bytes / 2,
		.n_writers = WS_COLLECT_PARTS_MAX,
		.n_at_once = ws_bulk_n_threads(),
	};
	int rc = ws_sorter_open(&plan, &traces->contacts);

	plan.record_bytes = sizeof(struct ws_trace_member);
	plan.compare = ws_trace_member_compare;
	return rc ? rc : ws_sorter_open(&plan, &traces->members);
}

int ws_traces_complain(int rc, struct ws_error *err)
{
	return ws_bulk_complain(rc, err);
}

/* The first of a trace's members, if there is one. */
static int look_ahead(struct ws_traces *traces)
{
	const void *record = NULL;
	int rc = ws_sorter_next(traces->members, &record);

	traces->ahead = rc ? NULL : record;
	return rc;
}

int ws_traces_open(const struct ws_invocation *invocation, bool without_spans, struct ws_atlas *atlas,
		   struct ws_traces **traces, struct ws_error *err)
{
	struct ws_traces *made = calloc(1, sizeof(*made));
	const struct ws_atlas_wanted wanted = { .traces = made, .without_spans = without_spans };
	int rc = made ? open_sorters(made, invocation->memory_bytes) : -ENOMEM;

	if (rc) {
		ws_traces_complain(rc, err);
	} else {
		rc = ws_atlas_open(invocation, &wanted, atlas, err);
		if (!rc) {
			made->atlas = atlas;
			made->work.atlas = atlas;
			rc = ws_traces_answer(made);
			rc = rc ? rc : ws_sorter_sort(made->members);
			rc = rc ? rc : look_ahead(made);
			if (rc) {
				ws_traces_complain(rc, err);
				ws_atlas_close(atlas);
				made->atlas = NULL;
			}
		}
	}
	if (rc)
		ws_traces_close(made);
	else
		*traces = made;
	return rc;
}

void ws_traces_close(struct ws_traces *traces)
{
	if (!traces)
		return;
	if (traces->atlas) {
		traces->atlas->passage = NULL;
		traces->atlas->n_passages = 0;
	}
	ws_sorter_close(traces->contacts);
	ws_sorter_close(traces->members);
	free(traces->passage);
	free(traces->answered);
	ws_calls_work_close(&traces->work);
	ws_calls_close(&traces->calls);
	free(traces);
}

static int reserve(struct ws_traces *traces, size_t n)
{
	size_t room = traces->room ? 2 * traces->room : 64;
	struct ws_passage *passage;
	struct ws_identity *answered;

	if (n < traces->room)
		return 0;
	if (room > INT32_MAX)
		return -EOVERFLOW;
	passage = realloc(traces->passage, room * sizeof(*passage));
	if (!passage)
		return -ENOMEM;
	traces->passage = passage;
	answered = realloc(traces->answered, room * sizeof(*answered));
	if (!answered)
		return -ENOMEM;
	traces->answered = answered;
	traces->room = room;
	return 0;
}

static void take(struct ws_traces *traces, const struct ws_trace_member *member, const uint8_t trace_id[16], size_t n)
{
	bool is_request = member->facts.kind == WS_PASSAGE_REQUEST;
	struct ws_identity *identity = &traces->answered[n];
	struct ws_passage *passage = &traces->passage[n];

	memcpy(identity->trace_id, trace_id, sizeof(identity->trace_id));
	memcpy(identity->span_id, member->span_id, sizeof(identity->span_id));
	identity->seq = member->facts.of_seq;
	identity->trace_id_len = member->facts.trace_id_len;
	*passage = (struct ws_passage) {
		.identity = is_request ? *identity : (struct ws_identity) { .seq = member->facts.seq },
		.realtime_ns = member->realtime_ns,
		.done_ns = member->realtime_ns,
		.tuple = member->tuple,
		.point = member->point,
		.status = member->facts.status,
		.kind = member->facts.kind,
		.direction = member->facts.direction,
		.family = member->facts.family,
	};
}

int ws_traces_next(struct ws_traces *traces, const struct ws_calls **calls)
{
	struct ws_sort_key key;
	uint8_t trace_id[16];
	size_t n = 0;
	int rc = 0;

	*calls = NULL;
	if (!traces->ahead)
		return 0;
	key = traces->ahead->key;
	ws_trace_id_of_key(&key, trace_id);
	while (!rc && traces->ahead && traces->ahead->key.major == key.major && traces->ahead->key.minor == key.minor) {
		rc = reserve(traces, n);
		if (rc)
			return rc;
		take(traces, traces->ahead, trace_id, n++);
		rc = look_ahead(traces);
	}
	traces->atlas->passage = traces->passage;
	traces->atlas->n_passages = (uint32_t)n;
	rc = rc ? rc : ws_calls_of_trace(&traces->work, traces->answered, &traces->calls);
	if (rc)
		return rc;
	traces->n_unanswered += traces->calls.n_unanswered;
	*calls = &traces->calls;
	return 0;
}

int ws_traces_rewind(struct ws_traces *traces)
{
	int rc = ws_sorter_rewind(traces->members);

	traces->n_unanswered = 0;
	return rc ? rc : look_ahead(traces);
}

bool ws_traces_any(const struct ws_traces *traces)
{
	return traces->n_requests > 0;
}

uint64_t ws_traces_n_elsewhere(const struct ws_traces *traces)
{
	return traces->n_elsewhere;
}

uint64_t ws_traces_n_unanswered(const struct ws_traces *traces)
{
	return traces->n_strange + traces->n_unanswered;
}
