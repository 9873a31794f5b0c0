/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * atlas - all that the runs in or below a directory saw, of all nodes together: requests and responses at every point,
 * on one scale of time, with the names of the cluster.
 *
 * A node's clock is its CLOCK_REALTIME: eBPF's monotonic stamps are moved onto it by the clock readings of their file.
 * Stamps of one file keep their differences to the nanosecond; those of different files of one node agree as well as
 * the readings do (below a microsecond); those of different nodes only as well as the nodes' clocks: see clocks.h.
 */
#ifndef WS_ANALYZE_ATLAS_H
#define WS_ANALYZE_ATLAS_H

#include "analyze/catalog.h"
#include "analyze/invocation.h"
#include "analyze/owners.h"
#include "analyze/sighting.h"
#include "analyze/tuple.h"

/* A tracing point of one run, by one source. */
struct ws_atlas_point {
	char *run;  /* its directory below DIR; "" for DIR itself */
	char *name; /* "nic-node1" */
	char *pod;  /* "NAMESPACE/NAME" whose vport it is; "" not known */
	char *interface;
	uint32_t node; /* index */
	enum ws_source source;
	enum ws_role role;
	int64_t first_ns; /* CLOCK_REALTIME: when it was watched; INT64_MIN, INT64_MAX where unknown */
	int64_t last_ns;
	bool has_responses; /* were any recorded there? */
	uint64_t n_lost;    /* of all kinds, in table loss; and requests of which nothing is known */
};

enum ws_passage_kind { WS_PASSAGE_REQUEST, WS_PASSAGE_RESPONSE };

/* A request head with a context, or the beginning of a response, at one point. */
struct ws_passage {
	struct ws_identity identity; /* of a response: its seq, and no ids */
	int64_t ts_ns;		     /* as it was stamped, on the clock of its source */
	int64_t realtime_ns;	     /* the same on the node's CLOCK_REALTIME */
	int64_t done_ns;	     /* realtime at which the ids' last byte had passed; a response: realtime_ns */
	uint32_t tuple;		     /* of a response: the other way round, that of the request which it answers */
	uint32_t ack;		     /* response: where the request that it answers ended */
	uint32_t payload_len;
	uint32_t point;
	uint16_t status;   /* response: HTTP status code */
	uint8_t kind;	   /* enum ws_passage_kind */
	uint8_t direction; /* enum ws_direction */
	uint8_t family;
	uint8_t has_parent;
	uint8_t parent_span_id[8];
};

/* A span as the mesh's own tracer has it. */
struct ws_mesh_span {
	uint8_t trace_id[16]; /* of 64 bits: in the last 8 */
	uint8_t span_id[8];
	uint8_t parent_span_id[8];
	bool has_parent;
	int64_t start_ns; /* CLOCK_REALTIME of whoever made it */
	int64_t duration_ns;
	const char *service;
	const char *kind;
	const char *operation;
	const char *node; /* "" where the tracer does not say it */
	const char *pod;
};

/* Who calls whom, as the tracer claims. */
struct ws_claim {
	const char *caller;
	const char *callee;
	uint64_t n_calls;
};

/* chrony's or PTP's word on a node's clock. */
struct ws_clock_word {
	uint32_t node;
	const char *method;
	int64_t offset_ns; /* to be added to the node's clock */
	uint64_t bound_ns;
};

struct ws_atlas {
	struct ws_atlas_point *point;
	uint32_t n_points;
	char **node; /* names; a point whose node is not known has one of its run's name */
	uint32_t n_nodes;
	struct ws_passage
		*passage; /* by realtime_ns, point, seq; with struct ws_traces, of one trace after the other */
	uint32_t n_passages;
	uint8_t trace_id[16]; /* the only trace that was asked for; the others' passages are there to tell answers apart
			       */
	uint32_t trace_id_len; /* 0: all were */
	struct ws_tuples tuples;
	struct ws_owners owners;
	struct ws_mesh_span *span; /* by start_ns */
	uint32_t n_spans;
	struct ws_claim *claim; /* by caller, callee */
	uint32_t n_claims;
	struct ws_clock_word *clock_word;
	uint32_t n_clock_words;
	struct ws_text_pool *texts;
	char **unloaded; /* directories with a run's files in them and no run.db: they are left out */
	uint32_t n_unloaded;
};

/* Is it the trace that was asked for, or were all? */
bool ws_atlas_has_trace(const struct ws_atlas *atlas, const struct ws_identity *identity);

struct ws_traces;

/* What is to be read: one trace, or all of them. */
struct ws_atlas_wanted {
	const uint8_t *trace_id;  /* this trace, and what may answer it, into the atlas; NULL: all, into traces */
	uint32_t trace_id_len;	  /* 8 or 16; of 64 bits are also found as 16 that begin with zeros, and the reverse */
	struct ws_traces *traces; /* see traces.h, where it is opened together with its atlas */
	bool without_spans;
};

/*
 * Reads every run.db in or below the invocation's directory. At a point that both sources watched, eBPF's view is taken
 * unless --source says otherwise. 0; -ENOENT: there is no run.db; -EOVERFLOW: more than 2^31 passages; what
 * ws_store_open() says. To be closed with ws_atlas_close().
 */
int ws_atlas_open(const struct ws_invocation *invocation, const struct ws_atlas_wanted *wanted, struct ws_atlas *atlas,
		  struct ws_error *err);

/* NULL is fine. */
void ws_atlas_close(struct ws_atlas *atlas);

#endif
