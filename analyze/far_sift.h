/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_sift - the first pass of a join (sifting.c) where the rows lie: each server pairs the identities that were
 * seen once at each side, by itself, as those of a trace are all at one server; what comes is how many pairs were
 * alike, or, where single pairs are told of, each pair. What is no such pair is left: table request is restricted to
 * these rows (ws_far_restrict()).
 *
 * An identity of which one source saw a pair, and the other one something else, is left as a whole. So is a row whose
 * ids cannot be any.
 */
#ifndef WS_ANALYZE_FAR_SIFT_H
#define WS_ANALYZE_FAR_SIFT_H

#include "analyze/far.h"
#include "analyze/study.h"

/* What is told of pairs that are alike. */
enum ws_told_kind {
	WS_TOLD_EBPF,	 /* a, b: flow_id at the NIC, at the vport; c: node << 5 | way << 4 | class, NAT apart */
	WS_TOLD_EBPF_NS, /* a: latency; c: way */
	WS_TOLD_PCAP,	 /* the same of captures */
	WS_TOLD_PCAP_NS,
	WS_TOLD_BOTH, /* both sources paired it; a, b: flow_id at the vport by eBPF, by the capture; c: whether the
			 ways differ */
	WS_TOLD_DIFFERENCE, /* of these, where the ways are the same; a: eBPF's latency less the capture's; c: way */
	WS_TOLD_LEFT,	    /* identities that are left */
};

struct ws_told {
	enum ws_told_kind kind;
	int64_t a, b;
	uint64_t c;
	uint64_t n; /* pairs, or identities */
};

/* Where and when a packet of a pair was seen. */
struct ws_far_spot {
	int64_t flow_id;
	int64_t ts_ns;
	uint64_t row; /* of the catalog's file, at the NIC: request_id */
	uint32_t payload_len;
	uint16_t n_segments;
	uint16_t file; /* index in the catalog */
	uint8_t direction;
	/* at the vport, and only with ids: */
	uint8_t family;
	uint8_t http_version;
	uint8_t id_version;
	uint32_t stream_id;
};

/* An identity of which each source that saw it saw one packet at each side. */
struct ws_far_pair {
	struct ws_identity identity; /* without ids: its sequence number alone */
	bool is_seen[WS_N_SOURCES];
	struct ws_far_spot at[WS_N_SOURCES][WS_N_SIDES]; /* of a source that saw it */
};

struct ws_far_question {
	const struct ws_catalog *catalog;
	const struct ws_vantage *vantage; /* one a file: its node */
	const uint8_t *list_of_file;	  /* 2 * source + side; WS_NO_LIST: it takes no part */
	const uint8_t *family;		  /* by file: only its contexts take part; NULL: all do */
	bool is_joined[WS_N_SOURCES];	  /* is there a file of it that takes part? */
	bool latencies;
	bool agreement; /* and both sources' together */
	bool rounds;	/* latencies and differences, each by at most WS_SIFT_ROUNDING of itself */
	bool ids;	/* of single pairs, those too */
	/* Not 0: requests without a context take part, too, and their identity is their sequence number. Those of list
	   0 make pairs with reasons r whose bit is set; the others keep theirs from being told. Only with list 0 and 1,
	   and without ids. */
	uint64_t bare_reasons;
};

/* Who is told: of pairs that are alike, or of every pair. Other than 0 ends it. */
struct ws_far_listener {
	int (*alike)(void *context, const struct ws_told *told); /* NULL: single pairs are told of */
	int (*pair)(void *context, const struct ws_far_pair *pair);
	void *context;
};

/*
 * What travels of latencies is each different one with its count. Of many, that is many: rounded, there are 2^10 of a
 * power of 2 at most, from whichever servers they come. Rounding to the middle of a step is off by half a step at most.
 */
#define WS_SIFT_STEP_BITS 10
#define WS_SIFT_ROUNDING  (1.0 / (2 << WS_SIFT_STEP_BITS))

/*
 * Asks the servers, hands everything that they tell to the listener, and restricts the far's table request to what is
 * left. More than one server may tell the same a, b and c; the order of pairs is any. 0, what the listener returns,
 * -EPROTO: a file has other rows than the catalog says, or a row of its pairs makes no sense; what the client says.
 */
int ws_far_sift(struct ws_far *far, const struct ws_far_question *question, const struct ws_far_listener *listener,
		struct ws_error *err);

#endif
