/* SPDX-License-Identifier: BSD-2-Clause */
/* streams - see the header. */
#include "tests/diff/kernel/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/names.h"
#include "tests/diff/kernel/answers.h"
#include "tests/diff/kernel/expectation.h"
#include "tests/diff/kernel/hosts.h"

#define COUNT(array)   (sizeof(array) / sizeof(*(array)))
#define STREAMS_MAX    6
#define PASSED_MAX     (STREAMS_MAX * STREAM_SEGMENTS_MAX)
#define FILTERED_DPORT 9090

/* clang-format off */
static const struct judge_setup setups[] = {
	{ "largest window", "default", 0,
	  { .records_responses = 1, .window_bytes = WS_WINDOW_MAX, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
	{ "all families and a user's", "all,header:x-my-trace", 0,
	  { .window_bytes = WS_WINDOW_MAX, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
	{ "by the list, raw IP", "header:x-my-trace,google,aws,b3-single,b3,w3c", 1,
	  { .records_responses = 1, .window_bytes = WS_WINDOW_MAX, .link_proto = 0, .tunnels = { { 4789, 8472 } }, .wakes_reader = 1 } },
	{ "one port", "w3c,b3", 0,
	  { .records_responses = 1, .window_bytes = WS_WINDOW_MAX, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } },
	    .n_filters = 1, .filter = { { .parts = WS_FILTER_DPORT, .dport = 8080 } } } },
	{ "window 1", "default", 0,
	  { .window_bytes = 1, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
	{ "window 100", "default", 0,
	  { .records_responses = 1, .window_bytes = 100, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
	{ "window 800", "default", 1,
	  { .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
	{ "window 2000", "all", 0,
	  { .records_responses = 1, .window_bytes = 2000, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
};
/* clang-format on */

static const char *const story_name[STREAM_N_STORIES] = {
	"in order",
	"a byte a segment",
	"first segment again",
	"other segment again",
	"all again",
	"first segment longer",
	"overlaps",
	"gap",
	"late segment",
	"late first segment",
	"breaks off",
	"not HTTP",
	"answers",
};

/* The streams of a round, and where each is. */
struct round {
	struct stream stream[STREAMS_MAX];
	uint32_t at[STREAMS_MAX];   /* the next segment */
	int32_t after[STREAMS_MAX]; /* the stream whose connection used the same ports before; -1: none */
	uint32_t n;
	struct passed passed[PASSED_MAX];
	uint32_t n_passed;
	struct expectation expectation;
};

static void make_stream(struct dice *d, const struct judge *j, uint32_t i, struct round *r)
{
	struct stream *s = &r->stream[i];
	const struct stream_limits limits = { j->config.window_bytes, &j->wanted };
	enum stream_story story = dice_chance(d, 25) ? STREAM_IN_ORDER : dice_below(d, STREAM_N_STORIES);

	if (!s->bytes && !(s->bytes = malloc(STREAM_BYTES_MAX)))
		program_die("streams");
	r->at[i] = 0;
	r->after[i] = -1;
	if (i > 0 && dice_chance(d, 20)) { /* the same ports again, one after the other */
		r->after[i] = (int32_t)i - 1;
		s->carrier = r->stream[i - 1].carrier;
	} else {
		carrier_make(d, j->config.link_proto == 0, (uint16_t)(32768 + dice_below(d, 20000)),
			     j->config.n_filters && dice_chance(d, 25) ? FILTERED_DPORT : 8080, &s->carrier);
	}
	stream_make(d, &limits, story, s);
	if (r->after[i] >= 0) {
		stream_put_bare(s, 0, CARRIER_SYN);
		if (dice_chance(d, 30))
			stream_put_bare(&r->stream[i - 1], r->stream[i - 1].n_segments,
					dice_chance(d, 50) ? CARRIER_RST : CARRIER_FIN | CARRIER_ACK);
	} else if (dice_chance(d, 50)) {
		stream_put_bare(s, 0, CARRIER_SYN);
	}
}

/* A stream whose turn may come. */
static uint32_t pick_stream(struct dice *d, const struct round *r)
{
	for (;;) {
		const uint32_t i = dice_below(d, r->n);

		if (r->at[i] == r->stream[i].n_segments)
			continue;
		if (r->after[i] < 0 || r->at[r->after[i]] == r->stream[r->after[i]].n_segments)
			return i;
	}
}

static void pass(struct dice *d, struct judge *j, struct round *r, uint32_t i)
{
	static uint8_t frame[CARRIER_FRAME_MAX];
	struct stream *s = &r->stream[i];
	struct passed *p = &r->passed[r->n_passed];
	const struct stream_segment *g = &s->segment[r->at[i]];

	memset(p, 0, sizeof(*p));
	p->stream = s;
	p->segment = r->at[i]++;
	p->frame_len = carrier_frame(&s->carrier, s->isn + g->from - (g->from == g->to), stream_ack(s, p->segment),
				     g->tcp_flags, s->bytes + g->from, g->to - g->from, frame);
	judge_give(j, frame, p->frame_len, dice_chance(d, 10), &p->ts_ns);
	if (j->config.n_filters && s->carrier.dport == FILTERED_DPORT) {
		p->slot = WS_REASON_FILTERED;
		p->sighting = -1;
	} else {
		expectation_take(&r->expectation, p, r->n_passed);
	}
	r->n_passed++;
}

/* The heads as they were made must be read as they were made. */
static void check_reference(const struct judge *j, const struct round *r, struct tally *t)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const struct stream *s = &r->stream[i];

		for (uint32_t k = 0; k < s->n_requests; k++) {
			struct ws_record want, have = { 0 };
			struct reference whole;
			uint8_t why = 0;

			reference_read(s->bytes + s->request[k].off, s->request[k].head_len, WS_WINDOW_MAX, &j->wanted,
				       &whole);
			request_truth(&s->request[k], &j->wanted, WS_WINDOW_MAX, &want);
			if (!ws_contexts_choose(&whole.contexts, &j->wanted, WS_WINDOW_MAX, &have, &why))
				have.reason = why;
			want.flaw = have.flaw;
			if (whole.end == REFERENCE_WHOLE && whole.stop == s->request[k].head_len &&
			    whole.is_body_known == s->request[k].is_body_known &&
			    (!whole.is_body_known || whole.is_chunked ||
			     whole.body_len == s->request[k].len - s->request[k].head_len) &&
			    judge_differ(&have, &want, 0) == 0) {
				t->n_passed++;
				continue;
			}
			if (judge_fails(t)) {
				printf("  reference: not what was written (end %d, %u of %u bytes):\n", whole.end,
				       whole.stop, s->request[k].head_len);
				judge_differ(&have, &want, 1);
				printf("%.*s\n", (int)s->request[k].head_len, s->bytes + s->request[k].off);
			}
		}
	}
}

static void tell_stream(const struct judge *j, const struct round *r, const struct sighting *g, uint64_t seed,
			uint32_t round)
{
	const struct stream *s = g->stream;
	const struct request *q = &s->request[g->request];

	printf("  %s, seed %llu, round %u: stream %u, %s, request %u of %u at %u, head %u B, stop %u, len %u\n",
	       j->setup->name, (unsigned long long)seed, round, (uint32_t)(s - r->stream), story_name[s->story],
	       g->request, s->n_requests, q->off, q->head_len, s->reference[g->request].stop, q->len);
	printf("    segments:");
	for (uint32_t i = 0, n = 0; i < s->n_segments && n < 40; i++) {
		if (s->segment[i].to + 3000 < q->off || s->segment[i].from > q->off + q->len + 3000)
			continue;
		printf(" %u-%u%s", s->segment[i].from, s->segment[i].to, s->segment[i].is_repeat ? "r" : "");
		n++;
	}
	printf("\n");
}

/* Finds the record of a sighting, and takes it away. */
static bool take_record(struct judge *j, const struct ws_record *want, struct ws_record *have)
{
	bool is_near = false;

	for (uint32_t i = 0; i < j->n_records; i++) {
		const struct ws_record *r = &j->record[i];

		if (r->seq != want->seq || r->sport != want->sport || memcmp(r->saddr, want->saddr, 16) ||
		    r->ts_ns != want->ts_ns)
			continue;
		*have = *r;
		j->record[i] = j->record[--j->n_records];
		return true;
	}
	return is_near;
}

static void count_record(const struct ws_record *r, struct tally *t)
{
	t->n_records++;
	t->encap[r->encap]++;
	t->family[r->family]++;
	t->n_of_several += r->ids_end_segment > 1;
	t->n_later += (r->flags & WS_FLAG_LATER_IN_FRAME) != 0;
}

static void check_records(struct judge *j, struct round *r, uint64_t seed, uint32_t round, struct tally *t)
{
	for (uint32_t i = 0; i < r->expectation.n_sightings; i++) {
		const struct sighting *g = &r->expectation.sighting[i];
		struct ws_record want, have = { 0 };

		if (!expectation_record(g, r->passed, &j->wanted, j->config.window_bytes, &want))
			continue;
		want.point = 3;
		if (take_record(j, &want, &have) && judge_differ(&have, &want, 0) == 0) {
			t->n_passed++;
			count_record(&want, t);
			continue;
		}
		if (judge_fails(t)) {
			tell_stream(j, r, g, seed, round);
			if (have.ts_ns)
				judge_differ(&have, &want, 1);
			else
				printf("    no record of frame %u (stamp %llu); expected reason %u, family %u\n",
				       g->frame[0], (unsigned long long)want.ts_ns, want.reason, want.family);
		}
	}
	for (uint32_t i = 0; i < j->n_records; i++) {
		const struct ws_record *have = &j->record[i];

		if (judge_fails(t))
			printf("  %s, seed %llu, round %u: a record too many: port %u, seq %u, reason %u, family %u\n",
			       j->setup->name, (unsigned long long)seed, round, have->sport, have->seq, have->reason,
			       have->family);
	}
}

static void check_account(struct judge *j, struct round *r, const uint64_t have[WS_N_REASONS], uint64_t seed,
			  uint32_t round, struct tally *t)
{
	uint64_t want[WS_N_REASONS] = { 0 }, n_open = 0;

	for (uint32_t i = 0; i < r->n_passed; i++) {
		struct passed *p = &r->passed[i];
		uint32_t slot = p->slot;
		struct ws_record record;

		if (p->sighting >= 0) {
			expectation_record(&r->expectation.sighting[p->sighting], r->passed, &j->wanted,
					   j->config.window_bytes, &record);
			slot = ws_reason_slot(record.reason, record.family);
		}
		want[slot]++;
		n_open += p->is_open && p->sighting < 0;
	}
	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		const bool may_move = i == WS_REASON_HEAD_CONTINUED || i == WS_REASON_OTHER_PAYLOAD;
		const uint64_t gap = have[i] > want[i] ? have[i] - want[i] : want[i] - have[i];

		t->slot[i] += have[i];
		if (gap == 0 || (may_move && gap <= n_open)) {
			t->n_passed += have[i] > 0;
			continue;
		}
		if (judge_fails(t))
			printf("  %s, seed %llu, round %u: %lld frames counted as %s, expected %llu\n", j->setup->name,
			       (unsigned long long)seed, round, (long long)have[i],
			       ws_slot_name(i) ? ws_slot_name(i) : "nothing", (unsigned long long)want[i]);
	}
	if (have[WS_REASON_HEAD_CONTINUED] + have[WS_REASON_OTHER_PAYLOAD] !=
		    want[WS_REASON_HEAD_CONTINUED] + want[WS_REASON_OTHER_PAYLOAD] &&
	    judge_fails(t))
		printf("  %s, seed %llu, round %u: %lld frames without a request, expected %lld\n", j->setup->name,
		       (unsigned long long)seed, round,
		       (long long)(have[WS_REASON_HEAD_CONTINUED] + have[WS_REASON_OTHER_PAYLOAD]),
		       (long long)(want[WS_REASON_HEAD_CONTINUED] + want[WS_REASON_OTHER_PAYLOAD]));
	if (j->n_bad_messages && judge_fails(t))
		printf("  %s, seed %llu, round %u: %u messages refused\n", j->setup->name, (unsigned long long)seed,
		       round, j->n_bad_messages);
}

/* Has the stream a head of more segments than are told apart? Where it ends, the host's path does not know. */
static bool has_fine_head(const struct stream *s)
{
	for (uint32_t i = 0; i < s->n_requests; i++) {
		const struct request *r = &s->request[i];
		uint32_t n = 0;

		for (uint32_t k = 0; k < s->n_segments; k++)
			n += s->segment[k].from >= r->off && s->segment[k].from < r->off + r->head_len;
		if (n >= EXPECTATION_SEGMENTS_MAX)
			return true;
	}
	return false;
}

/* Streams of which the host's path knows more, as it keeps payloads, or less, as it keeps fewer heads that are done. */
static bool is_not_the_same(const struct stream *s)
{
	return s->story == STREAM_NOT_HTTP || s->story == STREAM_GAP || s->story == STREAM_LATE ||
	       s->story == STREAM_LATE_FIRST || s->story == STREAM_REPEATS_FIRST || s->story == STREAM_REPEATS_ALL ||
	       s->story == STREAM_REPEATS_LONGER || has_fine_head(s);
}

/* The host's path must have a record of each sighting, the same one. */
static void check_host(struct judge *j, const struct round *r, uint64_t seed, uint32_t round, struct tally *t)
{
	static struct hosts h;

	hosts_read(&h, r->passed, r->n_passed, &j->wanted, is_not_the_same);
	answers_check_host(&h, r->passed, r->n_passed, is_not_the_same, t);
	for (uint32_t i = 0; i < r->expectation.n_sightings; i++) {
		const struct sighting *g = &r->expectation.sighting[i];
		struct ws_record want, have = { 0 };

		if (is_not_the_same(g->stream) ||
		    !expectation_record(g, r->passed, &j->wanted, j->config.window_bytes, &want))
			continue;
		want.point = 3;
		for (uint32_t k = 0; k < h.n_records; k++)
			if (h.record[k].seq == want.seq && h.record[k].ts_ns == want.ts_ns)
				have = h.record[k];
		t->n_host++;
		if (judge_differ(&have, &want, 0) == 0) {
			t->n_passed++;
			continue;
		}
		if (judge_fails(t)) {
			printf("  the host's path:\n");
			tell_stream(j, r, g, seed, round);
			judge_differ(&have, &want, 1);
		}
	}
}

static void run_round(struct judge *j, uint64_t seed, uint32_t number, struct tally *t)
{
	static struct round r;
	struct dice d = dice_of(seed, number);
	uint64_t have[WS_N_REASONS];
	uint32_t n_left = 0;

	r.n = 1 + dice_below(&d, STREAMS_MAX);
	r.n_passed = r.expectation.n_sightings = 0;
	for (uint32_t i = 0; i < r.n; i++)
		make_stream(&d, j, i, &r);
	for (uint32_t i = 0; i < r.n; i++)
		n_left += r.stream[i].n_segments;
	judge_begin(j);
	for (; n_left; n_left--)
		pass(&d, j, &r, pick_stream(&d, &r));
	judge_end(j, have);
	t->n_frames += r.n_passed;
	check_reference(j, &r, t);
	answers_check(j, r.passed, r.n_passed, t);
	check_records(j, &r, seed, number, t);
	check_account(j, &r, have, seed, number, t);
	if (j->config.window_bytes == WS_WINDOW_MAX && j->config.n_filters == 0)
		check_host(j, &r, seed, number, t);
}

void streams_run(const struct subject *subject, uint64_t seed, uint32_t n_rounds, struct tally *t)
{
	static struct judge j;

	for (uint32_t i = 0; i < COUNT(setups); i++) {
		const uint64_t n_failed = t->n_failed, n_frames = t->n_frames;

		judge_open(&j, &setups[i], subject);
		for (uint32_t k = 0; k < n_rounds; k++)
			run_round(&j, seed * COUNT(setups) + i, k, t);
		judge_close(&j, t);
		printf("%s: streams, %s: %llu frames\n", t->n_failed > n_failed ? "FAILED" : "ok", setups[i].name,
		       (unsigned long long)(t->n_frames - n_frames));
	}
}
