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

/* Sequence numbers further away are another connection's, whose beginning was not seen. */
#define NEAR_MAX (1 << 20)

/* Not slots: the payload ends in what may be a request's method; it is the preface of an HTTP/2 connection. */
#define START_IN_METHOD WS_N_REASONS
#define START_PREFACE	(WS_N_REASONS + 1)

/* What the states of flows say of a segment, if not its slot in the ledger: see LOOK_AT(). */
#define NOT_KNOWN	 -1
#define LOOK_AT(at)	 (-2 - (int)(at)) /* requests may begin in it, from payload byte at on */
#define LOOK_AT_BYTE(rc) ((uint32_t)(-2 - (rc)))

/* Is it the request that the flow's state is about that begins again with the segment, or what came before it? */
static __always_inline int begins_again(const struct flow *f, uint32_t seq, uint32_t start)
{
	return (int)(seq - f->head_seq) <= 0 && (start == WS_REASON_UNREAD || start == START_IN_METHOD);
}

#endif
