/* SPDX-License-Identifier: BSD-2-Clause */
/* show - a record file as text, one record a line. */
#ifndef WS_SHOW_H
#define WS_SHOW_H

#include <stdio.h>

#include "lib/error.h"
#include "lib/recfile.h"

/*
 * Prints the records of the file at path to out, at most n_max of them (0: all). *status is what the reader knew at the
 * end. Returns 0 or -errno.
 */
int ws_show(const char *path, uint64_t n_max, FILE *out, struct ws_recfile_status *status, struct ws_error *err);

#endif
