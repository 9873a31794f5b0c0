/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* flows - what the tap remembers of flows from one segment to the next. */
#ifndef WS_FLOWS_BPF_H
#define WS_FLOWS_BPF_H

#include "bpf/scratch.bpf.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04

/* Counters that tell whether a flow may have a state: a power of two. */
#define KNOWN_MAX 8192

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/* States by ports. One that is forgotten by the map, as the one used longest ago, stays counted: that costs lookups. */
uint32_t known[KNOWN_MAX];

static __always_inline uint32_t *known_of(uint16_t sport, uint16_t dport)
{
	uint32_t at = ((uint32_t)sport << 16 | dport) * 0x9e3779b1u >> 19;

	_Static_assert(KNOWN_MAX == 1 << (32 - 19), "the hash fits the table");
	return &known[at & (KNOWN_MAX - 1)];
}

/* May there be a state for a flow with these ports? */
static __always_inline int flows_may_know(uint16_t sport, uint16_t dport)
{
	return *known_of(sport, dport) != 0;
}

/* The key of the message's flow. */
static __always_inline void flow_key(struct scratch *s)
{
	const struct ws_catch *c = &s->message.c;

	__builtin_memcpy(s->key.saddr, c->saddr, 16);
	__builtin_memcpy(s->key.daddr, c->daddr, 16);
	s->key.vni = c->vni;
	s->key.sport = c->sport;
	s->key.dport = c->dport;
	s->key.direction = c->direction;
}

/* Keeps s->flow under s->key. */
static __always_inline void flow_keep(struct scratch *s)
{
	if (bpf_map_update_elem(&flows, &s->key, &s->flow, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(known_of(s->key.sport, s->key.dport), 1);
	else
		bpf_map_update_elem(&flows, &s->key, &s->flow, BPF_ANY);
}

/* Forgets the state under s->key. */
static __always_inline void flow_forget(struct scratch *s)
{
	if (bpf_map_delete_elem(&flows, &s->key) == 0)
		__sync_fetch_and_add(known_of(s->key.sport, s->key.dport), -1);
}

#endif
