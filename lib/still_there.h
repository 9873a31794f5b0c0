/* SPDX-License-Identifier: BSD-2-Clause */
/* still_there - whether a file that is being written is still where it was made. */
#ifndef WS_STILL_THERE_H
#define WS_STILL_THERE_H

#include "lib/error.h"

/* Does the path still lead to the file that is open? Returns 0; -ENOENT if it leads to nothing, or to another. */
int ws_still_there(int fd, const char *path, struct ws_error *err);

#endif
