/* SPDX-License-Identifier: BSD-2-Clause */
/* head - see the header. */
#include "ingest/head.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/search.h"

/* Envoy refuses heads of more than 60 KB, and no server takes more than a few hundred. */
#define HEAD_MAX (256u << 10)

/* The segment, from 1, that holds the byte before the offset end_off. */
static uint16_t segment_of(const struct ws_head *d, uint32_t end_off)
{
	uint32_t n = 0;

	while (n + 1 < d->n_segments && d->segment_end[n] < end_off)
		n++;
	return (uint16_t)(n + 1);
}

/* What an earlier, shorter look had found may not hold any more. */
static void forget(struct ws_record *r)
{
	memset(r->trace_id, 0, sizeof(r->trace_id));
	memset(r->span_id, 0, sizeof(r->span_id));
	memset(r->parent_span_id, 0, sizeof(r->parent_span_id));
	r->flags &= WS_FLAG_LATER_IN_FRAME;
	r->family = WS_FAMILY_NONE;
	r->sampled = WS_SAMPLED_UNKNOWN;
	r->families = r->malformed = 0;
	r->flaw = WS_FLAW_NONE;
	r->ctx_off = r->ctx_len = r->ids_end_off = 0;
	r->ctx_segment = r->ids_end_segment = 0;
	r->done_ts_ns = 0;
}

/* Walks over the head, and reads the context headers in it. Returns how the walk ended. */
static enum ws_search_end walk(struct ws_head *d, const struct ws_head_reader *reader, struct ws_search *s,
			       struct ws_contexts *contexts)
{
	struct ws_notes notes;
	const struct ws_walk w = { { .data = d->bytes, .len = d->len }, &reader->names, s, &notes };
	struct ws_field field;
	uint32_t at = 0;

	notes.n_words = notes.is_crowded = 0; /* the words are written before they are read */
	ws_search_init(s, UINT32_MAX / 2, 0);
	while (!ws_search_step(&w))
		;
	d->record.flags |= notes.is_crowded ? WS_FLAG_CROWDED : 0;
	while (ws_notes_next(notes.word, notes.n_words, &at, &reader->wanted, &field))
		ws_contexts_add(contexts, &reader->wanted, &field);
	return s->end;
}

void ws_head_search(struct ws_head *d, const struct ws_head_reader *reader)
{
	struct ws_contexts contexts = { 0 };
	struct ws_record *r = &d->record;
	enum ws_search_end end;
	struct ws_search s;
	uint8_t why;

	forget(r);
	end = walk(d, reader, &s, &contexts);
	r->searched_len = s.pos;
	r->n_segments = segment_of(d, s.pos);
	r->http_version = 1;
	d->is_bare = end == WS_SEARCH_IN_METHOD;
	if (end == WS_SEARCH_NOT_HTTP || d->is_bare) {
		r->reason = WS_REASON_OTHER_PAYLOAD;
		return;
	}
	if (!ws_contexts_choose(&contexts, &reader->wanted, UINT32_MAX, r, &why)) {
		r->reason = end == WS_SEARCH_HEAD_END ? why : WS_REASON_SPLIT;
		return;
	}
	r->ctx_segment = segment_of(d, r->ctx_off + 1);
	r->ids_end_segment = segment_of(d, r->ids_end_off);
	for (uint32_t i = 0; i < r->ids_end_segment; i++)
		if (d->segment_ts_ns[i] > r->done_ts_ns)
			r->done_ts_ns = d->segment_ts_ns[i];
}

struct ws_head *ws_head_new(void)
{
	struct ws_head *d = malloc(sizeof(*d));

	if (d)
		memset(d, 0, offsetof(struct ws_head, segment_end));
	return d;
}

int ws_head_append(struct ws_head *d, uint64_t ts_ns, const uint8_t *bytes, uint32_t len)
{
	if (len > HEAD_MAX - d->len || d->n_segments == WS_HEAD_SEGMENTS_MAX)
		return -EMSGSIZE;
	if (d->len + len > d->cap) {
		uint32_t cap = d->len + len < 4096 ? 4096 : 2 * (d->len + len);
		uint8_t *grown = realloc(d->bytes, cap);

		if (!grown)
			return -ENOMEM;
		d->bytes = grown;
		d->cap = cap;
	}
	memcpy(d->bytes + d->len, bytes, len);
	d->len += len;
	d->next_seq += len;
	d->segment_ts_ns[d->n_segments] = ts_ns;
	d->segment_end[d->n_segments++] = d->len;
	return 0;
}

int ws_head_continue(struct ws_head *d, uint64_t ts_ns, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	uint32_t skip = d->next_seq - seq;
	int rc;

	if (ws_seq_before(d->next_seq, seq) || skip >= len)
		return 0;
	rc = ws_head_append(d, ts_ns, bytes + skip, len - skip);
	return rc ? rc : 1;
}

void ws_head_free(struct ws_head *d)
{
	if (!d)
		return;
	free(d->bytes);
	free(d);
}
