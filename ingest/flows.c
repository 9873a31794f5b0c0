/* SPDX-License-Identifier: BSD-2-Clause */
/* flows - see the header: open addressing over an array in order of appearance. */
#include "ingest/flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define EMPTY UINT32_MAX

struct ws_flows {
	struct ws_flow_key *key;
	uint32_t *slot; /* a flow's number, or EMPTY; n_slots is a power of two, at most half full */
	uint32_t n;
	uint32_t cap;
	uint32_t n_slots;
};

struct ws_flows *ws_flows_new(void)
{
	return calloc(1, sizeof(struct ws_flows));
}

static uint32_t *find_slot(const struct ws_flows *f, const struct ws_flow_key *key)
{
	uint32_t at = (uint32_t)XXH3_64bits(key, sizeof(*key)) & (f->n_slots - 1);

	while (f->slot[at] != EMPTY && memcmp(&f->key[f->slot[at]], key, sizeof(*key)) != 0)
		at = (at + 1) & (f->n_slots - 1);
	return &f->slot[at];
}

static int grow(struct ws_flows *f)
{
	uint32_t cap = f->cap ? 2 * f->cap : 1024, n_slots = 2 * cap;
	struct ws_flow_key *key;
	uint32_t *slot;

	if (cap > UINT32_MAX / 4)
		return -ENOMEM;
	key = realloc(f->key, (size_t)cap * sizeof(*key));
	if (!key)
		return -ENOMEM;
	f->key = key;
	slot = malloc((size_t)n_slots * sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	memset(slot, 0xff, (size_t)n_slots * sizeof(*slot));
	free(f->slot);
	f->slot = slot;
	f->n_slots = n_slots;
	f->cap = cap;
	for (uint32_t i = 0; i < f->n; i++)
		*find_slot(f, &f->key[i]) = i;
	return 0;
}

int64_t ws_flows_number(struct ws_flows *f, const struct ws_flow_key *key)
{
	uint32_t *slot;

	if (f->n == f->cap && grow(f))
		return -ENOMEM;
	slot = find_slot(f, key);
	if (*slot == EMPTY) {
		f->key[f->n] = *key;
		*slot = f->n++;
	}
	return *slot;
}

const struct ws_flow_key *ws_flows_key(const struct ws_flows *f, uint32_t n)
{
	return &f->key[n];
}

void ws_flows_free(struct ws_flows *f)
{
	if (!f)
		return;
	free(f->key);
	free(f->slot);
	free(f);
}

void ws_flow_key_of(const struct ws_record *r, struct ws_flow_key *key)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->saddr, r->saddr, 16);
	memcpy(key->daddr, r->daddr, 16);
	memcpy(key->outer_saddr, r->outer_saddr, 16);
	memcpy(key->outer_daddr, r->outer_daddr, 16);
	key->vni = r->vni;
	key->sport = r->sport;
	key->dport = r->dport;
	key->vlan = r->vlan;
	key->ip_version = r->ip_version;
	key->outer_ip_version = r->outer_ip_version;
	key->encap = r->encap;
}
