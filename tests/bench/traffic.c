/* SPDX-License-Identifier: BSD-2-Clause */
/* traffic - see the header. */
#include "tests/bench/traffic.h"

#include <string.h>

#include "tests/bench/measure.h"

#define MEAN_DISTANCE_NS 40000
#define VXLAN_OVERHEAD	 50

static void put_address(uint8_t to[16], uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t address[16] = { [10] = 0xff, [11] = 0xff, [12] = a, [13] = b, [14] = c, [15] = d };

	memcpy(to, address, sizeof(address));
}

static void put_random(uint8_t *to, uint32_t len, uint64_t *state)
{
	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t value = measure_random(state);

		memcpy(to + i, &value, 8);
	}
}

static void put_connection(struct ws_record *r, uint32_t connection)
{
	const uint8_t is_out = connection & 1;

	put_address(r->saddr, 10, 244, is_out ? 1 : 2, (uint8_t)(10 + connection / 2));
	put_address(r->daddr, 10, 244, is_out ? 2 : 1, (uint8_t)(20 + connection / 4));
	put_address(r->outer_saddr, 192, 168, 77, is_out ? 1 : 2);
	put_address(r->outer_daddr, 192, 168, 77, is_out ? 2 : 1);
	r->sport = (uint16_t)(33000 + 1237 * connection);
	r->dport = 9080;
	r->direction = is_out ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
	r->vni = 1;
	r->ip_version = r->outer_ip_version = 4;
	r->encap = WS_ENCAP_VXLAN;
}

void traffic_next(struct traffic *t, struct ws_record *r)
{
	/* request heads of three services: their lengths and the places of the context differ by a path or a cookie */
	static const uint16_t head_len[] = { 1243, 1391, 1417 };
	const uint32_t part = t->n % 3, connection = (uint32_t)(measure_random(&t->random) % TRAFFIC_CONNECTIONS);
	const uint64_t random = measure_random(&t->random);

	memset(r, 0, sizeof(*r));
	put_connection(r, connection);
	if (t->n++ == 0)
		t->ns = TRAFFIC_BEGIN_NS;
	t->ns += measure_exponential(&t->random, MEAN_DISTANCE_NS);
	r->ts_ns = r->done_ts_ns = (uint64_t)t->ns;
	if (part == 0) {
		put_random(t->trace_id, 16, &t->random);
		put_random(t->root_span_id, 8, &t->random);
		memcpy(r->span_id, t->root_span_id, 8);
	} else {
		put_random(r->span_id, 8, &t->random);
		memcpy(r->parent_span_id, t->root_span_id, 8);
	}
	memcpy(r->trace_id, t->trace_id, 16);
	r->payload_len = head_len[part] + (uint32_t)(random & 3);
	r->frame_len = r->payload_len + 116;
	r->seq = t->seq[connection];
	t->seq[connection] += r->payload_len;
	r->ctx_off = part == 0 ? 36 : 28;
	r->ctx_len = part == 0 ? 75 : 110;
	r->ids_end_off = r->ctx_off + 75;
	r->searched_len = r->ctx_off + r->ctx_len + 18;
	r->n_segments = 1;
	r->tcp_flags = 0x18;
	r->reason = WS_REASON_CONTEXT;
	r->family = WS_FAMILY_B3;
	r->families = 1 << WS_FAMILY_B3;
	r->http_version = 1;
	r->ctx_segment = r->ids_end_segment = 1;
	r->sampled = WS_SAMPLED_YES;
}

void traffic_inside(const struct ws_record *outside, struct ws_record *r)
{
	*r = *outside;
	memset(r->outer_saddr, 0, 16);
	memset(r->outer_daddr, 0, 16);
	r->vni = 0;
	r->encap = WS_ENCAP_NONE;
	r->outer_ip_version = 0;
	r->frame_len -= VXLAN_OVERHEAD;
	r->point = 1;
	r->direction = outside->direction == WS_DIRECTION_IN ? WS_DIRECTION_OUT : WS_DIRECTION_IN;
}
