/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_frame - a libFuzzer target: any bytes as a frame, through the parsers as the host uses them.
 *
 * Input: four bytes of control, then the frame.
 *	byte 0     bit 0: the frame begins with an IP header, else with Ethernet; the rest: bytes that the capture cut
 *		   off, in units of 16
 *	byte 1     where the head is cut in two, in steps that depend on it
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
#include "tests/unit/search_walk.h"

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

static struct ws_wanted wanted;
static struct ws_names names;

/* What is searched lies in memory of just its size; it is freed at the next call. */
static struct ws_bytes place(const void *bytes, uint32_t len)
{
	static uint8_t *last;

	free(last);
	last = (uint8_t *)copy(bytes, len).data;
	return (struct ws_bytes) { .data = last, .len = len };
}

static int is_zero(const uint8_t *bytes, size_t n)
{
	while (n && !bytes[n - 1])
		n--;
	return n == 0;
}

static void check_context(const struct ws_record *r, uint32_t n_at_hand, uint32_t window)
{
	MUST(wanted.families & 1u << r->family);
	MUST(r->families & 1u << r->family);
	MUST(!(r->families & ~wanted.families) && !(r->malformed & ~wanted.families));
	MUST(!is_zero(r->trace_id, 16));
	MUST(r->ids_end_off <= window && r->ids_end_off <= n_at_hand);
	MUST(r->ids_end_off > r->ctx_off && r->ids_end_off <= r->ctx_off + r->ctx_len);
	MUST(r->ctx_off + r->ctx_len <= n_at_hand);
	MUST(r->sampled <= WS_SAMPLED_YES);
	MUST(!(r->flags & WS_FLAG_TRACE_ID_64) || is_zero(r->trace_id, 8));
}

static void check_no_context(const struct ws_record *r)
{
	MUST(r->reason == WS_REASON_MALFORMED || r->reason == WS_REASON_INCOMPLETE ||
	     r->reason == WS_REASON_NO_CONTEXT);
	MUST(r->family == WS_FAMILY_NONE && r->families == 0 && r->sampled == WS_SAMPLED_UNKNOWN);
	MUST(is_zero(r->trace_id, 16) && is_zero(r->span_id, 8) && is_zero(r->parent_span_id, 8));
	MUST(r->ctx_off == 0 && r->ctx_len == 0 && r->ids_end_off == 0);
	MUST((r->reason == WS_REASON_MALFORMED) == (r->malformed != 0));
}

/* The answer to a head of which len bytes are at hand, in two pieces; cut 0: in one. Leaves in w how the search is. */
static struct ws_record search(const uint8_t *head, uint32_t len, uint32_t window, uint32_t cut, struct search_walk *w)
{
	enum ws_search_end end;
	struct ws_record r;

	search_walk_begin(w, &wanted, &names, window, place);
	end = search_walk_piece(w, head, cut ? cut : len);
	if (cut && ws_search_goes_on((uint8_t)end))
		search_walk_piece(w, head + cut, len - cut);
	if (search_walk_choose(w, &r))
		check_context(&r, len, window);
	else
		check_no_context(&r);
	return r;
}

/* A head in two pieces says what the whole one says. */
static void search_in_two(const uint8_t *head, uint32_t len, uint32_t cut, const struct ws_record *whole_record,
			  const struct search_walk *whole)
{
	struct search_walk w;
	struct ws_record r = search(head, len, WS_WINDOW_MAX, cut, &w);

	/* cut in the request line, an implausible one is refused at once */
	if (w.search.end == WS_SEARCH_NOT_HTTP || whole->is_crowded || w.is_crowded)
		return;
	MUST(w.search.end == whole->search.end);
	MUST(!memcmp(&r, whole_record, sizeof(r)));
	if (w.search.end != WS_SEARCH_HEAD_END)
		return;
	MUST(w.search.base_off + w.search.pos == whole->search.base_off + whole->search.pos);
	MUST(w.search.body_len == whole->search.body_len && w.search.is_chunked == whole->search.is_chunked);
	MUST(w.search.is_open_ended == whole->search.is_open_ended);
}

/* What a large window finds, a smaller one finds too, if the ids lie in it; and nothing that ends behind it. */
static void search_windows(const uint8_t *head, uint32_t len, uint32_t window, const struct ws_record *whole)
{
	const uint32_t windows[] = { window, 1, 50, 200, 800, whole->ids_end_off, whole->ids_end_off - 1 };

	for (size_t i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		struct search_walk w;
		struct ws_record r;

		if (windows[i] == 0 || windows[i] > WS_WINDOW_MAX)
			continue;
		r = search(head, len, windows[i], 0, &w);
		if (whole->reason != WS_REASON_CONTEXT || windows[i] < whole->ids_end_off || w.is_crowded)
			continue;
		MUST(r.reason == WS_REASON_CONTEXT);
		MUST(r.family == whole->family && r.ids_end_off == whole->ids_end_off);
		MUST(!memcmp(r.trace_id + 8, whole->trace_id + 8, 8) && !memcmp(r.span_id, whole->span_id, 8));
	}
}

/* byte: where it is cut, beside other places. */
static void search_all(const uint8_t *head, uint32_t len, uint32_t window, uint8_t byte)
{
	struct search_walk w;
	const struct ws_record whole = search(head, len, WS_WINDOW_MAX, 0, &w);
	const struct search_walk whole_walk = w;

	if (w.search.end == WS_SEARCH_NOT_HTTP)
		return;
	search_windows(head, len, window, &whole);
	for (uint32_t cut = 1 + byte % 7; cut < len; cut += 1 + byte % 31 + len / 64)
		search_in_two(head, len, cut, &whole, &whole_walk);
	if (whole.ids_end_off > 0 && whole.ids_end_off < len)
		search_in_two(head, len, whole.ids_end_off, &whole, &whole_walk);
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
	if (!wanted.families) {
		MUST(ws_wanted_parse("all,header:x-my-trace", &wanted, NULL) == 0);
		ws_names_make(&wanted, &names);
	}
	n_at_hand = min_u32(p.payload_len, len - p.payload_off);
	payload = copy(data + 4 + p.payload_off, n_at_hand);
	if (ws_http_kind(&payload, 0) == WS_HTTP_REQUEST)
		search_all(payload.data, n_at_hand, window ? window : WS_WINDOW_MAX, data[1]);
	free((void *)payload.data);
	return 0;
}
