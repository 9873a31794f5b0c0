/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * whole_file - a file that is replaced as a whole: written under a temporary name beside it, and renamed. No link is
 * followed, whoever put one there: the temporary file is always a new one, and renaming takes the place of a link.
 */
#ifndef WS_WHOLE_FILE_H
#define WS_WHOLE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

struct ws_whole_file {
	char *path;
	char *part_path;
	mode_t mode; /* less the umask */
	int fd;	     /* of the temporary file, opened ahead; -1: none is */
	bool syncs;  /* is on the disk when it gets its name */
};

/* Takes note of the names; makes no file. Returns 0 or -errno; the strings are the caller's to be closed. */
int ws_whole_file_name(const char *path, mode_t mode, struct ws_whole_file *file, struct ws_error *err);

/*
 * Makes the temporary file now, for a caller that may open none later. What stands there from an earlier program is
 * removed. Returns 0 or -errno.
 */
int ws_whole_file_prepare(struct ws_whole_file *file, struct ws_error *err);

/* Replaces the file; may be called again. Returns 0 or -errno: then the file is what it was. */
int ws_whole_file_put(struct ws_whole_file *file, const char *text, struct ws_error *err);

/* Removes a temporary file that was not used. A zeroed one is nothing. */
void ws_whole_file_close(struct ws_whole_file *file);

/* All of it for a file that is written once; it is on the disk then. */
int ws_whole_file_write(const char *path, mode_t mode, const char *text, struct ws_error *err);

/* Is there anything of that name, be it a link that leads nowhere? */
bool ws_whole_file_is_there(const char *path);

#endif
