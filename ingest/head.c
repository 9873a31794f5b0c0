/* SPDX-License-Identifier: BSD-2-Clause */
/* head - see the header. */
#include "ingest/head.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/context.h"

/* Envoy refuses heads of more than 60 KB, and no server takes more than a few hundred. */
#define HEAD_MAX (256u << 10)

/* Segments that the search needed: those that hold a byte before the context's end, or all of them. */
static uint16_t count_segments(const struct ws_head *d)
{
	uint32_t needed = d->record.reason == WS_REASON_CONTEXT ? d->record.ids_end_off : d->len, n = 0;

	while (n + 1 < d->n_segments && d->segment_end[n] < needed)
		n++;
	return (uint16_t)(n + 1);
}

void ws_head_search(struct ws_head *d)
{
	const struct ws_bytes b = { .data = d->bytes, .len = d->len };
	struct ws_record *r = &d->record;
	struct ws_search s;

	/* what an earlier, shorter look had found may not hold any more */
	memset(r->trace_id, 0, sizeof(r->trace_id));
	memset(r->span_id, 0, sizeof(r->span_id));
	memset(r->parent_span_id, 0, sizeof(r->parent_span_id));
	r->family = WS_FAMILY_NONE;
	r->sampled = WS_SAMPLED_UNKNOWN;
	r->flags &= (uint8_t)~WS_FLAG_TRACE_ID_64;
	ws_search_init(&s, UINT32_MAX / 2);
	while (!ws_search_step(&s, &b))
		;
	r->ctx_off = r->ctx_len = r->ids_end_off = 0;
	ws_search_finish(&s, d->len, r);
	r->n_segments = count_segments(d);
}

int ws_head_append(struct ws_head *d, const uint8_t *bytes, uint32_t len)
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
	d->segment_end[d->n_segments++] = d->len;
	return 0;
}

int ws_head_continue(struct ws_head *d, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	uint32_t skip = d->next_seq - seq;
	int rc;

	if (ws_seq_before(d->next_seq, seq) || skip >= len)
		return 0;
	rc = ws_head_append(d, bytes + skip, len - skip);
	return rc ? rc : 1;
}

void ws_head_free(struct ws_head *d)
{
	if (!d)
		return;
	free(d->bytes);
	free(d);
}
