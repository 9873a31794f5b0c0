/* SPDX-License-Identifier: BSD-2-Clause */
/* http2_fields - the header fields of one direction of an HTTP/2 connection: decompressed, and the contexts in them. */
#ifndef WS_HTTP2_FIELDS_H
#define WS_HTTP2_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/context.h"

struct ws_http2_fields;

/* What is returned, beside 0 and -errno, where bytes cannot be decompressed: then nothing that follows can be. */
#define WS_HTTP2_UNREADABLE 1

/* For a connection's first header block and all that follow. wanted is borrowed. NULL without memory. */
struct ws_http2_fields *ws_http2_fields_new(const struct ws_wanted *wanted, uint32_t window);

/* A header block begins. */
void ws_http2_fields_begin(struct ws_http2_fields *f);

/*
 * Takes the block's next bytes, which begin off bytes behind the HEADERS frame's first one. Returns 0, -ENOMEM or
 * WS_HTTP2_UNREADABLE.
 */
int ws_http2_fields_read(struct ws_http2_fields *f, uint32_t off, const uint8_t *bytes, uint32_t len);

/* The block has ended. Returns as ws_http2_fields_read() does. */
int ws_http2_fields_end(struct ws_http2_fields *f);

/* Of the block that ended last: does it begin a request; is it gRPC; what contexts are in it? */
bool ws_http2_fields_are_request(const struct ws_http2_fields *f);
bool ws_http2_fields_are_grpc(const struct ws_http2_fields *f);
const struct ws_contexts *ws_http2_fields_contexts(const struct ws_http2_fields *f);

/* NULL is nothing. */
void ws_http2_fields_free(struct ws_http2_fields *f);

#endif
