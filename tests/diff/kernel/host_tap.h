/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_tap - what the in-kernel program must say of a frame, by the same parsers compiled for the host.
 */
#ifndef WS_TEST_HOST_TAP_H
#define WS_TEST_HOST_TAP_H

#include <string.h>

#include "lib/context.h"
#include "lib/http.h"
#include "lib/packet.h"
#include "lib/record.h"
#include "lib/tap_config.h"

static inline void host_tap_search(const struct ws_tap_config *config, const struct ws_bytes *payload,
				   struct ws_record *r)
{
	struct ws_bytes b = *payload;
	struct ws_search s;

	if (b.len > config->window_bytes + WS_SEARCH_PEEK)
		b.len = config->window_bytes + WS_SEARCH_PEEK;
	ws_search_init(&s, config->window_bytes);
	while (!ws_search_step(&s, &b))
		;
	ws_search_finish(&s, payload->len, r);
}

static inline void host_tap_fill(const struct ws_tap_config *config, const struct ws_packet *p, uint32_t frame_len,
				 struct ws_record *r)
{
	r->seq = p->seq;
	r->vni = p->vni;
	r->frame_len = frame_len;
	r->payload_len = p->payload_len;
	r->sport = p->sport;
	r->dport = p->dport;
	r->vlan = p->vlan;
	r->n_segments = 1;
	r->point = config->point;
	r->ip_version = p->ip_version;
	r->outer_ip_version = p->outer_ip_version;
	r->encap = p->encap;
	r->tcp_flags = p->tcp_flags;
}

/* Returns the frame's slot in the ledger; if it holds a request, fills the record, but for its time and direction. */
static inline uint32_t host_tap(const struct ws_tap_config *config, const uint8_t *frame, uint32_t len,
				struct ws_record *r)
{
	struct ws_bytes b = { .data = frame, .len = len < WS_HEADERS_MAX ? len : WS_HEADERS_MAX }, payload;
	struct ws_cursor cursor = { .proto = config->link_proto };
	struct ws_packet p;
	int rc;

	memset(r, 0, sizeof(*r));
	if (len == 0)
		return WS_REASON_BAD_HEADER;
	if (cursor.proto == 0)
		cursor.proto = frame[0] >> 4 == 4 ? WS_ETHERTYPE_IPV4 : WS_ETHERTYPE_IPV6;
	rc = ws_packet_parse(&b, len, &config->tunnels, &cursor, &p);
	if (rc != WS_PACKET_TCP)
		return WS_PACKET_REASON(rc);
	if (ws_packet_addresses(&b, p.l3_off, p.ip_version, r->saddr, r->daddr))
		return WS_REASON_BAD_HEADER;
	if (!ws_tap_selects(config, &p, r->saddr, r->daddr))
		return WS_REASON_FILTERED;
	if (p.payload_len == 0)
		return WS_REASON_NO_PAYLOAD;
	payload = (struct ws_bytes) { .data = frame + p.payload_off, .len = p.payload_len };
	switch (ws_http_kind(&payload, 0)) {
	case WS_HTTP_REQUEST:
		break;
	case WS_HTTP_RESPONSE:
		return WS_REASON_HTTP_RESPONSE;
	case WS_HTTP_TLS:
		return WS_REASON_TLS;
	default:
		return WS_REASON_OTHER_PAYLOAD;
	}
	if (p.encap && ws_packet_addresses(&b, p.outer_l3_off, p.outer_ip_version, r->outer_saddr, r->outer_daddr))
		return WS_REASON_BAD_HEADER;
	host_tap_fill(config, &p, len, r);
	host_tap_search(config, &payload, r);
	return ws_reason_slot(r->reason, r->family);
}

#endif
