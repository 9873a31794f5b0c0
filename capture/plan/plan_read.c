/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_read - from a JSON document, whoever wrote it, to a plan: ws_plan_take(). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "capture/plan/plan.h"
#include "lib/context.h"
#include "lib/control.h"

/* The longest text of a plan, and the longest list of texts. */
#define TEXT_MAX  4096
#define TEXTS_MAX 65536

/* Where the reader is, for its words. */
struct reader {
	const char *name; /* of the file */
	struct ws_error *err;
	char place[96]; /* "nodes[3].points[7]." */
};

/* The text that stands at an element; it has no control characters and is not too long. */
static int take_text(const struct reader *rd, const char *key, const json_t *value, const char **text)
{
	const char *have = json_string_value(value);

	if (!have)
		return ws_error(rd->err, -EPROTO, "%s: %s%s: missing, or no text; make the plan again", rd->name,
				rd->place, key);
	if (json_string_length(value) > TEXT_MAX)
		return ws_error(rd->err, -EPROTO, "%s: %s%s: longer than %d bytes", rd->name, rd->place, key, TEXT_MAX);
	if (ws_control_in(have, strlen(have)))
		return ws_error(rd->err, -EPROTO, "%s: %s%s: holds a control character", rd->name, rd->place, key);
	*text = have;
	return 0;
}

static int get_text(const struct reader *rd, const json_t *object, const char *key, const char **text)
{
	return take_text(rd, key, json_object_get(object, key), text);
}

static int get_number(const struct reader *rd, const json_t *object, const char *key, int64_t min, int64_t max,
		      int64_t *number)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < min || json_integer_value(value) > max)
		return ws_error(rd->err, -EPROTO, "%s: %s%s: missing, or no whole number from %lld to %lld", rd->name,
				rd->place, key, (long long)min, (long long)max);
	*number = json_integer_value(value);
	return 0;
}

static int get_array(const struct reader *rd, const json_t *object, const char *key, size_t max, const json_t **array)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_array(value))
		return ws_error(rd->err, -EPROTO, "%s: %s%s: missing, or no list", rd->name, rd->place, key);
	if (json_array_size(value) > max)
		return ws_error(rd->err, -EPROTO, "%s: %s%s: has %zu elements; at most %zu are read", rd->name,
				rd->place, key, json_array_size(value), max);
	*array = value;
	return 0;
}

/* Room for n elements; an empty list has room for one, so that NULL means no memory. */
static void *room(const struct reader *rd, size_t n, size_t size)
{
	void *elements = calloc(n ? n : 1, size);

	if (!elements)
		ws_error(rd->err, -ENOMEM, "out of memory");
	return elements;
}

static int get_texts(const struct reader *rd, const json_t *object, const char *key, struct ws_plan_texts *texts)
{
	const json_t *array;
	int rc = get_array(rd, object, key, TEXTS_MAX, &array);

	if (rc)
		return rc;
	texts->text = room(rd, json_array_size(array), sizeof(*texts->text));
	if (!texts->text)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < json_array_size(array); i++)
		rc = take_text(rd, key, json_array_get(array, i), &texts->text[texts->n++]);
	return rc;
}

static int get_filters(const struct reader *rd, const json_t *object, const char *key, struct ws_plan_filters *filters)
{
	struct ws_error why = { 0 };
	const json_t *array;
	int rc = get_array(rd, object, key, WS_FILTERS_MAX, &array);

	for (size_t i = 0; rc == 0 && i < json_array_size(array); i++) {
		struct ws_plan_filter *f = &filters->filter[i];
		const json_t *element = json_array_get(array, i);

		rc = get_text(rd, element, "filter", &f->text);
		if (rc == 0)
			rc = get_text(rd, element, "because", &f->because);
		if (rc == 0 && ws_filter_parse(f->text, &f->filter, &why))
			rc = ws_error(rd->err, -EPROTO, "%s: %s%s[%zu]: %s", rd->name, rd->place, key, i, why.text);
		filters->n++;
	}
	return rc;
}

static int get_ports(const struct reader *rd, const json_t *object, struct ws_plan_node *node)
{
	const json_t *array;
	int rc = get_array(rd, object, "vxlan_ports", WS_VXLAN_PORTS_MAX, &array);

	for (size_t i = 0; rc == 0 && i < json_array_size(array); i++) {
		const json_t *port = json_array_get(array, i);

		if (!json_is_integer(port) || json_integer_value(port) < 1 || json_integer_value(port) > UINT16_MAX)
			return ws_error(rd->err, -EPROTO, "%s: %svxlan_ports[%zu]: no port from 1 to 65535", rd->name,
					rd->place, i);
		node->vxlan_port[node->n_vxlan_ports++] = (uint16_t)json_integer_value(port);
	}
	return rc;
}

static int get_point(const struct reader *rd, const json_t *object, struct ws_plan_point *p)
{
	int64_t ifindex = 0;
	int rc = get_text(rd, object, "name", &p->name);

	if (rc == 0 && !ws_plan_is_point_name(p->name, strlen(p->name)))
		rc = ws_error(rd->err, -EPROTO,
			      "%s: %sname: '%.80s': a name has letters, digits, '_', '-' and '.', at most %d", rd->name,
			      rd->place, p->name, WS_RECFILE_NAME_MAX);
	if (rc == 0)
		rc = get_text(rd, object, "role", &p->role);
	if (rc == 0 && strcmp(p->role, "nic") != 0 && strcmp(p->role, "vport") != 0)
		rc = ws_error(rd->err, -EPROTO, "%s: %srole: neither nic nor vport", rd->name, rd->place);
	if (rc == 0)
		rc = get_text(rd, object, "interface", &p->interface);
	if (rc == 0 && !ws_plan_is_interface_name(p->interface))
		rc = ws_error(rd->err, -EPROTO, "%s: %sinterface: '%.64s' is no name of an interface", rd->name,
			      rd->place, p->interface);
	if (rc == 0)
		rc = get_number(rd, object, "ifindex", 0, INT32_MAX, &ifindex);
	if (rc == 0)
		rc = get_text(rd, object, "pod", &p->pod);
	if (rc == 0)
		rc = get_texts(rd, object, "addresses", &p->addresses);
	if (rc == 0)
		rc = get_text(rd, object, "because", &p->because);
	p->ifindex = (uint32_t)ifindex;
	return rc;
}

static int get_node(struct reader *rd, size_t index, const json_t *object, struct ws_plan_node *node)
{
	const json_t *points;
	int rc;

	snprintf(rd->place, sizeof(rd->place), "nodes[%zu].", index);
	rc = get_text(rd, object, "node", &node->name);
	if (rc == 0 && !*node->name)
		rc = ws_error(rd->err, -EPROTO, "%s: %snode: empty", rd->name, rd->place);
	if (rc == 0)
		rc = get_text(rd, object, "overlay", &node->overlay);
	if (rc == 0)
		rc = get_text(rd, object, "overlay_because", &node->overlay_because);
	node->vni = -1;
	if (rc == 0 && !json_is_null(json_object_get(object, "vni")))
		rc = get_number(rd, object, "vni", 0, UINT32_MAX, &node->vni);
	if (rc == 0)
		rc = get_ports(rd, object, node);
	if (rc == 0)
		rc = get_filters(rd, object, "filters", &node->filters);
	if (rc == 0)
		rc = get_filters(rd, object, "watch_filters", &node->watch_filters);
	if (rc == 0)
		rc = get_texts(rd, object, "notes", &node->notes);
	if (rc == 0)
		rc = get_array(rd, object, "points", WS_PLAN_NODE_POINTS_MAX, &points);
	if (rc)
		return rc;
	node->point = room(rd, json_array_size(points), sizeof(*node->point));
	if (!node->point)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < json_array_size(points); i++) {
		snprintf(rd->place, sizeof(rd->place), "nodes[%zu].points[%zu].", index, i);
		rc = get_point(rd, json_array_get(points, i), &node->point[node->n_points++]);
	}
	return rc;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of nodes, and names of points, are unique. */
static int check_names(const struct reader *rd, const char *what, const char **names, size_t n)
{
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 1; i < n; i++)
		if (strcmp(names[i - 1], names[i]) == 0)
			return ws_error(rd->err, -EPROTO, "%s: two %s have the name '%.80s'", rd->name, what, names[i]);
	return 0;
}

static int check_all_names(const struct reader *rd, const struct ws_plan *plan)
{
	const char **names;
	size_t n = 0;
	int rc;

	for (uint32_t i = 0; i < plan->n_nodes; i++)
		n += plan->node[i].n_points;
	names = room(rd, n > plan->n_nodes ? n : plan->n_nodes, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		names[i] = plan->node[i].name;
	rc = check_names(rd, "nodes", names, plan->n_nodes);
	n = 0;
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		for (uint32_t k = 0; k < plan->node[i].n_points; k++)
			names[n++] = plan->node[i].point[k].name;
	if (rc == 0)
		rc = check_names(rd, "points", names, n);
	free(names);
	return rc;
}

static int get_nodes(struct reader *rd, const json_t *document, struct ws_plan *plan)
{
	size_t n_points = 0;
	const json_t *nodes;
	int rc = get_array(rd, document, "nodes", WS_PLAN_NODES_MAX, &nodes);

	if (rc)
		return rc;
	plan->node = room(rd, json_array_size(nodes), sizeof(*plan->node));
	if (!plan->node)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < json_array_size(nodes); i++) {
		rc = get_node(rd, i, json_array_get(nodes, i), &plan->node[plan->n_nodes++]);
		n_points += plan->node[i].n_points;
	}
	rd->place[0] = '\0';
	if (rc == 0 && n_points > WS_PLAN_POINTS_MAX)
		rc = ws_error(rd->err, -EPROTO, "%s: %zu points; at most %d are read", rd->name, n_points,
			      WS_PLAN_POINTS_MAX);
	return rc ? rc : check_all_names(rd, plan);
}

static int get_unplanned(struct reader *rd, const json_t *document, struct ws_plan *plan)
{
	const json_t *array;
	int rc = get_array(rd, document, "unplanned", TEXTS_MAX, &array);

	if (rc)
		return rc;
	plan->unplanned = room(rd, json_array_size(array), sizeof(*plan->unplanned));
	if (!plan->unplanned)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < json_array_size(array); i++) {
		struct ws_plan_unplanned *u = &plan->unplanned[plan->n_unplanned++];

		snprintf(rd->place, sizeof(rd->place), "unplanned[%zu].", i);
		rc = get_text(rd, json_array_get(array, i), "pod", &u->pod);
		if (rc == 0)
			rc = get_text(rd, json_array_get(array, i), "because", &u->because);
		u->is_named = json_is_true(json_object_get(json_array_get(array, i), "is_named"));
	}
	rd->place[0] = '\0';
	return rc;
}

static int get_selection(struct reader *rd, const json_t *document, struct ws_plan *plan)
{
	const json_t *selection = json_object_get(document, "selection");
	int rc;

	snprintf(rd->place, sizeof(rd->place), "selection.");
	rc = get_texts(rd, selection, "pods", &plan->pods);
	if (rc == 0)
		rc = get_texts(rd, selection, "services", &plan->services);
	if (rc == 0)
		rc = get_texts(rd, selection, "nodes", &plan->node_names);
	if (rc == 0 && !json_is_boolean(json_object_get(selection, "all")))
		rc = ws_error(rd->err, -EPROTO, "%s: selection.all: missing, or neither true nor false", rd->name);
	plan->is_all = json_is_true(json_object_get(selection, "all"));
	rd->place[0] = '\0';
	return rc;
}

static int get_snapshot(struct reader *rd, const json_t *document, struct ws_plan *plan)
{
	const json_t *snapshot = json_object_get(document, "snapshot");
	int rc;

	snprintf(rd->place, sizeof(rd->place), "snapshot.");
	rc = get_text(rd, snapshot, "path", &plan->snapshot_path);
	if (rc == 0)
		rc = get_text(rd, snapshot, "update", &plan->snapshot_update);
	if (rc == 0)
		rc = get_text(rd, snapshot, "pods_hash", &plan->pods_hash);
	rd->place[0] = '\0';
	return rc;
}

/* What is recorded, and how. */
static int get_search(struct reader *rd, const json_t *document, struct ws_plan *plan)
{
	struct ws_error why = { 0 };
	struct ws_wanted wanted;
	int64_t search_bytes = 0;
	int rc = get_number(rd, document, "search_bytes", 1, WS_WINDOW_MAX, &search_bytes);

	if (rc == 0)
		rc = get_text(rd, document, "contexts", &plan->contexts);
	if (rc == 0 && ws_wanted_parse(plan->contexts, &wanted, &why))
		rc = ws_error(rd->err, -EPROTO, "%s: contexts: %s", rd->name, why.text);
	plan->search_bytes = (uint32_t)search_bytes;
	return rc;
}

int ws_plan_take(json_t *document, const char *name, struct ws_plan *plan, struct ws_error *err)
{
	struct reader rd = { .name = name, .err = err };
	struct ws_plan taken = { .document = document };
	int64_t version = 0;
	int rc = get_number(&rd, document, "version", 1, INT64_MAX, &version);

	if (rc == 0 && version != WS_PLAN_VERSION)
		rc = ws_error(err, -EPROTO, "%s: version %lld; this program reads version %d: make the plan again",
			      name, (long long)version, WS_PLAN_VERSION);
	if (rc == 0)
		rc = get_selection(&rd, document, &taken);
	if (rc == 0)
		rc = get_snapshot(&rd, document, &taken);
	if (rc == 0)
		rc = get_search(&rd, document, &taken);
	if (rc == 0)
		rc = get_nodes(&rd, document, &taken);
	if (rc == 0)
		rc = get_texts(&rd, document, "notes", &taken.notes);
	if (rc == 0)
		rc = get_unplanned(&rd, document, &taken);
	if (rc)
		ws_plan_close(&taken);
	else
		*plan = taken;
	return rc;
}
