/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_make - see the header. */
#include "capture/plan/plan_make.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/plan/plan_apply.h"
#include "capture/plan/plan_notes.h"
#include "capture/plan/plan_vport.h"
#include "lib/version.h"

/* Pods of one node that are tried: more than it can have points, as some may fail. */
#define TRIED_MAX 4096
/* Pods without a point that are named; more are counted. */
#define UNPLANNED_MAX 1000

struct maker {
	const struct ws_plan_request *rq;
	struct ws_plan_view view;
	struct ws_plan_choice choice;
	json_t *names; /* of points that are taken: how often each was asked for */
	json_t *nodes;
	json_t *notes;
	json_t *unplanned;
	uint32_t n_points;
	uint64_t n_unplanned_more;
	/* of the node at hand */
	const struct ws_cluster_pod *planned[WS_PLAN_NODE_POINTS_MAX];
	uint32_t n_planned;
	uint32_t service[1024];
	uint32_t n_services;
};

/* A point's name that no other has: what a file's name may not hold becomes '_', and the end is cut. */
static json_t *point_name(struct maker *m, const char *prefix, const char *what)
{
	char name[WS_RECFILE_NAME_MAX + 1], numbered[WS_RECFILE_NAME_MAX + 16];
	json_int_t n;

	snprintf(name, sizeof(name), "%s%s", prefix, what);
	for (char *c = name; *c; c++)
		if (!ws_plan_is_point_name((char[]) { '_', *c }, 2))
			*c = '_';
	strcpy(numbered, name);
	for (n = json_integer_value(json_object_get(m->names, name)) + 1; json_object_get(m->names, numbered); n++) {
		char number[24];
		const size_t len = strlen(name), need = (size_t)snprintf(number, sizeof(number), "-%lld", (long long)n);
		const size_t keep = len + need > WS_RECFILE_NAME_MAX ? WS_RECFILE_NAME_MAX - need : len;

		memcpy(numbered, name, keep);
		strcpy(numbered + keep, number);
	}
	json_object_set_new(m->names, name, json_integer(n - 1 > 1 ? n - 1 : 1));
	if (strcmp(name, numbered) != 0)
		json_object_set_new(m->names, numbered, json_integer(1));
	return json_string(numbered);
}

static json_t *address_texts(const struct ws_cluster_address *address, uint32_t n)
{
	char text[WS_CLUSTER_ADDRESS_TEXT];
	json_t *texts = json_array();

	for (uint32_t i = 0; i < n && i < 64; i++)
		json_array_append_new(texts, json_string(ws_cluster_address_text(&address[i], text)));
	return texts;
}

static void add_unplanned(struct maker *m, const struct ws_cluster_pod *pod, bool is_named, const char *because)
{
	char name[2 * WS_CLUSTER_TEXT_MAX + 2];

	if (json_array_size(m->unplanned) >= UNPLANNED_MAX && !is_named) {
		m->n_unplanned_more++;
		return;
	}
	snprintf(name, sizeof(name), "%s/%s", pod->namespace, pod->name);
	json_array_append_new(m->unplanned, json_pack("{s:o, s:o, s:b}", "pod", ws_plan_json_text(name), "because",
						      ws_plan_json_text(because), "is_named", is_named));
}

/* Why a pod has no vport at all; NULL: it may have one. */
static const char *hopeless(const struct ws_cluster_pod *pod)
{
	if (pod->is_host_network)
		return "it is in its node's network (hostNetwork) and has no interface of its own";
	if (*pod->phase && strcmp(pod->phase, "Running") != 0)
		return "it is not running";
	if (!*pod->node)
		return "it is on no node";
	return pod->n_addresses ? NULL : "it has no address";
}

static void plan_pod(struct maker *m, const struct ws_cluster_pod *pod, bool is_named, json_t *points)
{
	const char *why = hopeless(pod);
	const struct ws_cluster_link *link;
	char name[2 * WS_CLUSTER_TEXT_MAX + 2];
	struct ws_error words = { 0 };

	if (!why && json_array_size(points) >= WS_PLAN_NODE_POINTS_MAX)
		why = "its node has more chosen pods than one recording has points";
	if (!why && ws_plan_vport(&m->view, pod, &link, &words))
		why = words.text;
	if (!why && !ws_plan_is_interface_name(link->name))
		why = "its node's interface has a name that no interface can have";
	if (why) {
		add_unplanned(m, pod, is_named, why);
		return;
	}
	snprintf(name, sizeof(name), "%s/%s", pod->namespace, pod->name);
	json_array_append_new(points, json_pack("{s:o, s:s, s:o, s:I, s:o, s:o, s:o}", "name",
						point_name(m, "vport-", pod->name), "role", "vport", "interface",
						ws_plan_json_text(link->name), "ifindex", (json_int_t)link->ifindex,
						"pod", ws_plan_json_text(name), "addresses",
						address_texts(pod->address, pod->n_addresses), "because",
						ws_plan_json_text(words.text)));
	m->planned[m->n_planned++] = pod;
}

static void plan_nics(struct maker *m, const struct ws_cluster_node *node, json_t *points, json_t *notes)
{
	struct ws_plan_nic nic[WS_PLAN_NICS_MAX];
	struct ws_error words = { 0 };
	uint32_t n = ws_plan_nics(&m->view, node, nic, &words);

	if (!n)
		ws_plan_note(notes, "no tracing point at the NIC: %s", words.text);
	for (uint32_t i = 0; i < n; i++) {
		if (!ws_plan_is_interface_name(nic[i].interface)) {
			ws_plan_note(notes, "a route goes through '%.100s', which is no name of an interface",
				     nic[i].interface);
			continue;
		}
		json_array_append_new(points, json_pack("{s:o, s:s, s:o, s:I, s:s, s:o, s:o}", "name",
							point_name(m, "nic-", node->name), "role", "nic", "interface",
							ws_plan_json_text(nic[i].interface), "ifindex",
							(json_int_t)(nic[i].link ? nic[i].link->ifindex : 0), "pod", "",
							"addresses", address_texts(node->address, node->n_addresses),
							"because", ws_plan_json_text(nic[i].because)));
		ws_plan_note_nic(notes, &m->view, node->name, &nic[i]);
	}
	if (n > 1)
		ws_plan_note(notes, "%u interfaces carry routes to other nodes: each is a point of its own", n);
}

/* The services that lead to the planned pods, each once. */
static void note_services(struct maker *m)
{
	m->n_services = 0;
	for (uint32_t i = 0; i < m->n_planned; i++) {
		const uint32_t pod = (uint32_t)(m->planned[i] - m->view.pods->pod);
		uint32_t low = 0, high = m->choice.n_leads;

		while (low < high) {
			const uint32_t at = low + (high - low) / 2;

			if (m->choice.lead[at].pod < pod)
				low = at + 1;
			else
				high = at;
		}
		for (; low < m->choice.n_leads && m->choice.lead[low].pod == pod; low++) {
			bool is_new = m->n_services < sizeof(m->service) / sizeof(m->service[0]);

			for (uint32_t k = 0; k < m->n_services && is_new; k++)
				is_new = m->service[k] != m->choice.lead[low].service;
			if (is_new)
				m->service[m->n_services++] = m->choice.lead[low].service;
		}
	}
}

static json_t *filters(const struct ws_plan_filter_list *list)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_pack("{s:o, s:o}", "filter", ws_plan_json_text(list->filter[i].text),
						       "because", ws_plan_json_text(list->filter[i].because)));
	return array;
}

static void note_overlay(json_t *notes, const struct ws_plan_overlay *overlay)
{
	if (!*overlay->name)
		ws_plan_note(notes, "the overlay is not known; VXLAN (the usual ports), Geneve, GRE and IP-in-IP are "
				    "recognised by their frames");
	if (overlay->geneve_port)
		ws_plan_note(
			notes,
			"Geneve has the UDP port %u here; only port 6081 is taken apart: packets of this overlay will "
			"not be found at the NIC",
			overlay->geneve_port);
	if (overlay->n_vxlan_ports == WS_VXLAN_PORTS_MAX)
		ws_plan_note(notes, "only the first %d UDP ports of VXLAN devices are looked for", WS_VXLAN_PORTS_MAX);
}

/* The node's part of the plan, once its points are known. */
static json_t *describe_node(struct maker *m, const struct ws_cluster_node *node, json_t *points, json_t *notes)
{
	const struct ws_plan_chosen chosen = { .node = node,
					       .pod = m->planned,
					       .n_pods = m->n_planned,
					       .service = m->service,
					       .n_services = m->n_services };
	struct ws_plan_filter_list exact, wide;
	struct ws_plan_overlay overlay;
	struct ws_error words = { 0 };
	json_t *ports = json_array();
	struct ws_plan_doors *doors = malloc(sizeof(*doors));
	const size_t n_points = json_array_size(points);

	if (!doors)
		return NULL;
	ws_plan_overlay(&m->view, node->name, &overlay);
	ws_plan_doors(&m->view, &chosen, doors);
	ws_plan_filters(&m->view, &chosen, doors, false, &exact);
	ws_plan_filters(&m->view, &chosen, doors, true, &wide);
	free(doors);
	note_overlay(notes, &overlay);
	if (ws_plan_masquerade(&m->view, &chosen, &words))
		ws_plan_note(notes, "%s", words.text);
	if (ws_plan_ring_bytes((uint32_t)n_points) < WS_PLAN_RING_BYTES)
		ws_plan_note(notes, "%zu points: ring buffers of %u MB each, not %u (--ring-buffer)", n_points,
			     ws_plan_ring_bytes((uint32_t)n_points) >> 20, WS_PLAN_RING_BYTES >> 20);
	for (uint32_t i = 0; i < overlay.n_vxlan_ports; i++)
		json_array_append_new(ports, json_integer(overlay.vxlan_port[i]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "node", ws_plan_json_text(node->name),
			 "overlay", ws_plan_json_text(overlay.name), "overlay_because",
			 ws_plan_json_text(overlay.because), "vni",
			 overlay.vni < 0 ? json_null() : json_integer(overlay.vni), "vxlan_ports", ports, "filters",
			 filters(&exact), "watch_filters", filters(&wide), "points", points, "notes", notes);
}

/* The chosen pods from *begin on that are on the same node; *begin is moved behind them. */
static int plan_node(struct maker *m, uint32_t *begin)
{
	const struct ws_cluster_pod *first = &m->view.pods->pod[m->choice.pod[*begin]];
	const struct ws_cluster_node *node = ws_plan_node_of(&m->view, first->node);
	json_t *points = json_array(), *notes = json_array(), *description;
	uint32_t n_tried = 0;

	m->n_planned = 0;
	if (node)
		plan_nics(m, node, points, notes);
	for (; *begin < m->choice.n_pods; (*begin)++) {
		const uint32_t i = m->choice.pod[*begin];
		const struct ws_cluster_pod *pod = &m->view.pods->pod[i];
		const bool is_named = m->choice.mark[i] & WS_PLAN_NAMED;

		if (strcmp(pod->node, first->node) != 0)
			break;
		if (!node || n_tried++ >= TRIED_MAX)
			add_unplanned(m, pod, is_named,
				      hopeless(pod) ? hopeless(pod)
				      : node	    ? "its node has more chosen pods than are looked at"
						    : "its node is not in the snapshot");
		else
			plan_pod(m, pod, is_named, points);
	}
	if (!m->n_planned) { /* a NIC alone says nothing */
		json_decref(points);
		json_decref(notes);
		return 0;
	}
	m->n_points += (uint32_t)json_array_size(points);
	note_services(m);
	description = describe_node(m, node, points, notes);
	return description ? json_array_append_new(m->nodes, description) : -1;
}

static json_t *texts(const char *const *text, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array, ws_plan_json_text(text[i]));
	return array;
}

static json_t *document(const struct maker *m)
{
	const struct ws_plan_request *rq = m->rq;
	const struct ws_cluster *newest = m->view.update.cluster ? m->view.update.cluster : m->view.base.cluster;
	char pods_hash[WS_PLAN_HASH_LEN];

	ws_plan_pods_hash(m->view.pods, pods_hash);
	return json_pack("{s:i, s:s, s:{s:o, s:o, s:b, s:o}, s:I, s:s, s:{s:o, s:s, s:o, s:s}, s:O, s:O, s:O}",
			 "version", WS_PLAN_VERSION, "wirespan", WS_VERSION, "selection", "pods",
			 texts(rq->pod, rq->n_pods), "services", texts(rq->service, rq->n_services), "all", rq->is_all,
			 "nodes", texts(rq->node, rq->n_nodes), "search_bytes", (json_int_t)rq->search_bytes,
			 "contexts", rq->contexts, "snapshot", "path", ws_plan_json_text(rq->snapshot_path), "update",
			 rq->snapshot_update, "taken_realtime_ns",
			 newest->taken_ns == INT64_MIN ? json_null() : json_integer(newest->taken_ns), "pods_hash",
			 pods_hash, "nodes", m->nodes, "notes", m->notes, "unplanned", m->unplanned);
}

static int make(struct maker *m, struct ws_plan *plan, struct ws_error *err)
{
	json_t *made;

	for (uint32_t i = 0; i < m->choice.n_pods;) {
		if (plan_node(m, &i))
			return ws_error(err, -ENOMEM, "out of memory");
		if (m->n_points > WS_PLAN_POINTS_MAX)
			return ws_error(err, -EFBIG,
					"more than %d points; plan fewer pods, or one --node after the other",
					WS_PLAN_POINTS_MAX);
	}
	ws_plan_note_snapshot(m->notes, &m->view, &m->choice);
	if (m->n_unplanned_more)
		ws_plan_note(m->notes, "%llu more chosen pods could not be planned",
			     (unsigned long long)m->n_unplanned_more);
	made = document(m);
	return made ? ws_plan_take(made, "the plan", plan, err) : ws_error(err, -ENOMEM, "out of memory");
}

int ws_plan_make(const struct ws_plan_request *request, const struct ws_cluster *base, const struct ws_cluster *update,
		 struct ws_plan *plan, struct ws_error *err)
{
	struct maker *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return ws_error(err, -ENOMEM, "out of memory");
	m->rq = request;
	m->names = json_object();
	m->nodes = json_array();
	m->notes = json_array();
	m->unplanned = json_array();
	rc = ws_plan_view_make(base, update, &m->view, err);
	if (rc == 0)
		rc = ws_plan_choose(&m->view, request, &m->choice, err);
	if (rc == 0)
		rc = make(m, plan, err);
	json_decref(m->names);
	json_decref(m->nodes);
	json_decref(m->notes);
	json_decref(m->unplanned);
	ws_plan_choice_free(&m->choice);
	ws_plan_view_free(&m->view);
	free(m);
	return rc;
}
