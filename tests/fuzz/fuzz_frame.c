/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_frame - a libFuzzer target: any bytes as a frame, through the parsers as the host uses them.
 *
 * Input: four bytes of control, then the frame.
 *	byte 0     bit 0: the frame begins with an IP header, else with Ethernet; the rest: bytes that the capture cut
 *		   off, in units of 16
 *	byte 1     not used
 *	bytes 2-3  the window, little-endian, modulo WS_WINDOW_MAX; 0 stands for the largest one
 *
 * What is searched lies in heap memory of just its size, so that the address sanitizer sees a byte read too many. What
 * must hold of every answer is checked by abort(). `kernel_host --seeds DIR` writes a corpus to begin with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/context.h"
#include "lib/http.h"
#include "lib/packet.h"
#include "lib/record.h"
#include "tests/fuzz/must.h"

static const struct ws_tunnels tunnels = { .vxlan_port = { 4789, 8472 } };

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A copy in memory of its size; freed by the caller through data. */
static struct ws_bytes copy(const uint8_t *data, uint32_t len)
{
	uint8_t *to = malloc(len);

	MUST(to || !len);
	if (len)
		memcpy(to, data, len);
	return (struct ws_bytes) { .data = to, .len = len };
}

static int is_zero(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return n == 0;
}

static void check_context(const struct ws_record *r, uint32_t n_at_hand, uint32_t window)
{
	MUST(r->family == WS_FAMILY_W3C || r->family == WS_FAMILY_B3);
	MUST(!is_zero(r->trace_id, 16) && !is_zero(r->span_id, 8));
	MUST(r->ids_end_off <= window && r->ids_end_off <= n_at_hand);
	MUST(r->ids_end_off > r->ctx_off && r->ids_end_off <= r->ctx_off + r->ctx_len);
	MUST(r->ctx_off + r->ctx_len <= n_at_hand);
	MUST(r->searched_len >= r->ids_end_off);
	MUST(r->sampled <= WS_SAMPLED_YES);
	MUST(!(r->flags & WS_FLAG_TRACE_ID_64) || (r->family == WS_FAMILY_B3 && is_zero(r->trace_id, 8)));
}

static void check_no_context(const struct ws_record *r)
{
	MUST(r->reason == WS_REASON_OTHER_PAYLOAD ||
	     (r->reason >= WS_REASON_BEYOND_WINDOW && r->reason <= WS_REASON_NO_CONTEXT));
	MUST(r->family == WS_FAMILY_NONE && r->sampled == WS_SAMPLED_UNKNOWN && r->flags == 0);
	MUST(is_zero(r->trace_id, 16) && is_zero(r->span_id, 8) && is_zero(r->parent_span_id, 8));
	MUST(r->ctx_off == 0 && r->ctx_len == 0 && r->ids_end_off == 0);
}

/* Searches the first n_at_hand bytes of a payload. */
static struct ws_record search(const uint8_t *payload, uint32_t n_at_hand, uint32_t payload_len, uint32_t window)
{
	struct ws_bytes b = copy(payload, n_at_hand);
	struct ws_record r = { 0 };
	struct ws_search s;
	uint64_t n_steps = 1;

	ws_search_init(&s, window);
	while (!ws_search_step(&s, &b))
		MUST(++n_steps <= 2 * (uint64_t)b.len + 2);
	ws_search_finish(&s, payload_len, &r);
	free((void *)b.data);
	MUST(r.searched_len <= window && r.searched_len <= n_at_hand);
	if (r.reason == WS_REASON_CONTEXT)
		check_context(&r, n_at_hand, window);
	else
		check_no_context(&r);
	if (r.reason == WS_REASON_BEYOND_WINDOW)
		MUST(payload_len > window);
	if (r.reason == WS_REASON_SPLIT)
		MUST(payload_len <= window);
	return r;
}

/* One window: bytes behind its peek must not matter. */
static struct ws_record search_window(const uint8_t *payload, uint32_t n_at_hand, uint32_t payload_len, uint32_t window)
{
	uint32_t n = min_u32(n_at_hand, window + WS_SEARCH_PEEK);
	struct ws_record r = search(payload, n, payload_len, window);
	struct ws_record more;

	if (n < n_at_hand) {
		more = search(payload, n_at_hand, payload_len, window);
		MUST(!memcmp(&r, &more, sizeof(r)));
		more = search(payload, n + (n_at_hand - n) / 2, payload_len, window);
		MUST(!memcmp(&r, &more, sizeof(r)));
	}
	return r;
}

/* What a large window finds, a smaller one finds too, if the ids lie in it; and nothing else. */
static void search_windows(const uint8_t *payload, uint32_t n_at_hand, uint32_t payload_len, uint32_t window)
{
	struct ws_record full = search_window(payload, n_at_hand, payload_len, WS_WINDOW_MAX);
	const uint32_t windows[] = { window, 1, 50, 200, 800, full.ids_end_off, full.ids_end_off - 1 };

	if (n_at_hand < payload_len)
		return;
	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		struct ws_record r;

		if (windows[i] == 0 || windows[i] > WS_WINDOW_MAX)
			continue;
		r = search_window(payload, n_at_hand, payload_len, windows[i]);
		if (full.reason != WS_REASON_CONTEXT || windows[i] < full.ids_end_off)
			continue;
		MUST(r.reason == WS_REASON_CONTEXT);
		if (r.ctx_off < full.ctx_off) /* a value whose fault lies behind the smaller window's peek stands */
			continue;
		MUST(r.family == full.family);
		MUST(r.ctx_off == full.ctx_off && r.ids_end_off == full.ids_end_off);
		MUST(!memcmp(r.trace_id, full.trace_id, 16) && !memcmp(r.span_id, full.span_id, 8));
	}
}

static void check_packet(const struct ws_packet *p, const struct ws_bytes *b, uint32_t wire_len)
{
	uint8_t saddr[16], daddr[16];

	MUST(p->payload_off <= wire_len && p->payload_len <= wire_len - p->payload_off);
	MUST(p->l3_off < p->payload_off);
	MUST(p->ip_version == 4 || p->ip_version == 6);
	MUST(p->encap < WS_N_ENCAPS);
	MUST(ws_packet_addresses(b, p->l3_off, p->ip_version, saddr, daddr) == 0);
	if (p->encap == WS_ENCAP_NONE) {
		MUST(p->outer_ip_version == 0 && p->outer_l3_off == 0 && p->vni == 0);
		return;
	}
	MUST(p->outer_l3_off < p->l3_off);
	MUST(p->outer_ip_version == 4 || p->outer_ip_version == 6);
	MUST(ws_packet_addresses(b, p->outer_l3_off, p->outer_ip_version, saddr, daddr) == 0);
}

static void check_refusal(int rc, uint32_t n_at_hand, uint32_t wire_len)
{
	uint8_t reason = WS_PACKET_REASON(rc);

	MUST(rc < 0);
	MUST(reason <= WS_REASON_BAD_HEADER || reason == WS_REASON_TRUNCATED);
	MUST(reason != WS_REASON_TRUNCATED || n_at_hand < wire_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_cursor cursor = { .proto = WS_ETHERTYPE_ETHERNET };
	uint32_t len = (uint32_t)size - 4, wire_len, window, n_at_hand;
	struct ws_bytes headers, payload;
	struct ws_packet p;
	int rc;

	if (size < 5 || size > 1 << 18)
		return 0;
	if (data[0] & 1)
		cursor.proto = data[4] >> 4 == 4 ? WS_ETHERTYPE_IPV4 : WS_ETHERTYPE_IPV6;
	wire_len = len + (data[0] >> 1) * 16u;
	window = (data[2] | data[3] << 8) % WS_WINDOW_MAX;
	headers = copy(data + 4, min_u32(len, WS_HEADERS_MAX));
	rc = ws_packet_parse(&headers, wire_len, &tunnels, &cursor, &p);
	if (rc == WS_PACKET_TCP)
		check_packet(&p, &headers, wire_len);
	else
		check_refusal(rc, headers.len, wire_len);
	free((void *)headers.data);
	if (rc != WS_PACKET_TCP || p.payload_len == 0 || p.payload_off >= len)
		return 0;
	n_at_hand = min_u32(p.payload_len, len - p.payload_off);
	payload = copy(data + 4 + p.payload_off, n_at_hand);
	if (ws_http_kind(&payload, 0) == WS_HTTP_REQUEST)
		search_windows(payload.data, n_at_hand, p.payload_len, window ? window : WS_WINDOW_MAX);
	free((void *)payload.data);
	return 0;
}
