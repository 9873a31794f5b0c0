/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journey_output - a journey in the three formats, and as files.
 */
#ifndef WS_ANALYZE_JOURNEY_OUTPUT_H
#define WS_ANALYZE_JOURNEY_OUTPUT_H

#include "analyze/invocation.h"
#include "analyze/mesh/journey.h"

/* "request" or "response". */
const char *ws_hop_kind(const struct ws_passage *passage);

/* "caller_vport" ..., "repeat" or "transit". */
const char *ws_hop_station(const struct ws_hop *hop);

/* 0, -ENOMEM or -EIO. A table has the waterfall, every packet, and what the time was spent on. */
int ws_journey_print(const struct ws_journey *journey, enum ws_format format, FILE *out);

/* Those of ws_journey_print(). */
int ws_journey_print_table(const struct ws_journey *journey, FILE *out);
int ws_journey_print_tsv(const struct ws_journey *journey, FILE *out);
int ws_journey_print_json(const struct ws_journey *journey, FILE *out);

/* Writes trace-ID.tsv, trace-ID.json and trace-ID.svg into --out, else DIR/reports. 0 or -errno. */
int ws_journey_publish(const struct ws_journey *journey, const struct ws_invocation *invocation, struct ws_error *err);

#endif
