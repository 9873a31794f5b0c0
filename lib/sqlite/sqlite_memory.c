/* SPDX-License-Identifier: BSD-2-Clause */
/* sqlite_memory - see the header. SQLite has one allocator for the process. */
#include "lib/sqlite/sqlite_memory.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

static sqlite3_mem_methods own; /* SQLite's own allocator */
static atomic_uint_fast64_t n_refusals;

static void *noted(void *taken)
{
	if (!taken)
		n_refusals++;
	return taken;
}

static void *take(int size)
{
	return noted(own.xMalloc(size));
}

static void *take_more(void *old, int size)
{
	return noted(own.xRealloc(old, size));
}

void ws_sqlite_memory_watch(void)
{
	sqlite3_mem_methods watched;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &own) != SQLITE_OK)
		return;
	watched = own;
	watched.xMalloc = take;
	watched.xRealloc = take_more;
	sqlite3_config(SQLITE_CONFIG_MALLOC, &watched);
}

uint64_t ws_sqlite_memory_refusals(void)
{
	return n_refusals;
}
