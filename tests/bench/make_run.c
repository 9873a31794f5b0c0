/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_run - input for the benchmark of the pipeline: the record files of a run, or its packet captures. From the same
 * arguments come the same bytes.
 *
 *	make_run records DIR N		DIR/nic.rec.zst and DIR/vport.rec.zst, N rows each
 *	make_run pcaps DIR N SHARE	DIR/nic.pcap (VXLAN) and DIR/vport.pcap (plain), N packets or a few more each, 1
 *of SHARE a request: 1, or 5 as traffic has it
 *
 * Both points see the same; the latency between them is 15 us and an exponential tail of 10 us on the average. 1 of
 *1000 requests is sent again and passes both points again: of records 200 ms later, in packet captures 300 us later.
 * Prints what it wrote: rows, or packets and requests, a point.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/recfile.h"
#include "tests/bench/exchanges.h"
#include "tests/bench/measure.h"
#include "tests/bench/traffic.h"

#define LATENCY_LEAST 15000
#define LATENCY_TAIL  10000
#define ONE_IN	      1000
#define RETRANSMIT_NS 200000000u
/* How far records wait to be put into order; no latency is as long. */
#define WAIT_NS	      1000000u
#define QUEUE_RECORDS 1024

static void die(const char *what)
{
	fprintf(stderr, "make_run: %s\n", what);
	exit(1);
}

/* Records of a point in order of time. Few wait: those of WAIT_NS, and the retransmissions of RETRANSMIT_NS. */
struct point {
	struct ws_recfile_writer *w;
	struct ws_recfile_mark mark;
	struct ws_recfile_head head;
	struct ws_error err;
	uint32_t n;
	uint32_t at[QUEUE_RECORDS]; /* of record, by time */
	uint32_t n_unused;
	uint32_t unused[QUEUE_RECORDS];
	struct ws_record record[QUEUE_RECORDS];
};

static struct point *open_point(const char *dir, const char *name)
{
	struct point *p = calloc(1, sizeof(*p));
	char path[4096];

	if (!p)
		die("out of memory");
	while (p->n_unused < QUEUE_RECORDS) {
		p->unused[p->n_unused] = p->n_unused;
		p->n_unused++;
	}
	p->head = (struct ws_recfile_head) {
		.window_bytes = 16384,
		.monotonic_ns = TRAFFIC_BEGIN_NS - 1000000000,
		.realtime_ns = 1700000000000000000u,
		.contexts = "w3c,b3",
	};
	snprintf(p->head.point, sizeof(p->head.point), "%s", name);
	snprintf(path, sizeof(path), "%s/%s.rec.zst", dir, name);
	if (ws_recfile_create(path, &p->head, 3, &p->w, &p->err))
		die(p->err.text);
	return p;
}

/* Writes the records up to a time. */
static void write_until(struct point *p, uint64_t ts_ns)
{
	uint32_t n_written = 0;

	while (n_written < p->n && p->record[p->at[n_written]].ts_ns <= ts_ns) {
		struct ws_record *slot = ws_recfile_slot(p->w);

		if (!slot) {
			if (ws_recfile_flush(p->w, &p->mark, &p->err))
				die(p->err.text);
			slot = ws_recfile_slot(p->w);
		}
		*slot = p->record[p->at[n_written]];
		p->mark.n_frames[WS_REASON_CONTEXT + WS_FAMILY_B3]++;
		p->mark.monotonic_ns = slot->ts_ns + 1000000000;
		p->mark.realtime_ns = p->head.realtime_ns + (p->mark.monotonic_ns - p->head.monotonic_ns);
		p->unused[p->n_unused++] = p->at[n_written++];
	}
	p->n -= n_written;
	memmove(p->at, p->at + n_written, p->n * sizeof(*p->at));
}

static void add(struct point *p, const struct ws_record *record, uint64_t delay_ns)
{
	uint32_t at = p->n++, slot;

	if (p->n_unused == 0)
		die("too many records wait");
	slot = p->unused[--p->n_unused];
	p->record[slot] = *record;
	p->record[slot].ts_ns += delay_ns; /* modulo 2^64 */
	p->record[slot].done_ts_ns += delay_ns;
	for (; at > 0 && p->record[p->at[at - 1]].ts_ns > p->record[slot].ts_ns; at--)
		p->at[at] = p->at[at - 1];
	p->at[at] = slot;
}

static void close_point(struct point *p)
{
	write_until(p, UINT64_MAX);
	if (ws_recfile_finish(p->w, &p->mark, &p->err))
		die(p->err.text);
	ws_recfile_close(p->w);
	free(p);
}

static void make_records(const char *dir, uint32_t n)
{
	struct point *nic = open_point(dir, "nic"), *vport = open_point(dir, "vport");
	struct traffic t = { .random = 7 };
	struct ws_record outside, inside;
	uint64_t latency = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && i % ONE_IN == 0) { /* the one before, again */
			add(nic, &outside, RETRANSMIT_NS);
			add(vport, &inside, latency + RETRANSMIT_NS);
			continue;
		}
		latency = LATENCY_LEAST + (uint64_t)measure_exponential(&t.random, LATENCY_TAIL);
		traffic_next(&t, &outside);
		traffic_inside(&outside, &inside);
		if (outside.direction != WS_DIRECTION_IN)
			latency = 0 - latency;
		add(nic, &outside, 0);
		add(vport, &inside, latency);
		write_until(nic, outside.ts_ns - WAIT_NS);
		write_until(vport, outside.ts_ns - WAIT_NS);
	}
	close_point(nic);
	close_point(vport);
	printf("%u\n", n);
}

static void make_pcaps(const char *dir, uint32_t n, uint32_t share)
{
	struct exchanges_plan plan = {
		.n_packets = n,
		.has_answers = share > 1,
		.random = 11,
		.latency_least_ns = LATENCY_LEAST,
		.latency_tail_ns = LATENCY_TAIL,
		.one_in = ONE_IN,
	};
	char nic[4096], vport[4096], why[EXCHANGES_WHY_LEN];

	snprintf(nic, sizeof(nic), "%s/nic.pcap", dir);
	snprintf(vport, sizeof(vport), "%s/vport.pcap", dir);
	if (exchanges_write(&plan, nic, vport, why))
		die(why);
	printf("%u %u\n", plan.n_written, plan.n_requests);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;

	if (argc == 4 && !strcmp(argv[1], "records") && n > 0) {
		make_records(argv[2], n);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "pcaps") && n > 0 && (!strcmp(argv[4], "1") || !strcmp(argv[4], "5"))) {
		make_pcaps(argv[2], n, (uint32_t)atoi(argv[4]));
		return 0;
	}
	fprintf(stderr, "usage: make_run records DIR N | pcaps DIR N 1|5\n");
	return 2;
}
