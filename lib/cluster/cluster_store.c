/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster_store - see the header. */
#include "lib/cluster/cluster_store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/cluster/cluster.h"

#define BLOCK_LEN   (1u << 18)
#define SLOTS_FIRST 256

struct block {
	struct block *next;
	size_t cap;
	size_t used;
	_Alignas(16) unsigned char bytes[];
};

struct ws_cluster_store {
	struct block *block; /* the one under way; full ones behind it */
	const char **slot;   /* shared texts, hashed; a power of two of them */
	size_t n_slots;
	size_t n_shared;
};

struct ws_cluster_store *ws_cluster_store_new(void)
{
	struct ws_cluster_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->slot = calloc(SLOTS_FIRST, sizeof(*store->slot));
	store->n_slots = SLOTS_FIRST;
	if (!store->slot) {
		free(store);
		return NULL;
	}
	return store;
}

void ws_cluster_store_free(struct ws_cluster_store *store)
{
	if (!store)
		return;
	while (store->block) {
		struct block *next = store->block->next;

		free(store->block);
		store->block = next;
	}
	free(store->slot);
	free(store);
}

static void *take(struct ws_cluster_store *store, size_t len, size_t align)
{
	struct block *b = store->block;
	size_t off = b ? (b->used + align - 1) & ~(align - 1) : 0;

	if (!b || off > b->cap || len > b->cap - off) {
		size_t cap = len > BLOCK_LEN ? len : BLOCK_LEN;

		b = malloc(sizeof(*b) + cap);
		if (!b)
			return NULL;
		b->next = store->block;
		b->cap = cap;
		store->block = b;
		off = 0;
	}
	b->used = off + len;
	return b->bytes + off;
}

void *ws_cluster_store_copy(struct ws_cluster_store *store, const void *bytes, size_t len, size_t align)
{
	void *copy = take(store, len, align);

	return copy ? memcpy(copy, bytes, len) : NULL;
}

/* How many bytes the character that begins here has; 0: it is a control character, or not UTF-8. */
static size_t character_len(const unsigned char *text, size_t len)
{
	const unsigned char c = text[0];
	const size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (n == 0 || n > len || c < ' ' || c == 0x7f)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xc2 && text[1] < 0xa0) || (c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) ||
	    (c == 0xf0 && text[1] < 0x90) || (c == 0xf4 && text[1] > 0x8f))
		return 0;
	return n;
}

void ws_cluster_text_clean(const char *text, size_t len, char *to)
{
	for (size_t i = 0; i < len;) {
		size_t n = character_len((const unsigned char *)text + i, len - i);

		if (n)
			memcpy(to + i, text + i, n);
		else
			to[i] = '?';
		i += n ? n : 1;
	}
	to[len] = '\0';
}

const char *ws_cluster_store_text(struct ws_cluster_store *store, const char *text, size_t len)
{
	char *copy;

	if (len == 0)
		return "";
	copy = take(store, len + 1, 1);
	if (copy)
		ws_cluster_text_clean(text, len, copy);
	return copy;
}

/* Where the text is, or would be. */
static size_t find_slot(const char *const *slot, size_t n_slots, const char *text, size_t len)
{
	size_t i = XXH3_64bits(text, len) & (n_slots - 1);

	while (slot[i] && strcmp(slot[i], text) != 0)
		i = (i + 1) & (n_slots - 1);
	return i;
}

static int grow(struct ws_cluster_store *store)
{
	const size_t n_slots = 2 * store->n_slots;
	const char **slot = calloc(n_slots, sizeof(*slot));

	if (!slot)
		return -1;
	for (size_t i = 0; i < store->n_slots; i++)
		if (store->slot[i])
			slot[find_slot(slot, n_slots, store->slot[i], strlen(store->slot[i]))] = store->slot[i];
	free(store->slot);
	store->slot = slot;
	store->n_slots = n_slots;
	return 0;
}

const char *ws_cluster_store_shared(struct ws_cluster_store *store, const char *text, size_t len)
{
	char cleaned[WS_CLUSTER_TEXT_MAX + 1];
	size_t i;

	if (len == 0)
		return "";
	if (2 * store->n_shared >= store->n_slots && grow(store))
		return NULL;
	ws_cluster_text_clean(text, len, cleaned);
	i = find_slot(store->slot, store->n_slots, cleaned, len);
	if (!store->slot[i]) {
		store->slot[i] = ws_cluster_store_copy(store, cleaned, len + 1, 1);
		store->n_shared += store->slot[i] != NULL;
	}
	return store->slot[i];
}
