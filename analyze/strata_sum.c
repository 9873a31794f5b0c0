/* SPDX-License-Identifier: BSD-2-Clause */
/* strata_sum - strata of several runs together, in order and summarized; see strata.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/radix.h"
#include "analyze/strata.h"

static int add_stratum(struct ws_strata *strata, const struct ws_stratum *more, uint32_t key)
{
	struct ws_stratum *grown = realloc(strata->at, ((size_t)strata->n + 1) * sizeof(*grown)), *to;

	if (!grown)
		return -ENOMEM;
	strata->at = grown;
	to = &grown[strata->n];
	*to = *more;
	to->key = key;
	to->latency_ns = malloc(more->n * sizeof(*to->latency_ns));
	if (!to->latency_ns)
		return -ENOMEM;
	memcpy(to->latency_ns, more->latency_ns, more->n * sizeof(*to->latency_ns));
	strata->n++;
	return 0;
}

static int add_leftover(struct ws_strata *strata, const struct ws_leftover *more, uint32_t key)
{
	struct ws_leftover *grown = realloc(strata->leftover,
					    ((size_t)strata->n_leftovers + 1) * sizeof(*strata->leftover));

	if (!grown)
		return -ENOMEM;
	strata->leftover = grown;
	grown[strata->n_leftovers] = *more;
	grown[strata->n_leftovers++].key = key;
	return 0;
}

int ws_strata_add(struct ws_strata *strata, const struct ws_strata *more, const char *label)
{
	uint32_t *index = calloc((size_t)more->keys.n + 1, sizeof(*index));
	int rc = index ? 0 : -ENOMEM;

	strata->by |= more->by;
	for (uint32_t i = 0; i < more->keys.n && !rc; i++) {
		struct ws_key key = more->keys.at[i];

		key.part[WS_KEY_LABEL] = label;
		rc = ws_keys_add(&strata->keys, &key, &index[i]);
	}
	for (uint32_t i = 0; i < more->n && !rc; i++)
		rc = add_stratum(strata, &more->at[i], index[more->at[i].key]);
	for (uint32_t i = 0; i < more->n_leftovers && !rc; i++)
		rc = add_leftover(strata, &more->leftover[i], index[more->leftover[i].key]);
	free(index);
	return rc;
}

static int compare_strata(const void *left, const void *right, void *context)
{
	const struct ws_stratum *a = left, *b = right;
	const struct ws_keys *keys = context;
	int order = a->key == b->key ? 0 : ws_key_compare(&keys->at[a->key], &keys->at[b->key]);

	order = order ? order : (int)a->source - (int)b->source;
	return order ? order : (int)a->way - (int)b->way;
}

static int compare_leftovers(const void *left, const void *right, void *context)
{
	const struct ws_leftover *a = left, *b = right;
	const struct ws_keys *keys = context;
	int order = a->key == b->key ? 0 : ws_key_compare(&keys->at[a->key], &keys->at[b->key]);

	return order ? order : (int)a->source - (int)b->source;
}

/* Adds a stratum of the same key, source and direction, which is emptied. */
static int absorb(struct ws_stratum *to, struct ws_stratum *more)
{
	uint64_t *grown = realloc(to->latency_ns, (to->n + more->n) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	to->latency_ns = grown;
	memcpy(grown + to->n, more->latency_ns, more->n * sizeof(*grown));
	to->n += more->n;
	for (int class = 0; class < WS_N_CLASSES; class ++)
		to->n_class[class] += more->n_class[class];
	free(more->latency_ns);
	more->latency_ns = NULL;
	return 0;
}

/* Puts together what has the same key. Those after a failure stay where they are. */
static int merge(struct ws_strata *strata)
{
	uint32_t n = 0, n_leftovers = 0;
	int rc = 0;

	for (uint32_t i = 0; i < strata->n; i++) {
		struct ws_stratum *at = &strata->at[i];

		if (!rc && n && !compare_strata(&strata->at[n - 1], at, &strata->keys))
			rc = absorb(&strata->at[n - 1], at);
		if (at->latency_ns)
			strata->at[n++] = *at;
	}
	strata->n = n;
	for (uint32_t i = 0; i < strata->n_leftovers; i++) {
		const struct ws_leftover *at = &strata->leftover[i];
		struct ws_leftover *last = strata->leftover + n_leftovers - 1;

		if (!n_leftovers || compare_leftovers(last, at, &strata->keys)) {
			strata->leftover[n_leftovers++] = *at;
			continue;
		}
		for (int k = 0; k < WS_N_SIDES * WS_N_CAUSES; k++)
			last->n_cause[k / WS_N_CAUSES][k % WS_N_CAUSES] +=
				at->n_cause[k / WS_N_CAUSES][k % WS_N_CAUSES];
		last->n_lost += at->n_lost;
	}
	strata->n_leftovers = n_leftovers;
	return rc;
}

int ws_strata_complete(struct ws_strata *strata)
{
	int rc;

	if (strata->n)
		qsort_r(strata->at, strata->n, sizeof(*strata->at), compare_strata, &strata->keys);
	if (strata->n_leftovers)
		qsort_r(strata->leftover, strata->n_leftovers, sizeof(*strata->leftover), compare_leftovers,
			&strata->keys);
	rc = merge(strata);
	for (uint32_t i = 0; i < strata->n && !rc; i++) {
		struct ws_stratum *stratum = &strata->at[i];

		rc = ws_radix_sort(stratum->latency_ns, stratum->n);
		if (!rc)
			stratum->summary = ws_summarize(stratum->latency_ns, stratum->n);
	}
	return rc;
}
