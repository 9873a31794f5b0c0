/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * topology_output - a topology in the three formats, and as files.
 */
#ifndef WS_ANALYZE_TOPOLOGY_OUTPUT_H
#define WS_ANALYZE_TOPOLOGY_OUTPUT_H

#include "analyze/mesh/topology.h"

/* 0, -ENOMEM or -EIO. A table has the tree of calls, too. */
int ws_topology_print(const struct ws_topology *topology, enum ws_format format, FILE *out);

/* Those of ws_topology_print(). */
int ws_topology_print_table(const struct ws_topology *topology, FILE *out);
int ws_topology_print_tsv(const struct ws_topology *topology, FILE *out);
int ws_topology_print_json(const struct ws_topology *topology, FILE *out);

/* As an SVG document. The same topology gives the same bytes. 0 or -ENOMEM. */
int ws_topology_write_svg(const struct ws_topology *topology, FILE *out);

/* Writes topology.tsv, topology.json and topology.svg into --out, else DIR/reports. 0 or -errno. */
int ws_topology_publish(const struct ws_topology *topology, const struct ws_invocation *invocation,
			struct ws_error *err);

#endif
