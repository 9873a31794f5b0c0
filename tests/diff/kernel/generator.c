/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generator - see generator.h. Frames are built from the inside out: payload, TCP, IP, tunnels, link header; then a few
 * are mutated or cut.
 */
#include <string.h>

#include "lib/packet.h"
#include "tests/diff/kernel/generator_inner.h"

static uint8_t *grow(struct generator *g, uint32_t n)
{
	g->start -= n;
	memset(g->bytes + g->start, 0, n);
	return g->bytes + g->start;
}

/* Bytes from the newest header to the end of what it carries. */
static uint32_t length(const struct generator *g)
{
	return GENERATOR_FRAME_MAX - g->start - g->pad_len;
}

static uint32_t frame_length(const struct generator *g)
{
	return GENERATOR_FRAME_MAX - g->start;
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

static void push_random(struct generator *g, uint32_t n)
{
	uint8_t *at = grow(g, n);

	for (uint32_t i = 0; i < n; i++)
		at[i] = (uint8_t)dice_u64(&g->dice);
}

static void push_payload(struct generator *g)
{
	static char bytes[PAYLOAD_MAX];
	struct generator_text t = { .bytes = bytes };

	generator_payload(g, &t);
	memcpy(grow(g, t.len), bytes, t.len);
}

static void push_tcp(struct generator *g)
{
	uint32_t n_words = dice_chance(&g->dice, 50) ? 8 : DICE_PICK(&g->dice, 5, 5, 10, 15);
	uint8_t *at = grow(g, n_words * 4);

	put16(at, DICE_PICK(&g->dice, 80, 8080, 15001, 40000, 50001));
	put16(at + 2, DICE_PICK(&g->dice, 80, 8080, 15006, 9080));
	put32(at + 4, (uint32_t)dice_u64(&g->dice));
	put32(at + 8, (uint32_t)dice_u64(&g->dice));
	at[12] = (uint8_t)(n_words << 4);
	if (dice_chance(&g->dice, 1))
		at[12] = (uint8_t)dice_u64(&g->dice);
	at[13] = (uint8_t)(dice_chance(&g->dice, 80) ? 0x18 : dice_u64(&g->dice));
}

/* The length field, which now and then lies, or is 0 for a super-packet. */
static uint32_t length_field(struct generator *g, uint32_t length)
{
	uint32_t by = dice_below(&g->dice, 60);

	return dice_chance(&g->dice, 97) ? length : DICE_PICK(&g->dice, 0, 1, length - by, length + by, 0xffff);
}

static void push_ipv4(struct generator *g, uint8_t protocol)
{
	uint32_t n_words = dice_chance(&g->dice, 90) ? 5 : 5 + dice_below(&g->dice, 11);
	uint8_t *at = grow(g, n_words * 4);

	at[0] = (uint8_t)(0x40 | n_words);
	put16(at + 2, length_field(g, length(g)));
	put16(at + 6, dice_chance(&g->dice, 98) ? DICE_PICK(&g->dice, 0, 0x4000) : (uint32_t)dice_u64(&g->dice));
	at[8] = 64;
	at[9] = protocol;
	put32(at + 12, 0x0a000000 | DICE_PICK(&g->dice, 0x0101, 0x0102, 0x0103, 0x0201));
	put32(at + 16, 0x0a000000 | DICE_PICK(&g->dice, 0x0101, 0x0102, 0x0103, 0x0201));
}

/* An extension header in front of what is there; returns its number. */
static uint8_t push_extension(struct generator *g, uint8_t next)
{
	uint8_t kind = (uint8_t)DICE_PICK(&g->dice, 0, 43, 60, 135, 44, 51);
	uint32_t n = kind == 44	  ? 8
		     : kind == 51 ? 12 + 4 * dice_below(&g->dice, 4)
				  : 8 + 8 * dice_below(&g->dice, dice_chance(&g->dice, 95) ? 3 : 40);
	uint8_t *at = grow(g, n);

	at[0] = next;
	at[1] = (uint8_t)(kind == 44 ? 0 : kind == 51 ? n / 4 - 2 : n / 8 - 1);
	if (kind == 44 && dice_chance(&g->dice, 20))
		put16(at + 2, (uint32_t)dice_u64(&g->dice));
	return kind;
}

static void push_ipv6(struct generator *g, uint8_t protocol)
{
	uint32_t payload_len;
	uint8_t *at;

	if (dice_chance(&g->dice, 15))
		for (uint32_t n = 1 + dice_below(&g->dice, dice_chance(&g->dice, 90) ? 3 : 8); n; n--)
			protocol = push_extension(g, protocol);
	payload_len = length_field(g, length(g));
	at = grow(g, 40);
	at[0] = 0x60;
	put16(at + 4, payload_len);
	at[6] = protocol;
	at[7] = 64;
	put32(at + 8, 0x20010db8);
	at[23] = (uint8_t)DICE_PICK(&g->dice, 1, 2, 3);
	put32(at + 24, 0x20010db8);
	at[39] = (uint8_t)DICE_PICK(&g->dice, 1, 2, 3);
}

/* An IP header; returns its EtherType. */
static uint16_t push_ip(struct generator *g, uint8_t protocol)
{
	if (dice_chance(&g->dice, 65)) {
		push_ipv4(g, protocol);
		return WS_ETHERTYPE_IPV4;
	}
	push_ipv6(g, protocol);
	return WS_ETHERTYPE_IPV6;
}

static void push_ethernet(struct generator *g, uint16_t type)
{
	uint32_t n_tags = dice_chance(&g->dice, 80) ? 0 : 1 + dice_below(&g->dice, dice_chance(&g->dice, 90) ? 2 : 4);
	uint8_t *at;

	while (n_tags--) {
		at = grow(g, 4);
		put16(at, (uint32_t)dice_u64(&g->dice));
		put16(at + 2, type);
		type = (uint16_t)DICE_PICK(&g->dice, WS_ETHERTYPE_VLAN, WS_ETHERTYPE_QINQ, WS_ETHERTYPE_QINQ_OLD);
	}
	at = grow(g, 14);
	put32(at, (uint32_t)dice_u64(&g->dice));
	put16(at + 12, dice_chance(&g->dice, 99) ? type : DICE_PICK(&g->dice, 0x0806, 46, 0x88cc));
}

static void push_udp(struct generator *g, uint16_t port)
{
	uint8_t *at = grow(g, 8);

	put16(at, 32768 + dice_below(&g->dice, 16384));
	put16(at + 2, port);
	put16(at + 4, length(g));
}

static uint8_t push_vxlan(struct generator *g, uint16_t type)
{
	uint8_t *at;

	push_ethernet(g, type);
	at = grow(g, 8);
	at[0] = dice_chance(&g->dice, 97) ? 0x08 : (uint8_t)dice_u64(&g->dice);
	put32(at + 4, DICE_PICK(&g->dice, 42, 43, 0xffffff) << 8);
	push_udp(g, dice_chance(&g->dice, 97) ? g->vxlan_port : (uint16_t)DICE_PICK(&g->dice, 4789, 8472, 53));
	return WS_IPPROTO_UDP;
}

static uint8_t push_geneve(struct generator *g, uint16_t type)
{
	uint32_t n_words = dice_chance(&g->dice, 60) ? 0 : dice_below(&g->dice, dice_chance(&g->dice, 90) ? 10 : 64);
	uint8_t *at;

	if (dice_chance(&g->dice, 60)) {
		push_ethernet(g, type);
		type = WS_ETHERTYPE_ETHERNET;
	}
	at = grow(g, 8 + n_words * 4);
	at[0] = (uint8_t)(n_words | (dice_chance(&g->dice, 98) ? 0 : 0x40));
	put16(at + 2, type);
	put32(at + 4, DICE_PICK(&g->dice, 42, 43, 0xffffff) << 8);
	push_udp(g, WS_GENEVE_PORT);
	return WS_IPPROTO_UDP;
}

static uint8_t push_gre(struct generator *g, uint16_t type)
{
	uint32_t flags = DICE_PICK(&g->dice, 0, 0x2000, 0x8000, 0x1000, 0xb000, 0xa000);
	uint8_t *at;

	if (dice_chance(&g->dice, 30)) {
		push_ethernet(g, type);
		type = WS_ETHERTYPE_ETHERNET;
	}
	at = grow(g, 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0));
	put16(at, dice_chance(&g->dice, 97) ? flags : flags | DICE_PICK(&g->dice, 0x4000, 1, 7, 0x0800));
	put16(at + 2, type);
	if (flags & 0x2000)
		put32(at + (flags & 0x8000 ? 8 : 4), DICE_PICK(&g->dice, 42, 43, 0xdeadbeef));
	return WS_IPPROTO_GRE;
}

/* A tunnel header in front of the IP packet of that EtherType; returns the IP protocol that it travels in. */
static uint8_t push_tunnel(struct generator *g, uint16_t type)
{
	switch (dice_below(&g->dice, 10)) {
	case 0:
	case 1:
		return type == WS_ETHERTYPE_IPV4 ? WS_IPPROTO_IPV4 : WS_IPPROTO_IPV6;
	case 2:
	case 3:
		return push_geneve(g, type);
	case 4:
	case 5:
		return push_gre(g, type);
	default:
		return push_vxlan(g, type);
	}
}

static void push_stack(struct generator *g)
{
	uint8_t protocol = dice_chance(&g->dice, 98) ? WS_IPPROTO_TCP
						     : (uint8_t)DICE_PICK(&g->dice, 1, 17, 50, 58, 132);
	uint32_t n_tunnels = dice_chance(&g->dice, 40)	 ? 0
			     : dice_chance(&g->dice, 85) ? 1
			     : dice_chance(&g->dice, 80) ? 2
							 : 3;
	uint16_t type;

	push_tcp(g);
	type = push_ip(g, protocol);
	while (n_tunnels--)
		type = push_ip(g, push_tunnel(g, type));
	if (!g->is_raw_ip)
		push_ethernet(g, type);
}

/* Flips some bytes, mostly of the headers. */
static void mutate(struct generator *g)
{
	uint32_t len = frame_length(g), within = len < 120 || dice_chance(&g->dice, 30) ? len : 120;

	for (uint32_t n = 1 + dice_below(&g->dice, dice_chance(&g->dice, 70) ? 2 : 16); n; n--) {
		uint8_t *at = g->bytes + g->start + dice_below(&g->dice, within);

		*at = (uint8_t)(dice_chance(&g->dice, 50) ? *at ^ 1u << dice_below(&g->dice, 8) : dice_u64(&g->dice));
	}
}

/* Keeps the first n bytes. */
static uint32_t cut(struct generator *g, uint32_t n)
{
	memmove(g->bytes + GENERATOR_FRAME_MAX - n, g->bytes + g->start, n);
	g->start = GENERATOR_FRAME_MAX - n;
	return n;
}

uint32_t generator_frame(struct generator *g, uint64_t seed, uint32_t n)
{
	g->dice = dice_of(seed, n);
	g->start = GENERATOR_FRAME_MAX;
	g->pad_len = 0;
	if (dice_chance(&g->dice, 2)) {
		push_random(g, dice_below(&g->dice, 300));
		return frame_length(g);
	}
	if (dice_chance(&g->dice, 10)) {
		uint32_t pad_len = dice_below(&g->dice, 46);

		push_random(g, pad_len);
		g->pad_len = pad_len;
	}
	push_payload(g);
	push_stack(g);
	if (dice_chance(&g->dice, 8))
		mutate(g);
	return dice_chance(&g->dice, 3) ? cut(g, dice_below(&g->dice, frame_length(g) + 1)) : frame_length(g);
}
