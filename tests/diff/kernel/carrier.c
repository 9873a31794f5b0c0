/* SPDX-License-Identifier: BSD-2-Clause */
/* carrier - see the header. */
#include "tests/diff/kernel/carrier.h"

#include <string.h>

#define TYPE_IPV4     0x0800
#define TYPE_IPV6     0x86dd
#define TYPE_ETHERNET 0x6558
#define TYPE_VLAN     0x8100

/* A frame in the making, from its end to its front. */
struct growing {
	uint8_t *at;
	uint8_t *end;
};

static uint8_t *grow(struct growing *g, uint32_t n)
{
	g->at -= n;
	memset(g->at, 0, n);
	return g->at;
}

static uint32_t length(const struct growing *g)
{
	return (uint32_t)(g->end - g->at);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void make_address(struct dice *d, uint8_t ip_version, uint8_t address[16])
{
	memset(address, 0, 16);
	if (ip_version == 4) {
		address[10] = address[11] = 0xff;
		put32(address + 12, 0x0a000000 | dice_below(d, 1 << 24));
		return;
	}
	put32(address, 0x20010db8);
	put32(address + 12, (uint32_t)dice_u64(d));
}

void carrier_make(struct dice *d, uint8_t is_raw_ip, uint16_t sport, uint16_t dport, struct carrier *w)
{
	memset(w, 0, sizeof(*w));
	w->wrap = dice_below(d, CARRIER_N_WRAPS);
	w->is_raw_ip = is_raw_ip;
	if (is_raw_ip && w->wrap == CARRIER_VLAN)
		w->wrap = CARRIER_PLAIN;
	w->ip_version = dice_chance(d, 65) ? 4 : 6;
	make_address(d, w->ip_version, w->saddr);
	make_address(d, w->ip_version, w->daddr);
	w->sport = sport;
	w->dport = dport;
	w->n_option_words = (uint8_t)DICE_PICK(d, 0, 3, 3, 10);
	if (w->wrap == CARRIER_VLAN)
		w->vlan = (uint16_t)dice_between(d, 1, 0xffff);
	if (w->wrap <= CARRIER_VLAN)
		return;
	w->outer_ip_version = dice_chance(d, 75) ? 4 : 6;
	make_address(d, w->outer_ip_version, w->outer_saddr);
	make_address(d, w->outer_ip_version, w->outer_daddr);
	w->vxlan_port = (uint16_t)DICE_PICK(d, 4789, 8472);
	if (w->wrap != CARRIER_IPIP)
		w->vni = dice_below(d, 1 << 24);
}

struct carrier carrier_back(const struct carrier *w)
{
	struct carrier back = *w;

	memcpy(back.saddr, w->daddr, 16);
	memcpy(back.daddr, w->saddr, 16);
	memcpy(back.outer_saddr, w->outer_daddr, 16);
	memcpy(back.outer_daddr, w->outer_saddr, 16);
	back.sport = w->dport;
	back.dport = w->sport;
	return back;
}

/* An IP header. Returns its EtherType. */
static uint16_t push_ip(struct growing *g, uint8_t version, uint8_t protocol, const uint8_t saddr[16],
			const uint8_t daddr[16])
{
	const uint32_t len = length(g);
	uint8_t *at = grow(g, version == 4 ? 20 : 40);

	if (version == 4) {
		at[0] = 0x45;
		put16(at + 2, len + 20);
		at[8] = 64;
		at[9] = protocol;
		memcpy(at + 12, saddr + 12, 4);
		memcpy(at + 16, daddr + 12, 4);
		return TYPE_IPV4;
	}
	at[0] = 0x60;
	put16(at + 4, len);
	at[6] = protocol;
	at[7] = 64;
	memcpy(at + 8, saddr, 16);
	memcpy(at + 24, daddr, 16);
	return TYPE_IPV6;
}

static void push_ethernet(struct growing *g, uint16_t type)
{
	uint8_t *at = grow(g, 14);

	at[0] = 2;
	at[6] = 2;
	put16(at + 12, type);
}

static void push_udp(struct growing *g, uint16_t port)
{
	const uint32_t len = length(g) + 8;
	uint8_t *at = grow(g, 8);

	put16(at, 40000);
	put16(at + 2, port);
	put16(at + 4, len);
}

/* The tunnel's header. Returns the IP protocol that it travels in. */
static uint8_t push_tunnel(struct growing *g, const struct carrier *w, uint16_t type)
{
	uint8_t *at;

	switch (w->wrap) {
	case CARRIER_VXLAN:
		push_ethernet(g, type);
		at = grow(g, 8);
		at[0] = 8;
		put32(at + 4, w->vni << 8);
		push_udp(g, w->vxlan_port);
		return 17;
	case CARRIER_GENEVE:
		push_ethernet(g, type);
		at = grow(g, 8);
		put16(at + 2, TYPE_ETHERNET);
		put32(at + 4, w->vni << 8);
		push_udp(g, 6081);
		return 17;
	case CARRIER_GRE:
		at = grow(g, 8);
		at[0] = 0x20; /* with a key */
		put16(at + 2, type);
		put32(at + 4, w->vni);
		return 47;
	default:
		return type == TYPE_IPV4 ? 4 : 41;
	}
}

uint32_t carrier_frame(const struct carrier *w, uint32_t seq, uint32_t ack, uint8_t tcp_flags, const uint8_t *payload,
		       uint32_t len, uint8_t frame[CARRIER_FRAME_MAX])
{
	static uint8_t bytes[CARRIER_FRAME_MAX];
	struct growing g = { bytes + sizeof(bytes), bytes + sizeof(bytes) };
	uint16_t type;
	uint8_t *at;

	memcpy(grow(&g, len), payload, len);
	at = grow(&g, 20 + 4u * w->n_option_words);
	put16(at, w->sport);
	put16(at + 2, w->dport);
	put32(at + 4, seq);
	put32(at + 8, ack);
	at[12] = (uint8_t)((5 + w->n_option_words) << 4);
	at[13] = tcp_flags;
	type = push_ip(&g, w->ip_version, 6, w->saddr, w->daddr);
	if (w->wrap > CARRIER_VLAN) {
		const uint8_t protocol = push_tunnel(&g, w, type);

		type = push_ip(&g, w->outer_ip_version, protocol, w->outer_saddr, w->outer_daddr);
	}
	if (w->wrap == CARRIER_VLAN) {
		at = grow(&g, 4);
		put16(at, w->vlan);
		put16(at + 2, type);
		type = TYPE_VLAN;
	}
	if (!w->is_raw_ip)
		push_ethernet(&g, type);
	memcpy(frame, g.at, length(&g));
	return length(&g);
}

void carrier_describe(const struct carrier *w, uint32_t frame_len, uint32_t payload_len, uint8_t tcp_flags,
		      struct ws_record *r)
{
	static const uint8_t encap[CARRIER_N_WRAPS] = { [CARRIER_VXLAN] = WS_ENCAP_VXLAN,
							[CARRIER_IPIP] = WS_ENCAP_IPIP,
							[CARRIER_GENEVE] = WS_ENCAP_GENEVE,
							[CARRIER_GRE] = WS_ENCAP_GRE };

	memcpy(r->saddr, w->saddr, 16);
	memcpy(r->daddr, w->daddr, 16);
	memcpy(r->outer_saddr, w->outer_saddr, 16);
	memcpy(r->outer_daddr, w->outer_daddr, 16);
	r->vni = w->vni;
	r->frame_len = frame_len;
	r->payload_len = payload_len;
	r->sport = w->sport;
	r->dport = w->dport;
	r->vlan = w->vlan;
	r->direction = WS_DIRECTION_IN;
	r->ip_version = w->ip_version;
	r->outer_ip_version = w->outer_ip_version;
	r->encap = encap[w->wrap];
	r->tcp_flags = tcp_flags;
}
