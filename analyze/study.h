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

/* What a command needs of a run. In rising order; those from WS_DEPTH_SIGHTINGS on need the ones before. */
enum ws_depth {
	WS_DEPTH_CATALOG,
	WS_DEPTH_COUNTS,    /* of the joins, counts only: no sightings, in bounded memory */
	WS_DEPTH_LATENCIES, /* the same, with latencies and agreement */
	WS_DEPTH_SIGHTINGS, /* with their places, some points at a time: ws_study_show() */
	WS_DEPTH_JOIN,	    /* of the sightings, only those that are joined */
	WS_DEPTH_PLACES,    /* the same, and where the contexts of these are */
	WS_DEPTH_ALL,	    /* the join, and then all sightings with their places, by ws_study_show() */
};

/* One source's view of the node: eBPF records with eBPF records, captures with captures. */
struct ws_view {
	bool present;				/* the run has files of this source, and they were asked for */
	bool joined;				/* join is there */
	const struct ws_file *file[WS_N_SIDES]; /* the first of each side in the catalog, where the others follow */
	uint32_t n_files[WS_N_SIDES];
	char why[256]; /* not joined: why not, and what to do */
	struct ws_join join;
	uint64_t *latency_ns[WS_N_WAYS]; /* of all pairs, in no order; only at WS_DEPTH_LATENCIES */
};

struct ws_study {
	struct ws_catalog catalog;
	struct ws_conditions conditions; /* of the run; only at WS_DEPTH_SIGHTINGS */
	struct ws_tuples tuples;
	struct ws_naming naming;
	unsigned int by;		/* what was asked to tell apart by: bits of enum ws_by */
	struct ws_sightings *sightings; /* one a file of the catalog */
	struct ws_sighting
		*block[WS_N_SOURCES][WS_N_SIDES]; /* of several files of a side: theirs, one behind the other */
	bool *wanted;				  /* one flag a file: was it asked for? */
	const char **node;			  /* names, in order; "" not known; they are the catalog's */
	uint32_t n_nodes;
	struct ws_vantage *vantage; /* one a file */
	struct ws_view view[WS_N_SOURCES];
	struct ws_store *store; /* open as long as sightings are to be shown; else NULL */
	bool *shown;		/* one flag a file: its sightings are there; only with store */
	const char *family;	/* what contexts are shown: NULL: all; the invocation's */
	uint64_t memory_bytes;	/* for sightings that are shown at once */
	bool has_agreement;	/* agreement is there: at WS_DEPTH_LATENCIES, if both sources are joined */
	struct ws_agreement agreement;
};

/*
 * Loads the run. Contexts of another family than the invocation's become WS_REASON_OTHER_FAMILY. 0, or what
 * ws_store_open() and those after it say. To be closed with ws_study_close().
 */
int ws_study_open(const struct ws_invocation *invocation, enum ws_depth depth, struct ws_study *study,
		  struct ws_error *err);

/*
 * At WS_DEPTH_SIGHTINGS and WS_DEPTH_ALL: sees to it that the sightings of all files at the file's point are there, and
 * their flows in tuples; to be asked for every file in turn. What all files saw may be more than the invocation's
 * memory holds: then the joins and the sightings of other points go. 0, or what ws_collect() says.
 */
int ws_study_show(struct ws_study *study, uint32_t file, struct ws_error *err);

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
