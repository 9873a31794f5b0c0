/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * headings - which way each flow goes at a point, as the kernel saw it: captures do not know it, records beside them
 * do.
 */
#ifndef WS_ANALYZE_HEADINGS_H
#define WS_ANALYZE_HEADINGS_H

#include <stdint.h>

/* What was noted of a flow: the last of its sightings, by file, then time, then row. */
struct ws_heading {
	uint64_t flow_plus_1; /* 0: none */
	int64_t ts_ns;
	uint64_t row;
	uint16_t file;
	uint8_t direction; /* enum ws_direction */
};

/* A hash table, at most half full. All-zero is an empty one. */
struct ws_headings {
	struct ws_heading *at;
	uint32_t n;
	uint32_t n_slots; /* a power of two */
};

/* Notes a sighting of a flow, any number. 0, -ENOMEM, or -EOVERFLOW (2^30 flows). */
int ws_headings_note(struct ws_headings *headings, const struct ws_heading *heading);

/* Notes all of more. As above. */
int ws_headings_add(struct ws_headings *headings, const struct ws_headings *more);

/* enum ws_direction; 0: nothing was noted. */
uint8_t ws_headings_find(const struct ws_headings *headings, uint64_t flow);

/* Frees the memory and empties it; NULL is fine. */
void ws_headings_close(struct ws_headings *headings);

#endif
