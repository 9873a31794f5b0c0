/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inputs - writes the files that the golden tests read, the same bytes every time: a run of packet captures, a run of
 * record files, and files that are cut, corrupt or something else. Usage: inputs DIR (which is there and empty).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"

#define FIRST_NS  1700000000000000000ull
#define FRAME_MAX 2048

static void fail(const char *what)
{
	fprintf(stderr, "inputs: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(bytes, 1, len, file) != len || fclose(file))
		fail(path);
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755))
		fail(path);
}

/* A frame that grows. */
struct frame {
	uint8_t bytes[FRAME_MAX];
	uint32_t len;
};

static void put(struct frame *f, const void *bytes, uint32_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

/* Big-endian, in so many bytes. */
static void put_number(struct frame *f, uint64_t value, uint32_t n_bytes)
{
	while (n_bytes--)
		f->bytes[f->len++] = (uint8_t)(value >> (8 * n_bytes));
}

static void put_ethernet(struct frame *f, uint16_t type)
{
	put_number(f, 0x020000000002, 6);
	put_number(f, 0x020000000001, 6);
	put_number(f, type, 2);
}

static void put_ipv4(struct frame *f, uint8_t protocol, uint32_t saddr, uint32_t daddr, uint32_t payload_len)
{
	put_number(f, 0x4500, 2);
	put_number(f, 20 + payload_len, 2);
	put_number(f, 0x00004000, 4);
	put_number(f, 64, 1);
	put_number(f, protocol, 1);
	put_number(f, 0, 2);
	put_number(f, saddr, 4);
	put_number(f, daddr, 4);
}

static void put_vxlan(struct frame *f, uint32_t payload_len)
{
	put_ethernet(f, 0x0800);
	put_ipv4(f, 17, 0xc0a80001, 0xc0a80002, payload_len + 16);
	put_number(f, 50000, 2);
	put_number(f, 4789, 2);
	put_number(f, payload_len + 16, 2);
	put_number(f, 0, 2);
	put_number(f, 0x0800000000002a00, 8);
}

/* A packet from the client's pod to the server's. */
struct packet {
	uint16_t sport;
	uint8_t flags;
	uint32_t seq;
	const char *payload;
};

static void put_tcp(struct frame *f, const struct packet *p)
{
	uint32_t len = (uint32_t)strlen(p->payload);

	put_ethernet(f, 0x0800);
	put_ipv4(f, 6, 0x0a010203, 0x0a010909, 20 + len);
	put_number(f, p->sport, 2);
	put_number(f, 9080, 2);
	put_number(f, p->seq, 4);
	put_number(f, 1, 4);
	put_number(f, 0x5000 | p->flags, 2);
	put_number(f, 0xffff, 2);
	put_number(f, 0, 4);
	put(f, p->payload, len);
}

#define W3C(trace, span) "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e47" trace "-00f067aa0ba902" span "-01\r\n"

static const struct packet packets[] = {
	{ 40000, 0x02, 99, "" },
	{ 40000, 0x10, 100, "" },
	{ 40000, 0x18, 100, "GET /products HTTP/1.1\r\nHost: shop\r\n" W3C("01", "01") "\r\n" },
	{ 40000, 0x18, 230, "GET /reviews HTTP/1.1\r\nHost: shop\r\n" },
	{ 40000, 0x18, 265, W3C("02", "02") "\r\n" },
	{ 40001, 0x18, 700,
	  "GET /b3 HTTP/1.1\r\nx-b3-traceid: 463ac35c9f6413ad\r\nx-b3-spanid: a2fb4a1d1a96d312\r\nx-b3-sampled: "
	  "0\r\n\r\n" },
	{ 40002, 0x18, 50, "GET /none HTTP/1.1\r\nHost: shop\r\n\r\n" },
	{ 40003, 0x18, 60, "GET /bad HTTP/1.1\r\ntraceparent: 00-0-0-0\r\n\r\n" },
	{ 40004, 0x18, 70, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
	{ 40005, 0x18, 80, "\x17\x03\x03\x40\x10 not to be read" },
	{ 40006, 0x18, 90, "{\"rating\": 5}" },
	{ 40007, 0x18, 10,
	  "GET /two HTTP/1.1\r\n" W3C("03", "03") "\r\nGET /three HTTP/1.1\r\n" W3C("04", "04") "\r\n" },
};

#define N_PACKETS (sizeof(packets) / sizeof(*packets))

static void begin_pcap(FILE *file)
{
	static const uint32_t head[] = { 0xa1b23c4d, 0x00040002, 0, 0, 262144, 1 };

	fwrite(head, sizeof(head), 1, file);
}

static void add_to_pcap(FILE *file, const struct frame *f, uint64_t ns, uint32_t captured)
{
	const uint32_t head[] = { (uint32_t)(ns / 1000000000), (uint32_t)(ns % 1000000000), captured, f->len };

	fwrite(head, sizeof(head), 1, file);
	fwrite(f->bytes, captured, 1, file);
}

/* The packets as they pass the node's interface (tunnel and all) or, 20 us and a bit later, the pod's. */
static void write_pcap(const char *path, int is_nic)
{
	FILE *file = fopen(path, "wb");
	struct frame arp = { .len = 0 };

	if (!file)
		fail(path);
	begin_pcap(file);
	put_ethernet(&arp, 0x0806);
	put_number(&arp, 0, 28);
	add_to_pcap(file, &arp, FIRST_NS, arp.len);
	for (uint32_t i = 0; i < N_PACKETS; i++) {
		struct frame f = { .len = 0 };

		if (is_nic)
			put_vxlan(&f, (uint32_t)strlen(packets[i].payload) + 54);
		put_tcp(&f, &packets[i]);
		add_to_pcap(file, &f, FIRST_NS + 1000000 * (i + 1) + (is_nic ? 0 : 20000 + 1000 * i), f.len);
	}
	if (fclose(file))
		fail(path);
}

/* Packets of which the capture kept 80 bytes. */
static void write_short_pcap(const char *path)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		fail(path);
	begin_pcap(file);
	for (uint32_t i = 0; i < N_PACKETS; i++) {
		struct frame f = { .len = 0 };

		put_tcp(&f, &packets[i]);
		add_to_pcap(file, &f, FIRST_NS + i, f.len < 80 ? f.len : 80);
	}
	if (fclose(file))
		fail(path);
}

static void set_ipv4(uint8_t to[16], uint32_t address)
{
	memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	for (uint32_t i = 0; i < 4; i++)
		to[12 + i] = (uint8_t)(address >> (24 - 8 * i));
}

/* What came with HTTP/2, heads over several segments and more families than two. */
static void add_rarities(struct ws_record *r, uint32_t i)
{
	if (i % 8 == 2) {
		r->http_version = 2;
		r->stream_id = 2 * i + 1;
		r->flags |= WS_FLAG_GRPC | WS_FLAG_TRACESTATE;
		r->families |= 1 << WS_FAMILY_B3_SINGLE | 1 << WS_FAMILY_JAEGER;
	}
	if (i % 8 == 4) {
		r->n_segments = 3;
		r->ctx_segment = 2;
		r->ids_end_segment = 3;
		r->done_ts_ns += 1500;
	}
	if (i % 8 == 6) {
		r->malformed = 1 << WS_FAMILY_DATADOG | 1 << WS_FAMILY_AWS;
		r->flaw = WS_FLAW_LENGTH;
		r->flags |= WS_FLAG_CROWDED;
	}
	if (i % 16 == 8) {
		r->family = WS_FAMILY_USER + 1;
		r->families = 1 << r->family;
		r->flags |= WS_FLAG_HASHED_ID;
	}
	if (i % 16 == 11) {
		r->reason = WS_REASON_MALFORMED;
		r->n_segments = 2;
		r->malformed = 1 << WS_FAMILY_W3C | 1 << WS_FAMILY_USER;
		r->flaw = WS_FLAW_ZERO;
	}
}

/* Record i: of each kind that capture show tells apart. */
static struct ws_record record_of(uint32_t i, int is_nic)
{
	struct ws_record r = {
		.ts_ns = 5000000000 + 1000000ull * i + (is_nic ? 0 : 20000 + 1000 * i),
		.seq = 1000 * i,
		.payload_len = 300 + i,
		.frame_len = 354 + i,
		.searched_len = 120,
		.sport = (uint16_t)(40000 + i),
		.dport = 9080,
		.n_segments = 1,
		.direction = is_nic ? WS_DIRECTION_IN : WS_DIRECTION_OUT,
		.ip_version = 4,
		.tcp_flags = 0x18,
		.http_version = 1,
		.reason = i % 4 == 3 ? (i % 8 == 3 ? WS_REASON_NO_CONTEXT : WS_REASON_BEYOND_WINDOW)
				     : WS_REASON_CONTEXT,
	};

	set_ipv4(r.saddr, 0x0a010203);
	set_ipv4(r.daddr, 0x0a010909);
	if (is_nic) {
		r.encap = WS_ENCAP_VXLAN;
		r.vni = 42;
		r.outer_ip_version = 4;
		set_ipv4(r.outer_saddr, 0xc0a80001);
		set_ipv4(r.outer_daddr, 0xc0a80002);
	}
	if (i % 8 == 5) {
		r.ip_version = 6;
		memcpy(r.saddr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
		memcpy(r.daddr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	}
	if (r.reason != WS_REASON_CONTEXT) {
		add_rarities(&r, i);
		return r;
	}
	r.family = i % 2 ? WS_FAMILY_B3 : WS_FAMILY_W3C;
	r.families = (uint16_t)(1 << r.family);
	r.done_ts_ns = r.ts_ns;
	r.ctx_segment = r.ids_end_segment = 1;
	r.sampled = (uint8_t)(i % 3);
	r.flags = i % 4 == 1 ? WS_FLAG_TRACE_ID_64 : 0;
	r.ctx_off = 40;
	r.ctx_len = 65;
	r.ids_end_off = 105;
	memset(r.trace_id + (i % 4 == 1 ? 8 : 0), 0xa0 + (int)i, i % 4 == 1 ? 8 : 16);
	memset(r.span_id, 0xb0 + (int)i, 8);
	if (i % 2)
		memset(r.parent_span_id, 0xc0, 8);
	add_rarities(&r, i);
	return r;
}

static void write_records(const char *path, const char *point, int is_nic, uint32_t n_blocks)
{
	struct ws_recfile_head head = {
		.window_bytes = 16384,
		.monotonic_ns = 4000000000,
		.realtime_ns = FIRST_NS,
		.contexts = "w3c,b3,b3-single,jaeger,datadog,aws,header:x-shop-trace,header:x-my-trace",
	};
	struct ws_recfile_mark mark = { 0 };
	struct ws_recfile_writer *w;
	struct ws_error err;
	int rc;

	snprintf(head.point, sizeof(head.point), "%s", point);
	rc = ws_recfile_create(path, &head, 3, &w, &err);
	for (uint32_t i = 0; rc == 0 && i < 4 * n_blocks; i++) {
		struct ws_record *r = ws_recfile_slot(w);

		*r = record_of(i, is_nic);
		mark.monotonic_ns = r->ts_ns + 1;
		mark.realtime_ns = FIRST_NS + r->ts_ns + 1 - 4000000000;
		mark.n_frames[ws_reason_slot(r->reason, r->family)]++;
		mark.n_frames[WS_REASON_NO_PAYLOAD] += 2;
		mark.n_ring_full = i / 4;
		if (i % 4 == 3)
			rc = ws_recfile_flush(w, &mark, &err);
	}
	if (rc == 0)
		rc = ws_recfile_finish(w, &mark, &err);
	if (rc) {
		fprintf(stderr, "inputs: %s\n", err.text);
		exit(1);
	}
	ws_recfile_close(w);
}

/* Every second record a request, and behind it its response; of the last one the status is not known. */
static void write_answers(const char *path)
{
	const struct ws_recfile_head head = { .point = "nic",
					      .window_bytes = 16384,
					      .monotonic_ns = 4000000000,
					      .realtime_ns = FIRST_NS,
					      .contexts = "w3c,b3" };
	struct ws_recfile_mark mark = { .monotonic_ns = 6000000000, .realtime_ns = FIRST_NS + 2000000000 };
	static const uint16_t status[] = { 200, 404, 0 };
	struct ws_recfile_writer *w;
	struct ws_error err;
	int rc = ws_recfile_create(path, &head, 3, &w, &err);

	for (uint32_t i = 0; rc == 0 && i < 3; i++) {
		struct ws_record *request = ws_recfile_slot(w), *response = ws_recfile_slot(w);

		*request = record_of(i, 1);
		*response = (struct ws_record) {
			.ts_ns = request->ts_ns + 500000,
			.seq = 70 * i,
			.payload_len = 38,
			.frame_len = 142,
			.vni = request->vni,
			.sport = request->dport,
			.dport = request->sport,
			.n_segments = 1,
			.direction = WS_DIRECTION_OUT,
			.ip_version = request->ip_version,
			.outer_ip_version = request->outer_ip_version,
			.encap = request->encap,
			.tcp_flags = 0x18,
			.reason = WS_REASON_HTTP_RESPONSE,
			.http_version = 1,
			.ack = request->seq + request->payload_len,
			.status = status[i],
		};
		memcpy(response->saddr, request->daddr, 16);
		memcpy(response->daddr, request->saddr, 16);
		memcpy(response->outer_saddr, request->outer_daddr, 16);
		memcpy(response->outer_daddr, request->outer_saddr, 16);
		mark.n_frames[ws_reason_slot(request->reason, request->family)]++;
		mark.n_frames[WS_REASON_HTTP_RESPONSE]++;
	}
	if (rc == 0)
		rc = ws_recfile_finish(w, &mark, &err);
	if (rc) {
		fprintf(stderr, "inputs: %s\n", err.text);
		exit(1);
	}
	ws_recfile_close(w);
}

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* From a whole file of two blocks: one cut behind ten bytes of the second, one with a byte of the second changed. */
static void write_damaged(const char *from, const char *cut_path, const char *corrupt_path)
{
	FILE *file = fopen(from, "rb");
	uint8_t bytes[1 << 14];
	size_t len, off = 0;

	if (!file)
		fail(from);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	for (int n_blocks = 0; n_blocks < 2;) {
		const uint8_t *mark = bytes + off;

		off += 8 + u32_at(mark + 4);
		if (u32_at(mark + 12) >> 16 == WS_RECFILE_KIND_BLOCK && ++n_blocks == 1)
			off += u32_at(mark + 28);
	}
	write_file(cut_path, bytes, off + 10);
	bytes[off + 20] ^= 0x40;
	write_file(corrupt_path, bytes, len);
}

static void write_runs(void)
{
	make_directory("packets");
	write_pcap("packets/nic.pcap", 1);
	write_pcap("packets/vport.pcap", 0);
	make_directory("records");
	write_records("records/nic.rec.zst", "nic", 1, 3);
	write_records("records/vport.rec.zst", "vport", 0, 3);
	make_directory("answers");
	write_answers("answers/nic.rec.zst");
	make_directory("campaign");
	make_directory("campaign/run1");
	write_pcap("campaign/run1/nic.pcap", 1);
	make_directory("campaign/run2");
	write_file("campaign/run2/nic.pcap", "not a capture", 13);
	make_directory("campaign/run3");
	write_pcap("campaign/run3/vport.pcap", 0);
	make_directory("campaign/notes");
	make_directory("empty");
}

static void write_odd_files(void)
{
	write_records("two.rec.zst", "nic", 1, 2);
	make_directory("damaged");
	write_damaged("two.rec.zst", "damaged/cut.rec.zst", "damaged/corrupt.rec.zst");
	write_records("unfinished.rec.zst", "nic", 1, 1);
	make_directory("unfinished");
	if (rename("unfinished.rec.zst", "unfinished/nic.rec.zst" WS_RECFILE_PART_SUFFIX))
		fail("unfinished.rec.zst");
	make_directory("short");
	write_short_pcap("short/nic.pcap");
	write_file("garbage.rec.zst", "\x28\xb5\x2f\xfd and nothing that follows from it", 36);
	write_file("nothing.rec.zst", "", 0);
	write_file("text.pcap", "Wed, 14 Feb: no packets today\n", 30);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: inputs DIR\n", stderr);
		return 2;
	}
	if (chdir(argv[1]))
		fail(argv[1]);
	write_runs();
	write_odd_files();
	return 0;
}
