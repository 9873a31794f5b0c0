/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sorter - puts records of one size into order in bounded memory: what goes beyond the limit is sorted by the part into
 * a temporary file (scratch.h), and the parts are merged as they are read (Knuth, The Art of Computer Programming 3,
 * 5.4.1). The order does not depend on the limit, nor on how many threads the records came from, if no two compare as
 * equal.
 */
#ifndef WS_ANALYZE_SORTER_H
#define WS_ANALYZE_SORTER_H

#include <stddef.h>
#include <stdint.h>

/* What every record begins with: sorted by major, then minor, ascending. */
struct ws_sort_key {
	uint64_t major;
	uint64_t minor;
};

struct ws_sorter_plan {
	size_t record_bytes; /* a multiple of 8 */
	/* Which of two records with the same key comes first: < 0, 0, > 0. */
	int (*compare)(const void *a, const void *b);
	uint64_t memory_bytes; /* for records, and for what their sorting needs beside them */
	uint32_t n_writers;    /* threads that may put records */
	uint32_t n_at_once;    /* of these, how many are expected to share the memory */
};

struct ws_sorter;

/* 0 or -ENOMEM. To be closed with ws_sorter_close(). */
int ws_sorter_open(const struct ws_sorter_plan *plan, struct ws_sorter **sorter);

/* Adds a copy of the record; writer: 0 .. n_writers - 1, each one thread's. 0, -ENOMEM, or what the temporary file
 * says. */
int ws_sorter_put(struct ws_sorter *sorter, uint32_t writer, const void *record);

/* Ends the putting. As ws_sorter_put(). */
int ws_sorter_sort(struct ws_sorter *sorter);

/*
 * The next record in order, after ws_sorter_sort(); it lasts until the next call. NULL: that was all. 0, or what the
 * temporary file says.
 */
int ws_sorter_next(struct ws_sorter *sorter, const void **record);

/* Goes back to the first record, after ws_sorter_sort(). As ws_sorter_next(). */
int ws_sorter_rewind(struct ws_sorter *sorter);

/* How many records were put. */
uint64_t ws_sorter_n(const struct ws_sorter *sorter);

/* NULL is fine. */
void ws_sorter_close(struct ws_sorter *sorter);

#endif
