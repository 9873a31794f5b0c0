/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feed - the records of a file on their way into the database: a thread reads the file and numbers the flows of its
 * records, while the caller's inserts them, block by block and in order; or has not come to that file yet, and lets it
 * be read ahead. Every number that a row gets follows from the records before it, not from when a thread runs.
 */
#ifndef WS_FEED_H
#define WS_FEED_H

#include "ingest/database.h"
#include "lib/error.h"
#include "lib/record.h"

/* Records that go from one thread to the other at once. */
#define WS_FEED_BLOCK_RECORDS 2048

struct ws_feed;

/* Reads the file, in its own thread, and gives the feed what is in it. Returns 0 or -errno. */
typedef int ws_feed_read(void *context, struct ws_feed *feed, struct ws_error *err);

/* For who reads: the file's next record. Returns 0 or -errno, then it stops; -ECANCELED if nobody wants more. */
int ws_feed_record(struct ws_feed *feed, const struct ws_record *record);

/* For who reads: a reading of both clocks. Likewise. */
int ws_feed_clock_pair(struct ws_feed *feed, uint64_t monotonic_ns, uint64_t realtime_ns);

/* What was fed. */
struct ws_feed_counts {
	uint64_t n_requests;
	uint64_t n_contexts; /* of the requests */
	uint64_t n_responses;
};

/*
 * Begins to read a file, in a thread of its own, as far ahead as there is room. *feed is the caller's, to be closed.
 * Returns 0 or -errno.
 */
int ws_feed_open(ws_feed_read *read, void *context, struct ws_feed **feed, struct ws_error *err);

/*
 * Inserts all that read gives into the file that has begun; once for a feed. When it returns, read has ended, too.
 * Returns 0, or -errno: that of read, or of the database.
 */
int ws_feed_insert(struct ws_feed *feed, struct ws_database *db, struct ws_feed_counts *counts, struct ws_error *err);

/* Waits for read, which is told that nobody wants more, if it has not ended. NULL is nothing. */
void ws_feed_close(struct ws_feed *feed);

#endif
