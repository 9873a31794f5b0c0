/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search_walk - a search over a head that comes in pieces, as the in-kernel program does it: what is carried over
 * stands in front of the next piece, and behind it nothing may be read (tests/unit/guard.h). For test_search and
 * fuzz_frame.
 */
#ifndef WS_TEST_SEARCH_WALK_H
#define WS_TEST_SEARCH_WALK_H

#include <string.h>

#include "lib/search.h"

/* Makes the bytes those of a walk: a copy behind which nothing may be read. They stand until the next call. */
typedef struct ws_bytes search_walk_place(const void *bytes, uint32_t len);

struct search_walk {
	const struct ws_wanted *wanted;
	const struct ws_names *names;
	search_walk_place *place;
	struct ws_search search;
	struct ws_notes notes; /* of the last piece */
	struct ws_contexts contexts;
	struct ws_field open; /* the line that the last piece has not ended, if open.value */
	uint8_t open_value[WS_VALUE_MAX];
	uint8_t carry[WS_CARRY_MAX];
	uint32_t n_carried;
	uint32_t n_notes;
	uint32_t len; /* bytes given so far */
	bool is_crowded;
};

static void search_walk_begin(struct search_walk *w, const struct ws_wanted *wanted, const struct ws_names *names,
			      uint32_t window, search_walk_place *place)
{
	memset(w, 0, sizeof(*w));
	w->wanted = wanted;
	w->names = names;
	w->place = place;
	ws_search_init(&w->search, window, 0);
}

/* Reads the notes as capture does: a line that is noted again was not what it seemed. */
static void search_walk_read(struct search_walk *w)
{
	struct ws_field field;
	uint32_t at = 0;

	w->open.value = NULL;
	while (at < w->notes.n_words) {
		const uint8_t flags = ws_note_flags(w->notes.word[at]);

		if (!ws_notes_next(w->notes.word, w->notes.n_words, &at, w->wanted, &field))
			abort();
		w->n_notes++;
		w->open.value = NULL;
		if (!(flags & WS_NOTE_OPEN)) {
			ws_contexts_add(&w->contexts, w->wanted, &field);
			continue;
		}
		memcpy(w->open_value, field.value, field.len);
		w->open = field;
		w->open.value = w->open_value;
	}
	w->is_crowded |= w->notes.is_crowded;
}

/* The next piece; returns how the search has ended. Of a search that does not go on there is none. */
static enum ws_search_end search_walk_piece(struct search_walk *w, const uint8_t *bytes, uint32_t len)
{
	static uint8_t whole[WS_CARRY_MAX + (WS_WINDOW_MAX + WS_CARRY_MAX) * 2];
	const uint32_t limit = w->search.window + WS_CARRY_MAX;
	struct ws_walk walk = { .names = w->names, .search = &w->search, .notes = &w->notes };
	uint32_t n_steps = 0;

	if (len > limit - w->len)
		len = limit - w->len;
	if (w->len > 0)
		ws_search_resume(&w->search, w->n_carried, 0);
	if (len == 0)
		return WS_SEARCH_WINDOW;
	memcpy(whole, w->carry, w->n_carried);
	memcpy(whole + w->n_carried, bytes, len);
	walk.bytes = w->place(whole, w->n_carried + len);
	w->notes.n_words = w->notes.is_crowded = 0;
	while (!ws_search_step(&walk))
		if (++n_steps > walk.bytes.len)
			abort(); /* it stands still */
	search_walk_read(w);
	w->len += len;
	if (!ws_search_goes_on(w->search.end))
		return w->search.end;
	w->n_carried = ws_search_carry(&w->search);
	memcpy(w->carry, walk.bytes.data + w->search.pos - w->n_carried, w->n_carried);
	return w->search.end;
}

/* No more pieces: what is chosen of what was found. Returns whether there is a context. */
static bool search_walk_choose(struct search_walk *w, struct ws_record *r)
{
	uint8_t why = 0;

	memset(r, 0, sizeof(*r));
	if (w->open.value)
		ws_contexts_add(&w->contexts, w->wanted, &w->open);
	w->open.value = NULL;
	if (ws_contexts_choose(&w->contexts, w->wanted, w->search.window, r, &why))
		return true;
	r->reason = why;
	return false;
}

#endif
