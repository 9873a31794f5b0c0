/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * search - the walk over the lines of an HTTP/1.x request head that notes those of context headers, and finds where the
 * head ends and what it says of its body.
 *
 * One text for kernel and host. It goes in small steps, each of which needs no loop of unknown length, so that the
 * kernel runs it a few at a time and the host under while. Names are compared only at whole lines, by a table; values
 * are copied, not read: lib/context.h does that. Where the bytes end in mid-head, the walk can be resumed with more of
 * them: see ws_search_carry().
 *
 * Sources: RFC 9112 2.2, 3, 5, 6.
 */
#ifndef WS_SEARCH_H
#define WS_SEARCH_H

#include "lib/bytes.h"
#include "lib/http.h"
#include "lib/notes.h"

/* The largest window: the N of "search N bytes". Envoy takes heads of at most 60 KB. */
#define WS_WINDOW_MAX 65536
/* What must be kept of an unfinished line: the longest name, the longest value looked at, blanks. */
#define WS_CARRY_MAX 448
/* Of a request line that is longer than that: enough to see " HTTP/1.1" and its CR LF. */
#define WS_CARRY_REQUEST_LINE 16
/* A longer body is not skipped: a quarter of the sequence space. */
#define WS_BODY_MAX (1u << 30)

#define WS_NAMES_MAX	32
#define WS_NAME_WORDS	(WS_NAME_MAX / 8)
#define WS_NAME_BUCKETS 256
/* More names than can stand in one bucket: ws_names_make() sees to it. */
#define WS_NAMES_CHAIN_MAX 12

/* A name that is looked for. */
struct ws_name {
	uint64_t word[WS_NAME_WORDS]; /* with its colon, in lower case, filled with zeros */
	uint64_t mask[WS_NAME_WORDS]; /* zero where the name has ended, and where case does not matter */
	uint8_t len;
	uint8_t header; /* enum ws_header */
	uint8_t next;	/* number + 1 of the next name in the same bucket; 0: none */
	uint16_t value_max;
	uint8_t zero[3];
};

/* The names that are looked for, in buckets by their first three bytes. Made by ws_names_make(). */
struct ws_names {
	uint8_t first[WS_NAME_BUCKETS]; /* number + 1 of a bucket's first name; 0: none */
	struct ws_name name[WS_NAMES_MAX];
};

enum ws_search_state {
	WS_SEARCH_REQUEST_LINE = 0,
	WS_SEARCH_LINES,
	WS_SEARCH_LONG_LINE, /* in a line whose beginning is not at hand any more: to its end */
};

enum ws_search_end {
	WS_SEARCH_GOES_ON = 0,
	WS_SEARCH_NOT_HTTP,  /* the first line is no request line */
	WS_SEARCH_HEAD_END,  /* the empty line was reached */
	WS_SEARCH_RAN_OUT,   /* of bytes */
	WS_SEARCH_WINDOW,    /* of window */
	WS_SEARCH_IN_METHOD, /* of bytes, before there was more than a method: this may be no request */
};

/* The state of one search. Places in the bytes at hand are positions; places in the head are offsets. */
struct ws_search {
	uint64_t newlines; /* of ws_bytes_newlines() at pos, what is left to be looked at */
	uint32_t window;   /* lines that begin at or behind this offset are not looked at */
	uint32_t base_off; /* offset of the bytes' position 0, modulo 2^32 */
	uint32_t pos;	   /* the next step; when the search has ended, behind what was looked at */
	uint32_t line_pos; /* where the line begins that is being read */
	uint32_t body_len; /* by Content-Length */
	uint8_t state;	   /* enum ws_search_state */
	uint8_t end;	   /* enum ws_search_end */
	uint8_t is_chunked;
	uint8_t is_open_ended; /* a Content-Length that cannot be read */
	uint8_t n_digits;      /* of the Content-Length */
	uint8_t n_blanks;      /* in front of the value noted last */
	uint8_t zero[2];
};

/* A search at work: what it walks over, what it looks for, how far it is, and what it has found. None is owned. */
struct ws_walk {
	struct ws_bytes bytes;
	const struct ws_names *names;
	struct ws_search *search;
	struct ws_notes *notes;
};

static __always_inline uint32_t ws_name_bucket(uint64_t first)
{
	return ((uint32_t)(first | 0x202020) & 0xffffff) * 0x9e3779b1u >> 24;
}

/*
 * Is it this name that stands at pos, where the word first does? What it may read behind the line's end makes no
 * difference. Most names in a bucket differ from each other in their first word.
 */
static __always_inline int ws_name_is(const struct ws_name *n, const struct ws_bytes *b, uint32_t pos, uint64_t first)
{
	if ((first ^ n->word[0]) & n->mask[0])
		return 0;
	WS_KEEP_LOOP
	for (uint32_t i = 1; i < WS_NAME_WORDS; i++) {
		if (!n->mask[i])
			break;
		if ((ws_bytes_word(b, pos + 8 * i) ^ n->word[i]) & n->mask[i])
			return 0;
	}
	return 1;
}

/* Number + 1 of the name that stands at pos; 0: none that is looked for. */
static __always_inline uint32_t ws_search_name(const struct ws_names *names, const struct ws_bytes *b, uint32_t pos)
{
	uint64_t first = ws_bytes_word(b, pos);
	uint32_t number = names->first[ws_name_bucket(first)];

	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_NAMES_CHAIN_MAX; i++) {
		const struct ws_name *n = &names->name[(number - 1) & (WS_NAMES_MAX - 1)];

		if (number == 0 || ws_name_is(n, b, pos, first))
			return number;
		number = n->next;
	}
	return 0;
}

/*
 * Reads a Content-Length (RFC 9112 6.2). What it reads goes to memory at once: the verifier forgets it there, and the
 * ways through the digits do not multiply.
 */
static __always_inline void ws_search_length(struct ws_search *s, const struct ws_bytes *b, uint32_t pos)
{
	s->body_len = 0;
	s->n_digits = 0;
	s->is_open_ended = 1;
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < 24; i++) {
		uint8_t c = ws_bytes_u8(b, pos + i);

		WS_FORGET();
		if (c >= '0' && c <= '9') {
			if (s->body_len <= WS_BODY_MAX)
				s->body_len = s->body_len * 10 + (c - '0');
			s->n_digits++;
		} else if (s->n_digits || (c != ' ' && c != '\t')) {
			s->is_open_ended = c != ' ' && c != '\t' && c != '\r' && c != '\n';
			break;
		}
	}
	s->is_open_ended |= s->n_digits == 0 || s->n_digits > 10 || s->body_len > WS_BODY_MAX;
	if (s->is_open_ended)
		s->body_len = 0;
}

/* Notes a line whose name is n and which ends before end_pos. */
static __always_inline void ws_search_note(const struct ws_walk *w, const struct ws_name *n, uint32_t end_pos,
					   uint8_t flags)
{
	struct ws_search *s = w->search;
	struct ws_notes *notes = w->notes;
	uint32_t pos = s->line_pos + n->len, at = notes->n_words, len;

	if (at > WS_NOTES_WORDS - WS_NOTE_WORDS) {
		notes->is_crowded = 1;
		return;
	}
	s->n_blanks = 0;
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_NOTE_BLANKS_MAX; i++) {
		uint8_t c;

		if (pos + i >= end_pos)
			break;
		c = ws_bytes_u8(&w->bytes, pos + i);
		if (c != ' ' && c != '\t')
			break;
		s->n_blanks = (uint8_t)(i + 1);
		WS_FORGET();
	}
	WS_FORGET();
	pos += s->n_blanks;
	len = end_pos - pos;
	if (len > n->value_max) {
		len = n->value_max;
		flags |= WS_NOTE_CUT;
	}
	notes->word[at++ & (WS_NOTES_WORDS - 1)] = ws_note_word(n->header, flags, len, s->n_blanks,
								s->base_off + s->line_pos);
	WS_KEEP_LOOP
	for (uint32_t i = 0; i < WS_VALUE_MAX / 8; i++) {
		if (8 * i >= len)
			break;
		notes->word[at++ & (WS_NOTES_WORDS - 1)] = ws_bytes_word(&w->bytes, pos + 8 * i);
	}
	notes->n_words = at;
}

/*
 * What is not done at every line. The in-kernel program has it as global functions, which the verifier checks once
 * instead of at every step: they find the search at work by themselves, and call the functions below.
 */
#ifdef __bpf__
int search_line(uint32_t len, uint32_t end_pos, uint32_t flags);
int search_run_out(uint32_t len);
#define WS_SEARCH_LINE(w, end_pos, flags) search_line((w)->bytes.len, end_pos, flags)
#define WS_SEARCH_RUN_OUT(w)		  search_run_out((w)->bytes.len)
#else
#define WS_SEARCH_LINE(w, end_pos, flags) ws_search_line(w, end_pos, flags)
#define WS_SEARCH_RUN_OUT(w)		  ws_search_run_out(w)
#endif

/* The line from line_pos to end_pos, or as much of it as there is: is it one that is looked for? */
static __always_inline void ws_search_line(const struct ws_walk *w, uint32_t end_pos, uint8_t flags)
{
	const struct ws_names *names = w->names;
	struct ws_search *s = w->search;
	uint32_t number = ws_search_name(names, &w->bytes, s->line_pos);
	const struct ws_name *n = &names->name[(number - 1) & (WS_NAMES_MAX - 1)];

	if (number == 0 || s->line_pos + n->len > end_pos)
		return;
	if (n->header == WS_HEADER_CONTENT_LENGTH) {
		if (!(flags & WS_NOTE_CUT))
			ws_search_length(s, &w->bytes, s->line_pos + n->len);
	} else if (n->header == WS_HEADER_TRANSFER_ENCODING) {
		s->is_chunked = 1;
	} else {
		ws_search_note(w, n, end_pos, flags);
	}
}

static __always_inline int ws_search_stop(struct ws_search *s, uint8_t end)
{
	s->end = end;
	return 1;
}

/* The bytes have ended before the line has. */
static __always_inline int ws_search_run_out(const struct ws_walk *w)
{
	const struct ws_bytes *b = &w->bytes;
	struct ws_search *s = w->search;

	s->pos = b->len;
	if (s->state == WS_SEARCH_REQUEST_LINE && s->base_off + s->line_pos == 0) {
		int is_plausible = ws_http_plausible_target(b, s->line_pos);

		if (is_plausible <= 0)
			return ws_search_stop(s, is_plausible < 0 ? WS_SEARCH_IN_METHOD : WS_SEARCH_NOT_HTTP);
	}
	if (s->state == WS_SEARCH_LINES)
		WS_SEARCH_LINE(w, b->len, WS_NOTE_CUT | (b->len - s->line_pos <= WS_CARRY_MAX ? WS_NOTE_OPEN : 0));
	return ws_search_stop(s,
			      s->base_off + s->pos >= s->window + WS_CARRY_MAX ? WS_SEARCH_WINDOW : WS_SEARCH_RAN_OUT);
}

/* The line ends with the line feed at position at. Returns 1 if that ends the search. */
static __always_inline int ws_search_line_end(const struct ws_walk *w, uint32_t at)
{
	const struct ws_bytes *b = &w->bytes;
	struct ws_search *s = w->search;
	uint32_t len = at - s->line_pos, next = at + 1;

	if (s->state == WS_SEARCH_LINES) {
		if (len == 0 || (len == 1 && ws_bytes_u8(b, at - 1) == '\r')) {
			s->pos = next;
			return ws_search_stop(s, WS_SEARCH_HEAD_END);
		}
		if (w->names->first[ws_name_bucket(ws_bytes_word(b, s->line_pos))])
			WS_SEARCH_LINE(w, at, 0);
	} else if (s->state == WS_SEARCH_REQUEST_LINE) {
		uint32_t is_cr = len > 0 && ws_bytes_u8(b, at - 1) == '\r';

		if (len - is_cr < 9 || !ws_http_ends_request_line(b, at - is_cr))
			return ws_search_stop(s, WS_SEARCH_NOT_HTTP);
	}
	s->state = WS_SEARCH_LINES;
	s->line_pos = next;
	if (s->base_off + next >= s->window) {
		uint32_t is_cr = ws_bytes_has(b, next, 1) && ws_bytes_u8(b, next) == '\r';
		int is_end = ws_bytes_has(b, next + is_cr, 1) && ws_bytes_u8(b, next + is_cr) == '\n';

		s->pos = is_end ? next + is_cr + 1 : next;
		return ws_search_stop(s, is_end ? WS_SEARCH_HEAD_END : WS_SEARCH_WINDOW);
	}
	return 0;
}

/* Has the search ended for want of bytes, so that more of them may resume it? */
static __always_inline int ws_search_goes_on(uint8_t end)
{
	return end == WS_SEARCH_RAN_OUT || end == WS_SEARCH_IN_METHOD;
}

/* Prepares a search from a request line at position pos on. */
static __always_inline void ws_search_init(struct ws_search *s, uint32_t window, uint32_t pos)
{
	__builtin_memset(s, 0, sizeof(*s));
	s->window = window;
	s->base_off = 0 - pos;
	s->pos = s->line_pos = pos;
}

/*
 * One step of a search over bytes of which nothing behind position len is looked at (in the kernel stale bytes may be,
 * and make no difference): over WS_BYTES_STEP of them, or to the next line feed in there. They must end no later than
 * the offset window + WS_CARRY_MAX. Returns 1 when the search has ended, else 0.
 */
static __always_inline int ws_search_step(const struct ws_walk *w)
{
	const struct ws_bytes b = w->bytes;
	struct ws_search *s = w->search;
	uint32_t pos = s->pos;
	uint64_t newlines = s->newlines;

	if (!newlines)
		newlines = ws_bytes_newlines(&b, pos);
	if (newlines) {
		uint32_t at = pos + ws_bytes_lowest(newlines);

		newlines &= newlines - 1;
		if (at >= b.len)
			return WS_SEARCH_RUN_OUT(w);
		if (ws_bytes_u8(&b, at) == '\n' && ws_search_line_end(w, at))
			return 1;
	}
	s->newlines = newlines;
	if (newlines)
		return 0;
	s->pos = pos + WS_BYTES_STEP;
	return s->pos >= b.len ? WS_SEARCH_RUN_OUT(w) : 0;
}

/* Steps that a search over n bytes takes at most: one for each byte, if all are line feeds. */
#define WS_SEARCH_STEPS(n) ((n) + (n) / WS_BYTES_STEP + 1)

/*
 * A search that ran out of bytes (see ws_search_goes_on()) may be resumed: how many of the last ones, at least, it
 * wants to see again in front of those that follow. Then ws_search_resume() with the position at which the old ones
 * begin. A search that wants none has noted what the line holds, and skips the rest of it.
 */
static __always_inline uint32_t ws_search_carry(struct ws_search *s)
{
	uint32_t n = s->pos - s->line_pos;

	if (s->state == WS_SEARCH_LONG_LINE)
		return 0;
	if (n <= WS_CARRY_MAX)
		return n;
	if (s->state == WS_SEARCH_REQUEST_LINE)
		return WS_CARRY_REQUEST_LINE;
	s->state = WS_SEARCH_LONG_LINE;
	return 0;
}

/* Goes on at position pos, where the n_carried bytes stand that were wanted, and new ones behind them. */
static __always_inline void ws_search_resume(struct ws_search *s, uint32_t n_carried, uint32_t pos)
{
	s->newlines = 0;
	s->base_off += s->pos - n_carried - pos;
	s->line_pos = pos;
	s->pos = pos;
	s->end = WS_SEARCH_GOES_ON;
}

#ifndef __bpf__
#include <stdbool.h>

#include "lib/context.h"

/* The table of the names that are looked for. */
void ws_names_make(const struct ws_wanted *wanted, struct ws_names *names);

/*
 * Reads the note at word *at of n_words, and moves *at behind it. The field's value lies in words. Returns false at the
 * end, and where the words make no note.
 */
bool ws_notes_next(const uint64_t *words, uint32_t n_words, uint32_t *at, const struct ws_wanted *wanted,
		   struct ws_field *field);
#endif

#endif
