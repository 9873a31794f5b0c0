/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_heads - request heads out of TCP segments that are split, late, repeated, cut or nonsense. Whatever comes, every
 * segment is in the ledger once, and no byte behind a segment's captured ones is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "ingest/heads.h"
#include "tests/unit/guard.h"

#define COUNT(array)   (sizeof(array) / sizeof(*(array)))
#define RECORDS_MAX    256
#define REQUEST_MAX    512
#define STREAM_MAX     16384
#define FIRST_STAMP    1000000
#define FIRST_ACK      4294967000u
#define METHOD_AND_ONE 6 /* "POST /": what is shorter is no request yet (lib/http.h) */

static uint64_t seed = 0x853c49e6748fea9bu;

static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 32) % n);
}

/* What was given, and what came out. */
struct world {
	struct ws_heads *heads;
	uint64_t n_frames[WS_N_REASONS];
	uint64_t n_given;
	uint32_t n_records;
	struct ws_record record[RECORDS_MAX]; /* the first ones */
};

static int keep(void *context, const struct ws_record *record)
{
	struct world *w = context;

	if (w->n_records < RECORDS_MAX)
		w->record[w->n_records] = *record;
	w->n_records++;
	return 0;
}

static struct ws_heads *new_heads(ws_heads_emit *emit, void *context, uint64_t n_frames[WS_N_REASONS])
{
	struct ws_wanted wanted;

	assert_int_equal(ws_wanted_parse(ws_wanted_default, &wanted, NULL), 0);
	return ws_heads_new(emit, context, n_frames, &wanted, UINT32_MAX / 2);
}

static void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->heads = new_heads(keep, w, w->n_frames);
	assert_non_null(w->heads);
}

/* A frame of flow n; stamps count the frames given. */
static struct ws_record frame_of(const struct world *w, uint16_t flow, uint32_t seq, uint32_t len)
{
	return (struct ws_record) {
		.ts_ns = FIRST_STAMP + w->n_given,
		.saddr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
		.daddr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
		.seq = seq,
		.sport = flow,
		.dport = 80,
		.payload_len = len,
		.frame_len = len + 54,
		.ip_version = 4,
		.tcp_flags = 0x18,
	};
}

/* A segment of len bytes, of which the capture kept some. */
static void give_cut(struct world *w, uint16_t flow, uint32_t seq, const char *bytes, uint32_t len, uint32_t captured)
{
	const struct ws_record frame = frame_of(w, flow, seq, len);
	struct ws_bytes b = ws_guard(bytes, captured);
	const struct ws_segment segment = {
		.frame = &frame, .payload = b.data, .captured_len = captured, .ack = FIRST_ACK + (uint32_t)w->n_given
	};

	w->n_given++;
	assert_int_equal(ws_heads_segment(w->heads, &segment), 0);
}

static void give(struct world *w, uint32_t seq, const char *bytes, uint32_t len)
{
	give_cut(w, 1, seq, bytes, len, len);
}

static void give_text(struct world *w, uint32_t seq, const char *text)
{
	give(w, seq, text, (uint32_t)strlen(text));
}

static void give_syn(struct world *w, uint32_t seq)
{
	const struct ws_record frame = frame_of(w, 1, seq, 0);

	assert_int_equal(ws_heads_restart(w->heads, &frame), 0);
}

static uint64_t sum_of(const struct world *w)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		sum += w->n_frames[i];
	return sum;
}

/* The end: every frame has its reason; every sighting has its frame's, the first of its frame counted. */
static void end(struct world *w)
{
	uint64_t n_counted = 0, n_responses = 0;

	assert_int_equal(ws_heads_finish(w->heads), 0);
	ws_heads_free(w->heads);
	w->heads = NULL;
	assert_int_equal(sum_of(w), w->n_given);
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		n_counted += ws_slot_is_request(i) ? w->n_frames[i] : 0;
	if (w->n_records > RECORDS_MAX)
		return;
	for (uint32_t i = 0; i < w->n_records; i++) {
		const struct ws_record *r = &w->record[i];
		const bool is_response = r->reason == WS_REASON_HTTP_RESPONSE;

		n_responses += is_response;
		n_counted -= !is_response && !(r->flags & WS_FLAG_LATER_IN_FRAME);
		assert_true(is_response || (r->ack == 0 && r->status == 0));
	}
	assert_int_equal(n_responses, w->n_frames[WS_REASON_HTTP_RESPONSE]);
	assert_in_range(n_counted, 0, w->n_frames[WS_REASON_TRUNCATED]); /* of which nothing was kept: no sighting */
}

/* A request whose context says its number; behind the context a further header. Returns its length. */
static uint32_t make_request(char *to, const char *line, uint32_t number, const char *more)
{
	return (uint32_t)snprintf(to, REQUEST_MAX,
				  "%s HTTP/1.1\r\nHost: shop\r\n"
				  "traceparent: 00-0af7651916cd43dd8448eb21%08x-b7ad6b71%08x-01\r\n%s\r\n",
				  line, number, ~number, more);
}

static uint32_t big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The number of the request whose context the record has. */
static uint32_t number_of(const struct ws_record *r)
{
	static const uint8_t start[12] = { 0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21 };

	assert_int_equal(r->reason, WS_REASON_CONTEXT);
	assert_int_equal(r->family, WS_FAMILY_W3C);
	assert_memory_equal(r->trace_id, start, sizeof(start));
	assert_int_equal(big_endian(r->span_id + 4), ~big_endian(r->trace_id + 12));
	return big_endian(r->trace_id + 12);
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return n == 0;
}

/* A record without a context says nothing of one. */
static void has_no_context(const struct ws_record *r)
{
	assert_int_not_equal(r->reason, WS_REASON_CONTEXT);
	assert_int_equal(r->family, WS_FAMILY_NONE);
	assert_int_equal(r->sampled, WS_SAMPLED_UNKNOWN);
	assert_true(is_zero(r->trace_id, 16) && is_zero(r->span_id, 8) && is_zero(r->parent_span_id, 8));
	assert_int_equal(r->ctx_off + r->ctx_len + r->ids_end_off, 0);
}

static void one_segment(void **state)
{
	char text[REQUEST_MAX];
	uint32_t len = make_request(text, "GET /a", 7, "A: b\r\n");
	const char *context = strstr(text, "traceparent");
	struct ws_record want;
	struct world w;

	(void)state;
	begin(&w);
	want = frame_of(&w, 1, 5000, len);
	give(&w, 5000, text, len);
	assert_int_equal(w.n_records, 1); /* at once, not at the end */
	end(&w);
	assert_int_equal(number_of(&w.record[0]), 7);
	assert_int_equal(w.record[0].ctx_off, context - text);
	assert_int_equal(w.record[0].ids_end_off, w.record[0].ctx_off + 13 + 52);
	assert_int_equal(w.record[0].sampled, WS_SAMPLED_YES);
	assert_int_equal(w.record[0].n_segments, 1);
	assert_int_equal(w.record[0].req_off, 0);
	assert_int_equal(w.record[0].seq, 5000);
	assert_int_equal(w.record[0].ts_ns, want.ts_ns);
	assert_int_equal(w.record[0].payload_len, len);
	assert_int_equal(w.record[0].frame_len, len + 54);
	assert_memory_equal(w.record[0].saddr, want.saddr, 16);
	assert_int_equal(w.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], 1);
}

/*
 * A head in pieces a, b, c ... None begins with the request line's "HTTP/1.1": one that came before its predecessors
 * would be taken for a response.
 */
#define LINE_END "GET /a "

struct pieces {
	char text[REQUEST_MAX];
	uint32_t cut[4]; /* piece i begins at cut[i] and ends at cut[i + 1] */
	uint32_t seq;
	uint32_t ids_end_off;
	uint32_t n;
};

static void give_order(struct world *w, const struct pieces *p, const char *order)
{
	for (; *order; order++) {
		uint32_t i = (uint32_t)(*order - 'a');

		give(w, p->seq + p->cut[i], p->text + p->cut[i], p->cut[i + 1] - p->cut[i]);
	}
}

static uint32_t segments_needed(const struct pieces *p)
{
	uint32_t n = 1;

	while (p->cut[n] < p->ids_end_off)
		n++;
	return n;
}

/*
 * Gives the pieces in the order of the letters. Each 'a' is a sighting of its own, with its own stamp. Returns how many
 * of them have the context.
 */
static uint32_t check_order(const struct pieces *p, const char *order)
{
	uint32_t n_first = 0, n_contexts = 0;
	bool is_seen[RECORDS_MAX] = { false };
	struct world w;

	for (const char *letter = order; *letter; letter++)
		n_first += *letter == 'a';
	begin(&w);
	give_order(&w, p, order);
	end(&w);
	if (w.n_records != n_first)
		fail_msg("%s cut at %u, %u: %u sightings", order, p->cut[1], p->cut[2], w.n_records);
	for (uint32_t i = 0; i < w.n_records; i++) {
		const struct ws_record *r = &w.record[i];
		uint64_t at = r->ts_ns - FIRST_STAMP;

		assert_true(at < strlen(order) && order[at] == 'a' && !is_seen[at]);
		is_seen[at] = true;
		assert_int_equal(r->seq, p->seq);
		if (r->reason != WS_REASON_CONTEXT) {
			has_no_context(r);
			continue;
		}
		n_contexts++;
		assert_int_equal(number_of(r), 7);
		assert_int_equal(r->ids_end_off, p->ids_end_off);
		assert_in_range(r->ids_end_segment, at ? (segments_needed(p) > 1) + 1 : segments_needed(p),
				segments_needed(p));
		assert_in_range(r->n_segments, r->ids_end_segment, COUNT(p->cut) - 1);
		assert_in_range(r->ctx_segment, 1, r->ids_end_segment);
		assert_in_range(r->done_ts_ns, FIRST_STAMP, FIRST_STAMP + strlen(order) - 1);
	}
	return n_contexts;
}

static struct pieces make_pieces(uint32_t seq)
{
	struct pieces p = { .seq = seq };
	uint32_t len = make_request(p.text, "GET /a", 7, "A: b\r\n");

	for (size_t i = 1; i < COUNT(p.cut); i++)
		p.cut[i] = len;
	p.ids_end_off = (uint32_t)(strstr(p.text, "traceparent") - p.text) + 13 + 52;
	p.n = len;
	return p;
}

static void all_have_context(const struct pieces *p, const char *order, uint32_t n)
{
	uint32_t n_contexts = check_order(p, order);

	if (n_contexts != n)
		fail_msg("%s cut at %u, %u: %u contexts", order, p->cut[1], p->cut[2], n_contexts);
}

static void split_in_two(void **state)
{
	static const struct {
		const char *order;
		uint32_t n_contexts;
	} orders[] = {
		{ "ab", 1 },   { "ba", 1 },   { "aab", 2 },  { "aba", 2 },  { "abb", 1 },    { "bab", 1 },
		{ "bba", 1 },  { "baa", 2 },  { "abab", 2 }, { "abba", 2 }, { "aabb", 2 },   { "baba", 2 },
		{ "bbaa", 2 }, { "baab", 2 }, { "aaab", 3 }, { "abaa", 3 }, { "ababab", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct pieces p = make_pieces(77);

		for (p.cut[1] = METHOD_AND_ONE; p.cut[1] < p.n; p.cut[1]++)
			if (p.cut[1] != sizeof(LINE_END) - 1)
				all_have_context(&p, orders[i].order, orders[i].n_contexts);
	}
}

/* Split inside the method: what comes first may be one. */
static void split_inside_the_method(void **state)
{
	struct pieces p = make_pieces(77);

	(void)state;
	for (p.cut[1] = 1; p.cut[1] < METHOD_AND_ONE; p.cut[1]++) {
		all_have_context(&p, "ab", 1);
		all_have_context(&p, "aab", 2);
		for (p.cut[2] = p.cut[1] + 1; p.cut[2] < p.n; p.cut[2]++)
			all_have_context(&p, "abc", 1);
		p.cut[2] = p.n;
	}
}

/* What might have been a method goes on as none does; the next request stands by itself. */
static void no_method(void **state)
{
	char text[REQUEST_MAX];
	struct world w;

	(void)state;
	make_request(text, "GET /a", 7, "");
	begin(&w);
	give_text(&w, 100, "ABC");
	give_text(&w, 103, "{\"a\": 1}\n");
	give_text(&w, 113, "X");
	give_text(&w, 114, "\r\n");
	give_text(&w, 116, text);
	assert_int_equal(w.n_records, 1);
	end(&w);
	assert_int_equal(number_of(&w.record[0]), 7);
	assert_int_equal(w.n_frames[WS_REASON_OTHER_PAYLOAD], 4);
}

static void split_in_three(void **state)
{
	static const char *const orders[] = { "abc", "acb", "bac", "bca", "cab", "cba" };
	const uint32_t first = sizeof(LINE_END);
	struct pieces p = make_pieces(77);

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++)
		for (p.cut[1] = first; p.cut[1] < p.n - 1; p.cut[1]++)
			for (p.cut[2] = p.cut[1] + 1; p.cut[2] < p.n; p.cut[2]++)
				all_have_context(&p, orders[i], 1);
}

/* Three pieces and one or two of them again, at any place: one sighting at least knows all of the head. */
static void split_in_three_with_repeats(void **state)
{
	struct pieces p = make_pieces(77);
	char order[6] = "";

	(void)state;
	for (int turn = 0; turn < 60000; turn++) {
		uint32_t len = 3 + random_below(3);

		for (uint32_t i = 0; i < len; i++)
			order[i] = (char)('a' + random_below(3));
		order[len] = '\0';
		if (!strchr(order, 'a') || !strchr(order, 'b') || !strchr(order, 'c'))
			continue;
		p.cut[1] = (uint32_t)sizeof(LINE_END) + random_below(p.n - sizeof(LINE_END) - 2);
		p.cut[2] = p.cut[1] + 1 + random_below(p.n - p.cut[1] - 1);
		assert_true(check_order(&p, order) > 0);
	}
}

/* Segments that overlap what was there: the sender cut the stream anew. */
static void repeated_in_other_cuts(void **state)
{
	struct pieces p = make_pieces(77);

	(void)state;
	for (uint32_t first = METHOD_AND_ONE; first < p.n; first++) {
		for (uint32_t again = 1; again < first; again++) {
			struct world w;

			begin(&w);
			give(&w, p.seq, p.text, first);
			give(&w, p.seq + again, p.text + again, p.n - again);
			end(&w);
			assert_int_equal(w.n_records, 1);
			assert_int_equal(number_of(&w.record[0]), 7);
		}
	}
}

static void sequence_wraps(void **state)
{
	struct pieces p = make_pieces(0);

	(void)state;
	for (uint32_t before = 0; before <= p.n; before++) {
		p.seq = 0u - before;
		for (p.cut[1] = sizeof(LINE_END); p.cut[1] < p.n; p.cut[1] += 3) {
			all_have_context(&p, "ab", 1);
			all_have_context(&p, "ba", 1);
			all_have_context(&p, "abab", 2);
		}
	}
}

/* Several requests in one segment: the frame is counted once, each request is a sighting at its own place. */
static void pipelined(void **state)
{
	uint32_t start[4], len = 0;
	char text[4 * REQUEST_MAX];
	struct world w;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		start[i] = len;
		len += make_request(text + len, i == 2 ? "POST /p" : "GET /a", i,
				    i == 2 ? "Content-Length: 30\r\n" : "");
		if (i == 2)
			len += (uint32_t)sprintf(text + len, "GET / HTTP/1.1\r\nA: b\r\n\r\n123456");
	}
	begin(&w);
	give(&w, UINT32_MAX - 300, text, len);
	assert_int_equal(w.n_records, 4);
	end(&w);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(number_of(&w.record[i]), i);
		assert_int_equal(w.record[i].req_off, start[i]);
		assert_int_equal(w.record[i].seq, UINT32_MAX - 300 + start[i]);
		assert_int_equal(w.record[i].flags & WS_FLAG_LATER_IN_FRAME, i ? WS_FLAG_LATER_IN_FRAME : 0);
		assert_int_equal(w.record[i].ts_ns, FIRST_STAMP);
	}
}

/* The second of two requests begins in the first one's last segment, which comes first. */
static void pipelined_behind_a_late_head(void **state)
{
	char text[2 * REQUEST_MAX];
	uint32_t first = make_request(text, "GET /a", 0, ""), len = first + make_request(text + first, "GET /b", 1, "");
	struct world w;

	(void)state;
	begin(&w);
	give(&w, 100 + 40, text + 40, len - 40);
	give(&w, 100, text, 40);
	end(&w);
	assert_int_equal(w.n_records, 2);
	assert_int_equal(number_of(&w.record[0]) + number_of(&w.record[1]), 1);
}

/* A sender that repeats only the first segment, while later ones are still to come. */
static void first_repeated_before_the_last(void **state)
{
	struct pieces p = make_pieces(77);

	(void)state;
	p.cut[1] = 20;
	p.cut[2] = p.ids_end_off + 4;
	all_have_context(&p, "abac", 2);
}

#define DECOY "GET /evil HTTP/1.1\r\ntraceparent: 00-11111111111111111111111111111111-2222222222222222-01\r\n\r\n"

/* A body of known length, in segments that begin as requests do. */
static void decoys_in_a_body(void **state)
{
	char text[2 * REQUEST_MAX], more[64];
	const uint32_t n_decoy = sizeof(DECOY) - 1;
	uint32_t head_len;
	struct world w;

	(void)state;
	snprintf(more, sizeof(more), "Content-Length: %u\r\n", 3 * n_decoy);
	head_len = make_request(text, "POST /p", 3, more);
	for (uint32_t with_head = 0; with_head <= n_decoy; with_head++) {
		begin(&w);
		memcpy(text + head_len, DECOY, n_decoy);
		give(&w, 900, text, head_len + with_head);
		if (with_head < n_decoy)
			give(&w, 900 + head_len + with_head, text + head_len + with_head, n_decoy - with_head);
		give_text(&w, 900 + head_len + 2 * n_decoy, DECOY); /* the last two in the wrong order */
		give_text(&w, 900 + head_len + n_decoy, DECOY);
		give_text(&w, 900 + head_len + n_decoy, DECOY);
		make_request(text + REQUEST_MAX, "GET /next", 4, "");
		give_text(&w, 900 + head_len + 3 * n_decoy, text + REQUEST_MAX);
		end(&w);
		assert_int_equal(w.n_records, 2);
		assert_int_equal(number_of(&w.record[0]), 3);
		assert_int_equal(number_of(&w.record[1]), 4);
	}
}

/* Chunked: every split of head and body into two segments, and the next request behind it. */
static void decoys_in_a_chunked_body(void **state)
{
	char text[4 * REQUEST_MAX];
	uint32_t len = make_request(text, "POST /p", 3, "Transfer-Encoding: chunked\r\n"), body_off = len, next_off;

	(void)state;
	len += (uint32_t)sprintf(text + len, "%zx\r\n" DECOY "\r\n", sizeof(DECOY) - 1);
	len += (uint32_t)sprintf(text + len, "%zx;a=b\r\n" DECOY "\r\n0\r\nA: b\r\n\r\n", sizeof(DECOY) - 1);
	next_off = len;
	len += make_request(text + len, "GET /next", 4, "");
	for (uint32_t cut = METHOD_AND_ONE; cut < len; cut++) {
		struct world w;

		begin(&w);
		give(&w, 0xffffff00, text, cut);
		give(&w, 0xffffff00 + cut, text + cut, len - cut);
		if (cut > body_off && cut < next_off) /* what was seen of the body is known when it comes again */
			give(&w, 0xffffff00 + body_off, text + body_off, cut - body_off);
		end(&w);
		assert_int_equal(w.n_records, 2);
		assert_int_equal(number_of(&w.record[0]), 3);
		assert_int_equal(number_of(&w.record[1]), 4);
	}
}

/* A new connection with the same addresses: nothing of the old one stands. */
static void restart(void **state)
{
	struct pieces p = make_pieces(5000);
	struct world w;

	(void)state;
	p.cut[1] = 30;
	begin(&w);
	give_order(&w, &p, "a");
	give_syn(&w, 4000);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_SPLIT);
	has_no_context(&w.record[0]);
	give_order(&w, &p, "b"); /* of the new connection: the end of nothing */
	give_text(&w, 4001, "POST / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n");
	give_syn(&w, 4000);
	p.cut[1] = p.n;
	give_order(&w, &p, "a"); /* no body any more */
	end(&w);
	assert_int_equal(w.n_records, 3);
	assert_int_equal(number_of(&w.record[2]), 7);
	assert_int_equal(w.n_frames[WS_REASON_SPLIT], 1);
	assert_int_equal(w.n_frames[WS_REASON_OTHER_PAYLOAD], 1);
}

/* Of a frame that the capture cut anywhere, and what follows it. */
static void cut_frames(void **state)
{
	struct pieces p = make_pieces(77);

	(void)state;
	for (uint32_t captured = 0; captured < p.n; captured++) {
		bool has_context = captured >= p.ids_end_off;
		struct world w;

		begin(&w);
		give_cut(&w, 1, p.seq, p.text, p.n, captured);
		if (has_context || captured >= METHOD_AND_ONE)
			assert_int_equal(w.n_records, 1);
		give_text(&w, p.seq + p.n, "GET /b HTTP/1.1\r\n\r\n");
		end(&w);
		assert_int_equal(w.n_frames[WS_REASON_TRUNCATED], !has_context);
		assert_int_equal(w.n_frames[WS_REASON_NO_CONTEXT], 1);
		if (has_context)
			assert_int_equal(w.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], 1);
	}
}

/* The second segment of a head is cut: what it kept is searched, and nothing waits for what it lost. */
static void cut_continuations(void **state)
{
	struct pieces p = make_pieces(77);

	(void)state;
	p.cut[1] = 30;
	for (uint32_t captured = 0; captured + 30 < p.n; captured++) {
		bool has_context = captured + 30 >= p.ids_end_off;
		struct world w;

		begin(&w);
		give_order(&w, &p, "a");
		give_cut(&w, 1, p.seq + 30, p.text + 30, p.n - 30, captured);
		end(&w);
		assert_int_equal(w.n_records, 1);
		assert_int_equal(w.record[0].ts_ns, FIRST_STAMP);
		if (has_context)
			assert_int_equal(number_of(&w.record[0]), 7);
		else
			has_no_context(&w.record[0]);
		assert_int_not_equal(w.record[0].reason, WS_REASON_NO_CONTEXT);
	}
}

/* A head whose end never comes is split, unless its context came. */
static void unfinished(void **state)
{
	struct pieces p = make_pieces(77);

	(void)state;
	for (p.cut[1] = METHOD_AND_ONE; p.cut[1] < p.n; p.cut[1]++) {
		struct world w;

		begin(&w);
		give_order(&w, &p, "a");
		assert_int_equal(w.n_records, 0);
		end(&w);
		assert_int_equal(w.n_records, 1);
		if (p.cut[1] >= p.ids_end_off)
			assert_int_equal(number_of(&w.record[0]), 7);
		else
			assert_int_equal(w.record[0].reason, WS_REASON_SPLIT);
	}
}

/* What looked like a context at the end of one segment and is none when the next has come. */
static void context_withdrawn(void **state)
{
	static const char *const first[] = {
		"GET / HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"GET / HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
		("GET / HTTP/1.1\r\nx-b3-parentspanid: 1111111111111111\r\nx-b3-traceid: 2222222222222222\r\n"
		 "x-b3-sampled: 1\r\nx-b3-spanid: 3333333333333333"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(first); i++) {
		struct world w;

		begin(&w);
		give_text(&w, 1, first[i]);
		give_text(&w, 1 + (uint32_t)strlen(first[i]), "zz\r\n\r\n");
		end(&w);
		assert_int_equal(w.n_records, 1);
		assert_int_equal(w.record[0].reason, WS_REASON_MALFORMED);
		has_no_context(&w.record[0]);
		assert_int_equal(w.record[0].flags, 0);
	}
}

/* And another family's context comes behind it. */
static void context_replaced(void **state)
{
	const char *first = "GET / HTTP/1.1\r\nx-b3-parentspanid: 1111111111111111\r\n"
			    "x-b3-traceid: 2222222222222222\r\nx-b3-spanid: 3333333333333333";
	struct world w;

	(void)state;
	begin(&w);
	give_text(&w, 1, first);
	give_text(&w, 1 + (uint32_t)strlen(first),
		  "zz\r\ntraceparent: 00-0af7651916cd43dd8448eb2100000007-b7ad6b71fffffff8-01\r\n\r\n");
	end(&w);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(number_of(&w.record[0]), 7);
	assert_true(is_zero(w.record[0].parent_span_id, 8));
	assert_int_equal(w.record[0].flags, 0);
}

static void other_payload(void **state)
{
	static const struct {
		const char *text;
		uint32_t slot;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", WS_REASON_HTTP_RESPONSE },
		{ "\x16\x03\x01\x02\x00", WS_REASON_TLS },
		{ "{\"a\": 1}", WS_REASON_OTHER_PAYLOAD },
		{ "x", WS_REASON_OTHER_PAYLOAD },
		{ "GET / HTTP/1.1 and more\r\n\r\n", WS_REASON_OTHER_PAYLOAD },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", WS_REASON_HTTP2 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!", WS_REASON_OTHER_PAYLOAD },
		{ "PRI", WS_REASON_OTHER_PAYLOAD },
		{ "GET ", WS_REASON_OTHER_PAYLOAD },
		{ "GET / HTTP/1.1\r\n\r\n", WS_REASON_NO_CONTEXT },
		{ "GET / HTTP/1.1\r\ntraceparent: 00-0-0-0\r\n\r\n", WS_REASON_MALFORMED },
		{ "GET / HTTP/1.1\r\nx-b3-spanid: 1234567812345678\r\n\r\n", WS_REASON_INCOMPLETE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world w;

		begin(&w);
		give_text(&w, 1, cases[i].text);
		end(&w);
		assert_int_equal(w.n_frames[cases[i].slot], 1);
		assert_int_equal(w.n_records,
				 ws_slot_is_request(cases[i].slot) || cases[i].slot == WS_REASON_HTTP_RESPONSE);
	}
}

/* Frames that begin with a status line, whole or cut, and what each says. */
static void responses(void **state)
{
	static const struct {
		const char *text;
		uint32_t captured; /* 0: all */
		uint16_t status;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, 200 },
		{ "HTTP/1.1 100 Continue\r\n\r\n", 0, 100 },
		{ "HTTP/1.0 404 Not Found\r\n\r\n", 0, 404 },
		{ "HTTP/1.1 503\r\n\r\n", 0, 503 },
		{ "HTTP/1.1 503\r\n\r\n", 12, 503 },
		{ "HTTP/1.1 503\r\n\r\n", 11, 0 }, /* the capture cut it */
		{ "HTTP/1.1 503\r\n\r\n", 9, 0 },
		{ "HTTP/1.1 2x4 \r\n\r\n", 0, 0 },
		{ "HTTP/1.1 ok\r\n\r\n", 0, 0 },
		{ "HTTP/1.1 20", 0, 0 }, /* the segment ends there */
	};
	struct world w;

	(void)state;
	begin(&w);
	for (uint32_t i = 0; i < COUNT(cases); i++) {
		const uint32_t len = (uint32_t)strlen(cases[i].text);

		give_cut(&w, (uint16_t)(i + 1), 1000 + i, cases[i].text, len,
			 cases[i].captured ? cases[i].captured : len);
	}
	assert_int_equal(w.n_records, COUNT(cases)); /* at once, not at the end */
	for (uint32_t i = 0; i < COUNT(cases); i++) {
		struct ws_record want = frame_of(&w, (uint16_t)(i + 1), 1000 + i, (uint32_t)strlen(cases[i].text));

		want.ts_ns = FIRST_STAMP + i;
		want.reason = WS_REASON_HTTP_RESPONSE;
		want.n_segments = 1;
		want.http_version = 1;
		want.ack = FIRST_ACK + i;
		want.status = cases[i].status;
		assert_memory_equal(&w.record[i], &want, sizeof(want));
	}
	end(&w);
	assert_int_equal(w.n_frames[WS_REASON_HTTP_RESPONSE], COUNT(cases));
}

/* What looks like a status line in a request's body, or where a head goes on, is none; behind the body it is one. */
static void no_responses(void **state)
{
	static const char head[] = "POST / HTTP/1.1\r\nContent-Length: 32\r\n\r\n", line[] = "HTTP/1.1 200 OK\r";
	const uint32_t n_head = (uint32_t)strlen(head), n_line = (uint32_t)strlen(line);
	struct world w;

	(void)state;
	begin(&w);
	give(&w, 1000, head, 10);
	give(&w, 1010, line, n_line); /* in the head, where nobody would send it */
	give_syn(&w, 999);
	give(&w, 1000, head, n_head);
	give(&w, 1000 + n_head, line, n_line);
	give(&w, 1000 + n_head + 16, line, n_line);
	assert_int_equal(w.n_frames[WS_REASON_HTTP_RESPONSE], 0);
	give(&w, 1000 + n_head + 32, line, n_line);
	end(&w);
	assert_int_equal(w.n_frames[WS_REASON_HTTP_RESPONSE], 1);
	assert_int_equal(w.record[w.n_records - 1].seq, 1000 + n_head + 32);
	assert_int_equal(w.record[w.n_records - 1].ack, FIRST_ACK + 5);
}

static void flows_are_apart(void **state)
{
	struct pieces p = make_pieces(77);
	struct world w;

	(void)state;
	p.cut[1] = 30;
	begin(&w);
	for (uint16_t flow = 1; flow <= 3000; flow++) /* more than the tables hold at first */
		give_cut(&w, flow, p.seq, p.text, 30, 30);
	for (uint16_t flow = 3000; flow > 1500; flow--)
		give_cut(&w, flow, p.seq + 30, p.text + 30, p.n - 30, p.n - 30);
	assert_int_equal(w.n_records, 1500);
	for (uint32_t i = 0; i < RECORDS_MAX; i++)
		assert_int_equal(w.record[i].sport, 3000 - i);
	end(&w);
	assert_int_equal(w.n_records, 3000);
	assert_int_equal(w.n_frames[WS_REASON_SPLIT], 1500);
}

/* A head that is too long to be one, and one in too many segments: emitted once, and no memory without end. */
static void endless_heads(void **state)
{
	static char filler[1400];
	const char *line = "GET / HTTP/1.1\r\nA: ";
	struct world w;
	uint32_t seq = 1;

	(void)state;
	memset(filler, 'x', sizeof(filler));
	for (uint32_t len = 1; len <= sizeof(filler); len = len == 1 ? sizeof(filler) : len + 1) {
		begin(&w);
		give_text(&w, seq, line);
		seq += (uint32_t)strlen(line);
		for (int i = 0; i < 1000; i++, seq += len)
			give(&w, seq, filler, len);
		assert_int_equal(w.n_records, 1);
		end(&w);
		assert_int_equal(w.n_records, 1);
		assert_int_equal(w.record[0].reason, WS_REASON_SPLIT);
	}
}

/* A connection in which every request's second segment is lost: what cannot be finished any more is not kept. */
static void lost_segments_do_not_pile_up(void **state)
{
	struct pieces p = make_pieces(77);
	uint32_t n_early;
	struct world w;

	(void)state;
	p.cut[1] = 30;
	begin(&w);
	for (uint32_t i = 0; i < 4000; i++, p.seq += p.n)
		give_order(&w, &p, "a");
	n_early = w.n_records;
	end(&w);
	assert_in_range(n_early, 2000, 4000);
	assert_int_equal(w.n_records, 4000);
	assert_int_equal(w.n_frames[WS_REASON_SPLIT], 4000);
}

static int refuse(void *context, const struct ws_record *record)
{
	(void)record;
	++*(int *)context;
	return -ENOSPC;
}

/* What the taker of records says stops it all, wherever it says it. */
static void refusal_stops(void **state)
{
	struct world w = { 0 };
	const struct ws_record frame = frame_of(&w, 1, 1, 20), late = frame_of(&w, 1, 21, 2);
	const struct ws_segment whole = { .frame = &frame,
					  .payload = (const uint8_t *)"GET / HTTP/1.1\r\n\r\n  ",
					  .captured_len = 20 };
	const struct ws_segment part = { .frame = &frame,
					 .payload = (const uint8_t *)"GET / HTTP/1.1\r\nA:bc",
					 .captured_len = 20 };
	const struct ws_segment rest = { .frame = &late, .payload = (const uint8_t *)"\n\n", .captured_len = 2 };
	int n_calls = 0;

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct ws_heads *h = new_heads(refuse, &n_calls, w.n_frames);

		assert_int_equal(ws_heads_segment(h, way ? &part : &whole), way ? 0 : -ENOSPC);
		if (way == 1)
			assert_int_equal(ws_heads_segment(h, &rest), -ENOSPC);
		if (way == 2)
			assert_int_equal(ws_heads_restart(h, &frame), -ENOSPC);
		if (way == 3)
			assert_int_equal(ws_heads_finish(h), -ENOSPC);
		assert_int_equal(n_calls, way + 1);
		ws_heads_free(h);
	}
}

/* Freed in the middle of everything. */
static void freed_early(void **state)
{
	struct pieces p = make_pieces(77);
	struct world w;

	(void)state;
	p.cut[1] = 20;
	p.cut[2] = 50;
	begin(&w);
	give_order(&w, &p, "abcac");
	give_cut(&w, 2, p.seq + 20, p.text + 20, 30, 30);
	give_cut(&w, 3, p.seq, p.text, 30, 30);
	ws_heads_free(w.heads);
	ws_heads_free(NULL);
}

/* A stream of requests with and without bodies, and where they begin. */
struct stream {
	char bytes[STREAM_MAX];
	uint32_t len;
	uint32_t n;
	uint32_t start[16];
};

static void add_request(struct stream *s)
{
	char more[64] = "", *at = s->bytes + s->len;
	uint32_t kind = random_below(4), n_decoys = random_below(3);

	if (kind == 1)
		snprintf(more, sizeof(more), "Content-Length: %zu\r\n", n_decoys * (sizeof(DECOY) - 1));
	if (kind == 2)
		snprintf(more, sizeof(more), "Transfer-Encoding: chunked\r\n");
	s->start[s->n] = s->len;
	at += make_request(at, kind ? "POST /p" : "GET /a", s->n++, more);
	for (uint32_t i = 0; i < n_decoys && kind == 1; i++)
		at += sprintf(at, DECOY);
	for (uint32_t i = 0; i < n_decoys && kind == 2; i++)
		at += sprintf(at, "%zx\r\n" DECOY "\r\n", sizeof(DECOY) - 1);
	if (kind == 2)
		at += sprintf(at, "0\r\n\r\n");
	s->len = (uint32_t)(at - s->bytes);
}

static uint32_t random_end(const struct stream *s, uint32_t off)
{
	uint32_t to = off + 1 + random_below(random_below(8) ? 200 : 2000);

	return to < s->len ? to : s->len;
}

/* In order and cut anywhere: each request once, at its place, with the stamp of the segment that it begins in. */
static void random_streams(void **state)
{
	static struct stream s;

	(void)state;
	for (int turn = 0; turn < 5000; turn++) {
		uint32_t seq = 0u - random_below(STREAM_MAX), n_seen = 0;
		struct world w;

		s.len = s.n = 0;
		for (uint32_t n = 1 + random_below(16); n; n--)
			add_request(&s);
		begin(&w);
		for (uint32_t off = 0, to; off < s.len; off = to) {
			to = random_end(&s, off);
			give(&w, seq + off, s.bytes + off, to - off);
		}
		end(&w);
		assert_int_equal(w.n_records, s.n);
		for (uint32_t i = 0; i < s.n; i++) {
			assert_int_equal(number_of(&w.record[i]), i);
			assert_int_equal(w.record[i].seq, seq + s.start[i]);
			n_seen += !(w.record[i].flags & WS_FLAG_LATER_IN_FRAME);
		}
		assert_int_equal(w.n_frames[WS_REASON_CONTEXT + WS_FAMILY_W3C], n_seen);
	}
}

static uint32_t random_text(char *to)
{
	static const char *const pieces[] = {
		"GET / HTTP/1.1\r\n",
		"POST /a HTTP/1.0\n",
		"\r\n\r\n",
		"\n\n",
		"\r\n",
		"Content-Length: 20\r\n",
		"Content-Length: 4000000000\r\n",
		"Transfer-Encoding: chunked\r\n",
		"5\r\nhello\r\n",
		"0\r\n\r\n",
		"x-b3-traceid: 1234567812345678\r\n",
		"x-b3-spanid: 1234567812345678\r\n",
		"HTTP/1.1 200 OK\r\n",
		"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"\x16\x03\x01",
		"A",
		"G",
		" /",
		"ffffffff\r\n",
	};
	uint32_t len = 0;

	for (uint32_t n = random_below(5) + 1; n; n--)
		len += (uint32_t)sprintf(to + len, "%s", pieces[random_below(COUNT(pieces))]);
	return len;
}

/* Nonsense near one place of the sequence space, in few flows: the ledger balances, and nothing else is said. */
static void random_segments(void **state)
{
	struct world w;
	char text[512];

	(void)state;
	for (int turn = 0; turn < 200; turn++) {
		const uint32_t base = 0u - random_below(2000);

		begin(&w);
		for (int i = 0; i < 1000; i++) {
			uint32_t len = random_text(text), seq = base + random_below(turn % 2 ? 400 : 4000);

			if (random_below(50) == 0)
				give_syn(&w, seq);
			if (random_below(300) == 0)
				seq = random_below(UINT32_MAX);
			give_cut(&w, (uint16_t)(1 + random_below(3)), seq, text, len,
				 random_below(8) ? len : random_below(len + 1));
		}
		end(&w);
		assert_true(w.n_records > 0);
		for (uint32_t i = 0; i < RECORDS_MAX && i < w.n_records; i++)
			if (w.record[i].reason != WS_REASON_CONTEXT)
				has_no_context(&w.record[i]);
	}
}

/* A full database while the oldest of many unfinished heads is given up: each head is freed once. */
static void refusal_while_heads_wait(void **state)
{
	const char *text = "GET /unfinished HTTP/1.1\r\nHost: x";
	const uint32_t len = (uint32_t)strlen(text);
	uint64_t n_frames[WS_N_REASONS] = { 0 };
	int n_calls = 0;
	struct ws_heads *heads = new_heads(refuse, &n_calls, n_frames);
	struct world w = { 0 };
	int rc = 0;

	(void)state;
	assert_non_null(heads);
	for (uint32_t i = 0; i < 20 && rc == 0; i++) {
		const struct ws_record frame = frame_of(&w, 1, 1000 + i * 100000, len);
		const struct ws_segment segment = { .frame = &frame,
						    .payload = (const uint8_t *)text,
						    .captured_len = len };

		rc = ws_heads_segment(heads, &segment);
	}
	assert_int_equal(rc, -ENOSPC);
	ws_heads_free(heads);
}

/* A head of as many segments as one may have. Returns the sequence number behind it. */
static uint32_t give_longest_head(struct world *w, const char *start)
{
	uint32_t seq = 1000 + (uint32_t)strlen(start);

	give_text(w, 1000, start);
	for (int i = 1; i < 256; i++)
		give(w, seq++, "y", 1);
	return seq;
}

/* The segment that is one too many is cut as well: the head's frame is counted once. */
static void cut_behind_the_longest_head(void **state)
{
	struct world w;
	uint32_t seq;

	(void)state;
	begin(&w);
	seq = give_longest_head(&w, "GET /long HTTP/1.1\r\nx: ");
	give_cut(&w, 1, seq, "yyyyyyyy", 8, 2);
	end(&w);
	assert_int_equal(w.n_records, 1);
}

/* A shorter repetition of the first segment of such a head is a sighting, and no reason to stop. */
static void shorter_repetition_of_the_longest_head(void **state)
{
	const char *start = "GET /long HTTP/1.1\r\nx: ";
	struct world w;
	uint32_t seq;

	(void)state;
	begin(&w);
	seq = give_longest_head(&w, start);
	give(&w, seq, "y", 1);
	give(&w, 1000, start, (uint32_t)strlen(start) - 5);
	end(&w);
	assert_int_equal(w.n_records, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_segment),
		cmocka_unit_test(split_in_two),
		cmocka_unit_test(split_inside_the_method),
		cmocka_unit_test(no_method),
		cmocka_unit_test(split_in_three),
		cmocka_unit_test(split_in_three_with_repeats),
		cmocka_unit_test(repeated_in_other_cuts),
		cmocka_unit_test(sequence_wraps),
		cmocka_unit_test(pipelined),
		cmocka_unit_test(pipelined_behind_a_late_head),
		cmocka_unit_test(first_repeated_before_the_last),
		cmocka_unit_test(decoys_in_a_body),
		cmocka_unit_test(decoys_in_a_chunked_body),
		cmocka_unit_test(restart),
		cmocka_unit_test(cut_frames),
		cmocka_unit_test(cut_continuations),
		cmocka_unit_test(unfinished),
		cmocka_unit_test(context_withdrawn),
		cmocka_unit_test(context_replaced),
		cmocka_unit_test(other_payload),
		cmocka_unit_test(responses),
		cmocka_unit_test(no_responses),
		cmocka_unit_test(flows_are_apart),
		cmocka_unit_test(endless_heads),
		cmocka_unit_test(lost_segments_do_not_pile_up),
		cmocka_unit_test(refusal_stops),
		cmocka_unit_test(refusal_while_heads_wait),
		cmocka_unit_test(cut_behind_the_longest_head),
		cmocka_unit_test(shorter_repetition_of_the_longest_head),
		cmocka_unit_test(freed_early),
		cmocka_unit_test(random_streams),
		cmocka_unit_test(random_segments),
	};

	return cmocka_run_group_tests_name("heads", tests, NULL, NULL);
}
