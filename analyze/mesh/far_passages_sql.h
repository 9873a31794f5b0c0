/* SPDX-License-Identifier: BSD-2-Clause */
/* far_passages_sql - what the servers are asked, in their SQL: for far_passages alone. */
#ifndef WS_ANALYZE_FAR_PASSAGES_SQL_H
#define WS_ANALYZE_FAR_PASSAGES_SQL_H

#include "analyze/far_servers.h"
#include "analyze/mesh/far_passages.h"

/* So many response_ids, from a multiple on, make a row of a file's responses. */
#define WS_RESPONSES_PER_ROW 256

/* The bits of a row's form; below them, the length of the trace id that is joined by. */
#define WS_FORM_WIDE 64	 /* stamps' differences have 8 bytes, not 4 */
#define WS_FORM_MANY 128 /* more sightings than a row may hold: none is told of */

/* The byte of a sighting's traits. */
#define WS_TRAITS_DIRECTION 3
#define WS_TRAITS_FAMILY_AT 2  /* and 4 bits */
#define WS_TRAITS_NEW	    64 /* its span id and seq follow; else they are those of the one before */

struct ws_passages_sql {
	const struct ws_far_passages *passages;
	const bool *wanted;    /* by file: of what is asked for */
	const char *condition; /* of the rows of the run */
	uint32_t file_bytes;   /* that a file's index takes */
	uint32_t flow_bytes;   /* that a flow_id takes; not more than 4 */
	bool by_identity;      /* of traces of too many sightings, each identity by itself */
	uint64_t slice, n_slices;
};

/*
 * Each is behind SELECT, to one server. NULL: no memory; the caller's, to be freed.
 *
 * Requests: trace id with zeros behind, form, the least stamp, and packed, of each sighting, those of one identity in
 * order of request_id: its stamp as a difference from the least (4 bytes, or 8), traits (1), the file's index
 * (file_bytes), flow_id (flow_bytes); and, of a new identity, span id (8) and seq (4). Before the first one both are 0.
 */
char *ws_passages_sql_requests(const struct ws_passages_sql *sql, const struct ws_far_server *server);

/*
 * Responses: the file's index, response_id / WS_RESPONSES_PER_ROW, form, the least stamp, and packed, of each response:
 * its stamp likewise, seq (4), ack (4), status (2), direction (1), the rest of response_id (1), flow_id (flow_bytes).
 */
char *ws_passages_sql_responses(const struct ws_passages_sql *sql, const struct ws_far_server *server);

/* For ws_far_restrict(): requests of identities of too many sightings. */
char *ws_passages_sql_left(const struct ws_passages_sql *sql);

#endif
