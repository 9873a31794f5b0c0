/* SPDX-License-Identifier: BSD-2-Clause */
/* seen - see the header. */
#include "ingest/seen.h"

#include <stdlib.h>
#include <xxhash.h>

/* Powers of two. */
#define SLOTS_FIRST (1u << 10)
#define SLOTS_MAX   (1u << 21)

/* The hash's slot, or the free one that it should have. */
static struct ws_seen_hash *find(struct ws_seen_hash *slots, uint32_t n_slots, struct ws_seen_hash hash)
{
	uint32_t i = (uint32_t)hash.low & (n_slots - 1);

	while ((slots[i].low || slots[i].high) && (slots[i].low != hash.low || slots[i].high != hash.high))
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

/* At most half of the slots are taken. */
static bool make_room(struct ws_seen *seen)
{
	uint32_t n_slots = seen->n_slots ? 2 * seen->n_slots : SLOTS_FIRST;
	struct ws_seen_hash *slots;

	if (seen->n < seen->n_slots / 2)
		return true;
	slots = n_slots > SLOTS_MAX ? NULL : calloc(n_slots, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t i = 0; i < seen->n_slots; i++)
		if (seen->slot[i].low || seen->slot[i].high)
			*find(slots, n_slots, seen->slot[i]) = seen->slot[i];
	free(seen->slot);
	seen->slot = slots;
	seen->n_slots = n_slots;
	return true;
}

bool ws_seen_before(struct ws_seen *seen, uint64_t kind, const void *bytes, size_t len)
{
	const XXH128_hash_t xxh = XXH3_128bits_withSeed(bytes, len, kind);
	const struct ws_seen_hash hash = { xxh.low64, xxh.high64 };
	bool has_room = make_room(seen);
	struct ws_seen_hash *slot;

	if (seen->n_slots == 0 || (hash.low == 0 && hash.high == 0))
		return false;
	slot = find(seen->slot, seen->n_slots, hash);
	if (slot->low || slot->high)
		return true;
	if (has_room) {
		*slot = hash;
		seen->n++;
	}
	return false;
}

void ws_seen_free(struct ws_seen *seen)
{
	free(seen->slot);
	*seen = (struct ws_seen) { 0 };
}
