/* SPDX-License-Identifier: BSD-2-Clause */
/* directories - which directories in or below one are runs. */
#ifndef WS_ANALYZE_DIRECTORIES_H
#define WS_ANALYZE_DIRECTORIES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Directories in directories are followed this deep, as ingest does. */
#define WS_DIRECTORIES_DEEP 8

struct ws_directories {
	char **run; /* with a run.db in them, by name; nothing below a run is one */
	uint32_t n_runs;
	char **unloaded; /* with a run's files in them and no run.db */
	uint32_t n_unloaded;
};

/* Looks into dir and below it, WS_DIRECTORIES_DEEP deep. 0 or -errno. To be closed with ws_directories_close(). */
int ws_directories_find(const char *dir, struct ws_directories *directories, struct ws_error *err);

/* NULL is fine. */
void ws_directories_close(struct ws_directories *directories);

/* Is what was found in dir and below it dir itself, as a run? */
bool ws_directories_are(const struct ws_directories *directories, const char *dir);

/* Does dir itself hold a run.db? */
bool ws_directory_is_run(const char *dir);

#endif
