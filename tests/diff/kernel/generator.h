/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generator - frames as they may pass a tracing point, and as they should not, from a seed.
 *
 * The same seed, configuration and number give the same frame, so that a frame on which two answers differ can be made
 * again alone.
 */
#ifndef WS_TEST_GENERATOR_H
#define WS_TEST_GENERATOR_H

#include <stdint.h>

#include "tests/diff/kernel/dice.h"

/* Longer than any window with its peek, so that a search can end inside. */
#define GENERATOR_FRAME_MAX 32768

struct generator {
	struct dice dice;
	uint32_t window;     /* contexts are placed near this border, often */
	uint16_t vxlan_port; /* that the run takes for VXLAN */
	uint8_t is_raw_ip;   /* frames begin with an IP header */
	uint32_t start;	     /* the frame grows from the end of bytes to its front */
	uint32_t pad_len;    /* bytes behind the outermost IP packet */
	uint8_t bytes[GENERATOR_FRAME_MAX];
};

/* Makes frame number n of a seed, and returns its length; its first byte is at g->bytes + g->start. */
uint32_t generator_frame(struct generator *g, uint64_t seed, uint32_t n);

#endif
