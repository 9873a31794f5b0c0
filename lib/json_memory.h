/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_memory - whether jansson was ever refused memory. Its functions return NULL for want of memory as for what is no
 * JSON, and a tree may lack a member that found no room, or a text in it its end; who asks here before a tree is
 * believed, or printed, learns it.
 */
#ifndef WS_JSON_MEMORY_H
#define WS_JSON_MEMORY_H

#include <stdbool.h>

/*
 * From now on it is noted, for the whole process: to be called once, before jansson is used. Some memory is kept for
 * it, so that what it has begun ends well.
 */
void ws_json_memory_watch(void);

/* Was an allocation refused since then? False where nobody watches. */
bool ws_json_memory_was_short(void);

#endif
