/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_run - input for the benchmark of the pipeline: a run directory with two record files, or a packet capture.
 *
 *	make_run records DIR N          DIR/nic.rec.zst and DIR/vport.rec.zst, N rows each
 *	make_run pcap FILE N SHARE      FILE with N packets in VXLAN, 1 of SHARE a request: 1, or 5 as traffic has it
 *
 * Both points see the same requests; the latency between them is 15 us and an exponential tail of 10 us on the average;
 * 1 of 1000 requests is sent again 200 ms later and passes both points again. In a capture an exchange is a request of
 * 1243 bytes or more with its context at the head, an ACK, a response of two segments, an ACK.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/recfile.h"
#include "tests/bench/frames.h"
#include "tests/bench/measure.h"
#include "tests/bench/traffic.h"

#define RETRANSMIT_NS	200000000u
#define LATENCY_LEAST	15000
#define LATENCY_TAIL	10000
#define ONE_IN		1000
#define PACKET_DISTANCE 20000

static void die(const char *what)
{
	fprintf(stderr, "make_run: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int compare_time(const void *a, const void *b)
{
	const uint64_t x = ((const struct ws_record *)a)->ts_ns, y = ((const struct ws_record *)b)->ts_ns;

	return (x > y) - (x < y);
}

static void write_point(const char *dir, const char *point, struct ws_record *record, uint32_t n)
{
	struct ws_recfile_mark mark = { .realtime_ns = 1700000000000000000u };
	struct ws_recfile_head head = { .window_bytes = 16384,
					.realtime_ns = 1700000000000000000u,
					.contexts = "w3c,b3" };
	struct ws_recfile_writer *w;
	struct ws_error err = { 0 };
	char path[4096];
	int rc;

	qsort(record, n, sizeof(*record), compare_time);
	snprintf(head.point, sizeof(head.point), "%s", point);
	snprintf(path, sizeof(path), "%s/%s.rec.zst", dir, point);
	head.monotonic_ns = record[0].ts_ns - 1000000000;
	rc = ws_recfile_create(path, &head, 3, &w, &err);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct ws_record *slot = ws_recfile_slot(w);

		if (!slot) {
			rc = ws_recfile_flush(w, &mark, &err);
			slot = ws_recfile_slot(w);
		}
		*slot = record[i];
		mark.n_frames[WS_REASON_CONTEXT + WS_FAMILY_B3]++;
		mark.monotonic_ns = record[i].ts_ns + 1000000000;
		mark.realtime_ns = head.realtime_ns + (mark.monotonic_ns - head.monotonic_ns);
	}
	if (rc == 0)
		rc = ws_recfile_finish(w, &mark, &err);
	if (rc)
		die(err.text);
	ws_recfile_close(w);
}

/* Moves a record in time, modulo 2^64. */
static void delay(struct ws_record *r, uint64_t delay_ns)
{
	r->ts_ns += delay_ns;
	r->done_ts_ns += delay_ns;
}

static void make_records(const char *dir, uint32_t n)
{
	struct ws_record *nic = malloc((size_t)n * sizeof(*nic)), *vport = malloc((size_t)n * sizeof(*vport));
	struct traffic t = { .random = 7 };

	if (!nic || !vport)
		die("records");
	for (uint32_t i = 0; i < n; i++) {
		uint64_t latency = LATENCY_LEAST + (uint64_t)measure_exponential(&t.random, LATENCY_TAIL);

		if (i > 0 && i % ONE_IN == 0) { /* the one before, again */
			nic[i] = nic[i - 1];
			vport[i] = vport[i - 1];
			delay(&nic[i], RETRANSMIT_NS);
			delay(&vport[i], RETRANSMIT_NS);
			continue;
		}
		traffic_next(&t, &nic[i]);
		traffic_inside(&nic[i], &vport[i]);
		delay(&vport[i], nic[i].direction == WS_DIRECTION_IN ? latency : 0 - latency);
	}
	write_point(dir, "nic", nic, n);
	write_point(dir, "vport", vport, n);
	free(nic);
	free(vport);
}

struct capture {
	pcap_dumper_t *dumper;
	uint64_t ns;
	uint32_t n;
	uint32_t n_wanted;
};

static void put(struct capture *c, const struct frame_segment *segment)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t len = frame_tcp(frame, FRAME_VXLAN, segment);
	const struct pcap_pkthdr header = {
		.ts = { .tv_sec = (time_t)(c->ns / 1000000000), .tv_usec = (suseconds_t)(c->ns % 1000000000) },
		.caplen = len,
		.len = len,
	};

	if (c->n++ < c->n_wanted)
		pcap_dump((u_char *)c->dumper, &header, frame);
	c->ns += PACKET_DISTANCE;
}

static void put_exchange(struct capture *c, uint64_t *random, uint32_t seq[2], uint16_t stream, uint32_t share)
{
	static uint8_t request[FRAME_MAX], response[1200];
	struct frame_segment s = {
		.seq = seq[0], .ack = seq[1], .stream = stream, .tcp_flags = 0x18, .payload = request
	};
	char ids[65];

	for (int i = 0; i < 64; i += 16)
		snprintf(ids + i, 17, "%016llx", (unsigned long long)measure_random(random));
	s.payload_len = frame_request(request, FRAME_B3, 0, 1243 + (uint32_t)(measure_random(random) % 150), ids);
	put(c, &s);
	if (measure_random(random) % ONE_IN == 0)
		put(c, &s);
	seq[0] += s.payload_len;
	if (share == 1)
		return;
	memset(response, 'r', sizeof(response));
	memcpy(response, "HTTP/1.1 200 OK\r\ncontent-length: 2361\r\n\r\n", 41);
	s = (struct frame_segment) {
		.seq = seq[1], .ack = seq[0], .stream = stream, .is_answer = 1, .tcp_flags = 0x10
	};
	s.payload = response;
	put(c, &s);
	s.tcp_flags = 0x18;
	for (int i = 0; i < 2; i++) {
		s.payload = i ? (const uint8_t *)memset(response, 'r', 64) : response;
		s.payload_len = sizeof(response);
		s.seq = seq[1];
		put(c, &s);
		seq[1] += s.payload_len;
	}
	s = (struct frame_segment) { .seq = seq[0], .ack = seq[1], .stream = stream, .tcp_flags = 0x10 };
	s.payload = response;
	put(c, &s);
}

static void make_pcap(const char *path, uint32_t n, uint32_t share)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO);
	struct capture c = { .ns = 1700000000000000000u, .n_wanted = n };
	uint32_t seq[TRAFFIC_CONNECTIONS][2] = { 0 };
	uint64_t random = 11;

	c.dumper = pcap ? pcap_dump_open(pcap, path) : NULL;
	if (!c.dumper)
		die(path);
	while (c.n < n) {
		uint16_t stream = (uint16_t)(measure_random(&random) % TRAFFIC_CONNECTIONS);

		put_exchange(&c, &random, seq[stream], stream, share);
	}
	if (pcap_dump_flush(c.dumper))
		die(path);
	pcap_dump_close(c.dumper);
	pcap_close(pcap);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "records") && atoi(argv[3]) > 0) {
		make_records(argv[2], (uint32_t)atoi(argv[3]));
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "pcap") && atoi(argv[3]) > 0) {
		make_pcap(argv[2], (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
		return 0;
	}
	fprintf(stderr, "usage: make_run records DIR N | pcap FILE N SHARE\n");
	return 2;
}
