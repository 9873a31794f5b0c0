/* SPDX-License-Identifier: BSD-2-Clause */
/* flows - numbers for connections' directions: a hash table from what the packets of a flow have in common. */
#ifndef WS_FLOWS_H
#define WS_FLOWS_H

#include <stdint.h>

#include "lib/record.h"

/* What the packets of a flow have in common; no padding, so that it can be hashed as bytes. */
struct ws_flow_key {
	uint8_t saddr[16];
	uint8_t daddr[16];
	uint8_t outer_saddr[16];
	uint8_t outer_daddr[16];
	uint32_t vni;
	uint16_t sport;
	uint16_t dport;
	uint16_t vlan;
	uint8_t ip_version;
	uint8_t outer_ip_version;
	uint8_t encap;
	uint8_t zero[3];
};

_Static_assert(sizeof(struct ws_flow_key) == 80, "hashed as bytes");

struct ws_flows;

/* An empty table; NULL without memory. The caller frees it. */
struct ws_flows *ws_flows_new(void);

/* The flow's number, counted from 0 in order of appearance; it is added if it is new. Returns -ENOMEM if it cannot be.
 */
int64_t ws_flows_number(struct ws_flows *f, const struct ws_flow_key *key);

/* The key of flow number n, valid until the next flow is added. */
const struct ws_flow_key *ws_flows_key(const struct ws_flows *f, uint32_t n);

void ws_flows_free(struct ws_flows *f);

/* The key of the flow that a record belongs to. */
void ws_flow_key_of(const struct ws_record *r, struct ws_flow_key *key);

#endif
