/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts - see the header. */
#include "tests/diff/kernel/hosts.h"

#include <errno.h>
#include <string.h>

#include "ingest/heads.h"
#include "tests/diff/kernel/program.h"

static int keep(void *context, const struct ws_record *record)
{
	struct hosts *h = context;

	if (h->n_records == HOSTS_RECORDS_MAX)
		return -ENOSPC;
	h->record[h->n_records++] = *record;
	return 0;
}

static void give(struct ws_heads *heads, struct hosts *h, const struct passed *p, uint64_t ts_ns)
{
	const struct stream *s = p->stream;
	const struct stream_segment *g = &s->segment[p->segment];
	struct ws_record frame = { .ts_ns = ts_ns, .seq = s->isn + g->from, .n_segments = 1, .point = 3 };
	struct ws_segment segment = { .frame = &frame,
				      .payload = s->bytes + g->from,
				      .captured_len = g->to - g->from,
				      .ack = stream_ack(s, p->segment) };
	int rc;

	carrier_describe(&s->carrier, p->frame_len, g->to - g->from, g->tcp_flags, &frame);
	if (g->from < g->to) {
		rc = ws_heads_segment(heads, &segment);
	} else {
		h->n_frames[WS_REASON_NO_PAYLOAD]++;
		rc = g->tcp_flags & CARRIER_SYN ? ws_heads_restart(heads, &frame) : 0;
	}
	if (rc)
		program_die("the host's path");
}

void hosts_read(struct hosts *h, const struct passed *passed, uint32_t n, const struct ws_wanted *wanted,
		bool (*is_left_out)(const struct stream *s))
{
	struct ws_heads *heads;
	uint64_t last_ns = 0;

	memset(h->n_frames, 0, sizeof(h->n_frames));
	h->n_records = 0;
	heads = ws_heads_new(keep, h, h->n_frames, wanted, UINT32_MAX / 2);
	if (!heads)
		program_die("the host's path");
	for (uint32_t i = 0; i < n; i++) {
		last_ns = passed[i].ts_ns ? passed[i].ts_ns : last_ns;
		if (!is_left_out(passed[i].stream))
			give(heads, h, &passed[i], last_ns);
	}
	if (ws_heads_finish(heads))
		program_die("the host's path");
	ws_heads_free(heads);
}
