/* SPDX-License-Identifier: BSD-2-Clause */
/* shelf - see the header. */
#include "capture/shelf.h"

#include <string.h>
#include <xxhash.h>

_Static_assert(sizeof(struct ws_shelf_key) == 48, "hashed as bytes");

struct ws_shelf_key ws_shelf_key(const struct ws_catch *c, uint32_t seq)
{
	struct ws_shelf_key key = {
		.vni = c->vni, .seq = seq, .sport = c->sport, .dport = c->dport, .direction = c->direction
	};

	memcpy(key.saddr, c->saddr, sizeof(key.saddr));
	memcpy(key.daddr, c->daddr, sizeof(key.daddr));
	return key;
}

uint32_t ws_shelf_hash(const struct ws_shelf_key *key)
{
	return (uint32_t)XXH3_64bits(key, sizeof(*key));
}

static uint32_t bucket_of(const struct ws_shelf_key *key)
{
	return ws_shelf_hash(key) % WS_SHELF_BUCKETS;
}

static struct ws_shelved *first_of(struct ws_shelved *thing, const struct ws_shelf_key *key)
{
	while (thing && memcmp(&thing->key, key, sizeof(*key)) != 0)
		thing = thing->next;
	return thing;
}

struct ws_shelved *ws_shelf_find(const struct ws_shelf *shelf, const struct ws_shelf_key *key)
{
	return shelf->n ? first_of(shelf->bucket[bucket_of(key)], key) : NULL;
}

struct ws_shelved *ws_shelf_find_next(const struct ws_shelved *thing)
{
	return first_of(thing->next, &thing->key);
}

void ws_shelf_put(struct ws_shelf *shelf, struct ws_shelved *thing)
{
	struct ws_shelved **bucket = &shelf->bucket[bucket_of(&thing->key)];

	thing->next = *bucket;
	*bucket = thing;
	thing->older = shelf->newest;
	thing->newer = NULL;
	if (shelf->newest)
		shelf->newest->newer = thing;
	else
		shelf->oldest = thing;
	shelf->newest = thing;
	shelf->n++;
}

void ws_shelf_take(struct ws_shelf *shelf, struct ws_shelved *thing)
{
	struct ws_shelved **link = &shelf->bucket[bucket_of(&thing->key)];

	while (*link != thing)
		link = &(*link)->next;
	*link = thing->next;
	if (thing->older)
		thing->older->newer = thing->newer;
	else
		shelf->oldest = thing->newer;
	if (thing->newer)
		thing->newer->older = thing->older;
	else
		shelf->newest = thing->older;
	shelf->n--;
}
