/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_overlay - how packets go between nodes, and whether the mesh encrypts them, by evidence: what the CNI is told
 * to do (Calico's IPPool, flannel's net-conf.json, Cilium's cilium-config), else the nodes' interfaces; Istio's
 * PeerAuthentication.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cluster/cluster_draft.h"

/* Which PeerAuthentication counts: that of the whole mesh, of a namespace, of some pods. */
enum { MTLS_UNKNOWN, MTLS_OF_PODS, MTLS_OF_NAMESPACE, MTLS_OF_MESH };

__attribute__((format(printf, 2, 3))) static const char *words(struct ws_cluster_draft *d, const char *format, ...)
{
	char text[WS_CLUSTER_TEXT_MAX + 1];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return ws_draft_shared_text(d, text, strlen(text));
}

static int read_file(struct ws_cluster_draft *d, const char *name,
		     void (*read)(struct ws_cluster_draft *draft, const json_t *element))
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/%s", d->cluster->dir, name) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", d->cluster->dir);
	d->path = path;
	rc = ws_draft_read(d, "items", read);
	free(path);
	return rc;
}

static const char *text_or(const json_t *value, const char *fallback)
{
	return json_is_string(value) ? json_string_value(value) : fallback;
}

/* A pool that tunnels counts before one that does not. */
static void read_pool(struct ws_cluster_draft *d, const json_t *pool)
{
	struct ws_cluster *c = d->cluster;
	const json_t *spec = json_object_get(pool, "spec");
	const char *ipip = text_or(json_object_get(spec, "ipipMode"), "Never"),
		   *vxlan = text_or(json_object_get(spec, "vxlanMode"), "Never"),
		   *name = text_or(ws_draft_at(pool, "metadata", "name", NULL), "");
	const bool is_vxlan = strcmp(vxlan, "Never") != 0, is_tunnel = is_vxlan || strcmp(ipip, "Never") != 0;

	if (!json_is_object(spec)) {
		c->n_unread++;
		return;
	}
	c->cni = "calico";
	if (json_is_true(json_object_get(spec, "disabled")) ||
	    (*c->overlay && (!is_tunnel || strcmp(c->overlay, "none") != 0)))
		return;
	c->overlay = !is_tunnel ? "none" : is_vxlan ? "vxlan" : "ipip";
	if (is_tunnel)
		c->overlay_why = words(d, "ippools.json: %.200s: %s %.40s", name, is_vxlan ? "vxlanMode" : "ipipMode",
				       is_vxlan ? vxlan : ipip);
	else
		c->overlay_why = words(d, "ippools.json: %.200s: ipipMode Never, vxlanMode Never", name);
}

static void read_flannel(struct ws_cluster_draft *d, const json_t *map)
{
	const json_t *text = ws_draft_at(map, "data", "net-conf.json", NULL);
	struct ws_cluster *c = d->cluster;
	json_t *document = json_is_string(text) ? json_loads(json_string_value(text), 0, NULL) : NULL;
	const char *type = text_or(ws_draft_at(document, "Backend", "Type", NULL), "");

	if (!document || !*type) {
		c->n_unread++;
	} else {
		c->cni = "flannel";
		if (strcmp(type, "vxlan") == 0 || strcmp(type, "ipip") == 0)
			c->overlay = strcmp(type, "vxlan") == 0 ? "vxlan" : "ipip";
		else if (strcmp(type, "host-gw") == 0)
			c->overlay = "none";
		c->overlay_why = words(d, "flannel.json: net-conf.json: Backend.Type %.100s", type);
	}
	json_decref(document);
}

/* Up to Cilium 1.14 "tunnel", from then on "routing-mode" and "tunnel-protocol"; VXLAN where nothing is said. */
static void read_cilium(struct ws_cluster_draft *d, const json_t *map)
{
	const json_t *data = json_object_get(map, "data"), *tunnel = json_object_get(data, "tunnel"),
		     *mode = json_object_get(data, "routing-mode"),
		     *protocol = json_object_get(data, "tunnel-protocol");
	struct ws_cluster *c = d->cluster;
	const char *value = text_or(tunnel, text_or(protocol, "vxlan"));

	if (!json_is_object(data)) {
		c->n_unread++;
		return;
	}
	c->cni = "cilium";
	if (ws_draft_is(mode, "native") || strcmp(value, "disabled") == 0) {
		c->overlay = "none";
		c->overlay_why = words(d, "cilium.json: %s",
				       ws_draft_is(mode, "native") ? "routing-mode native" : "tunnel disabled");
		return;
	}
	if (strcmp(value, "vxlan") == 0 || strcmp(value, "geneve") == 0)
		c->overlay = strcmp(value, "vxlan") == 0 ? "vxlan" : "geneve";
	c->overlay_why = words(d, "cilium.json: %s %.100s%s", tunnel ? "tunnel" : "tunnel-protocol", value,
			       tunnel || protocol ? "" : " (its default)");
}

static const char *cni_of(const struct ws_cluster_link *link)
{
	if (strncmp(link->name, "flannel", 7) == 0)
		return "flannel";
	if (strcmp(link->name, "vxlan.calico") == 0 || strncmp(link->name, "cali", 4) == 0)
		return "calico";
	return strncmp(link->name, "cilium_", 7) == 0 ? "cilium" : "";
}

/* The tunnel that a link is, "" if it is none. */
static const char *overlay_of(const struct ws_cluster_link *link)
{
	static const char *const kinds[] = { "vxlan", "ipip", "geneve" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(link->kind, kinds[i]) == 0)
			return kinds[i];
	if (strcmp(link->name, "flannel.1") == 0 || strcmp(link->name, "vxlan.calico") == 0 ||
	    strcmp(link->name, "cilium_vxlan") == 0)
		return "vxlan";
	return strcmp(link->name, "cilium_geneve") == 0 ? "geneve" : strcmp(link->name, "tunl0") == 0 ? "ipip" : "";
}

static bool is_other_tunnel(const struct ws_cluster_link *link)
{
	static const char *const kinds[] = { "gre", "gretap", "wireguard", "sit", "ip6tnl", "ip6gre" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(link->kind, kinds[i]) == 0)
			return true;
	return false;
}

/* What the nodes' interfaces show; a link that a CNI is known by counts before any other. */
static void look_at_links(struct ws_cluster_draft *d)
{
	struct ws_cluster *c = d->cluster;
	const struct ws_cluster_link *found = NULL;
	bool is_some = false, is_other = false;

	for (uint32_t i = 0; i < c->n_links; i++) {
		const struct ws_cluster_link *link = &c->link[i];

		if (link->pid || !*link->node)
			continue;
		is_some = true;
		if (!*c->cni)
			c->cni = cni_of(link);
		if (!link->is_up)
			continue;
		is_other |= is_other_tunnel(link);
		if (*overlay_of(link) && (!found || (!*cni_of(found) && *cni_of(link))))
			found = link;
	}
	if (*c->overlay || !is_some)
		return;
	if (found) {
		c->overlay = overlay_of(found);
		c->overlay_why = words(d, "node/%.200s/link.json: %.100s is up", found->node, found->name);
	} else if (!is_other) {
		c->overlay = "none";
		c->overlay_why = "node/*/link.json: no tunnel is up on any node";
	}
}

int ws_cluster_read_overlay(struct ws_cluster_draft *d)
{
	int rc = read_file(d, "ippools.json", read_pool);

	if (rc == 0 && !*d->cluster->cni)
		rc = read_file(d, "flannel.json", read_flannel);
	if (rc == 0 && !*d->cluster->cni)
		rc = read_file(d, "cilium.json", read_cilium);
	if (rc == 0)
		look_at_links(d);
	return rc;
}

static void read_authentication(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *mode = ws_draft_at(object, "spec", "mtls", "mode", NULL), *selector;
	const char *text = text_or(mode, "UNSET"), *namespace, *name;
	struct ws_cluster *c = d->cluster;
	int rank = MTLS_OF_NAMESPACE;

	selector = ws_draft_at(object, "spec", "selector", NULL);
	namespace = text_or(ws_draft_at(object, "metadata", "namespace", NULL), "");
	name = text_or(ws_draft_at(object, "metadata", "name", NULL), "");
	if (!*name || (mode && !json_is_string(mode))) {
		c->n_unread++;
		return;
	}
	if (json_object_size(selector))
		rank = MTLS_OF_PODS;
	else if (strcmp(namespace, "istio-system") == 0)
		rank = MTLS_OF_MESH;
	if (rank <= d->mtls_rank)
		return;
	d->mtls_rank = rank;
	c->mtls = strcmp(text, "STRICT") == 0	 ? "strict"
		  : strcmp(text, "DISABLE") == 0 ? "disabled"
						 : "permissive"; /* Istio's default */
	c->mtls_why = words(d, "peerauthentications.json: %.300s/%.300s: mode %.40s%s", namespace, name, text,
			    rank == MTLS_OF_MESH	? ""
			    : rank == MTLS_OF_NAMESPACE ? " (of this namespace only)"
							: " (of some pods only)");
}

int ws_cluster_read_mtls(struct ws_cluster_draft *d)
{
	struct ws_cluster *c = d->cluster;
	char *path;
	bool is_there;
	int rc = read_file(d, "peerauthentications.json", read_authentication);

	if (rc || d->mtls_rank != MTLS_UNKNOWN)
		return rc;
	if (asprintf(&path, "%s/peerauthentications.json", c->dir) < 0)
		return ws_error(d->err, -ENOMEM, "%s: out of memory", c->dir);
	is_there = access(path, F_OK) == 0;
	free(path);
	for (uint32_t i = 0; is_there && i < c->n_pods; i++)
		if (c->pod[i].has_sidecar) {
			c->mtls = "permissive";
			c->mtls_why = "peerauthentications.json: none, which is permissive";
			break;
		}
	return 0;
}
