/* SPDX-License-Identifier: BSD-2-Clause */
/* far_counts - how many rows the files of a run in a store have, counted where they lie. */
#ifndef WS_ANALYZE_FAR_COUNTS_H
#define WS_ANALYZE_FAR_COUNTS_H

#include "analyze/catalog.h"
#include "analyze/far.h"
#include "analyze/far_servers.h"

/* Of a run of more files rows are read: a server takes a query of 256 KB, and files are named in it again and again. */
#define WS_FAR_FILES_MAX 1000

struct ws_far_count {
	uint64_t n_requests;
	uint64_t n_contexts; /* of these, with one */
	uint64_t n_responses;
};

struct ws_far_counts {
	struct ws_far_count *file; /* by file of the catalog */
	uint64_t n_odd;		   /* rows that may be such as analyze refuses, and says why when it reads them */
	uint64_t n_datadog;	   /* requests with a context of this family */
};

/* 0, -ENOMEM, or what the client says. To be closed with ws_far_counts_close(). */
int ws_far_counts_open(const struct ws_far *far, const struct ws_far_servers *servers, const struct ws_catalog *catalog,
		       struct ws_far_counts *counts, struct ws_error *err);

/* All-zero is fine. */
void ws_far_counts_close(struct ws_far_counts *counts);

#endif
