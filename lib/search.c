/* SPDX-License-Identifier: BSD-2-Clause */
/* search - the host's side of the search: the table of names, and reading what was noted. */
#include "lib/search.h"

#include <string.h>

_Static_assert(WS_N_HEADERS - 1 <= WS_NAMES_MAX, "every name has its place");

static void add_name(struct ws_names *names, uint32_t *n, const char *name, uint8_t header, uint16_t value_max)
{
	struct ws_name *entry = &names->name[*n];
	uint8_t bytes[WS_NAME_MAX] = { 0 }, mask[WS_NAME_MAX] = { 0 };
	uint64_t first;
	uint8_t *bucket;

	entry->len = (uint8_t)strlen(name);
	entry->header = header;
	entry->value_max = value_max;
	for (uint32_t i = 0; i < entry->len; i++) {
		const bool is_letter = name[i] >= 'a' && name[i] <= 'z';

		mask[i] = is_letter ? 0xdf : 0xff;
		bytes[i] = (uint8_t)name[i];
	}
	memcpy(entry->word, bytes, sizeof(bytes));
	memcpy(entry->mask, mask, sizeof(mask));
	memcpy(&first, bytes, sizeof(first));
	bucket = &names->first[ws_name_bucket(first)];
	entry->next = *bucket;
	*bucket = (uint8_t)++ * n;
}

void ws_names_make(const struct ws_wanted *wanted, struct ws_names *names)
{
	uint32_t n = 0;

	memset(names, 0, sizeof(*names));
	for (uint8_t header = WS_HEADER_NONE + 1; header < WS_HEADER_USER; header++) {
		const struct ws_header_kind *kind = &ws_header_kinds[header];

		if (kind->family == WS_FAMILY_NONE || (wanted->families & 1u << kind->family))
			add_name(names, &n, kind->name, header, kind->value_max);
	}
	for (uint32_t i = 0; i < wanted->n_user; i++)
		add_name(names, &n, wanted->user_name[i], (uint8_t)(WS_HEADER_USER + i), WS_USER_VALUE_MAX);
}

/* Bytes of a header's name, its colon included; 0: no header of a context. */
static uint32_t name_len(uint8_t header, const struct ws_wanted *wanted)
{
	if (header >= WS_HEADER_USER)
		return header < WS_HEADER_USER + wanted->n_user
			       ? (uint32_t)strlen(wanted->user_name[header - WS_HEADER_USER])
			       : 0;
	return ws_header_kinds[header].family != WS_FAMILY_NONE ? ws_header_kinds[header].len : 0;
}

bool ws_notes_next(const uint64_t *words, uint32_t n_words, uint32_t *at, const struct ws_wanted *wanted,
		   struct ws_field *field)
{
	struct ws_field f = { 0 };
	uint32_t len, n_value, n_name;
	uint8_t flags;

	if (*at >= n_words)
		return false;
	flags = ws_note_flags(words[*at]);
	f.header = ws_note_header(words[*at]);
	f.is_cut = flags & WS_NOTE_CUT;
	len = ws_note_len(words[*at]);
	f.line_off = ws_note_line_off(words[*at]);
	n_value = (len + 7) / 8;
	n_name = name_len(f.header, wanted);
	if (n_value > n_words - *at - 1 || n_name == 0)
		return false;
	f.value = (const uint8_t *)&words[*at + 1];
	/* the line's own, not one within a value of which only the beginning was noted */
	f.len = len > 0 && f.value[len - 1] == '\r' && (!f.is_cut || flags & WS_NOTE_OPEN) ? len - 1 : len;
	f.value_off = f.line_off + n_name + ws_note_blanks(words[*at]);
	*at += 1 + n_value;
	*field = f;
	return true;
}
