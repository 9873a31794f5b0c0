/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journey - one trace on one scale of time: its calls as a tree, every packet of it, and the spans of the mesh's own
 * tracer beside them.
 *
 * The scale is the clock of the node where the first call was seen first. A node's stamps come onto it by a shift: none
 * on that node; from the aligned clocks; or, without these, such that what was seen of a call at its callee's node lies
 * in the middle of what was seen of it at its caller's. Shifts of that last kind are for drawing: no number comes from
 * them.
 */
#ifndef WS_ANALYZE_JOURNEY_H
#define WS_ANALYZE_JOURNEY_H

#include "analyze/mesh/interval.h"
#include "analyze/mesh/presence.h"

/* How stamps came onto the scale. */
enum ws_footing {
	WS_FOOTING_MEASURED, /* the scale's own clock */
	WS_FOOTING_ALIGNED,  /* aligned clocks; a bound goes with it */
	WS_FOOTING_CENTRED,  /* drawn in the middle of its caller's interval */
	WS_FOOTING_RAW,	     /* the node's clock taken for the scale's */
};

/* Moves the stamps of one node. */
struct ws_placing {
	uint64_t bound_ns; /* WS_FOOTING_ALIGNED */
	int64_t ns;	   /* to be added to realtime_ns to have ns of the scale */
	uint8_t footing;   /* enum ws_footing */
};

enum ws_end { WS_END_CALLER, WS_END_CALLEE, WS_N_ENDS };

/* What a sum of time is made of: kinds of intervals, and */
enum ws_part {
	WS_PART_OVERLAPPING = WS_N_INTERVAL_KINDS, /* calls under way beside the one that was waited for */
	WS_N_PARTS,
};

struct ws_stage {
	uint32_t call;	 /* in struct ws_calls */
	uint32_t parent; /* stage, or WS_NO_CALL; likewise: */
	uint32_t first_child;
	uint32_t next; /* of the same parent */
	uint32_t depth;
	struct ws_legs legs;
	struct ws_placing shift[WS_N_ENDS];
	int64_t begin_ns; /* on the scale: its first stamp, its last one */
	int64_t end_ns;
	int64_t self_ns; /* if legs.has_service: of it, without the calls that its pod made meanwhile */
};

/* Stations of packets that are no station of their call's. */
enum {
	WS_HOP_REPEAT = WS_N_STATIONS, /* retransmitted, duplicated */
	WS_HOP_TRANSIT,		       /* at a node that is neither the caller's nor the callee's */
};

/* A packet of the trace. */
struct ws_hop {
	uint32_t passage;
	uint32_t stage;
	uint8_t station; /* enum ws_station, or one of those above */
	uint8_t footing;
	int64_t at_ns;	   /* on the scale */
	uint64_t bound_ns; /* WS_FOOTING_ALIGNED */
	bool has_latency;
	int64_t latency_ns; /* since the station before that saw it */
	uint64_t latency_bound_ns;
};

/* How a span was found to be a call's. */
enum ws_kinship {
	WS_KINSHIP_NONE,
	WS_KINSHIP_ID,	   /* the request's context names the span */
	WS_KINSHIP_PARENT, /* the span's parent is the one that the request's context names */
	WS_KINSHIP_TIME,   /* by its service, and because it overlaps in time */
};

struct ws_beside {
	const struct ws_mesh_span *span;
	uint32_t stage; /* WS_NO_CALL: none */
	uint8_t end;	/* enum ws_end: of the call, on whose clock it is taken to be */
	uint8_t kinship;
	bool fits;     /* false: its clock does not fit the packets', or its children's */
	int64_t at_ns; /* on the scale */
};

struct ws_journey {
	const struct ws_atlas *atlas;
	const struct ws_calls *calls;
	const struct ws_clocks *clocks; /* NULL: not aligned */
	enum ws_align align;
	uint8_t trace_id[16]; /* of 64 bits: in the last 8 */
	const struct ws_lookout *watch;
	struct ws_lookout *own_watch; /* if none was given */
	struct ws_stage *stage;	      /* callers before what they call, else by time */
	uint32_t n_stages;
	struct ws_hop *hop; /* by at_ns, call, order of the way */
	uint32_t n_hops;
	struct ws_beside *beside; /* by stage, time */
	uint32_t n_beside;
	int64_t resolution_ns; /* of the spans: 1 ms or 1 us; so far they may be off and still fit */
	uint32_t origin;       /* the passage whose node's clock is the scale's */
	int64_t begin_ns;      /* realtime of the scale's 0, on that clock */
	int64_t end_ns;	       /* on the scale: the last stamp */
	uint32_t n_roots;
	uint32_t n_roots_whole; /* with request and response at one point: their sum is end_to_end_ns */
	int64_t end_to_end_ns;
	int64_t part_ns[WS_N_PARTS];	     /* of end_to_end_ns; they add up to it */
	int64_t sum_ns[WS_N_INTERVAL_KINDS]; /* over all calls, whether waited for or not; service: self time */
	uint64_t n_summed[WS_N_INTERVAL_KINDS];
	uint32_t n_repeats;
	uint32_t n_missed; /* stations that should have seen a packet and did not */
};

/* What a journey is made from; it must outlive it. */
struct ws_journey_source {
	const struct ws_atlas *atlas;
	const struct ws_calls *calls;
	const struct ws_clocks *clocks; /* NULL: not aligned */
	const struct ws_lookout *watch; /* NULL: what these calls teach */
};

/* Makes the journey of a trace, of 8 or 16 bytes. 0; -ENOENT: no call has that trace id; -ENOMEM. To be closed with
 * ws_journey_close(). */
int ws_journey_open(const struct ws_journey_source *source, const uint8_t *trace_id, uint32_t trace_id_len,
		    struct ws_journey *journey);

/* NULL is fine. */
void ws_journey_close(struct ws_journey *journey);

/* The shift of the node of a passage by the aligned clocks, or as it is. */
struct ws_placing ws_placing_of_node(const struct ws_journey *journey, uint32_t passage);

/* Where a stage's passage, which is at that station of its call, is on the scale. */
int64_t ws_stage_at(const struct ws_journey *journey, const struct ws_stage *stage, uint32_t passage,
		    enum ws_station station);

/* A trace id as 16 bytes: of 8, in the last 8. */
void ws_trace_id_widen(const uint8_t *trace_id, uint32_t len, uint8_t wide[16]);

/* "measured", "aligned", "centred", "raw". */
const char *ws_footing_name(enum ws_footing footing);

/* "", "span id", "parent's span id", "service and time". */
const char *ws_kinship_name(enum ws_kinship kinship);

/* "overlay tx" ... "overlapping calls"; as a part of keys "overlay_tx" ... "overlapping". */
const char *ws_part_name(enum ws_part part);
const char *ws_part_key(enum ws_part part);

/* "CALLER -> CALLEE"; what does not fit is cut. */
#define WS_CALL_EDGE_MAX 256
const char *ws_call_edge(const struct ws_atlas *atlas, const struct ws_call *call, char text[WS_CALL_EDGE_MAX]);

#endif
