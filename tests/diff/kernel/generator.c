/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generator - see generator.h. Frames are built from the inside out: payload, TCP, IP, tunnels, link header; then a few
 * are mutated or cut. Three quarters carry an HTTP request.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/context.h"
#include "lib/packet.h"
#include "tests/diff/kernel/generator.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* The rest is for headers: four IPv6 headers with all their extensions, and tunnels between. */
#define PAYLOAD_MAX 20480

/* A payload in the making. */
struct text {
	char *bytes;
	uint32_t len;
};

/* xorshift64*. No two calls stand in one expression unless their order is given: compilers may choose it. */
static uint64_t random_u64(struct generator *g)
{
	g->state ^= g->state >> 12;
	g->state ^= g->state << 25;
	g->state ^= g->state >> 27;
	return g->state * 0x2545f4914f6cdd1du;
}

static uint32_t below(struct generator *g, uint32_t n)
{
	return (uint32_t)((random_u64(g) >> 32) * n >> 32);
}

static int chance(struct generator *g, uint32_t percent)
{
	return below(g, 100) < percent;
}

static uint32_t pick(struct generator *g, const uint32_t *from, uint32_t n)
{
	return from[below(g, n)];
}

#define PICK(g, ...) \
	pick(g, (const uint32_t[]) { __VA_ARGS__ }, (uint32_t)(sizeof((uint32_t[]) { __VA_ARGS__ }) / sizeof(uint32_t)))

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->bytes + t->len, PAYLOAD_MAX - t->len, format, args);
	va_end(args);
	t->len += (uint32_t)n < PAYLOAD_MAX - t->len ? (uint32_t)n : PAYLOAD_MAX - t->len - 1;
}

static void say_many(struct text *t, char c, uint32_t n)
{
	if (n > PAYLOAD_MAX - t->len)
		n = PAYLOAD_MAX - t->len;
	memset(t->bytes + t->len, c, n);
	t->len += n;
}

static void say_random(struct generator *g, struct text *t, uint32_t n)
{
	for (uint32_t i = 0; i < n && t->len < PAYLOAD_MAX; i++)
		t->bytes[t->len++] = (char)random_u64(g);
}

static void say_hex(struct generator *g, struct text *t, uint32_t n)
{
	while (n--)
		say(t, "%c", "0123456789abcdef"[below(g, 16)]);
}

static void say_blanks(struct generator *g, struct text *t, uint32_t n_max)
{
	for (uint32_t n = below(g, n_max + 1); n; n--)
		say(t, "%c", chance(g, 80) ? ' ' : '\t');
}

static void end_line(struct generator *g, struct text *t)
{
	say(t, "%s", chance(g, 95) ? "\r\n" : chance(g, 80) ? "\n" : "\r");
}

/* Changes some letters' case; then the line's name is still the same. */
static void say_name(struct generator *g, struct text *t, const char *name)
{
	int changes = chance(g, 40);

	for (; *name; name++) {
		int is_letter = (*name | 0x20) >= 'a' && (*name | 0x20) <= 'z';

		say(t, "%c", changes && is_letter && chance(g, 50) ? *name ^ 0x20 : *name);
	}
	say(t, ":");
	if (chance(g, 70))
		say(t, " ");
	else
		say_blanks(g, t, chance(g, 80) ? 3 : 90);
}

/* Behind a value: mostly the line's end, sometimes blanks, sometimes what spoils the value. */
static void end_value(struct generator *g, struct text *t)
{
	if (chance(g, 10))
		say_blanks(g, t, chance(g, 80) ? 10 : 90);
	if (chance(g, 4))
		say(t, "%c", below(g, 256));
	end_line(g, t);
}

/* One byte of what was said since from becomes another one. */
static void spoil(struct generator *g, struct text *t, uint32_t from)
{
	static const char by[] = "0fgAF-: \t\r\nxz/`@G\x7f";

	char c = chance(g, 80) ? by[below(g, sizeof(by) - 1)] : (char)random_u64(g);

	if (t->len > from)
		t->bytes[from + below(g, t->len - from)] = c;
}

static void say_traceparent(struct generator *g, struct text *t)
{
	uint32_t from = t->len;

	say_name(g, t, "traceparent");
	if (chance(g, 90))
		say(t, "00-");
	else
		say(t, "%02x-", below(g, 256));
	if (chance(g, 97))
		say_hex(g, t, 32);
	else
		say_many(t, '0', 32);
	say(t, "-");
	if (chance(g, 97))
		say_hex(g, t, 16);
	else
		say_many(t, '0', 16);
	say(t, "-%02x", below(g, 8) ? below(g, 2) : below(g, 256));
	if (chance(g, 5))
		say(t, "-more=%u", below(g, 1000));
	if (chance(g, 10))
		spoil(g, t, from);
	end_value(g, t);
}

static void say_b3(struct generator *g, struct text *t, int part)
{
	static const char *const name[] = { "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled",
					    "X-B3-Flags" };
	static const char *const decision[] = { "1", "0", "true", "false", "d", "", "2" };
	uint32_t from = t->len;

	say_name(g, t, name[part]);
	if (part == 0)
		say_hex(g, t, chance(g, 95) ? PICK(g, 16, 32) : below(g, 40));
	else if (part < 3)
		say_hex(g, t, chance(g, 95) ? 16 : below(g, 40));
	else
		say(t, "%s", decision[below(g, COUNT(decision))]);
	if (chance(g, 5))
		spoil(g, t, from);
	end_value(g, t);
}

static void say_filler(struct generator *g, struct text *t, uint32_t n)
{
	static const char *const name[] = { "Cookie",	  "User-Agent", "Host", "x-request-id",
					    "tracestate", "x-b3",	"T",	"" };
	const char *chosen = name[below(g, COUNT(name))];
	uint32_t n_name = (uint32_t)strlen(chosen) + 4; /* colon, blank, line's end */

	say(t, "%s: ", chosen);
	say_many(t, 'f', n > n_name ? n - n_name : 0);
	end_line(g, t);
}

/* The ids of B3 in some order, often with others of its lines, sometimes with strangers between. */
static void say_b3_lines(struct generator *g, struct text *t)
{
	int part[5] = { 0, 1, 2, 3, 4 };
	int n = 5;

	for (int i = 4; i > 0 && chance(g, 70); i--) {
		int j = (int)below(g, (uint32_t)i + 1), was = part[i];

		part[i] = part[j];
		part[j] = was;
	}
	for (int i = 0; i < n; i++) {
		if (chance(g, part[i] < 2 ? 8 : 50))
			continue;
		say_b3(g, t, part[i]);
		if (chance(g, 10))
			say_filler(g, t, below(g, 60));
	}
}

/* What looks like a context and is none. */
static void say_decoy(struct generator *g, struct text *t)
{
	static const char *const before[] = { " ", "\t", "x", "X-Copy: ", "trace-parent: 1\r\n ", "\r" };

	say(t, "%s", before[below(g, COUNT(before))]);
	if (chance(g, 50))
		say_traceparent(g, t);
	else
		say_b3(g, t, (int)below(g, 5));
}

static void say_context(struct generator *g, struct text *t)
{
	switch (below(g, 10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		say_traceparent(g, t);
		break;
	case 4:
	case 5:
	case 6:
		say_b3_lines(g, t);
		break;
	case 7:
		say_b3_lines(g, t);
		say_traceparent(g, t);
		break;
	case 8:
		say_decoy(g, t);
		break;
	default:
		break; /* none at all */
	}
}

static void say_request_line(struct generator *g, struct text *t)
{
	static const char *const method[] = { "GET",	 "POST", "OPTIONS", "M-SEARCH", "TWENTY-LETTER-METHOD",
					      "CONNECT", "THE" };
	static const char *const target[] = { "/", "/", "/", "/cart?id=", "http://shop.example/", "*", "shop" };

	say(t, "%s ", method[chance(g, 80) ? 0 : below(g, COUNT(method))]);
	say(t, "%s", target[below(g, COUNT(target))]);
	say_many(t, 'p', chance(g, 85) ? below(g, 30) : below(g, 400));
	say(t, "%s", chance(g, 97) ? " HTTP/1.1" : chance(g, 50) ? " HTTP/2.0" : "");
	end_line(g, t);
}

/* Where the context should begin: anywhere, at the head's start, or where its ids end near the window's border. */
static uint32_t context_place(struct generator *g)
{
	uint32_t near;

	if (chance(g, 25))
		return 0;
	if (chance(g, 50))
		return below(g, chance(g, 90) ? 1500 : 3000);
	near = g->window + 60;
	return near > 200 ? near - below(g, 200) : below(g, 200);
}

static void say_request(struct generator *g, struct text *t)
{
	uint32_t place = context_place(g);

	say_request_line(g, t);
	while (t->len < place) {
		uint32_t rest = place - t->len;

		say_filler(g, t, rest < 40 || chance(g, 10) ? rest : 20 + below(g, rest < 400 ? rest - 20 : 380));
	}
	if (chance(g, 10))
		say_decoy(g, t);
	say_context(g, t);
	if (chance(g, 50))
		say_filler(g, t, below(g, chance(g, 80) ? 100 : 1500));
	if (chance(g, 15)) /* the head goes on in a later segment */
		t->len -= below(g, t->len < 200 ? t->len : 200);
	else
		say(t, "%s", chance(g, 95) ? "\r\n" : "\n");
	if (chance(g, 20))
		say_traceparent(g, t);
	if (chance(g, 30))
		say_random(g, t, below(g, 500));
}

static void say_payload(struct generator *g, struct text *t)
{
	uint32_t kind = below(g, 100);

	if (kind < 84) {
		say_request(g, t);
	} else if (kind < 88) {
		say(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	} else if (kind < 92) {
		say(t, "%c%c", PICK(g, 20, 22, 23, 24, 25), 3);
		say(t, "%c", below(g, 6));
		say_random(g, t, below(g, 300));
	} else if (kind < 96) {
		say_random(g, t, below(g, 600));
	}
}

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
		at[i] = (uint8_t)random_u64(g);
}

static void push_payload(struct generator *g)
{
	static char bytes[PAYLOAD_MAX];
	struct text t = { .bytes = bytes };

	say_payload(g, &t);
	memcpy(grow(g, t.len), bytes, t.len);
}

static void push_tcp(struct generator *g)
{
	uint32_t n_words = chance(g, 50) ? 8 : PICK(g, 5, 5, 10, 15);
	uint8_t *at = grow(g, n_words * 4);

	put16(at, PICK(g, 80, 8080, 15001, 40000, 50001));
	put16(at + 2, PICK(g, 80, 8080, 15006, 9080));
	put32(at + 4, (uint32_t)random_u64(g));
	at[12] = (uint8_t)(n_words << 4);
	if (chance(g, 1))
		at[12] = (uint8_t)random_u64(g);
	at[13] = (uint8_t)(chance(g, 80) ? 0x18 : random_u64(g));
}

/* The length field, which now and then lies, or is 0 for a super-packet. */
static uint32_t length_field(struct generator *g, uint32_t length)
{
	uint32_t by = below(g, 60);

	return chance(g, 97) ? length : PICK(g, 0, 1, length - by, length + by, 0xffff);
}

static void push_ipv4(struct generator *g, uint8_t protocol)
{
	uint32_t n_words = chance(g, 90) ? 5 : 5 + below(g, 11);
	uint8_t *at = grow(g, n_words * 4);

	at[0] = (uint8_t)(0x40 | n_words);
	put16(at + 2, length_field(g, length(g)));
	put16(at + 6, chance(g, 98) ? PICK(g, 0, 0x4000) : (uint32_t)random_u64(g));
	at[8] = 64;
	at[9] = protocol;
	put32(at + 12, 0x0a000000 | PICK(g, 0x0101, 0x0102, 0x0103, 0x0201));
	put32(at + 16, 0x0a000000 | PICK(g, 0x0101, 0x0102, 0x0103, 0x0201));
}

/* An extension header in front of what is there; returns its number. */
static uint8_t push_extension(struct generator *g, uint8_t next)
{
	uint8_t kind = (uint8_t)PICK(g, 0, 43, 60, 135, 44, 51);
	uint32_t n = kind == 44 ? 8 : kind == 51 ? 12 + 4 * below(g, 4) : 8 + 8 * below(g, chance(g, 95) ? 3 : 40);
	uint8_t *at = grow(g, n);

	at[0] = next;
	at[1] = (uint8_t)(kind == 44 ? 0 : kind == 51 ? n / 4 - 2 : n / 8 - 1);
	if (kind == 44 && chance(g, 20))
		put16(at + 2, (uint32_t)random_u64(g));
	return kind;
}

static void push_ipv6(struct generator *g, uint8_t protocol)
{
	uint32_t payload_len;
	uint8_t *at;

	if (chance(g, 15))
		for (uint32_t n = 1 + below(g, chance(g, 90) ? 3 : 8); n; n--)
			protocol = push_extension(g, protocol);
	payload_len = length_field(g, length(g));
	at = grow(g, 40);
	at[0] = 0x60;
	put16(at + 4, payload_len);
	at[6] = protocol;
	at[7] = 64;
	put32(at + 8, 0x20010db8);
	at[23] = (uint8_t)PICK(g, 1, 2, 3);
	put32(at + 24, 0x20010db8);
	at[39] = (uint8_t)PICK(g, 1, 2, 3);
}

/* An IP header; returns its EtherType. */
static uint16_t push_ip(struct generator *g, uint8_t protocol)
{
	if (chance(g, 65)) {
		push_ipv4(g, protocol);
		return WS_ETHERTYPE_IPV4;
	}
	push_ipv6(g, protocol);
	return WS_ETHERTYPE_IPV6;
}

static void push_ethernet(struct generator *g, uint16_t type)
{
	uint32_t n_tags = chance(g, 80) ? 0 : 1 + below(g, chance(g, 90) ? 2 : 4);
	uint8_t *at;

	while (n_tags--) {
		at = grow(g, 4);
		put16(at, (uint32_t)random_u64(g));
		put16(at + 2, type);
		type = (uint16_t)PICK(g, WS_ETHERTYPE_VLAN, WS_ETHERTYPE_QINQ, WS_ETHERTYPE_QINQ_OLD);
	}
	at = grow(g, 14);
	put32(at, (uint32_t)random_u64(g));
	put16(at + 12, chance(g, 99) ? type : PICK(g, 0x0806, 46, 0x88cc));
}

static void push_udp(struct generator *g, uint16_t port)
{
	uint8_t *at = grow(g, 8);

	put16(at, 32768 + below(g, 16384));
	put16(at + 2, port);
	put16(at + 4, length(g));
}

static uint8_t push_vxlan(struct generator *g, uint16_t type)
{
	uint8_t *at;

	push_ethernet(g, type);
	at = grow(g, 8);
	at[0] = chance(g, 97) ? 0x08 : (uint8_t)random_u64(g);
	put32(at + 4, PICK(g, 42, 43, 0xffffff) << 8);
	push_udp(g, chance(g, 97) ? g->vxlan_port : (uint16_t)PICK(g, 4789, 8472, 53));
	return WS_IPPROTO_UDP;
}

static uint8_t push_geneve(struct generator *g, uint16_t type)
{
	uint32_t n_words = chance(g, 60) ? 0 : below(g, chance(g, 90) ? 10 : 64);
	uint8_t *at;

	if (chance(g, 60)) {
		push_ethernet(g, type);
		type = WS_ETHERTYPE_ETHERNET;
	}
	at = grow(g, 8 + n_words * 4);
	at[0] = (uint8_t)(n_words | (chance(g, 98) ? 0 : 0x40));
	put16(at + 2, type);
	put32(at + 4, PICK(g, 42, 43, 0xffffff) << 8);
	push_udp(g, WS_GENEVE_PORT);
	return WS_IPPROTO_UDP;
}

static uint8_t push_gre(struct generator *g, uint16_t type)
{
	uint32_t flags = PICK(g, 0, 0x2000, 0x8000, 0x1000, 0xb000, 0xa000);
	uint8_t *at;

	if (chance(g, 30)) {
		push_ethernet(g, type);
		type = WS_ETHERTYPE_ETHERNET;
	}
	at = grow(g, 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0));
	put16(at, chance(g, 97) ? flags : flags | PICK(g, 0x4000, 1, 7, 0x0800));
	put16(at + 2, type);
	if (flags & 0x2000)
		put32(at + (flags & 0x8000 ? 8 : 4), PICK(g, 42, 43, 0xdeadbeef));
	return WS_IPPROTO_GRE;
}

/* A tunnel header in front of the IP packet of that EtherType; returns the IP protocol that it travels in. */
static uint8_t push_tunnel(struct generator *g, uint16_t type)
{
	switch (below(g, 10)) {
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
	uint8_t protocol = chance(g, 98) ? WS_IPPROTO_TCP : (uint8_t)PICK(g, 1, 17, 50, 58, 132);
	uint32_t n_tunnels = chance(g, 40) ? 0 : chance(g, 85) ? 1 : chance(g, 80) ? 2 : 3;
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
	uint32_t len = frame_length(g), within = len < 120 || chance(g, 30) ? len : 120;

	for (uint32_t n = 1 + below(g, chance(g, 70) ? 2 : 16); n; n--) {
		uint8_t *at = g->bytes + g->start + below(g, within);

		*at = (uint8_t)(chance(g, 50) ? *at ^ 1u << below(g, 8) : random_u64(g));
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
	g->state = (seed + 1) * 0x9e3779b97f4a7c15u ^ ((uint64_t)n + 1) * 0xbf58476d1ce4e5b9u;
	g->state = g->state ? g->state : 1;
	for (int i = 0; i < 4; i++) /* neighbours shall differ */
		random_u64(g);
	g->start = GENERATOR_FRAME_MAX;
	g->pad_len = 0;
	if (chance(g, 2)) {
		push_random(g, below(g, 300));
		return frame_length(g);
	}
	if (chance(g, 10)) {
		uint32_t pad_len = below(g, 46);

		push_random(g, pad_len);
		g->pad_len = pad_len;
	}
	push_payload(g);
	push_stack(g);
	if (chance(g, 8))
		mutate(g);
	return chance(g, 3) ? cut(g, below(g, frame_length(g) + 1)) : frame_length(g);
}
