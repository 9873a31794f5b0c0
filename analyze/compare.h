/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare - two selections of runs against each other, quantity by quantity, and what the data support: `analyze
 * compare`.
 */
#ifndef WS_ANALYZE_COMPARE_H
#define WS_ANALYZE_COMPARE_H

#include <stdio.h>

#include "analyze/bland_altman.h"
#include "analyze/comparison.h"
#include "analyze/invocation.h"
#include "analyze/sample.h"
#include "analyze/selection.h"

/* End to end, and both directions by each pair of sources. */
#define WS_CONTRASTS_MAX (1 + WS_N_SOURCES * WS_N_WAYS)

/* One quantity of A beside the same of B. */
struct ws_contrast {
	bool is_end_to_end; /* else a latency between the points */
	enum ws_way way;
	enum ws_source source[2]; /* of A and of B */
	struct ws_sample sample[2];
	struct ws_comparison comparison; /* B minus A */
};

/* The same packets measured by both sources: B minus A, one direction. */
struct ws_same_packets {
	enum ws_way way;
	int64_t *difference_ns; /* n of them, owned; in the order of mean_ns */
	int64_t *mean_ns;
	uint64_t n;
	struct ws_bland_altman agreement;
	bool has_trend;
	struct ws_trend trend;
};

struct ws_compare {
	const struct ws_selection *a;
	const struct ws_selection *b;
	struct ws_contrast contrast[WS_CONTRASTS_MAX];
	uint32_t n;
	struct ws_same_packets same[WS_N_WAYS]; /* only if the same runs are compared by different sources */
	uint32_t n_same;
};

/* Compares whatever both have. 0, -ENODATA (nothing in common; told in err) or -ENOMEM. To be closed with
 * ws_compare_close(). */
int ws_compare_open(const struct ws_selection *a, const struct ws_selection *b, struct ws_compare *compare,
		    struct ws_error *err);

/* NULL is fine. */
void ws_compare_close(struct ws_compare *compare);

/* "rx", "tx", "e2e". */
const char *ws_contrast_name(const struct ws_contrast *contrast);

/* Describes the same packets of one direction over a cell's runs, eBPF minus pcap, or the other way round. 0 or
 * -ENOMEM; n is 0 where there are none. To be closed with ws_same_packets_close(). */
int ws_same_packets_open(const struct ws_campaign *campaign, const struct ws_cell *cell, enum ws_way way,
			 bool pcap_minus_ebpf, struct ws_same_packets *same);

/* NULL is fine. */
void ws_same_packets_close(struct ws_same_packets *same);

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_compare_print(const struct ws_compare *compare, enum ws_format format, FILE *out);

/* Writes what panels.gp draws: a panel for each quantity, in it A and B. */
int ws_compare_write_panels(const struct ws_compare *compare, FILE *out);

/* Writes what agreement.gp draws: differences over means, bias and limits. */
int ws_same_packets_write(const struct ws_same_packets *same, const char *panel, FILE *out);

#endif
