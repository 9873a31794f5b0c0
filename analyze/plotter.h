/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plotter - gnuplot as a process: what it is given, and for how long and how much it is believed. It may be missing,
 * fail, hang, or print without end: it is ended then, and that is said.
 */
#ifndef WS_ANALYZE_PLOTTER_H
#define WS_ANALYZE_PLOTTER_H

#include "lib/error.h"

/* Seconds that a figure may take, unless WIRESPAN_GNUPLOT_SECONDS says otherwise: drawing takes less than one. */
#define WS_PLOTTER_SECONDS 60

/*
 * Runs `gnuplot -d -c SCRIPT ARGUMENT...`; argument: ends with NULL, eight at most. data_fd becomes its standard input,
 * out_fd, a file, its standard output. 0; -ENOENT: it is not installed; -ETIMEDOUT; -EFBIG: it wrote too much; -EIO: it
 * failed, with the last line of what it said; other -errno.
 */
int ws_plotter_run(const char *script, const char *const argument[], int data_fd, int out_fd, struct ws_error *err);

#endif
