/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * quick - at tc, a look in place at frames of the usual shapes that hold no request: IPv4 without options, plain or in
 * VXLAN, TCP. Most frames end here, without a copy. It decides nothing that the parser would decide otherwise: whatever
 * is unusual, or may be of interest, is the parser's.
 */
#ifndef WS_QUICK_BPF_H
#define WS_QUICK_BPF_H

#include "bpf/flows.bpf.h"

/* The frame is the parser's. */
#define NOT_QUICK WS_N_REASONS

#define ETHERNET_LEN 14
#define IPV4_LEN     20
#define TCP_LEN	     20
/* Outer IPv4, UDP and VXLAN headers, and the inner link header. */
#define VXLAN_LEN (IPV4_LEN + 8 + 8 + ETHERNET_LEN)

static __always_inline uint16_t quick_be16(const uint8_t *at)
{
	return __builtin_bswap16(*(const uint16_t *)at);
}

/*
 * Is it an IPv4 header of 20 bytes, of no fragment, at the start of a packet of at most room bytes? Returns its total
 * length, or 0.
 */
static __always_inline uint32_t quick_ipv4(const uint8_t *ip, uint32_t room)
{
	uint32_t total_len = quick_be16(ip + 2);

	if (ip[0] != 0x45 || (quick_be16(ip + 6) & 0x3fff) || total_len > room)
		return 0;
	return total_len;
}

/* What does a payload of at least 16 bytes begin with, if no request, no HTTP/2, and no response that is to be told? */
static __always_inline uint32_t quick_start(const uint8_t *payload)
{
	uint64_t word = *(const uint64_t *)payload;
	uint8_t first = word & 0xff;

	if ((word & 0xffffffffffffffu) == 0x2e312f50545448u && payload[8] == ' ' && !tap_config()->records_responses)
		return WS_REASON_HTTP_RESPONSE; /* "HTTP/1." */
	if (first >= 'A' && first <= 'Z')
		return NOT_QUICK;
	if (ws_http_is_tls(word))
		return WS_REASON_TLS;
	return (word >> 24 & 0xff) == WS_HTTP2_HEADERS ? NOT_QUICK : WS_REASON_OTHER_PAYLOAD;
}

/* The TCP segment of len bytes whose header is at tcp; what lies in one piece of the frame ends at end. */
static __always_inline uint32_t quick_tcp(const uint8_t *tcp, uint32_t len, const uint8_t *end)
{
	uint64_t header_len = (tcp[12] >> 4) * 4u;
	uint8_t flags = tcp[13];
	const uint8_t *payload;

	if (header_len < TCP_LEN || header_len > len)
		return NOT_QUICK;
	if (header_len == len)
		return flags & (TCP_SYN | TCP_RST | TCP_FIN) ? NOT_QUICK : WS_REASON_NO_PAYLOAD;
	if (len - header_len < 16 || flows_may_know(quick_be16(tcp), quick_be16(tcp + 2)))
		return NOT_QUICK;
	payload = tcp + header_len;
	if (payload + 16 > end)
		return NOT_QUICK;
	return quick_start(payload);
}

/* Returns the frame's slot in the ledger, or NOT_QUICK. */
static __always_inline uint32_t quick(const struct __sk_buff *skb)
{
	const uint8_t *frame = (const uint8_t *)(long)skb->data, *end = (const uint8_t *)(long)skb->data_end;
	const struct ws_tap_config *c = tap_config();
	const uint8_t *ip = frame + ETHERNET_LEN;
	uint32_t len, wire_len = skb->len;
	uint16_t dport;

	if (c->n_filters || c->link_proto != WS_ETHERTYPE_ETHERNET || ip + IPV4_LEN + TCP_LEN > end ||
	    quick_be16(frame + 12) != WS_ETHERTYPE_IPV4)
		return NOT_QUICK;
	len = quick_ipv4(ip, wire_len - ETHERNET_LEN);
	if (len < IPV4_LEN + TCP_LEN)
		return NOT_QUICK;
	if (ip[9] == WS_IPPROTO_TCP)
		return quick_tcp(ip + IPV4_LEN, len - IPV4_LEN, end);
	dport = quick_be16(ip + IPV4_LEN + 2);
	if (ip[9] != WS_IPPROTO_UDP || (dport != c->tunnels.vxlan_port[0] && dport != c->tunnels.vxlan_port[1]) ||
	    !dport || dport == WS_GENEVE_PORT)
		return NOT_QUICK;
	if (len < VXLAN_LEN || ip + VXLAN_LEN + IPV4_LEN + TCP_LEN > end || !(ip[IPV4_LEN + 8] & 0x08) ||
	    quick_be16(ip + VXLAN_LEN - 2) != WS_ETHERTYPE_IPV4)
		return NOT_QUICK;
	len = quick_ipv4(ip + VXLAN_LEN, len - VXLAN_LEN);
	if (len < IPV4_LEN + TCP_LEN || ip[VXLAN_LEN + 9] != WS_IPPROTO_TCP)
		return NOT_QUICK;
	return quick_tcp(ip + VXLAN_LEN + IPV4_LEN, len - IPV4_LEN, end);
}

#endif
