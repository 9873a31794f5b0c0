/* SPDX-License-Identifier: BSD-2-Clause */
/* text_pool - see text_pool.h. */
#include "analyze/text_pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A hash table of texts, at most half full; each text is an allocation of its own, so that it never moves. */
struct ws_text_pool {
	char **slot;
	size_t n_slots; /* a power of two */
	size_t n;
};

static size_t hash_of(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds the text, or the empty one where it would go. */
static char **slot_of(const struct ws_text_pool *pool, const char *text)
{
	size_t mask = pool->n_slots - 1, at = hash_of(text) & mask;

	while (pool->slot[at] && strcmp(pool->slot[at], text))
		at = (at + 1) & mask;
	return &pool->slot[at];
}

static int grow(struct ws_text_pool *pool)
{
	struct ws_text_pool grown = { .n_slots = pool->n_slots ? 2 * pool->n_slots : 64, .n = pool->n };

	grown.slot = calloc(grown.n_slots, sizeof(*grown.slot));
	if (!grown.slot)
		return -1;
	for (size_t i = 0; i < pool->n_slots; i++) {
		if (pool->slot[i])
			*slot_of(&grown, pool->slot[i]) = pool->slot[i];
	}
	free(pool->slot);
	*pool = grown;
	return 0;
}

const char *ws_text_pool_add(struct ws_text_pool **pool, const char *text)
{
	char **slot;

	if (!text)
		text = "";
	if (!*pool)
		*pool = calloc(1, sizeof(**pool));
	if (!*pool || (2 * ((*pool)->n + 1) > (*pool)->n_slots && grow(*pool)))
		return NULL;
	slot = slot_of(*pool, text);
	if (!*slot) {
		*slot = strdup(text);
		(*pool)->n += *slot != NULL;
	}
	return *slot;
}

void ws_text_pool_close(struct ws_text_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->n_slots; i++)
		free(pool->slot[i]);
	free(pool->slot);
	free(pool);
}
