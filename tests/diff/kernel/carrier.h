/* SPDX-License-Identifier: BSD-2-Clause */
/* carrier - TCP segments in the frames of one direction of a connection: plain or in a tunnel, as a record must tell
 * it. */
#ifndef WS_TEST_CARRIER_H
#define WS_TEST_CARRIER_H

#include <stdint.h>

#include "lib/record.h"
#include "tests/diff/kernel/dice.h"

#define CARRIER_FRAME_MAX 65536
/* The rest is for headers. */
#define CARRIER_PAYLOAD_MAX 65000

enum carrier_tcp_flag {
	CARRIER_FIN = 0x01,
	CARRIER_SYN = 0x02,
	CARRIER_RST = 0x04,
	CARRIER_ACK = 0x10,
	CARRIER_PSH = 0x08,
};

enum carrier_wrap {
	CARRIER_PLAIN,
	CARRIER_VLAN,
	CARRIER_VXLAN,
	CARRIER_IPIP,
	CARRIER_GENEVE,
	CARRIER_GRE,
	CARRIER_N_WRAPS,
};

struct carrier {
	enum carrier_wrap wrap;
	uint8_t is_raw_ip; /* frames begin with an IP header */
	uint8_t ip_version;
	uint8_t outer_ip_version;
	uint8_t saddr[16]; /* IPv4 mapped into IPv6 */
	uint8_t daddr[16];
	uint8_t outer_saddr[16];
	uint8_t outer_daddr[16];
	uint16_t sport;
	uint16_t dport;
	uint16_t vlan;
	uint16_t vxlan_port;
	uint32_t vni;
	uint8_t n_option_words; /* of the TCP header */
};

/* A connection of any kind. The ports are the caller's to choose. */
void carrier_make(struct dice *d, uint8_t is_raw_ip, uint16_t sport, uint16_t dport, struct carrier *w);

/* The same connection's other direction. */
struct carrier carrier_back(const struct carrier *w);

/* Writes the frame of a segment. Returns its length. */
uint32_t carrier_frame(const struct carrier *w, uint32_t seq, uint32_t ack, uint8_t tcp_flags, const uint8_t *payload,
		       uint32_t len, uint8_t frame[CARRIER_FRAME_MAX]);

/* What a record says of a frame and its connection, but for its stamp and what is in it. */
void carrier_describe(const struct carrier *w, uint32_t frame_len, uint32_t payload_len, uint8_t tcp_flags,
		      struct ws_record *r);

#endif
