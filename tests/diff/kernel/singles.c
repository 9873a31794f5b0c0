/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * singles - see the header. Each frame comes alone: what the program knew of flows is forgotten before the next one.
 * The headers are read by lib/packet.h on both sides; what the payload is, by the test's own reading.
 */
#include "tests/diff/kernel/singles.h"

#include <stdio.h>
#include <string.h>

#include "lib/names.h"
#include "tests/diff/kernel/generator.h"
#include "tests/diff/kernel/reference.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define REQUESTS_MAX 64

_Static_assert(REFERENCE_MARGIN == WS_CARRY_MAX && REFERENCE_BLANKS == WS_NOTE_BLANKS_MAX,
	       "the test reads lines as far as the search does");

/* clang-format off */
static const struct judge_setup setups[] = {
	{ "window 1", "default", 0, { .window_bytes = 1, .link_proto = WS_ETHERTYPE_ETHERNET,
				      .tunnels = { { 4789, 8472 } } } },
	{ "window 50", "w3c,b3", 0, { .records_responses = 1, .window_bytes = 50, .link_proto = WS_ETHERTYPE_ETHERNET,
				      .tunnels = { { 8472 } } } },
	{ "window 100", "default", 0, { .window_bytes = 100, .link_proto = WS_ETHERTYPE_ETHERNET,
					.tunnels = { { 4789, 8472 } }, .wakes_reader = 1 } },
	{ "window 200, raw IP", "all", 0, { .records_responses = 1, .window_bytes = 200, .link_proto = 0, .tunnels = { { 4789, 8472 } } } },
	{ "window 800, other VXLAN ports", "b3,w3c", 1,
	  { .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 5555, 4790, 1, 2, 3, 4, 6, 7 } } } },
	{ "window 800, filters on ports and VNI", "default", 0,
	  { .records_responses = 1, .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789 } }, .n_filters = 3,
	    .filter = { { .parts = WS_FILTER_DPORT, .dport = 8080 },
			{ .parts = WS_FILTER_VNI | WS_FILTER_SPORT, .vni = 42, .sport = 50001 },
			{ .parts = WS_FILTER_PORT, .port = 80 } } } },
	{ "window 800, filters on addresses", "default", 0,
	  { .window_bytes = 800, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } }, .n_filters = 8,
	    .filter = { /* 10.0.1.0/24 as source; a host of 2001:db8:: as either; one pair of hosts; never */
			{ .parts = WS_FILTER_SADDR,
			  .saddr = { { 0, 0x0001000affff0000 }, { ~0ull, 0x00ffffffffffffff } } },
			{ .parts = WS_FILTER_ADDR, .addr = { { 0xb80d0120, 1ull << 56 }, { ~0ull, ~0ull } } },
			{ .parts = WS_FILTER_SADDR | WS_FILTER_DADDR,
			  .saddr = { { 0xb80d0120, 2ull << 56 }, { ~0ull, ~0ull } },
			  .daddr = { { 0xb80d0120, 3ull << 56 }, { ~0ull, ~0ull } } },
			{ .parts = WS_FILTER_PORT }, { .parts = WS_FILTER_PORT }, { .parts = WS_FILTER_PORT },
			{ .parts = WS_FILTER_PORT }, { .parts = WS_FILTER_DPORT, .dport = 9080 } } } },
	{ "window 4096", "w3c,b3,header:host,header:cookie", 0,
	  { .records_responses = 1, .window_bytes = 4096, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
	{ "largest window", "all", 0,
	  { .records_responses = 1, .window_bytes = WS_WINDOW_MAX, .link_proto = WS_ETHERTYPE_ETHERNET, .tunnels = { { 4789, 8472 } } } },
};
/* clang-format on */

/* Every one of these must have been seen at the end. */
static const uint8_t all_slots[] = {
	WS_REASON_NOT_IP,
	WS_REASON_NOT_TCP,
	WS_REASON_FRAGMENT,
	WS_REASON_BAD_HEADER,
	WS_REASON_FILTERED,
	WS_REASON_NO_PAYLOAD,
	WS_REASON_TLS,
	WS_REASON_OTHER_PAYLOAD,
	WS_REASON_HTTP_RESPONSE,
	WS_REASON_BEYOND_WINDOW,
	WS_REASON_SPLIT,
	WS_REASON_MALFORMED,
	WS_REASON_INCOMPLETE,
	WS_REASON_NO_CONTEXT,
	WS_REASON_CONTEXT + WS_FAMILY_W3C,
	WS_REASON_CONTEXT + WS_FAMILY_B3,
	WS_REASON_CONTEXT + WS_FAMILY_USER,
};

/* What must be said of a frame. */
struct answer {
	uint32_t slot;
	uint32_t n;
	struct ws_record record[REQUESTS_MAX];
};

/* The requests that begin in the payload. */
static void read_payload(const struct judge *j, const uint8_t *payload, const struct ws_record *frame, struct answer *a)
{
	const uint32_t len = frame->payload_len, window = j->config.window_bytes;
	struct reference r;
	uint32_t at = 0;
	uint8_t why;

	for (a->slot = reference_slot(payload, len); at < len && a->n < REQUESTS_MAX; at += r.stop + r.body_len) {
		struct ws_record *record = &a->record[a->n];

		reference_read(payload + at, len - at, window, &j->wanted, &r);
		if (r.end == REFERENCE_NOT_HTTP || r.end == REFERENCE_IN_METHOD)
			return;
		*record = *frame;
		record->seq += at;
		record->req_off = at;
		record->flags = at ? WS_FLAG_LATER_IN_FRAME : 0;
		record->searched_len = r.stop < window ? r.stop : window;
		if (ws_contexts_choose(&r.contexts, &j->wanted, window, record, &why)) {
			record->ctx_segment = record->ids_end_segment = 1;
			record->done_ts_ns = record->ts_ns;
		} else {
			record->reason = r.end == REFERENCE_RAN_OUT			? WS_REASON_SPLIT
					 : r.end == REFERENCE_WINDOW || r.stop > window ? WS_REASON_BEYOND_WINDOW
											: why;
		}
		if (a->n++ == 0)
			a->slot = ws_reason_slot(record->reason, record->family);
		if (r.end != REFERENCE_WHOLE || !r.is_body_known || r.is_chunked || r.body_len > len)
			return;
	}
}

/* What begins with a status line, as the ledger has it. */
static void read_response(const uint8_t *payload, const struct ws_record *frame, struct answer *a)
{
	struct ws_record *record = &a->record[a->n++];

	*record = *frame;
	record->reason = WS_REASON_HTTP_RESPONSE;
	record->status = reference_status(payload, frame->payload_len);
}

static void read_frame(const struct judge *j, const uint8_t *frame, uint32_t len, uint64_t ts_ns, struct answer *a)
{
	struct ws_bytes b = { .data = frame, .len = len < WS_HEADERS_MAX ? len : WS_HEADERS_MAX };
	struct ws_cursor cursor = { .proto = j->config.link_proto };
	struct ws_record r = { .ts_ns = ts_ns, .frame_len = len, .n_segments = 1, .http_version = 1 };
	struct ws_packet p;
	int rc;

	a->n = 0;
	a->slot = WS_REASON_BAD_HEADER;
	if (len == 0)
		return;
	if (cursor.proto == 0)
		cursor.proto = frame[0] >> 4 == 4 ? WS_ETHERTYPE_IPV4 : WS_ETHERTYPE_IPV6;
	rc = ws_packet_parse(&b, len, &j->config.tunnels, &cursor, &p);
	if (rc != WS_PACKET_TCP) {
		a->slot = WS_PACKET_REASON(rc);
		return;
	}
	if (ws_packet_addresses(&b, p.l3_off, p.ip_version, r.saddr, r.daddr) ||
	    (p.encap && ws_packet_addresses(&b, p.outer_l3_off, p.outer_ip_version, r.outer_saddr, r.outer_daddr)))
		return;
	a->slot = WS_REASON_FILTERED;
	if (!ws_tap_selects(&j->config, &p, r.saddr, r.daddr))
		return;
	a->slot = WS_REASON_NO_PAYLOAD;
	if (p.payload_len == 0)
		return;
	r.seq = p.seq;
	r.vni = p.vni;
	r.payload_len = p.payload_len;
	r.sport = p.sport;
	r.dport = p.dport;
	r.vlan = p.vlan;
	r.point = 3;
	r.direction = WS_DIRECTION_IN;
	r.ip_version = p.ip_version;
	r.outer_ip_version = p.outer_ip_version;
	r.encap = p.encap;
	r.tcp_flags = p.tcp_flags;
	read_payload(j, frame + p.payload_off, &r, a);
	if (a->slot == WS_REASON_HTTP_RESPONSE && j->config.records_responses) {
		r.ack = ws_packet_ack(&b, cursor.off);
		read_response(frame + p.payload_off, &r, a);
	}
}

/* Finds the record at the payload's byte. */
static const struct ws_record *find(const struct judge *j, uint32_t req_off)
{
	for (uint32_t i = 0; i < j->n_records; i++)
		if (j->record[i].req_off == req_off)
			return &j->record[i];
	return NULL;
}

/* Does the program say what it must? */
static bool is_right(const struct judge *j, const struct answer *a, const uint64_t have[WS_N_REASONS], int is_told)
{
	bool is_right = j->n_bad_messages == 0 && j->n_records == a->n;

	for (uint32_t i = 0; i < WS_N_REASONS; i++) {
		if (have[i] == (i == a->slot))
			continue;
		is_right = false;
		if (is_told)
			printf("    %lld times %s, expected %s\n", (long long)have[i],
			       ws_slot_name(i) ? ws_slot_name(i) : "nothing", ws_slot_name(a->slot));
	}
	if (is_told && j->n_records != a->n)
		printf("    %u records, expected %u\n", j->n_records, a->n);
	for (uint32_t i = 0; i < a->n; i++) {
		const struct ws_record *record = find(j, a->record[i].req_off);

		if (!record || judge_differ(record, &a->record[i], is_told))
			is_right = false;
	}
	return is_right;
}

static void dump(const uint8_t *frame, uint32_t len)
{
	for (uint32_t i = 0; i < len && i < 1024; i++)
		printf("%s%02x", i % 32 ? "" : "\n    ", frame[i]);
	printf("%s\n", len > 1024 ? "\n    ..." : "");
}

static void give(struct judge *j, const uint8_t *frame, uint32_t len, uint64_t seed, uint32_t n, struct tally *t)
{
	static struct answer a;
	uint64_t have[WS_N_REASONS], stamp = 0;

	judge_begin(j);
	judge_give(j, frame, len, n % 8 == 0, &stamp);
	judge_end(j, have);
	read_frame(j, frame, len, stamp, &a);
	t->n_frames++;
	for (uint32_t i = 0; i < WS_N_REASONS; i++)
		t->slot[i] += have[i];
	t->n_responses += a.n && a.slot == WS_REASON_HTTP_RESPONSE;
	for (uint32_t i = 0; i < a.n; i++) {
		t->n_records++;
		t->encap[a.record[i].encap]++;
		t->family[a.record[i].family]++;
		t->n_later += i > 0;
	}
	if (is_right(j, &a, have, 0)) {
		t->n_passed++;
		return;
	}
	if (!judge_fails(t))
		return;
	printf("  %s, frame %u of seed %llu, %u bytes:\n", j->setup->name, n, (unsigned long long)seed, len);
	is_right(j, &a, have, 1);
	dump(frame, len);
}

static void check_coverage(const struct tally *t, uint64_t before[WS_N_REASONS], struct tally *result)
{
	for (uint32_t i = 0; i < COUNT(all_slots); i++) {
		if (t->slot[all_slots[i]] > before[all_slots[i]]) {
			result->n_passed++;
			continue;
		}
		if (judge_fails(result))
			printf("  no frame was counted as %s\n", ws_slot_name(all_slots[i]));
	}
}

void singles_run(const struct subject *subject, uint64_t seed, uint32_t n_frames, struct tally *t)
{
	static struct generator g;
	static struct judge j;
	uint64_t before[WS_N_REASONS];

	memcpy(before, t->slot, sizeof(before));
	for (uint32_t i = 0; i < COUNT(setups); i++) {
		const uint64_t n_failed = t->n_failed, n_before = t->n_frames;

		g.window = setups[i].config.window_bytes < 16384 ? setups[i].config.window_bytes : 16384;
		g.vxlan_port = setups[i].config.tunnels.vxlan_port[0];
		g.is_raw_ip = setups[i].config.link_proto == 0;
		judge_open(&j, &setups[i], subject);
		for (uint32_t k = 0; k < n_frames; k++) {
			const uint32_t len = generator_frame(&g, seed * COUNT(setups) + i, k);

			if (subject->is_at_tc && len < PROGRAM_TC_MIN)
				continue;
			give(&j, g.bytes + g.start, len, seed, k, t);
		}
		judge_close(&j, t);
		printf("%s: single frames, %s: %llu frames\n", t->n_failed > n_failed ? "FAILED" : "ok", setups[i].name,
		       (unsigned long long)(t->n_frames - n_before));
	}
	check_coverage(t, before, t);
}

int singles_write_seeds(const char *dir, uint64_t seed, uint32_t n)
{
	static struct generator g = { .vxlan_port = 4789 };
	char path[4096];

	for (uint32_t i = 0; i < n; i++) {
		uint8_t control[4] = { (uint8_t)(i % 4 == 3), (uint8_t)(i * 7), 0, 0 };
		uint32_t len;
		FILE *f;

		g.window = (const uint32_t[]) { 50, 200, 800 }[i % 3];
		g.is_raw_ip = control[0];
		control[2] = (uint8_t)g.window;
		control[3] = (uint8_t)(g.window >> 8);
		len = generator_frame(&g, seed, i);
		snprintf(path, sizeof(path), "%s/frame-%llu-%u", dir, (unsigned long long)seed, i);
		f = fopen(path, "wb");
		if (!f || fwrite(control, sizeof(control), 1, f) != 1 || fwrite(g.bytes + g.start, 1, len, f) != len ||
		    fclose(f))
			program_die(path);
	}
	return 0;
}
