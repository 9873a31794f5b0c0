/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * underlay - the network between the nodes: what lies between the NIC that sends a packet and the one that receives it.
 *
 * There and back needs no clocks to agree: from the request's leaving to the response's coming at the caller's NIC,
 * less the time between both at the callee's NIC, each by one clock. One way is told where the clocks are brought
 * together, and each number with the bound of the clocks; it may be below zero by as much as that.
 */
#ifndef WS_ANALYZE_UNDERLAY_H
#define WS_ANALYZE_UNDERLAY_H

#include <stdio.h>

#include "analyze/mesh/atlas.h"
#include "analyze/mesh/calls.h"
#include "analyze/clocks/clocks.h"
#include "analyze/statistics.h"

enum ws_underlay_scope { WS_UNDERLAY_NODES, WS_UNDERLAY_EDGE };

enum ws_underlay_what { WS_UNDERLAY_ROUND_TRIP, WS_UNDERLAY_ONE_WAY, WS_UNDERLAY_REQUEST, WS_UNDERLAY_RESPONSE };

/* A quantile of delays. */
struct ws_delay_quantile {
	int64_t value_ns;
	uint64_t bound_ns; /* of the clocks: the quantile of the true delays is within it */
	bool has_interval; /* at 95%, of the sample; clocks apart */
	int64_t low_ns;
	int64_t high_ns;
};

/* Delays from one node, or service, to another. */
struct ws_underlay_row {
	const char *from;
	const char *to;
	uint8_t scope;	 /* enum ws_underlay_scope */
	uint8_t what;	 /* enum ws_underlay_what */
	uint64_t *value; /* ns, as ws_radix_bias() makes them; ascending */
	uint64_t *least; /* with clocks brought together: at least so much, ascending by itself; NULL: as value */
	uint64_t *most;	 /* likewise: at most */
	uint32_t n;
	uint32_t room;
	struct ws_delay_quantile min, median, p90, p99, max;
};

/* 8 bytes for each delay there and back between nodes, and between services; 24 for each way. */
struct ws_underlay {
	struct ws_underlay_row *row; /* by scope, what, from, to */
	uint32_t n_rows;
	uint32_t n_rows_room;
	uint32_t *slot; /* hash table of row + 1, while delays are added */
	uint32_t n_slots;
	struct ws_text_pool *texts;
	enum ws_align align;
	uint64_t n_packets;  /* requests and responses from NIC to NIC */
	uint64_t n_unbound;  /* of these, where the two clocks are not related */
	uint64_t n_repeated; /* calls left out: a packet of theirs was seen twice */
	uint64_t n_unpaired; /* calls whose request went from NIC to NIC, and whose response was not seen so */
};

/* Adds the delays of further calls to an underlay, which begins with all-zero but for align. 0, -ENOMEM, or -EOVERFLOW:
 * more than 2^31 delays in a row. To be closed with ws_underlay_close(), and the atlas must outlive it. */
int ws_underlay_add(const struct ws_atlas *atlas, const struct ws_calls *calls, const struct ws_clocks *clocks,
		    struct ws_underlay *underlay);

/* Makes the rows of what was added. 0 or -ENOMEM. */
int ws_underlay_finish(struct ws_underlay *underlay);

/* NULL is fine. */
void ws_underlay_close(struct ws_underlay *underlay);

/* "there and back", "one way", "request", "response". */
const char *ws_underlay_what_name(enum ws_underlay_what what);

/* Prints it. 0 or -errno. */
int ws_underlay_print(const struct ws_underlay *underlay, enum ws_format format, FILE *out);

/* What the figure draws: the distributions of there and back between nodes. 0 or -errno. */
int ws_underlay_write_panels(const struct ws_underlay *underlay, FILE *out);

/* underlay.tsv, underlay.json, underlay-drawn.tsv, underlay.svg, underlay.pdf into --out or DIR/reports. 0 or -errno.
 */
int ws_underlay_publish(const struct ws_underlay *underlay, const struct ws_invocation *invocation,
			struct ws_error *err);

#endif
