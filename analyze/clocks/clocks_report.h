/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clocks_report - what `analyze clocks` says: of every node, how far its clock is from its reference's, how it goes and
 * how well that is known; of every two nodes that sent to each other as well; beside it what chrony and PTP said.
 */
#ifndef WS_ANALYZE_CLOCKS_REPORT_H
#define WS_ANALYZE_CLOCKS_REPORT_H

#include <stdio.h>

#include "analyze/mesh/atlas.h"
#include "analyze/clocks/clocks.h"
#include "analyze/clocks/crossings.h"

struct ws_clocks_report {
	const struct ws_atlas *atlas;
	const struct ws_crossings *crossings;
	const struct ws_clocks *clocks;
};

/* The middle of some knots' time, what they say of it, and how wide their bounds are. */
struct ws_knots_summary {
	int64_t at_ns;
	int64_t correction_ns;
	uint64_t bound_ns; /* there; WS_CLOCK_UNBOUND: nothing is known */
	uint64_t least_bound_ns;
	uint64_t median_bound_ns;
	uint64_t largest_bound_ns;
};

/* 0 or -ENOMEM. */
int ws_knots_summarize(const struct ws_clock_knot *knot, uint32_t n_knots, struct ws_knots_summary *summary);

/* What chrony or PTP said of a node and its reference, against the packets. */
struct ws_words_compared {
	bool known; /* both nodes have a word */
	int64_t correction_ns;
	uint64_t bound_ns;
	bool agrees; /* both can be true */
};

struct ws_words_compared ws_words_compare(const struct ws_clocks_report *report, uint32_t node, const char *method,
					  const struct ws_knots_summary *summary);

/* Prints it. 0 or -errno. */
int ws_clocks_print(const struct ws_clocks_report *report, enum ws_format format, FILE *out);

/* The same, for the files: NAME.json, NAME.tsv; what the figure draws. 0 or -errno. */
int ws_clocks_print_json(const struct ws_clocks_report *report, FILE *out);
int ws_clocks_write_drawn(const struct ws_clocks_report *report, FILE *out);

/* clocks.tsv, clocks.json, clocks-drawn.tsv, clocks.svg, clocks.pdf into --out or DIR/reports. 0 or -errno. */
int ws_clocks_publish(const struct ws_clocks_report *report, const struct ws_invocation *invocation,
		      struct ws_error *err);

#endif
