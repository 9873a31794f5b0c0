/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_rules - see the header. Chain names are compared as the pointers of shared texts. Many rules lead to the same
 * chain: it is followed once for each of what a packet may be that comes to it, so that chains which lead to each other
 * many times over do not multiply.
 */
#include "lib/cluster/cluster_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/decimal.h"

/* Chains in each other are followed this deep (kube-proxy's are 5). */
#define DEPTH_MAX 16
/* Rules looked at in a file: chains that each narrow down in another way multiply all the same. kube-proxy's are looked
 * at a few times each. */
#define STEPS_FIRST (1u << 14)
#define STEPS_EACH  32
#define STEPS_MAX   (1u << 21)
/* Arrivals at chains that are kept in mind; further ones are followed every time. A power of two. */
#define ARRIVALS_FIRST (1u << 8)
#define ARRIVALS_MAX   (1u << 18)

void ws_cluster_rules_add(struct ws_cluster_draft *d, struct ws_cluster_rules *rules,
			  const struct ws_cluster_rule *rule)
{
	struct ws_cluster_rule *grown;

	if (rules->n == WS_CLUSTER_OBJECTS_MAX) {
		d->cluster->n_unread++;
		return;
	}
	if (rules->n == rules->cap) {
		uint32_t cap = rules->cap ? 2 * rules->cap : 64;

		grown = realloc(rules->at, cap * sizeof(*grown));
		if (!grown) {
			d->rc = -ENOMEM;
			return;
		}
		rules->at = grown;
		rules->cap = cap;
	}
	rules->at[rules->n] = *rule;
	rules->at[rules->n].number = rules->n;
	rules->n++;
}

void ws_cluster_rules_close(struct ws_cluster_rules *rules)
{
	free(rules->at);
	*rules = (struct ws_cluster_rules) { 0 };
}

static int compare_pointers(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

static int compare_rules(const void *a, const void *b)
{
	const struct ws_cluster_rule *left = a, *right = b;
	int order = compare_pointers(left->chain, right->chain);

	return order ? order : (left->number > right->number) - (left->number < right->number);
}

/* The first rule of the chain, or of the one behind it. */
static uint32_t find_chain(const struct ws_cluster_rules *rules, const char *chain)
{
	uint32_t low = 0, high = rules->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if ((uintptr_t)rules->at[middle].chain < (uintptr_t)chain)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void ws_cluster_nat_add(struct ws_cluster_draft *d, const struct ws_cluster_rule *r)
{
	const char *file = d->path + strlen(d->cluster->dir) + 1;
	const struct ws_cluster_nat nat = {
		.node = d->node,
		.file = ws_draft_shared_text(d, file, strlen(file)),
		.service = r->service ? r->service : "",
		.kind = r->kind,
		.from = r->from,
		.to = r->to,
		.target = r->address,
		.port = r->port,
		.target_port = r->target_port,
		.is_node_port = r->is_local && r->to.n_bits == 0 && r->port && r->kind == WS_CLUSTER_DNAT,
	};

	ws_draft_add(d, &d->nats, &nat);
}

/* What a packet must be that came to the rule by way of others. */
static void narrow(struct ws_cluster_rule *r, const struct ws_cluster_rule *outer)
{
	if (outer->from.n_bits > r->from.n_bits)
		r->from = outer->from;
	if (outer->to.n_bits > r->to.n_bits)
		r->to = outer->to;
	if (!r->port)
		r->port = outer->port;
	if (!r->service || !*r->service)
		r->service = outer->service;
	r->is_local |= outer->is_local;
}

/* Where one stands in a chain. */
struct place {
	struct ws_cluster_rule outer;
	const char *chain;
	uint32_t next;
};

/* All that decides what comes of following a chain. Compared as bytes, so what lies between the fields is zero. */
struct way {
	const char *chain;
	const char *service;
	struct ws_cluster_prefix from;
	struct ws_cluster_prefix to;
	uint16_t port;
	bool is_local;
};

struct arrival {
	struct way way; /* chain NULL: the slot is free */
	uint32_t depth; /* the least */
};

/* A file's rules on their way to what comes of them. */
struct walk {
	struct ws_cluster_draft *d;
	const struct ws_cluster_rules *rules;
	struct arrival *arrival; /* open addressing */
	uint32_t n_arrivals;
	uint32_t n_slots;
	uint32_t n_steps;
	uint32_t steps_max;
};

static struct arrival *find_slot(struct arrival *slots, uint32_t n_slots, const struct way *way)
{
	uint32_t i = (uint32_t)XXH3_64bits(way, sizeof(*way)) & (n_slots - 1);

	while (slots[i].way.chain && memcmp(&slots[i].way, way, sizeof(*way)) != 0)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

/* Makes room for another arrival. False if there is to be none, or no memory, which d->rc says. */
static bool make_room(struct walk *w)
{
	uint32_t n_slots = w->n_slots ? 2 * w->n_slots : ARRIVALS_FIRST;
	struct arrival *slots;

	if (w->n_arrivals < w->n_slots / 2)
		return true;
	if (w->n_arrivals >= ARRIVALS_MAX)
		return false;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots) {
		w->d->rc = -ENOMEM;
		return false;
	}
	for (uint32_t i = 0; i < w->n_slots; i++)
		if (w->arrival[i].way.chain)
			memcpy(find_slot(slots, n_slots, &w->arrival[i].way), &w->arrival[i], sizeof(*slots));
	free(w->arrival);
	w->arrival = slots;
	w->n_slots = n_slots;
	return true;
}

/* Would following the rule's target from this depth find anything new? From farther up it may: chains are deep. */
static bool is_new(struct walk *w, const struct ws_cluster_rule *r, uint32_t depth)
{
	bool has_room = make_room(w);
	struct arrival *a;
	struct way way;

	if (w->n_slots == 0)
		return false;
	memset(&way, 0, sizeof(way));
	way.chain = r->target;
	way.service = r->service && *r->service ? r->service : NULL;
	way.from = r->from;
	way.to = r->to;
	way.port = r->port;
	way.is_local = r->is_local;
	a = find_slot(w->arrival, w->n_slots, &way);
	if (a->way.chain && a->depth <= depth)
		return false;
	if (!a->way.chain && has_room) {
		memcpy(&a->way, &way, sizeof(way));
		w->n_arrivals++;
	}
	if (a->way.chain)
		a->depth = depth;
	return true;
}

/* Is the chain one of those that led here? The kernel takes no such rules. */
static bool is_ring(const struct place *place, uint32_t depth, const char *chain)
{
	while (depth--)
		if (place[depth].chain == chain)
			return true;
	return false;
}

static void follow_chain(struct walk *w, const char *chain)
{
	const struct ws_cluster_rules *rules = w->rules;
	struct place place[DEPTH_MAX];
	uint32_t depth = 1;

	place[0] = (struct place) { .chain = chain, .next = find_chain(rules, chain) };
	while (depth && w->d->rc == 0) {
		struct place *p = &place[depth - 1];
		struct ws_cluster_rule r;

		if (p->next == rules->n || rules->at[p->next].chain != p->chain) {
			depth--;
			continue;
		}
		if (++w->n_steps > w->steps_max) {
			w->d->cluster->n_unread++;
			return;
		}
		r = rules->at[p->next++];
		narrow(&r, &p->outer);
		if (!r.target)
			ws_cluster_nat_add(w->d, &r);
		else if (depth == DEPTH_MAX || is_ring(place, depth, r.target))
			w->d->cluster->n_unread++;
		else if (is_new(w, &r, depth))
			place[depth++] = (struct place) { r, r.target, find_chain(rules, r.target) };
	}
}

static uint32_t steps_of(uint32_t n_rules)
{
	return n_rules < (STEPS_MAX - STEPS_FIRST) / STEPS_EACH ? STEPS_FIRST + STEPS_EACH * n_rules : STEPS_MAX;
}

static int compare_targets(const void *a, const void *b)
{
	return compare_pointers(*(const void *const *)a, *(const void *const *)b);
}

void ws_cluster_rules_follow(struct ws_cluster_draft *d, struct ws_cluster_rules *rules)
{
	struct walk w = { .d = d, .rules = rules, .steps_max = steps_of(rules->n) };
	const char **target;
	uint32_t n_targets = 0;

	if (rules->n == 0)
		return;
	target = malloc(rules->n * sizeof(*target));
	if (!target) {
		d->rc = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < rules->n; i++)
		if (rules->at[i].target)
			target[n_targets++] = rules->at[i].target;
	if (n_targets)
		qsort(target, n_targets, sizeof(*target), compare_targets);
	qsort(rules->at, rules->n, sizeof(*rules->at), compare_rules);
	for (uint32_t i = 0; i < rules->n && w.n_steps <= w.steps_max; i++) {
		const char *chain = rules->at[i].chain;

		if ((i == 0 || chain != rules->at[i - 1].chain) &&
		    !(n_targets && bsearch(&chain, target, n_targets, sizeof(*target), compare_targets)))
			follow_chain(&w, chain);
	}
	free(w.arrival);
	free(target);
}

int ws_cluster_target_parse(const char *text, struct ws_cluster_address *address, uint16_t *port)
{
	const char *begin = text + (*text == '['), *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
	char number[WS_CLUSTER_ADDRESS_TEXT];
	struct ws_cluster_address parsed;
	int64_t value = 0;
	size_t len;

	if (*text != '[' && end && strchr(end + 1, ':')) /* an IPv6 address without a port */
		end = NULL;
	len = end ? (size_t)(end - begin) : strlen(begin);
	if (len >= sizeof(number) || (*text == '[' && !end))
		return -EINVAL;
	memcpy(number, begin, len);
	number[len] = '\0';
	if (end && *end == ']')
		end = end[1] ? end + 1 : NULL;
	if (ws_cluster_address_parse(number, &parsed))
		return -EINVAL;
	if (end &&
	    (*end != ':' || ws_integer_read(end + 1, strlen(end + 1), 0, &value) || value == 0 || value > UINT16_MAX))
		return -EINVAL;
	*address = parsed;
	if (end)
		*port = (uint16_t)value;
	return 0;
}
