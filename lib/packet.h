/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * packet - from a frame's first byte to its TCP payload, through VLAN tags and one or two tunnels.
 *
 * One text for kernel and host: it reads flat bytes through ws_bytes_*, so that the BPF verifier can follow every
 * offset and the host never reads a byte that is not there.
 */
#ifndef WS_PACKET_H
#define WS_PACKET_H

#include "lib/bytes.h"
#include "lib/record.h"

/* Header bytes that the parser looks at: enough for any IPv4 options in both layers of VXLAN, and for IPv6. */
#define WS_HEADERS_MAX 384
/* 802.1Q and 802.1ad tags in a row. */
#define WS_VLANS_MAX 3
/* IPv6 extension headers in a row. */
#define WS_EXTENSIONS_MAX 6
/* IP headers in a frame: two tunnels at most. */
#define WS_LAYERS_MAX	   3
#define WS_VXLAN_PORTS_MAX 8

/* EtherTypes (IEEE 802), with Transparent Ethernet Bridging standing for "an Ethernet header follows". */
#define WS_ETHERTYPE_IPV4     0x0800
#define WS_ETHERTYPE_IPV6     0x86dd
#define WS_ETHERTYPE_VLAN     0x8100
#define WS_ETHERTYPE_QINQ     0x88a8
#define WS_ETHERTYPE_QINQ_OLD 0x9100
#define WS_ETHERTYPE_ETHERNET 0x6558

#define WS_IPPROTO_IPV4 4
#define WS_IPPROTO_TCP	6
#define WS_IPPROTO_UDP	17
#define WS_IPPROTO_IPV6 41
#define WS_IPPROTO_GRE	47

#define WS_GENEVE_PORT 6081

/* What is not in the frame itself and decides how it is read. */
struct ws_tunnels {
	uint16_t vxlan_port[WS_VXLAN_PORTS_MAX]; /* UDP destination ports; 0 ends the list */
};

/* Where things are in a frame that holds TCP. Offsets count from the frame's first byte. */
struct ws_packet {
	uint32_t outer_l3_off; /* outermost IP header; meaningful with a tunnel */
	uint32_t l3_off;       /* innermost IP header */
	uint32_t payload_off;
	uint32_t payload_len; /* by the IP header, so that Ethernet padding does not count */
	uint32_t seq;	      /* of the payload's first byte; a SYN's own number is not skipped */
	uint32_t vni;
	uint16_t sport;
	uint16_t dport;
	uint16_t vlan;
	uint8_t ip_version;
	uint8_t outer_ip_version;
	uint8_t encap;
	uint8_t tcp_flags;
};

/*
 * How far the parser has come. It lies in memory beside ws_packet, in the kernel in a map value, and is written to and
 * read from memory at every loop: what comes out of a map is unknown to the verifier, so that the ways through one
 * layer merge before the next begins instead of multiplying.
 */
struct ws_cursor {
	uint32_t off;	  /* the next header */
	uint32_t end_off; /* of the innermost IP packet so far, by its length field; nothing in it ends later */
	uint16_t proto;	  /* EtherType of what stands at off */
	uint8_t protocol; /* IP protocol of what stands at off, behind an IP header */
};

/* Results of the parser beside the ws_reason that ends it. */
#define WS_PACKET_TCP		  0
#define WS_PACKET_REFUSED(reason) (-1 - (int)(reason))
#define WS_PACKET_REASON(rc)	  ((uint8_t)(-1 - (rc)))

/*
 * What to say of a header that does not end within the bytes at hand: the frame itself is too short, or the
 * capture kept too little of it.
 */
static __always_inline int ws_packet_short(const struct ws_bytes *b, uint32_t wire_len, uint32_t end_off)
{
	if (end_off <= wire_len && b->len < wire_len && end_off <= WS_HEADERS_MAX)
		return WS_PACKET_REFUSED(WS_REASON_TRUNCATED);
	return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
}

/* Skips an Ethernet header, if the cursor says so, and VLAN tags; then proto is the EtherType behind. */
static __always_inline int ws_packet_link(const struct ws_bytes *b, uint32_t wire_len, struct ws_cursor *c,
					  struct ws_packet *out)
{
	if (c->proto == WS_ETHERTYPE_ETHERNET) {
		if (!ws_bytes_has(b, c->off, 14))
			return ws_packet_short(b, wire_len, c->off + 14);
		if (c->off + 14 > c->end_off)
			return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
		c->proto = ws_bytes_be16(b, c->off + 12);
		c->off += 14;
	}
	WS_KEEP_LOOP
	for (int i = 0; i < WS_VLANS_MAX; i++) {
		WS_FORGET();
		if (c->proto != WS_ETHERTYPE_VLAN && c->proto != WS_ETHERTYPE_QINQ && c->proto != WS_ETHERTYPE_QINQ_OLD)
			break;
		if (!ws_bytes_has(b, c->off, 4))
			return ws_packet_short(b, wire_len, c->off + 4);
		if (!out->vlan)
			out->vlan = ws_bytes_be16(b, c->off);
		c->proto = ws_bytes_be16(b, c->off + 2);
		c->off += 4;
	}
	return 0;
}

/* Reads an IPv4 header (RFC 791 3.1). A total length of 0 is a super-packet of more than 64 KB. */
static __always_inline int ws_packet_ipv4(const struct ws_bytes *b, uint32_t wire_len, struct ws_cursor *c)
{
	uint32_t off = c->off;

	if (!ws_bytes_has(b, off, 20))
		return ws_packet_short(b, wire_len, off + 20);

	uint8_t version_ihl = ws_bytes_u8(b, off);
	uint32_t header_len = (version_ihl & 0x0fu) * 4;
	uint32_t total_len = ws_bytes_be16(b, off + 2);

	if (version_ihl >> 4 != 4 || header_len < 20)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	if (ws_bytes_be16(b, off + 6) & 0x3fff)
		return WS_PACKET_REFUSED(WS_REASON_FRAGMENT);
	if (off > c->end_off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	if (total_len == 0)
		total_len = c->end_off - off;
	if (total_len < header_len || total_len > c->end_off - off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	c->protocol = ws_bytes_u8(b, off + 9);
	c->end_off = off + total_len;
	c->off = off + header_len;
	return 0;
}

/* Skips the extension headers of an IPv6 packet (RFC 8200 4) while the cursor stands at one. */
static __always_inline int ws_packet_extensions(const struct ws_bytes *b, uint32_t wire_len, struct ws_cursor *c)
{
	WS_KEEP_LOOP
	for (int i = 0; i < WS_EXTENSIONS_MAX; i++) {
		uint32_t off, len;
		uint8_t next;

		WS_FORGET();
		off = c->off;
		next = c->protocol;
		if (next != 0 && next != 43 && next != 60 && next != 135 && next != 44 && next != 51)
			break;
		if (!ws_bytes_has(b, off, 8))
			return ws_packet_short(b, wire_len, off + 8);
		if (next == 44) { /* fragment header; an atomic fragment (RFC 6946) is a whole packet */
			if (ws_bytes_be16(b, off + 2) & 0xfff9)
				return WS_PACKET_REFUSED(WS_REASON_FRAGMENT);
			len = 8;
		} else if (next == 51) { /* authentication header counts in words of 4, less 2 */
			len = (ws_bytes_u8(b, off + 1) + 2u) * 4;
		} else {
			len = (ws_bytes_u8(b, off + 1) + 1u) * 8;
		}
		c->protocol = ws_bytes_u8(b, off);
		c->off = off + len;
	}
	return 0;
}

/* Reads an IPv6 header (RFC 8200 3). A payload length of 0 is a jumbogram, or a super-packet of more than 64 KB. */
static __always_inline int ws_packet_ipv6(const struct ws_bytes *b, uint32_t wire_len, struct ws_cursor *c)
{
	uint32_t off = c->off;
	int rc;

	if (!ws_bytes_has(b, off, 40))
		return ws_packet_short(b, wire_len, off + 40);
	if (ws_bytes_u8(b, off) >> 4 != 6)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);

	uint32_t payload_len = ws_bytes_be16(b, off + 4);

	off += 40;
	if (off > c->end_off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	if (payload_len == 0)
		payload_len = c->end_off - off;
	if (payload_len > c->end_off - off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	c->protocol = ws_bytes_u8(b, off - 34);
	c->end_off = off + payload_len;
	c->off = off;
	rc = ws_packet_extensions(b, wire_len, c);
	if (rc)
		return rc;
	return c->off > c->end_off ? WS_PACKET_REFUSED(WS_REASON_BAD_HEADER) : 0;
}

/* Reads a TCP header (RFC 9293 3.1). */
static __always_inline int ws_packet_tcp(const struct ws_bytes *b, uint32_t wire_len, const struct ws_cursor *c,
					 struct ws_packet *out)
{
	uint32_t off = c->off;

	if (off + 20 > c->end_off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	if (!ws_bytes_has(b, off, 20))
		return ws_packet_short(b, wire_len, off + 20);

	uint32_t header_len = (ws_bytes_u8(b, off + 12) >> 4) * 4u;

	if (header_len < 20 || off + header_len > c->end_off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	out->sport = ws_bytes_be16(b, off);
	out->dport = ws_bytes_be16(b, off + 2);
	out->seq = ws_bytes_be32(b, off + 4);
	out->tcp_flags = ws_bytes_u8(b, off + 13);
	out->payload_off = off + header_len;
	out->payload_len = c->end_off - out->payload_off;
	return WS_PACKET_TCP;
}

/* Is this UDP destination port one of the run's VXLAN ports? */
static __always_inline int ws_packet_is_vxlan(const struct ws_tunnels *t, uint16_t port)
{
	WS_KEEP_LOOP
	for (int i = 0; i < WS_VXLAN_PORTS_MAX; i++) {
		if (t->vxlan_port[i] == 0)
			break;
		if (t->vxlan_port[i] == port)
			return 1;
	}
	return 0;
}

/* Steps into a tunnel in UDP: VXLAN (RFC 7348 5) or Geneve (RFC 8926 3.4). */
static __always_inline int ws_packet_udp_tunnel(const struct ws_bytes *b, uint32_t wire_len, const struct ws_tunnels *t,
						struct ws_cursor *c, uint8_t *encap, uint32_t *vni)
{
	uint32_t off = c->off;

	if (!ws_bytes_has(b, off, 4))
		return ws_packet_short(b, wire_len, off + 4);

	uint16_t dport = ws_bytes_be16(b, off + 2);
	int is_vxlan = ws_packet_is_vxlan(t, dport);

	if (!is_vxlan && dport != WS_GENEVE_PORT)
		return WS_PACKET_REFUSED(WS_REASON_NOT_TCP);
	if (!ws_bytes_has(b, off, 16))
		return ws_packet_short(b, wire_len, off + 16);

	uint8_t first = ws_bytes_u8(b, off + 8);

	*vni = ws_bytes_be32(b, off + 12) >> 8;
	if (is_vxlan) {
		if (!(first & 0x08)) /* the I flag: without it the VNI is not valid and the frame must be dropped */
			return WS_PACKET_REFUSED(WS_REASON_NOT_TCP);
		c->proto = WS_ETHERTYPE_ETHERNET;
		*encap = WS_ENCAP_VXLAN;
		c->off = off + 16;
		return 0;
	}
	if (first >> 6 != 0)
		return WS_PACKET_REFUSED(WS_REASON_NOT_TCP);
	c->proto = ws_bytes_be16(b, off + 10);
	*encap = WS_ENCAP_GENEVE;
	c->off = off + 16 + (first & 0x3fu) * 4;
	return 0;
}

/* Steps into GRE version 0 (RFC 2784 2, RFC 2890 2); *vni is the key, if there is one. */
static __always_inline int ws_packet_gre(const struct ws_bytes *b, uint32_t wire_len, struct ws_cursor *c,
					 uint32_t *vni)
{
	uint32_t off = c->off;

	if (!ws_bytes_has(b, off, 4))
		return ws_packet_short(b, wire_len, off + 4);

	uint16_t flags = ws_bytes_be16(b, off);

	if (flags & 0x4007) /* source routing, which nobody sends, or another version (PPTP) */
		return WS_PACKET_REFUSED(WS_REASON_NOT_TCP);
	c->proto = ws_bytes_be16(b, off + 2);
	off += flags & 0x8000 ? 8 : 4; /* checksum */
	if (flags & 0x2000) {
		if (!ws_bytes_has(b, off, 4))
			return ws_packet_short(b, wire_len, off + 4);
		*vni = ws_bytes_be32(b, off);
		off += 4;
	}
	off += flags & 0x1000 ? 4 : 0; /* sequence number */
	c->off = off;
	return 0;
}

/* Steps into the tunnel that the cursor stands at, or says that there is none. The outermost one is noted. */
static __always_inline int ws_packet_tunnel(const struct ws_bytes *b, uint32_t wire_len, const struct ws_tunnels *t,
					    struct ws_cursor *c, struct ws_packet *out)
{
	uint8_t encap = WS_ENCAP_IPIP;
	uint32_t vni = 0;
	int rc = 0;

	switch (c->protocol) {
	case WS_IPPROTO_UDP:
		rc = ws_packet_udp_tunnel(b, wire_len, t, c, &encap, &vni);
		break;
	case WS_IPPROTO_GRE:
		encap = WS_ENCAP_GRE;
		rc = ws_packet_gre(b, wire_len, c, &vni);
		break;
	case WS_IPPROTO_IPV4:
		c->proto = WS_ETHERTYPE_IPV4;
		break;
	case WS_IPPROTO_IPV6:
		c->proto = WS_ETHERTYPE_IPV6;
		break;
	default:
		return WS_PACKET_REFUSED(WS_REASON_NOT_TCP);
	}
	if (rc)
		return rc;
	if (c->off > c->end_off)
		return WS_PACKET_REFUSED(WS_REASON_BAD_HEADER);
	if (out->encap == WS_ENCAP_NONE) {
		out->encap = encap;
		out->vni = vni;
		out->outer_ip_version = out->ip_version;
		out->outer_l3_off = out->l3_off;
	}
	return 0;
}

/*
 * Finds the TCP payload of a frame.
 *
 * frame     the frame's bytes at hand, at most WS_HEADERS_MAX of them are looked at
 * wire_len  the frame's length on the wire, >= frame->len
 * c         working memory; in: off, where to begin, and proto, what stands there (WS_ETHERTYPE_ETHERNET for an
 *           Ethernet header)
 *
 * Returns WS_PACKET_TCP with *out filled and c->off at the TCP header, or WS_PACKET_REFUSED(reason) with *out
 * undefined.
 */
static __always_inline int ws_packet_parse(const struct ws_bytes *frame, uint32_t wire_len, const struct ws_tunnels *t,
					   struct ws_cursor *c, struct ws_packet *out)
{
	struct ws_bytes headers = *frame;
	const struct ws_bytes *b = &headers;
	int rc;

	if (headers.len > WS_HEADERS_MAX)
		headers.len = WS_HEADERS_MAX;
	c->end_off = wire_len;
	out->encap = WS_ENCAP_NONE;
	out->outer_ip_version = 0;
	out->outer_l3_off = 0;
	out->vni = 0;
	out->vlan = 0;
	WS_KEEP_LOOP
	for (int layer = 0; layer < WS_LAYERS_MAX; layer++) {
		WS_FORGET();
		rc = ws_packet_link(b, wire_len, c, out);
		if (rc)
			return rc;
		WS_FORGET();
		out->l3_off = c->off;
		if (c->proto == WS_ETHERTYPE_IPV4) {
			out->ip_version = 4;
			rc = ws_packet_ipv4(b, wire_len, c);
		} else if (c->proto == WS_ETHERTYPE_IPV6) {
			out->ip_version = 6;
			rc = ws_packet_ipv6(b, wire_len, c);
		} else {
			return WS_PACKET_REFUSED(layer ? WS_REASON_NOT_TCP : WS_REASON_NOT_IP);
		}
		if (rc)
			return rc;
		WS_FORGET();
		if (c->protocol == WS_IPPROTO_TCP)
			return ws_packet_tcp(b, wire_len, c, out);
		rc = ws_packet_tunnel(b, wire_len, t, c, out);
		if (rc)
			return rc;
	}
	return WS_PACKET_REFUSED(WS_REASON_NOT_TCP);
}

/* The acknowledgment number of the TCP header at off, which the parser has read. */
static __always_inline uint32_t ws_packet_ack(const struct ws_bytes *b, uint32_t off)
{
	return ws_bytes_be32(b, off + 8);
}

/* Copies the addresses of the IP header at off, an IPv4 one as ::ffff:a.b.c.d. Returns 0, or -1 if it is not there. */
static __always_inline int ws_packet_addresses(const struct ws_bytes *b, uint32_t off, uint8_t ip_version,
					       uint8_t saddr[16], uint8_t daddr[16])
{
	if (ip_version == 4) {
		if (!ws_bytes_has(b, off, 20))
			return -1;
		ws_bytes_v4_mapped(b, off + 12, saddr);
		ws_bytes_v4_mapped(b, off + 16, daddr);
		return 0;
	}
	if (!ws_bytes_has(b, off, 40))
		return -1;
	ws_bytes_copy16(b, off + 8, saddr);
	ws_bytes_copy16(b, off + 24, daddr);
	return 0;
}

#endif
