/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_choose - see the header. */
#include "capture/plan/plan_choose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "NAMESPACE/NAME" as two; without a namespace: any. */
struct wanted_name {
	char namespace[WS_CLUSTER_TEXT_MAX + 1];
	const char *name;
};

static int split(const char *option, const char *text, struct wanted_name *wanted, struct ws_error *err)
{
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : 0;

	if (!*text || len >= sizeof(wanted->namespace) || (slash && (!len || !slash[1] || strchr(slash + 1, '/'))))
		return ws_error(err, -EINVAL, "--%s %.200s: not [NAMESPACE/]NAME", option, text);
	memcpy(wanted->namespace, text, len);
	wanted->namespace[len] = '\0';
	wanted->name = slash ? slash + 1 : text;
	return 0;
}

static bool is_it(const struct wanted_name *wanted, const char *namespace, const char *name)
{
	return strcmp(wanted->name, name) == 0 && (!*wanted->namespace || strcmp(wanted->namespace, namespace) == 0);
}

static bool has_vport(const struct ws_cluster_pod *pod)
{
	return !pod->is_host_network && pod->n_addresses && *pod->node &&
	       (!*pod->phase || strcmp(pod->phase, "Running") == 0);
}

static bool is_on_chosen_node(const struct ws_plan_request *rq, const struct ws_cluster_pod *pod)
{
	for (uint32_t i = 0; i < rq->n_nodes; i++)
		if (strcmp(rq->node[i], pod->node) == 0)
			return true;
	return rq->n_nodes == 0;
}

static int choose_pod(const struct ws_plan_view *view, const char *text, struct ws_plan_choice *choice,
		      struct ws_error *err)
{
	const struct ws_cluster_pod *found = NULL;
	struct wanted_name wanted;
	int rc = split("pod", text, &wanted, err);

	for (uint32_t i = 0; rc == 0 && i < view->pods->n_pods; i++) {
		const struct ws_cluster_pod *pod = &view->pods->pod[i];

		if (!is_it(&wanted, pod->namespace, pod->name))
			continue;
		if (found && strcmp(found->namespace, pod->namespace) != 0)
			return ws_error(
				err, -EINVAL,
				"--pod %.200s: pods of that name are in the namespaces %.200s and %.200s; say which: "
				"--pod NAMESPACE/NAME",
				text, found->namespace, pod->namespace);
		found = pod;
		choice->mark[i] |= WS_PLAN_CHOSEN | WS_PLAN_NAMED;
	}
	if (rc == 0 && !found)
		rc = ws_error(err, -ENOENT,
			      "--pod %.200s: the snapshot has no such pod (of %u); `capture collect` takes a newer one",
			      text, view->pods->n_pods);
	return rc;
}

/* A pod that is chosen by more than its name has to have a vport; those that have none are counted. */
static void choose_quietly(const struct ws_plan_view *view, uint32_t i, struct ws_plan_choice *choice)
{
	const struct ws_cluster_pod *pod = &view->pods->pod[i];

	if (has_vport(pod))
		choice->mark[i] |= WS_PLAN_CHOSEN;
	else if (pod->is_host_network)
		choice->n_host_network++;
	else
		choice->n_not_running++;
}

static int choose_service(const struct ws_plan_view *view, const char *text, struct ws_plan_choice *choice,
			  struct ws_error *err)
{
	const char *namespace = NULL;
	struct wanted_name wanted;
	int rc = split("service", text, &wanted, err);

	for (uint32_t i = 0; rc == 0 && i < view->services->n_services; i++) {
		const struct ws_cluster_service *s = &view->services->service[i];

		if (!is_it(&wanted, s->namespace, s->name))
			continue;
		if (namespace && strcmp(namespace, s->namespace) != 0)
			return ws_error(
				err, -EINVAL,
				"--service %.200s: services of that name are in the namespaces %.200s and %.200s; "
				"say which: --service NAMESPACE/NAME",
				text, namespace, s->namespace);
		namespace = s->namespace;
	}
	if (rc == 0 && !namespace)
		rc = ws_error(
			err, -ENOENT,
			"--service %.200s: the snapshot has no such service (of %u); `capture collect` takes a newer "
			"one",
			text, view->services->n_services);
	if (rc)
		return rc;
	rc = -ENOENT;
	for (uint32_t i = 0; i < view->services->n_endpoints; i++) {
		const struct ws_cluster_endpoint *e = &view->services->endpoint[i];
		const struct ws_cluster_pod *pod;

		if (strcmp(e->service, wanted.name) != 0 || strcmp(e->namespace, namespace) != 0)
			continue;
		pod = *e->pod ? ws_cluster_pod_find(view->pods, e->namespace, e->pod) : NULL;
		if (pod) {
			choose_quietly(view, (uint32_t)(pod - view->pods->pod), choice);
			rc = 0;
		}
	}
	for (uint32_t i = 0; i < view->pods->n_pods; i++)
		if (strcmp(view->pods->pod[i].service, wanted.name) == 0 &&
		    strcmp(view->pods->pod[i].namespace, namespace) == 0 && !choice->mark[i]) {
			choose_quietly(view, i, choice);
			rc = 0;
		}
	if (rc)
		ws_error(err, rc,
			 "--service %.200s: no pod is behind it, as endpoints.json and endpointslices.json tell; name "
			 "its pods "
			 "with --pod",
			 text);
	return rc;
}

static int by_pod(const void *a, const void *b)
{
	const struct ws_plan_lead *x = a, *y = b;

	if (x->pod != y->pod)
		return (x->pod > y->pod) - (x->pod < y->pod);
	return (x->service > y->service) - (x->service < y->service);
}

/* The index of a service, or UINT32_MAX. */
static uint32_t find_service(const struct ws_cluster *c, const char *namespace, const char *name)
{
	uint32_t low = 0, high = c->n_services;

	while (low < high) {
		const uint32_t at = low + (high - low) / 2;
		int order = strcmp(c->service[at].namespace, namespace);

		order = order ? order : strcmp(c->service[at].name, name);
		if (order == 0)
			return at;
		if (order < 0)
			low = at + 1;
		else
			high = at;
	}
	return UINT32_MAX;
}

static int note_leads(const struct ws_plan_view *view, struct ws_plan_choice *choice)
{
	const struct ws_cluster *c = view->services;
	uint32_t n = 0;

	choice->lead = calloc(c->n_endpoints + 1u, sizeof(*choice->lead));
	if (!choice->lead)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_endpoints; i++) {
		const struct ws_cluster_endpoint *e = &c->endpoint[i];
		const struct ws_cluster_pod *pod = *e->pod ? ws_cluster_pod_find(view->pods, e->namespace, e->pod)
							   : NULL;
		const uint32_t service = pod ? find_service(c, e->namespace, e->service) : UINT32_MAX;

		if (service != UINT32_MAX && choice->mark[pod - view->pods->pod])
			choice->lead[n++] = (struct ws_plan_lead) { .pod = (uint32_t)(pod - view->pods->pod),
								    .service = service };
	}
	qsort(choice->lead, n, sizeof(*choice->lead), by_pod);
	choice->n_leads = n;
	return 0;
}

static int by_node(const void *a, const void *b, void *context)
{
	const struct ws_cluster *c = context;
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order = strcmp(c->pod[x].node, c->pod[y].node);

	return order ? order : (x > y) - (x < y);
}

static int list_pods(const struct ws_plan_view *view, const struct ws_plan_request *rq, struct ws_plan_choice *choice)
{
	choice->pod = calloc(view->pods->n_pods + 1u, sizeof(*choice->pod));
	if (!choice->pod)
		return -ENOMEM;
	for (uint32_t i = 0; i < view->pods->n_pods; i++) {
		if (!is_on_chosen_node(rq, &view->pods->pod[i]))
			choice->mark[i] = 0;
		if (choice->mark[i])
			choice->pod[choice->n_pods++] = i;
	}
	qsort_r(choice->pod, choice->n_pods, sizeof(*choice->pod), by_node, (void *)view->pods);
	return 0;
}

static int check_nodes(const struct ws_plan_view *view, const struct ws_plan_request *rq, struct ws_error *err)
{
	for (uint32_t i = 0; i < rq->n_nodes; i++)
		if (!ws_plan_node_of(view, rq->node[i]))
			return ws_error(err, -ENOENT, "--node %.200s: the snapshot has no such node (of %u)",
					rq->node[i], view->base.cluster->n_nodes);
	return 0;
}

int ws_plan_choose(const struct ws_plan_view *view, const struct ws_plan_request *request,
		   struct ws_plan_choice *choice, struct ws_error *err)
{
	struct ws_plan_choice made = { .mark = calloc(view->pods->n_pods + 1u, 1) };
	int rc = made.mark ? check_nodes(view, request, err) : ws_error(err, -ENOMEM, "out of memory");

	for (uint32_t i = 0; rc == 0 && i < request->n_pods; i++) {
		rc = choose_pod(view, request->pod[i], &made, err);
		rc = rc == -ENOENT && request->is_partial ? 0 : rc;
	}
	for (uint32_t i = 0; rc == 0 && i < request->n_services; i++) {
		rc = choose_service(view, request->service[i], &made, err);
		rc = rc == -ENOENT && request->is_partial ? 0 : rc;
	}
	for (uint32_t i = 0; rc == 0 && request->is_all && i < view->pods->n_pods; i++)
		if (!made.mark[i])
			choose_quietly(view, i, &made);
	if (rc == 0 && (note_leads(view, &made) || list_pods(view, request, &made)))
		rc = ws_error(err, -ENOMEM, "out of memory");
	if (rc)
		ws_plan_choice_free(&made);
	else
		*choice = made;
	return rc;
}

void ws_plan_choice_free(struct ws_plan_choice *choice)
{
	free(choice->mark);
	free(choice->pod);
	free(choice->lead);
	memset(choice, 0, sizeof(*choice));
}
