/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_stream - a libFuzzer target: HTTP/1.x requests one after the other in a TCP stream that is cut anywhere.
 *
 * Input: orders to write requests with contexts, other header lines, and bodies of any bytes, whose ends are announced
 * (Content-Length, or chunked); what is left of it says where the stream is cut. What must hold is checked by abort():
 *	- the stream in one segment, in segments cut anywhere, and in these with some sent again later, holds the same
 *	  requests, with the same contexts at the same places of the stream
 *	- each request that was written is there once, and bodies that look like requests are none
 *	- every segment is in the ledger once
 *	- nothing outside a segment is read: each lies in a heap block of its size
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "ingest/heads.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/must.h"

#define STREAM_MAX   32768
#define REQUEST_MAX  1200	 /* head and body at most */
#define REQUESTS_MAX 8		 /* fewer than WS_MESSAGES_MAX */
#define CUTS_MAX     200	 /* a head has fewer segments than WS_HEAD_SEGMENTS_MAX */
#define FIRST_SEQ    0xffffff00u /* wraps soon */

struct stream {
	char bytes[STREAM_MAX];
	uint32_t len;
	uint32_t start[REQUESTS_MAX]; /* of each request */
	uint32_t n;
};

__attribute__((format(printf, 2, 3))) static void put(struct stream *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	s->len += (uint32_t)vsnprintf(s->bytes + s->len, STREAM_MAX - s->len, format, args);
	va_end(args);
	MUST(s->len < STREAM_MAX);
}

/* Bytes of a target or a header's value: none that ends a line. */
static void put_text(struct stream *s, struct input *in, uint32_t n, bool is_target)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t c = next(in);

		s->bytes[s->len++] = (char)(is_target ? 0x21 + c % 0x5e : c == '\n' || c == '\r' ? '.' : c);
	}
}

/* A header line of which it does not matter what it says, or one with a context. */
static void put_line(struct stream *s, struct input *in)
{
	const uint8_t kind = next(in), id = next(in);

	switch (kind % 8) {
	case 0:
		put(s, "traceparent: 00-0af7651916cd43dd8448eb2100%06x-b7ad6b71%08x-01\r\n", id + 1u, id + 1u);
		break;
	case 1:
		put(s, "X-B3-TraceId: 463ac35c9f6413ad48485a3953bb%04x\r\nx-b3-spanid: a2fb4a1d1a96d3%02x\r\n", id, id);
		break;
	case 2:
		put(s, "b3: 80f198ee56343ba864fe8b2a57d3%04x-e457b5a2e4d86b%02x-1\r\n", id, id | 1);
		break;
	case 3: /* refused, perhaps */
		put(s, "traceparent: ");
		put_text(s, in, id % 64, false);
		put(s, "\r\n");
		break;
	default:
		put(s, "x-%c: ", 'a' + kind % 26);
		put_text(s, in, id % 64, false);
		put(s, kind & 0x40 ? "\n" : "\r\n");
	}
}

/* Anything, or what looks like a request. */
static void put_body(struct stream *s, struct input *in, uint32_t n)
{
	static const char trap[] =
		"GET /trap HTTP/1.1\r\nb3: 80f198ee56343ba864fe8b2a57d3e457-e457b5a2e4d86b11-1\r\n\r\n";
	const bool is_trap = next(in) & 1;

	for (uint32_t i = 0; i < n; i++)
		s->bytes[s->len++] = is_trap ? trap[i % (sizeof(trap) - 1)] : (char)next(in);
}

static void put_chunks(struct stream *s, struct input *in)
{
	const uint32_t n = next(in) % 4;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t len = 1 + next(in) % 100;

		put(s, i % 2 ? "%X;x=y\r\n" : "%x\r\n", len);
		put_body(s, in, len);
		put(s, "\r\n");
	}
	put(s, "0\r\n%s\r\n", n % 2 ? "x-trailer: GET / HTTP/1.1\r\n" : "");
}

static void put_request(struct stream *s, struct input *in)
{
	static const char *const method[] = { "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH" };
	const uint8_t how = next(in), n_lines = next(in) % 5, body_len = next(in);

	s->start[s->n++] = s->len;
	put(s, "%s /", method[how % 7]);
	put_text(s, in, next(in) % 40, true);
	put(s, " HTTP/1.%d\r\n", how & 0x10 ? 0 : 1);
	for (uint8_t i = 0; i < n_lines; i++)
		put_line(s, in);
	if (how & 0x20) {
		put(s, "Content-Length: %u\r\n\r\n", body_len);
		put_body(s, in, body_len);
	} else if (how & 0x40 && !(how & 0x10)) {
		put(s, "transfer-encoding: chunked\r\n\r\n");
		put_chunks(s, in);
	} else {
		put(s, "\r\n");
	}
}

struct sightings {
	struct ws_record record[REQUESTS_MAX];
	uint32_t n;
	bool sees_again; /* what was sent again is a sighting of its own: only the first counts */
};

static int keep(void *context, const struct ws_record *record)
{
	struct sightings *s = context;
	struct ws_record r = *record;

	/* what depends on where it is cut */
	r.req_off = r.n_segments = r.ts_ns = r.done_ts_ns = r.ctx_segment = r.ids_end_segment = 0;
	r.payload_len = r.frame_len = 0;
	r.flags &= (uint8_t)~WS_FLAG_LATER_IN_FRAME;
	for (uint32_t i = 0; s->sees_again && i < s->n; i++) {
		if (s->record[i].seq == r.seq) {
			MUST(!memcmp(&s->record[i], &r, sizeof(r)));
			return 0;
		}
	}
	MUST(s->n < REQUESTS_MAX);
	s->record[s->n++] = r;
	return 0;
}

static void give(struct ws_heads *heads, const struct stream *s, uint32_t from, uint32_t to, uint64_t *n_given)
{
	const struct ws_record frame = {
		.ts_ns = ++*n_given,
		.saddr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.daddr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.seq = FIRST_SEQ + from,
		.sport = 1024,
		.dport = 80,
		.payload_len = to - from,
		.frame_len = to - from + 54,
		.ip_version = 4,
		.tcp_flags = 0x18,
	};
	uint8_t *copy = malloc(to - from);
	const struct ws_segment segment = { .frame = &frame, .payload = copy, .captured_len = to - from };

	MUST(copy);
	memcpy(copy, s->bytes + from, to - from);
	MUST(ws_heads_segment(heads, &segment) == 0);
	free(copy);
}

/* Gives the stream, cut at n places, with those segments sent again at once that the bits name. */
static void read_stream(const struct stream *s, const uint32_t *cut, uint32_t n_cuts, uint32_t again,
			struct sightings *to)
{
	uint64_t n_frames[WS_N_REASONS] = { 0 }, n_given = 0, sum = 0;
	struct ws_wanted wanted;
	struct ws_heads *heads;

	MUST(ws_wanted_parse(ws_wanted_default, &wanted, NULL) == 0);
	memset(to, 0, sizeof(*to));
	to->sees_again = again != 0;
	heads = ws_heads_new(keep, to, n_frames, &wanted, UINT32_MAX / 2);
	MUST(heads);
	for (uint32_t i = 0; i <= n_cuts; i++) {
		const uint32_t from = i ? cut[i - 1] : 0, end = i < n_cuts ? cut[i] : s->len;

		give(heads, s, from, end, &n_given);
		if (again >> i % 32 & 1)
			give(heads, s, from, end, &n_given);
	}
	MUST(ws_heads_finish(heads) == 0);
	ws_heads_free(heads);
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		sum += n_frames[i];
	MUST(sum == n_given);
}

static void check_same(const struct sightings *a, const struct sightings *b)
{
	MUST(a->n == b->n);
	for (uint32_t i = 0; i < a->n; i++)
		MUST(!memcmp(&a->record[i], &b->record[i], sizeof(a->record[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream s;
	static struct sightings whole, pieces;
	struct input in = { data, size };
	uint32_t cut[CUTS_MAX], n_cuts = 0, at = 0, n;

	if (size == 0 || size > 8192)
		return 0;
	s.len = s.n = 0;
	n = 1 + next(&in) % REQUESTS_MAX;
	while (s.n < n && s.len < STREAM_MAX - 2 * REQUEST_MAX)
		put_request(&s, &in);
	while (in.len && n_cuts < CUTS_MAX) {
		at += 1 + next(&in);
		if (at >= s.len)
			break;
		cut[n_cuts++] = at;
	}
	read_stream(&s, cut, 0, 0, &whole);
	MUST(whole.n == s.n);
	for (uint32_t i = 0; i < s.n; i++)
		MUST(whole.record[i].seq == FIRST_SEQ + s.start[i]);
	read_stream(&s, cut, n_cuts, 0, &pieces);
	check_same(&whole, &pieces);
	read_stream(&s, cut, n_cuts, 0x80000000u | data[0] * 0x01010101u, &pieces);
	check_same(&whole, &pieces);
	return 0;
}
