/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_containers - containers and sandboxes as their runtimes print them: `crictl inspect` and `inspectp` (the
 * CRI's status, and "info" of containerd or CRI-O), `docker inspect` and `nerdctl inspect` (Docker's API; nerdctl's
 * native mode, too), `ctr tasks list`. Labels io.kubernetes.* are the kubelet's.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/cluster/cluster_draft.h"

#define PID_MAX (1 << 30)

static int64_t pid_of(const json_t *value)
{
	return ws_draft_integer(value, 0, PID_MAX, 0);
}

/* The path of the network namespace in an OCI runtime specification. */
static const char *netns_of(struct ws_cluster_draft *d, const json_t *specification)
{
	const json_t *list = ws_draft_at(specification, "linux", "namespaces", NULL);

	for (size_t i = 0; i < json_array_size(list); i++)
		if (ws_draft_is(json_object_get(json_array_get(list, i), "type"), "network"))
			return ws_draft_text(d, json_object_get(json_array_get(list, i), "path"));
	return "";
}

static void read_labels(struct ws_cluster_draft *d, const json_t *labels, struct ws_cluster_container *c)
{
	c->name = ws_draft_shared(d, json_object_get(labels, "io.kubernetes.container.name"));
	c->pod_namespace = ws_draft_shared(d, json_object_get(labels, "io.kubernetes.pod.namespace"));
	c->pod_name = ws_draft_shared(d, json_object_get(labels, "io.kubernetes.pod.name"));
	c->pod_uid = ws_draft_shared(d, json_object_get(labels, "io.kubernetes.pod.uid"));
}

static void add(struct ws_cluster_draft *d, struct ws_cluster_container *c)
{
	if (!*c->id && c->pid == 0) {
		d->cluster->n_unread++;
		return;
	}
	c->node = d->node;
	ws_draft_add(d, &d->containers, c);
}

void ws_cluster_read_crictl(struct ws_cluster_draft *d, const json_t *object)
{
	const json_t *status = json_object_get(object, "status"), *info = json_object_get(object, "info");
	const json_t *metadata = json_object_get(status, "metadata"), *state = json_object_get(status, "state");
	struct ws_cluster_container c = {
		.id = ws_draft_text(d, json_object_get(status, "id")),
		.runtime = "crictl",
		.netns = netns_of(d, json_object_get(info, "runtimeSpec")),
		.pid = pid_of(json_object_get(info, "pid")),
	};

	if (state && !ws_draft_is(state, "CONTAINER_RUNNING") && !ws_draft_is(state, "SANDBOX_READY"))
		return;
	read_labels(d, json_object_get(status, "labels"), &c);
	if (!*c.name)
		c.name = ws_draft_shared(d, json_object_get(metadata, "name"));
	if (!*c.pod_name && json_object_get(metadata, "namespace")) { /* a sandbox's own name is its pod's */
		c.pod_name = ws_draft_shared(d, json_object_get(metadata, "name"));
		c.pod_namespace = ws_draft_shared(d, json_object_get(metadata, "namespace"));
		c.pod_uid = ws_draft_shared(d, json_object_get(metadata, "uid"));
	}
	add(d, &c);
}

static void read_docker(struct ws_cluster_draft *d, const json_t *object, const char *runtime)
{
	const json_t *state = json_object_get(object, "State"), *name = json_object_get(object, "Name");
	struct ws_cluster_container c = {
		.id = ws_draft_text(d, json_object_get(object, "Id")),
		.runtime = runtime,
		.netns = ws_draft_text(d, ws_draft_at(object, "NetworkSettings", "SandboxKey", NULL)),
		.pid = pid_of(json_object_get(state, "Pid")),
	};

	if (json_is_false(json_object_get(state, "Running")))
		return;
	read_labels(d, ws_draft_at(object, "Config", "Labels", NULL), &c);
	if (!*c.name && json_is_string(name))
		c.name = ws_draft_shared_text(d, json_string_value(name) + (*json_string_value(name) == '/'),
					      json_string_length(name) - (*json_string_value(name) == '/'));
	add(d, &c);
}

void ws_cluster_read_docker(struct ws_cluster_draft *d, const json_t *object)
{
	read_docker(d, object, "docker");
}

void ws_cluster_read_nerdctl(struct ws_cluster_draft *d, const json_t *object)
{
	struct ws_cluster_container c = { .runtime = "nerdctl" };

	if (!json_object_get(object, "Process")) {
		read_docker(d, object, "nerdctl");
		return;
	}
	c.id = ws_draft_text(d, json_object_get(object, "ID"));
	c.netns = netns_of(d, json_object_get(object, "Spec"));
	c.pid = pid_of(ws_draft_at(object, "Process", "Pid", NULL));
	read_labels(d, json_object_get(object, "Labels"), &c);
	add(d, &c);
}

/* "ID   1234   RUNNING" below a heading. */
static void read_task(struct ws_cluster_draft *d, void *context, char *line)
{
	struct ws_cluster_container c = {
		.name = "", .pod_namespace = "", .pod_name = "", .pod_uid = "", .runtime = "ctr", .netns = ""
	};
	char *rest, *id = strtok_r(line, " \t", &rest), *pid = strtok_r(NULL, " \t", &rest),
		    *status = strtok_r(NULL, " \t", &rest);
	char *end;

	(void)context;
	if (!id || (strcmp(id, "TASK") == 0 && pid && strcmp(pid, "PID") == 0))
		return;
	if (status && strcmp(status, "RUNNING") != 0)
		return;
	c.pid = pid && *pid >= '0' && *pid <= '9' ? strtoll(pid, &end, 10) : 0;
	if (c.pid <= 0 || c.pid > PID_MAX || *end || !status) {
		d->cluster->n_unread++;
		return;
	}
	c.id = ws_draft_shared_text(d, id, strlen(id));
	add(d, &c);
}

int ws_cluster_read_tasks(struct ws_cluster_draft *d)
{
	return ws_draft_lines(d, read_task, NULL);
}
