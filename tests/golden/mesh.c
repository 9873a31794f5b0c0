/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mesh - writes a run of two nodes with three vports between them, the same bytes every time; and the same as a
 * campaign of one run a node. Usage: mesh DIR (which is there): DIR/mesh, DIR/nodes/node1, DIR/nodes/node2.
 *
 * productpage and details are on node1, with a gateway whose vport nobody watches; reviews is on node2, whose clock is
 * 0.3 s ahead. At productpage's vport reviews has the address of its service.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/recfile.h"
#include "lib/recfile_block.h"

#define FIRST_NS 1700000000000000000ull
#define N_ROUNDS 12

enum point { NIC1, PRODUCTPAGE, DETAILS, NIC2, REVIEWS, N_POINTS };

static const struct {
	const char *name;
	int node;
} points[N_POINTS] = {
	[NIC1] = { "nic-node1", 1 },	       [PRODUCTPAGE] = { "vport-productpage-v1", 1 },
	[DETAILS] = { "vport-details-v1", 1 }, [NIC2] = { "nic-node2", 2 },
	[REVIEWS] = { "vport-reviews-v1", 2 },
};

enum address {
	CLIENT = 0xc0000207,
	PRODUCTPAGE_POD = 0x0af4010a,
	DETAILS_POD = 0x0af4010b,
	GATEWAY_POD = 0x0af4010c,
	REVIEWS_POD = 0x0af40214,
	REVIEWS_SERVICE = 0x0a600002,
};

/* One passage of a request at a point. */
struct passage {
	enum point point;
	int direction;
	uint32_t at_us; /* from the round's beginning */
	uint32_t saddr;
	uint32_t daddr;
	uint32_t request; /* of the round */
	uint32_t round;	  /* 0: every round; else this one only */
};

static const struct passage passages[] = {
	{ NIC1, WS_DIRECTION_IN, 0, CLIENT, PRODUCTPAGE_POD, 0, 0 },
	{ PRODUCTPAGE, WS_DIRECTION_OUT, 21, CLIENT, PRODUCTPAGE_POD, 0, 0 },
	{ PRODUCTPAGE, WS_DIRECTION_IN, 100, PRODUCTPAGE_POD, DETAILS_POD, 1, 0 },
	{ DETAILS, WS_DIRECTION_OUT, 107, PRODUCTPAGE_POD, DETAILS_POD, 1, 0 },
	{ PRODUCTPAGE, WS_DIRECTION_IN, 200, PRODUCTPAGE_POD, REVIEWS_SERVICE, 2, 0 },
	{ NIC1, WS_DIRECTION_OUT, 233, PRODUCTPAGE_POD, REVIEWS_POD, 2, 0 },
	{ NIC2, WS_DIRECTION_IN, 263, PRODUCTPAGE_POD, REVIEWS_POD, 2, 0 },
	{ REVIEWS, WS_DIRECTION_OUT, 304, PRODUCTPAGE_POD, REVIEWS_POD, 2, 0 },
	{ NIC1, WS_DIRECTION_OUT, 400, GATEWAY_POD, REVIEWS_POD, 3, 0 },
	{ NIC2, WS_DIRECTION_IN, 430, GATEWAY_POD, REVIEWS_POD, 3, 0 },
	{ REVIEWS, WS_DIRECTION_OUT, 475, GATEWAY_POD, REVIEWS_POD, 3, 0 },
	/* sent again, for the first was late */
	{ PRODUCTPAGE, WS_DIRECTION_IN, 600, PRODUCTPAGE_POD, REVIEWS_SERVICE, 2, 5 },
	{ NIC1, WS_DIRECTION_OUT, 640, PRODUCTPAGE_POD, REVIEWS_POD, 2, 5 },
	/* never arrives in the pod */
	{ NIC2, WS_DIRECTION_IN, 700, GATEWAY_POD, REVIEWS_POD, 4, 7 },
};

static void fail(const char *what)
{
	fprintf(stderr, "mesh: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void set_ipv4(uint8_t to[16], uint32_t address)
{
	memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	for (uint32_t i = 0; i < 4; i++)
		to[12 + i] = (uint8_t)(address >> (24 - 8 * i));
}

/* Every node counts its CLOCK_MONOTONIC from a beginning of its own. */
static uint64_t began_ns(int node)
{
	return node == 1 ? 4000000000 : 9000000000000;
}

static struct ws_record record_of(const struct passage *p, uint32_t round)
{
	struct ws_record r = {
		/* each round a bit slower at the vports, so that the latencies differ */
		.ts_ns = began_ns(points[p->point].node) + 10000000ull * round + 1000ull * p->at_us +
			 100 * round * p->at_us,
		.seq = 1000 * round + 100 * p->request,
		.payload_len = 300,
		.frame_len = 354,
		.searched_len = 120,
		.sport = (uint16_t)(40000 + p->request),
		.dport = 9080,
		.n_segments = 1,
		.ctx_segment = 1,
		.ids_end_segment = 1,
		.direction = (uint8_t)p->direction,
		.ip_version = 4,
		.tcp_flags = 0x18,
		.http_version = 1,
		.reason = WS_REASON_CONTEXT,
		.family = WS_FAMILY_W3C,
		.families = 1 << WS_FAMILY_W3C,
		.sampled = 1,
		.ctx_off = 40,
		.ctx_len = 65,
		.ids_end_off = 105,
	};

	r.done_ts_ns = r.ts_ns;
	set_ipv4(r.saddr, p->saddr);
	set_ipv4(r.daddr, p->daddr);
	memset(r.trace_id, 0x10 + (int)round, sizeof(r.trace_id));
	memset(r.span_id, 0xa0 + (int)p->request, sizeof(r.span_id));
	return r;
}

static int write_rounds(struct ws_recfile_writer *w, enum point point, struct ws_recfile_mark *mark,
			struct ws_error *err)
{
	for (uint32_t round = 0; round < N_ROUNDS; round++) {
		for (size_t i = 0; i < sizeof(passages) / sizeof(*passages); i++) {
			if (passages[i].point != point || (passages[i].round && passages[i].round != round))
				continue;
			*ws_recfile_slot(w) = record_of(&passages[i], round);
			mark->n_frames[ws_reason_slot(WS_REASON_CONTEXT, WS_FAMILY_W3C)]++;
			mark->n_frames[WS_REASON_NO_PAYLOAD] += 2;
		}
	}
	mark->monotonic_ns += 1000000000;
	mark->realtime_ns += 1000000000;
	return ws_recfile_flush(w, mark, err);
}

static void write_point(const char *dir, enum point point)
{
	const uint64_t monotonic_ns = began_ns(points[point].node);
	const uint64_t realtime_ns = FIRST_NS + (points[point].node == 2 ? 300000000 : 0);
	struct ws_recfile_head head = {
		.window_bytes = 16384, .monotonic_ns = monotonic_ns, .realtime_ns = realtime_ns, .contexts = "w3c"
	};
	struct ws_recfile_mark mark = { .monotonic_ns = monotonic_ns, .realtime_ns = realtime_ns };
	struct ws_recfile_writer *w;
	struct ws_error err;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s/%s.rec.zst", dir, points[point].name);
	snprintf(head.point, sizeof(head.point), "%s", points[point].name);
	rc = ws_recfile_create(path, &head, 3, &w, &err);
	rc = rc ? rc : write_rounds(w, point, &mark, &err);
	rc = rc ? rc : ws_recfile_finish(w, &mark, &err);
	if (rc) {
		fprintf(stderr, "mesh: %s\n", err.text);
		exit(1);
	}
	ws_recfile_close(w);
}

/* Writes the points of a node (0: of all) into a directory, and a manifest that says what capture knows of them. */
static void write_run(const char *root, const char *name, int node)
{
	const char *separator = "";
	char dir[256], path[512];
	FILE *manifest;

	snprintf(dir, sizeof(dir), "%s/%s", root, name);
	if (mkdir(dir, 0755))
		fail(dir);
	snprintf(path, sizeof(path), "%s/run.json", dir);
	manifest = fopen(path, "w");
	if (!manifest)
		fail(path);
	fputs("{\"points\": [", manifest);
	for (int p = 0; p < N_POINTS; p++) {
		int is_nic = p == NIC1 || p == NIC2;

		if (node && points[p].node != node)
			continue;
		write_point(dir, p);
		fprintf(manifest, "%s\n {\"name\": \"%s\", \"role\": \"%s\", \"node\": \"node%d\"", separator,
			points[p].name, is_nic ? "nic" : "vport", points[p].node);
		fprintf(manifest, is_nic ? "}" : ", \"pod\": \"default/%s\"}", points[p].name + strlen("vport-"));
		separator = ",";
	}
	fputs("\n]}\n", manifest);
	if (fclose(manifest))
		fail(path);
}

int main(int argc, char **argv)
{
	char path[256];

	if (argc != 2) {
		fprintf(stderr, "usage: mesh DIR\n");
		return 2;
	}
	write_run(argv[1], "mesh", 0);
	snprintf(path, sizeof(path), "%s/nodes", argv[1]);
	if (mkdir(path, 0755))
		fail(path);
	write_run(path, "node1", 1);
	write_run(path, "node2", 2);
	return 0;
}
