/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * harvest - what is kept of single sightings, pairs and strays while a run is joined in bulk: in an order of its own,
 * in bounded memory (sorter.h), to be taken one after the other. Each can be taken once.
 */
#ifndef WS_ANALYZE_HARVEST_H
#define WS_ANALYZE_HARVEST_H

#include "analyze/agreement.h"
#include "analyze/bulk.h"
#include "analyze/strata.h"
#include "analyze/study.h"

struct ws_harvest;

/* How many parts of the memory the needs want, each the same. */
uint32_t ws_harvest_n_parts(unsigned int needs);

/*
 * Of a study of which files, nodes and vantages are known. needs: bits of enum ws_need; by: the bits of WS_BY_NAMES for
 * WS_NEED_STRATA; memory_bytes: for one part. 0 or -ENOMEM. To be closed with ws_harvest_close(). sink: who is to be
 * told, by ws_bulk_join().
 */
int ws_harvest_open(struct ws_study *study, unsigned int needs, unsigned int by, uint64_t memory_bytes,
		    struct ws_harvest **harvest);
const struct ws_bulk_sink *ws_harvest_sink(const struct ws_harvest *harvest);

/*
 * For WS_NEED_ALIKE: n rows that are alike, without a sequence number, the stamp that of the last one, last_row its
 * number. All rows are told so, or none, and before the sink is told of those whose counterparts matter. 0, -ENOMEM, or
 * what the temporary file says.
 */
int ws_harvest_take_alike(struct ws_harvest *harvest, const struct ws_sighting *sighting, const struct ws_place *place,
			  uint64_t last_row, uint64_t n);

/* Counterparts that are alike, of a judged point: in its record file (0) and in the capture that judges it (1). */
struct ws_harvest_match {
	struct ws_sighting at[2]; /* without identity, the stamp that of the last one; file is set in any case */
	struct ws_place place[2]; /* of each the version of HTTP only */
	bool is_seen[2];
	uint64_t n;
};

typedef int (*ws_harvest_take_match)(void *context, const struct ws_harvest_match *match);

/* Keeps it: WS_NEED_ALIKE. 0, -ENOMEM, or what the temporary file says. */
int ws_harvest_keep_match(struct ws_harvest *harvest, const struct ws_harvest_match *match);

/* Hands over what was kept. Likewise, or what take returns. */
int ws_harvest_matches(struct ws_harvest *harvest, ws_harvest_take_match take, void *context);

/* Rows that the sink was told of: WS_NEED_SIGHTINGS. */
uint64_t ws_harvest_n_rows(const struct ws_harvest *harvest);

/* From now on the sink wants no rows. */
void ws_harvest_end_rows(struct ws_harvest *harvest);

/* NULL is fine. */
void ws_harvest_close(struct ws_harvest *harvest);

/*
 * The latencies of every source, direction and node that has any, in order of their entry's stamp (ties: as
 * ws_join_sort() has it), by source, direction and node: WS_NEED_ORDER. 0, what take returns, -ENOMEM, or what the
 * temporary file says, for ws_bulk_complain().
 */
int ws_harvest_series(struct ws_harvest *harvest,
		      int (*take)(void *context, enum ws_source source, enum ws_way way, const uint64_t *latency_ns,
				  uint64_t n),
		      void *context);

/* The packets that both sources paired, likewise; to be closed with ws_pairings_close(). */
int ws_harvest_pairings(struct ws_harvest *harvest, struct ws_pairings paired[WS_N_WAYS]);

/* A packet to be told of: of a pair, at the vport, else where it was seen. */
struct ws_told {
	enum ws_source source;
	bool is_pair;
	uint8_t way; /* of a pair: enum ws_way, bits of enum ws_class */
	uint8_t class;
	uint8_t side; /* of a stray: enum ws_side, enum ws_cause */
	uint8_t cause;
	struct ws_sighting at;	  /* with its id's version; what pairs do not tell is 0 */
	struct ws_sighting other; /* of a pair: at the NIC, without identity */
	uint8_t http_version;
	uint32_t stream_id; /* 0: none */
};

/*
 * The next pair or stray: pairs in order of source, entry's stamp, sequence number, and order at the NIC; strays of
 * source, node, side, point, and time: WS_NEED_PAIRS or WS_NEED_STRAYS. Returns 1, 0 if that was all, or -errno.
 */
int ws_harvest_next(struct ws_harvest *harvest, struct ws_told *told);

/* Takes the strata: WS_NEED_STRATA. As ws_division_end(). */
int ws_harvest_strata(struct ws_harvest *harvest, struct ws_strata *strata);

/* What is shown of a point. */
enum ws_shown {
	WS_SHOWN_EACH,	/* every sighting */
	WS_SHOWN_ALIKE, /* what is the same as counts; all points' before any of those that follow */
	WS_SHOWN_AGAIN, /* single ones, which are among those counts: all that may have a counterpart among them */
};

/* One list a file of the catalog; of other points they are empty. 0 or -errno, which ends all. */
typedef int (*ws_harvest_show)(void *context, enum ws_shown shown, const struct ws_sightings *sightings,
			       const char *point);

/*
 * Shows the sightings at each point, some flows' at a time, with their places: WS_NEED_SIGHTINGS. Single sightings of a
 * flow with the same sequence number come at once, those of a file in time order, with digests. 0, what show returns,
 * or as above.
 */
int ws_harvest_sightings(struct ws_harvest *harvest, ws_harvest_show show, void *context);

/*
 * Which way the flow of a sighting goes at its point, as other sightings of it say: the last one that does. enum
 * ws_direction; 0: nobody knows. While sightings are shown. NULL is fine.
 */
uint8_t ws_harvest_direction(const struct ws_harvest *harvest, const struct ws_sighting *sighting);

/* Counts the different trace ids that each file has, one number a file of the catalog: WS_NEED_TRACES. */
int ws_harvest_traces(struct ws_harvest *harvest, uint64_t *n_traces);

#endif
