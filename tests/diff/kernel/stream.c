/* SPDX-License-Identifier: BSD-2-Clause */
/* stream - see the header. */
#include "tests/diff/kernel/stream.h"

#include <stdlib.h>
#include <string.h>

#include "lib/search.h"
#include "tests/diff/kernel/answers.h"

#define CUTS_MAX STREAM_SEGMENTS_MAX
/* The longest method, a blank and a byte of the target. */
#define REQUEST_START 22

/* Places where segments end. */
struct cuts {
	uint32_t at[CUTS_MAX];
	uint32_t n;
};

static void cut_at(struct cuts *c, uint32_t at)
{
	if (c->n < CUTS_MAX)
		c->at[c->n++] = at;
}

static int compare_u32(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* May a reader that knows nothing of the stream take what stands there for the beginning of something? */
static bool looks_like_something(const struct stream *s, uint32_t at)
{
	return (s->bytes[at] >= 'A' && s->bytes[at] <= 'Z') ||
	       reference_slot(s->bytes + at, s->len - at) != WS_REASON_OTHER_PAYLOAD;
}

/* Is it known where the request ends, when its head has passed? */
static bool has_known_end(const struct stream *s, uint32_t i)
{
	return s->reference[i].end == REFERENCE_WHOLE && s->request[i].is_body_known;
}

/* The request that the byte is in; the last one that begins no later. */
static uint32_t request_at(const struct stream *s, uint32_t at)
{
	uint32_t i = 0;

	while (i + 1 < s->n_requests && s->request[i + 1].off <= at)
		i++;
	return i;
}

/*
 * Does the head end behind the window, with an empty line in which the byte is? That end is seen only if it is in one
 * segment with the line before it.
 */
static bool is_in_late_end(const struct stream *s, uint32_t i, uint32_t in)
{
	const struct reference *r = &s->reference[i];

	return r->end == REFERENCE_WHOLE && r->stop - 2 >= s->window && in >= r->stop - 2 && in < r->stop;
}

/* May a segment begin there, in a stream whose segments pass in order? */
static bool may_cut(const struct stream *s, uint32_t at)
{
	const uint32_t i = request_at(s, at), in = at - s->request[i].off;

	if (is_in_late_end(s, i, in))
		return false;
	/* who waits for a segment takes no method for a request; who does not, the end of one */
	if (s->story >= STREAM_REPEATS_FIRST && in < REQUEST_START)
		return in == 0;

	if (in == 0 || in < s->reference[i].stop)
		return true;
	if (has_known_end(s, i))
		return true;
	return !looks_like_something(s, at);
}

static void cut_by_size(struct dice *d, const struct stream *s, uint32_t low, uint32_t high, struct cuts *c)
{
	for (uint32_t at = dice_between(d, low, high); at < s->len; at += dice_between(d, low, high))
		cut_at(c, at);
}

static void cut_at_marks(struct dice *d, const struct stream *s, struct cuts *c)
{
	for (uint32_t i = 0; i < s->n_requests; i++) {
		const struct request *r = &s->request[i];

		for (uint32_t n = 1 + dice_below(d, 6); n; n--)
			cut_at(c, r->off + r->mark[dice_below(d, r->n_marks)]);
	}
}

static void cut_anyhow(struct dice *d, const struct stream *s, struct cuts *c)
{
	switch (dice_below(d, 7)) {
	case 0: /* requests as they are */
		break;
	case 1:
		cut_by_size(d, s, 1, 2920, c);
		break;
	case 2:
		cut_by_size(d, s, 1448, 1448, c);
		break;
	case 3:
		cut_by_size(d, s, 200, CARRIER_PAYLOAD_MAX, c);
		return;
	case 4:
		if (s->len < 20000)
			cut_by_size(d, s, 1, 30, c);
		break;
	default:
		cut_at_marks(d, s, c);
		if (dice_chance(d, 50))
			return;
	}
	for (uint32_t i = 1; i < s->n_requests; i++)
		if (dice_chance(d, 80))
			cut_at(c, s->request[i].off);
}

static void insert(struct stream *s, uint32_t at, struct stream_segment segment)
{
	memmove(s->segment + at + 1, s->segment + at, (s->n_segments - at) * sizeof(segment));
	s->segment[at] = segment;
	s->n_segments++;
}

/*
 * Where segments pass again, what is known of the flow may be about something else by then: a request that begins in
 * mid-segment is seen again only behind another one in there.
 */
static void cut_for_repeats(struct stream *s)
{
	for (uint32_t i = 0; i < s->n_segments && s->n_segments < STREAM_SEGMENTS_MAX; i++) {
		struct stream_segment *segment = &s->segment[i], rest = *segment;
		const struct request *r = &s->request[request_at(s, segment->from)];

		if (r->off == segment->from || r->off + r->len >= segment->to)
			continue;
		segment->to = rest.from = r->off + r->len;
		insert(s, i + 1, rest);
	}
}

/* Adds a segment, or several where it would be too long. Returns to. */
static uint32_t add_segments(struct stream *s, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint32_t end = to - from > CARRIER_PAYLOAD_MAX ? from + CARRIER_PAYLOAD_MAX : to;

		while (end < to && !may_cut(s, end))
			end--;
		s->segment[s->n_segments++] = (struct stream_segment) { from, end, CARRIER_ACK | CARRIER_PSH, 0 };
		from = end;
	}
	return to;
}

/* The stream in segments, in order. */
static void lay_out(struct stream *s, struct cuts *c)
{
	uint32_t from = 0;

	for (uint32_t i = 1; i < s->n_requests; i++)
		if (!has_known_end(s, i - 1))
			cut_at(c, s->request[i].off);
	qsort(c->at, c->n, sizeof(*c->at), compare_u32);
	s->n_segments = 0;
	for (uint32_t i = 0; i < c->n && s->n_segments < STREAM_SEGMENTS_MAX - 100; i++)
		if (c->at[i] > from && c->at[i] < s->len && may_cut(s, c->at[i]))
			from = add_segments(s, from, c->at[i]);
	add_segments(s, from, s->len);
}

static uint32_t head_size(struct dice *d, enum stream_story story)
{
	if (story == STREAM_ONE_BYTE)
		return dice_between(d, 60, 400);
	switch (dice_below(d, 12)) {
	case 0:
	case 1:
		return 0;
	case 2:
		return dice_between(d, 1500, 9000);
	case 3:
		return dice_below(d, 4) ? 2000 : dice_between(d, 16000, 40000);
	case 4:
		return dice_below(d, 4) ? 1448 : dice_between(d, 40000, REQUEST_HEAD_MAX);
	default:
		return dice_between(d, 300, 1600);
	}
}

static void write_requests(struct dice *d, const struct stream_limits *limits, struct stream *s)
{
	const bool is_bare = s->story == STREAM_ONE_BYTE;
	uint32_t n = is_bare ? 1 + dice_below(d, 3) : 1 + dice_below(d, dice_chance(d, 80) ? 5 : STREAM_REQUESTS_MAX);

	s->len = s->n_requests = 0;
	while (n--) {
		struct request *r = &s->request[s->n_requests];
		const struct request_kind kind = {
			.head_len = head_size(d, s->story),
			.body_max = s->story >= STREAM_GAP ? 0
				    : is_bare		   ? 30
							   : 2000u * dice_pick_of(d, (uint32_t[]) { 1, 1, 1, 10 }, 4),
			.place = dice_below(d, 3),
			.has_context = dice_chance(d, 80),
			.ends_openly = s->story == STREAM_IN_ORDER
		};

		if (s->len + kind.head_len + kind.body_max + 20000 > STREAM_BYTES_MAX)
			break;
		request_make(d, &kind, s->bytes + s->len, r);
		r->off = s->len;
		reference_read(s->bytes + s->len, r->head_len, limits->window, limits->wanted,
			       &s->reference[s->n_requests++]);
		s->len += r->len;
	}
}

static void take_out(struct stream *s, uint32_t at)
{
	s->n_segments--;
	memmove(s->segment + at, s->segment + at + 1, (s->n_segments - at) * sizeof(*s->segment));
}

void stream_put_bare(struct stream *s, uint32_t at, uint8_t tcp_flags)
{
	const uint32_t off = at < s->n_segments ? s->segment[at].from : s->len;

	insert(s, at, (struct stream_segment) { off, off, tcp_flags, 0 });
}

/* Is the segment's first byte that of a request? */
static bool begins_request(const struct stream *s, uint32_t segment)
{
	return s->request[request_at(s, s->segment[segment].from)].off == s->segment[segment].from;
}

/* A segment that begins in a head behind its first byte; UINT32_MAX if there is none. */
static uint32_t pick_inside(struct dice *d, const struct stream *s)
{
	for (int i = 0; i < 30; i++) {
		const uint32_t n = dice_below(d, s->n_segments);
		const uint32_t r = request_at(s, s->segment[n].from), in = s->segment[n].from - s->request[r].off;

		if (in > 0 && in < s->reference[r].stop)
			return n;
	}
	return UINT32_MAX;
}

static void repeat_first(struct dice *d, struct stream *s)
{
	const uint32_t n = dice_below(d, s->n_segments);
	struct stream_segment again = s->segment[n];

	if (!begins_request(s, n))
		return;
	again.is_repeat = 1;
	insert(s, n + 1 + dice_below(d, dice_chance(d, 60) ? 1 : s->n_segments - n), again);
}

/* A repeated segment is looked at where nothing is known of its flow. */
static void repeat_other(struct dice *d, struct stream *s)
{
	const uint32_t n = dice_below(d, s->n_segments), r = request_at(s, s->segment[n].from);
	struct stream_segment again = s->segment[n];
	const bool is_in_progress = again.to < s->request[r].off + s->reference[r].stop;

	if (begins_request(s, n) || (!is_in_progress && looks_like_something(s, again.from)))
		return;
	again.is_repeat = 1;
	insert(s, n + 1 + dice_below(d, is_in_progress || dice_chance(d, 60) ? 1 : s->n_segments - n), again);
}

/* All of them come again, from some request on. */
static void repeat_all(struct dice *d, struct stream *s)
{
	const uint32_t n = s->n_segments;
	uint32_t first = dice_below(d, n);

	if (n > STREAM_SEGMENTS_MAX / 3)
		return;
	while (!begins_request(s, first))
		first--;
	for (uint32_t i = first; i < n; i++)
		if (!begins_request(s, i) && looks_like_something(s, s->segment[i].from))
			return;
	for (uint32_t i = first; i < n; i++) {
		s->segment[s->n_segments] = s->segment[i];
		s->segment[s->n_segments++].is_repeat = 1;
	}
}

/* The first segment of a head comes again with a part of the next one, or with less than before. */
static void repeat_longer(struct dice *d, struct stream *s)
{
	const uint32_t n = dice_below(d, s->n_segments - 1);
	struct stream_segment again = s->segment[n];
	const struct stream_segment *next = &s->segment[n + 1];
	const uint32_t r = request_at(s, again.from);

	if (!begins_request(s, n) || again.to >= s->request[r].off + s->reference[r].stop || again.is_repeat)
		return;
	if (dice_chance(d, 70))
		again.to += dice_below(d, next->to - next->from);
	else if (again.to - again.from > 1)
		again.to -= dice_below(d, again.to - again.from - 1);
	if (again.to - again.from > CARRIER_PAYLOAD_MAX || request_at(s, again.to - 1) != r ||
	    is_in_late_end(s, r, again.to - s->request[r].off))
		return;
	again.is_repeat = again.to <= s->segment[n].to;
	insert(s, n + 1, again);
}

/* Begins within what has passed. */
static void overlap(struct dice *d, struct stream *s)
{
	const uint32_t n = pick_inside(d, s);
	struct stream_segment *segment;
	uint32_t room;

	if (n == UINT32_MAX)
		return;
	segment = &s->segment[n];
	room = segment->from - s->request[request_at(s, segment->from)].off - 1;
	if (room > 300)
		room = 300;
	if (room && segment->to - segment->from + room < CARRIER_PAYLOAD_MAX)
		segment->from -= 1 + dice_below(d, room);
}

static void lose(struct dice *d, struct stream *s)
{
	const uint32_t n = pick_inside(d, s);

	if (n != UINT32_MAX)
		take_out(s, n);
}

static void delay(struct dice *d, struct stream *s, bool is_first)
{
	uint32_t n = pick_inside(d, s), to;
	struct stream_segment late;

	if (n == UINT32_MAX)
		return;
	if (is_first)
		while (!begins_request(s, n))
			n--;
	late = s->segment[n];
	to = n + 1 + (is_first ? 0 : dice_below(d, 2));
	if (to >= s->n_segments || begins_request(s, n + 1) || begins_request(s, to) ||
	    request_at(s, s->segment[to].to - 1) != request_at(s, late.from) ||
	    (is_first && looks_like_something(s, s->segment[n + 1].from)))
		return;
	take_out(s, n);
	insert(s, to, late);
}

static void break_off(struct dice *d, struct stream *s)
{
	const uint32_t n = pick_inside(d, s);

	if (n != UINT32_MAX)
		s->n_segments = n;
}

/* Bytes that are no request: a response, TLS, or anything. */
static void write_other(struct dice *d, struct stream *s)
{
	static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	uint32_t len = dice_between(d, 1, 3000), n = 1 + dice_below(d, 5);

	s->n_requests = s->len = s->n_segments = 0;
	while (n--) {
		const uint32_t from = s->len, kind = dice_below(d, 3);

		for (uint32_t i = 0; i < len; i++)
			s->bytes[s->len++] = (uint8_t)(kind ? dice_u64(d) : 'a');
		if (kind == 1 && len > sizeof(response))
			memcpy(s->bytes + from, response, sizeof(response) - 1);
		else if (kind == 2 && len > 3)
			memcpy(s->bytes + from, "\x17\x03\x03", 3);
		else
			s->bytes[from] = 'z';
		s->segment[s->n_segments++] = (struct stream_segment) { from, s->len, CARRIER_ACK | CARRIER_PSH, 0 };
	}
}

void stream_make(struct dice *d, const struct stream_limits *limits, enum stream_story story, struct stream *s)
{
	static struct cuts c;
	uint32_t n = 1 + dice_below(d, 3);

	s->story = story;
	s->window = limits->window;
	s->isn = dice_chance(d, 5) ? 0u - dice_below(d, 3000) : (uint32_t)dice_u64(d);
	if (story == STREAM_NOT_HTTP || story == STREAM_ANSWERS) {
		if (story == STREAM_ANSWERS)
			answers_write(d, s);
		else
			write_other(d, s);
		return;
	}
	write_requests(d, limits, s);
	c.n = 0;
	if (story == STREAM_ONE_BYTE && limits->window == WS_WINDOW_MAX)
		cut_by_size(d, s, 1, 1, &c);
	else
		cut_anyhow(d, s, &c);
	if (story >= STREAM_GAP)
		for (uint32_t i = 1; i < s->n_requests; i++)
			cut_at(&c, s->request[i].off);
	lay_out(s, &c);
	if (story >= STREAM_REPEATS_FIRST && story <= STREAM_OVERLAPS)
		cut_for_repeats(s);
	while (n-- && s->n_segments > 1 && s->n_segments < STREAM_SEGMENTS_MAX - 10) {
		if (story == STREAM_REPEATS_FIRST)
			repeat_first(d, s);
		else if (story == STREAM_REPEATS_OTHER)
			repeat_other(d, s);
		else if (story == STREAM_REPEATS_LONGER)
			repeat_longer(d, s);
	}
	if (s->n_segments < 2)
		return;
	if (story == STREAM_REPEATS_ALL)
		repeat_all(d, s);
	else if (story == STREAM_OVERLAPS)
		overlap(d, s);
	else if (story == STREAM_GAP)
		lose(d, s);
	else if (story == STREAM_LATE || story == STREAM_LATE_FIRST)
		delay(d, s, story == STREAM_LATE_FIRST);
	else if (story == STREAM_BREAKS_OFF)
		break_off(d, s);
}
