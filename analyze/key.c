/* SPDX-License-Identifier: BSD-2-Clause */
/* key - see key.h. */
#include "analyze/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/json.h"
#include "analyze/text_pool.h"
#include "analyze/utf8.h"

#define KEYS_MAX (UINT32_C(1) << 30)

/* Texts are the pool's, where each stands once: keys are the same if their pointers are. */
static uint32_t hash_of(const struct ws_key *key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (int i = 0; i < WS_N_KEY_PARTS; i++) {
		hash = (hash ^ (uintptr_t)key->part[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 16);
}

static uint32_t *slot_of(const struct ws_keys *keys, const struct ws_key *key)
{
	uint32_t mask = keys->n_slots - 1;

	for (uint32_t at = hash_of(key) & mask;; at = (at + 1) & mask) {
		uint32_t *slot = &keys->slot[at];

		if (!*slot || !memcmp(keys->at[*slot - 1].part, key->part, sizeof(key->part)))
			return slot;
	}
}

/* Doubles the room; at most half of the slots are in use. */
static int grow(struct ws_keys *keys)
{
	uint32_t room = keys->room ? 2 * keys->room : 32;
	struct ws_key *at;
	uint32_t *slot;

	if (room > KEYS_MAX)
		return -EOVERFLOW;
	at = realloc(keys->at, (size_t)room * sizeof(*at));
	if (!at)
		return -ENOMEM;
	keys->at = at;
	slot = calloc((size_t)2 * room, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(keys->slot);
	keys->slot = slot;
	keys->n_slots = 2 * room;
	keys->room = room;
	for (uint32_t i = 0; i < keys->n; i++)
		*slot_of(keys, &keys->at[i]) = i + 1;
	return 0;
}

int ws_keys_add(struct ws_keys *keys, const struct ws_key *key, uint32_t *index)
{
	struct ws_key own = { 0 };
	uint32_t *slot;

	for (int i = 0; i < WS_N_KEY_PARTS; i++) {
		own.part[i] = key->part[i] ? ws_text_pool_add(&keys->texts, key->part[i]) : NULL;
		if (key->part[i] && !own.part[i])
			return -ENOMEM;
	}
	if (keys->n == keys->room) {
		int rc = grow(keys);

		if (rc)
			return rc;
	}
	slot = slot_of(keys, &own);
	if (!*slot) {
		keys->at[keys->n++] = own;
		*slot = keys->n;
	}
	*index = *slot - 1;
	return 0;
}

void ws_keys_close(struct ws_keys *keys)
{
	if (!keys)
		return;
	free(keys->at);
	free(keys->slot);
	ws_text_pool_close(keys->texts);
	*keys = (struct ws_keys) { 0 };
}

int ws_key_compare(const struct ws_key *a, const struct ws_key *b)
{
	int order = 0;

	for (int i = 0; i < WS_N_KEY_PARTS && !order; i++)
		order = strcmp(a->part[i] ? a->part[i] : "", b->part[i] ? b->part[i] : "");
	return order;
}

/* Takes a character off the text: may it be shown as it is? Not what moves a terminal's cursor, or turns its text. */
static bool is_shown(const char **text, const char *end)
{
	uint32_t c = ws_utf8_take(text, end);

	return c >= ' ' && c != WS_UTF8_REPLACEMENT;
}

/* Each byte of what may not be shown becomes a question mark. */
static void blank_controls(char *text)
{
	const char *at = text, *end = text + strlen(text);

	while (at < end) {
		const char *from = at;

		if (!is_shown(&at, end))
			memset(text + (from - text), '?', (size_t)(at - from));
	}
}

const char *ws_key_words(const struct ws_key *key, char text[WS_KEY_WORDS_MAX])
{
	size_t n = 0;

	*text = 0;
	for (int i = WS_KEY_LABEL + 1; i < WS_N_KEY_PARTS; i++) {
		if (key->part[i] && n < WS_KEY_WORDS_MAX)
			n += (size_t)snprintf(text + n, WS_KEY_WORDS_MAX - n, "%s%s", n ? ", " : "", key->part[i]);
	}
	blank_controls(text);
	return text;
}

const char *ws_key_part_name(enum ws_key_part part)
{
	static const char *const name[WS_N_KEY_PARTS] = { "label", "edge", "pod", "service", "node" };

	return name[part];
}

int ws_key_json(const struct ws_key *key, json_t *object)
{
	int rc = 0;

	for (int i = 0; i < WS_N_KEY_PARTS; i++) {
		if (key->part[i])
			rc |= json_object_set_new(object, ws_key_part_name(i), ws_json_text(key->part[i]));
	}
	return rc;
}

void ws_key_put_tsv_names(const struct ws_key *key, FILE *out)
{
	for (int i = 0; i < WS_N_KEY_PARTS; i++) {
		if (key->part[i])
			fprintf(out, "%s\t", ws_key_part_name(i));
	}
}

void ws_key_put_tsv(const struct ws_key *key, FILE *out)
{
	for (int i = 0; i < WS_N_KEY_PARTS; i++) {
		if (!key->part[i])
			continue;
		ws_key_put_text(key->part[i], out);
		putc('\t', out);
	}
}

void ws_key_put_text(const char *text, FILE *out)
{
	const char *end = text + strlen(text);

	while (text < end) {
		const char *from = text;
		bool shown = is_shown(&text, end);

		for (; from < text; from++)
			putc(shown ? *from : '?', out);
	}
}
