/* SPDX-License-Identifier: BSD-2-Clause */
/* exchanges - see the header. */
#include "tests/bench/exchanges.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/frames.h"
#include "tests/bench/measure.h"

#define CONNECTIONS   8
#define BEGIN_NS      1700000000000000000u
#define RETRANSMIT_NS 300000
#define SERVER_NS     250000
#define GAP_NS	      10000
#define THINK_MEAN_NS 300000
#define TCP_ACK	      0x10
#define TCP_DATA      0x18
#define SEGMENT_LEN   1200
#define HEADERS_MAX   128
/* Each connection is at most one exchange ahead of the others. */
#define WAITING_MAX ((CONNECTIONS + 1) * 8)
#define PACKET_MAX  (1600 + HEADERS_MAX)

enum side { NIC, VPORT, N_SIDES };

struct waiting {
	uint64_t ts_ns;
	uint32_t len;
	uint8_t bytes[PACKET_MAX];
};

struct capture {
	pcap_dumper_t *dumper;
	uint32_t n;
	struct waiting waiting[WAITING_MAX];
};

struct connection {
	uint16_t number;
	bool is_inward;	 /* requests come from the network */
	uint32_t seq[2]; /* of the client and of the server */
	uint64_t ns;	 /* when the next exchange begins */
	uint64_t last_ns[N_SIDES];
};

struct world {
	struct exchanges_plan *plan;
	struct capture capture[N_SIDES];
	struct connection connection[CONNECTIONS];
};

static void put(struct capture *c, enum frame_wrap wrap, const struct frame_segment *s, uint64_t ts_ns)
{
	struct waiting *w = &c->waiting[c->n++];

	w->ts_ns = ts_ns;
	w->len = frame_tcp(w->bytes, wrap, s);
}

/* A packet that enters the node's overlay at a time, or later, in order. Returns when it leaves it. */
static uint64_t pass(struct world *w, struct connection *c, struct frame_segment *s, uint64_t ns)
{
	const struct exchanges_plan *plan = w->plan;
	const enum side entry = c->is_inward != (bool)s->is_answer ? NIC : VPORT, exit = entry == NIC ? VPORT : NIC;
	uint64_t *last = c->last_ns, latency = plan->latency_least_ns;

	latency += (uint64_t)measure_exponential(&w->plan->random, plan->latency_tail_ns);
	s->stream = c->number;
	s->is_reversed = c->is_inward;
	last[entry] = ns > last[entry] ? ns : last[entry] + 1;
	last[exit] = last[entry] + latency > last[exit] ? last[entry] + latency : last[exit] + 1;
	put(&w->capture[NIC], FRAME_VXLAN, s, last[NIC]);
	put(&w->capture[VPORT], FRAME_PLAIN, s, last[VPORT]);
	w->plan->n_written++;
	return last[exit];
}

static uint64_t request(struct world *w, struct connection *c)
{
	static uint8_t payload[FRAME_MAX];
	struct exchanges_plan *plan = w->plan;
	struct frame_segment s = { .seq = c->seq[0], .ack = c->seq[1], .tcp_flags = TCP_DATA, .payload = payload };
	uint64_t ns;
	char ids[65];

	for (int i = 0; i < 64; i += 16)
		snprintf(ids + i, 17, "%016llx", (unsigned long long)measure_random(&plan->random));
	s.payload_len = frame_request(payload, FRAME_B3, 0, 1243 + (uint32_t)(measure_random(&plan->random) % 150),
				      ids);
	ns = pass(w, c, &s, c->ns);
	plan->n_requests++;
	if (measure_random(&plan->random) % plan->one_in == 0) {
		ns = pass(w, c, &s, c->ns + RETRANSMIT_NS);
		plan->n_requests++;
	}
	c->seq[0] += s.payload_len;
	return ns;
}

static uint64_t answer(struct world *w, struct connection *c, uint64_t ns)
{
	static const char head[] = "HTTP/1.1 200 OK\r\ncontent-length: 2359\r\n\r\n";
	static uint8_t payload[SEGMENT_LEN];
	struct frame_segment s = {
		.seq = c->seq[1], .ack = c->seq[0], .is_answer = 1, .tcp_flags = TCP_ACK, .payload = payload
	};

	ns = pass(w, c, &s, ns + GAP_NS) + SERVER_NS;
	memset(payload, 'r', sizeof(payload));
	memcpy(payload, head, sizeof(head) - 1);
	s.tcp_flags = TCP_DATA;
	s.payload_len = SEGMENT_LEN;
	pass(w, c, &s, ns);
	memset(payload, 'r', sizeof(payload));
	s.seq += SEGMENT_LEN;
	ns = pass(w, c, &s, ns + GAP_NS);
	c->seq[1] += 2 * SEGMENT_LEN;
	s = (struct frame_segment) { .seq = c->seq[0], .ack = c->seq[1], .tcp_flags = TCP_ACK, .payload = payload };
	return pass(w, c, &s, ns + GAP_NS);
}

/* Writes the packets up to a time, in order. */
static void write_until(struct capture *c, uint64_t ts_ns)
{
	for (;;) {
		struct waiting *first = NULL;
		struct pcap_pkthdr header;

		for (uint32_t i = 0; i < c->n; i++)
			if (!first || c->waiting[i].ts_ns < first->ts_ns)
				first = &c->waiting[i];
		if (!first || first->ts_ns > ts_ns)
			return;
		header = (struct pcap_pkthdr) {
			.ts = { (time_t)(first->ts_ns / 1000000000), (suseconds_t)(first->ts_ns % 1000000000) },
			.caplen = first->len,
			.len = first->len,
		};
		pcap_dump((u_char *)c->dumper, &header, first->bytes);
		*first = c->waiting[--c->n];
	}
}

static struct connection *earliest(struct world *w)
{
	struct connection *first = &w->connection[0];

	for (int i = 1; i < CONNECTIONS; i++)
		if (w->connection[i].ns < first->ns)
			first = &w->connection[i];
	return first;
}

static void write_exchanges(struct world *w)
{
	for (uint16_t i = 0; i < CONNECTIONS; i++)
		w->connection[i] = (struct connection) {
			.number = i, .is_inward = i % 2 == 0, .seq = { 1000, 2000 }, .ns = BEGIN_NS + 1000u * i
		};
	while (w->plan->n_written < w->plan->n_packets) {
		struct connection *c = earliest(w);
		uint64_t ns = request(w, c);

		if (w->plan->has_answers)
			ns = answer(w, c, ns);
		c->ns = ns + (uint64_t)measure_exponential(&w->plan->random, THINK_MEAN_NS);
		for (int side = 0; side < N_SIDES; side++)
			write_until(&w->capture[side], earliest(w)->ns);
	}
	for (int side = 0; side < N_SIDES; side++)
		write_until(&w->capture[side], UINT64_MAX);
}

int exchanges_write(struct exchanges_plan *plan, const char *nic_path, const char *vport_path,
		    char why[EXCHANGES_WHY_LEN])
{
	const char *const path[N_SIDES] = { nic_path, vport_path };
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO);
	static struct world w;
	int rc = pcap ? 0 : -1;

	memset(&w, 0, sizeof(w));
	w.plan = plan;
	plan->n_written = plan->n_requests = 0;
	snprintf(why, EXCHANGES_WHY_LEN, "out of memory");
	for (int side = 0; rc == 0 && side < N_SIDES; side++) {
		w.capture[side].dumper = pcap_dump_open(pcap, path[side]);
		if (!w.capture[side].dumper) {
			snprintf(why, EXCHANGES_WHY_LEN, "%s", pcap_geterr(pcap));
			rc = -1;
		}
	}
	if (rc == 0)
		write_exchanges(&w);
	for (int side = 0; side < N_SIDES; side++) {
		if (!w.capture[side].dumper)
			continue;
		if (pcap_dump_flush(w.capture[side].dumper) && rc == 0) {
			snprintf(why, EXCHANGES_WHY_LEN, "%s: %s", path[side], strerror(errno));
			rc = -1;
		}
		pcap_dump_close(w.capture[side].dumper);
	}
	if (pcap)
		pcap_close(pcap);
	return rc;
}
