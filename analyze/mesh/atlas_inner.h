/* SPDX-License-Identifier: BSD-2-Clause */
/* atlas_inner - for the atlas's own files: a run while it is read into the atlas. */
#ifndef WS_ANALYZE_ATLAS_INNER_H
#define WS_ANALYZE_ATLAS_INNER_H

#include "analyze/mesh/atlas.h"
#include "analyze/roster.h"

/* A file of the run that is read. */
struct ws_atlas_file {
	int64_t file_id;
	uint32_t point;	   /* of the atlas */
	int64_t offset_ns; /* to be added to its stamps to have the node's CLOCK_REALTIME */
	const struct ws_file *file;
	uint64_t n_contexts; /* read: requests with a context, and responses */
	uint64_t n_responses;
};

struct ws_atlas_run {
	struct ws_store *store;
	struct ws_catalog catalog;
	struct ws_roster roster;
	struct ws_atlas_file *file; /* those that are taken */
	uint32_t n_files;
	uint32_t *reversed; /* by tuple, of those of the roster: WS_NOT_LOOKED_UP, or what ws_atlas_reversed() says */
	bool *of_trace;	    /* by tuple: does it, or did it, carry the trace that is asked for? */
	uint32_t passage_room;
};

/* Who is told of a run's passages, one after the other. 0 or -errno. */
struct ws_passage_sink {
	void *context;
	int (*take)(void *context, const struct ws_passage *passage);
};

#define WS_NOT_LOOKED_UP (UINT32_MAX - 1)

/* The index of a tuple of the roster the other way round; UINT32_MAX: nothing went that way. run->reversed is there. */
uint32_t ws_atlas_reversed(const struct ws_atlas *atlas, struct ws_atlas_run *run, uint32_t tuple);

/* Makes run->reversed, if it is not there. 0 or -ENOMEM, in words. */
int ws_atlas_open_reversed(const struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err);

/* Tells of the responses of the run's files, in order of response_id; the tuple of one on whose connection no request
 * went, in any run so far, is UINT32_MAX: it answers none. 0, -EIO, -EPROTO, -ENOMEM, or what the sink says,
 * in words if it is one of -ENOMEM and -EOVERFLOW. */
int ws_atlas_read_responses(struct ws_atlas *atlas, struct ws_atlas_run *run, const struct ws_passage_sink *sink,
			    struct ws_error *err);

/* Were there as many responses of each of the run's files as it is said to have? 0, or -EPROTO with words. */
int ws_atlas_check_responses(const struct ws_atlas_run *run, struct ws_error *err);

/* Reads requests and responses of the run's files that belong to the trace that is asked for. 0, -EIO, -EPROTO,
 * -EOVERFLOW or -ENOMEM. */
int ws_atlas_read_passages(struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err);

/* Reads the tracer's spans, its claims and what is said of clocks. Likewise. */
int ws_atlas_read_mesh(struct ws_atlas *atlas, struct ws_atlas_run *run, bool with_spans, struct ws_error *err);

/* Sorts what was read of several runs, and leaves out what stands in more than one. */
void ws_atlas_settle_mesh(struct ws_atlas *atlas);

/* The index of the node of that name, which is added if it is new. 0 or -ENOMEM. */
int ws_atlas_node(struct ws_atlas *atlas, const char *name, uint32_t *index);

/* The ways in which a trace id may be stored: as it is; of 64 bits as 128 that begin with zeros, and the reverse. */
struct ws_trace_forms {
	uint8_t bytes[2][16];
	uint32_t len[2];
	uint32_t n;
};

void ws_trace_forms(const uint8_t *trace_id, uint32_t len, struct ws_trace_forms *forms);

#endif
