/* SPDX-License-Identifier: BSD-2-Clause */
/* desk - see the header. */
#include "capture/desk.h"

#include <string.h>

void ws_desk_frame(const struct ws_desk *desk, const struct ws_catch *c, struct ws_record *r)
{
	memset(r, 0, sizeof(*r));
	r->ts_ns = c->ts_ns;
	memcpy(r->saddr, c->saddr, sizeof(r->saddr));
	memcpy(r->daddr, c->daddr, sizeof(r->daddr));
	memcpy(r->outer_saddr, c->outer_saddr, sizeof(r->outer_saddr));
	memcpy(r->outer_daddr, c->outer_daddr, sizeof(r->outer_daddr));
	r->seq = c->seq;
	r->vni = c->vni;
	r->frame_len = c->frame_len;
	r->payload_len = c->payload_len;
	r->req_off = c->req_off;
	r->sport = c->sport;
	r->dport = c->dport;
	r->vlan = c->vlan;
	r->n_segments = 1;
	r->point = desk->point;
	r->direction = c->direction;
	r->ip_version = c->ip_version;
	r->outer_ip_version = c->outer_ip_version;
	r->encap = c->encap;
	r->tcp_flags = c->tcp_flags;
	r->http_version = 1;
}
