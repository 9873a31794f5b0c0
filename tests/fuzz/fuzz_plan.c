/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_plan - a libFuzzer target: any bytes as plan.json.
 *
 * Input: the file. What must hold is checked by abort(): a plan that is refused has words that name the file; one that
 * is taken has names that are stems of files and interfaces, each point's once, within its bounds; and written and read
 * again it is the same plan. seeds.sh writes a corpus to begin with.
 */
#include <string.h>

#include "capture/filter.h"
#include "capture/plan/plan.h"
#include "lib/search.h"
#include "tests/fuzz/memory_file.h"

static char again_path[64];

static void check_texts(const struct ws_plan_texts *texts)
{
	for (uint32_t i = 0; i < texts->n; i++)
		for (const char *c = texts->text[i]; *c; c++)
			MUST((unsigned char)*c >= ' ' && *c != 0x7f);
}

static void check_node(const struct ws_plan *plan, const struct ws_plan_node *node)
{
	MUST(ws_plan_node_find(plan, node->name) == node);
	MUST(node->n_points <= WS_PLAN_NODE_POINTS_MAX);
	MUST(node->filters.n <= WS_FILTERS_MAX && node->watch_filters.n <= WS_FILTERS_MAX);
	MUST(node->n_vxlan_ports <= WS_VXLAN_PORTS_MAX);
	check_texts(&node->notes);
	for (uint32_t i = 0; i < node->n_vxlan_ports; i++)
		MUST(node->vxlan_port[i]);
	for (uint32_t i = 0; i < node->n_points; i++) {
		const struct ws_plan_point *p = &node->point[i];

		MUST(ws_plan_is_point_name(p->name, strlen(p->name)) && !strchr(p->name, '/'));
		MUST(ws_plan_is_interface_name(p->interface));
		MUST(p->ifindex <= INT32_MAX);
		MUST(strcmp(p->role, "nic") == 0 || strcmp(p->role, "vport") == 0);
		check_texts(&p->addresses);
		for (uint32_t k = 0; k < i; k++)
			MUST(strcmp(node->point[k].name, p->name) != 0);
	}
}

static void check_plan(const struct ws_plan *plan)
{
	MUST(plan->search_bytes >= 1 && plan->search_bytes <= WS_WINDOW_MAX);
	MUST(plan->n_nodes <= WS_PLAN_NODES_MAX);
	check_texts(&plan->pods);
	check_texts(&plan->services);
	check_texts(&plan->node_names);
	check_texts(&plan->notes);
	for (uint32_t i = 0; i < plan->n_nodes; i++)
		check_node(plan, &plan->node[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_plan plan = { 0 }, again = { 0 };
	struct ws_error err = { 0 };
	int rc;

	if (size > 1 << 16)
		return 0;
	set_file(data, size);
	rc = ws_plan_read(file_path, &plan, &err);
	MUST(rc <= 0);
	if (rc) {
		MUST(strstr(err.text, file_path));
		return 0;
	}
	check_plan(&plan);
	if (!*again_path)
		snprintf(again_path, sizeof(again_path), "/tmp/fuzz_plan.%d", (int)getpid());
	MUST(ws_plan_write(&plan, again_path, &err) == 0);
	MUST(ws_plan_read(again_path, &again, &err) == 0);
	MUST(json_equal(plan.document, again.document));
	unlink(again_path);
	ws_plan_close(&plan);
	ws_plan_close(&again);
	return 0;
}
