/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sqlite_memory - how often SQLite was refused memory. It does not always say so: its JSON functions give NULL, a check
 * of a database finds damage, a file cannot be opened. Who asks before and after knows whether what SQLite said between
 * can be believed.
 */
#ifndef WS_SQLITE_MEMORY_H
#define WS_SQLITE_MEMORY_H

#include <stdint.h>

/* From now on it is counted, for the whole process: to be called once, before SQLite is used. */
void ws_sqlite_memory_watch(void);

/* Allocations refused since then, to whichever connection; 0 where nobody watches. */
uint64_t ws_sqlite_memory_refusals(void);

#endif
