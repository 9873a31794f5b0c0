/* SPDX-License-Identifier: BSD-2-Clause */
/* run_points - the tracing points of a run: taps and packet captures, opened, drained and finished together. */
#ifndef WS_RUN_POINTS_H
#define WS_RUN_POINTS_H

#include "capture/manifest.h"
#include "lib/error.h"

/*
 * Opens all points of the run's options in its directory: the programs are loaded first, several at a time, and then
 * attached, all within a moment. Returns 0 or -errno.
 */
int ws_run_points_open(struct ws_run_facts *run, struct ws_error *err);

/*
 * Attaches one more point while the others record: number index, whose program is loaded (tap; NULL without eBPF), and
 * which is taken over. Returns 0 or -errno: then nothing is there of the tap, or, if it is there, of the packet
 * capture.
 */
int ws_run_points_add(struct ws_run_facts *run, uint32_t index, struct ws_tap *tap, struct ws_error *err);

/*
 * Takes what is in the ring buffers. -ENETDOWN: the interface of point number *index went away; what was recorded there
 * is kept. Returns 0 or -errno.
 */
int ws_run_points_drain(struct ws_run_facts *run, uint32_t *index, struct ws_error *err);

/*
 * Reads and writes the ledgers, and looks whether files (-ENOENT) and namespaces (-ESTALE) are still there; otherwise
 * as above.
 */
int ws_run_points_checkpoint(struct ws_run_facts *run, uint32_t *index, struct ws_error *err);

/* Has a packet capture ended with an error? Then that error, and the index of its point. */
int ws_run_points_look(struct ws_run_facts *run, uint32_t *index, struct ws_error *err);

/* Detaches one point and completes its files, while the others go on. Returns 0 or -errno. */
int ws_run_points_end(struct ws_run_facts *run, uint32_t index, struct ws_error *err);

/*
 * Detaches what is attached and completes the files. is_over, unless NULL, is asked about a point whose packet capture
 * failed, or whose interface is not there any more: it may end the point (ws_run_points_end()) and return true, and
 * that is no failure. Returns 0 or -errno.
 */
int ws_run_points_finish(struct ws_run_facts *run, bool (*is_over)(void *context, uint32_t index, const char *words),
			 void *context, struct ws_error *err);

/* The run failed before it began: removes the files that it has made, which would be in the way of the next attempt. */
void ws_run_points_discard(struct ws_run_facts *run);

void ws_run_points_close(struct ws_run_facts *run);

#endif
