/* SPDX-License-Identifier: BSD-2-Clause */
/* directory - directories made with all above them, and removed with all in them. */
#ifndef WS_CAPTURE_DIRECTORY_H
#define WS_CAPTURE_DIRECTORY_H

#include "lib/error.h"

/* Makes the directory, and those above it that are missing. One that is there is fine. Returns 0 or -errno. */
int ws_directory_make(const char *dir, struct ws_error *err);

/*
 * Claims the directory for one recording: *fd holds it until it is closed, or we end. -EBUSY: another one has it. A
 * file system that has no locks lets both have it, and so does a directory that may not be read: then *fd stays.
 */
int ws_directory_lock(const char *dir, int *fd, struct ws_error *err);

/* Removes the directory and what is in it, links themselves and not what they lead to. */
void ws_directory_remove(const char *dir);

#endif
