/* SPDX-License-Identifier: BSD-2-Clause */
/* traces_inner - for the files that put passages into the order of traces: see traces.h. */
#ifndef WS_ANALYZE_TRACES_INNER_H
#define WS_ANALYZE_TRACES_INNER_H

#include <endian.h>
#include <string.h>

#include "analyze/collector.h"
#include "analyze/mesh/atlas_inner.h"
#include "analyze/mesh/calls_inner.h"
#include "analyze/mesh/traces.h"
#include "analyze/sorter.h"

/* What both orders know of a passage. */
struct ws_trace_facts {
	uint64_t row; /* its place among the rows of its file and kind: the order of those that are equal in all else */
	uint32_t seq; /* its own */
	uint32_t of_seq; /* in the request's stream: of a response among contacts, its ack; of a member, its request's
			    seq */
	uint16_t status;
	uint8_t kind; /* enum ws_passage_kind */
	uint8_t direction;
	uint8_t family;
	uint8_t trace_id_len; /* of its trace, likewise what follows in the records */
};

/* A passage among those of its point and connection. */
struct ws_trace_contact {
	struct ws_sort_key key; /* point and tuple, then biased realtime */
	uint8_t trace_id[16];
	uint8_t span_id[8];
	struct ws_trace_facts facts;
};

/* A passage among those of its trace. */
struct ws_trace_member {
	struct ws_sort_key key; /* the trace id's bytes */
	uint8_t span_id[8];
	int64_t realtime_ns;
	struct ws_trace_facts facts;
	uint32_t tuple;
	uint32_t point;
};

_Static_assert(sizeof(struct ws_trace_contact) == 64 && sizeof(struct ws_trace_member) == 64, "they are many");

struct ws_traces {
	struct ws_atlas *atlas;
	struct ws_sorter *contacts; /* NULL once all responses have found their requests */
	struct ws_sorter *members;
	uint64_t n_elsewhere;
	uint64_t n_requests;		     /* into calls */
	uint64_t n_responses;		     /* read */
	int rc;				     /* what their sorter said */
	uint64_t n_strange;		     /* responses without any request */
	uint64_t n_unanswered;		     /* of the traces looked at so far */
	const struct ws_trace_member *ahead; /* the next trace's first; NULL: there is none */
	struct ws_passage *passage;	     /* the trace's */
	struct ws_identity *answered;	     /* by passage: that of the request which a response answers */
	size_t room;
	struct ws_calls_work work;
	struct ws_calls calls;
};

/* The key of a trace id: in the order of its bytes; and back. */
static inline struct ws_sort_key ws_trace_key(const uint8_t trace_id[16])
{
	struct ws_sort_key key;

	memcpy(&key, trace_id, sizeof(key));
	return (struct ws_sort_key) { be64toh(key.major), be64toh(key.minor) };
}

static inline void ws_trace_id_of_key(const struct ws_sort_key *key, uint8_t trace_id[16])
{
	const uint64_t bytes[2] = { htobe64(key->major), htobe64(key->minor) };

	memcpy(trace_id, bytes, sizeof(bytes));
}

/* Reads the run's passages, and gives each to its sorter. 0, or what goes wrong, in words. */
int ws_traces_read(struct ws_traces *traces, struct ws_atlas *atlas, struct ws_atlas_run *run, struct ws_error *err);

/* Lets responses find their requests, and gives both to the members. 0 or -errno. */
int ws_traces_answer(struct ws_traces *traces);

/* The order of what has the same key. */
int ws_trace_contact_compare(const void *a, const void *b);
int ws_trace_member_compare(const void *a, const void *b);

#endif
