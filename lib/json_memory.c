/* SPDX-License-Identifier: BSD-2-Clause */
/* json_memory - see the header. Jansson has one allocator for the process, so what is known of it is the process's. */
#include "lib/json_memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_bool was_short;

static void *take(size_t size)
{
	void *taken = malloc(size);

	if (!taken)
		was_short = true;
	return taken;
}

void ws_json_memory_watch(void)
{
	json_set_alloc_funcs(take, free);
}

bool ws_json_memory_was_short(void)
{
	return was_short;
}
