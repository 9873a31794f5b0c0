/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_run - see the header. */
#include "capture/plan/plan_run.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/plan/plan_make.h"
#include "capture/plan/plan_show.h"
#include "capture/plan/plan_update.h"

/* The node that this host is, if its interfaces can be looked at. */
static const struct ws_plan_node *node_here(const struct ws_plan *plan, const struct ws_plan_options *o)
{
	const char *name = getenv("NODE_NAME");
	char host[256] = "";

	if (o->netns)
		return ws_plan_node_find(plan, o->node[0]);
	if (name && *name)
		return ws_plan_node_find(plan, name);
	return gethostname(host, sizeof(host) - 1) ? NULL : ws_plan_node_find(plan, host);
}

/* Nothing planned, or not what was named. */
static int judge(const struct ws_plan *plan, bool is_partial, struct ws_error *err)
{
	for (uint32_t i = 0; !is_partial && i < plan->n_unplanned; i++)
		if (plan->unplanned[i].is_named)
			return ws_error(err, -ENOENT, "pod %s has no tracing point: %s; no plan was written",
					plan->unplanned[i].pod, plan->unplanned[i].because);
	if (!plan->n_nodes && plan->n_unplanned)
		return ws_error(err, -ENOENT, "no chosen pod has a tracing point (%s: %s); no plan was written",
				plan->unplanned[0].pod, plan->unplanned[0].because);
	if (!plan->n_nodes)
		return ws_error(err, -ENOENT, "no pod is chosen; no plan was written");
	return 0;
}

static int print_and_write(const struct ws_plan_options *o, const struct ws_plan *plan, FILE *out, struct ws_error *err)
{
	const struct ws_plan_node *here = node_here(plan, o);
	char path[PATH_MAX];
	/* of a plan that need not be whole, whoever carries it out looks at each interface */
	int rc = here && !o->is_partial ? ws_plan_check(here, o->netns, err) : 0;

	if (o->is_json) {
		json_dumpf(plan->document, out, JSON_INDENT(1)); /* the stream keeps its error */
		fputc('\n', out);
	} else {
		ws_plan_show(plan, rc || o->is_partial ? NULL : here, out);
	}
	if (rc == 0)
		rc = judge(plan, o->is_partial, err);
	if (rc == 0 && (fflush(out) || ferror(out)))
		rc = ws_error(err, -EIO, "cannot write the output; no plan was written");
	if (rc)
		return rc;
	if (!o->out && (size_t)snprintf(path, sizeof(path), "%s/plan.json", o->dir) >= sizeof(path))
		return ws_error(err, -ENAMETOOLONG, "%s: too long", o->dir);
	return ws_plan_write(plan, o->out ? o->out : path, err);
}

int ws_plan_run(const struct ws_plan_options *o, FILE *out, struct ws_error *err)
{
	struct ws_plan_request request = { .pod = o->pod,
					   .n_pods = o->n_pods,
					   .service = o->service,
					   .n_services = o->n_services,
					   .is_all = o->is_all,
					   .is_partial = o->is_partial,
					   .node = o->node,
					   .n_nodes = o->n_nodes,
					   .search_bytes = o->search_bytes,
					   .contexts = o->contexts };
	char dir[PATH_MAX], update_dir[PATH_MAX + NAME_MAX + 2], real[PATH_MAX], update_name[NAME_MAX + 1];
	struct ws_cluster base = { 0 }, update = { 0 };
	struct ws_plan plan = { 0 };
	int rc;

	if ((size_t)snprintf(dir, sizeof(dir), "%s/" WS_CLUSTER_DIR, o->dir) >= sizeof(dir))
		return ws_error(err, -ENAMETOOLONG, "%s: too long", o->dir);
	if (!realpath(dir, real))
		return ws_error(err, -errno, "%s: %s; `capture collect --dir %s` takes a snapshot of the cluster", dir,
				strerror(errno), o->dir);
	ws_plan_update_find(dir, update_name);
	snprintf(update_dir, sizeof(update_dir), "%s/%s", dir, update_name);
	request.snapshot_path = real;
	request.snapshot_update = update_name;
	rc = ws_cluster_open(dir, &base, err);
	if (rc == 0 && *update_name)
		rc = ws_cluster_open(update_dir, &update, err);
	if (rc == 0)
		rc = ws_plan_make(&request, &base, *update_name ? &update : NULL, &plan, err);
	if (rc == 0)
		rc = print_and_write(o, &plan, out, err);
	ws_plan_close(&plan);
	ws_cluster_close(&update);
	ws_cluster_close(&base);
	return rc;
}
