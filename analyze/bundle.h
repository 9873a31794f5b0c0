/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bundle - the latencies between the points over all cells of a campaign: `analyze cdf` of a campaign.
 */
#ifndef WS_ANALYZE_BUNDLE_H
#define WS_ANALYZE_BUNDLE_H

#include <stdio.h>

#include "analyze/invocation.h"
#include "analyze/label.h"
#include "analyze/sample.h"

/* One cell, source and direction with at least one pair. */
struct ws_strand {
	const struct ws_cell *cell;
	enum ws_source source;
	enum ws_way way;
	ws_label label;
	ws_label panel;	 /* of the figure: the label without what was attached and searched */
	ws_label method; /* what measured it, and what ran beside it: "eBPF, pcap beside it"; different in each panel */
	struct ws_sample sample;
};

/* By cell, source, direction. */
struct ws_bundle {
	const struct ws_campaign *campaign;
	struct ws_strand *strand;
	uint32_t n;
};

/*
 * Takes the cells that were joined, those apart that are for detection: other programs that ran beside them are in
 * their latency. Needs WS_FIND_LATENCIES. 0 or -ENOMEM. To be closed with ws_bundle_close().
 */
int ws_bundle_open(const struct ws_campaign *campaign, struct ws_bundle *bundle);

/* NULL is fine. */
void ws_bundle_close(struct ws_bundle *bundle);

/* The strand of that cell, source and direction, or NULL. */
const struct ws_strand *ws_bundle_find(const struct ws_bundle *bundle, const struct ws_cell *cell,
				       enum ws_source source, enum ws_way way);

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_bundle_print(const struct ws_bundle *bundle, enum ws_format format, FILE *out);

/*
 * Writes what the figure draws, as panels.gp wants it: a panel for each direction and set of conditions apart from what
 * was attached, in it a curve for each method.
 */
int ws_bundle_write_panels(const struct ws_bundle *bundle, FILE *out);

#endif
