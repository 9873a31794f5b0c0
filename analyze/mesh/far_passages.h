/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * far_passages - requests with a context and responses of a run in a store, as traces need them: each server puts the
 * sightings of one identity into one row, as those of a trace are all at one server, and packs what it tells of each.
 */
#ifndef WS_ANALYZE_FAR_PASSAGES_H
#define WS_ANALYZE_FAR_PASSAGES_H

#include "analyze/far.h"
#include "analyze/mesh/far_counts.h"
#include "analyze/roster.h"
#include "analyze/sighting.h"

struct ws_far_response {
	uint64_t row; /* response_id */
	int64_t ts_ns;
	uint32_t tuple; /* as in table flow: from who answers */
	uint32_t seq;
	uint32_t ack;
	uint16_t status;
	uint16_t file; /* index in the catalog */
	uint8_t direction;
};

struct ws_far_passages {
	struct ws_far *far;
	const struct ws_catalog *catalog;
	const struct ws_roster *roster;
	const bool *wanted_requests;  /* by file */
	const bool *wanted_responses; /* likewise */
	const int64_t
		*offset_ns; /* by file: with it added, stamps of all files are near to one another: they travel so */
	/* Told of a request: of its tuple, identity, stamp, direction, reason, family and file alone; those of one
	 * identity that one file saw come in order of request_id. Other than 0 ends it. */
	int (*request)(void *context, const struct ws_sighting *sighting);
	int (*response)(void *context, const struct ws_far_response *response);
	void *context;
};

/* What is to be read as rows, as nothing was told of it. */
enum ws_far_left {
	WS_FAR_LEFT_NONE,
	WS_FAR_LEFT_SOME, /* some requests: table request is restricted to them (ws_far_restrict()) */
	WS_FAR_LEFT_ALL,  /* all requests and responses: some may be such as are refused, or files are too many */
};

/*
 * Asks the servers. counts: of all files, by file of the catalog, unless all is left; to be closed with
 * ws_far_counts_close(). 0, what is
 * told returns, -EPROTO: a file has other requests than the catalog says, or an answer makes no sense; -ENOMEM; what
 * the client says.
 */
int ws_far_passages(const struct ws_far_passages *passages, struct ws_far_counts *counts, enum ws_far_left *left,
		    struct ws_error *err);

#endif
