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
	uint32_t cell; /* index */
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

/* Does DIR itself hold a run.db? */
bool ws_campaign_is_run(const char *dir);

/* Numbers of a cell's runs, put together. */
struct ws_sample {
	uint64_t *at; /* n of them, ascending; owned */
	uint64_t n;
	struct ws_summary summary; /* only if n > 0 */
	double effective_n;	   /* independent numbers that would tell as much: see effective.h */
	bool has_mean_interval;	   /* needs the worth of 5 independent numbers */
	/*
	 * Student's interval of the mean at WS_ALPHA, from effective_n; of several rounds, the wider one of that and of
	 * the interval from the rounds' own means: what differs from round to round is in no single one.
	 */
	double mean_low;
	double mean_high;
	uint32_t n_rounds;	   /* runs that the numbers come from */
	uint64_t round_median_min; /* the least and the largest median of a round */
	uint64_t round_median_max;
};

/* Latencies between the points, ns, by one source in one direction. n is 0 where there are none. 0 or -ENOMEM. */
int ws_cell_latencies(const struct ws_campaign *campaign, const struct ws_cell *cell, enum ws_source source,
		      enum ws_way way, struct ws_sample *sample);

/* End-to-end latencies of the requests that were answered with a status from 200 to 399, ns, from the load logs. */
int ws_cell_end_to_end(const struct ws_campaign *campaign, const struct ws_cell *cell, struct ws_sample *sample);

/* NULL is fine. */
void ws_sample_close(struct ws_sample *sample);

#endif
