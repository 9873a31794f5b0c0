/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * notes - the context header lines that a search found, as it leaves them to whoever reads their values: a word that
 * says which header stands where, then the value's bytes, filled up to whole words.
 */
#ifndef WS_NOTES_H
#define WS_NOTES_H

#include "lib/families.h"

/* Words of 8 bytes: room for one of every header but the last of the user's, at their longest; a power of two. */
#define WS_NOTES_WORDS 256
/* The most words that one note takes. */
#define WS_NOTE_WORDS (1 + WS_VALUE_MAX / 8)

enum ws_note_flag {
	WS_NOTE_CUT = 1,  /* the line goes on behind the bytes noted, or may: its end was not seen */
	WS_NOTE_OPEN = 2, /* its end was not seen: if the search is resumed, the line is noted again as a whole */
};

struct ws_notes {
	uint32_t n_words;
	uint32_t is_crowded; /* a line was left out for want of room */
	uint64_t word[WS_NOTES_WORDS];
};

/* Blanks in front of a value that are left out; more of them count as bytes of the value. */
#define WS_NOTE_BLANKS_MAX 120

/*
 * The word before a value: header, flags, bytes of the value (at most WS_VALUE_MAX), blanks between it and the name,
 * the line's first byte counted from the request line.
 */
static inline uint64_t ws_note_word(uint8_t header, uint8_t flags, uint32_t len, uint32_t n_blanks, uint32_t line_off)
{
	return (uint64_t)line_off << 32 | (uint64_t)n_blanks << 25 | (uint64_t)len << 16 | (uint64_t)flags << 8 |
	       header;
}

static inline uint8_t ws_note_header(uint64_t word)
{
	return (uint8_t)word;
}

/* enum ws_note_flag */
static inline uint8_t ws_note_flags(uint64_t word)
{
	return (uint8_t)(word >> 8);
}

static inline uint32_t ws_note_len(uint64_t word)
{
	return word >> 16 & 0x1ff;
}

static inline uint32_t ws_note_blanks(uint64_t word)
{
	return word >> 25 & 0x7f;
}

static inline uint32_t ws_note_line_off(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

#endif
