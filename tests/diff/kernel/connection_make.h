/* SPDX-License-Identifier: BSD-2-Clause */
/* connection_make - an HTTP/2 connection as its client writes it, and the segments that pass. For connections.c. */
#ifndef WS_TEST_CONNECTION_MAKE_H
#define WS_TEST_CONNECTION_MAKE_H

#include "tests/diff/kernel/carrier.h"
#include "tests/unit/http2_wire.h"

#define CONNECTION_PIECES_MAX 8064
#define CONNECTION_WANTED_MAX 1024
#define CONNECTION_HEADER_LEN 9 /* of a frame */

enum story { IN_ORDER, A_BYTE_A_SEGMENT, REPEATS, OVERLAPS, LOSES, N_STORIES };

/* A segment that passed. */
struct piece {
	uint32_t from;
	uint32_t to;
	uint32_t frame_len;
	uint64_t ts_ns;
	bool is_repeat; /* all of it had passed before */
	bool is_blind;	/* something before it was lost */
};

struct connection {
	enum story story;
	struct wire wire;
	struct carrier carrier;
	uint32_t isn;
	uint32_t lost_off; /* first byte that never passed; the wire's length if all did */
	struct piece piece[CONNECTION_PIECES_MAX];
	uint32_t n;
	struct ws_record want[CONNECTION_WANTED_MAX]; /* what must be recorded: for connections.c to fill */
	uint32_t want_piece[CONNECTION_WANTED_MAX];   /* in which each begins */
	uint32_t n_want;
};

/* Writes the connection, and lays it out in segments. */
void connection_make(struct dice *d, struct connection *c);

#endif
