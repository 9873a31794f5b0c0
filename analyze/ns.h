/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ns - times added and subtracted modulo 2^64. Stamps from files may be anything: of absurd ones the result is absurd,
 * but defined; parts of a whole still add up to it.
 */
#ifndef WS_ANALYZE_NS_H
#define WS_ANALYZE_NS_H

#include <stdint.h>

static inline int64_t ws_ns_plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* a - b */
static inline int64_t ws_ns_less(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

#endif
