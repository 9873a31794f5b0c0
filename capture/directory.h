/* SPDX-License-Identifier: BSD-2-Clause */
/* directory - makes the directories that recordings and snapshots are written to. */
#ifndef WS_DIRECTORY_H
#define WS_DIRECTORY_H

#include "lib/error.h"

/* Makes the directory, and those above it that are missing; one that is there is fine. 0 or -errno. */
int ws_make_directories(const char *dir, struct ws_error *err);

#endif
