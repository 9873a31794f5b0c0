/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * campaign - the runs below a directory, and the cells that they fall into: runs of one cell were made under the same
 * conditions, and are rounds of one another.
 */
#ifndef WS_ANALYZE_CAMPAIGN_H
#define WS_ANALYZE_CAMPAIGN_H

#include "analyze/findings.h"

struct ws_run {
	char *dir;
	char *name; /* its directory below the campaign's; "this run" if it is the campaign itself */
	struct ws_findings findings;
	/* The run that the condition "beside" names, in the same directory as this one; NULL: none, or it is not here.
	 */
	const struct ws_run *companion;
};

struct ws_cell {
	uint32_t *run; /* indexes, by name */
	uint32_t n_runs;
	const struct ws_conditions *conditions; /* of its first run */
};

/* Runs by name, cells by their conditions. Both orders depend on the data alone. */
struct ws_campaign {
	const char *dir;
	bool is_run; /* the directory is a run itself: one run, one cell */
	struct ws_run *run;
	uint32_t n_runs;
	struct ws_cell *cell;
	uint32_t n_cells;
	char **unloaded; /* directories below with a run's files in them and no run.db */
	uint32_t n_unloaded;
	uint32_t n_orphans; /* runs whose "beside" is not here */
};

/*
 * Opens every run.db in or below the invocation's directory, eight deep, and finds out what is needed (enum
 * ws_finding). A run without conditions has one: "run", its name. 0; -ENOENT: there is no run.db; what
 * ws_findings_open() says; other -errno. To be closed with ws_campaign_close().
 */
int ws_campaign_open(const struct ws_invocation *invocation, unsigned int needs, struct ws_campaign *campaign,
		     struct ws_error *err);

/* NULL is fine. */
void ws_campaign_close(struct ws_campaign *campaign);

#endif
