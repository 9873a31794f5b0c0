/* SPDX-License-Identifier: BSD-2-Clause */
/* cluster - see the header. The parts of a snapshot are read by the other files of this name. */
#include "lib/cluster/cluster.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cluster/cluster_draft.h"
#include "lib/json_memory.h"

static const struct {
	const char *name;
	void (*read)(struct ws_cluster_draft *draft, const json_t *element);
} lists[] = {
	{ "nodes.json", ws_cluster_read_node },		  { "pods.json", ws_cluster_read_pod },
	{ "services.json", ws_cluster_read_service },	  { "endpoints.json", ws_cluster_read_endpoints },
	{ "endpointslices.json", ws_cluster_read_slice },
};

static int read_lists(struct ws_cluster_draft *d)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *path;

		if (asprintf(&path, "%s/%s", d->cluster->dir, lists[i].name) < 0)
			return ws_error(d->err, -ENOMEM, "%s: out of memory", d->cluster->dir);
		d->path = path;
		rc = ws_draft_read(d, "items", lists[i].read);
		free(path);
	}
	return rc;
}

static bool is_node_name(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

	return strspn(name, letters) == strlen(name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A directory below node/. */
static int read_node(struct ws_cluster_draft *d, const char *parent, const char *name)
{
	struct ws_cluster_node node = { 0 };
	struct stat st;
	char *path;
	int rc = 0;

	if (asprintf(&path, "%s/%s", parent, name) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", parent);
	if (stat(path, &st) || !S_ISDIR(st.st_mode) || !is_node_name(name)) {
		d->cluster->n_unread++;
		goto out;
	}
	d->node = node.name = ws_draft_shared_text(d, name, strlen(name));
	ws_draft_add(d, &d->nodes, &node);
	rc = ws_cluster_read_node_dir(d, path);
	d->node = "";
out:
	free(path);
	return rc;
}

static int read_nodes(struct ws_cluster_draft *d)
{
	struct dirent **entries;
	char *path;
	int n, rc = 0;

	if (asprintf(&path, "%s/node", d->cluster->dir) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", d->cluster->dir);
	n = scandir(path, &entries, is_visible, alphasort);
	if (n < 0 && errno != ENOENT)
		rc = ws_error(d->err, -errno, "%s: cannot read: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = read_node(d, path, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	free(path);
	return rc;
}

static int read_snapshot(struct ws_cluster_draft *d)
{
	int rc = ws_cluster_read_sources(d);

	if (rc == 0)
		rc = read_lists(d);
	if (rc == 0)
		rc = read_nodes(d);
	if (rc)
		return rc;
	ws_cluster_order(d);
	ws_cluster_match_endpoints(d);
	rc = ws_cluster_read_overlay(d);
	if (rc == 0)
		rc = ws_cluster_read_mtls(d);
	return rc == 0 && d->rc ? ws_error(d->err, d->rc, "%s: out of memory", d->cluster->dir) : rc;
}

#define LIST(member, number)                                                        \
	{                                                                           \
		.at = (void **)&c.member, .n = &c.number, .size = sizeof(*c.member) \
	}

int ws_cluster_open(const char *dir, struct ws_cluster *cluster, struct ws_error *err)
{
	struct ws_cluster c = {
		.cni = "", .overlay = "", .overlay_why = "", .mtls = "", .mtls_why = "", .taken_ns = INT64_MIN
	};
	struct ws_cluster_draft draft = {
		.cluster = &c,
		.err = err,
		.pods = LIST(pod, n_pods),
		.services = LIST(service, n_services),
		.endpoints = LIST(endpoint, n_endpoints),
		.nodes = LIST(node, n_nodes),
		.containers = LIST(container, n_containers),
		.links = LIST(link, n_links),
		.routes = LIST(route, n_routes),
		.nats = LIST(nat, n_nats),
		.clocks = LIST(clock, n_clocks),
		.sources = LIST(source, n_sources),
		.node = "",
	};
	struct stat st;
	int rc;

	if (stat(dir, &st))
		return ws_error(err, -errno, "%s: cannot open: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return ws_error(err, -ENOTDIR, "%s: not a directory", dir);
	c.dir = strdup(dir);
	c.inner = draft.store = ws_cluster_store_new();
	rc = c.dir && c.inner ? read_snapshot(&draft) : ws_error(err, -ENOMEM, "%s: out of memory", dir);
	if (rc == 0 && ws_json_memory_was_short())
		rc = ws_error(err, -ENOMEM, "%s: out of memory", dir);
	if (rc)
		ws_cluster_close(&c);
	else
		*cluster = c;
	return rc;
}

void ws_cluster_close(struct ws_cluster *c)
{
	if (!c)
		return;
	free(c->dir);
	free(c->pod);
	free(c->service);
	free(c->endpoint);
	free(c->node);
	free(c->container);
	free(c->link);
	free(c->route);
	free(c->nat);
	free(c->clock);
	free(c->source);
	ws_cluster_store_free(c->inner);
	*c = (struct ws_cluster) { 0 };
}
