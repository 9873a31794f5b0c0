/* SPDX-License-Identifier: BSD-2-Clause */
/* messages - see the header. */
#include "ingest/messages.h"

static void remember(struct ws_messages *m, uint32_t start_seq, uint32_t end_seq)
{
	for (uint32_t i = 0; i < WS_MESSAGES_MAX && i < m->n; i++) {
		if (m->message[i].start_seq == start_seq) {
			m->message[i].end_seq = end_seq;
			return;
		}
	}
	m->message[m->n++ % WS_MESSAGES_MAX] = (struct ws_message) { start_seq, end_seq };
}

bool ws_messages_covers(const struct ws_messages *m, uint32_t seq, uint32_t *end_seq)
{
	for (uint32_t i = 0; i < WS_MESSAGES_MAX && i < m->n; i++) {
		const struct ws_message *known = &m->message[i];

		if (ws_seq_before(known->start_seq, seq) && ws_seq_before(seq, known->end_seq)) {
			*end_seq = known->end_seq;
			return true;
		}
	}
	return false;
}

void ws_messages_continue_body(struct ws_messages *m, uint32_t seq, const uint8_t *bytes, uint32_t len)
{
	struct ws_body *b = &m->body;
	uint32_t skip = b->next_seq - seq;
	bool has_ended;

	if (!b->is_open || ws_seq_before(b->next_seq, seq) || skip >= len)
		return;
	b->next_seq += ws_chunks_read(&b->chunks, bytes + skip, len - skip, &has_ended);
	b->is_open = !has_ended;
	remember(m, b->start_seq, b->next_seq);
}

bool ws_messages_note(struct ws_messages *m, const struct ws_head *d)
{
	const uint32_t start_seq = d->record.seq;
	struct ws_framing f;

	if (ws_framing_read(d->bytes, d->len, &f)) {
		remember(m, start_seq, d->next_seq);
		return false;
	}
	if (f.is_chunked) {
		m->body = (struct ws_body) { .is_open = true,
					     .start_seq = start_seq,
					     .next_seq = start_seq + f.head_len };
		remember(m, start_seq, m->body.next_seq);
		ws_messages_continue_body(m, m->body.next_seq, d->bytes + f.head_len, d->len - f.head_len);
	} else {
		remember(m, start_seq, f.is_open_ended ? d->next_seq : start_seq + f.head_len + (uint32_t)f.body_len);
	}
	return true;
}
