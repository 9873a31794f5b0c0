/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reference - what a request head says, by the plainest reading of it: lines between line feeds, names compared letter
 * by letter. Shares no text with lib/search.h and lib/http.h; values are read by lib/context.h, whose tests are its
 * own.
 */
#ifndef WS_TEST_REFERENCE_H
#define WS_TEST_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/context.h"

/* How far behind the window the last line is read. */
#define REFERENCE_MARGIN 448
/* Blanks before a value that are left out. */
#define REFERENCE_BLANKS 120

enum reference_end {
	REFERENCE_NOT_HTTP,  /* no request begins here */
	REFERENCE_IN_METHOD, /* the bytes end before it can be told */
	REFERENCE_RAN_OUT,   /* the head goes on behind the bytes */
	REFERENCE_WINDOW,    /* the head goes on behind the window */
	REFERENCE_WHOLE,
};

struct reference {
	enum reference_end end;
	struct ws_contexts contexts;
	uint32_t stop;	    /* the answer is known when so many bytes are; WHOLE: of the head */
	uint32_t body_len;  /* WHOLE */
	bool is_body_known; /* WHOLE: where the request ends, if it is not chunked */
	bool is_chunked;
	bool is_request_start; /* method, blank and target are there */
};

/* Reads the head that begins with the first of len bytes, as a search of so many bytes does. */
void reference_read(const uint8_t *bytes, uint32_t len, uint32_t window, const struct ws_wanted *wanted,
		    struct reference *r);

/* The code of the status line that begins with the first of len bytes; 0 without one. */
uint16_t reference_status(const uint8_t *bytes, uint32_t len);

/* What a payload that is no request is counted as: its ledger slot. */
uint32_t reference_slot(const uint8_t *bytes, uint32_t len);

#endif
