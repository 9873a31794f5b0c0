/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recfile - the record file of one tracing point: blocks of records, each an independent zstd frame, with marks between
 * them in skippable frames. The format is specified in recfile.md. Readers trust no byte of it.
 */
#ifndef WS_RECFILE_H
#define WS_RECFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/record.h"

#define WS_RECFILE_VERSION	 2 /* that is written; 1 is read, too */
#define WS_RECFILE_BLOCK_RECORDS 4096
#define WS_RECFILE_NAME_MAX	 63
#define WS_RECFILE_CONTEXTS_MAX	 512
/* What was looked for when files did not say it yet. */
#define WS_RECFILE_CONTEXTS_OLD "w3c,b3"
/* While it is written a file's name ends so. */
#define WS_RECFILE_PART_SUFFIX ".part"

/* What is said once, at the file's beginning. */
struct ws_recfile_head {
	char point[WS_RECFILE_NAME_MAX + 1]; /* name of the tracing point */
	uint32_t window_bytes;		     /* payload bytes that were searched */
	uint64_t monotonic_ns;		     /* both clocks when the tap was attached */
	uint64_t realtime_ns;
	char contexts[WS_RECFILE_CONTEXTS_MAX + 1]; /* looked for, as --context takes them: printable ASCII */
	bool prefers_list; /* of several contexts the earliest in the list counts; else the first in the head */
};

/* What is said before every block and at the end: the state of the tap at that moment. */
struct ws_recfile_mark {
	uint64_t monotonic_ns; /* both clocks */
	uint64_t realtime_ns;
	uint64_t n_frames[WS_N_REASONS]; /* the tap's ledger, by ws_reason_slot() */
	uint64_t n_ring_full;		 /* records lost because the ring buffer was full */
	uint64_t n_other_frames;	 /* as read: frames counted for reasons that this program does not know */
};

struct ws_recfile_writer;

/*
 * Creates path + WS_RECFILE_PART_SUFFIX, for its owner only; no link is followed. level: zstd's compression level. The
 * writer is the caller's, to be closed. Returns 0 or -errno; -EEXIST if path itself exists: a recording is never
 * overwritten.
 */
int ws_recfile_create(const char *path, const struct ws_recfile_head *head, int level,
		      struct ws_recfile_writer **writer, struct ws_error *err);

/* Room for one more record in the block, to be filled by the caller; NULL when the block is full: flush it. */
struct ws_record *ws_recfile_slot(struct ws_recfile_writer *w);

/* Records in the block that are not written yet; none once a write has failed. */
uint32_t ws_recfile_pending(const struct ws_recfile_writer *w);

/*
 * Writes the mark and, if there are any, the records of the block. What was flushed survives a kill. If it fails, the
 * file ends behind the last whole block.
 */
int ws_recfile_flush(struct ws_recfile_writer *w, const struct ws_recfile_mark *mark, struct ws_error *err);

/* Is the unfinished file still where it was made? Returns 0, or -ENOENT. */
int ws_recfile_look(const struct ws_recfile_writer *w, struct ws_error *err);

/* Flushes, writes the end mark, syncs, and gives the file its name. The writer must still be closed. */
int ws_recfile_finish(struct ws_recfile_writer *w, const struct ws_recfile_mark *mark, struct ws_error *err);

/* Bytes and records written so far. */
uint64_t ws_recfile_written_bytes(const struct ws_recfile_writer *w);
uint64_t ws_recfile_written_records(const struct ws_recfile_writer *w);

/* Removes the unfinished file: its recording never began. The writer must still be closed. */
void ws_recfile_discard(struct ws_recfile_writer *w);

/*
 * Renames, but never over a file that has come there meanwhile, where the file system can tell. Returns 0, or -1 with
 * errno.
 */
int ws_recfile_give_name(const char *from, const char *to);

/* Frees the writer; an unfinished file stays under its temporary name. NULL is nothing. */
void ws_recfile_close(struct ws_recfile_writer *w);

struct ws_recfile_reader;

/* What a reader knows; it grows with every block and is final once next has given no more records. */
struct ws_recfile_status {
	struct ws_recfile_head head;
	struct ws_recfile_mark mark; /* the last one read */
	uint64_t n_marks;
	uint64_t n_records;	    /* given out */
	uint64_t n_cut_records;	    /* announced by a mark, in a block that is cut off */
	uint64_t n_corrupt_records; /* in blocks whose checksum or content is wrong; they were skipped */
	uint64_t unread_bytes;	    /* at the end, belonging to no whole block */
	bool is_complete;	    /* the end mark was read */
};

/*
 * Opens a record file, finished or not. The reader is the caller's, to be closed. Returns 0 or -errno; -EINVAL for a
 * file that is no record file or of a version that this program does not know.
 */
int ws_recfile_open(const char *path, struct ws_recfile_reader **reader, struct ws_error *err);

/*
 * The next block of records, the reader's own memory until the next call. *n is 0 at the end. A cut or corrupt block is
 * no failure: it is counted in the status.
 */
int ws_recfile_next(struct ws_recfile_reader *r, const struct ws_record **records, uint32_t *n, struct ws_error *err);

const struct ws_recfile_status *ws_recfile_reader_status(const struct ws_recfile_reader *r);

/* Frees the reader. NULL is nothing. */
void ws_recfile_reader_close(struct ws_recfile_reader *r);

#endif
