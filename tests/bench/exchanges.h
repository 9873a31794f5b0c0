/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exchanges - packet captures of requests and their answers as the two points of a node see them: 8 connections, half
 * of them to this node's pod and half from it; a request of 1243 bytes or more with its context at the head, an ACK, a
 * response of two segments, an ACK. Packets of a connection stay in order.
 */
#ifndef WS_BENCH_EXCHANGES_H
#define WS_BENCH_EXCHANGES_H

#include <stdbool.h>
#include <stdint.h>

#define EXCHANGES_WHY_LEN 512

struct exchanges_plan {
	uint32_t n_packets; /* at least, at each point */
	bool has_answers;   /* else there are requests only */
	uint64_t random;    /* the seed; changed */
	uint32_t latency_least_ns;
	uint32_t latency_tail_ns; /* on the average */
	uint32_t one_in;	  /* requests one is sent again, 300 us later */
	uint32_t n_written;	  /* out: packets at each point */
	uint32_t n_requests;	  /* out: packets of these that are requests */
};

/* Writes both captures, times in ns: in VXLAN at the NIC, plain at the vport. 0, or -1 and why. */
int exchanges_write(struct exchanges_plan *plan, const char *nic_path, const char *vport_path,
		    char why[EXCHANGES_WHY_LEN]);

#endif
