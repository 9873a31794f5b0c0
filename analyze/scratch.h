/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch - a temporary file without a name, for what does not fit into the memory that was allowed. */
#ifndef WS_ANALYZE_SCRATCH_H
#define WS_ANALYZE_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

/* Where it lies: TMPDIR, or /var/tmp. For error texts. */
const char *ws_scratch_directory(void);

/* Opens one; it goes when it is closed, or when the program ends. 0 or -errno. */
int ws_scratch_open(int *fd);

/* Writes or reads n bytes at off. 0 or -errno; -EIO where the file ends before. Several threads may. */
int ws_scratch_write(int fd, const void *from, size_t n, uint64_t off);
int ws_scratch_read(int fd, void *to, size_t n, uint64_t off);

#endif
