/* SPDX-License-Identifier: BSD-2-Clause */
/* context_values - the value of one context header: what its family's standard allows. Inner part of lib/context.h. */
#ifndef WS_CONTEXT_VALUES_H
#define WS_CONTEXT_VALUES_H

#include "lib/context.h"
#include "lib/context_parts.h"

/*
 * Reads the value of a header other than WS_HEADER_TRACESTATE, which is as long as WS_HEADERS allows. v: begin, end,
 * is_cut and is_full are set, the rest is zero. Returns enum ws_flaw, and leaves in got, which begins as zeros, the
 * parts that count: their end_off counts from v->begin, begin_off is not set. After a flaw nothing in got counts.
 */
uint8_t ws_value_read(uint8_t header, struct ws_value *v, struct ws_candidate *got);

/* Those of lib/context_vendors.c; they may return WS_GOES_ON, too. */
uint8_t ws_read_sw8(struct ws_value *v, struct ws_candidate *got);
uint8_t ws_read_aws(struct ws_value *v, struct ws_candidate *got);
uint8_t ws_read_google(struct ws_value *v, struct ws_candidate *got);
uint8_t ws_read_text(struct ws_value *v, struct ws_candidate *got);

/* The part ends at v->at. */
static inline void ws_value_put_part(const struct ws_value *v, struct ws_part *part)
{
	part->is_there = true;
	part->end_off = (uint32_t)(v->at - v->begin);
}

/* 32 hex digits, not all zero. */
static inline uint8_t ws_take_trace(struct ws_value *v, struct ws_candidate *got)
{
	const uint8_t flaw = ws_take_hex(v, 32, got->trace_id);

	if (flaw)
		return flaw;
	if (ws_is_zero(got->trace_id, 16))
		return WS_FLAW_ZERO;
	ws_value_put_part(v, &got->trace);
	return WS_FLAW_NONE;
}

#endif
