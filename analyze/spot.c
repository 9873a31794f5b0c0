/* SPDX-License-Identifier: BSD-2-Clause */
/* spot - see spot.h. */
#include "analyze/spot.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "analyze/spot_order.h"
#include "lib/names.h"

const uint32_t ws_threshold_percent[WS_N_THRESHOLDS] = { 50, 90, 99, 100 };

int ws_spots_family(struct ws_spots *spots, const char *name, uint16_t *index)
{
	char **grown;

	for (uint32_t i = 0; i < spots->n_families; i++) {
		if (!strcmp(spots->family[i], name)) {
			*index = (uint16_t)i;
			return 0;
		}
	}
	if (spots->n_families >= UINT16_MAX)
		return -ENOMEM;
	grown = realloc(spots->family, (spots->n_families + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	spots->family = grown;
	grown[spots->n_families] = strdup(name);
	if (!grown[spots->n_families])
		return -ENOMEM;
	*index = (uint16_t)spots->n_families++;
	return 0;
}

/* What alike requests have in common. */
#define COMMON_BYTES offsetof(struct ws_spot, n)
#define SPOTS_MAX    (UINT32_C(1) << 30)

_Static_assert(COMMON_BYTES == 48, "what requests have in common is without padding");

/* The slot of the spot, or the empty one where it would be. */
static uint32_t *slot_of(const struct ws_spots *spots, const struct ws_spot *spot)
{
	uint32_t mask = spots->n_slots - 1, at = (uint32_t)XXH3_64bits(spot, COMMON_BYTES) & mask;

	while (spots->slot[at] && memcmp(&spots->at[spots->slot[at] - 1], spot, COMMON_BYTES) != 0)
		at = (at + 1) & mask;
	return &spots->slot[at];
}

static int make_room(struct ws_spots *spots)
{
	uint32_t room = spots->room ? 2 * spots->room : 64, *slot;
	struct ws_spot *grown;

	if (room > SPOTS_MAX)
		return -EOVERFLOW;
	grown = realloc(spots->at, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	spots->at = grown;
	slot = calloc(2 * (size_t)room, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(spots->slot);
	spots->slot = slot;
	spots->n_slots = 2 * room;
	spots->room = room;
	for (uint32_t i = 0; i < spots->n; i++)
		*slot_of(spots, &spots->at[i]) = i + 1;
	return 0;
}

int ws_spots_add(struct ws_spots *spots, const struct ws_spot *spot)
{
	uint32_t *slot;
	int rc = spots->n == spots->room ? make_room(spots) : 0;

	if (rc)
		return rc;
	slot = slot_of(spots, spot);
	if (*slot) {
		spots->at[*slot - 1].n += spot->n;
		return 0;
	}
	spots->at[spots->n++] = *spot;
	*slot = spots->n;
	return 0;
}

int ws_spots_append(struct ws_spots *spots, const struct ws_spots *more, bool with_open)
{
	uint16_t *index = calloc((size_t)more->n_families + 1, sizeof(*index));
	uint32_t *key = calloc((size_t)more->keys.n + 1, sizeof(*key));
	int rc = index && key ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < more->n_families && !rc; i++)
		rc = ws_spots_family(spots, more->family[i], &index[i]);
	for (uint32_t i = 0; i < more->keys.n && !rc && key; i++)
		rc = ws_keys_add(&spots->keys, &more->keys.at[i], &key[i]);
	for (uint32_t i = 0; i < more->n && !rc; i++) {
		struct ws_spot spot = more->at[i];

		if (spot.kind == WS_SPOT_OPEN && !with_open)
			continue;
		spot.family = index[spot.family];
		spot.key = more->keys.n ? key[spot.key] : 0;
		rc = ws_spots_add(spots, &spot);
	}
	free(index);
	free(key);
	return rc;
}

void ws_spots_close(struct ws_spots *spots)
{
	if (!spots)
		return;
	for (uint32_t i = 0; i < spots->n_families; i++)
		free(spots->family[i]);
	free(spots->family);
	free(spots->at);
	free(spots->slot);
	ws_keys_close(&spots->keys);
	*spots = (struct ws_spots) { 0 };
}

/* A name and its index. */
struct named {
	const char *name;
	uint16_t index;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Keys in order of their texts. */
struct key_order {
	uint32_t *key;	/* by rank */
	uint32_t *rank; /* by key */
};

/* The place of each family in order of name; to be freed. NULL: out of memory. */
static uint16_t *rank_families(const struct ws_spots *spots)
{
	struct named *named = calloc((size_t)spots->n_families + 1, sizeof(*named));
	uint16_t *rank = calloc((size_t)spots->n_families + 1, sizeof(*rank));

	for (uint32_t i = 0; i < spots->n_families && named; i++)
		named[i] = (struct named) { spots->family[i], (uint16_t)i };
	if (named && rank) {
		qsort(named, spots->n_families, sizeof(*named), compare_names);
		for (uint32_t i = 0; i < spots->n_families; i++)
			rank[named[i].index] = (uint16_t)i;
	} else {
		free(rank);
		rank = NULL;
	}
	free(named);
	return rank;
}

static int compare_keys(const void *a, const void *b, void *context)
{
	const struct ws_key *key = context;

	return ws_key_compare(&key[*(const uint32_t *)a], &key[*(const uint32_t *)b]);
}

/* The keys in order of their texts, by rank, and the rank of each; both to be freed. 0 or -ENOMEM. */
static int rank_keys(const struct ws_spots *spots, struct key_order *order)
{
	uint32_t n = spots->keys.n;
	struct key_order made = {
		.key = malloc(((size_t)n + 1) * sizeof(*made.key)),
		.rank = malloc(((size_t)n + 1) * sizeof(*made.rank)),
	};

	if (!made.key || !made.rank) {
		free(made.key);
		free(made.rank);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		made.key[i] = i;
	if (n)
		qsort_r(made.key, n, sizeof(*made.key), compare_keys, spots->keys.at);
	for (uint32_t i = 0; i < n; i++)
		made.rank[made.key[i]] = i;
	*order = made;
	return 0;
}

/* A spot with nothing but what groups are told apart by. Its family becomes a rank, as its key is already; the open
 * ones come last. */
static struct ws_spot masked(const struct ws_spots *spots, const struct ws_spot *spot, unsigned int by,
			     const uint16_t *rank, const struct key_order *order)
{
	struct ws_spot made = *spot;

	made.key = by & WS_BY_NAMES && spots->keys.n ? order->rank[spot->key] : 0;
	made.family = !(by & WS_BY_FAMILY) ? 0 : spot->kind == WS_SPOT_OPEN ? UINT16_MAX : rank[spot->family];
	if (!(by & WS_BY_FORMAT))
		made.http_version = 0;
	if (!(by & WS_BY_HOP)) {
		made.going = 0;
		made.dport = 0;
		memset(made.daddr, 0, sizeof(made.daddr));
	}
	return made;
}

/* Makes a group of n spots that belong together. */
static struct ws_spot_group group_of(const struct ws_spot *at, uint32_t n, unsigned int by, uint64_t n_unread)
{
	struct ws_spot_group group = {
		.http_version = at->http_version,
		.hop = by & WS_BY_HOP ? at : NULL,
		.found = at,
	};

	for (uint32_t i = 0; i < n; i++) {
		group.n_places += at[i].kind == WS_SPOT_FOUND;
		group.n_found += at[i].kind == WS_SPOT_FOUND ? at[i].n : 0;
		group.n_missed += at[i].kind == WS_SPOT_MISSED ? at[i].n : 0;
		group.n_open += at[i].kind == WS_SPOT_OPEN ? at[i].n : 0;
	}
	group.n_expected = group.n_found + group.n_missed + n_unread;
	return group;
}

/* Counts into the groups what is open and, for want of a family, lies behind them all, from at on. */
static void share_open(struct ws_spot_groups *groups, const struct ws_spot *at, const struct ws_spot *end)
{
	for (; at < end; at++) {
		for (uint32_t i = 0; i < groups->n; i++)
			groups->at[i].n_open += ws_spot_compare_way(groups->at[i].found, at) ? 0 : at->n;
	}
}

static int divide(const struct ws_spots *spots, unsigned int by, bool open_is_out, uint64_t n_unread,
		  const uint16_t *rank, const struct key_order *order, struct ws_spot_groups *groups)
{
	const struct ws_spot *at = groups->spot, *end = at + spots->n;

	while (at < end && !(by & WS_BY_FAMILY && at->kind == WS_SPOT_OPEN)) {
		const struct ws_spot *next = at + 1;
		struct ws_spot_group *grown, group;

		while (next < end && !ws_spot_compare_group(at, next))
			next++;
		group = group_of(at, (uint32_t)(next - at), by, n_unread);
		for (uint32_t i = 0; i < spots->n_families && by & WS_BY_FAMILY; i++)
			group.family = rank[i] == at->family ? spots->family[i] : group.family;
		if (by & WS_BY_NAMES && spots->keys.n)
			group.key = &spots->keys.at[order->key[at->key]];
		at = next;
		if (!group.n_found && !group.n_missed)
			continue;
		grown = realloc(groups->at, (groups->n + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		groups->at = grown;
		grown[groups->n++] = group;
	}
	share_open(groups, at, end);
	for (uint32_t i = 0; i < groups->n; i++)
		groups->at[i].expected_known = open_is_out || !groups->at[i].n_open;
	return 0;
}

int ws_spot_groups_open(const struct ws_spots *spots, unsigned int by, bool open_is_out, uint64_t n_unread,
			struct ws_spot_groups *groups)
{
	struct ws_spot_groups made = { .spot = malloc(((size_t)spots->n + 1) * sizeof(*made.spot)) };
	uint16_t *rank = rank_families(spots);
	struct key_order order = { 0 };
	int rc = made.spot && rank ? rank_keys(spots, &order) : -ENOMEM;

	for (uint32_t i = 0; i < spots->n && !rc; i++)
		made.spot[i] = masked(spots, &spots->at[i], by, rank, &order);
	if (!rc) {
		ws_spots_sort(made.spot, spots->n);
		rc = divide(spots, by, open_is_out, n_unread, rank, &order, &made);
	}
	free(rank);
	free(order.key);
	free(order.rank);
	if (rc)
		ws_spot_groups_close(&made);
	else
		*groups = made;
	return rc;
}

void ws_spot_groups_close(struct ws_spot_groups *groups)
{
	if (!groups)
		return;
	free(groups->at);
	free(groups->spot);
	*groups = (struct ws_spot_groups) { 0 };
}

struct ws_threshold ws_spot_threshold(const struct ws_spot_group *group, uint32_t percent, bool saw_whole)
{
	/* ceil() in integers, without a product that could overflow. */
	uint64_t rank = group->n_expected / 100 * percent + (group->n_expected % 100 * percent + 99) / 100;
	uint32_t i;

	if (!group->expected_known || !group->n_expected)
		return (struct ws_threshold) { .kind = WS_THRESHOLD_UNKNOWN };
	if (rank > group->n_found)
		return (struct ws_threshold) { .kind = saw_whole ? WS_THRESHOLD_NEVER : WS_THRESHOLD_NOT_SEARCHED };
	for (i = 0; rank > group->found[i].n; i++)
		rank -= group->found[i].n;
	return (struct ws_threshold) { WS_THRESHOLD_BYTES, group->found[i].end_off };
}

const char *ws_going_name(enum ws_going going)
{
	static const char *const name[] = { "unknown", "rx", "tx", "in", "out" };

	return name[going];
}

const char *ws_spot_group_words(const struct ws_spot_group *group, char text[WS_GROUP_WORDS_MAX])
{
	char address[WS_ADDRESS_TEXT_LEN], words[WS_KEY_WORDS_MAX];
	size_t n = 0;

	*text = 0;
	if (group->family)
		n += (size_t)snprintf(text, WS_GROUP_WORDS_MAX, "%.80s", group->family);
	if (group->http_version)
		n += (size_t)snprintf(text + n, WS_GROUP_WORDS_MAX - n, "%sHTTP/%u", n ? ", " : "",
				      group->http_version);
	if (group->hop) {
		ws_address_text(group->hop->daddr, address);
		n += (size_t)snprintf(text + n, WS_GROUP_WORDS_MAX - n,
				      strchr(address, ':') ? "%s%s [%s]:%u" : "%s%s %s:%u", n ? ", " : "",
				      ws_going_name(group->hop->going), address, group->hop->dport);
	}
	if (group->key)
		n += (size_t)snprintf(text + n, WS_GROUP_WORDS_MAX - n, "%s%s", n ? ", " : "",
				      ws_key_words(group->key, words));
	return n ? text : "all contexts";
}
