/* SPDX-License-Identifier: BSD-2-Clause */
/* services - see services.h. */
#include "analyze/mesh/services.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "analyze/mesh/beside.h"
#include "analyze/text_pool.h"

/* What a key begins with. Names have no such byte first: they follow it. */
enum { KEY_SERVICE = 'S', KEY_NODE = 'N', KEY_ADDRESS = 'A', KEY_OUTSIDE = 'O', KEY_CLAIM = 'C' };

/* An address whose node is known. */
struct ws_services_address {
	uint8_t address[16];
	uint32_t node; /* + 1; 0: the place is free */
};

/* A power of two. */
#define N_RECENT 1024

int ws_services_open(const struct ws_atlas *atlas, struct ws_services *services)
{
	struct ws_services made = { .atlas = atlas };

	made.of_owner = calloc((size_t)atlas->owners.n + 1, sizeof(*made.of_owner));
	made.recent = calloc(N_RECENT, sizeof(*made.recent));
	if (!made.of_owner || !made.recent) {
		ws_services_close(&made);
		return -ENOMEM;
	}
	*services = made;
	return 0;
}

void ws_services_close(struct ws_services *services)
{
	if (!services)
		return;
	for (uint32_t i = 0; i < services->n; i++)
		free(services->node[i].label);
	for (uint32_t i = 0; i < services->n_slots; i++)
		free(services->key[i]);
	free(services->node);
	free(services->of_owner);
	free(services->recent);
	free(services->key);
	free(services->value);
	ws_text_pool_close(services->texts);
	*services = (struct ws_services) { 0 };
}

/* The slot of a key: its own, or the free one where it goes. */
static uint32_t slot_of(char *const *keys, uint32_t n_slots, const char *key)
{
	uint32_t slot = (uint32_t)XXH3_64bits(key, strlen(key)) & (n_slots - 1);

	while (keys[slot] && strcmp(keys[slot], key) != 0)
		slot = (slot + 1) & (n_slots - 1);
	return slot;
}

static int grow_slots(struct ws_services *services)
{
	uint32_t n = services->n_slots ? 2 * services->n_slots : 64;
	char **key = calloc(n, sizeof(*key));
	uint32_t *value = calloc(n, sizeof(*value));

	if (!key || !value) {
		free(key);
		free(value);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < services->n_slots; i++) {
		uint32_t slot;

		if (!services->key[i])
			continue;
		slot = slot_of(key, n, services->key[i]);
		key[slot] = services->key[i];
		value[slot] = services->value[i];
	}
	free(services->key);
	free(services->value);
	services->key = key;
	services->value = value;
	services->n_slots = n;
	return 0;
}

/* Finds the key's slot; *value: where its node is kept; UINT32_MAX there: the key is new. Takes the key over. */
static int find(struct ws_services *services, char *key, uint32_t **value)
{
	uint32_t slot;

	if (!key)
		return -ENOMEM;
	if (2 * services->n_taken >= services->n_slots && grow_slots(services)) {
		free(key);
		return -ENOMEM;
	}
	slot = slot_of(services->key, services->n_slots, key);
	*value = &services->value[slot];
	if (services->key[slot]) {
		free(key);
		return 0;
	}
	services->key[slot] = key;
	services->value[slot] = UINT32_MAX;
	services->n_taken++;
	return 0;
}

static int add_node(struct ws_services *services, const struct ws_topology_node *node, uint32_t *index)
{
	if (services->n == services->room) {
		uint32_t room = services->room ? 2 * services->room : 16;
		struct ws_topology_node *grown = realloc(services->node, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		services->node = grown;
		services->room = room;
	}
	services->node[services->n] = *node;
	services->node[services->n].label = NULL;
	*index = services->n++;
	return 0;
}

static char *make_key(char kind, const char *namespace, const char *name)
{
	char *key;

	return asprintf(&key, "%c%s\x1f%s", kind, namespace, name) < 0 ? NULL : key;
}

/* The node of that key, made if it is new. */
static int get(struct ws_services *services, char kind, const struct ws_topology_node *node, uint32_t *index)
{
	uint32_t *value;
	int rc = find(services, make_key(kind, node->namespace, node->name), &value);

	if (!rc && *value == UINT32_MAX)
		rc = add_node(services, node, value);
	if (!rc)
		*index = *value;
	return rc;
}

static int of_owner(struct ws_services *services, const struct ws_owner *owner, uint32_t *node)
{
	uint32_t *known = &services->of_owner[owner - services->atlas->owners.at];
	struct ws_topology_node made = {
		.name = ws_owner_plain_service(owner),
		.namespace = owner->namespace,
		.owner = owner,
		.is_seen = true,
	};
	int rc = 0;

	if (!*known) {
		rc = get(services, owner->kind == WS_OWNER_NODE ? KEY_NODE : KEY_SERVICE, &made, node);
		*known = rc ? 0 : *node + 1;
	}
	*node = *known - 1;
	return rc;
}

/* Whoever has no address of the cluster, and calls into it. */
static int of_outside(struct ws_services *services, uint32_t *node)
{
	static const struct ws_topology_node outside = {
		.name = "outside", .namespace = "", .is_outside = true, .is_seen = true
	};
	int rc = 0;

	if (!services->outside) {
		rc = get(services, KEY_OUTSIDE, &outside, node);
		services->outside = rc ? 0 : *node + 1;
	}
	*node = services->outside - 1;
	return rc;
}

static int of_address(struct ws_services *services, const uint8_t address[16], uint32_t *node)
{
	struct ws_services_address *recent = &services->recent[XXH3_64bits(address, 16) & (N_RECENT - 1)];
	struct ws_topology_node made = { .namespace = "", .is_seen = true };
	char text[WS_OWNER_TEXT_MAX];
	int rc;

	if (recent->node && !memcmp(recent->address, address, sizeof(recent->address))) {
		*node = recent->node - 1;
		return 0;
	}
	made.name = ws_text_pool_add(&services->texts, ws_owner_service(NULL, address, text));
	rc = made.name ? get(services, KEY_ADDRESS, &made, node) : -ENOMEM;
	if (!rc) {
		memcpy(recent->address, address, sizeof(recent->address));
		recent->node = *node + 1;
	}
	return rc;
}

int ws_services_of_call(struct ws_services *services, const struct ws_call *call, bool is_callee, uint32_t *node)
{
	const struct ws_owner *owner = is_callee ? call->callee : call->caller;

	if (owner)
		return of_owner(services, owner, node);
	if (!is_callee && services->atlas->owners.n)
		return of_outside(services, node);
	return of_address(services, is_callee ? call->callee_address : call->caller_address, node);
}

int ws_services_of_name(struct ws_services *services, const char *name, uint32_t *node)
{
	struct ws_topology_node made = { .name = name, .namespace = "" };
	uint32_t *value;
	int rc = find(services, make_key(KEY_CLAIM, "", name), &value);

	if (rc)
		return rc;
	for (uint32_t i = 0; i < services->n && *value == UINT32_MAX; i++) {
		if (services->node[i].is_seen && ws_beside_is_service(name, services->node[i].owner))
			*value = i;
	}
	if (*value == UINT32_MAX)
		rc = add_node(services, &made, value);
	if (!rc)
		*node = *value;
	return rc;
}

struct placed {
	const struct ws_topology_node *node;
	uint32_t before;
};

static int compare_names(const void *a, const void *b)
{
	const struct ws_topology_node *left = ((const struct placed *)a)->node,
				      *right = ((const struct placed *)b)->node;
	int order = right->is_outside - left->is_outside;

	order = order ? order : strcmp(left->name, right->name);
	order = order ? order : strcmp(left->namespace, right->namespace);
	order = order ? order : right->is_seen - left->is_seen;
	return order ? order
		     : (((const struct placed *)a)->before > ((const struct placed *)b)->before) -
			       (((const struct placed *)a)->before < ((const struct placed *)b)->before);
}

static bool has_name(const struct placed *placed, uint32_t n, uint32_t i, uint32_t k)
{
	return k < n && !strcmp(placed[i].node->name, placed[k].node->name);
}

int ws_services_finish(struct ws_services *services, uint32_t **moved)
{
	uint32_t n = services->n, *made = calloc((size_t)n + 1, sizeof(*made));
	struct placed *placed = malloc(((size_t)n + 1) * sizeof(*placed));
	struct ws_topology_node *sorted = calloc((size_t)n + 1, sizeof(*sorted));
	int rc = made && placed && sorted ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < n && !rc; i++)
		placed[i] = (struct placed) { &services->node[i], i };
	if (!rc)
		qsort(placed, n, sizeof(*placed), compare_names);
	for (uint32_t i = 0; i < n && !rc; i++) {
		bool is_one_of_several = (i && has_name(placed, n, i, i - 1)) || has_name(placed, n, i, i + 1);
		const char *namespace = placed[i].node->namespace;

		sorted[i] = *placed[i].node;
		made[placed[i].before] = i;
		if (asprintf(&sorted[i].label, "%s%s%s", is_one_of_several ? namespace : "",
			     is_one_of_several && *namespace ? "/" : "", sorted[i].name) < 0) {
			sorted[i].label = NULL;
			rc = -ENOMEM;
		}
	}
	free(placed);
	if (rc) {
		for (uint32_t i = 0; i < n && sorted; i++)
			free(sorted[i].label);
		free(sorted);
		free(made);
		return rc;
	}
	free(services->node);
	services->node = sorted;
	*moved = made;
	return 0;
}
