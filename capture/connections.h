/* SPDX-License-Identifier: BSD-2-Clause */
/* connections - HTTP/2 requests out of the in-kernel program's messages: a decoder for each connection. */
#ifndef WS_CONNECTIONS_H
#define WS_CONNECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "capture/desk.h"

struct ws_connections;

/* The desk is borrowed. NULL without memory. */
struct ws_connections *ws_connections_new(struct ws_desk *desk);

/* A message of one of the HTTP2 kinds, and the bytes that follow it. Returns 0, -EPROTO, or -errno. */
int ws_connections_take(struct ws_connections *a, const struct ws_catch *c, const uint8_t *body, size_t len);

/* No more messages: requests under way are told as they are. Returns 0 or -errno. */
int ws_connections_finish(struct ws_connections *a);

/* NULL is nothing. */
void ws_connections_free(struct ws_connections *a);

#endif
