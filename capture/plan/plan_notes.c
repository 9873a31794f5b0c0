/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_notes - see the header. */
#include "capture/plan/plan_notes.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "capture/plan/plan.h"

json_t *ws_plan_json_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string || !(copy = strdup(text)))
		return string;
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

void ws_plan_note(json_t *notes, const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) >= 0) {
		json_array_append_new(notes, ws_plan_json_text(text));
		free(text);
	}
	va_end(args);
}

/* Is the text fit for a part of a path? */
static bool is_plain(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return *text && *text != '.' && text[strspn(text, allowed)] == '\0';
}

/* The beginning of the file of an interface's offloads; its length, 0 if there is none. */
static size_t read_offloads(const struct ws_cluster *cluster, const char *node, const char *interface, char *text,
			    size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	if (!cluster->dir || !is_plain(node) || !is_plain(interface) ||
	    (size_t)snprintf(path, sizeof(path), "%s/node/%s/offload-%s.txt", cluster->dir, node, interface) >=
		    sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void note_offloads(json_t *notes, const struct ws_cluster *cluster, const char *node, const char *interface)
{
	static const struct {
		const char *line;
		const char *name;
	} offloads[] = { { "tcp-segmentation-offload: on", "TSO" },
			 { "generic-segmentation-offload: on", "GSO" },
			 { "generic-receive-offload: on", "GRO" },
			 { "large-receive-offload: on", "LRO" } };
	char text[16384], names[32] = "";

	if (!read_offloads(cluster, node, interface, text, sizeof(text))) {
		ws_plan_note(notes, "offloads of %s are not known: node/%s/offload-%s.txt is not in the snapshot",
			     interface, node, interface);
		return;
	}
	for (size_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++)
		if (strstr(text, offloads[i].line)) {
			strcat(names, *names ? ", " : "");
			strcat(names, offloads[i].name);
		}
	if (*names)
		ws_plan_note(notes,
			     "%s has %s on: one frame there may stand for several on the wire (a super-packet); pairs "
			     "say so "
			     "(class split), and nothing is lost by it",
			     interface, names);
}

void ws_plan_note_nic(json_t *notes, const struct ws_plan_view *view, const char *node, const struct ws_plan_nic *nic)
{
	static const struct {
		const char *kind;
		const char *words;
	} kinds[] = {
		{ "bond", "is a bond: the tap sees what all of its ports carry, once" },
		{ "team", "is a team: the tap sees what all of its ports carry, once" },
		{ "vlan", "is a VLAN on another interface: the tap sees its frames without their tags" },
		{ "bridge",
		  "is a bridge: the tap is at the bridge, and the way from the card to it is not in the latency" },
		{ "wireguard", "is a WireGuard tunnel: the tap sees packets before they are encrypted" },
		{ "macvlan", "is a macvlan: the tap is behind its parent interface" },
		{ "ipvlan", "is an ipvlan: the tap is behind its parent interface" },
	};

	if (nic->other)
		ws_plan_note(
			notes,
			"table %.100s has a route through %.100s where the NIC's is through %s: if a rule (`ip rule`) "
			"picks that table for this traffic, it is not seen at %s",
			nic->other->table, nic->other->interface, nic->interface, nic->interface);
	if (!nic->link) {
		ws_plan_note(
			notes,
			"%s is in node/%s/route.json and not in its link.json: its index is not known, and cannot be "
			"checked",
			nic->interface, node);
		return;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(nic->link->kind, kinds[i].kind) == 0)
			ws_plan_note(notes, "%s %s", nic->interface, kinds[i].words);
	if (*nic->link->master)
		ws_plan_note(notes, "%s is a port of %s, but the routes go through it", nic->interface,
			     nic->link->master);
	if (!nic->link->is_up)
		ws_plan_note(notes, "%s was down when the snapshot was taken", nic->interface);
	note_offloads(notes, ws_plan_view_of(view, node)->cluster, node, nic->interface);
}

/* What it costs that the snapshot has no such file. */
static const char *cost_of(const char *file)
{
	static const struct {
		const char *pattern;
		const char *cost;
	} costs[] = {
		{ "pods.json", "no pod can be chosen" },
		{ "nodes.json",
		  "the nodes' addresses and networks of pods are not known: the NIC is that of the default "
		  "route" },
		{ "services.json", "no pod can be chosen by --service, and node ports are not filtered for" },
		{ "endpoint*.json", "which pods are behind a service may not be known" },
		{ "node/*/link.json", "no tracing point can be found on that node" },
		{ "node/*/route.json", "its NIC cannot be told" },
		{ "node/*/iptables.txt", "ports that NAT leads to pods may be missing in the filters" },
		{ "node/*/crictl*", "processes of pods may not be known" },
	};

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		if (fnmatch(costs[i].pattern, file, 0) == 0)
			return costs[i].cost;
	return NULL;
}

/* The same for many nodes would be many notes: those of nodes that have no chosen pod are left out. */
static void note_sources(json_t *notes, const struct ws_plan_view *view, const struct ws_plan_choice *choice)
{
	const struct ws_cluster *c = view->base.cluster;
	uint32_t n_noted = 0;

	for (uint32_t i = 0; i < c->n_sources && n_noted < 64; i++) {
		const struct ws_cluster_source *s = &c->source[i];
		const char *cost = cost_of(s->file);
		bool is_of_chosen = !*s->node;

		if (!cost || strcmp(s->status, "ok") == 0)
			continue;
		for (uint32_t p = 0; p < choice->n_pods && !is_of_chosen; p++)
			is_of_chosen = strcmp(view->pods->pod[choice->pod[p]].node, s->node) == 0;
		if (!is_of_chosen)
			continue;
		ws_plan_note(notes, "the snapshot has no %s (%s%s%.200s): %s", s->file, s->status,
			     *s->words ? ": " : "", s->words, cost);
		n_noted++;
	}
}

void ws_plan_note_snapshot(json_t *notes, const struct ws_plan_view *view, const struct ws_plan_choice *choice)
{
	const struct ws_cluster *c = view->base.cluster;
	uint64_t n_unread = c->n_unread + (view->update.cluster ? view->update.cluster->n_unread : 0);

	if (c->mtls && strcmp(c->mtls, "strict") == 0)
		ws_plan_note(notes,
			     "mutual TLS is strict (%s): headers are encrypted, and nothing will be found; set it to "
			     "PERMISSIVE or DISABLE for what is measured",
			     c->mtls_why);
	else if (c->mtls && strcmp(c->mtls, "permissive") == 0)
		ws_plan_note(
			notes,
			"mutual TLS is permissive (%s): sidecars encrypt between themselves unless a DestinationRule "
			"says tls mode DISABLE; then nothing will be found between them",
			c->mtls_why);
	if (choice->n_host_network)
		ws_plan_note(notes,
			     "%u chosen pod%s left out: in the network of the node (hostNetwork), without an "
			     "interface of their own",
			     choice->n_host_network, choice->n_host_network == 1 ? " was" : "s were");
	if (choice->n_not_running)
		ws_plan_note(notes, "%u chosen pod%s left out: not running, or without an address",
			     choice->n_not_running, choice->n_not_running == 1 ? " was" : "s were");
	if (n_unread)
		ws_plan_note(notes, "%llu objects of the snapshot could not be read and are left out",
			     (unsigned long long)n_unread);
	note_sources(notes, view, choice);
}

void ws_plan_pods_hash(const struct ws_cluster *pods, char text[33])
{
	XXH3_state_t *state = XXH3_createState();
	XXH128_canonical_t canonical;

	text[0] = '\0';
	if (!state)
		return;
	XXH3_128bits_reset(state);
	for (uint32_t i = 0; i < pods->n_pods; i++) {
		const struct ws_cluster_pod *p = &pods->pod[i];
		const char *const texts[] = { p->namespace, p->name, p->uid, p->node };

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			XXH3_128bits_update(state, texts[k], strlen(texts[k]) + 1);
		if (p->n_addresses)
			XXH3_128bits_update(state, p->address, p->n_addresses * sizeof(*p->address));
	}
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
	XXH3_freeState(state);
	for (size_t i = 0; i < sizeof(canonical.digest); i++)
		snprintf(text + 2 * i, 3, "%02x", canonical.digest[i]);
}
