/* SPDX-License-Identifier: BSD-2-Clause */
/* atlas_mesh - see atlas.h and atlas_inner.h: what the mesh's tracer and the clocks' keepers say. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/mesh/atlas_inner.h"
#include "analyze/query.h"
#include "analyze/text_pool.h"

/* Makes room for one more element of size bytes in *list, behind n; it is doubled at powers of two. 0 or -ENOMEM. */
static int grow(void *list, uint32_t n, size_t size)
{
	void *grown;

	if (n & (n - 1))
		return 0;
	grown = realloc(*(void **)list, (n ? 2 * (size_t)n : 1) * size);
	if (!grown)
		return -ENOMEM;
	*(void **)list = grown;
	return 0;
}

static int take_span(sqlite3_stmt *row, void *context)
{
	struct ws_atlas *atlas = context;
	struct ws_mesh_span span = {
		.has_parent = sqlite3_column_type(row, 2) != SQLITE_NULL,
		.start_ns = sqlite3_column_int64(row, 3),
		.duration_ns = sqlite3_column_int64(row, 4),
		.service = ws_text_pool_add(&atlas->texts, ws_query_text(row, 5)),
		.kind = ws_text_pool_add(&atlas->texts, ws_query_text(row, 6)),
		.operation = ws_text_pool_add(&atlas->texts, ws_query_text(row, 7)),
		.node = ws_text_pool_add(&atlas->texts, ws_query_text(row, 8)),
		.pod = ws_text_pool_add(&atlas->texts, ws_query_text(row, 9)),
	};

	if (grow(&atlas->span, atlas->n_spans, sizeof(span)) || !span.service || !span.kind || !span.operation ||
	    !span.node || !span.pod)
		return -ENOMEM;
	if (ws_query_bytes(row, 0, span.trace_id, 16) || ws_query_bytes(row, 1, span.span_id, 8) ||
	    (span.has_parent && ws_query_bytes(row, 2, span.parent_span_id, 8)))
		return -EPROTO;
	atlas->span[atlas->n_spans++] = span;
	return 0;
}

static int take_claim(sqlite3_stmt *row, void *context)
{
	struct ws_atlas *atlas = context;
	struct ws_claim claim = {
		.caller = ws_text_pool_add(&atlas->texts, ws_query_text(row, 0)),
		.callee = ws_text_pool_add(&atlas->texts, ws_query_text(row, 1)),
		.n_calls = (uint64_t)sqlite3_column_int64(row, 2),
	};

	if (grow(&atlas->claim, atlas->n_claims, sizeof(claim)) || !claim.caller || !claim.callee)
		return -ENOMEM;
	atlas->claim[atlas->n_claims++] = claim;
	return 0;
}

static int take_clock_word(sqlite3_stmt *row, void *context)
{
	struct ws_atlas *atlas = context;
	struct ws_clock_word word = {
		.method = ws_text_pool_add(&atlas->texts, ws_query_text(row, 1)),
		.offset_ns = sqlite3_column_int64(row, 2),
		.bound_ns = (uint64_t)sqlite3_column_int64(row, 3),
	};

	if (grow(&atlas->clock_word, atlas->n_clock_words, sizeof(word)) || !word.method)
		return -ENOMEM;
	if (ws_atlas_node(atlas, ws_query_text(row, 0), &word.node))
		return -ENOMEM;
	atlas->clock_word[atlas->n_clock_words++] = word;
	return 0;
}

int ws_atlas_read_mesh(struct ws_atlas *atlas, struct ws_atlas_run *run, bool with_spans, struct ws_error *err)
{
	static const char columns[] = "SELECT trace_id, span_id, parent_span_id, start_ns, duration_ns, service, kind,"
				      " operation, node, pod FROM span";
	char query[320], hex[33] = "";
	int rc = 0;

	if (atlas->trace_id_len) {
		for (uint32_t i = 0; i < atlas->trace_id_len; i++)
			snprintf(hex + (size_t)2 * i, 3, "%02x", atlas->trace_id[i]);
		snprintf(query, sizeof(query), "%s WHERE trace_id = x'%s%s'", columns,
			 atlas->trace_id_len == 8 ? "0000000000000000" : "", hex);
	} else {
		snprintf(query, sizeof(query), "%s", columns);
	}
	if (with_spans)
		rc = ws_query_each(run->store, query, 0, "the mesh's spans", take_span, atlas, err);
	if (!rc)
		rc = ws_query_each(run->store, "SELECT caller, callee, n_calls FROM dependency", 0,
				   "the mesh's dependencies", take_claim, atlas, err);
	if (!rc)
		rc = ws_query_each(run->store,
				   "SELECT node, method, offset_ns, bound_ns FROM synchronization"
				   " ORDER BY coalesce(at_ns, 0), rowid",
				   0, "what is said of clocks", take_clock_word, atlas, err);
	return rc;
}

static int compare_spans(const void *a, const void *b)
{
	const struct ws_mesh_span *left = a, *right = b;
	int order = (left->start_ns > right->start_ns) - (left->start_ns < right->start_ns);

	if (!order)
		order = memcmp(left->trace_id, right->trace_id, sizeof(left->trace_id));
	if (!order)
		order = memcmp(left->span_id, right->span_id, sizeof(left->span_id));
	if (!order)
		order = strcmp(left->service, right->service);
	return order ? order : strcmp(left->kind, right->kind);
}

static int compare_claims(const void *a, const void *b)
{
	const struct ws_claim *left = a, *right = b;
	int order = strcmp(left->caller, right->caller);

	if (!order)
		order = strcmp(left->callee, right->callee);
	return order ? order : (left->n_calls < right->n_calls) - (left->n_calls > right->n_calls);
}

/* The runs of a campaign have the same snapshot, so that each has what it says once more. */
void ws_atlas_settle_mesh(struct ws_atlas *atlas)
{
	uint32_t n = 0;

	if (atlas->n_spans)
		qsort(atlas->span, atlas->n_spans, sizeof(*atlas->span), compare_spans);
	for (uint32_t i = 0; i < atlas->n_spans; i++) {
		if (!n || compare_spans(&atlas->span[n - 1], &atlas->span[i]))
			atlas->span[n++] = atlas->span[i];
	}
	atlas->n_spans = n;
	if (atlas->n_claims)
		qsort(atlas->claim, atlas->n_claims, sizeof(*atlas->claim), compare_claims);
	n = 0;
	for (uint32_t i = 0; i < atlas->n_claims; i++) {
		const struct ws_claim *claim = &atlas->claim[i];

		/* of several numbers, the largest: the same snapshot, or a later one */
		if (!n || strcmp(atlas->claim[n - 1].caller, claim->caller) ||
		    strcmp(atlas->claim[n - 1].callee, claim->callee))
			atlas->claim[n++] = *claim;
	}
	atlas->n_claims = n;
	n = 0;
	for (uint32_t i = 0; i < atlas->n_clock_words; i++) {
		const struct ws_clock_word *word = &atlas->clock_word[i];
		uint32_t k = 0;

		while (k < n &&
		       (atlas->clock_word[k].node != word->node || atlas->clock_word[k].method != word->method))
			k++;
		atlas->clock_word[k] = *word; /* the last one said counts */
		n += k == n;
	}
	atlas->n_clock_words = n;
}
