/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packets - frames out of a packet capture file: pcap and pcapng, plain or compressed with gzip or zstd, of the link
 * types that tcpdump makes for Ethernet, cooked captures (v1, v2), raw IP and BSD loopback.
 */
#ifndef WS_PACKETS_H
#define WS_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* A frame; the bytes are the reader's until the next one. */
struct ws_frame {
	const uint8_t *bytes;
	uint32_t captured_len;
	uint32_t wire_len; /* >= captured_len */
	uint32_t off;	   /* where the first header that we parse begins */
	uint16_t proto;	   /* EtherType of what stands there, WS_ETHERTYPE_ETHERNET for an Ethernet header */
	uint8_t direction; /* enum ws_direction, if the link type says it */
	uint64_t ts_ns;	   /* CLOCK_REALTIME */
};

struct ws_packets;

/* Opens a capture. Returns 0 or -errno; -EINVAL with words for what libpcap or we cannot read. */
int ws_packets_open(const char *path, struct ws_packets **packets, struct ws_error *err);

/*
 * The next frame. Returns 1, 0 at the end, or -errno. A capture that is cut off ends where its last whole packet does:
 * see ws_packets_is_cut().
 */
int ws_packets_next(struct ws_packets *p, struct ws_frame *frame, struct ws_error *err);

/* After the end: was the file cut off in mid-packet? *unread_bytes: how many bytes that leaves; 0 if not known. */
bool ws_packets_is_cut(const struct ws_packets *p, uint64_t *unread_bytes);

void ws_packets_close(struct ws_packets *p);

#endif
