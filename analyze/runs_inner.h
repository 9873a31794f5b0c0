/* SPDX-License-Identifier: BSD-2-Clause */
/* runs_inner - the runs in a store, as read from it: for runs and runs_drop alone. */
#ifndef WS_ANALYZE_RUNS_INNER_H
#define WS_ANALYZE_RUNS_INNER_H

#include "analyze/runs.h"
#include "lib/clickhouse/client.h"
#include "lib/clickhouse/tables.h"

struct ws_runs_row {
	char *name;
	char *part; /* of the layout: a campaign, or a day */
	int64_t committed_s;
	uint64_t n_rows[WS_N_LARGE];
};

struct ws_runs_size {
	uint64_t n_rows; /* also those that do not count any more */
	uint64_t bytes_on_disk;
	uint64_t bytes; /* without compression */
};

struct ws_runs {
	const struct ws_access *access;
	struct ws_runs_row *at; /* by name */
	uint32_t n;
	struct ws_runs_size size[WS_N_LARGE];
};

/* 0, -ENOMEM, or what the client says. To be closed with ws_runs_close(), whatever the outcome. */
int ws_runs_read(struct ws_client *client, struct ws_runs *runs, struct ws_error *err);
void ws_runs_close(struct ws_runs *runs);

#endif
