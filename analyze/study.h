/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * study - a run as analyze sees it: catalog, sightings, and for every source the join of its two points.
 */
#ifndef WS_ANALYZE_STUDY_H
#define WS_ANALYZE_STUDY_H

#include "analyze/agreement.h"
#include "analyze/catalog.h"
#include "analyze/conditions.h"
#include "analyze/invocation.h"
#include "analyze/join.h"
#include "analyze/naming.h"
#include "analyze/tuple.h"
#include "lib/error.h"

/* What a command needs of a run, besides its catalog. Bits. */
enum ws_need {
	WS_NEED_JOIN = 1,      /* of the joins, counts only */
	WS_NEED_LATENCIES = 2, /* with latencies and agreement */
	/* These are in the harvest (harvest.h): */
	WS_NEED_ORDER = 4,	 /* latencies in order of time, and what both sources measured of the same packets */
	WS_NEED_PAIRS = 8,	 /* every pair */
	WS_NEED_STRAYS = 16,	 /* every sighting without a partner; not with WS_NEED_PAIRS */
	WS_NEED_STRATA = 32,	 /* latencies told apart by name, by what was asked for */
	WS_NEED_EDGES = 64,	 /* the same, by edge if nothing was asked for, where names are known */
	WS_NEED_SIGHTINGS = 128, /* all sightings with their places, point by point; with the run's conditions */
	WS_NEED_TRACES = 256,	 /* how many different trace ids each file has */
	WS_NEED_ALIKE = 512,	 /* with WS_NEED_SIGHTINGS: a store may count them; the study's own */
};

struct ws_harvest;

/* One source's view of the node: eBPF records with eBPF records, captures with captures. */
struct ws_view {
	bool present;				/* the run has files of this source, and they were asked for */
	bool joined;				/* join is there: its counts only */
	const struct ws_file *file[WS_N_SIDES]; /* the first of each side in the catalog, where the others follow */
	uint32_t n_files[WS_N_SIDES];
	char why[256]; /* not joined: why not, and what to do */
	struct ws_join join;
	uint64_t *latency_ns[WS_N_WAYS]; /* of all pairs, in no order; only with WS_NEED_LATENCIES */
};

struct ws_study {
	struct ws_catalog catalog;
	struct ws_conditions conditions; /* of the run; only with WS_NEED_SIGHTINGS */
	struct ws_tuples tuples;
	struct ws_naming naming;
	unsigned int by;   /* what was asked to tell apart by: bits of enum ws_by */
	bool *wanted;	   /* one flag a file: was it asked for? */
	const char **node; /* names, in order; "" not known; they are the catalog's */
	uint32_t n_nodes;
	struct ws_vantage *vantage; /* one a file */
	struct ws_view view[WS_N_SOURCES];
	struct ws_harvest *harvest; /* NULL: nothing was needed of it */
	uint64_t *n_traces;	    /* different trace ids, one a file; NULL: not needed, or they are in the harvest */
	bool has_strata;	    /* there are strata in it */
	double rounding;	    /* of a latency, its part that it may be off by: a store rounded them; 0: exact */
	bool has_agreement;	    /* agreement is there: with WS_NEED_LATENCIES, if both sources are joined */
	struct ws_agreement agreement;
};

/*
 * Loads of the run what is needed (bits of enum ws_need), within the invocation's memory. Contexts of another family
 * than the invocation's become WS_REASON_OTHER_FAMILY. 0, or what ws_store_open() and those after it say. To be closed
 * with ws_study_close().
 */
int ws_study_open(const struct ws_invocation *invocation, unsigned int needs, struct ws_study *study,
		  struct ws_error *err);

/* NULL is fine. */
void ws_study_close(struct ws_study *study);

/* Closes the study, but for its catalog and its flags, which are handed over: each file keeps its address. */
void ws_study_hand_over(struct ws_study *study, struct ws_catalog *catalog, bool **wanted);

/*
 * Is there more to name than a NIC and a vport: a cluster's names, or several points of a side? Only then are names,
 * nodes and points told of single packets.
 */
bool ws_study_has_names(const struct ws_study *study);

/* The name of the node where a sighting was made; "" not known. */
const char *ws_study_node(const struct ws_study *study, const struct ws_sighting *sighting);

/* Records or frames that got lost at the points that were joined. */
uint64_t ws_view_n_lost(const struct ws_view *view);

/* 0 if no family was asked for, or a file was searched for it; else -ENODATA, told in err. */
int ws_study_check_family(const struct ws_study *study, const struct ws_invocation *invocation, struct ws_error *err);

/* 0 if the run has a file of those asked for; else -ENODATA, told in err. */
int ws_study_check_files(const struct ws_study *study, const struct ws_invocation *invocation, struct ws_error *err);

/* 0 if at least one source could be joined; else -ENODATA, told in err. */
int ws_study_check(const struct ws_study *study, const struct ws_invocation *invocation, struct ws_error *err);

#endif
