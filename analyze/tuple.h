/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tuple - inner addresses and ports, each kept once, so that two sightings' flows compare as two indexes.
 *
 * Table flow knows a connection once for every file and tunnel; the tuple is what these have in common.
 */
#ifndef WS_ANALYZE_TUPLE_H
#define WS_ANALYZE_TUPLE_H

#include <stddef.h>
#include <stdint.h>

/* Compared as bytes: no padding. */
struct ws_tuple {
	uint8_t saddr[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint8_t daddr[16];
	uint16_t sport; /* host order */
	uint16_t dport;
	uint32_t ip_version;
};

_Static_assert(sizeof(struct ws_tuple) == 40, "a tuple has no padding");

/* A set of tuples. All-zero is an empty one. */
struct ws_tuples {
	struct ws_tuple *at;
	uint32_t n;
	uint32_t *slot; /* hash table of index + 1, a power of two large */
	uint32_t n_slots;
};

/* The index of the tuple, which is added if it is new. 0, -ENOMEM or -EOVERFLOW (2^30 tuples). */
int ws_tuples_add(struct ws_tuples *tuples, const struct ws_tuple *tuple, uint32_t *index);

/* The index of the tuple, or UINT32_MAX if it is not there. */
uint32_t ws_tuples_find(const struct ws_tuples *tuples, const struct ws_tuple *tuple);

/* Frees the set's memory and empties it; NULL is fine. */
void ws_tuples_close(struct ws_tuples *tuples);

#endif
