/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insert - rows on their way into one table: deflated while they are made, and posted in blocks of bounded size, one
 * under way while the next is made.
 */
#ifndef WS_INSERT_H
#define WS_INSERT_H

#include "lib/clickhouse/client.h"

/* Rows of a block at most, and bytes of its deflated form. */
#define WS_INSERT_BLOCK_ROWS  (64u << 10)
#define WS_INSERT_BLOCK_BYTES (16u << 20)

struct ws_insert;

/* into: "request (part, run, ...)", copied. */
int ws_insert_open(struct ws_client *client, const char *into, struct ws_insert **insert, struct ws_error *err);

/* Where the next row's bytes go: n_max of them at most. NULL: -ENOMEM. */
uint8_t *ws_insert_row(struct ws_insert *insert, size_t n_max);

/* Its bytes end here. */
int ws_insert_end_row(struct ws_insert *insert, const uint8_t *end, struct ws_error *err);

/* Posts what is left, and waits until the server has taken all. */
int ws_insert_finish(struct ws_insert *insert, struct ws_error *err);

/* Rows that were given to it. */
uint64_t ws_insert_n_rows(const struct ws_insert *insert);

/* At any time; what was not finished may be there or not. NULL is fine. */
void ws_insert_close(struct ws_insert *insert);

#endif
