/* SPDX-License-Identifier: BSD-2-Clause */
/* request - HTTP/1.x requests, written down with the truth about them: what contexts are in the head, and where. */
#ifndef WS_TEST_REQUEST_H
#define WS_TEST_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/context.h"
#include "tests/diff/kernel/dice.h"

#define REQUEST_CONTEXTS_MAX 4
#define REQUEST_MARKS_MAX    48
/* Envoy's largest head, and some. */
#define REQUEST_HEAD_MAX (62u << 10)

/* A complete context of a head. Offsets count from the request line. */
struct request_context {
	uint8_t family;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8];
	uint8_t flags; /* WS_FLAG_TRACE_ID_64, WS_FLAG_HASHED_ID */
	uint8_t sampled;
	uint32_t ctx_off;
	uint32_t ctx_end; /* behind the parent id, too */
	uint32_t ids_end_off;
};

struct request {
	uint32_t off; /* in its stream; set by whoever puts it there */
	uint32_t head_len;
	uint32_t len;	    /* with its body */
	bool is_body_known; /* the head says how it ends */
	struct request_context context[REQUEST_CONTEXTS_MAX];
	uint32_t n_contexts;
	uint16_t malformed;		  /* bit f: a header of family f is refused */
	bool is_incomplete;		  /* there is half a context */
	uint32_t mark[REQUEST_MARKS_MAX]; /* places where a cut is awkward */
	uint32_t n_marks;
};

/* What requests look like. */
struct request_kind {
	uint32_t head_len; /* about so long; 0: as short as it gets */
	uint32_t body_max; /* bytes of a body, at most; 0: none */
	bool has_context;  /* a good one at least */
	uint8_t family;	   /* if not WS_FAMILY_NONE: this one alone, and nothing that is malformed */
	uint32_t place;	   /* of the context in the fillers: 0 first, 1 last, 2 anywhere */
	bool ends_openly;  /* may have a body whose end the head does not say */
};

/* Writes a request at bytes, which has room for head and body. */
void request_make(struct dice *d, const struct request_kind *kind, uint8_t *bytes, struct request *r);

/* What a reader who looks for wanted within the window must say of the head, if all of it is seen. */
void request_truth(const struct request *r, const struct ws_wanted *wanted, uint32_t window, struct ws_record *want);

#endif
