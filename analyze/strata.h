/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strata - the latencies between the points, told apart by edge, pod, service and node: `analyze cdf --by`.
 */
#ifndef WS_ANALYZE_STRATA_H
#define WS_ANALYZE_STRATA_H

#include "analyze/key.h"
#include "analyze/statistics.h"
#include "analyze/study.h"

/* The latencies of one key, source and direction. */
struct ws_stratum {
	uint32_t key; /* index */
	enum ws_source source;
	enum ws_way way;
	uint64_t *latency_ns; /* n > 0 of them, ascending; owned */
	uint64_t n;
	uint64_t n_class[WS_N_CLASSES];
	struct ws_summary summary; /* ns */
};

/* What is in no latency: of one key and source. */
struct ws_leftover {
	uint32_t key;
	enum ws_source source;
	uint64_t n_cause[WS_N_SIDES][WS_N_CAUSES]; /* sightings without a partner */
	uint64_t n_lost; /* records or frames that got lost: what is known of them is their point */
};

struct ws_strata {
	unsigned int by; /* bits of WS_BY_NAMES */
	struct ws_keys keys;
	struct ws_stratum *at; /* by key, source, direction */
	uint32_t n;
	struct ws_leftover *leftover; /* by key, source; none without anything in it */
	uint32_t n_leftovers;
};

/*
 * Divides what a study joins by the bits of WS_BY_NAMES that are set, while it is joined: pair by pair, and what is
 * left over, in any order.
 */
struct ws_division;

/* The study's tuples need not be known yet. 0 or -ENOMEM. To be closed with ws_division_close(). */
int ws_division_open(struct ws_study *study, unsigned int by, struct ws_division **division);

/* NULL is fine. */
void ws_division_close(struct ws_division *division);

/* Adds a pair; way: enum ws_way, class: bits of enum ws_class. 0, -ENOMEM or -EOVERFLOW. */
int ws_division_pair(struct ws_division *division, enum ws_source source, const struct ws_sighting *nic,
		     const struct ws_sighting *vport, unsigned int way, unsigned int class);

/* Adds a sighting without a partner. As above. */
int ws_division_stray(struct ws_division *division, enum ws_source source, enum ws_side side, enum ws_cause cause,
		      const struct ws_sighting *sighting);

/* When all is added: takes what was found, with what got lost at the points. 0, -ENOMEM or -EOVERFLOW. To be closed
 * with ws_strata_close(). */
int ws_division_end(struct ws_division *division, struct ws_strata *strata);

/* Adds all of another run's, whose conditions have a label; the sum is to be completed with ws_strata_complete(). */
int ws_strata_add(struct ws_strata *strata, const struct ws_strata *more, const char *label);

/* Puts them into order and summarizes. 0 or -ENOMEM. */
int ws_strata_complete(struct ws_strata *strata);

/* NULL and all-zero are fine. */
void ws_strata_close(struct ws_strata *strata);

/* Sightings without a partner. */
uint64_t ws_leftover_n_strays(const struct ws_leftover *leftover);

/*
 * Fills in a key: by, who sent the packet and whom it went to (NULL: not known), which way (WS_N_WAYS: not known), pod
 * ("NAMESPACE/NAME") at the vport if the point says it, node; "" not known. The key's texts are in room, or as old as
 * what was passed.
 */
struct ws_key_room {
	char edge[WS_EDGE_WORDS_MAX];
	char pod[WS_EDGE_WORDS_MAX];
	char service[WS_OWNER_TEXT_MAX];
};
struct ws_key ws_strata_key(unsigned int by, const struct ws_parties *parties, unsigned int way, const char *pod,
			    const char *node, struct ws_key_room *room);

#endif
