/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_choose - which pods of a snapshot are asked for, and which services lead to them. */
#ifndef WS_PLAN_CHOOSE_H
#define WS_PLAN_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/plan/plan_view.h"

/* What the user asks for; strings are borrowed. */
struct ws_plan_request {
	const char *const *pod; /* "NAMESPACE/NAME", or "NAME" where only one namespace has it */
	uint32_t n_pods;
	const char *const *service; /* likewise */
	uint32_t n_services;
	bool is_all;
	bool is_partial;	 /* names that the snapshot does not have are passed over */
	const char *const *node; /* none: all nodes */
	uint32_t n_nodes;
	uint32_t search_bytes;
	const char *contexts;
	const char *snapshot_path;
	const char *snapshot_update; /* "": none */
};

enum ws_plan_mark {
	WS_PLAN_CHOSEN = 1,
	WS_PLAN_NAMED = 2, /* by --pod */
};

/* A service that leads to a pod: indexes into the view's services and pods. */
struct ws_plan_lead {
	uint32_t pod;
	uint32_t service;
};

struct ws_plan_choice {
	uint8_t *mark; /* enum ws_plan_mark, of each of the view's pods */
	uint32_t *pod; /* indexes of the chosen ones, by node, then as the snapshot has them */
	uint32_t n_pods;
	struct ws_plan_lead *lead; /* of chosen pods, by pod */
	uint32_t n_leads;
	uint32_t n_host_network; /* pods that --all or --service leaves out: without an interface of their own */
	uint32_t n_not_running;	 /* that have no address, or do not run */
};

/* Returns 0; -ENOENT with words for what is not there, -EINVAL for a name that several namespaces have; -ENOMEM. */
int ws_plan_choose(const struct ws_plan_view *view, const struct ws_plan_request *request,
		   struct ws_plan_choice *choice, struct ws_error *err);

/* All-zero is fine. */
void ws_plan_choice_free(struct ws_plan_choice *choice);

#endif
