/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic - records as a node of a small mesh (Bookinfo) makes them: 8 connections; each trace passes the point as
 * three requests with one trace id and span ids of their own, the first span being the parent of the other two; IPv4 in
 * VXLAN.
 */
#ifndef WS_BENCH_TRAFFIC_H
#define WS_BENCH_TRAFFIC_H

#include <stdint.h>

#include "lib/record.h"

#define TRAFFIC_CONNECTIONS 8
#define TRAFFIC_BEGIN_NS    3600000000000u

/* Zero but for random: at the beginning. */
struct traffic {
	uint64_t random; /* the seed */
	double ns;
	uint64_t n;
	uint32_t seq[TRAFFIC_CONNECTIONS];
	uint8_t trace_id[16];
	uint8_t root_span_id[8];
};

/* The next record of the point where packets are encapsulated: mean distance 40 us. */
void traffic_next(struct traffic *t, struct ws_record *record);

/* The same packet inside: as it left the tunnel, or before it entered it. */
void traffic_inside(const struct ws_record *outside, struct ws_record *record);

#endif
