/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * detect - prints detection rates by search space: `analyze detect`.
 */
#ifndef WS_ANALYZE_DETECT_H
#define WS_ANALYZE_DETECT_H

#include <stdio.h>

#include "analyze/detection.h"
#include "analyze/subject.h"
#include "analyze/invocation.h"

/* All that there is to print. Nothing is owned. */
struct ws_detect {
	const struct ws_study *study;
	const struct ws_detection *detection; /* one a wanted file */
	const struct ws_subject *subject;     /* of each */
	uint32_t n;
	unsigned int by;	      /* bits of enum ws_by: what thresholds are told apart by */
	const uint32_t *search_bytes; /* ascending */
	uint32_t n_search_bytes;
};

/* 0, -ENOMEM or -EIO. */
int ws_detect_print(const struct ws_detect *detect, enum ws_format format, FILE *out);

/*
 * Writes what the figure draws, as sweep.gp wants it: a panel for each point, in it a curve for each source and group,
 * for every N; a mark where a search ended before the heads did. 0, -ENOMEM or -EIO.
 */
int ws_detect_write_panels(const struct ws_detect *detect, FILE *out);

#endif
