/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_fixture - a plan made from a small cluster in memory. */
#ifndef WS_TESTS_PLAN_FIXTURE_H
#define WS_TESTS_PLAN_FIXTURE_H

#include "capture/plan/plan_make.h"
#include "tests/unit/cluster_fixture.h"

/* Two nodes on one Ethernet; pods have their addresses from 10.244.N.0/24. */
static inline struct fixture *two_nodes(void)
{
	struct fixture *f = fixture_new();

	fixture_node(f, "n1", "192.168.1.1", "10.244.1.0/24");
	fixture_node(f, "n2", "192.168.1.2", "10.244.2.0/24");
	fixture_link(f, "n1", 0, "ens5", 2, 0, "192.168.1.1/24");
	fixture_link(f, "n2", 0, "ens6", 3, 0, "192.168.1.2/24");
	fixture_route(f, "n1", "192.168.1.0/24", "ens5");
	fixture_route(f, "n2", "192.168.1.0/24", "ens6");
	return f;
}

/* A pod with a process, in whose namespace eth0 is the other end of the node's interface. */
static inline struct ws_cluster_pod *add_pod(struct fixture *f, const char *name, const char *node, const char *address,
					     int64_t pid, const char *vport, uint32_t ifindex)
{
	struct ws_cluster_pod *pod = fixture_pod(f, "default", name, node, address);

	fixture_container(f, pod, pid);
	fixture_link(f, node, pid, "eth0", 3, ifindex, address);
	fixture_link(f, node, 0, vport, ifindex, 3, "");
	return pod;
}

static inline int make_plan(const struct fixture *f, const struct fixture *update, const char *pod,
			    struct ws_plan *plan, struct ws_error *err)
{
	const char *pods[] = { pod ? pod : "" };
	const struct ws_plan_request request = { .pod = pods,
						 .n_pods = pod != NULL,
						 .is_all = !pod,
						 .search_bytes = 4096,
						 .contexts = "w3c,b3",
						 .snapshot_path = "/runs/1/cluster",
						 .snapshot_update = update ? "update-0001" : "" };

	return ws_plan_make(&request, &f->cluster, update ? &update->cluster : NULL, plan, err);
}

static inline void make_well(const struct fixture *f, const char *pod, struct ws_plan *plan)
{
	struct ws_error err = { 0 };

	if (make_plan(f, NULL, pod, plan, &err))
		fail_msg("%s", err.text);
}

#endif
