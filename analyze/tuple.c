/* SPDX-License-Identifier: BSD-2-Clause */
/* tuple - see tuple.h. */
#include "analyze/tuple.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TUPLES_MAX (UINT32_C(1) << 30)

/* FNV-1a over words, folded: flows differ in few bits, of ports for the most part. */
static uint32_t hash_of(const struct ws_tuple *tuple)
{
	uint64_t word[sizeof(*tuple) / 8], hash = UINT64_C(0xcbf29ce484222325);

	memcpy(word, tuple, sizeof(word));
	for (size_t i = 0; i < sizeof(word) / sizeof(*word); i++) {
		hash = (hash ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 16);
}

/* The slot that holds the tuple, or the empty one where it would go. */
static uint32_t *slot_of(const struct ws_tuples *tuples, const struct ws_tuple *tuple)
{
	uint32_t mask = tuples->n_slots - 1;

	for (uint32_t at = hash_of(tuple) & mask;; at = (at + 1) & mask) {
		uint32_t *slot = &tuples->slot[at];

		if (!*slot || !memcmp(&tuples->at[*slot - 1], tuple, sizeof(*tuple)))
			return slot;
	}
}

/* Doubles the room; at most half of the slots are in use. */
static int grow(struct ws_tuples *tuples)
{
	uint32_t n_slots = tuples->n_slots ? 2 * tuples->n_slots : 256;
	struct ws_tuple *at;
	uint32_t *slot;

	if (tuples->n >= TUPLES_MAX)
		return -EOVERFLOW;
	at = realloc(tuples->at, (size_t)n_slots / 2 * sizeof(*at));
	if (!at)
		return -ENOMEM;
	tuples->at = at;
	slot = calloc(n_slots, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(tuples->slot);
	tuples->slot = slot;
	tuples->n_slots = n_slots;
	for (uint32_t i = 0; i < tuples->n; i++)
		*slot_of(tuples, &tuples->at[i]) = i + 1;
	return 0;
}

int ws_tuples_add(struct ws_tuples *tuples, const struct ws_tuple *tuple, uint32_t *index)
{
	uint32_t *slot;

	if (tuples->n >= tuples->n_slots / 2) {
		int rc = grow(tuples);

		if (rc)
			return rc;
	}
	slot = slot_of(tuples, tuple);
	if (!*slot) {
		tuples->at[tuples->n++] = *tuple;
		*slot = tuples->n;
	}
	*index = *slot - 1;
	return 0;
}

uint32_t ws_tuples_find(const struct ws_tuples *tuples, const struct ws_tuple *tuple)
{
	/* an empty slot's 0 becomes UINT32_MAX */
	return tuples->n_slots ? *slot_of(tuples, tuple) - 1 : UINT32_MAX;
}

void ws_tuples_close(struct ws_tuples *tuples)
{
	if (!tuples)
		return;
	free(tuples->at);
	free(tuples->slot);
	*tuples = (struct ws_tuples) { 0 };
}
