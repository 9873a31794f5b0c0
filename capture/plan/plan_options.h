/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_options - what the user asks of `capture plan`, read from its command line. */
#ifndef WS_PLAN_OPTIONS_H
#define WS_PLAN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Names of a kind. */
#define WS_PLAN_NAMES_MAX 1024

/* Strings are the command line's. */
struct ws_plan_options {
	const char *dir;
	const char *pod[WS_PLAN_NAMES_MAX];
	uint32_t n_pods;
	const char *service[WS_PLAN_NAMES_MAX];
	uint32_t n_services;
	const char *node[WS_PLAN_NAMES_MAX];
	uint32_t n_nodes;
	bool is_all;
	const char *netns; /* of the node that this is; NULL: ours */
	uint32_t search_bytes;
	const char *contexts;
	const char *out; /* NULL: DIR/plan.json */
	bool is_json;
	bool is_partial; /* a plan without what was named is a plan, too */
};

/* The help text of `capture plan`. */
extern const char ws_plan_help[];

/* Reads the arguments behind `capture plan`. Returns 0; 1 if help was asked for; -EINVAL with words for a wrong one. */
int ws_plan_options_parse(int argc, char **argv, struct ws_plan_options *o, struct ws_error *err);

#endif
