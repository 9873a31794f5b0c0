/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_assembly - from the in-kernel program's messages, made by hand, to records and to the account of frames: heads
 * in segments that are late, lost or come again, messages that were lost, and messages that nobody should send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>

#include "capture/assembly.h"
#include "lib/catch.h"
#include "lib/search.h"
#include "tests/unit/guard.h"
#include "tests/unit/random.h"

#define RECORDS_MAX 16384
#define TRACE	    "0af7651916cd43dd8448eb211c80319c"
#define SPAN	    "b7ad6b7169203331"
#define VALUE	    " 00-" TRACE "-" SPAN "-01\r"
#define IDS_END	    (12 + 4 + 32 + 1 + 16) /* counted from the line's first byte */
#define SEQ	    1000
#define EXPIRES_NS  60000000000ull

struct world {
	struct ws_wanted wanted;
	struct ws_assembly *assembly;
	uint64_t n_frames[WS_N_REASONS]; /* as the program would count them */
	uint64_t now_ns;
	uint32_t n_records;
	int emit_rc;
	struct ws_record record[RECORDS_MAX];
};

static struct world w;

static int keep(void *context, const struct ws_record *record)
{
	(void)context;
	if (w.emit_rc)
		return w.emit_rc;
	assert_true(w.n_records < RECORDS_MAX);
	w.record[w.n_records++] = *record;
	return 0;
}

static int begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof(w));
	assert_int_equal(ws_wanted_parse("default", &w.wanted, NULL), 0);
	w.assembly = ws_assembly_new(&w.wanted, WS_WINDOW_MAX, 7, keep, NULL);
	w.now_ns = 1000000;
	return w.assembly ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	ws_assembly_free(w.assembly);
	return 0;
}

/* A message, and what follows it: notes, or bytes. */
struct message {
	struct ws_catch c;
	union {
		struct ws_notes notes;
		uint8_t bytes[sizeof(struct ws_notes)];
	};
	uint32_t n_bytes; /* of HTTP/2 */
};

static struct message message_of(uint8_t kind, uint32_t from_off, uint32_t head_len, uint8_t search_end)
{
	struct message m = { .c = { .kind = kind,
				    .seq = SEQ,
				    .from_off = from_off,
				    .to_off = head_len,
				    .head_len = head_len,
				    .end = search_end,
				    .payload_len = head_len - from_off,
				    .frame_len = head_len - from_off + 54,
				    .sport = 40000,
				    .dport = 8080,
				    .direction = WS_DIRECTION_IN,
				    .ip_version = 4,
				    .counts_frame = kind == WS_CATCH_HEAD } };

	m.c.ts_ns = w.now_ns += 1000;
	m.c.saddr[15] = 1;
	m.c.daddr[15] = 2;
	return m;
}

static void note(struct message *m, uint8_t header, const char *value, uint8_t flags, uint32_t line_off)
{
	const uint32_t len = (uint32_t)strlen(value);

	m->notes.word[m->notes.n_words++] = ws_note_word(header, flags, len, 0, line_off);
	memcpy(&m->notes.word[m->notes.n_words], value, len);
	m->notes.n_words += (len + 7) / 8;
}

static void note_w3c(struct message *m, uint32_t line_off)
{
	note(m, WS_HEADER_TRACEPARENT, VALUE, 0, line_off);
}

/* Gives the message; the frame is counted as the program counts it. */
static int give(const struct message *m)
{
	const bool is_head = m->c.kind <= WS_CATCH_HEAD_GAP;
	const size_t len = sizeof(m->c) + (is_head ? 8 + 8 * m->notes.n_words : m->n_bytes);
	const struct ws_bytes b = ws_guard(m, (uint32_t)((len + 7) & ~7ull));

	w.n_frames[m->c.counts_frame ? WS_REASON_UNREAD : WS_REASON_HEAD_CONTINUED]++;
	return ws_assembly_take(w.assembly, b.data, len);
}

static void head(uint32_t to_off, uint8_t search_end)
{
	const struct message m = message_of(WS_CATCH_HEAD, 0, to_off, search_end);

	assert_int_equal(give(&m), 0);
}

static void head_w3c(uint32_t to_off, uint8_t search_end, uint32_t line_off)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, to_off, search_end);

	note_w3c(&m, line_off);
	assert_int_equal(give(&m), 0);
}

static void more(uint32_t from_off, uint32_t to_off, uint8_t search_end)
{
	const struct message m = message_of(WS_CATCH_HEAD_MORE, from_off, to_off, search_end);

	assert_int_equal(give(&m), 0);
}

static void more_w3c(uint32_t from_off, uint32_t to_off, uint8_t search_end, uint32_t line_off)
{
	struct message m = message_of(WS_CATCH_HEAD_MORE, from_off, to_off, search_end);

	note_w3c(&m, line_off);
	assert_int_equal(give(&m), 0);
}

static void gap(uint32_t from_off)
{
	const struct message m = message_of(WS_CATCH_HEAD_GAP, from_off, from_off + 10, 0);

	assert_int_equal(give(&m), 0);
}

static void finish(void)
{
	assert_int_equal(ws_assembly_finish(w.assembly), 0);
}

/* The account's number of frames for the slot; the sum is what the program counted, and nothing is below zero. */
static uint64_t counted(uint32_t slot)
{
	uint64_t n_frames[WS_N_REASONS], sum = 0, before = 0;

	memcpy(n_frames, w.n_frames, sizeof(n_frames));
	ws_assembly_account(w.assembly, n_frames);
	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		assert_in_range(n_frames[i], 0, UINT32_MAX);
		sum += n_frames[i];
		before += w.n_frames[i];
	}
	assert_int_equal(sum, before);
	return n_frames[slot];
}

#define W3C_SLOT (WS_REASON_CONTEXT + WS_FAMILY_W3C)

static void assert_w3c(const struct ws_record *r, uint32_t line_off, uint16_t n_segments, uint16_t segment)
{
	assert_int_equal(r->reason, WS_REASON_CONTEXT);
	assert_int_equal(r->family, WS_FAMILY_W3C);
	assert_int_equal(r->ctx_off, line_off);
	assert_int_equal(r->ids_end_off, line_off + IDS_END);
	assert_int_equal(r->n_segments, n_segments);
	assert_int_equal(r->ids_end_segment, segment);
}

static void a_head_in_one_segment(void **state)
{
	(void)state;
	head_w3c(200, WS_SEARCH_HEAD_END, 40);
	assert_int_equal(w.n_records, 1);
	assert_w3c(&w.record[0], 40, 1, 1);
	assert_int_equal(w.record[0].point, 7);
	assert_int_equal(w.record[0].seq, SEQ);
	assert_int_equal(w.record[0].searched_len, 200);
	assert_int_equal(w.record[0].ts_ns, w.now_ns);
	assert_int_equal(w.record[0].done_ts_ns, w.now_ns);
	assert_int_equal(counted(W3C_SLOT), 1);
	assert_int_equal(counted(WS_REASON_UNREAD), 0);
}

static void a_head_in_three_segments(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more(100, 200, WS_SEARCH_RAN_OUT);
	assert_int_equal(w.n_records, 0);
	more_w3c(200, 300, WS_SEARCH_HEAD_END, 190);
	assert_int_equal(w.n_records, 1);
	assert_w3c(&w.record[0], 190, 3, 3);
	assert_int_equal(w.record[0].ctx_segment, 2);
	assert_int_equal(w.record[0].payload_len, 100);
	assert_int_equal(w.record[0].done_ts_ns, w.now_ns);
	assert_int_equal(w.record[0].ts_ns, w.now_ns - 2000);
	assert_int_equal(counted(W3C_SLOT), 1);
	assert_int_equal(counted(WS_REASON_HEAD_CONTINUED), 2);
}

static void a_head_without_context(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more(100, 200, WS_SEARCH_HEAD_END);
	assert_int_equal(w.record[0].reason, WS_REASON_NO_CONTEXT);
	assert_int_equal(w.record[0].n_segments, 2);
	assert_int_equal(counted(WS_REASON_NO_CONTEXT), 1);
}

static void ids_in_two_segments(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_RAN_OUT);

	(void)state;
	note(&m, WS_HEADER_B3_TRACE, " " TRACE "\r", 0, 40);
	assert_int_equal(give(&m), 0);
	m = message_of(WS_CATCH_HEAD_MORE, 100, 200, WS_SEARCH_HEAD_END);
	note(&m, WS_HEADER_B3_SPAN, " " SPAN "\r", 0, 120);
	assert_int_equal(give(&m), 0);
	assert_int_equal(w.record[0].family, WS_FAMILY_B3);
	assert_int_equal(w.record[0].ctx_segment, 1);
	assert_int_equal(w.record[0].ids_end_segment, 2);
	assert_int_equal(w.record[0].ctx_off, 40);
}

/* A line that its segment cuts is noted again as a whole: what it seemed to be before does not count. */
static void an_open_line_that_turns_out_wrong(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_RAN_OUT);

	(void)state;
	note(&m, WS_HEADER_TRACEPARENT, " 00-" TRACE "-" SPAN "-", WS_NOTE_CUT | WS_NOTE_OPEN, 30);
	assert_int_equal(give(&m), 0);
	m = message_of(WS_CATCH_HEAD_MORE, 100, 200, WS_SEARCH_HEAD_END);
	note(&m, WS_HEADER_TRACEPARENT, " 00-" TRACE "-" SPAN "-zz\r", 0, 30);
	assert_int_equal(give(&m), 0);
	assert_int_equal(w.record[0].reason, WS_REASON_MALFORMED);
	assert_int_equal(w.record[0].families, 0);
	assert_int_equal(counted(WS_REASON_MALFORMED), 1);
}

/* The same within a segment that is searched in several goes. */
static void an_open_line_noted_again_in_its_segment(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 20000, WS_SEARCH_HEAD_END);

	(void)state;
	note(&m, WS_HEADER_TRACEPARENT, " 00-" TRACE "-" SPAN "-", WS_NOTE_CUT | WS_NOTE_OPEN, 30);
	note(&m, WS_HEADER_TRACEPARENT, " 00-" TRACE "-" SPAN "-zz\r", 0, 30);
	assert_int_equal(give(&m), 0);
	assert_int_equal(w.record[0].reason, WS_REASON_MALFORMED);
}

static void an_open_line_counts_if_nothing_follows(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_RAN_OUT);

	(void)state;
	note(&m, WS_HEADER_TRACEPARENT, " 00-" TRACE "-" SPAN "-", WS_NOTE_CUT | WS_NOTE_OPEN, 30);
	assert_int_equal(give(&m), 0);
	finish();
	assert_w3c(&w.record[0], 30, 1, 1);
}

static void a_head_that_breaks_off(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more(100, 200, WS_SEARCH_RAN_OUT);
	finish();
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_SPLIT);
	assert_int_equal(w.record[0].n_segments, 2);
	assert_int_equal(counted(WS_REASON_SPLIT), 1);
}

static void a_head_with_a_lost_segment(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	gap(300);
	finish();
	assert_int_equal(w.record[0].reason, WS_REASON_LOST_SEGMENT);
	assert_int_equal(counted(WS_REASON_LOST_SEGMENT), 1);
}

static void a_context_before_the_lost_segment(void **state)
{
	(void)state;
	head_w3c(200, WS_SEARCH_RAN_OUT, 40);
	gap(400);
	finish();
	assert_w3c(&w.record[0], 40, 1, 1);
}

static void segments_in_another_order(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	gap(200);
	more(100, 200, WS_SEARCH_RAN_OUT);
	finish();
	assert_int_equal(w.record[0].reason, WS_REASON_OUT_OF_ORDER);
	assert_int_equal(counted(WS_REASON_OUT_OF_ORDER), 1);
}

/* The ring buffer was full: the message of a segment is missing, though its bytes were searched. */
static void a_lost_message(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more(200, 300, WS_SEARCH_HEAD_END);
	assert_int_equal(w.record[0].reason, WS_REASON_UNREAD);
	assert_int_equal(counted(WS_REASON_UNREAD), 1);
}

static void a_lost_message_and_a_context_behind(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more_w3c(200, 300, WS_SEARCH_HEAD_END, 210);
	assert_int_equal(w.record[0].reason, WS_REASON_CONTEXT);
	assert_int_equal(counted(W3C_SLOT), 1);
}

static void segments_of_a_head_nobody_knows(void **state)
{
	(void)state;
	more_w3c(100, 200, WS_SEARCH_HEAD_END, 110);
	gap(300);
	finish();
	assert_int_equal(w.n_records, 0);
	assert_int_equal(counted(WS_REASON_HEAD_CONTINUED), 2);
}

static void what_was_no_request_after_all(void **state)
{
	(void)state;
	head(3, WS_SEARCH_IN_METHOD);
	more(3, 50, WS_SEARCH_NOT_HTTP);
	head(2, WS_SEARCH_IN_METHOD);
	finish();
	assert_int_equal(w.n_records, 0);
	assert_int_equal(counted(WS_REASON_OTHER_PAYLOAD), 2);
}

static void a_later_head_in_its_frame_is_not_counted(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_HEAD_END);

	(void)state;
	assert_int_equal(give(&m), 0);
	m.c.seq += 100;
	m.c.req_off = 100;
	m.c.counts_frame = 0;
	assert_int_equal(give(&m), 0);
	assert_int_equal(w.n_records, 2);
	assert_int_equal(w.record[0].flags, 0);
	assert_int_equal(w.record[1].flags, WS_FLAG_LATER_IN_FRAME);
	assert_int_equal(counted(WS_REASON_NO_CONTEXT), 1);
}

static void beyond_the_window(void **state)
{
	(void)state;
	ws_assembly_free(w.assembly);
	w.assembly = ws_assembly_new(&w.wanted, 100, 0, keep, NULL);
	head(150, WS_SEARCH_WINDOW);
	head_w3c(200, WS_SEARCH_WINDOW, 100 - IDS_END);
	head_w3c(200, WS_SEARCH_WINDOW, 100 - IDS_END + 1);
	head(300, WS_SEARCH_HEAD_END);
	assert_int_equal(w.record[0].reason, WS_REASON_BEYOND_WINDOW);
	assert_int_equal(w.record[0].searched_len, 100);
	assert_int_equal(w.record[1].reason, WS_REASON_CONTEXT);
	assert_int_equal(w.record[2].reason, WS_REASON_BEYOND_WINDOW);
	assert_int_equal(w.record[3].reason, WS_REASON_BEYOND_WINDOW);
	assert_int_equal(counted(WS_REASON_BEYOND_WINDOW), 3);
}

static void the_first_segment_again_while_the_head_goes_on(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	head(100, WS_SEARCH_RAN_OUT);
	more_w3c(100, 200, WS_SEARCH_HEAD_END, 110);
	assert_int_equal(w.n_records, 2);
	for (int i = 0; i < 2; i++)
		assert_w3c(&w.record[i], 110, 2, 2);
	assert_int_not_equal(w.record[0].ts_ns, w.record[1].ts_ns);
	assert_int_equal(counted(W3C_SLOT), 2);
}

static void the_first_segment_again_after_the_second(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more_w3c(100, 200, WS_SEARCH_RAN_OUT, 110);
	head(100, WS_SEARCH_RAN_OUT);
	more(200, 300, WS_SEARCH_HEAD_END);
	assert_int_equal(w.n_records, 2);
	for (int i = 0; i < 2; i++)
		assert_w3c(&w.record[i], 110, 3, 2);
}

static void the_first_segment_again_after_the_end(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more_w3c(100, 200, WS_SEARCH_HEAD_END, 110);
	head(100, WS_SEARCH_RAN_OUT);
	assert_int_equal(w.n_records, 2);
	assert_w3c(&w.record[1], 110, 2, 2);
	assert_int_equal(w.record[1].ts_ns, w.now_ns);
	assert_int_equal(w.record[1].done_ts_ns, w.now_ns);
	finish();
	assert_int_equal(w.n_records, 2);
	assert_int_equal(counted(W3C_SLOT), 2);
}

/* Each sighting under way makes each further segment dearer: there are eight at most, and none is lost. */
static void the_first_segment_again_and_again(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		head(100, WS_SEARCH_RAN_OUT);
	assert_int_equal(w.n_records, 12);
	for (int i = 0; i < 12; i++)
		assert_int_equal(w.record[i].reason, WS_REASON_SPLIT);
	more_w3c(100, 200, WS_SEARCH_HEAD_END, 110);
	assert_int_equal(w.n_records, 20);
	for (int i = 12; i < 20; i++)
		assert_w3c(&w.record[i], 110, 2, 2);
}

static void the_first_segment_again_with_more(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	head_w3c(180, WS_SEARCH_RAN_OUT, 90);
	more(180, 300, WS_SEARCH_HEAD_END);
	assert_int_equal(w.n_records, 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(w.record[i].reason, WS_REASON_CONTEXT);
	assert_int_equal(w.record[0].n_segments + w.record[1].n_segments, 5);
	assert_int_equal(counted(WS_REASON_UNREAD), 0);
}

static void the_first_segment_again_with_the_whole_head(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	head_w3c(180, WS_SEARCH_HEAD_END, 90);
	assert_int_equal(w.n_records, 2);
	assert_int_equal(w.record[0].reason, WS_REASON_CONTEXT);
	assert_int_equal(w.record[1].reason, WS_REASON_CONTEXT);
	assert_int_equal(counted(W3C_SLOT), 2);
}

static void the_first_segment_again_with_less(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	more_w3c(100, 200, WS_SEARCH_HEAD_END, 110);
	head(60, WS_SEARCH_RAN_OUT);
	assert_int_equal(w.n_records, 2);
	assert_w3c(&w.record[1], 110, 3, 3);
}

static void three_sightings_of_different_lengths(void **state)
{
	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	head(110, WS_SEARCH_RAN_OUT);
	head(120, WS_SEARCH_RAN_OUT);
	more_w3c(120, 300, WS_SEARCH_HEAD_END, 150);
	assert_int_equal(w.n_records, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(w.record[i].reason, WS_REASON_CONTEXT);
	assert_int_equal(counted(W3C_SLOT), 3);
}

static void heads_of_other_flows_are_apart(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_RAN_OUT);

	(void)state;
	assert_int_equal(give(&m), 0);
	for (int i = 0; i < 5; i++) {
		struct message other = message_of(WS_CATCH_HEAD_MORE, 100, 200, WS_SEARCH_HEAD_END);

		other.c.sport += i == 0;
		other.c.saddr[0] = i == 1;
		other.c.vni = i == 2;
		other.c.seq += i == 3;
		other.c.direction = i == 4 ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
		assert_int_equal(give(&other), 0);
		assert_int_equal(w.n_records, 0);
	}
	more(100, 200, WS_SEARCH_HEAD_END);
	assert_int_equal(w.n_records, 1);
}

static void heads_expire_after_a_minute(void **state)
{
	uint64_t first_ns;

	(void)state;
	head(100, WS_SEARCH_RAN_OUT);
	first_ns = w.now_ns;
	assert_int_equal(ws_assembly_expire(w.assembly, first_ns + EXPIRES_NS), 0);
	assert_int_equal(w.n_records, 0);
	assert_int_equal(ws_assembly_expire(w.assembly, first_ns + EXPIRES_NS + 1), 0);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_SPLIT);
	assert_int_equal(ws_assembly_expire(w.assembly, UINT64_MAX), 0);
	finish();
	assert_int_equal(w.n_records, 1);
}

static void more_heads_than_are_kept(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 9000; i++) {
		struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_RAN_OUT);

		m.c.seq += 1000 * i;
		assert_int_equal(give(&m), 0);
	}
	assert_in_range(w.n_records, 1, 8999);
	assert_int_equal(w.record[0].seq, SEQ); /* the oldest */
	finish();
	assert_int_equal(w.n_records, 9000);
	assert_int_equal(counted(WS_REASON_SPLIT), 9000);
}

static void more_segments_than_are_told_apart(void **state)
{
	(void)state;
	head(1, WS_SEARCH_IN_METHOD);
	for (uint32_t i = 1; i < 400; i++)
		more(i, i + 1, i < 10 ? WS_SEARCH_IN_METHOD : WS_SEARCH_RAN_OUT);
	more_w3c(400, 500, WS_SEARCH_HEAD_END, 390);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_CONTEXT);
	assert_int_equal(w.record[0].n_segments, w.record[0].ids_end_segment);
	assert_int_equal(w.record[0].searched_len, 500);
}

static void crowded_notes_are_told(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_RAN_OUT);

	(void)state;
	m.notes.is_crowded = 1;
	assert_int_equal(give(&m), 0);
	more(100, 200, WS_SEARCH_HEAD_END);
	assert_int_equal(w.record[0].flags & WS_FLAG_CROWDED, WS_FLAG_CROWDED);
}

static void a_failure_to_keep_a_record_is_passed_on(void **state)
{
	struct message m = message_of(WS_CATCH_HEAD, 0, 100, WS_SEARCH_HEAD_END);

	(void)state;
	w.emit_rc = -ENOSPC;
	assert_int_equal(give(&m), -ENOSPC);
	m.c.end = WS_SEARCH_RAN_OUT;
	assert_int_equal(give(&m), 0);
	assert_int_equal(ws_assembly_finish(w.assembly), -ENOSPC);
}

/* The program has counted the frame; the record says what the message says, and nothing of what was there before. */
static void a_response_is_a_record(void **state)
{
	struct message m = message_of(WS_CATCH_RESPONSE, 0, 0, 0);
	struct ws_record want = {
		.seq = SEQ,
		.frame_len = 1514,
		.payload_len = 1448,
		.vni = 42,
		.sport = 40000,
		.dport = 8080,
		.vlan = 7,
		.n_segments = 1,
		.point = 7,
		.direction = WS_DIRECTION_IN,
		.ip_version = 4,
		.outer_ip_version = 6,
		.encap = WS_ENCAP_VXLAN,
		.tcp_flags = 0x18,
		.reason = WS_REASON_HTTP_RESPONSE,
		.http_version = 1,
		.ack = 0xfffffff1,
		.status = 404,
	};
	uint64_t n_frames[WS_N_REASONS] = { 0 };

	(void)state;
	m.c.ack = want.ack;
	m.c.status = want.status;
	m.c.frame_len = want.frame_len;
	m.c.payload_len = want.payload_len;
	m.c.vni = want.vni;
	m.c.vlan = want.vlan;
	m.c.outer_ip_version = want.outer_ip_version;
	m.c.encap = want.encap;
	m.c.tcp_flags = want.tcp_flags;
	m.c.outer_saddr[3] = m.c.outer_daddr[4] = 9;
	m.c.to_off = m.c.head_len = 0xdddddddd; /* left from another message */
	m.c.end = 0xdd;
	want.ts_ns = m.c.ts_ns;
	want.saddr[15] = 1;
	want.daddr[15] = 2;
	want.outer_saddr[3] = want.outer_daddr[4] = 9;
	assert_int_equal(ws_assembly_take(w.assembly, &m, sizeof(m.c)), 0);
	assert_int_equal(w.n_records, 1); /* at once */
	assert_memory_equal(&w.record[0], &want, sizeof(want));
	assert_int_equal(ws_assembly_finish(w.assembly), 0);
	ws_assembly_account(w.assembly, n_frames);
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		assert_int_equal(n_frames[i], 0);
	w.emit_rc = -ENOSPC;
	assert_int_equal(ws_assembly_take(w.assembly, &m, sizeof(m.c)), -ENOSPC);
}

/* Between the segments of a head: neither knows of the other. */
static void a_response_within_a_head(void **state)
{
	struct message first = message_of(WS_CATCH_HEAD, 0, 60, WS_SEARCH_RAN_OUT);
	struct message second = message_of(WS_CATCH_HEAD_MORE, 60, 160, WS_SEARCH_HEAD_END);
	struct message response = message_of(WS_CATCH_RESPONSE, 0, 0, 0);

	(void)state;
	second.c.segment = 2;
	response.c.ack = SEQ + 60;
	response.c.status = 100;
	note_w3c(&second, 70);
	give(&first);
	assert_int_equal(ws_assembly_take(w.assembly, &response, sizeof(response.c)), 0);
	give(&second);
	finish();
	assert_int_equal(w.n_records, 2);
	assert_int_equal(w.record[0].status, 100);
	assert_int_equal(w.record[1].reason, WS_REASON_CONTEXT);
	assert_int_equal(w.record[1].ack | w.record[1].status, 0);
}

static void messages_of_every_length(void **state)
{
	(void)state;
	for (uint8_t kind = 0; kind < 12; kind++) {
		for (uint32_t len = 0; len < sizeof(struct ws_catch) + 64; len++) {
			struct message m = message_of(kind, 0, 20, WS_SEARCH_RAN_OUT);
			struct ws_bytes b;
			int rc;

			m.notes.n_words = 5;
			b = ws_guard(&m, (len + 7) & ~7u);
			rc = ws_assembly_take(w.assembly, b.data, len);
			assert_true(rc == 0 || rc == -EPROTO);
			if (len < sizeof(struct ws_catch) || kind == 0 || kind > WS_CATCH_RESPONSE)
				assert_int_equal(rc, -EPROTO);
		}
	}
	finish();
}

static void messages_of_any_bytes(void **state)
{
	static uint64_t words[1 + (sizeof(struct message) / 8)];

	(void)state;
	for (uint32_t i = 0; i < 30000; i++) {
		struct message *m = (struct message *)(void *)words;
		const uint32_t len = (uint32_t)(random_number() % (i % 2 ? 400 : sizeof(struct message)));
		struct ws_bytes b;
		int rc;

		for (uint32_t k = 0; k < sizeof(words) / 8 && k < 60; k++)
			words[k] = random_number() % 3 ? random_number() : random_number() % 300;
		m->c.kind = (uint8_t)(1 + random_number() % WS_CATCH_RESPONSE);
		m->c.seq = SEQ + (uint32_t)(random_number() % 2);
		m->c.sport = m->c.dport = 1;
		m->c.direction = 1;
		m->c.vni = 0;
		m->c.end = (uint8_t)(random_number() % 7);
		memset(m->c.saddr, 0, 32);
		m->notes.n_words = (uint32_t)(random_number() % 20);
		b = ws_guard(words, (len + 7) & ~7u);
		rc = ws_assembly_take(w.assembly, b.data, len);
		assert_true(rc == 0 || rc == -EPROTO);
		w.n_records = 0;
	}
	finish();
}

/* -- HTTP/2 */

/* HEADERS of a request that has no context: indexed fields :method GET, :scheme http, :path /. */
static const uint8_t headers[] = { 0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84 };

static struct message piece_of(uint8_t kind, uint16_t number, const uint8_t *bytes, uint32_t n, uint32_t seq)
{
	struct message m = message_of(kind, 0, n, 0);

	m.c.segment = number;
	m.c.seq = seq;
	m.c.counts_frame = kind != WS_CATCH_HTTP2_PREFACE && kind != WS_CATCH_HTTP2_LOST;
	m.c.payload_len = n;
	m.c.head_len = 0;
	memcpy(m.bytes, bytes, n);
	m.n_bytes = n;
	return m;
}

static void give_piece(uint8_t kind, uint16_t number, uint32_t seq)
{
	const bool has_bytes = kind == WS_CATCH_HTTP2 || kind == WS_CATCH_HTTP2_BLIND;
	struct message m = piece_of(kind, number, headers, has_bytes ? sizeof(headers) : 0, seq);

	m.c.payload_len = sizeof(headers);
	if (!m.c.counts_frame) /* it tells nothing of a frame of its own */
		w.n_frames[WS_REASON_HEAD_CONTINUED]--;
	assert_int_equal(give(&m), 0);
}

static void a_request_of_http2(void **state)
{
	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	give_piece(WS_CATCH_HTTP2, 1, SEQ + 24);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_NO_CONTEXT);
	assert_int_equal(w.record[0].http_version, 2);
	assert_int_equal(w.record[0].stream_id, 1);
	assert_int_equal(w.record[0].searched_len, sizeof(headers));
	assert_int_equal(w.record[0].point, 7);
	assert_int_equal(counted(WS_REASON_NO_CONTEXT), 1);
}

static void a_segment_of_http2_again(void **state)
{
	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	give_piece(WS_CATCH_HTTP2, 1, SEQ + 24);
	give_piece(WS_CATCH_HTTP2_AGAIN, 2, SEQ + 24);
	assert_int_equal(w.n_records, 2);
	assert_int_equal(w.record[1].reason, WS_REASON_NO_CONTEXT);
	assert_int_equal(w.record[1].ts_ns, w.now_ns);
	give_piece(WS_CATCH_HTTP2_AGAIN, 3, SEQ + 500); /* nothing begins there */
	assert_int_equal(w.n_records, 2);
	assert_int_equal(counted(WS_REASON_NO_CONTEXT), 2);
	assert_int_equal(counted(WS_REASON_HTTP2), 1);
}

static void a_lost_message_of_http2(void **state)
{
	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	give_piece(WS_CATCH_HTTP2, 2, SEQ + 24); /* 1 is missing */
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_UNDECODABLE);
	assert_int_equal(counted(WS_REASON_UNDECODABLE), 1);
}

static void a_connection_whose_preface_nobody_told(void **state)
{
	(void)state;
	give_piece(WS_CATCH_HTTP2, 1, SEQ + 24);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_UNDECODABLE);
	assert_int_equal(w.record[0].stream_id, 1);
}

static void a_connection_that_lost_a_segment(void **state)
{
	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	give_piece(WS_CATCH_HTTP2_LOST, 1, SEQ + 124);
	give_piece(WS_CATCH_HTTP2_BLIND, 2, SEQ + 124);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_UNDECODABLE);
	assert_int_equal(counted(WS_REASON_UNDECODABLE), 1);
}

/* The ports are used again: what the tables of the earlier connection held does not count. */
static void a_preface_begins_another_connection(void **state)
{
	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	give_piece(WS_CATCH_HTTP2_LOST, 1, SEQ + 124);
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ + 90000);
	give_piece(WS_CATCH_HTTP2, 1, SEQ + 90024);
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_NO_CONTEXT);
}

static void a_piece_longer_than_its_message(void **state)
{
	struct message m = piece_of(WS_CATCH_HTTP2, 1, headers, sizeof(headers), SEQ + 24);

	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	m.c.to_off = m.c.from_off + m.n_bytes + 1;
	assert_int_equal(give(&m), -EPROTO);
	m.c.from_off = 10;
	m.c.to_off = 5;
	m.c.segment = 2;
	assert_int_equal(give(&m), -EPROTO);
}

static void a_request_of_http2_that_breaks_off(void **state)
{
	struct message m;

	(void)state;
	give_piece(WS_CATCH_HTTP2_PREFACE, 0, SEQ);
	m = piece_of(WS_CATCH_HTTP2, 1, headers, 10, SEQ + 24);
	assert_int_equal(give(&m), 0);
	finish();
	assert_int_equal(w.n_records, 1);
	assert_int_equal(w.record[0].reason, WS_REASON_UNDECODABLE);
	assert_int_equal(counted(WS_REASON_UNDECODABLE), 1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_head_in_one_segment),
		TEST(a_head_in_three_segments),
		TEST(a_head_without_context),
		TEST(ids_in_two_segments),
		TEST(an_open_line_that_turns_out_wrong),
		TEST(an_open_line_noted_again_in_its_segment),
		TEST(an_open_line_counts_if_nothing_follows),
		TEST(a_head_that_breaks_off),
		TEST(a_head_with_a_lost_segment),
		TEST(a_context_before_the_lost_segment),
		TEST(segments_in_another_order),
		TEST(a_lost_message),
		TEST(a_lost_message_and_a_context_behind),
		TEST(segments_of_a_head_nobody_knows),
		TEST(what_was_no_request_after_all),
		TEST(a_later_head_in_its_frame_is_not_counted),
		TEST(beyond_the_window),
		TEST(the_first_segment_again_while_the_head_goes_on),
		TEST(the_first_segment_again_after_the_second),
		TEST(the_first_segment_again_after_the_end),
		TEST(the_first_segment_again_and_again),
		TEST(the_first_segment_again_with_more),
		TEST(the_first_segment_again_with_the_whole_head),
		TEST(the_first_segment_again_with_less),
		TEST(three_sightings_of_different_lengths),
		TEST(heads_of_other_flows_are_apart),
		TEST(heads_expire_after_a_minute),
		TEST(more_heads_than_are_kept),
		TEST(more_segments_than_are_told_apart),
		TEST(crowded_notes_are_told),
		TEST(a_failure_to_keep_a_record_is_passed_on),
		TEST(a_response_is_a_record),
		TEST(a_response_within_a_head),
		TEST(messages_of_every_length),
		TEST(messages_of_any_bytes),
		TEST(a_request_of_http2),
		TEST(a_segment_of_http2_again),
		TEST(a_lost_message_of_http2),
		TEST(a_connection_whose_preface_nobody_told),
		TEST(a_connection_that_lost_a_segment),
		TEST(a_preface_begins_another_connection),
		TEST(a_piece_longer_than_its_message),
		TEST(a_request_of_http2_that_breaks_off),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
