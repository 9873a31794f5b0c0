/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bulk - joins a run of any size in bounded memory: what is kept of it are counts, latencies and agreement.
 *
 * Sightings are read onto trays (trays.h), all of a packet onto one. A first pass over the trays pairs what was
 * seen once at each side, and lets it vote on the direction of its flow; what remains goes onto trays again, and a
 * second pass joins it as ws_join_open() does, when all votes and all requests without a context are known. With both
 * sources to compare, the first pass only votes, and the second one joins everything.
 *
 * Memory: the limit for sightings; 8 bytes a pair, 8 a request without a context, 8 a packet that both sources paired;
 * addresses and ports. Both passes share the trays out among the processors; the result does not depend on
 * how many there are, nor on the limit.
 */
#ifndef WS_ANALYZE_BULK_H
#define WS_ANALYZE_BULK_H

#include "analyze/store.h"
#include "analyze/study.h"
#include "analyze/trays.h"

/* A pair, as it is told; more: NULL if it was not wanted. */
struct ws_bulk_pair {
	enum ws_source source;
	uint8_t way;   /* enum ws_way */
	uint8_t class; /* bits of enum ws_class */
	const struct ws_sighting *at[WS_N_SIDES];
	const struct ws_packed_more *more[WS_N_SIDES];
};

/* A sighting that found no partner, likewise. */
struct ws_bulk_stray {
	enum ws_source source;
	uint8_t side;  /* enum ws_side */
	uint8_t cause; /* enum ws_cause */
	const struct ws_sighting *at;
	const struct ws_packed_more *more;
};

/* A packet that both sources paired in the same direction. */
struct ws_bulk_paired {
	struct ws_bulk_pair first; /* of the identity's pairs, by entry: as eBPF has it */
	uint32_t nth;		   /* of the identity's pairs, from 0 */
	uint8_t way;
	uint64_t ebpf_ns;
	uint64_t pcap_ns;
};

/*
 * Who is told of every row, pair and stray, in no order, each once. What he is told lasts until he returns. number:
 * of the thread that tells it, below WS_BULK_THREADS_MAX. Each may be NULL, and returns 0 or -errno, which ends all.
 */
struct ws_bulk_sink {
	void *context;
	bool has_more;	 /* pairs and strays are to be told with what there is more of them */
	bool has_places; /* so that it, and rows, have their place; else NULL, and 0 */
	bool is_naming;	 /* asks the study's naming: pairs and strays are told by one thread at a time */
	/* Every row of a file that is read, joined or not; row rises as rows are read. */
	int (*row)(void *context, uint32_t number, uint64_t row, const struct ws_sighting *sighting,
		   const struct ws_place *place);
	int (*pair)(void *context, uint32_t number, const struct ws_bulk_pair *pair);
	int (*stray)(void *context, uint32_t number, const struct ws_bulk_stray *stray);
	int (*paired)(void *context, uint32_t number, const struct ws_bulk_paired *paired);
};

#define WS_BULK_THREADS_MAX 8

struct ws_bulk_wish {
	bool joins;			 /* else rows are told, and that is all */
	bool latencies;			 /* and agreement; else counts only */
	bool reads_all;			 /* also what the store that the run is in could join */
	uint64_t memory_bytes;		 /* for sightings */
	const char *family;		 /* NULL: all */
	const struct ws_bulk_sink *sink; /* NULL: nobody is told */
};

/*
 * Joins the sources of a study whose files are found: reads the files that are flagged in read, fills in tuples and
 * each view's join (counts only), latencies, and agreement. 0, or what ws_collect_rows() says, -ENOMEM, or
 * what the temporary file says. -EAGAIN: the store's pairs are of no use, and the sink was told of some: to be asked
 * again with a sink that knows of nothing, and reads_all.
 */
int ws_bulk_join(struct ws_study *study, struct ws_store *store, const bool *read, const struct ws_bulk_wish *wish,
		 struct ws_error *err);

/* An error of the join's, or of what goes with it in bounded memory, in words. Returns rc. */
int ws_bulk_complain(int rc, struct ws_error *err);

/* How many threads work at a join: as many as there are processors, up to WS_BULK_THREADS_MAX. */
uint32_t ws_bulk_n_threads(void);

#endif
