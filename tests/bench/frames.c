/* SPDX-License-Identifier: BSD-2-Clause */
/* frames - see the header. Checksums are left zero: nothing that is measured looks at them. */
#include "tests/bench/frames.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define ETHERNET_LEN 14
#define IPV4_LEN     20
#define UDP_LEN	     8
#define VXLAN_LEN    8
#define TCP_LEN	     32

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static uint32_t put_ethernet(uint8_t *to, uint16_t type)
{
	static const uint8_t addresses[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };

	memcpy(to, addresses, sizeof(addresses));
	put16(to + 12, type);
	return ETHERNET_LEN;
}

static uint32_t put_ipv4(uint8_t *to, uint32_t payload_len, uint8_t protocol, uint32_t saddr, uint32_t daddr)
{
	memset(to, 0, IPV4_LEN);
	to[0] = 0x45;
	put16(to + 2, IPV4_LEN + payload_len);
	to[6] = 0x40; /* don't fragment */
	to[8] = 64;
	to[9] = protocol;
	put32(to + 12, saddr);
	put32(to + 16, daddr);
	return IPV4_LEN;
}

static uint32_t put_udp(uint8_t *to, uint32_t payload_len, uint16_t sport, uint16_t dport)
{
	put16(to, sport);
	put16(to + 2, dport);
	put16(to + 4, UDP_LEN + payload_len);
	put16(to + 6, 0);
	return UDP_LEN;
}

static uint32_t put_tcp(uint8_t *to, const struct frame_segment *s)
{
	const uint16_t client = (uint16_t)(40000 + s->stream), server = 9080;

	memset(to, 0, TCP_LEN);
	put16(to, s->is_answer ? server : client);
	put16(to + 2, s->is_answer ? client : server);
	put32(to + 4, s->seq);
	put32(to + 8, s->ack);
	to[12] = TCP_LEN / 4 << 4;
	to[13] = s->tcp_flags;
	put16(to + 14, 501);
	to[20] = to[21] = 1; /* no operation, twice */
	to[22] = 8;	     /* timestamps */
	to[23] = 10;
	return TCP_LEN;
}

uint32_t frame_headers_len(enum frame_wrap wrap)
{
	const uint32_t inner = ETHERNET_LEN + IPV4_LEN + TCP_LEN;

	if (wrap == FRAME_VXLAN)
		return inner + ETHERNET_LEN + IPV4_LEN + UDP_LEN + VXLAN_LEN;
	return wrap == FRAME_IPIP ? inner + IPV4_LEN : inner;
}

uint32_t frame_tcp(uint8_t *to, enum frame_wrap wrap, const struct frame_segment *s)
{
	const uint32_t node = 0xc0a84d01, pod = 0x0af4010a; /* 192.168.77.1, 10.244.1.10; the peer's: +1, +0x100 */
	const uint32_t tcp_len = TCP_LEN + s->payload_len;
	const uint8_t is_far = s->is_answer != s->is_reversed; /* the source is the peer */
	uint32_t at = put_ethernet(to, 0x0800);

	if (wrap == FRAME_VXLAN) {
		const uint32_t inner_len = ETHERNET_LEN + IPV4_LEN + tcp_len;

		at += put_ipv4(to + at, UDP_LEN + VXLAN_LEN + inner_len, 17, node + is_far, node + !is_far);
		at += put_udp(to + at, VXLAN_LEN + inner_len, (uint16_t)(33000 + s->stream), FRAME_VXLAN_PORT);
		memset(to + at, 0, VXLAN_LEN);
		to[at] = 0x08;
		to[at + 6] = 1;
		at += VXLAN_LEN;
		at += put_ethernet(to + at, 0x0800);
	} else if (wrap == FRAME_IPIP) {
		at += put_ipv4(to + at, IPV4_LEN + tcp_len, 4, node + is_far, node + !is_far);
	}
	at += put_ipv4(to + at, tcp_len, 6, is_far ? pod + 0x100 : pod, is_far ? pod : pod + 0x100);
	at += put_tcp(to + at, s);
	memcpy(to + at, s->payload, s->payload_len);
	return at + s->payload_len;
}

uint32_t frame_udp(uint8_t *to, uint32_t payload_len)
{
	uint32_t at = put_ethernet(to, 0x0800);

	at += put_ipv4(to + at, UDP_LEN + payload_len, 17, 0x0af4010a, 0x0af4020a);
	at += put_udp(to + at, payload_len, 40000, 53);
	memset(to + at, 'u', payload_len);
	return at + payload_len;
}

uint32_t frame_arp(uint8_t *to)
{
	memset(to, 0, 60);
	put_ethernet(to, 0x0806);
	return 60;
}

/* Header lines that fill exactly n bytes, as far as n is at least 8. Half of the names begin with an x, as in a mesh.
 */
static uint32_t put_lines(uint8_t *to, uint32_t n)
{
	static const char *const name[] = {
		"accept: ", "x-request-id: ",	   "user-agent: ", "x-envoy-decorator-operation: ",
		"cookie: ", "x-forwarded-proto: ",
	};
	static const uint8_t line_len[] = { 23, 52, 87, 62, 35, 107 };
	uint32_t at = 0;

	for (uint32_t i = 0; n - at >= 8; i++) {
		const char *begin = name[i % COUNT(name)];
		uint32_t len = line_len[i % COUNT(line_len)], name_len = (uint32_t)strlen(begin);

		if (len + 8 > n - at)
			len = n - at;
		if (len < name_len + 2) {
			begin = "te: ";
			name_len = 4;
		}
		memset(to + at, 'v', len);
		memcpy(to + at, begin, name_len);
		memcpy(to + at + len - 2, "\r\n", 2);
		at += len;
	}
	return at;
}

static uint32_t put_context(uint8_t *to, enum frame_context context, const char ids[64])
{
	char text[256];
	int n = 0;

	if (context == FRAME_B3)
		n = snprintf(
			text, sizeof(text),
			"x-b3-traceid: %.32s\r\nx-b3-spanid: %.16s\r\nx-b3-parentspanid: %.16s\r\nx-b3-sampled: 1\r\n",
			ids, ids + 32, ids + 48);
	else if (context == FRAME_W3C)
		n = snprintf(text, sizeof(text), "traceparent: 00-%.32s-%.16s-01\r\n", ids, ids + 32);
	memcpy(to, text, (size_t)n);
	return (uint32_t)n;
}

uint32_t frame_request(uint8_t *to, enum frame_context context, uint32_t off, uint32_t len, const char ids[64])
{
	static const char request_line[] = "GET /productpage?u=normal HTTP/1.1\r\n";
	uint32_t at = sizeof(request_line) - 1;

	memcpy(to, request_line, at);
	if (off > at)
		at += put_lines(to + at, off - at);
	at += put_context(to + at, context, ids);
	if (len > at + 2)
		at += put_lines(to + at, len - at - 2);
	memcpy(to + at, "\r\n", 2);
	return at + 2;
}
