/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assembly - from the in-kernel program's messages to records: values of context headers are read, heads of several
 * segments are put together, HTTP/2 headers are decompressed; and every frame that the program left to the reader gets
 * its reason.
 */
#ifndef WS_ASSEMBLY_H
#define WS_ASSEMBLY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/context.h"
#include "lib/record.h"

struct ws_assembly;

/* Takes a finished record. Returns 0, or -errno to stop. */
typedef int ws_assembly_emit(void *context, const struct ws_record *record);

/* wanted is borrowed; window: as the program was told; point: for the records. NULL without memory. */
struct ws_assembly *ws_assembly_new(const struct ws_wanted *wanted, uint32_t window, uint8_t point,
				    ws_assembly_emit *emit, void *context);

/*
 * Takes a message: a struct ws_catch and what follows it. Returns 0; -EPROTO if it is none; or -errno, as from emit.
 */
int ws_assembly_take(struct ws_assembly *a, const void *message, size_t len);

/* Gives up heads of which nothing has come for a minute of the messages' time. Returns 0 or -errno. */
int ws_assembly_expire(struct ws_assembly *a, uint64_t now_ns);

/* No more messages: what is unfinished is emitted as it is. Returns 0 or -errno. */
int ws_assembly_finish(struct ws_assembly *a);

/*
 * Puts the frames that the program counted at WS_REASON_UNREAD where the messages read so far say that they belong.
 * What remains there is lost, or not read yet.
 */
void ws_assembly_account(const struct ws_assembly *a, uint64_t n_frames[WS_N_REASONS]);

/* NULL is nothing. */
void ws_assembly_free(struct ws_assembly *a);

#endif
