/* SPDX-License-Identifier: BSD-2-Clause */
/* json_memory - see the header. Jansson has one allocator for the process, so what is known of it is the process's. */
#include "lib/json_memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

/* More than the longest text of a document that we know, twice. */
#define CUSHION_BYTES (256u << 10)

static atomic_bool was_short, is_out;
static _Atomic(void *) cushion;

/*
 * A text that jansson 2.14 reads and cannot save to its end is copied until its end is found, in whatever lies behind.
 * So the first that is refused gets what is kept for that, and once that is gone nothing more: then there is no copy
 * either.
 */
static void *take(size_t size)
{
	void *taken = is_out ? NULL : malloc(size);

	if (taken || is_out)
		return taken;
	was_short = true;
	free(atomic_exchange(&cushion, NULL));
	taken = malloc(size);
	if (!taken)
		is_out = true;
	return taken;
}

void ws_json_memory_watch(void)
{
	cushion = malloc(CUSHION_BYTES);
	json_set_alloc_funcs(take, free);
}

bool ws_json_memory_was_short(void)
{
	return was_short;
}
