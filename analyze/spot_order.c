/* SPDX-License-Identifier: BSD-2-Clause */
/* spot_order - see spot_order.h. */
#include "analyze/spot_order.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* So many spots are sorted as they are. */
#define FEW 1000

/* More different spots than this are not worth counting. */
#define KINDS_MAX 16384
#define N_SLOTS	  (4 * KINDS_MAX)

/* All that spots are sorted by. */
#define SAME_BYTES offsetof(struct ws_spot, begin_segment)

static int compare_numbers(uint64_t left, uint64_t right)
{
	return (left > right) - (left < right);
}

int ws_spot_compare_way(const struct ws_spot *a, const struct ws_spot *b)
{
	int order = compare_numbers(a->http_version, b->http_version);

	order = order ? order : compare_numbers(a->going, b->going);
	order = order ? order : memcmp(a->daddr, b->daddr, sizeof(a->daddr));
	order = order ? order : compare_numbers(a->dport, b->dport);
	return order ? order : compare_numbers(a->key, b->key);
}

int ws_spot_compare_group(const struct ws_spot *a, const struct ws_spot *b)
{
	int order = compare_numbers(a->family, b->family);

	return order ? order : ws_spot_compare_way(a, b);
}

static int compare(const void *left, const void *right)
{
	const struct ws_spot *a = left, *b = right;
	int order = ws_spot_compare_group(a, b);

	order = order ? order : compare_numbers(a->kind, b->kind);
	order = order ? order : compare_numbers(a->end_off, b->end_off);
	order = order ? order : compare_numbers(a->begin_off, b->begin_off);
	order = order ? order : compare_numbers(a->length, b->length);
	return order ? order : compare_numbers(a->searched_len, b->searched_len);
}

/* Different spots, and how often there is each. */
struct kinds {
	struct ws_spot *at;
	uint64_t *n;	/* then: where its first goes */
	uint32_t *slot; /* hash table: index + 1 */
	uint32_t *order;
	uint32_t n_kinds;
};

static uint32_t hash_of(const struct ws_spot *spot)
{
	uint64_t word[SAME_BYTES / 4 / 2], hash = UINT64_C(0xcbf29ce484222325);
	uint32_t rest;

	_Static_assert(SAME_BYTES == 44, "what spots are sorted by is 11 words, without padding");
	memcpy(word, spot, sizeof(word));
	memcpy(&rest, (const char *)spot + sizeof(word), sizeof(rest));
	for (size_t i = 0; i < sizeof(word) / sizeof(*word); i++)
		hash = (hash ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15), hash ^= hash >> 29;
	hash = (hash ^ rest) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(hash >> 32) % N_SLOTS;
}

/* The index of the spot's kind, which is added if it is new; KINDS_MAX: there is no room for it. */
static uint32_t kind_of(struct kinds *kinds, const struct ws_spot *spot)
{
	for (uint32_t at = hash_of(spot);; at = (at + 1) % N_SLOTS) {
		uint32_t kind = kinds->slot[at];

		if (kind && !memcmp(&kinds->at[kind - 1], spot, SAME_BYTES))
			return kind - 1;
		if (kind)
			continue;
		if (kinds->n_kinds == KINDS_MAX)
			return KINDS_MAX;
		kinds->at[kinds->n_kinds++] = *spot;
		kinds->slot[at] = kinds->n_kinds;
		return kinds->n_kinds - 1;
	}
}

static int compare_kinds(const void *left, const void *right, void *context)
{
	const struct ws_spot *at = context;

	return compare(&at[*(const uint32_t *)left], &at[*(const uint32_t *)right]);
}

/* Turns counts into the places where each kind's spots begin. */
static void find_places(struct kinds *kinds)
{
	uint64_t place = 0;

	for (uint32_t i = 0; i < kinds->n_kinds; i++)
		kinds->order[i] = i;
	qsort_r(kinds->order, kinds->n_kinds, sizeof(*kinds->order), compare_kinds, kinds->at);
	for (uint32_t i = 0; i < kinds->n_kinds; i++) {
		uint64_t n = kinds->n[kinds->order[i]];

		kinds->n[kinds->order[i]] = place;
		place += n;
	}
}

/* Sorts by counting. false: there are too many kinds, and nothing has changed. */
static bool sort_kinds(struct kinds *kinds, struct ws_spot *spot, uint64_t n, struct ws_spot *copy, uint16_t *kind)
{
	for (uint64_t i = 0; i < n; i++) {
		/* often it is as the one before */
		uint32_t k = i && !memcmp(&spot[i - 1], &spot[i], SAME_BYTES) ? kind[i - 1] : kind_of(kinds, &spot[i]);

		if (k == KINDS_MAX)
			return false;
		kind[i] = (uint16_t)k;
		kinds->n[k]++;
	}
	find_places(kinds);
	memcpy(copy, spot, n * sizeof(*copy));
	for (uint64_t i = 0; i < n; i++)
		spot[kinds->n[kind[i]]++] = copy[i];
	return true;
}

int ws_spots_sort(struct ws_spot *spot, uint64_t n)
{
	struct ws_spot *copy;
	uint16_t *kind;
	struct kinds kinds;
	int rc = 0;

	if (n <= FEW) {
		if (n)
			qsort(spot, n, sizeof(*spot), compare);
		return 0;
	}
	copy = malloc(n * sizeof(*copy));
	kind = malloc(n * sizeof(*kind));
	kinds = (struct kinds) {
		.at = malloc(KINDS_MAX * sizeof(*kinds.at)),
		.n = calloc(KINDS_MAX, sizeof(*kinds.n)),
		.slot = calloc(N_SLOTS, sizeof(*kinds.slot)),
		.order = malloc(KINDS_MAX * sizeof(*kinds.order)),
	};
	if (!copy || !kind || !kinds.at || !kinds.n || !kinds.slot || !kinds.order)
		rc = -ENOMEM;
	else if (!sort_kinds(&kinds, spot, n, copy, kind))
		qsort(spot, n, sizeof(*spot), compare);
	free(copy);
	free(kind);
	free(kinds.at);
	free(kinds.n);
	free(kinds.slot);
	free(kinds.order);
	return rc;
}
