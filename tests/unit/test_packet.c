/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_packet - the frame parser against frames whose every header is written here as bytes.
 *
 * A case is a stack of headers in the order in which they stand on the wire, and what the parser must say. Lengths are
 * filled in from the inside out, so that a case says only what is special about it. Each case is parsed whole, with
 * every number of captured bytes, and with every length on the wire; the bytes always end at a guard page.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/packet.h"
#include "tests/unit/guard.h"

#define FRAME_MAX     4096
#define N_HEADERS_MAX 16

/* A frame that grows to the front: header by header, the innermost first. */
struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t start;
	uint32_t pad_len; /* bytes behind the outermost IP packet */
};

struct header {
	void (*push)(struct frame *f, const struct header *h);
	uint32_t a, b, c, d;
};

static uint8_t *grow(struct frame *f, uint32_t n)
{
	assert_true(n <= f->start);
	f->start -= n;
	memset(f->bytes + f->start, 0, n);
	return f->bytes + f->start;
}

/* Bytes from the newest header to the end of what it carries. */
static uint32_t length(const struct frame *f)
{
	return FRAME_MAX - f->start - f->pad_len;
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

static void push_payload(struct frame *f, const struct header *h)
{
	memset(grow(f, h->a), 'P', h->a);
}

static void push_padding(struct frame *f, const struct header *h)
{
	memset(grow(f, h->a), 0xee, h->a);
	f->pad_len = h->a;
}

static void push_tcp(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, h->a > 5 ? h->a * 4 : 20);

	put16(at, 50001);
	put16(at + 2, 8080);
	put32(at + 4, 0xfffffff0);
	put32(at + 8, 0x01020304);
	at[12] = (uint8_t)(h->a << 4);
	at[13] = (uint8_t)h->b;
	for (uint32_t i = 20; i < h->a * 4; i++)
		at[i] = 1; /* no operation */
}

static void push_ipv4(struct frame *f, const struct header *h)
{
	uint32_t n_words = 5 + h->b, total_len;
	uint8_t *at = grow(f, n_words * 4);

	total_len = h->d ? h->d & 0xffff : length(f);
	at[0] = (uint8_t)(0x40 | n_words);
	put16(at + 2, total_len);
	put16(at + 6, h->c);
	at[8] = 64;
	at[9] = (uint8_t)h->a;
	memcpy(at + 12, (uint8_t[]) { 10, 1, 2, 3, 10, 4, 5, 6 }, 8);
	for (uint32_t i = 20; i < n_words * 4; i++)
		at[i] = 1;
}

static void push_ipv6(struct frame *f, const struct header *h)
{
	uint32_t payload_len = h->d ? h->d & 0xffff : length(f);
	uint8_t *at = grow(f, 40);

	at[0] = 0x60;
	put16(at + 4, payload_len);
	at[6] = (uint8_t)h->a;
	at[7] = 64;
	for (uint8_t i = 0; i < 32; i++)
		at[8 + i] = 0x20 + i;
}

/* Any extension header that counts its length in words of 8, less one. */
static void push_extension(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, h->b);

	at[0] = (uint8_t)h->a;
	at[1] = (uint8_t)(h->b / 8 - 1);
}

static void push_fragment(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, 8);

	at[0] = (uint8_t)h->a;
	put16(at + 2, h->b);
	put32(at + 4, 0x4242);
}

static void push_authentication(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, h->b);

	at[0] = (uint8_t)h->a;
	at[1] = (uint8_t)(h->b / 4 - 2);
}

static void push_udp(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, 8);

	put16(at, 54321);
	put16(at + 2, h->a);
	put16(at + 4, length(f));
}

static void push_vxlan(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, 8);

	at[0] = (uint8_t)h->b;
	put32(at + 4, h->a << 8);
}

static void push_geneve(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, 8 + h->c * 4);

	at[0] = (uint8_t)(h->d << 6 | h->c);
	put16(at + 2, h->b);
	put32(at + 4, h->a << 8);
}

static void push_gre(struct frame *f, const struct header *h)
{
	uint32_t flags = h->a, n = 4 + (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) + (flags & 0x1000 ? 4 : 0);
	uint8_t *at = grow(f, n);

	put16(at, flags);
	put16(at + 2, h->b);
	at += 4;
	if (flags & 0x8000) {
		put32(at, 0xdddd0000);
		at += 4;
	}
	if (flags & 0x2000) {
		put32(at, h->c);
		at += 4;
	}
	if (flags & 0x1000)
		put32(at, 0x55555555);
}

static void push_ethernet(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, 14);

	memcpy(at, (uint8_t[]) { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 }, 12);
	put16(at + 12, h->a);
}

static void push_tag(struct frame *f, const struct header *h)
{
	uint8_t *at = grow(f, 4);

	put16(at, h->a);
	put16(at + 2, h->b);
}

/* A case is a line or two: headers in the order of the wire. */
/* clang-format off */
#define ETHER(type) { push_ethernet, type, 0, 0, 0 }
#define TAG(tci, type) { push_tag, tci, type, 0, 0 }
#define IP4(protocol) { push_ipv4, protocol, 0, 0, 0 }
#define IP4_OPTIONS(protocol, words) { push_ipv4, protocol, words, 0, 0 }
#define IP4_FRAGMENT(protocol, field) { push_ipv4, protocol, 0, field, 0 }
/* bit 16 says that the length is given, so that 0 can be */
#define IP4_LENGTH(protocol, length) { push_ipv4, protocol, 0, 0, 0x10000 | (length) }
#define IP6(next) { push_ipv6, next, 0, 0, 0 }
#define IP6_LENGTH(next, length) { push_ipv6, next, 0, 0, 0x10000 | (length) }
#define EXTENSION(next, n_bytes) { push_extension, next, n_bytes, 0, 0 }
#define FRAGMENT6(next, field) { push_fragment, next, field, 0, 0 }
#define AUTHENTICATION(next, n_bytes) { push_authentication, next, n_bytes, 0, 0 }
#define UDP(dport) { push_udp, dport, 0, 0, 0 }
#define VXLAN(vni) { push_vxlan, vni, 0x08, 0, 0 }
#define VXLAN_FLAGS(vni, flags) { push_vxlan, vni, flags, 0, 0 }
#define GENEVE(vni, type, option_words) { push_geneve, vni, type, option_words, 0 }
#define GENEVE_VERSION(vni, type, version) { push_geneve, vni, type, 0, version }
#define GRE(flags, type) { push_gre, flags, type, 0, 0 }
#define GRE_KEY(flags, type, key) { push_gre, flags, type, key, 0 }
#define TCP { push_tcp, 5, 0x18, 0, 0 }
#define TCP_WORDS(n) { push_tcp, n, 0x10, 0, 0 }
#define TCP_FLAGS(flags) { push_tcp, 5, flags, 0, 0 }
#define PAYLOAD(n) { push_payload, n, 0, 0, 0 }
#define PADDING(n) { push_padding, n, 0, 0, 0 }

#define V4 WS_ETHERTYPE_IPV4
#define V6 WS_ETHERTYPE_IPV6
#define TEB WS_ETHERTYPE_ETHERNET
#define CTAG WS_ETHERTYPE_VLAN
#define STAG WS_ETHERTYPE_QINQ

/* What the parser must say. Offsets are written out as numbers on purpose: they are the reader's own sums. */
struct want {
	uint8_t refusal; /* WS_REASON_* + 1, or 0 for TCP */
	uint8_t ip_version, encap, outer_ip_version, tcp_words;
	uint32_t outer_l3_off, l3_off, payload_off, payload_len, vni;
	uint16_t vlan;
};

#define REFUSED(reason) { .refusal = (reason) + 1 }

struct packet_case {
	const char *name;
	struct header header[N_HEADERS_MAX];
	struct want want;
};

static const struct ws_tunnels tunnels = { .vxlan_port = { 4789, 8472, 12345 } };

static const struct packet_case tcp_cases[] = {
	{ "IPv4", { ETHER(V4), IP4(6), TCP, PAYLOAD(100) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 100 } },
	{ "IPv6", { ETHER(V6), IP6(6), TCP, PAYLOAD(100) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 74, .payload_len = 100 } },
	{ "no payload", { ETHER(V4), IP4(6), TCP },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 0 } },
	{ "Ethernet padding is not payload", { ETHER(V4), IP4(6), TCP, PAYLOAD(1), PADDING(5) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 1 } },
	{ "Ethernet padding behind a bare ACK", { ETHER(V4), IP4(6), TCP, PADDING(6) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 0 } },
	{ "Ethernet padding behind IPv6", { ETHER(V6), IP6(6), TCP, PAYLOAD(3), PADDING(9) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 74, .payload_len = 3 } },
	{ "IPv4 options", { ETHER(V4), IP4_OPTIONS(6, 10), TCP, PAYLOAD(9) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 94, .payload_len = 9 } },
	{ "IPv4 with don't-fragment", { ETHER(V4), IP4_FRAGMENT(6, 0x4000), TCP, PAYLOAD(9) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 9 } },
	{ "IPv4 with the reserved flag", { ETHER(V4), IP4_FRAGMENT(6, 0x8000), TCP, PAYLOAD(9) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 9 } },
	{ "TCP options", { ETHER(V4), IP4(6), TCP_WORDS(8), PAYLOAD(9) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 66, .payload_len = 9, .tcp_words = 8 } },
	{ "TCP options as many as can be", { ETHER(V4), IP4(6), TCP_WORDS(15), PAYLOAD(9) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 94, .payload_len = 9, .tcp_words = 15 } },
	{ "TCP options and nothing else", { ETHER(V4), IP4(6), TCP_WORDS(15) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 94, .payload_len = 0, .tcp_words = 15 } },
	/* VLAN tags */
	{ "VLAN", { ETHER(CTAG), TAG(0x6123, V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .l3_off = 18, .payload_off = 58, .payload_len = 7, .vlan = 0x6123 } },
	{ "VLAN and IPv6", { ETHER(CTAG), TAG(0x0fff, V6), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 18, .payload_off = 78, .payload_len = 7, .vlan = 0x0fff } },
	{ "QinQ", { ETHER(STAG), TAG(77, CTAG), TAG(5, V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .l3_off = 22, .payload_off = 62, .payload_len = 7, .vlan = 77 } },
	{ "QinQ as it was before 802.1ad", { ETHER(0x9100), TAG(78, CTAG), TAG(5, V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .l3_off = 22, .payload_off = 62, .payload_len = 7, .vlan = 78 } },
	{ "three tags", { ETHER(STAG), TAG(1, STAG), TAG(2, CTAG), TAG(3, V6), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 26, .payload_off = 86, .payload_len = 7, .vlan = 1 } },
	/* IPv6 extension headers */
	{ "hop-by-hop options", { ETHER(V6), IP6(0), EXTENSION(6, 8), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 82, .payload_len = 7 } },
	{ "routing header of 24 bytes", { ETHER(V6), IP6(43), EXTENSION(6, 24), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 98, .payload_len = 7 } },
	{ "mobility header", { ETHER(V6), IP6(135), EXTENSION(6, 16), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 90, .payload_len = 7 } },
	{ "authentication header of 24 bytes", { ETHER(V6), IP6(51), AUTHENTICATION(6, 24), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 98, .payload_len = 7 } },
	{ "atomic fragment", { ETHER(V6), IP6(44), FRAGMENT6(6, 0), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 82, .payload_len = 7 } },
	{ "atomic fragment with reserved bits", { ETHER(V6), IP6(44), FRAGMENT6(6, 6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 82, .payload_len = 7 } },
	{ "six extension headers",
	  { ETHER(V6), IP6(0), EXTENSION(60, 8), EXTENSION(43, 8), EXTENSION(44, 16), FRAGMENT6(51, 0),
	    AUTHENTICATION(60, 16), EXTENSION(6, 8), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 138, .payload_len = 7 } },
	{ "headers that end at the last byte looked at",
	  { ETHER(V6), IP6(0), EXTENSION(6, 304), TCP_WORDS(6), PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 382, .payload_len = 7, .tcp_words = 6 } },
	{ "TCP options that end beyond the last byte looked at",
	  { ETHER(V6), IP6(0), EXTENSION(6, 304), TCP_WORDS(15), PAYLOAD(7) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 418, .payload_len = 7, .tcp_words = 15 } },
	/* tunnels in UDP */
	{ "VXLAN, IANA's port",
	  { ETHER(V4), IP4(17), UDP(4789), VXLAN(0xabcdef), ETHER(V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 64,
	    .payload_off = 104, .payload_len = 7, .vni = 0xabcdef } },
	{ "VXLAN, Linux's port", { ETHER(V4), IP4(17), UDP(8472), VXLAN(1), ETHER(V6), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 64,
	    .payload_off = 124, .payload_len = 7, .vni = 1 } },
	{ "VXLAN, a port of the run",
	  { ETHER(V6), IP6(17), UDP(12345), VXLAN(2), ETHER(V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 6, .outer_l3_off = 14, .l3_off = 84,
	    .payload_off = 124, .payload_len = 7, .vni = 2 } },
	{ "VXLAN between VLANs",
	  { ETHER(CTAG), TAG(9, V4), IP4(17), UDP(4789), VXLAN(3), ETHER(CTAG), TAG(10, V4), IP4(6), TCP,
	    PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 18, .l3_off = 72,
	    .payload_off = 112, .payload_len = 7, .vni = 3, .vlan = 9 } },
	{ "VXLAN with IPv4 options inside and outside",
	  { ETHER(V4), IP4_OPTIONS(17, 10), UDP(4789), VXLAN(4), ETHER(V4), IP4_OPTIONS(6, 10), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 104,
	    .payload_off = 184, .payload_len = 7, .vni = 4 } },
	{ "VXLAN with group policy bits",
	  { ETHER(V4), IP4(17), UDP(4789), VXLAN_FLAGS(4, 0x88), ETHER(V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 64,
	    .payload_off = 104, .payload_len = 7, .vni = 4 } },
	{ "VXLAN without payload in a padded frame",
	  { ETHER(V4), IP4(17), UDP(4789), VXLAN(5), ETHER(V4), IP4(6), TCP, PADDING(8) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 64,
	    .payload_off = 104, .payload_len = 0, .vni = 5 } },
	{ "Geneve and Ethernet",
	  { ETHER(V4), IP4(17), UDP(6081), GENEVE(6, TEB, 0), ETHER(V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_GENEVE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 64,
	    .payload_off = 104, .payload_len = 7, .vni = 6 } },
	{ "Geneve with options and IPv6",
	  { ETHER(V4), IP4(17), UDP(6081), GENEVE(7, V6, 3), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .encap = WS_ENCAP_GENEVE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 62,
	    .payload_off = 122, .payload_len = 7, .vni = 7 } },
	{ "Geneve with 252 bytes of options",
	  { ETHER(V4), IP4(17), UDP(6081), GENEVE(8, V4, 63), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_GENEVE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 302,
	    .payload_off = 342, .payload_len = 7, .vni = 8 } },
	/* GRE */
	{ "GRE and IPv4", { ETHER(V4), IP4(47), GRE(0, V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_GRE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 38,
	    .payload_off = 78, .payload_len = 7 } },
	{ "GRE with a key", { ETHER(V4), IP4(47), GRE_KEY(0x2000, V4, 0xdeadbeef), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_GRE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 42,
	    .payload_off = 82, .payload_len = 7, .vni = 0xdeadbeef } },
	{ "GRE with a checksum", { ETHER(V4), IP4(47), GRE(0x8000, V6), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .encap = WS_ENCAP_GRE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 42,
	    .payload_off = 102, .payload_len = 7 } },
	{ "GRE with a sequence number", { ETHER(V6), IP6(47), GRE(0x1000, V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_GRE, .outer_ip_version = 6, .outer_l3_off = 14, .l3_off = 62,
	    .payload_off = 102, .payload_len = 7 } },
	{ "GRE with all of them, and Ethernet",
	  { ETHER(V4), IP4(47), GRE_KEY(0xb000, TEB, 0x12345678), ETHER(CTAG), TAG(11, V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_GRE, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 68,
	    .payload_off = 108, .payload_len = 7, .vni = 0x12345678, .vlan = 11 } },
	/* IP in IP */
	{ "4 in 4", { ETHER(V4), IP4(4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_IPIP, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 34,
	    .payload_off = 74, .payload_len = 7 } },
	{ "4 in 6", { ETHER(V6), IP6(4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_IPIP, .outer_ip_version = 6, .outer_l3_off = 14, .l3_off = 54,
	    .payload_off = 94, .payload_len = 7 } },
	{ "6 in 4", { ETHER(V4), IP4(41), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .encap = WS_ENCAP_IPIP, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 34,
	    .payload_off = 94, .payload_len = 7 } },
	{ "6 in 6", { ETHER(V6), IP6(41), IP6(6), TCP, PAYLOAD(7) },
	  { .ip_version = 6, .encap = WS_ENCAP_IPIP, .outer_ip_version = 6, .outer_l3_off = 14, .l3_off = 54,
	    .payload_off = 114, .payload_len = 7 } },
	{ "4 in 6 behind an encapsulation limit", { ETHER(V6), IP6(60), EXTENSION(4, 8), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_IPIP, .outer_ip_version = 6, .outer_l3_off = 14, .l3_off = 62,
	    .payload_off = 102, .payload_len = 7 } },
	/* two tunnels: the outermost one is told */
	{ "VXLAN in IP in IP",
	  { ETHER(V4), IP4(4), IP4(17), UDP(4789), VXLAN(12), ETHER(V4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_IPIP, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 84,
	    .payload_off = 124, .payload_len = 7 } },
	{ "IP in IP in VXLAN",
	  { ETHER(V4), IP4(17), UDP(4789), VXLAN(13), ETHER(V6), IP6(4), IP4(6), TCP, PAYLOAD(7) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 104,
	    .payload_off = 144, .payload_len = 7, .vni = 13 } },
	/* super-packets of segmentation offload: the length field is 0 when it cannot hold the length */
	{ "IPv4 total length 0", { ETHER(V4), IP4_LENGTH(6, 0), TCP, PAYLOAD(100) },
	  { .ip_version = 4, .l3_off = 14, .payload_off = 54, .payload_len = 100 } },
	{ "IPv6 payload length 0", { ETHER(V6), IP6_LENGTH(6, 0), TCP, PAYLOAD(100) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 74, .payload_len = 100 } },
	{ "jumbogram", { ETHER(V6), IP6_LENGTH(0, 0), EXTENSION(6, 8), TCP, PAYLOAD(100) },
	  { .ip_version = 6, .l3_off = 14, .payload_off = 82, .payload_len = 100 } },
	{ "total length 0 inside and outside",
	  { ETHER(V4), IP4_LENGTH(17, 0), UDP(4789), VXLAN(14), ETHER(V4), IP4_LENGTH(6, 0), TCP, PAYLOAD(100) },
	  { .ip_version = 4, .encap = WS_ENCAP_VXLAN, .outer_ip_version = 4, .outer_l3_off = 14, .l3_off = 64,
	    .payload_off = 104, .payload_len = 100, .vni = 14 } },
};

static const struct packet_case refused_cases[] = {
	{ "ARP", { ETHER(0x0806), PAYLOAD(46) }, REFUSED(WS_REASON_NOT_IP) },
	{ "802.3 length", { ETHER(46), PAYLOAD(46) }, REFUSED(WS_REASON_NOT_IP) },
	{ "four tags", { ETHER(STAG), TAG(1, STAG), TAG(2, CTAG), TAG(3, CTAG), TAG(4, V4), IP4(6), TCP },
	  REFUSED(WS_REASON_NOT_IP) },
	{ "ICMP", { ETHER(V4), IP4(1), PAYLOAD(64) }, REFUSED(WS_REASON_NOT_TCP) },
	{ "ICMPv6", { ETHER(V6), IP6(58), PAYLOAD(64) }, REFUSED(WS_REASON_NOT_TCP) },
	{ "no next header", { ETHER(V6), IP6(59), PADDING(64) }, REFUSED(WS_REASON_NOT_TCP) },
	{ "ESP", { ETHER(V6), IP6(50), PAYLOAD(64) }, REFUSED(WS_REASON_NOT_TCP) },
	{ "DNS", { ETHER(V4), IP4(17), UDP(53), PAYLOAD(64) }, REFUSED(WS_REASON_NOT_TCP) },
	{ "UDP of 8 bytes", { ETHER(V4), IP4(17), UDP(53) }, REFUSED(WS_REASON_NOT_TCP) },
	{ "a VXLAN port that is not the run's", { ETHER(V4), IP4(17), UDP(4790), VXLAN(1), ETHER(V4), IP4(6), TCP },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "VXLAN without the I flag", { ETHER(V4), IP4(17), UDP(4789), VXLAN_FLAGS(1, 0xf7), ETHER(V4), IP4(6), TCP },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "ARP in VXLAN", { ETHER(V4), IP4(17), UDP(4789), VXLAN(1), ETHER(0x0806), PAYLOAD(46) },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "ICMP in VXLAN", { ETHER(V4), IP4(17), UDP(4789), VXLAN(1), ETHER(V4), IP4(1), PAYLOAD(64) },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "Geneve of another version",
	  { ETHER(V4), IP4(17), UDP(6081), GENEVE_VERSION(1, TEB, 1), ETHER(V4), IP4(6), TCP },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "GRE with source routing", { ETHER(V4), IP4(47), GRE(0x4000, V4), IP4(6), TCP },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "GRE version 1", { ETHER(V4), IP4(47), GRE(0x0001, V4), IP4(6), TCP }, REFUSED(WS_REASON_NOT_TCP) },
	{ "GRE version 1 (PPTP)", { ETHER(V4), IP4(47), GRE(0x3001, 0x880b), PAYLOAD(64) },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "three tunnels", { ETHER(V4), IP4(4), IP4(4), IP4(4), IP4(6), TCP, PAYLOAD(7) },
	  REFUSED(WS_REASON_NOT_TCP) },
	{ "seven extension headers",
	  { ETHER(V6), IP6(0), EXTENSION(60, 8), EXTENSION(60, 8), EXTENSION(60, 8), EXTENSION(60, 8),
	    EXTENSION(60, 8), EXTENSION(60, 8), EXTENSION(6, 8), TCP, PAYLOAD(7) }, REFUSED(WS_REASON_NOT_TCP) },
	/* fragments, the first one of them too: what it lacks may be what is looked for */
	{ "first fragment", { ETHER(V4), IP4_FRAGMENT(6, 0x2000), TCP, PAYLOAD(64) }, REFUSED(WS_REASON_FRAGMENT) },
	{ "last fragment", { ETHER(V4), IP4_FRAGMENT(6, 0x00b9), PAYLOAD(64) }, REFUSED(WS_REASON_FRAGMENT) },
	{ "fragment of a tunnel",
	  { ETHER(V4), IP4_FRAGMENT(17, 0x2000), UDP(4789), VXLAN(1), ETHER(V4), IP4(6), TCP },
	  REFUSED(WS_REASON_FRAGMENT) },
	{ "fragment in a tunnel",
	  { ETHER(V4), IP4(17), UDP(4789), VXLAN(1), ETHER(V4), IP4_FRAGMENT(6, 0x2000), TCP, PAYLOAD(64) },
	  REFUSED(WS_REASON_FRAGMENT) },
	{ "first IPv6 fragment", { ETHER(V6), IP6(44), FRAGMENT6(6, 1), TCP, PAYLOAD(64) },
	  REFUSED(WS_REASON_FRAGMENT) },
	{ "last IPv6 fragment", { ETHER(V6), IP6(44), FRAGMENT6(6, 0x05c8), PAYLOAD(64) },
	  REFUSED(WS_REASON_FRAGMENT) },
	/* lengths that contradict each other */
	{ "IPv4 total length beyond the frame", { ETHER(V4), IP4_LENGTH(6, 141), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv4 total length below its header", { ETHER(V4), IP4_LENGTH(6, 19), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv4 total length inside the TCP header", { ETHER(V4), IP4_LENGTH(6, 39), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv6 payload length beyond the frame", { ETHER(V6), IP6_LENGTH(6, 121), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv6 payload length inside the TCP header", { ETHER(V6), IP6_LENGTH(6, 19), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "extension header beyond the payload length", { ETHER(V6), IP6_LENGTH(0, 7), EXTENSION(6, 8), TCP },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "data offset below 5", { ETHER(V4), IP4(6), TCP_WORDS(4), PAYLOAD(100) }, REFUSED(WS_REASON_BAD_HEADER) },
	{ "data offset 0", { ETHER(V4), IP4(6), TCP_WORDS(0), PAYLOAD(100) }, REFUSED(WS_REASON_BAD_HEADER) },
	{ "TCP options beyond the IP packet", { ETHER(V4), IP4_LENGTH(6, 50), TCP_WORDS(8), PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv4 that says 6", { ETHER(V4), IP6(6), TCP }, REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv6 that says 4", { ETHER(V6), IP4(6), TCP, PAYLOAD(64) }, REFUSED(WS_REASON_BAD_HEADER) },
	{ "tunnel header beyond its IP packet",
	  { ETHER(V4), IP4_LENGTH(17, 35), UDP(4789), VXLAN(1), ETHER(V4), IP4(6), TCP },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "GRE header beyond its IP packet", { ETHER(V4), IP4_LENGTH(47, 27), GRE_KEY(0x2000, V4, 1), IP4(6), TCP },
	  REFUSED(WS_REASON_BAD_HEADER) },
	/* the carrier's last 10 bytes are not its own: what it carries cannot reach into them */
	{ "packet beyond the one that carries it", { ETHER(V4), IP4_LENGTH(4, 160 - 10), IP4(6), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "IPv6 packet beyond the one that carries it",
	  { ETHER(V4), IP4_LENGTH(41, 180 - 10), IP6(6), TCP, PAYLOAD(100) }, REFUSED(WS_REASON_BAD_HEADER) },
	{ "carrier that ends inside the Ethernet header that it carries",
	  { ETHER(V4), IP4_LENGTH(17, 44), UDP(4789), VXLAN(1), ETHER(V4), IP4(6), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "carrier of IPv6 that ends inside the Ethernet header that it carries",
	  { ETHER(V4), IP4_LENGTH(17, 44), UDP(4789), VXLAN(1), ETHER(V6), IP6_LENGTH(6, 0), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
	{ "headers beyond the last byte looked at", { ETHER(V6), IP6(0), EXTENSION(6, 312), TCP, PAYLOAD(100) },
	  REFUSED(WS_REASON_BAD_HEADER) },
};
/* clang-format on */

static void build(struct frame *f, const struct packet_case *c)
{
	int n = 0;

	memset(f, 0, sizeof(*f));
	f->start = FRAME_MAX;
	while (n < N_HEADERS_MAX && c->header[n].push)
		n++;
	while (n--)
		c->header[n].push(f, &c->header[n]);
}

/* Parses the first n bytes of a frame that has wire_len. */
static int parse(const uint8_t *data, uint32_t n, uint32_t wire_len, uint16_t proto, struct ws_packet *p)
{
	struct ws_bytes b = ws_guard(data, n);
	struct ws_cursor cursor = { .proto = proto };

	memset(p, 0x5a, sizeof(*p)); /* what is not written shows */
	return ws_packet_parse(&b, wire_len, &tunnels, &cursor, p);
}

static void check_packet(const struct want *w, uint8_t tcp_flags, const struct ws_packet *p)
{
	assert_int_equal(p->l3_off, w->l3_off);
	assert_int_equal(p->ip_version, w->ip_version);
	assert_int_equal(p->encap, w->encap);
	assert_int_equal(p->outer_ip_version, w->outer_ip_version);
	assert_int_equal(p->outer_l3_off, w->outer_l3_off);
	assert_int_equal(p->vni, w->vni);
	assert_int_equal(p->vlan, w->vlan);
	assert_int_equal(p->payload_off, w->payload_off);
	assert_int_equal(p->payload_len, w->payload_len);
	assert_int_equal(p->sport, 50001);
	assert_int_equal(p->dport, 8080);
	assert_int_equal(p->seq, 0xfffffff0);
	assert_int_equal(p->tcp_flags, tcp_flags);
}

/* Whole, and with every number of captured bytes: enough is up to the end of the fixed TCP header. */
static void tcp_whole_or_captured_in_part(void **state)
{
	const struct packet_case *c = *state;
	const struct want *w = &c->want;
	uint32_t enough = w->payload_off - (w->tcp_words ? w->tcp_words : 5) * 4 + 20;
	struct ws_packet p;
	struct frame f;
	uint32_t len;

	build(&f, c);
	len = FRAME_MAX - f.start;
	for (uint32_t n = 0; n <= len; n++) {
		int rc = parse(f.bytes + f.start, n, len, TEB, &p);

		if (n < enough) {
			assert_int_equal(rc, WS_PACKET_REFUSED(WS_REASON_TRUNCATED));
			continue;
		}
		assert_int_equal(rc, WS_PACKET_TCP);
		check_packet(w, w->tcp_words ? 0x10 : 0x18, &p);
	}
}

/* A frame that is as short on the wire contradicts itself, unless only padding is missing or nothing says how long. */
static void tcp_cut_on_the_wire(void **state)
{
	const struct packet_case *c = *state;
	struct ws_packet p;
	struct frame f;
	uint32_t len;

	build(&f, c);
	len = FRAME_MAX - f.start;
	for (uint32_t n = 0; n < len; n++) {
		int rc = parse(f.bytes + f.start, n, n, TEB, &p);
		int says_length = !strstr(c->name, "length 0") && !strstr(c->name, "jumbogram");
		uint32_t enough = says_length ? c->want.payload_off + c->want.payload_len : c->want.payload_off;

		if (n < enough) {
			assert_int_equal(rc, WS_PACKET_REFUSED(WS_REASON_BAD_HEADER));
			continue;
		}
		assert_int_equal(rc, WS_PACKET_TCP);
		assert_int_equal(p.payload_len, (says_length ? enough : n) - p.payload_off);
	}
}

/* With few captured bytes it is truncated; once there are enough of them the answer stands. */
static void refused(void **state)
{
	const struct packet_case *c = *state;
	int want = WS_PACKET_REFUSED(c->want.refusal - 1), seen = 0;
	struct ws_packet p;
	struct frame f;
	uint32_t len;

	build(&f, c);
	len = FRAME_MAX - f.start;
	for (uint32_t n = 0; n <= len; n++) {
		int rc = parse(f.bytes + f.start, n, len, TEB, &p);

		if (!seen && rc == WS_PACKET_REFUSED(WS_REASON_TRUNCATED) && n < len)
			continue;
		assert_int_equal(rc, want);
		seen = 1;
	}
	for (uint32_t n = 0; n < len; n++) {
		int rc = parse(f.bytes + f.start, n, n, TEB, &p);

		assert_int_not_equal(rc, WS_PACKET_TCP);
		assert_int_not_equal(rc, WS_PACKET_REFUSED(WS_REASON_TRUNCATED));
	}
}

/* Interfaces without a link header: the frame begins with IP. */
static void frames_without_link_header(void **state)
{
	static const struct packet_case v4 = { "", { IP4(6), TCP, PAYLOAD(9) }, { 0 } };
	static const struct packet_case v6 = { "", { IP6(41), IP6(6), TCP, PAYLOAD(9) }, { 0 } };
	struct ws_packet p;
	struct frame f;

	(void)state;
	build(&f, &v4);
	assert_int_equal(parse(f.bytes + f.start, 49, 49, V4, &p), WS_PACKET_TCP);
	check_packet(&(struct want) { .ip_version = 4, .payload_off = 40, .payload_len = 9 }, 0x18, &p);
	assert_int_equal(parse(f.bytes + f.start, 49, 49, V6, &p), WS_PACKET_REFUSED(WS_REASON_BAD_HEADER));
	build(&f, &v6);
	assert_int_equal(parse(f.bytes + f.start, 109, 109, V6, &p), WS_PACKET_TCP);
	check_packet(&(struct want) { .ip_version = 6,
				      .encap = WS_ENCAP_IPIP,
				      .outer_ip_version = 6,
				      .l3_off = 40,
				      .payload_off = 100,
				      .payload_len = 9 },
		     0x18, &p);
}

static void tcp_flags_are_told(void **state)
{
	struct ws_packet p;
	struct frame f;

	(void)state;
	for (uint32_t flags = 0; flags < 256; flags++) {
		struct packet_case c = { "", { ETHER(V4), IP4(6), TCP_FLAGS(flags) }, { 0 } };

		build(&f, &c);
		assert_int_equal(parse(f.bytes + f.start, 54, 54, TEB, &p), WS_PACKET_TCP);
		assert_int_equal(p.tcp_flags, flags);
	}
}

/* A port that the run does not list is no VXLAN, also when it is the standard's. */
static void vxlan_ports_are_the_runs(void **state)
{
	static const struct packet_case c = { "",
					      { ETHER(V4), IP4(17), UDP(4789), VXLAN(1), ETHER(V4), IP4(6), TCP },
					      { 0 } };
	static const struct ws_tunnels none, all = { .vxlan_port = { 1, 2, 3, 4, 5, 6, 7, 4789 } };
	struct ws_cursor cursor = { .proto = TEB };
	struct ws_packet p;
	struct ws_bytes b;
	struct frame f;

	(void)state;
	build(&f, &c);
	b = ws_guard(f.bytes + f.start, FRAME_MAX - f.start);
	assert_int_equal(ws_packet_parse(&b, b.len, &none, &cursor, &p), WS_PACKET_REFUSED(WS_REASON_NOT_TCP));
	cursor = (struct ws_cursor) { .proto = TEB };
	assert_int_equal(ws_packet_parse(&b, b.len, &all, &cursor, &p), WS_PACKET_TCP);
	assert_int_equal(p.encap, WS_ENCAP_VXLAN);
}

static void addresses(void **state)
{
	static const uint8_t v4[2][16] = { { [10] = 0xff, 0xff, 10, 1, 2, 3 }, { [10] = 0xff, 0xff, 10, 4, 5, 6 } };
	static const struct packet_case c4 = { "", { ETHER(V4), IP4(6) }, { 0 } };
	static const struct packet_case c6 = { "", { ETHER(V6), IP6(6) }, { 0 } };
	uint8_t saddr[16], daddr[16];
	struct ws_bytes b;
	struct frame f;

	(void)state;
	build(&f, &c4);
	b = ws_guard(f.bytes + f.start, 34);
	assert_int_equal(ws_packet_addresses(&b, 14, 4, saddr, daddr), 0);
	assert_memory_equal(saddr, v4[0], 16);
	assert_memory_equal(daddr, v4[1], 16);
	for (uint32_t n = 0; n < 34; n++) {
		b = ws_guard(f.bytes + f.start, n);
		assert_int_equal(ws_packet_addresses(&b, 14, 4, saddr, daddr), -1);
	}
	build(&f, &c6);
	b = ws_guard(f.bytes + f.start, 54);
	assert_int_equal(ws_packet_addresses(&b, 14, 6, saddr, daddr), 0);
	for (uint8_t i = 0; i < 16; i++) {
		assert_int_equal(saddr[i], 0x20 + i);
		assert_int_equal(daddr[i], 0x30 + i);
	}
	for (uint32_t n = 0; n < 54; n++) {
		b = ws_guard(f.bytes + f.start, n);
		assert_int_equal(ws_packet_addresses(&b, 14, 6, saddr, daddr), -1);
	}
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* One test for each case, so that a failure names it and the others are still run. */
static size_t add_cases(struct CMUnitTest *to, const struct packet_case *cases, size_t n, CMUnitTestFunction test)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (struct CMUnitTest) { .name = cases[i].name,
					      .test_func = test,
					      .initial_state = (void *)&cases[i] };
	return n;
}

int main(void)
{
	static struct CMUnitTest tests[2 * COUNT(tcp_cases) + COUNT(refused_cases) + 4] = {
		cmocka_unit_test(frames_without_link_header),
		cmocka_unit_test(tcp_flags_are_told),
		cmocka_unit_test(vxlan_ports_are_the_runs),
		cmocka_unit_test(addresses),
	};
	size_t n = 4;

	n += add_cases(tests + n, tcp_cases, COUNT(tcp_cases), tcp_whole_or_captured_in_part);
	n += add_cases(tests + n, tcp_cases, COUNT(tcp_cases), tcp_cut_on_the_wire);
	n += add_cases(tests + n, refused_cases, COUNT(refused_cases), refused);
	assert(n == COUNT(tests));
	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
