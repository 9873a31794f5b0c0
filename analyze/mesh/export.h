/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export - every interval between two stations of every call, for other tools: one after the other, as they are found.
 */
#ifndef WS_ANALYZE_EXPORT_H
#define WS_ANALYZE_EXPORT_H

#include <stdio.h>

#include "analyze/mesh/interval.h"
#include "analyze/invocation.h"

/* One interval. */
struct ws_export_row {
	const struct ws_atlas *atlas;
	const struct ws_call *call;
	const struct ws_interval *interval;
	const struct ws_passage *from;
	const struct ws_passage *to;
	uint8_t trace_id[16]; /* of 64 bits: in the last 8 */
	uint8_t parent_span_id[8];
	bool has_parent;
	uint8_t span_id[8]; /* of its own: the same data give the same id */
	int64_t start_ns;   /* CLOCK_REALTIME of the node, or of the clocks' reference */
	int64_t end_ns;
	bool is_aligned;
	uint64_t clock_bound_ns; /* of start_ns, if it is aligned */
	const char *class;	 /* "matched", "nat", "retransmit", "nat+retransmit" */
};

/* What was left out. */
struct ws_export_count {
	uint64_t n_traces;
	uint64_t n_intervals;
	uint64_t n_apart;    /* between nodes whose clocks are not aligned */
	uint64_t n_gaps;     /* OTLP: stations between were not seen, so it is no one's time */
	uint64_t n_negative; /* OTLP: ends before it begins, which no span may */
};

/* What is written, and where it goes. */
struct ws_export_plan {
	const struct ws_atlas *atlas;
	const struct ws_clocks *clocks; /* NULL: not aligned */
	enum ws_format format;
	FILE *out;
};

struct ws_export;

/*
 * Writes intervals of calls: OTLP in JSON, a line for each trace, a long one in several; CSV (RFC 4180) with a header;
 * or a JSON object a line. 0 or -ENOMEM. Atlas and clocks must outlive it. To be closed with ws_export_close().
 */
int ws_export_open(const struct ws_export_plan *plan, struct ws_export **export);

/* Writes those of further calls, which come in the order of struct ws_calls, a trace as a whole. 0 or -EIO. */
int ws_export_write(struct ws_export *export, const struct ws_calls *calls);

/* What was written so far. */
const struct ws_export_count *ws_export_count(const struct ws_export *export);

/* NULL is fine. */
void ws_export_close(struct ws_export *export);

/* Those of ws_export_write(): a batch of one trace's intervals. */
void ws_export_otlp(const struct ws_export_row *row, uint32_t n, FILE *out);
void ws_export_csv(const struct ws_export_row *row, uint32_t n, FILE *out);
void ws_export_jsonl(const struct ws_export_row *row, uint32_t n, FILE *out);
void ws_export_csv_header(FILE *out);

/* A text as a JSON string: what is not UTF-8 becomes U+FFFD. */
void ws_export_string(const char *text, FILE *out);

/* A text as a field of CSV (RFC 4180), and the comma behind it. */
void ws_export_field(const char *text, FILE *out);

/* Whose the interval is: the pod at its station, or NULL, and the node. */
const struct ws_owner *ws_export_pod(const struct ws_export_row *row);

#endif
