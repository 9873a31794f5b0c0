/* SPDX-License-Identifier: BSD-2-Clause */
/* grouping - see grouping.h. */
#include "analyze/grouping.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How far ahead of its use a slot is fetched: the table is larger than the cache, and every access lands anywhere. */
#define AHEAD 16

/* A slot of the open-addressing table. */
struct slot {
	uint32_t tag; /* upper bits of the hash: most strangers are told apart without touching them */
	uint32_t group_plus_1;
};

struct table {
	struct slot *slot;
	uint64_t mask;
};

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Folded multiplication, as in wyhash; ids are random for the most part, sequence numbers are not. */
static inline uint64_t hash_of(const struct ws_identity *identity)
{
	uint64_t word[4];

	memcpy(word, identity, sizeof(word));
	return mix(mix(word[0] ^ UINT64_C(0xa0761d6478bd642f), word[1] ^ UINT64_C(0xe7037ed1a0b428db)) ^
			   UINT64_C(0x8ebc6af09c88c6e3),
		   mix(word[2] ^ UINT64_C(0x589965cc75374cc3), word[3] ^ UINT64_C(0x1d8e4e27c47d124f)));
}

static inline const struct ws_identity *identity_of(const struct ws_members *members, uint32_t i)
{
	return (const struct ws_identity *)((const char *)members->base + i * members->stride);
}

/* Any member of the group will do: they are all the same. */
static inline const struct ws_identity *group_identity(const struct ws_members members[2], const struct ws_group *group)
{
	int side = group->first[0] == WS_NOBODY;

	return identity_of(&members[side], group->first[side]);
}

/* The group of the identity; made, if it is new. */
static struct ws_group *group_of(const struct ws_members members[2], const struct table *table,
				 const struct ws_identity *identity, uint64_t hash, struct ws_grouping *grouping)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	for (uint64_t at = hash & table->mask;; at = (at + 1) & table->mask) {
		struct slot *slot = &table->slot[at];
		struct ws_group *group;

		if (!slot->group_plus_1) {
			group = &grouping->group[grouping->n++];
			*group = (struct ws_group) { { WS_NOBODY, WS_NOBODY }, { WS_NOBODY, WS_NOBODY } };
			*slot = (struct slot) { tag, grouping->n };
			return group;
		}
		group = &grouping->group[slot->group_plus_1 - 1];
		if (slot->tag == tag && !memcmp(group_identity(members, group), identity, sizeof(*identity)))
			return group;
	}
}

/* Puts every member of one side into its group, in order. */
static void add_side(const struct ws_members members[2], int side, const struct table *table,
		     struct ws_grouping *grouping)
{
	const struct ws_members *list = &members[side];
	uint32_t *next = grouping->next[side];
	uint64_t ahead[AHEAD];

	for (uint64_t i = 0; i < (uint64_t)list->n + AHEAD; i++) {
		uint64_t hash = ahead[i % AHEAD];

		if (i < list->n) {
			ahead[i % AHEAD] = hash_of(identity_of(list, (uint32_t)i));
			__builtin_prefetch(&table->slot[ahead[i % AHEAD] & table->mask], 1);
		}
		if (i >= AHEAD) {
			uint32_t member = (uint32_t)(i - AHEAD);
			struct ws_group *group;

			next[member] = WS_NOBODY;
			if (list->in && !list->in[member])
				continue;
			group = group_of(members, table, identity_of(list, member), hash, grouping);
			if (group->first[side] == WS_NOBODY)
				group->first[side] = member;
			else
				next[group->last[side]] = member;
			group->last[side] = member;
		}
	}
}

int ws_grouping_open(const struct ws_members members[2], struct ws_grouping *grouping)
{
	uint64_t n = (uint64_t)members[0].n + members[1].n, n_slots = 16;
	struct ws_grouping made = { 0 };
	struct table table;

	if (n > UINT32_MAX / 2)
		return -EOVERFLOW;
	/* Most members have a partner: a table of twice the larger list is rarely more than half full, and never full.
	 */
	while (n_slots < n + n / 8)
		n_slots *= 2;
	table.slot = calloc(n_slots, sizeof(*table.slot));
	table.mask = n_slots - 1;
	made.group = malloc((n ? n : 1) * sizeof(*made.group));
	for (int side = 0; side < 2; side++)
		made.next[side] = malloc((members[side].n ? members[side].n : 1) * sizeof(*made.next[side]));
	if (!table.slot || !made.group || !made.next[0] || !made.next[1]) {
		free(table.slot);
		ws_grouping_close(&made);
		return -ENOMEM;
	}
	for (int side = 0; side < 2; side++)
		add_side(members, side, &table, &made);
	free(table.slot);
	*grouping = made;
	return 0;
}

void ws_grouping_close(struct ws_grouping *grouping)
{
	if (!grouping)
		return;
	free(grouping->group);
	free(grouping->next[0]);
	free(grouping->next[1]);
	*grouping = (struct ws_grouping) { 0 };
}
