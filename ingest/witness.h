/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * witness - was a file the same from the beginning of its reading to the end? It is read twice, for its hash and for
 * what it holds: if it changes meanwhile, the hash may be of other bytes than the rows, and nobody would notice later.
 */
#ifndef WS_WITNESS_H
#define WS_WITNESS_H

#include <sys/stat.h>

#include "lib/error.h"

struct ws_witness {
	struct stat before;
};

/* Looks at the file before it is read. 0 or -errno. */
int ws_witness_begin(struct ws_witness *witness, const char *path, struct ws_error *err);

/* Looks at it again. 0; -EAGAIN: it has changed, was replaced or is gone. */
int ws_witness_check(const struct ws_witness *witness, const char *path, struct ws_error *err);

#endif
