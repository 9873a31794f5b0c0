/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * alignment - the clocks of an atlas's nodes brought together as --align says: from the packets between them, or from
 * what chrony or PTP said.
 *
 * Aligned time = ws_passage.realtime_ns + ws_clocks_correction(clocks, node, realtime_ns, &bound_ns), on the clock of
 * the node's reference; it is known to +- bound_ns. For what lies between two nodes take ws_clocks_between() instead:
 * the difference of two corrections with the bound of that difference, often better than the sum of both bounds.
 */
#ifndef WS_ANALYZE_ALIGNMENT_H
#define WS_ANALYZE_ALIGNMENT_H

#include "analyze/mesh/atlas.h"
#include "analyze/mesh/calls.h"
#include "analyze/clocks/clocks.h"
#include "analyze/clocks/crossings.h"

/*
 * The clocks by that method; crossings: of all traces, if it is WS_ALIGN_PACKETS. WS_ALIGN_NONE: every node has only
 * itself: corrections 0, unbound (WS_CLOCK_UNBOUND), but of the only node of an atlas, which needs none. -ENODATA, told
 * in err: there is nothing to align by (several nodes, and no two of them are related); -EOVERFLOW: too many nodes;
 * -ENOMEM. To be closed with ws_clocks_close().
 */
int ws_atlas_align(const struct ws_atlas *atlas, const struct ws_crossings *crossings, enum ws_align method,
		   struct ws_clocks *clocks, struct ws_error *err);

/* "none", "packets", "chrony", "ptp". */
const char *ws_align_name(enum ws_align method);

#endif
