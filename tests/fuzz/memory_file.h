/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_file - what the fuzz targets of file readers share: a file in memory. */
#ifndef WS_TESTS_MEMORY_FILE_H
#define WS_TESTS_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/must.h"

/* A file in memory that is there for as long as the fuzzer. */
static int file_fd = -1;
static char file_path[64];

static void set_file(const uint8_t *bytes, size_t len)
{
	if (file_fd < 0) {
		file_fd = memfd_create("fuzz", 0);
		MUST(file_fd >= 0);
		snprintf(file_path, sizeof(file_path), "/proc/self/fd/%d", file_fd);
	}
	MUST(ftruncate(file_fd, 0) == 0);
	MUST(pwrite(file_fd, bytes, len, 0) == (ssize_t)len);
}

#endif
