/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap - one tracing point at work: the in-kernel program on a raw socket bound to the interface or at its traffic
 * control, its ring buffer, and the record file that the records go to.
 */
#ifndef WS_CAPTURE_TAP_H
#define WS_CAPTURE_TAP_H

#include "capture/clock.h"
#include "capture/options.h"
#include "lib/error.h"
#include "lib/recfile.h"

struct ws_tap;

/* What the manifest tells of a tap. */
struct ws_tap_facts {
	unsigned int ifindex;
	const char *hook;	 /* "socket", "tcx" or "clsact"; static; NULL before it is attached */
	const char *link_type;	 /* "ethernet" or "ip": what a frame begins with; static */
	char program_tag[17];	 /* the kernel's hash of the program, 16 hex digits */
	uint32_t verified_insns; /* instructions that the verifier walked; 0: this kernel does not say */
	uint64_t run_ns;	 /* time in the program, if the kernel counts it */
	uint64_t n_runs;
	uint64_t written_bytes;	       /* of the record file */
	uint64_t n_records;	       /* requests and responses */
	uint64_t n_responses;	       /* of these */
	uint64_t n_more;	       /* frames with more requests than were looked for in one */
	struct ws_clock_pair attached; /* zero before */
	struct ws_clock_pair detached; /* zero while attached */
	struct ws_recfile_mark mark;   /* the ledger when it was last read */
};

/*
 * Loads the program for point number index of the options, which takes a good part of a second; a thread of its own may
 * do it. The options have to stand as long as the tap, which is the caller's, to be closed. Returns 0 or -errno.
 */
int ws_tap_open(const struct ws_capture_options *o, uint32_t index, struct ws_tap **tap, struct ws_error *err);

/*
 * Creates the record file and attaches the program: from then on frames are counted and records kept. Both arguments as
 * for ws_tap_open(). Returns 0 or -errno; the tap is to be closed then, too.
 */
int ws_tap_attach(struct ws_tap *t, const struct ws_capture_options *o, uint32_t index, const char *record_path,
		  struct ws_error *err);

/* Takes what is in the ring buffer; full blocks are written. Returns 0 or -errno. */
int ws_tap_drain(struct ws_tap *t, struct ws_error *err);

/*
 * Reads the ledger and writes it with the records that wait: what has happened so far survives a kill. Looks whether
 * the file is still there (-ENOENT), and the interface (-ENETDOWN).
 */
int ws_tap_checkpoint(struct ws_tap *t, struct ws_error *err);

/* Is the interface still there, and up? -ENETDOWN: it is not. */
int ws_tap_look(struct ws_tap *t, struct ws_error *err);

/* Detaches from the interface; no record comes after it. What is in the ring buffer stays to be drained. */
void ws_tap_detach(struct ws_tap *t);

/* Drains, and completes the record file. After ws_tap_detach(). */
int ws_tap_finish(struct ws_tap *t, struct ws_error *err);

/* Filled anew at every call; the tap's own memory. */
const struct ws_tap_facts *ws_tap_facts(struct ws_tap *t);

/* Detaches and frees; an unfinished record file stays under its temporary name. NULL is nothing. */
void ws_tap_close(struct ws_tap *t);

#endif
