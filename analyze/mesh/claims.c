/* SPDX-License-Identifier: BSD-2-Clause */
/* claims - see claims.h. */
#include "analyze/mesh/claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *a, const void *b)
{
	const struct ws_mesh_span *left = *(const struct ws_mesh_span *const *)a;
	const struct ws_mesh_span *right = *(const struct ws_mesh_span *const *)b;
	int order = memcmp(left->trace_id, right->trace_id, sizeof(left->trace_id));

	return order ? order : memcmp(left->span_id, right->span_id, sizeof(left->span_id));
}

static int compare(const void *a, const void *b)
{
	const struct ws_mesh_span *left = *(const struct ws_mesh_span *const *)a;
	const struct ws_mesh_span *right = *(const struct ws_mesh_span *const *)b;
	int order = compare_ids(a, b);

	return order ? order : (left > right) - (left < right);
}

/* Spans by trace and id. */
struct index {
	const struct ws_mesh_span **at;
	uint32_t n;
};

/* Of one id no more spans than this are looked at: there should be two. */
#define SAME_ID_MAX 64

/* The first span of a trace and id; *n of them follow each other. */
static uint32_t find(const struct index *index, const uint8_t *trace_id, const uint8_t *span_id, uint32_t *n)
{
	struct ws_mesh_span wanted = { 0 };
	const struct ws_mesh_span *key = &wanted;
	uint32_t low = 0, high = index->n;

	memcpy(wanted.trace_id, trace_id, sizeof(wanted.trace_id));
	memcpy(wanted.span_id, span_id, sizeof(wanted.span_id));
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_ids(&index->at[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*n = 0;
	while (low + *n < index->n && *n < SAME_ID_MAX && !compare_ids(&index->at[low + *n], &key))
		(*n)++;
	return low;
}

static bool is_servers(const struct ws_mesh_span *span)
{
	return !strcmp(span->kind, "server") || !strcmp(span->kind, "consumer");
}

static bool is_clients(const struct ws_mesh_span *span)
{
	return !strcmp(span->kind, "client") || !strcmp(span->kind, "producer");
}

/* Who made the call that the span answers; NULL: nobody else. */
static const char *caller_of(const struct index *index, const struct ws_mesh_span *span)
{
	const char *found = NULL;
	uint32_t n, first = find(index, span->trace_id, span->span_id, &n);

	for (uint32_t i = first; i < first + n && is_servers(span); i++) {
		if (is_clients(index->at[i]))
			return strcmp(index->at[i]->service, span->service) ? index->at[i]->service : NULL;
	}
	if (!span->has_parent)
		return NULL;
	first = find(index, span->trace_id, span->parent_span_id, &n);
	for (uint32_t i = first; i < first + n; i++) {
		if (!strcmp(index->at[i]->service, span->service))
			return NULL;
		found = found ? found : index->at[i]->service;
	}
	return found;
}

int ws_claims_of_spans(const struct ws_atlas *atlas, struct ws_span_edge **edge, uint32_t *n)
{
	struct index index = { malloc(((size_t)atlas->n_spans + 1) * sizeof(*index.at)), atlas->n_spans };
	struct ws_span_edge *made = malloc(((size_t)atlas->n_spans + 1) * sizeof(*made));
	uint32_t n_made = 0;

	if (!index.at || !made) {
		free(index.at);
		free(made);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < index.n; i++)
		index.at[i] = &atlas->span[i];
	qsort(index.at, index.n, sizeof(*index.at), compare);
	for (uint32_t i = 0; i < index.n; i++) {
		const char *caller = caller_of(&index, index.at[i]);

		if (caller)
			made[n_made++] = (struct ws_span_edge) { caller, index.at[i]->service };
	}
	free(index.at);
	*edge = made;
	*n = n_made;
	return 0;
}
