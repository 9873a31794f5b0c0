/* SPDX-License-Identifier: BSD-2-Clause */
/* text_pool - texts, each kept once, all freed together. */
#ifndef WS_ANALYZE_TEXT_POOL_H
#define WS_ANALYZE_TEXT_POOL_H

#include <stddef.h>

struct ws_text_pool;

/* The pool's copy of a text; NULL is "". It stays where it is until the pool is closed. *pool: NULL: it is made. NULL:
 * out of memory. */
const char *ws_text_pool_add(struct ws_text_pool **pool, const char *text);

/* NULL is fine. */
void ws_text_pool_close(struct ws_text_pool *pool);

#endif
