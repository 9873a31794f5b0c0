/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * context - from the values of context headers to the tracing context of a request: what each family's standard allows,
 * what is refused and why, and which context counts where there are several.
 *
 * Host only: the in-kernel program finds the lines (lib/search.h) and leaves their values to this.
 */
#ifndef WS_CONTEXT_H
#define WS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/families.h"
#include "lib/record.h"

/* What WS_HEADERS says of a header. */
struct ws_header_kind {
	const char *name;   /* with its colon, in lower case */
	uint8_t len;	    /* of the name, its colon included */
	uint16_t value_max; /* bytes of the value that are looked at */
	uint8_t family;	    /* enum ws_family; WS_FAMILY_NONE for those that say where a request ends */
};

/* By enum ws_header, but for those that the user names; that of WS_HEADER_NONE is zero. */
extern const struct ws_header_kind ws_header_kinds[WS_HEADER_USER];

/* Which families are looked for, and which context counts. */
struct ws_wanted {
	uint16_t families;	       /* bit f: family f is looked for */
	uint8_t rank[WS_MAX_FAMILIES]; /* by family: its place in the list, from 0 */
	bool prefers_list; /* of several contexts the earliest in the list counts; else the first complete in the head
			    */
	uint32_t n_user;
	char user_name[WS_USER_HEADERS_MAX][WS_NAME_MAX + 1]; /* with the colon, in lower case */
};

/*
 * Reads a list such as "w3c,b3,header:x-my-trace": names as ws_family_name() gives them, "header:NAME" for the user's
 * own, "default" for all families but x-request-id and the user's, "all" for all but the user's. Returns 0, or -EINVAL
 * with words that begin with the list's wrong part.
 */
int ws_wanted_parse(const char *list, struct ws_wanted *wanted, struct ws_error *err);

/* What is looked for unless the user says otherwise: "default". */
extern const char ws_wanted_default[];

/*
 * The name of a family as the user knows it: that of lib/names.h, or "header:NAME" for one of the user's. Valid as long
 * as wanted and text are.
 */
#define WS_FAMILY_TEXT_LEN (WS_NAME_MAX + 8)
const char *ws_wanted_family_name(const struct ws_wanted *wanted, uint8_t family, char text[WS_FAMILY_TEXT_LEN]);

/* A context header's line as it was found. Offsets count from the request line's first byte. */
struct ws_field {
	uint8_t header;	      /* enum ws_header */
	bool is_cut;	      /* the value goes on behind the bytes at hand, or may: its line's end was not seen */
	bool is_compressed;   /* HTTP/2: the value is not on the wire as it is: its place is that of the whole field */
	const uint8_t *value; /* what stands behind the colon, blanks included; not owned */
	uint32_t len;
	uint32_t line_off;  /* first byte of the line; of a compressed field: of its representation */
	uint32_t value_off; /* first byte of value; not used where is_compressed */
	uint32_t end_off;   /* where is_compressed: behind the field */
};

/* A number of a context, and where its last byte stands. */
struct ws_part {
	uint32_t begin_off; /* of its line */
	uint32_t end_off;   /* behind the part's last byte; of a compressed field, behind the field */
	bool is_there;
};

/* One family's context in the making. */
struct ws_candidate {
	struct ws_part trace;
	struct ws_part span; /* families whose span id is optional or unknown: not there */
	struct ws_part parent;
	uint8_t trace_id[16];
	uint8_t span_id[8];
	uint8_t parent_span_id[8];
	uint8_t sampled; /* enum ws_sampled */
	uint8_t flags;	 /* enum ws_record_flag: WS_FLAG_TRACE_ID_64, WS_FLAG_HASHED_ID */
	uint8_t is_debug;
	uint8_t zero;
};

/* The contexts of one head. Zero-initialised: none yet. Fixed size, no pointers: may be copied. */
struct ws_contexts {
	struct ws_candidate candidate[WS_MAX_FAMILIES];
	uint16_t begun; /* bit f: candidate f is not all zeros */
	uint16_t malformed;
	uint8_t flaw;
	bool has_tracestate;
};

/* None again: cheaper than to zero all of it, as a head seldom has contexts of more than a family or two. */
static inline void ws_contexts_clear(struct ws_contexts *c)
{
	for (uint32_t f = 0; f < WS_MAX_FAMILIES; f++)
		if (c->begun >> f & 1)
			c->candidate[f] = (struct ws_candidate) { 0 };
	c->begun = 0;
	c->malformed = 0;
	c->flaw = 0;
	c->has_tracestate = false;
}

/*
 * Reads one header line. Lines are given in the order of the head; of a part that comes twice the first valid one
 * stands. A value that breaks its family's standard is noted in malformed, and not taken: it takes back nothing.
 * Where is_cut, the parts whose end is sure count, and a value that is not yet wrong is not malformed.
 */
void ws_contexts_add(struct ws_contexts *c, const struct ws_wanted *wanted, const struct ws_field *field);

/*
 * Chooses among the contexts whose ids end within the first window bytes, and fills of the record: reason
 * (WS_REASON_CONTEXT, or untouched if there is none), family, families, malformed, flaw, sampled, flags (or-ed in),
 * the ids, ctx_off, ctx_len, ids_end_off. Returns 1 if there is a context, else 0; then reason is for the caller to
 * say: *why is WS_REASON_MALFORMED, WS_REASON_INCOMPLETE or WS_REASON_NO_CONTEXT.
 */
int ws_contexts_choose(const struct ws_contexts *c, const struct ws_wanted *wanted, uint32_t window,
		       struct ws_record *r, uint8_t *why);

#endif
