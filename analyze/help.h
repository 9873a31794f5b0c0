/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help - what `analyze COMMAND --help` says below its first line.
 */
#ifndef WS_ANALYZE_HELP_H
#define WS_ANALYZE_HELP_H

extern const char ws_help_cdf[];
extern const char ws_help_pairs[];
extern const char ws_help_ledger[];
extern const char ws_help_detect[];
extern const char ws_help_offsets[];
extern const char ws_help_e2e[];
extern const char ws_help_overhead[];
extern const char ws_help_compare[];
extern const char ws_help_report[];
extern const char ws_help_trace[];
extern const char ws_help_topology[];
extern const char ws_help_clocks[];
extern const char ws_help_underlay[];
extern const char ws_help_export[];
extern const char ws_help_runs[];

/* Of every command: where its runs may be. */
extern const char ws_help_store[];

#endif
