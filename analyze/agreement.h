/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agreement - do eBPF and packet capture agree? Compares the latencies that both measured for the same packets, pair
 * by pair: the spread of a difference, not the difference of two spreads.
 */
#ifndef WS_ANALYZE_AGREEMENT_H
#define WS_ANALYZE_AGREEMENT_H

#include "analyze/join.h"
#include "analyze/numbers.h"
#include "analyze/statistics.h"

/* eBPF's latency minus the capture's, over the packets that both paired, in one direction. ns, signed. */
struct ws_difference {
	uint64_t n;
	double mean_ns;
	int64_t p05_ns;
	int64_t p25_ns;
	int64_t median_ns;
	int64_t p75_ns;
	int64_t p95_ns;
	bool has_interval; /* of the median, at WS_ALPHA */
	int64_t median_low_ns;
	int64_t median_high_ns;
};

struct ws_agreement {
	uint64_t n; /* packets that both paired */
	uint64_t n_ebpf_only;
	uint64_t n_pcap_only;
	uint64_t n_way_differs; /* of n: with opposite directions; in no difference */
	struct ws_difference way[WS_N_WAYS];
};

/* The packets that both paired, in one direction: what both measured of each. In order of the identities' first entry.
 */
struct ws_pairings {
	uint64_t *ebpf_ns; /* owned */
	uint64_t *pcap_ns; /* owned */
	uint64_t n;
};

/*
 * What is known of an agreement while joins of parts of the packets come in. Same packet = same node, identity,
 * addresses and ports at the vport, and the same place among those that have these in common, by entry stamp. Zeroed:
 * nothing.
 */
struct ws_accord {
	uint64_t n;
	uint64_t n_way_differs;
	uint64_t n_pairs[2];		  /* of eBPF, of the capture */
	struct ws_numbers way[WS_N_WAYS]; /* differences, in no order; biased by ws_radix_bias() */
};

/* A packet that both paired in the same direction. */
struct ws_accord_packet {
	uint32_t first; /* of eBPF's pairs of the same identity, by entry: index */
	uint32_t nth;	/* of these, from 0 */
	uint8_t way;
	uint64_t ebpf_ns;
	uint64_t pcap_ns;
};

/*
 * Adds the joins of the same part of both sources. tell: NULL, or who is told of each packet; what he returns other
 * than 0 ends it. 0, -ENOMEM, -EOVERFLOW, or what tell returned.
 */
int ws_accord_add(const struct ws_join *ebpf, const struct ws_join *pcap, struct ws_accord *accord,
		  int (*tell)(void *context, const struct ws_accord_packet *packet), void *context);

/* Adds one packet that both paired: which way, and how long it took. 0 or -ENOMEM. */
int ws_accord_packet(struct ws_accord *accord, unsigned int ebpf_way, uint64_t ebpf_ns, unsigned int pcap_way,
		     uint64_t pcap_ns);

/* The agreement of n > 0 accords together, which are spent. 0 or -ENOMEM. */
int ws_accord_complete(struct ws_accord *const *accord, uint32_t n, struct ws_agreement *agreement);

/* NULL and zeroed are fine. */
void ws_accord_close(struct ws_accord *accord);

/* NULL is fine. */
void ws_pairings_close(struct ws_pairings *pairings);

#endif
