/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * services - the nodes of a topology, each once: of callers and callees of packets, and of names that a tracer says.
 */
#ifndef WS_ANALYZE_SERVICES_H
#define WS_ANALYZE_SERVICES_H

#include "analyze/mesh/topology.h"

struct ws_text_pool;

/* All-zero is an empty one. */
struct ws_services {
	const struct ws_atlas *atlas;
	struct ws_topology_node *node;
	uint32_t n;
	uint32_t room;
	uint32_t *of_owner; /* by owner: node + 1 */
	char **key;	    /* of the hash table: a text for each slot taken */
	uint32_t *value;
	uint32_t n_slots, n_taken;
	struct ws_text_pool *texts;
	uint32_t outside;		    /* node + 1; 0: none yet */
	struct ws_services_address *recent; /* of addresses without an owner: a cache, by hash */
};

/* 0 or -ENOMEM. To be closed with ws_services_close(). */
int ws_services_open(const struct ws_atlas *atlas, struct ws_services *services);

/* NULL is fine. */
void ws_services_close(struct ws_services *services);

/* The node of a call's caller or callee. 0 or -ENOMEM. */
int ws_services_of_call(struct ws_services *services, const struct ws_call *call, bool is_callee, uint32_t *node);

/* The node that a tracer means by a name: one of those seen so far, else one of its own. 0 or -ENOMEM. */
int ws_services_of_name(struct ws_services *services, const char *name, uint32_t *node);

/* Sorts the nodes and gives them their labels; *moved: by the numbers given before, their numbers now; to be freed. 0
 * or -ENOMEM. */
int ws_services_finish(struct ws_services *services, uint32_t **moved);

#endif
