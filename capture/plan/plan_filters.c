/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_filters - see the header. */
#include "capture/plan/plan_filters.h"

#include <stdlib.h>
#include <string.h>

/* Filters that doors may take, of WS_FILTERS_MAX: the pods' own addresses need the rest. */
#define DOOR_FILTERS_MAX 4
/* Networks that are kept while the smallest ones are looked for. */
#define PREFIXES_MAX 4096

static bool is_ipv4(const struct ws_cluster_address *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

/* "10.244.1.0/24"; a single address without its length. */
static void prefix_text(const struct ws_cluster_prefix *prefix, char text[WS_CLUSTER_ADDRESS_TEXT + 8])
{
	const uint32_t offset = prefix->n_bits >= 96 && is_ipv4(&prefix->address) ? 96 : 0;
	char address[WS_CLUSTER_ADDRESS_TEXT];

	ws_cluster_address_text(&prefix->address, address);
	if (prefix->n_bits == 128)
		snprintf(text, WS_CLUSTER_ADDRESS_TEXT + 8, "%s", address);
	else
		snprintf(text, WS_CLUSTER_ADDRESS_TEXT + 8, "%s/%u", address, prefix->n_bits - offset);
}

static int compare_prefixes(const void *a, const void *b)
{
	const struct ws_cluster_prefix *x = a, *y = b;
	int order = memcmp(&x->address, &y->address, sizeof(x->address));

	return order ? order : x->n_bits - y->n_bits;
}

/* The length of the longest prefix that both have. */
static uint32_t common_bits(const struct ws_cluster_prefix *a, const struct ws_cluster_prefix *b)
{
	uint32_t most = a->n_bits < b->n_bits ? a->n_bits : b->n_bits, n = 0;

	while (n < most && !((a->address.bytes[n / 8] ^ b->address.bytes[n / 8]) & (0x80 >> (n % 8))))
		n++;
	return n;
}

static void cut(struct ws_cluster_prefix *prefix, uint32_t n_bits)
{
	prefix->n_bits = (uint8_t)n_bits;
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t keep = n_bits > 8 * i ? n_bits - 8 * i : 0;

		prefix->address.bytes[i] &= keep >= 8 ? 0xff : (uint8_t)(0xff00u >> keep);
	}
}

/* Puts neighbours together, those that lose least first, until there are at most max. Returns how many there are. */
static uint32_t merge(struct ws_cluster_prefix *prefix, uint32_t n, uint32_t max)
{
	qsort(prefix, n, sizeof(*prefix), compare_prefixes);
	for (;;) {
		uint32_t best = 0, best_bits = 0;

		for (uint32_t i = 0; i + 1 < n; i++) {
			const uint32_t bits = common_bits(&prefix[i], &prefix[i + 1]);

			if (bits == prefix[i].n_bits) { /* the next one lies in it */
				best = i;
				best_bits = 129;
				break;
			}
			if (i == 0 || bits > best_bits) {
				best = i;
				best_bits = bits;
			}
		}
		if (n <= 1 || (n <= max && best_bits != 129))
			return n;
		if (best_bits != 129)
			cut(&prefix[best], best_bits);
		memmove(&prefix[best + 1], &prefix[best + 2], (n - best - 2) * sizeof(*prefix));
		n--;
	}
}

/* The node's networks of pods, as far as they hold chosen pods: podCIDRs, and Calico's blocks, which it routes into
 * nothing. */
static uint32_t pod_networks(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen,
			     struct ws_cluster_prefix prefix[PREFIXES_MAX])
{
	const struct ws_plan_index *index = ws_plan_view_of(view, chosen->node->name);
	uint32_t i, n = 0, end = ws_plan_routes(index, chosen->node->name, &i);

	for (uint32_t k = 0; k < chosen->node->n_pod_prefixes && n < PREFIXES_MAX; k++)
		prefix[n++] = chosen->node->pod_prefix[k];
	for (; i < end && n < PREFIXES_MAX; i++)
		if (strcmp(index->route[i]->kind, "blackhole") == 0 && index->route[i]->to.n_bits > 96)
			prefix[n++] = index->route[i]->to;
	for (uint32_t k = 0; k < n;) {
		bool is_used = false;

		for (uint32_t p = 0; p < chosen->n_pods && !is_used; p++)
			for (uint32_t a = 0; a < chosen->pod[p]->n_addresses && !is_used; a++)
				is_used = ws_cluster_prefix_holds(&prefix[k], &chosen->pod[p]->address[a]);
		if (is_used)
			k++;
		else
			prefix[k] = prefix[--n];
	}
	return n;
}

static void add_filter(struct ws_plan_filter_list *list, const char *text, const char *because)
{
	struct ws_plan_filter_words *f = &list->filter[list->n];

	if (list->n == WS_FILTERS_MAX)
		return;
	snprintf(f->text, sizeof(f->text), "%s", text);
	snprintf(f->because, sizeof(f->because), "%s", because);
	list->n++;
}

/* Doors with their ports if they fit, else the addresses that they are at. */
static void add_doors(const struct ws_plan_doors *doors, struct ws_plan_filter_list *list)
{
	struct ws_cluster_prefix prefix[WS_PLAN_DOORS_MAX];
	char text[WS_CLUSTER_ADDRESS_TEXT + 8], filter[112];
	uint32_t n = doors->n;

	if (n <= DOOR_FILTERS_MAX && !doors->n_more) {
		for (uint32_t i = 0; i < n; i++) {
			snprintf(filter, sizeof(filter), "addr=%s,port=%u",
				 ws_cluster_address_text(&doors->door[i].address, text), doors->door[i].port);
			add_filter(list, filter, doors->door[i].because);
		}
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		prefix[i] = (struct ws_cluster_prefix) { .address = doors->door[i].address, .n_bits = 128 };
	n = merge(prefix, n, DOOR_FILTERS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		char because[200];

		prefix_text(&prefix[i], text);
		snprintf(filter, sizeof(filter), "addr=%s", text);
		snprintf(because, sizeof(because),
			 "%llu ports there lead to chosen pods, more than there are filters: all of its TCP",
			 (unsigned long long)(doors->n + doors->n_more));
		add_filter(list, filter, because);
	}
}

static void add_networks(const struct ws_plan_chosen *chosen, struct ws_cluster_prefix *prefix, uint32_t n,
			 uint32_t room, const char *why, struct ws_plan_filter_list *list)
{
	n = merge(prefix, n, room);
	for (uint32_t i = 0; i < n; i++) {
		char text[WS_CLUSTER_ADDRESS_TEXT + 8], filter[112], because[300];
		uint32_t n_pods = 0;

		for (uint32_t p = 0; p < chosen->n_pods; p++)
			for (uint32_t a = 0; a < chosen->pod[p]->n_addresses; a++)
				if (ws_cluster_prefix_holds(&prefix[i], &chosen->pod[p]->address[a])) {
					n_pods++;
					break;
				}
		prefix_text(&prefix[i], text);
		snprintf(filter, sizeof(filter), "addr=%s", text);
		snprintf(because, sizeof(because), "%s of %u chosen pod%s", why, n_pods, n_pods == 1 ? "" : "s");
		add_filter(list, filter, because);
	}
}

/* Do the networks hold all addresses? */
static bool hold_all(const struct ws_plan_chosen *chosen, const struct ws_cluster_prefix *prefix, uint32_t n)
{
	for (uint32_t p = 0; p < chosen->n_pods; p++)
		for (uint32_t a = 0; a < chosen->pod[p]->n_addresses; a++) {
			bool is_held = false;

			for (uint32_t i = 0; i < n && !is_held; i++)
				is_held = ws_cluster_prefix_holds(&prefix[i], &chosen->pod[p]->address[a]);
			if (!is_held)
				return false;
		}
	return true;
}

void ws_plan_filters(const struct ws_plan_view *view, const struct ws_plan_chosen *chosen,
		     const struct ws_plan_doors *doors, bool is_watching, struct ws_plan_filter_list *list)
{
	struct ws_cluster_prefix *prefix = calloc(PREFIXES_MAX, sizeof(*prefix));
	uint32_t n = 0, n_networks, room;

	memset(list, 0, sizeof(*list));
	if (!prefix)
		return;
	add_doors(doors, list);
	room = WS_FILTERS_MAX - list->n;
	n_networks = pod_networks(view, chosen, prefix);
	for (uint32_t p = 0; p < chosen->n_pods; p++)
		n += chosen->pod[p]->n_addresses;
	if (n_networks && (is_watching || (n > room && n_networks <= room && hold_all(chosen, prefix, n_networks)))) {
		if (!hold_all(chosen, prefix, n_networks)) /* watching: those that lie elsewhere, too */
			for (uint32_t p = 0; p < chosen->n_pods; p++)
				for (uint32_t a = 0; a < chosen->pod[p]->n_addresses && n_networks < PREFIXES_MAX; a++)
					prefix[n_networks++] = (struct ws_cluster_prefix) {
						.address = chosen->pod[p]->address[a], .n_bits = 128
					};
		add_networks(chosen, prefix, n_networks, room, "the node's network of pods, or an address in it,",
			     list);
		goto out;
	}
	n = 0;
	for (uint32_t p = 0; p < chosen->n_pods; p++)
		for (uint32_t a = 0; a < chosen->pod[p]->n_addresses && n < PREFIXES_MAX; a++)
			prefix[n++] = (struct ws_cluster_prefix) { .address = chosen->pod[p]->address[a],
								   .n_bits = 128 };
	if (n > room) {
		add_networks(chosen, prefix, n, room,
			     "the smallest networks that the filters have room for hold addresses", list);
		goto out;
	}
	for (uint32_t p = 0; p < chosen->n_pods; p++)
		for (uint32_t a = 0; a < chosen->pod[p]->n_addresses; a++) {
			char text[WS_CLUSTER_ADDRESS_TEXT], filter[112], because[400];

			snprintf(filter, sizeof(filter), "addr=%s",
				 ws_cluster_address_text(&chosen->pod[p]->address[a], text));
			snprintf(because, sizeof(because), "pod %.100s/%.256s", chosen->pod[p]->namespace,
				 chosen->pod[p]->name);
			add_filter(list, filter, because);
		}
out:
	free(prefix);
}
