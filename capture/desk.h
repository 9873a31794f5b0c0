/* SPDX-License-Identifier: BSD-2-Clause */
/* desk - what the parts of the assembly have in common: what is looked for, where records go, and how frames are
 * counted. */
#ifndef WS_DESK_H
#define WS_DESK_H

#include "capture/assembly.h"
#include "lib/catch.h"

struct ws_desk {
	const struct ws_wanted *wanted;
	uint32_t window;
	uint8_t point;
	ws_assembly_emit *emit;
	void *context;
	uint64_t n_told[WS_N_REASONS]; /* frames by reason; differences, modulo 2^64 */
};

/* The frame that a message is about, as a record: everything but the context. */
void ws_desk_frame(const struct ws_desk *desk, const struct ws_catch *c, struct ws_record *r);

#endif
