/* SPDX-License-Identifier: BSD-2-Clause */
/* owners - see owners.h. */
#include "analyze/owners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/query.h"
#include "analyze/text_pool.h"

#define OWNERS_MAX (UINT32_C(1) << 28)

static const char *const kind_name[WS_N_OWNER_KINDS] = { "pod", "service", "node" };

/* How the pool's texts compare: each is there once, so that equal ones are the same. */
static bool same(const struct ws_owner *a, const struct ws_owner *b)
{
	return !memcmp(a->address, b->address, sizeof(a->address)) && a->from_ns == b->from_ns &&
	       a->until_ns == b->until_ns && a->kind == b->kind && a->namespace == b->namespace && a->name == b->name &&
	       a->service == b->service && a->workload == b->workload && a->node == b->node;
}

/* By address and time; then by what they are, so that the order depends on the data alone. */
static int compare(const void *left, const void *right)
{
	const struct ws_owner *a = left, *b = right;
	int order = memcmp(a->address, b->address, sizeof(a->address));

	if (!order)
		order = (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
	if (!order)
		order = (int)a->kind - (int)b->kind;
	if (!order)
		order = strcmp(a->namespace, b->namespace);
	if (!order)
		order = strcmp(a->name, b->name);
	if (!order)
		order = (a->until_ns > b->until_ns) - (a->until_ns < b->until_ns);
	if (!order)
		order = strcmp(a->service, b->service);
	if (!order)
		order = strcmp(a->workload, b->workload);
	return order ? order : strcmp(a->node, b->node);
}

static int add(struct ws_owners *owners, const struct ws_owner *owner)
{
	if (owners->n == owners->room) {
		uint32_t room = owners->room ? 2 * owners->room : 64;
		struct ws_owner *grown = room > OWNERS_MAX ? NULL : realloc(owners->at, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		owners->at = grown;
		owners->room = room;
	}
	owners->at[owners->n++] = *owner;
	return 0;
}

static int take(sqlite3_stmt *row, void *context)
{
	struct ws_owners *owners = context;
	const char *kind = ws_query_text(row, 1);
	struct ws_owner owner = {
		.from_ns = ws_query_int_or(row, 7, INT64_MIN),
		.until_ns = ws_query_int_or(row, 8, INT64_MAX),
		.namespace = ws_text_pool_add(&owners->texts, ws_query_text(row, 2)),
		.name = ws_text_pool_add(&owners->texts, ws_query_text(row, 3)),
		.service = ws_text_pool_add(&owners->texts, ws_query_text(row, 4)),
		.workload = ws_text_pool_add(&owners->texts, ws_query_text(row, 5)),
		.node = ws_text_pool_add(&owners->texts, ws_query_text(row, 6)),
	};

	while (owner.kind < WS_N_OWNER_KINDS && strcmp(kind, kind_name[owner.kind]))
		owner.kind++;
	if (owner.kind == WS_N_OWNER_KINDS || ws_query_bytes(row, 0, owner.address, sizeof(owner.address)))
		return -EPROTO;
	if (!owner.namespace || !owner.name || !owner.service || !owner.workload || !owner.node)
		return -ENOMEM;
	return add(owners, &owner);
}

/* By the name of what they stand for, then by namespace. */
static int compare_services(const void *left, const void *right)
{
	const struct ws_owner *a = *(const struct ws_owner *const *)left, *b = *(const struct ws_owner *const *)right;
	int order = strcmp(ws_owner_plain_service(a), ws_owner_plain_service(b));

	return order ? order : strcmp(a->namespace, b->namespace);
}

/* Labels the owners of one name, which stand side by side, by namespace: several have it if the ends differ. */
static int label_alike(struct ws_owners *owners, struct ws_owner *const *first, uint32_t n)
{
	bool is_shared = strcmp(first[0]->namespace, first[n - 1]->namespace) != 0;

	for (uint32_t i = 0; i < n; i++) {
		const char *name = ws_owner_plain_service(first[i]);
		char *full = NULL;

		if (!is_shared || !*first[i]->namespace) {
			first[i]->label = name;
			continue;
		}
		if (asprintf(&full, "%s/%s", first[i]->namespace, name) < 0)
			return -ENOMEM;
		first[i]->label = ws_text_pool_add(&owners->texts, full);
		free(full);
		if (!first[i]->label)
			return -ENOMEM;
	}
	return 0;
}

static int make_labels(struct ws_owners *owners)
{
	struct ws_owner **sorted = malloc(((size_t)owners->n + 1) * sizeof(*sorted));
	int rc = sorted ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < owners->n && sorted; i++)
		sorted[i] = &owners->at[i];
	if (sorted)
		qsort(sorted, owners->n, sizeof(*sorted), compare_services);
	for (uint32_t i = 0, n; i < owners->n && !rc; i += n) {
		n = 1;
		while (i + n < owners->n &&
		       !strcmp(ws_owner_plain_service(sorted[i]), ws_owner_plain_service(sorted[i + n])))
			n++;
		rc = label_alike(owners, sorted + i, n);
	}
	free(sorted);
	return rc;
}

int ws_owners_read(struct ws_store *store, struct ws_owners *owners, struct ws_error *err)
{
	uint32_t n = 0;
	int rc = ws_query_each(
		store, "SELECT address, kind, namespace, name, service, workload, node, from_ns, until_ns FROM owner",
		0, "the cluster's names", take, owners, err);

	if (rc || !owners->n)
		return rc;
	qsort(owners->at, owners->n, sizeof(*owners->at), compare);
	for (uint32_t i = 0; i < owners->n; i++) {
		if (!i || !same(&owners->at[n - 1], &owners->at[i]))
			owners->at[n++] = owners->at[i];
	}
	owners->n = n;
	rc = make_labels(owners);
	return rc ? ws_error(err, rc, "out of memory") : 0;
}

void ws_owners_close(struct ws_owners *owners)
{
	if (!owners)
		return;
	free(owners->at);
	ws_text_pool_close(owners->texts);
	*owners = (struct ws_owners) { 0 };
}

/* The first owner of the address, or n. */
static uint32_t first_of(const struct ws_owners *owners, const uint8_t address[16])
{
	uint32_t low = 0, high = owners->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(owners->at[middle].address, address, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct ws_owner *ws_owners_find(const struct ws_owners *owners, const uint8_t address[16], int64_t realtime_ns)
{
	const struct ws_owner *best = NULL;

	for (uint32_t i = first_of(owners, address); i < owners->n; i++) {
		const struct ws_owner *owner = &owners->at[i];

		if (memcmp(owner->address, address, 16) || owner->from_ns > realtime_ns)
			break;
		/* of two pods who both seem to have it, the later one */
		if (realtime_ns < owner->until_ns && (!best || owner->kind <= best->kind))
			best = owner;
	}
	return best;
}

static const char *address_text(const uint8_t address[16], char *text, size_t size)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char buffer[INET6_ADDRSTRLEN] = "";

	if (!memcmp(address, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, address + 12, buffer, sizeof(buffer));
	else
		inet_ntop(AF_INET6, address, buffer, sizeof(buffer));
	snprintf(text, size, "%s", buffer);
	return text;
}

const char *ws_owner_plain_service(const struct ws_owner *owner)
{
	if (*owner->service)
		return owner->service;
	return *owner->workload ? owner->workload : owner->name;
}

const char *ws_owner_service(const struct ws_owner *owner, const uint8_t address[16], char text[WS_OWNER_TEXT_MAX])
{
	if (!owner)
		return address_text(address, text, WS_OWNER_TEXT_MAX);
	return owner->label ? owner->label : ws_owner_plain_service(owner);
}

const char *ws_owner_full_name(const struct ws_owner *owner, const uint8_t address[16], char *text, size_t size)
{
	if (!owner)
		return address_text(address, text, size);
	snprintf(text, size, "%s%s%s", owner->namespace, *owner->namespace ? "/" : "", owner->name);
	return text;
}
