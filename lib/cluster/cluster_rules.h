/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cluster_rules - chains of rules, as iptables and nft have them, on their way to what they come to: an address asked
 * for and the one that is taken instead, through however many chains.
 */
#ifndef WS_CLUSTER_RULES_H
#define WS_CLUSTER_RULES_H

#include "lib/cluster/cluster_draft.h"

/* What a packet must be for a rule, and what happens then. Prefixes of 0 bits and port 0: any. */
struct ws_cluster_rule {
	const char *chain;  /* shared text */
	const char *target; /* chain to go to, shared text; NULL: to do as kind says */
	const char *service;
	struct ws_cluster_prefix from;
	struct ws_cluster_prefix to;
	struct ws_cluster_address address; /* taken instead; zero: the node's own */
	uint16_t port;
	uint16_t target_port;
	uint8_t kind;  /* enum ws_cluster_nat_kind */
	bool is_local; /* the destination is an address of the node */
	uint32_t number;
};

/* All-zero to begin with; to be closed with ws_cluster_rules_close(). */
struct ws_cluster_rules {
	struct ws_cluster_rule *at;
	uint32_t n;
	uint32_t cap;
};

/* Adds a copy. */
void ws_cluster_rules_add(struct ws_cluster_draft *draft, struct ws_cluster_rules *rules,
			  const struct ws_cluster_rule *rule);

/* Follows the chains that no rule leads to, the kernel's own, and adds what comes of them to the snapshot. */
void ws_cluster_rules_follow(struct ws_cluster_draft *draft, struct ws_cluster_rules *rules);

void ws_cluster_rules_close(struct ws_cluster_rules *rules);

/* Adds a translation that was found in draft->path. */
void ws_cluster_nat_add(struct ws_cluster_draft *draft, const struct ws_cluster_rule *rule);

/* "10.1.2.3", "10.1.2.3:80", "[fd00::1]:80". *port is left alone without one. 0, or -EINVAL for ranges and the rest. */
int ws_cluster_target_parse(const char *text, struct ws_cluster_address *address, uint16_t *port);

#endif
