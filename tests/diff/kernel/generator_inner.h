/* SPDX-License-Identifier: BSD-2-Clause */
/* generator_inner - what the generator's two halves, payloads and frames, have in common. */
#ifndef WS_TEST_GENERATOR_INNER_H
#define WS_TEST_GENERATOR_INNER_H

#include "tests/diff/kernel/dice.h"
#include "tests/diff/kernel/generator.h"

/* The rest is for headers: four IPv6 headers with all their extensions, and tunnels between. */
#define PAYLOAD_MAX 20480

/* A payload in the making. */
struct generator_text {
	char *bytes;
	uint32_t len;
};

/* Writes a payload: three quarters are requests. */
void generator_payload(struct generator *g, struct generator_text *t);

#endif
