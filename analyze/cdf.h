/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cdf - prints the latency distributions of a run: `analyze cdf`.
 */
#ifndef WS_ANALYZE_CDF_H
#define WS_ANALYZE_CDF_H

#include <stdio.h>

#include "analyze/agreement.h"
#include "analyze/invocation.h"
#include "analyze/series.h"
#include "analyze/study.h"

/* All that there is to print. Nothing is owned. */
struct ws_cdf {
	const struct ws_study *study;
	const struct ws_series_set *set;
	const struct ws_agreement *agreement; /* NULL: there is only one source */
};

/* Prints in the given format. 0, -ENOMEM or -EIO. */
int ws_cdf_print(const struct ws_cdf *cdf, enum ws_format format, FILE *out);

#endif
