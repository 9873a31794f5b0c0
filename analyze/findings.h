/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * findings - what a run says once its packets are joined: latencies, agreement, detection, accounts, load. Its
 * sightings are forgotten, so that a campaign of many runs fits in memory.
 */
#ifndef WS_ANALYZE_FINDINGS_H
#define WS_ANALYZE_FINDINGS_H

#include "analyze/agreement.h"
#include "analyze/background.h"
#include "analyze/effective.h"
#include "analyze/detection.h"
#include "analyze/series.h"
#include "analyze/strata.h"
#include "analyze/study.h"

/* What is to be found out. Bits; catalog and background are always read. */
enum ws_finding {
	WS_FIND_LATENCIES = 1,	/* join, series, agreement; told apart by name if that was asked for */
	WS_FIND_DETECTIONS = 2, /* contexts found, by offset */
	WS_FIND_TRACES = 4,	/* different trace ids, by file */
	WS_FIND_EDGES = 8,	/* latencies by edge, if the run knows names */
	WS_FIND_JOIN = 16,	/* of the join, counts only */
};

/* How a source's join came out. */
struct ws_outcome {
	bool present; /* the run has files of this source, and they were asked for */
	bool joined;
	char why[256]; /* not joined: why not */
	uint64_t n_class[WS_N_WAYS][WS_N_CLASSES];
	uint64_t n_cause[WS_N_SIDES][WS_N_CAUSES];
	uint64_t n_contexts[WS_N_SIDES];
	uint64_t n_strays;
	unsigned int n_causes; /* that there can be: see ws_join */
	uint64_t n_lost;       /* records or frames that got lost at the points that were joined */
};

struct ws_findings {
	struct ws_background background;
	struct ws_catalog catalog;
	bool *wanted;	    /* one flag a file: was it asked for? */
	uint64_t *n_traces; /* one number a file; only with WS_FIND_TRACES */
	struct ws_outcome outcome[WS_N_SOURCES];
	struct ws_series_set series;
	struct ws_strata strata;	   /* latencies told apart by name; empty if that was not asked for */
	double effective_n[WS_SERIES_MAX]; /* by series: the lesser of that of the mean and that of the median */
	bool has_names;			   /* points are named with their pod and node: see ws_study_has_names() */
	bool has_agreement;
	struct ws_agreement agreement;
	struct ws_pairings paired[WS_N_WAYS]; /* the same packets by both sources; empty without agreement */
	struct ws_detection *detection;	      /* one a wanted file; their file is in catalog */
	uint32_t n_detections;
};

/*
 * Looks into DIR/run.db as the invocation says, its own directory apart. 0, or what ws_study_open() and
 * ws_background_open() say. To be closed with ws_findings_close().
 */
int ws_findings_open(const char *dir, const struct ws_invocation *invocation, unsigned int needs,
		     struct ws_findings *findings, struct ws_error *err);

/* The lesser of the effective sizes of n > 0 latencies in order of time: that of their mean, that of their median. */
static inline double ws_effective_least(const uint64_t *in_time_order, uint64_t n, uint64_t median)
{
	double of_mean = ws_effective_n(in_time_order, n).n, of_median = ws_effective_n_at(in_time_order, n, median).n;

	return of_mean < of_median ? of_mean : of_median;
}

/* NULL is fine. */
void ws_findings_close(struct ws_findings *findings);

/* The series of that source and direction, or NULL. */
const struct ws_series *ws_findings_series(const struct ws_findings *findings, enum ws_source source, enum ws_way way);

#endif
