/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offsets - where in the head the contexts sit, by group: `analyze offsets`.
 */
#ifndef WS_ANALYZE_OFFSETS_H
#define WS_ANALYZE_OFFSETS_H

#include "analyze/sweep.h"

/* Order statistics of n > 0 numbers: x(1), x(ceil(q n)), x(n). */
struct ws_spread {
	uint32_t min;
	uint32_t median;
	uint32_t p90;
	uint32_t p99;
	uint32_t max;
};

/* Bins of a histogram along the head. */
#define WS_OFFSETS_BINS 60

/* The contexts found of one subject and group: at least one. Offsets count from the request line's first byte. */
struct ws_offsets_row {
	const struct ws_subject *subject;
	const struct ws_spot_group *group;
	struct ws_spread begin;		    /* first byte of the context */
	struct ws_spread end;		    /* behind the last byte of its trace id and span id */
	struct ws_spread length;	    /* from its first byte to the end of its last id, the parent's among them */
	struct ws_spread searched;	    /* bytes of the head that were searched */
	uint64_t n_begin_later;		    /* contexts that begin behind the first segment of the head */
	uint64_t n_end_later;		    /* that end behind it: a search of one segment does not find them */
	uint16_t last_segment;		    /* the highest number of a segment in which one ends */
	uint64_t n_begins[WS_OFFSETS_BINS]; /* contexts whose first byte lies in the bin */
	uint64_t n_ends[WS_OFFSETS_BINS];   /* whose last byte of the ids does */
	uint64_t n_covers[WS_OFFSETS_BINS]; /* that have a byte in it */
};

/* By subject and group. */
struct ws_offsets {
	struct ws_subject *subject;
	uint32_t n_subjects;
	struct ws_spot_groups *groups; /* of each subject */
	struct ws_offsets_row *row;
	uint32_t n;
	unsigned int by;
	uint32_t bin_bytes; /* of all rows */
};

/* Looks at all probes of the sweep, which must outlive it. 0 or -ENOMEM. To be closed with ws_offsets_close(). */
int ws_offsets_open(const struct ws_sweep *sweep, struct ws_offsets *offsets);

/* NULL is fine. */
void ws_offsets_close(struct ws_offsets *offsets);

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_offsets_print(const struct ws_offsets *offsets, enum ws_format format, FILE *out);

/* Room for what ws_offsets_words() writes. */
#define WS_OFFSETS_WORDS_MAX 1024

/* What a row says, in plain words for who runs the mesh. Returns text. */
const char *ws_offsets_words(const struct ws_offsets *offsets, const struct ws_offsets_row *row,
			     char text[WS_OFFSETS_WORDS_MAX]);

/* Names a row in a figure: label, point, source, group. Returns text. */
#define WS_OFFSETS_NAME_MAX (WS_LABEL_MAX + WS_GROUP_WORDS_MAX + 64)
const char *ws_offsets_name(const struct ws_offsets *offsets, const struct ws_offsets_row *row,
			    char text[WS_OFFSETS_NAME_MAX]);

/*
 * Is the row in the figure? Where there are searches of whole heads, only these; a capture only where there are no
 * records of the same.
 */
bool ws_offsets_is_drawn(const struct ws_offsets *offsets, const struct ws_offsets_row *row);

/* Writes what the figure draws, as offsets.gp wants it: for every row the bins in which contexts begin and end. */
int ws_offsets_write_bins(const struct ws_offsets *offsets, FILE *out);

#endif
