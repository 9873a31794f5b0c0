/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reassembly - HTTP/1.x heads out of the in-kernel program's messages: each segment's part of a head, in the order in
 * which they passed; first segments that come again, which TCP's sender may cut otherwise than the first time.
 */
#ifndef WS_REASSEMBLY_H
#define WS_REASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

#include "capture/desk.h"

struct ws_reassembly;

/* The desk is borrowed. NULL without memory. */
struct ws_reassembly *ws_reassembly_new(struct ws_desk *desk);

/* A message of kind HEAD, HEAD_MORE or HEAD_GAP, and the notes that follow it. Returns 0, -EPROTO, or -errno. */
int ws_reassembly_take(struct ws_reassembly *a, const struct ws_catch *c, const uint8_t *body, size_t len);

/* Gives up heads of which nothing has come for a minute before now_ns. Returns 0 or -errno. */
int ws_reassembly_expire(struct ws_reassembly *a, uint64_t now_ns);

/* Gives up all of them. Returns 0 or -errno. */
int ws_reassembly_finish(struct ws_reassembly *a);

/* NULL is nothing. */
void ws_reassembly_free(struct ws_reassembly *a);

#endif
