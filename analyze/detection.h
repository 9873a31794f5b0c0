/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * detection - of the requests that carry a context, how many does a search of N bytes find?
 *
 * The denominator comes from the packets, never from what was found: from the capture at the same point, or, where
 * there is none, from a search of the whole head. Requests whose records were lost count as not found unless the
 * capture knows better: the rates are lower bounds then.
 */
#ifndef WS_ANALYZE_DETECTION_H
#define WS_ANALYZE_DETECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/remarks.h"
#include "analyze/spot.h"
#include "analyze/statistics.h"
#include "analyze/study.h"

/* What one file tells about detection. */
struct ws_detection {
	const struct ws_file *file;
	uint32_t *found_at; /* ids_end_off of the contexts found, ascending; owned */
	uint32_t n_found;
	bool expected_known;
	uint64_t n_expected;   /* requests with a context that passed */
	uint64_t n_open;       /* requests of which nobody knows whether they have one: in no number */
	uint64_t n_resolved;   /* contexts that only the capture knows: among n_expected */
	uint64_t n_unread;     /* requests whose records were lost */
	uint64_t n_unrecorded; /* frames of HTTP/2 requests that nobody can read, and that have no record; among n_open
				*/
	bool has_capture;      /* the capture of the same point judges; else n_unread is among n_expected */
	struct ws_spots spots;
	struct ws_remarks remarks;
};

/* The rate at one search space. */
struct ws_detection_rate {
	uint64_t n_detected; /* contexts found that lie within it */
	bool has_rate;	     /* false: it was not searched that far, or the denominator is unknown or 0 */
	struct ws_proportion rate;
};

/*
 * Looks at every wanted file of a study that has sightings (WS_NEED_SIGHTINGS), which are used up. detection: room for
 * as many as there are files; *n: how many there are. 0, -ENOMEM, -EOVERFLOW, or what the temporary file says, told in
 * err. To be closed one by one.
 */
int ws_detections_open(struct ws_study *study, struct ws_detection *detection, uint32_t *n, struct ws_error *err);

/* The capture that judges the records of a file: that of the same point. NULL: there is none. */
const struct ws_file *ws_capture_at(const struct ws_catalog *catalog, const struct ws_file *file);

/* Does a record with this reason (enum ws_reason, or WS_REASON_OTHER_FAMILY) leave nothing to ask a capture? */
bool ws_record_is_settled(uint8_t reason);

/* NULL is fine. */
void ws_detection_close(struct ws_detection *detection);

/* How many of n offsets, ascending, are search_bytes or less. */
uint64_t ws_offsets_within(const uint32_t *offset, uint64_t n, uint32_t search_bytes);

/* The groups of what was found and missed, by the bits of enum ws_by. As ws_spot_groups_open(). */
int ws_detection_groups(const struct ws_detection *detection, unsigned int by, struct ws_spot_groups *groups);

struct ws_detection_rate ws_detection_rate(const struct ws_detection *detection, uint32_t search_bytes);

#endif
