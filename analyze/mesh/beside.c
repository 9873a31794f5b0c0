/* SPDX-License-Identifier: BSD-2-Clause */
/* beside - see beside.h. */
#include "analyze/mesh/beside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/ns.h"
/* Units of time in which tracers think: the largest of which all times of a trace are whole numbers. */
static int64_t resolution_of(const struct ws_journey *journey)
{
	int64_t resolution_ns = 1000000;

	for (uint32_t i = 0; i < journey->n_beside; i++) {
		const struct ws_mesh_span *span = journey->beside[i].span;

		if (span->start_ns % resolution_ns || span->duration_ns % resolution_ns)
			resolution_ns = 1000;
	}
	return resolution_ns;
}

/* "NAME.NAMESPACE", with whatever follows, or "NAMESPACE/NAME". */
static bool is_qualified(const char *text, const char *name, const char *namespace)
{
	size_t name_len = strlen(name), namespace_len = strlen(namespace);

	if (!name_len || !namespace_len)
		return false;
	if (!strncmp(text, name, name_len) && text[name_len] == '.' &&
	    !strncmp(text + name_len + 1, namespace, namespace_len))
		return !text[name_len + 1 + namespace_len] || text[name_len + 1 + namespace_len] == '.';
	return !strncmp(text, namespace, namespace_len) && text[namespace_len] == '/' &&
	       !strcmp(text + namespace_len + 1, name);
}

bool ws_beside_is_service(const char *service, const struct ws_owner *owner)
{
	if (!owner || !*service)
		return false;
	return !strcmp(service, owner->service) || !strcmp(service, owner->workload) || !strcmp(service, owner->name) ||
	       is_qualified(service, owner->service, owner->namespace) ||
	       is_qualified(service, owner->workload, owner->namespace);
}

static bool is_servers(const struct ws_mesh_span *span)
{
	return !strcmp(span->kind, "server") || !strcmp(span->kind, "consumer");
}

static bool is_clients(const struct ws_mesh_span *span)
{
	return !strcmp(span->kind, "client") || !strcmp(span->kind, "producer");
}

static const struct ws_call *call_of(const struct ws_journey *journey, uint32_t stage)
{
	return &journey->calls->at[journey->stage[stage].call];
}

/* What was seen of a call at one end, on the scale. */
static bool window_of(const struct ws_journey *journey, uint32_t stage, enum ws_end end, int64_t *begin_ns,
		      int64_t *end_ns)
{
	const struct ws_call *call = call_of(journey, stage);
	int64_t shift_ns = journey->stage[stage].shift[end].ns;
	int first = end == WS_END_CALLER ? WS_STATION_CALLER_VPORT : WS_STATION_CALLEE_NIC;
	bool is_seen = false;

	for (int i = 0; i < 4; i++) {
		uint32_t passage = (i < 2 ? call->request : call->response)[first + i % 2];
		int64_t at_ns;

		if (passage == WS_NO_PASSAGE)
			continue;
		at_ns = ws_ns_plus(journey->atlas->passage[passage].realtime_ns, shift_ns);
		*begin_ns = !is_seen || at_ns < *begin_ns ? at_ns : *begin_ns;
		*end_ns = !is_seen || at_ns > *end_ns ? at_ns : *end_ns;
		is_seen = true;
	}
	return is_seen;
}

/* How well a span and an end of a call go together, 0: not at all. Of equals the service decides, then the time. */
static int rank(const struct ws_journey *journey, const struct ws_mesh_span *span, uint32_t stage, enum ws_end *end,
		uint8_t *kinship)
{
	const struct ws_call *call = call_of(journey, stage);
	const struct ws_identity *identity = ws_call_identity(journey->atlas, call);
	bool by_caller = ws_beside_is_service(span->service, call->caller);
	bool by_callee = ws_beside_is_service(span->service, call->callee);
	static const uint8_t none[8];

	if (memcmp(identity->span_id, none, sizeof(none)) != 0) {
		if (!memcmp(identity->span_id, span->span_id, sizeof(none))) {
			*end = is_servers(span) || (!is_clients(span) && by_callee && !by_caller) ? WS_END_CALLEE
												  : WS_END_CALLER;
			*kinship = WS_KINSHIP_ID;
			return *end == WS_END_CALLEE ? 8 + by_callee : 8 + by_caller;
		}
		if (span->has_parent && !memcmp(identity->span_id, span->parent_span_id, sizeof(none)) &&
		    !is_clients(span) && (is_servers(span) || by_callee || !by_caller)) {
			*end = WS_END_CALLEE;
			*kinship = WS_KINSHIP_PARENT;
			return 6 + by_callee;
		}
	}
	*end = is_servers(span) ? WS_END_CALLEE : WS_END_CALLER;
	*kinship = WS_KINSHIP_TIME;
	return (is_servers(span) && by_callee) || (is_clients(span) && by_caller) ? 2 : 0;
}

/* Nanoseconds during which a span and what was seen of a call at one end overlap; negative: that far apart. */
static int64_t overlap(const struct ws_journey *journey, const struct ws_mesh_span *span, uint32_t stage,
		       enum ws_end end)
{
	int64_t begin_ns, end_ns, from_ns = ws_ns_plus(span->start_ns, journey->stage[stage].shift[end].ns);
	int64_t to_ns = ws_ns_plus(from_ns, span->duration_ns);

	if (!window_of(journey, stage, end, &begin_ns, &end_ns))
		return INT64_MIN;
	return ws_ns_less(to_ns < end_ns ? to_ns : end_ns, from_ns > begin_ns ? from_ns : begin_ns);
}

/* A call by the span id in its context. */
struct named {
	uint8_t span_id[8];
	uint32_t stage;
};

/* Calls by span id; of those with the same one, the earlier stage first. */
struct index {
	struct named *at;
	uint32_t n;
};

/* In a trace of more calls than this, spans are found by id only: to compare all with all would take too long. */
#define BY_TIME_MAX 2000

/* The best call for a span so far. */
struct match {
	int rank;
	int64_t overlap_ns;
};

static void consider(const struct ws_journey *journey, struct ws_beside *beside, uint32_t stage, struct match *best)
{
	enum ws_end end;
	uint8_t kinship;
	int ranked = rank(journey, beside->span, stage, &end, &kinship);
	int64_t overlap_ns;

	if (!ranked || ranked < best->rank)
		return;
	overlap_ns = overlap(journey, beside->span, stage, end);
	if ((kinship == WS_KINSHIP_TIME && overlap_ns <= 0) || (ranked == best->rank && overlap_ns <= best->overlap_ns))
		return;
	*best = (struct match) { ranked, overlap_ns };
	beside->stage = stage;
	beside->end = (uint8_t)end;
	beside->kinship = kinship;
}

static int compare_named(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = memcmp(left->span_id, right->span_id, sizeof(left->span_id));

	return order ? order : (left->stage > right->stage) - (left->stage < right->stage);
}

/* Considers the calls whose context names that span; of very many, the first. */
static void consider_named(const struct ws_journey *journey, const struct index *index, const uint8_t span_id[8],
			   struct ws_beside *beside, struct match *best)
{
	uint32_t low = 0, high = index->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(index->at[middle].span_id, span_id, 8) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t i = low; i < index->n && i < low + BY_TIME_MAX && !memcmp(index->at[i].span_id, span_id, 8); i++)
		consider(journey, beside, index->at[i].stage, best);
}

/* Finds the call that the span tells of. */
static void match(const struct ws_journey *journey, const struct index *index, struct ws_beside *beside)
{
	struct match best = { 0, 0 };

	consider_named(journey, index, beside->span->span_id, beside, &best);
	if (beside->span->has_parent)
		consider_named(journey, index, beside->span->parent_span_id, beside, &best);
	for (uint32_t i = 0; i < journey->n_stages && !best.rank && journey->n_stages <= BY_TIME_MAX; i++)
		consider(journey, beside, i, &best);
}

static int make_index(const struct ws_journey *journey, struct index *index)
{
	index->n = journey->n_stages;
	index->at = malloc(((size_t)index->n + 1) * sizeof(*index->at));
	if (!index->at)
		return -ENOMEM;
	for (uint32_t i = 0; i < index->n; i++) {
		index->at[i].stage = i;
		memcpy(index->at[i].span_id, ws_call_identity(journey->atlas, call_of(journey, i))->span_id, 8);
	}
	qsort(index->at, index->n, sizeof(*index->at), compare_named);
	return 0;
}

/* A span without a call: on the clock of its node, if the tracer says which one it is and something was seen there. */
static int64_t shift_of_node(const struct ws_journey *journey, const char *node)
{
	for (uint32_t i = 0; i < journey->n_hops && *node; i++) {
		const struct ws_passage *passage = &journey->atlas->passage[journey->hop[i].passage];

		if (!strcmp(journey->atlas->node[journey->atlas->point[passage->point].node], node))
			return ws_ns_less(journey->hop[i].at_ns, passage->realtime_ns);
	}
	return ws_ns_less(0, journey->begin_ns);
}

/* Does the span overlap with the packets that it tells of? */
static bool fits_packets(const struct ws_journey *journey, const struct ws_beside *beside)
{
	return beside->stage == WS_NO_CALL ||
	       overlap(journey, beside->span, beside->stage, beside->end) >= -journey->resolution_ns;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp((*(struct ws_beside *const *)a)->span->span_id, (*(struct ws_beside *const *)b)->span->span_id,
		      8);
}

/* Of one id no more spans than this are looked at: there should be two. */
#define SAME_ID_MAX 64

/* The place of the first span of the key's id, or where it would be. */
static uint32_t first_of(struct ws_beside *const *by_id, uint32_t n, struct ws_beside *const *key)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_ids(&by_id[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Marks spans that begin after the end of a span that they contain: by_id are all, by span id. */
static void check_children(struct ws_beside **by_id, uint32_t n, int64_t resolution_ns)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct ws_beside *child = by_id[i];
		struct ws_mesh_span wanted_span = { 0 };
		struct ws_beside wanted = { .span = &wanted_span }, *key = &wanted, **found;
		int64_t end_ns = ws_ns_plus(child->at_ns, child->span->duration_ns);

		if (!child->span->has_parent)
			continue;
		memcpy(wanted_span.span_id, child->span->parent_span_id, sizeof(wanted_span.span_id));
		found = by_id + first_of(by_id, n, &key);
		for (uint32_t k = 0; k < SAME_ID_MAX && found < by_id + n && !compare_ids(&key, found); k++, found++) {
			if (*found != child && (*found)->at_ns > ws_ns_plus(end_ns, resolution_ns))
				(*found)->fits = false;
		}
	}
}

static int compare_besides(const void *a, const void *b)
{
	const struct ws_beside *left = a, *right = b;

	if (left->stage != right->stage)
		return left->stage < right->stage ? -1 : 1;
	if (left->at_ns != right->at_ns)
		return left->at_ns < right->at_ns ? -1 : 1;
	if (left->end != right->end)
		return left->end - right->end;
	return (left->span > right->span) - (left->span < right->span);
}

int ws_beside_make(struct ws_journey *journey)
{
	const struct ws_atlas *atlas = journey->atlas;
	struct ws_beside **by_id;
	struct index index = { 0 };
	uint32_t n = 0;

	for (uint32_t i = 0; i < atlas->n_spans; i++)
		n += !memcmp(atlas->span[i].trace_id, journey->trace_id, sizeof(journey->trace_id));
	journey->beside = calloc((size_t)n + 1, sizeof(*journey->beside));
	by_id = malloc(((size_t)n + 1) * sizeof(struct ws_beside *));
	if (!journey->beside || !by_id || make_index(journey, &index)) {
		free(by_id);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < atlas->n_spans; i++) {
		struct ws_beside *beside = &journey->beside[journey->n_beside];

		if (memcmp(atlas->span[i].trace_id, journey->trace_id, sizeof(journey->trace_id)) != 0)
			continue;
		*beside = (struct ws_beside) { .span = &atlas->span[i], .stage = WS_NO_CALL };
		match(journey, &index, beside);
		beside->at_ns = ws_ns_plus(beside->span->start_ns,
					   beside->stage == WS_NO_CALL
						   ? shift_of_node(journey, beside->span->node)
						   : journey->stage[beside->stage].shift[beside->end].ns);
		by_id[journey->n_beside++] = beside;
	}
	journey->resolution_ns = resolution_of(journey);
	for (uint32_t i = 0; i < n; i++)
		journey->beside[i].fits = fits_packets(journey, &journey->beside[i]);
	free(index.at);
	qsort(by_id, n, sizeof(struct ws_beside *), compare_ids);
	check_children(by_id, n, journey->resolution_ns);
	free(by_id);
	qsort(journey->beside, n, sizeof(*journey->beside), compare_besides);
	return 0;
}
