/* SPDX-License-Identifier: BSD-2-Clause */
/* answers - see the header. */
#include "tests/diff/kernel/answers.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define BODY_MAX     4000

static void put(struct stream *s, const char *text)
{
	const uint32_t len = (uint32_t)strlen(text);

	memcpy(s->bytes + s->len, text, len);
	s->len += len;
}

/* Beside status lines what is none, or has no status. No other line has a capital letter or a slash: see may_cut(). */
static void put_line(struct dice *d, struct stream *s)
{
	static const char *const lines[] = { "HTTP/1.1 200 ok",	 "HTTP/1.0 404 not found", "HTTP/1.1 100 continue",
					     "HTTP/1.1 503",	 "HTTP/1.1 2x0 ok",	   "HTTP/1.1  200 ok",
					     "HTTP/1.1 99",	 "HTTP/1.1 1234",	   "HTTP/2.0 200 ok",
					     "HTTP/1.1\t200 ok", "http: 200 ok",	   "HTTP/1.1 :00 ok",
					     "HTTP/1.9 204 none" };
	char line[32];

	if (dice_chance(d, 50)) {
		snprintf(line, sizeof(line), "HTTP/1.%u %03u ok", dice_below(d, 2), dice_below(d, 1000));
		put(s, line);
	} else {
		put(s, lines[dice_below(d, COUNT(lines))]);
	}
	put(s, "\r\n");
}

static void put_answer(struct dice *d, struct stream *s)
{
	put_line(d, s);
	if (dice_chance(d, 80))
		put(s, "content-length: 5\r\nserver: a\r\n\r\n");
	for (uint32_t n = dice_chance(d, 20) ? 0 : dice_below(d, BODY_MAX); n; n--)
		s->bytes[s->len++] = (uint8_t)('a' + dice_below(d, 26));
	if (dice_chance(d, 30))
		put_line(d, s); /* a body may hold one, and a segment begin with it */
}

/* Neither part of the line that is cut there may be taken for the beginning of a request: "HTTP" may, "TTP" may. */
static bool may_cut(const struct stream *s, uint32_t at)
{
	return s->bytes[at] != 'T' && s->bytes[at] != 'P' && s->bytes[at] != '/';
}

/* Where the segment from `from` on ends: mostly where an answer begins, or in its status line. */
static uint32_t segment_end(struct dice *d, const struct stream *s, uint32_t from)
{
	uint32_t end = from + 1 + dice_below(d, dice_chance(d, 30) ? 20 : 1500);
	const uint8_t *line = from + 1 < s->len ? memchr(s->bytes + from + 1, 'H', s->len - from - 1) : NULL;

	if (line && dice_chance(d, 60) && (uint32_t)(line - s->bytes) < from + 60000)
		end = (uint32_t)(line - s->bytes);
	while (end < s->len && !may_cut(s, end))
		end++;
	return end < s->len ? end : s->len;
}

static void repeat_or_swap(struct dice *d, struct stream *s)
{
	const uint32_t at = dice_below(d, s->n_segments);
	const struct stream_segment here = s->segment[at];

	if (dice_chance(d, 50)) {
		s->segment[s->n_segments] = here;
		s->segment[s->n_segments++].is_repeat = 1;
	} else {
		s->segment[at] = s->segment[0];
		s->segment[0] = here;
	}
}

void answers_write(struct dice *d, struct stream *s)
{
	uint32_t from = 0;

	s->len = s->n_requests = s->n_segments = 0;
	for (uint32_t n = 1 + dice_below(d, 8); n; n--)
		put_answer(d, s);
	while (from < s->len && s->n_segments < STREAM_SEGMENTS_MAX / 2) {
		const uint32_t to = segment_end(d, s, from);

		s->segment[s->n_segments++] = (struct stream_segment) { from, to, CARRIER_ACK | CARRIER_PSH, 0 };
		from = to;
	}
	for (uint32_t n = dice_below(d, 3); n; n--)
		repeat_or_swap(d, s);
}

/* What must be recorded of the frame. Returns whether anything is. */
static bool expect(const struct passed *p, uint64_t ts_ns, struct ws_record *want)
{
	const struct stream *s = p->stream;
	const struct stream_segment *g = &s->segment[p->segment];

	if (p->sighting >= 0 || p->slot != WS_REASON_HTTP_RESPONSE)
		return false;
	memset(want, 0, sizeof(*want));
	carrier_describe(&s->carrier, p->frame_len, g->to - g->from, g->tcp_flags, want);
	want->ts_ns = ts_ns;
	want->seq = s->isn + g->from;
	want->n_segments = 1;
	want->point = 3;
	want->reason = WS_REASON_HTTP_RESPONSE;
	want->http_version = 1;
	want->ack = stream_ack(s, p->segment);
	want->status = reference_status(s->bytes + g->from, g->to - g->from);
	return true;
}

/* The record of the frame among n; n if there is none. */
static uint32_t find(const struct ws_record *record, uint32_t n, const struct ws_record *want)
{
	uint32_t i = 0;

	while (i < n && (record[i].reason != WS_REASON_HTTP_RESPONSE || record[i].seq != want->seq ||
			 record[i].ack != want->ack || record[i].sport != want->sport))
		i++;
	return i;
}

static void tell(const char *who, const struct passed *p, const struct ws_record *have, const struct ws_record *want)
{
	const struct stream_segment *g = &p->stream->segment[p->segment];

	printf("  %s: %s of the response in segment %u-%u: %.20s\n", who, have ? "another record" : "no record",
	       g->from, g->to, (const char *)p->stream->bytes + g->from);
	if (have)
		judge_differ(have, want, 1);
}

void answers_check(struct judge *j, const struct passed *passed, uint32_t n, struct tally *t)
{
	for (uint32_t i = 0; i < n && j->config.records_responses; i++) {
		struct ws_record want;
		uint32_t at;

		if (!expect(&passed[i], passed[i].ts_ns, &want))
			continue;
		at = find(j->record, j->n_records, &want);
		if (at < j->n_records && judge_differ(&j->record[at], &want, 0) == 0) {
			t->n_passed++;
			t->n_responses++;
			t->n_without_status += want.status == 0;
			j->record[at] = j->record[--j->n_records];
		} else if (judge_fails(t)) {
			tell(j->setup->name, &passed[i], at < j->n_records ? &j->record[at] : NULL, &want);
		}
	}
}

void answers_check_host(const struct hosts *h, const struct passed *passed, uint32_t n,
			bool (*is_left_out)(const struct stream *s), struct tally *t)
{
	uint32_t n_have = 0, n_want = 0;
	uint64_t last_ns = 0;

	for (uint32_t i = 0; i < h->n_records; i++)
		n_have += h->record[i].reason == WS_REASON_HTTP_RESPONSE;
	for (uint32_t i = 0; i < n; i++) {
		struct ws_record want;
		uint32_t at;

		last_ns = passed[i].ts_ns ? passed[i].ts_ns : last_ns; /* as in hosts_read() */
		if (is_left_out(passed[i].stream) || !expect(&passed[i], last_ns, &want))
			continue;
		n_want++;
		at = find(h->record, h->n_records, &want);
		if (at < h->n_records && judge_differ(&h->record[at], &want, 0) == 0) {
			t->n_passed++;
			t->n_host_responses++;
		} else if (judge_fails(t)) {
			tell("the host's path", &passed[i], at < h->n_records ? &h->record[at] : NULL, &want);
		}
	}
	if (n_have != n_want && judge_fails(t))
		printf("  the host's path: %u responses, expected %u\n", n_have, n_want);
}
