/* SPDX-License-Identifier: BSD-2-Clause */
/* snapshot - see the header. */
#include "ingest/snapshot.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/database_cluster.h"
#include "ingest/snapshot_files.h"
#include "ingest/spans.h"
#include "lib/cluster/cluster.h"

#define TRACES_PREFIX "traces"

/* A snapshot on its way into the database. */
struct loading {
	struct ws_cluster_insert *insert;
	struct ws_cluster cluster;
	struct ws_error *err;
	int64_t before_ns; /* when the snapshot before was taken; INT64_MIN: not known, or there was none */
	uint64_t n_unread;
	struct ws_seen *seen; /* traces */
};

static bool has_file(const struct ws_cluster *c, const char *name)
{
	char path[PATH_MAX]; /* no longer path can be opened */

	return snprintf(path, sizeof(path), "%s/%s", c->dir, name) < (int)sizeof(path) && access(path, F_OK) == 0;
}

static int add_owner(struct loading *l, struct ws_owner_facts *owner, const struct ws_cluster_address *addresses,
		     uint32_t n)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		owner->address = addresses[i].bytes;
		rc = ws_database_add_owner(l->insert, owner, l->before_ns, l->err);
	}
	return rc;
}

/* A pod in its node's network has its node's address, which is the node's. */
static int add_pods(struct loading *l)
{
	const struct ws_cluster *c = &l->cluster;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < c->n_pods; i++) {
		const struct ws_cluster_pod *pod = &c->pod[i];
		struct ws_owner_facts owner = {
			.kind = "pod",
			.namespace = pod->namespace,
			.name = pod->name,
			.service = *pod->service ? pod->service : pod->app,
			.workload = pod->workload,
			.node = pod->node,
			.from_ns = pod->started_ns,
			.until_ns = pod->deleted_ns,
		};

		if (!pod->is_host_network)
			rc = add_owner(l, &owner, pod->address, pod->n_addresses);
	}
	return rc;
}

static int add_services(struct loading *l)
{
	const struct ws_cluster *c = &l->cluster;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < c->n_services; i++) {
		const struct ws_cluster_service *service = &c->service[i];
		struct ws_owner_facts owner = { .kind = "service",
						.namespace = service->namespace,
						.name = service->name,
						.service = service->name,
						.from_ns = INT64_MIN,
						.until_ns = INT64_MAX };

		rc = add_owner(l, &owner, service->address, service->n_addresses);
	}
	return rc;
}

/* Addresses of a node's own: those of its tunnels, and those that it has in the network of its pods. */
static bool is_nodes_own(const struct ws_cluster_node *node, const struct ws_cluster_link *link,
			 const struct ws_cluster_address *address)
{
	if (strcmp(link->kind, "vxlan") == 0 || strcmp(link->kind, "ipip") == 0 || strcmp(link->kind, "geneve") == 0 ||
	    strcmp(link->name, "tunl0") == 0 || strncmp(link->name, "vxlan", 5) == 0)
		return true;
	for (uint32_t i = 0; i < node->n_pod_prefixes; i++)
		if (ws_cluster_prefix_holds(&node->pod_prefix[i], address))
			return true;
	return false;
}

static bool is_link_local(const struct ws_cluster_address *address)
{
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

/* The node's addresses on its links, which are in order of node. */
static int add_link_addresses(struct loading *l, const struct ws_cluster_node *node, struct ws_owner_facts *owner)
{
	const struct ws_cluster *c = &l->cluster;
	uint32_t low = 0, high = c->n_links;
	int rc = 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(c->link[middle].node, node->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; rc == 0 && low < c->n_links && strcmp(c->link[low].node, node->name) == 0; low++) {
		const struct ws_cluster_link *link = &c->link[low];

		for (uint32_t k = 0; rc == 0 && link->pid == 0 && k < link->n_addresses; k++) {
			const struct ws_cluster_address *address = &link->address[k].address;

			if (!link->is_loopback && !is_link_local(address) && is_nodes_own(node, link, address))
				rc = add_owner(l, owner, address, 1);
		}
	}
	return rc;
}

static int add_nodes(struct loading *l)
{
	const struct ws_cluster *c = &l->cluster;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < c->n_nodes; i++) {
		const struct ws_cluster_node *node = &c->node[i];
		struct ws_owner_facts owner = { .kind = "node",
						.name = node->name,
						.node = node->name,
						.from_ns = INT64_MIN,
						.until_ns = INT64_MAX };

		rc = add_owner(l, &owner, node->address, node->n_addresses);
		if (rc == 0)
			rc = add_link_addresses(l, node, &owner);
	}
	return rc;
}

static int add_owners(struct loading *l)
{
	const struct ws_listed listed = { .pods = has_file(&l->cluster, "pods.json"),
					  .services = has_file(&l->cluster, "services.json"),
					  .nodes = has_file(&l->cluster, "nodes.json") };
	int rc = add_pods(l);

	if (rc == 0)
		rc = add_services(l);
	if (rc == 0)
		rc = add_nodes(l);
	return rc ? rc : ws_database_end_owners(l->insert, &listed, l->cluster.taken_ns, l->err);
}

static int add_clocks(struct loading *l)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < l->cluster.n_clocks; i++) {
		const struct ws_cluster_clock *clock = &l->cluster.clock[i];
		int64_t bound_ns = clock->bound_ns > INT64_MAX ? INT64_MAX : (int64_t)clock->bound_ns;

		rc = ws_database_add_synchronization(l->insert, clock->node, clock->method, clock->at_ns,
						     clock->offset_ns, bound_ns, l->err);
	}
	return rc;
}

static int take_span(void *context, const struct ws_span *span)
{
	struct loading *l = context;

	return ws_database_add_span(l->insert, span, l->err);
}

static int take_dependency(void *context, const char *caller, const char *callee, int64_t n_calls)
{
	struct loading *l = context;

	return ws_database_add_dependency(l->insert, caller, callee, n_calls, l->err);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static int read_mesh_file(struct loading *l, const char *name, bool is_traces)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/%s", l->cluster.dir, name) < 0)
		return ws_error(l->err, -ENOMEM, "%s: out of memory", l->cluster.dir);
	if (is_traces)
		rc = ws_spans_read(path, &l->cluster, l->seen, take_span, l, &l->n_unread, l->err);
	else
		rc = ws_dependencies_read(path, take_dependency, l, &l->n_unread, l->err);
	free(path);
	return rc;
}

static int add_mesh(struct loading *l)
{
	char **names = NULL;
	uint32_t n = 0;
	int rc = ws_snapshot_names(l->cluster.dir, TRACES_PREFIX, &names, &n, l->err);

	for (uint32_t i = 0; rc == 0 && i < n; i++)
		if (ends_with(names[i], ".json") || ends_with(names[i], ".jsonl"))
			rc = read_mesh_file(l, names[i], true);
	ws_snapshot_names_free(names, n);
	if (rc == 0 && has_file(&l->cluster, "dependencies.json"))
		rc = read_mesh_file(l, "dependencies.json", false);
	return rc;
}

static int load_one(struct ws_cluster_insert *insert, const struct ws_snapshot_place *place, int64_t *before_ns,
		    struct ws_seen *seen, struct ws_loaded_snapshot *loaded, struct ws_error *err)
{
	struct loading l = { .insert = insert, .err = err, .before_ns = *before_ns, .seen = seen };
	const uint64_t n_spans = ws_database_span_count(insert);
	struct ws_snapshot_facts facts = { .path = place->shown, .hash = place->hash };
	int rc = ws_cluster_open(place->path, &l.cluster, err);

	if (rc)
		return rc;
	l.n_unread = l.cluster.n_unread;
	if (!place->mesh_only)
		rc = add_owners(&l);
	if (rc == 0 && !place->mesh_only)
		rc = add_clocks(&l);
	if (rc == 0)
		rc = add_mesh(&l);
	facts.taken_ns = l.cluster.taken_ns;
	facts.overlay = l.cluster.overlay;
	facts.mtls = l.cluster.mtls;
	facts.n_unread = l.n_unread;
	if (rc == 0)
		rc = ws_database_add_snapshot(insert, &facts, err);
	loaded->n_pods = l.cluster.n_pods;
	loaded->n_services = l.cluster.n_services;
	loaded->n_nodes = l.cluster.n_nodes;
	loaded->n_spans = ws_database_span_count(insert) - n_spans;
	loaded->n_unread = l.n_unread;
	if (l.cluster.taken_ns != INT64_MIN)
		*before_ns = l.cluster.taken_ns;
	ws_cluster_close(&l.cluster);
	return rc;
}

static int load_all(struct ws_database *db, const struct ws_snapshot_place *places, struct ws_loaded_snapshots *l,
		    struct ws_error *err)
{
	struct ws_cluster_insert *insert = NULL;
	struct ws_seen seen = { 0 };
	int64_t before_ns = INT64_MIN;
	int rc = ws_database_begin_snapshots(db, &insert, err);

	for (uint32_t i = 0; rc == 0 && i < l->n; i++)
		rc = load_one(insert, &places[i], &before_ns, &seen, &l->at[i], err);
	if (rc == 0)
		rc = ws_snapshot_check(places, l->n, err);
	ws_seen_free(&seen);
	return ws_database_end_snapshots(insert, rc, err);
}

void ws_loaded_snapshots_free(struct ws_loaded_snapshots *l)
{
	for (uint32_t i = 0; l->at && i < l->n; i++)
		free(l->at[i].path);
	free(l->at);
	free(l->copied_from);
	*l = (struct ws_loaded_snapshots) { 0 };
}

static struct ws_snapshot_facts *facts_of(const struct ws_snapshot_place *places, uint32_t n)
{
	struct ws_snapshot_facts *facts = calloc(n, sizeof(*facts));

	for (uint32_t i = 0; facts && i < n; i++)
		facts[i] = (struct ws_snapshot_facts) { .path = places[i].shown, .hash = places[i].hash };
	return facts;
}

/* From the database of another run of the campaign, if there is one that has them. 1, 0 or -errno. */
static int try_copy(struct ws_database *db, const struct ws_snapshot_memory *memory,
		    const struct ws_snapshot_facts *facts, struct ws_loaded_snapshots *l, struct ws_error *err)
{
	int rc = ws_database_copy_snapshots(db, memory->database, facts, l->n, err);

	if (rc == 1 && !(l->copied_from = strdup(memory->database)))
		rc = ws_error(err, -ENOMEM, "out of memory");
	return rc;
}

/* memory: NULL if the snapshot is the run's own. */
static int load_or_copy(struct ws_database *db, const struct ws_snapshot_place *places,
			struct ws_snapshot_memory *memory, struct ws_loaded_snapshots *l, struct ws_error *err)
{
	struct ws_snapshot_facts *facts = facts_of(places, l->n);
	int rc;

	if (!facts)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = ws_database_has_snapshots(db, facts, l->n, err);
	l->was_there = rc == 1;
	if (rc == 0 && memory && memory->database)
		rc = try_copy(db, memory, facts, l, err);
	free(facts);
	if (rc == 0)
		rc = load_all(db, places, l, err);
	if (rc < 0)
		return rc;
	if (memory) {
		free(memory->database);
		memory->database = strdup(ws_database_path(db)); /* without memory for it the next run reads again */
	}
	return 0;
}

int ws_load_snapshots(struct ws_database *db, const char *dir, const char *root, struct ws_snapshot_memory *memory,
		      struct ws_loaded_snapshots *loaded, struct ws_error *err)
{
	struct ws_loaded_snapshots l = { 0 };
	struct ws_snapshot_place *places = NULL;
	uint32_t n = 0;
	int rc = ws_snapshot_places(dir, root, memory, &places, &n, err);

	if (rc || n == 0)
		goto out;
	l.at = calloc(n, sizeof(*l.at));
	for (uint32_t i = 0; l.at && i < n; i++) {
		l.n = i + 1;
		l.at[i].path = strdup(places[i].path);
		rc = l.at[i].path ? rc : -ENOMEM;
	}
	if (!l.at || rc) {
		rc = ws_error(err, -ENOMEM, "out of memory");
		goto out;
	}
	rc = load_or_copy(db, places, strncmp(places[0].shown, "../", 3) == 0 ? memory : NULL, &l, err);
out:
	ws_snapshot_places_free(places, n);
	if (rc)
		ws_loaded_snapshots_free(&l);
	else
		*loaded = l;
	return rc;
}
