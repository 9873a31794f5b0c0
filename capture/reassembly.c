/* SPDX-License-Identifier: BSD-2-Clause */
/* reassembly - see the header. */
#include "capture/reassembly.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/shelf.h"
#include "lib/search.h"

/* Heads under way, and heads of several segments that are done: their first may come again. */
#define PENDING_MAX 8192
#define DONE_MAX    256
/* Sightings of one head under way: its first segment may come again so often. */
#define SIGHTINGS_MAX 8
/* Segments of a head whose places are kept; later ones count as the last of them. */
#define SEGMENTS_MAX 128
/* Heads of one segment of which the record is kept, for the case that they come again in several: a power of two. */
#define SINGLES_MAX 4096
#define EXPIRE_NS   60000000000ull
#define CACHE_LINE  64

struct segment {
	uint64_t ts_ns;
	uint32_t from_off;
	uint32_t to_off;
};

/* A head as far as it is known. */
struct head {
	struct ws_shelved shelved; /* first */
	struct ws_record record;
	struct ws_contexts contexts;
	struct ws_field open; /* a line whose end has not come yet; without a value: there is none */
	uint8_t open_value[WS_VALUE_MAX];
	struct segment segment[SEGMENTS_MAX];
	uint32_t n_segments;
	uint32_t to_off;
	uint64_t last_ns;     /* stamp of the last message of it */
	uint8_t end;	      /* enum ws_search_end */
	bool has_gap;	      /* a segment passed before the one that the head waited for */
	bool is_out_of_order; /* and that one passed later */
	bool is_unread;	      /* a message of it was lost */
	bool is_crowded;
};

/* A head that was whole in one segment. */
struct single {
	struct ws_shelf_key key;
	struct ws_record record;
};

struct ws_reassembly {
	struct ws_desk *desk;
	struct ws_shelf pending;
	struct ws_shelf done;
	struct head *spare;		   /* heads not in use, linked by shelved.next */
	struct head whole;		   /* for heads of one segment */
	struct single single[SINGLES_MAX]; /* by the hash of the key; the last one stands */
};

struct ws_reassembly *ws_reassembly_new(struct ws_desk *desk)
{
	struct ws_reassembly *a = calloc(1, sizeof(*a));

	if (a)
		a->desk = desk;
	return a;
}

/* The segment, from 1, that holds the byte before the offset end_off. */
static uint16_t segment_of(const struct head *d, uint32_t end_off)
{
	uint32_t n = 0;

	while (n + 1 < d->n_segments && d->segment[n].to_off < end_off)
		n++;
	return (uint16_t)(n + 1);
}

/* Which segments of the head hold the record's context, and when all of them had passed. */
static void place_context(const struct head *d, struct ws_record *r)
{
	r->ctx_segment = segment_of(d, r->ctx_off + 1);
	r->ids_end_segment = segment_of(d, r->ids_end_off);
	for (uint32_t i = 0; i < r->ids_end_segment; i++)
		if (d->segment[i].ts_ns > r->done_ts_ns)
			r->done_ts_ns = d->segment[i].ts_ns;
}

/* Counts the frame of a head, and hands its record out unless it turned out to be no request. */
static int emit_head(struct ws_reassembly *a, const struct ws_record *r)
{
	if (!(r->flags & WS_FLAG_LATER_IN_FRAME))
		a->desk->n_told[ws_reason_slot(r->reason, r->family)]++;
	return r->reason == WS_REASON_OTHER_PAYLOAD ? 0 : a->desk->emit(a->desk->context, r);
}

static uint8_t why_not(const struct ws_reassembly *a, const struct head *d, uint8_t why)
{
	switch (d->end) {
	case WS_SEARCH_HEAD_END:
		if (d->to_off > a->desk->window)
			return WS_REASON_BEYOND_WINDOW;
		return d->is_unread ? WS_REASON_UNREAD : why;
	case WS_SEARCH_NOT_HTTP:
	case WS_SEARCH_IN_METHOD:
		return WS_REASON_OTHER_PAYLOAD;
	case WS_SEARCH_WINDOW:
		return WS_REASON_BEYOND_WINDOW;
	default:
		if (d->is_unread)
			return WS_REASON_UNREAD;
		return d->is_out_of_order ? WS_REASON_OUT_OF_ORDER
		       : d->has_gap	  ? WS_REASON_LOST_SEGMENT
					  : WS_REASON_SPLIT;
	}
}

/* Says what is known of a head: its record, and its frame's reason. */
static int conclude(struct ws_reassembly *a, struct head *d)
{
	struct ws_record *r = &d->record;
	uint8_t why = WS_REASON_NO_CONTEXT;

	if (d->open.value)
		ws_contexts_add(&d->contexts, a->desk->wanted, &d->open);
	d->open.value = NULL;
	r->searched_len = d->to_off < a->desk->window ? d->to_off : a->desk->window;
	r->n_segments = (uint16_t)d->n_segments;
	r->flags |= d->is_crowded ? WS_FLAG_CROWDED : 0;
	if (d->end == WS_SEARCH_NOT_HTTP ||
	    !ws_contexts_choose(&d->contexts, a->desk->wanted, a->desk->window, r, &why)) {
		r->reason = why_not(a, d, why);
	} else {
		place_context(d, r);
	}
	return emit_head(a, r);
}

/* Reads the notes that follow the message. Returns 0, or -EPROTO. */
static int read_notes(const struct ws_reassembly *a, struct head *d, const uint8_t *body, size_t len)
{
	uint32_t n_words, is_crowded, at = 0;
	struct ws_field field;
	const uint64_t *words;

	if (len < 8)
		return -EPROTO;
	memcpy(&n_words, body, sizeof(n_words));
	memcpy(&is_crowded, body + 4, sizeof(is_crowded));
	if (n_words > (len - 8) / 8)
		return -EPROTO;
	words = (const uint64_t *)(const void *)(body + 8); /* the ring buffer aligns its messages */
	d->open.value = NULL;
	while (at < n_words) {
		const uint8_t flags = ws_note_flags(words[at]);

		if (!ws_notes_next(words, n_words, &at, a->desk->wanted, &field))
			return -EPROTO;
		d->open.value = NULL; /* an open line of an earlier chunk has been noted again by now */
		if (flags & WS_NOTE_OPEN) {
			if (field.len > sizeof(d->open_value))
				return -EPROTO;
			memcpy(d->open_value, field.value, field.len);
			d->open = field;
			d->open.value = d->open_value;
		} else {
			ws_contexts_add(&d->contexts, a->desk->wanted, &field);
		}
	}
	d->is_crowded |= is_crowded != 0;
	return 0;
}

static void append(struct head *d, struct segment segment)
{
	if (d->n_segments == SEGMENTS_MAX)
		d->segment[d->n_segments - 1].to_off = segment.to_off;
	else
		d->segment[d->n_segments++] = segment;
}

/* Adds to the head what the message says. Returns 0, or -EPROTO. */
static int add_segment(const struct ws_reassembly *a, struct head *d, const struct ws_catch *c, const uint8_t *body,
		       size_t len)
{
	append(d, (struct segment) { c->ts_ns, c->from_off, c->head_len });
	d->to_off = c->to_off;
	d->end = c->end;
	d->last_ns = c->ts_ns;
	return read_notes(a, d, body, len);
}

static void begin_head(const struct ws_reassembly *a, struct head *d, const struct ws_catch *c)
{
	ws_contexts_clear(&d->contexts);
	d->open.value = NULL;
	ws_desk_frame(a->desk, c, &d->record);
	d->record.flags = c->counts_frame ? 0 : WS_FLAG_LATER_IN_FRAME;
	d->n_segments = 0;
	d->has_gap = d->is_out_of_order = d->is_unread = d->is_crowded = false;
}

/* A head to be filled, whose contexts are zero or to be cleared; NULL without memory. */
static struct head *get_head(struct ws_reassembly *a)
{
	struct head *d = a->spare;

	if (d)
		a->spare = (struct head *)d->shelved.next;
	return d ? d : calloc(1, sizeof(*d));
}

static void put_spare(struct ws_reassembly *a, struct head *d)
{
	d->shelved.next = (struct ws_shelved *)a->spare;
	a->spare = d;
}

/* A pending head is done with, one way or another. It is kept for a while if it had several segments. */
static int retire(struct ws_reassembly *a, struct head *d)
{
	int rc = conclude(a, d);

	ws_shelf_take(&a->pending, &d->shelved);
	if (d->n_segments == 1) {
		put_spare(a, d);
		return rc;
	}
	ws_shelf_put(&a->done, &d->shelved);
	if (a->done.n > DONE_MAX) {
		struct ws_shelved *oldest = a->done.oldest;

		ws_shelf_take(&a->done, oldest);
		put_spare(a, (struct head *)oldest);
	}
	return rc;
}

/* What is known of a head's bytes, but for its segments. */
static void copy_knowledge(struct head *to, const struct head *from)
{
	to->contexts = from->contexts;
	to->open = from->open;
	memcpy(to->open_value, from->open_value, sizeof(to->open_value));
	to->open.value = from->open.value ? to->open_value : NULL;
	to->to_off = from->to_off;
	to->end = from->end;
	to->is_crowded = from->is_crowded;
}

/*
 * The first segment of a head has come again, as d: TCP sends the same bytes again, so that what followed it the first
 * time is what follows it.
 */
static void take_over(struct head *d, const struct head *earlier)
{
	const uint32_t to_off = d->segment[0].to_off;

	if (earlier->segment[earlier->n_segments - 1].to_off <= to_off)
		return;
	for (uint32_t i = 0; i < earlier->n_segments; i++)
		if (earlier->segment[i].to_off > to_off)
			append(d, earlier->segment[i]);
	copy_knowledge(d, earlier);
	d->has_gap = earlier->has_gap;
	d->is_out_of_order = earlier->is_out_of_order;
	d->is_unread = earlier->is_unread;
}

/* The other way round: the repetition brings more than what waits for it knew, which then has that too. */
static int hand_over(struct ws_reassembly *a, const struct head *d, const struct ws_shelf_key *key)
{
	struct head *earlier = (struct head *)ws_shelf_find(&a->pending, key), *next;
	const uint32_t to_off = d->segment[0].to_off;
	int rc = 0;

	for (; earlier && rc == 0; earlier = next) {
		const uint32_t earlier_to_off = earlier->segment[earlier->n_segments - 1].to_off;

		next = (struct head *)ws_shelf_find_next(&earlier->shelved);
		if (earlier_to_off >= to_off)
			continue;
		append(earlier, (struct segment) { d->segment[0].ts_ns, earlier_to_off, to_off });
		copy_knowledge(earlier, d);
		if (!ws_search_goes_on(earlier->end))
			rc = retire(a, earlier);
	}
	return rc;
}

/* What a search found, from one record to another: everything but the frame and the segments. */
static void copy_finding(struct ws_record *to, const struct ws_record *from)
{
	memcpy(to->trace_id, from->trace_id, sizeof(to->trace_id));
	memcpy(to->span_id, from->span_id, sizeof(to->span_id));
	memcpy(to->parent_span_id, from->parent_span_id, sizeof(to->parent_span_id));
	to->ctx_off = from->ctx_off;
	to->ctx_len = from->ctx_len;
	to->ids_end_off = from->ids_end_off;
	to->searched_len = from->searched_len;
	to->reason = from->reason;
	to->family = from->family;
	to->sampled = from->sampled;
	to->flags = (uint8_t)((to->flags & WS_FLAG_LATER_IN_FRAME) | (from->flags & ~WS_FLAG_LATER_IN_FRAME));
	to->flaw = from->flaw;
	to->families = from->families;
	to->malformed = from->malformed;
}

/*
 * Had the head passed in one segment before it now comes again in several? Then it is known, and its record emitted.
 * Returns 1 if so, 0 if not, or -errno.
 */
static int emit_again(struct ws_reassembly *a, struct head *d, const struct ws_shelf_key *key)
{
	const struct single *single = &a->single[ws_shelf_hash(key) % SINGLES_MAX];
	int rc;

	if (memcmp(&single->key, key, sizeof(*key)) != 0 || single->record.searched_len < d->segment[0].to_off)
		return 0;
	append(d, (struct segment) { single->record.ts_ns, d->segment[0].to_off, single->record.searched_len });
	copy_finding(&d->record, &single->record);
	d->record.n_segments = (uint16_t)d->n_segments;
	if (d->record.reason == WS_REASON_CONTEXT)
		place_context(d, &d->record);
	rc = emit_head(a, &d->record);
	return rc ? rc : 1;
}

/* Who sends the first segment of a head again and again is not to make each of its segments dearer. */
static int retire_oldest_sighting(struct ws_reassembly *a, const struct ws_shelf_key *key)
{
	struct ws_shelved *thing = ws_shelf_find(&a->pending, key), *oldest = NULL;
	uint32_t n = 0;

	for (; thing; thing = ws_shelf_find_next(thing), n++)
		oldest = thing; /* the newest is found first */
	return n > SIGHTINGS_MAX ? retire(a, (struct head *)oldest) : 0;
}

/* A head whose end has not come yet. */
static int pend(struct ws_reassembly *a, const struct ws_catch *c, const uint8_t *body, size_t len)
{
	const struct ws_shelf_key key = ws_shelf_key(c, c->seq);
	struct ws_shelved *earlier = ws_shelf_find(&a->pending, &key);
	struct head *d = get_head(a);
	int rc;

	if (!d)
		return -ENOMEM;
	begin_head(a, d, c);
	d->shelved.key = key;
	rc = add_segment(a, d, c, body, len);
	if (rc == 0)
		rc = hand_over(a, d, &key);
	if (!earlier)
		earlier = ws_shelf_find(&a->done, &key);
	if (rc == 0 && earlier)
		take_over(d, (const struct head *)earlier);
	else if (rc == 0)
		rc = emit_again(a, d, &key);
	if (rc) {
		put_spare(a, d);
		return rc < 0 ? rc : 0;
	}
	ws_shelf_put(&a->pending, &d->shelved);
	if (rc == 0 && !ws_search_goes_on(d->end))
		return retire(a, d);
	if (rc == 0)
		rc = retire_oldest_sighting(a, &key);
	if (rc == 0 && a->pending.n > PENDING_MAX)
		rc = retire(a, (struct head *)a->pending.oldest);
	return rc;
}

static int take_head(struct ws_reassembly *a, const struct ws_catch *c, const uint8_t *body, size_t len)
{
	const struct ws_shelf_key key = ws_shelf_key(c, c->seq);
	struct single *single = &a->single[ws_shelf_hash(&key) % SINGLES_MAX];
	struct head *d = &a->whole;
	int rc;

	if (ws_search_goes_on(c->end))
		return pend(a, c, body, len);
	/* it is in no cache by now, and written at the end */
	for (size_t at = 0; at < sizeof(*single); at += CACHE_LINE)
		__builtin_prefetch((const uint8_t *)single + at, 1);
	begin_head(a, d, c);
	rc = add_segment(a, d, c, body, len);
	if (rc == 0 && a->pending.n)
		rc = hand_over(a, d, &key);
	if (rc == 0)
		rc = conclude(a, d);
	if (rc == 0)
		*single = (struct single) { key, d->record };
	return rc;
}

/* The next segment of a head; if its first one had come again, of each sighting. */
static int take_more(struct ws_reassembly *a, const struct ws_catch *c, const uint8_t *body, size_t len)
{
	const struct ws_shelf_key key = ws_shelf_key(c, c->seq);
	struct head *d = (struct head *)ws_shelf_find(&a->pending, &key), *next;
	int rc = 0;

	for (; d && rc == 0; d = next) {
		next = (struct head *)ws_shelf_find_next(&d->shelved);
		if (c->from_off < d->segment[d->n_segments - 1].to_off)
			continue; /* known from an earlier sighting */
		d->is_unread |= c->from_off > d->segment[d->n_segments - 1].to_off;
		d->is_out_of_order |= d->has_gap;
		rc = add_segment(a, d, c, body, len);
		if (rc == 0 && !ws_search_goes_on(c->end))
			rc = retire(a, d);
	}
	return rc;
}

static void take_gap(struct ws_reassembly *a, const struct ws_catch *c)
{
	const struct ws_shelf_key key = ws_shelf_key(c, c->seq);
	struct ws_shelved *thing = ws_shelf_find(&a->pending, &key);

	for (; thing; thing = ws_shelf_find_next(thing))
		((struct head *)thing)->has_gap = true;
}

int ws_reassembly_take(struct ws_reassembly *a, const struct ws_catch *c, const uint8_t *body, size_t len)
{
	switch (c->kind) {
	case WS_CATCH_HEAD:
		return take_head(a, c, body, len);
	case WS_CATCH_HEAD_MORE:
		return take_more(a, c, body, len);
	default:
		take_gap(a, c);
		return 0;
	}
}

int ws_reassembly_expire(struct ws_reassembly *a, uint64_t now_ns)
{
	int rc = 0;

	while (rc == 0 && a->pending.oldest && ((struct head *)a->pending.oldest)->last_ns + EXPIRE_NS < now_ns)
		rc = retire(a, (struct head *)a->pending.oldest);
	return rc;
}

int ws_reassembly_finish(struct ws_reassembly *a)
{
	int rc = 0;

	while (rc == 0 && a->pending.oldest)
		rc = retire(a, (struct head *)a->pending.oldest);
	return rc;
}

static void free_all(struct ws_shelf *shelf)
{
	while (shelf->oldest) {
		struct ws_shelved *thing = shelf->oldest;

		ws_shelf_take(shelf, thing);
		free(thing);
	}
}

void ws_reassembly_free(struct ws_reassembly *a)
{
	if (!a)
		return;
	free_all(&a->pending);
	free_all(&a->done);
	while (a->spare) {
		struct head *d = a->spare;

		a->spare = (struct head *)d->shelved.next;
		free(d);
	}
	free(a);
}
