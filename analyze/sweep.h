/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep - detection over all cells of a campaign: live searches of N bytes beside the curve that the offsets of a
 * search of the whole head give for every N: `analyze detect` of a campaign.
 */
#ifndef WS_ANALYZE_SWEEP_H
#define WS_ANALYZE_SWEEP_H

#include <stdio.h>

#include "analyze/campaign.h"
#include "analyze/invocation.h"
#include "analyze/label.h"
#include "analyze/subject.h"

/* No index of a probe. */
#define WS_NO_PROBE UINT32_MAX

/* One cell, source and point. */
struct ws_probe {
	const struct ws_cell *cell;
	enum ws_source source;
	const char *point; /* name */
	uint32_t window;   /* payload bytes searched; UINT32_MAX: the whole head */
	bool live;	   /* the search ended at its window: only the rate at N = window is its own */
	ws_label label;
	ws_label panel;	    /* of the figure: the label without headers and what was attached and searched */
	bool for_detection; /* its run was made for detection */
	/*
	 * It is in the figure: if there are runs for detection, only these; if there are live searches, only what
	 * belongs to one; a capture only where there are no records.
	 */
	bool drawn;
	uint32_t offsets;   /* of a live one: the index of the search of the whole head beside it; WS_NO_PROBE: none */
	uint32_t *found_at; /* ids_end_off of the contexts found, ascending; owned */
	uint64_t n_found;
	bool expected_known;
	uint64_t n_expected;
	uint64_t n_open;       /* requests of which nobody knows whether they have a context: in no number */
	uint64_t n_unread;     /* requests whose records were lost: among n_expected, where no capture knows better */
	bool saw_whole;	       /* every search ended where heads end */
	struct ws_spots spots; /* what is open is in them only where it makes the number expected unknown */
	struct ws_remarks remarks;
};

/* By cell, source, point. */
struct ws_sweep {
	const struct ws_campaign *campaign;
	struct ws_probe *probe;
	uint32_t n;
	const uint32_t *search_bytes; /* the N that tables have; the invocation's */
	uint32_t n_search_bytes;
	unsigned int by; /* bits of enum ws_by: what thresholds are told apart by; the invocation's */
};

/*
 * Looks at all cells. A live search does not know what it missed: how many contexts passed is taken from its run's own
 * capture, or from the run that its condition "beside" names, which watched the same frames - if both saw the same
 * number of requests there. Needs WS_FIND_DETECTIONS. 0 or -ENOMEM. To be closed with ws_sweep_close().
 */
int ws_sweep_open(const struct ws_campaign *campaign, const struct ws_invocation *invocation, struct ws_sweep *sweep);

/* NULL is fine. */
void ws_sweep_close(struct ws_sweep *sweep);

/* The rate at N bytes; has_rate is false where it was not searched that far, or the denominator is unknown or 0. */
struct ws_detection_rate ws_probe_rate(const struct ws_probe *probe, uint32_t search_bytes);

/* What is told of the contexts of a probe. */
struct ws_subject ws_probe_subject(const struct ws_sweep *sweep, const struct ws_probe *probe);

/* The subjects of all probes, in their order; to be freed. NULL: out of memory. */
struct ws_subject *ws_sweep_subjects(const struct ws_sweep *sweep);

/* The smallest N that finds percent of the contexts; 0 if none does, or that is unknown. */
uint32_t ws_probe_bytes_for(const struct ws_probe *probe, uint32_t percent);

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_sweep_print(const struct ws_sweep *sweep, enum ws_format format, FILE *out);

/*
 * Writes what the figure draws, as sweep.gp wants it: a panel for each point and set of conditions apart from headers
 * and search space, in it a curve for each layout of headers and group of contexts: of those probes that are drawn.
 */
int ws_sweep_write_panels(const struct ws_sweep *sweep, FILE *out);

#endif
