/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shelf - a bounded number of things under keys, found by key, given up in the order in which they were put there.
 */
#ifndef WS_SHELF_H
#define WS_SHELF_H

#include <stdint.h>

#include "lib/catch.h"

/* A direction of a connection, and for heads the sequence number of the request line; no padding: hashed as bytes. */
struct ws_shelf_key {
	uint8_t saddr[16];
	uint8_t daddr[16];
	uint32_t vni;
	uint32_t seq; /* 0 for a connection */
	uint16_t sport;
	uint16_t dport;
	uint32_t direction;
};

/* The beginning of whatever is put on a shelf. */
struct ws_shelved {
	struct ws_shelved *next; /* in its bucket */
	struct ws_shelved *older;
	struct ws_shelved *newer;
	struct ws_shelf_key key;
};

#define WS_SHELF_BUCKETS 1024

/* Zero-initialised: empty. What is on it belongs to the one who put it there. */
struct ws_shelf {
	struct ws_shelved *bucket[WS_SHELF_BUCKETS];
	struct ws_shelved *oldest;
	struct ws_shelved *newest;
	uint32_t n;
};

struct ws_shelf_key ws_shelf_key(const struct ws_catch *c, uint32_t seq);

uint32_t ws_shelf_hash(const struct ws_shelf_key *key);

/* What was put there last under the key, or NULL. */
struct ws_shelved *ws_shelf_find(const struct ws_shelf *shelf, const struct ws_shelf_key *key);

/* The one put there before it under the same key, or NULL. */
struct ws_shelved *ws_shelf_find_next(const struct ws_shelved *thing);

/* Puts a thing whose key is set on the shelf, as its newest. */
void ws_shelf_put(struct ws_shelf *shelf, struct ws_shelved *thing);

/* Takes a thing off the shelf. */
void ws_shelf_take(struct ws_shelf *shelf, struct ws_shelved *thing);

#endif
