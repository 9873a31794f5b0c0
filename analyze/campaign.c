/* SPDX-License-Identifier: BSD-2-Clause */
/* campaign - see campaign.h. */
#include "analyze/campaign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/origin.h"

static int out_of_memory(struct ws_error *err)
{
	return ws_error(err, -ENOMEM, "out of memory");
}

/*
 * What a run is called: its directory below the campaign's. The campaign's own name would make results depend on where
 * it lies.
 */
static char *name_of(const char *campaign, const char *dir)
{
	size_t n = strlen(campaign);

	return strdup(dir[n] ? dir + n + strspn(dir + n, "/") : "this run");
}

static int add_run(struct ws_campaign *campaign, const char *dir, const struct ws_invocation *invocation,
		   unsigned int needs, struct ws_error *err)
{
	struct ws_run *grown = realloc(campaign->run, (campaign->n_runs + 1) * sizeof(*grown)), *run;
	int rc;

	if (!grown)
		return out_of_memory(err);
	campaign->run = grown;
	run = &grown[campaign->n_runs];
	*run = (struct ws_run) { .dir = strdup(dir), .name = name_of(campaign->dir, dir) };
	campaign->n_runs++;
	if (!run->dir || !run->name)
		return out_of_memory(err);
	rc = ws_findings_open(dir, invocation, needs, &run->findings, err);
	if (!rc && !run->findings.background.conditions.n &&
	    ws_conditions_set(&run->findings.background.conditions, "run", run->name))
		rc = out_of_memory(err);
	return rc;
}

/* Adds the runs that were found, and takes over the list of those that are not loaded. */
static int add_runs(struct ws_campaign *campaign, struct ws_directories *found, const struct ws_invocation *invocation,
		    unsigned int needs, struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < found->n_runs && !rc; i++)
		rc = add_run(campaign, found->run[i], invocation, needs, err);
	campaign->unloaded = found->unloaded;
	campaign->n_unloaded = found->n_unloaded;
	found->unloaded = NULL;
	found->n_unloaded = 0;
	return rc;
}

static int compare_runs(const void *a, const void *b)
{
	const struct ws_run *left = a, *right = b;
	int order = ws_conditions_compare(&left->findings.background.conditions,
					  &right->findings.background.conditions);

	return order ? order : strcmp(left->name, right->name);
}

/* Sorts the runs and lets those that lie together and are alike be cells. */
static int make_cells(struct ws_campaign *campaign)
{
	qsort(campaign->run, campaign->n_runs, sizeof(*campaign->run), compare_runs);
	campaign->cell = calloc(campaign->n_runs, sizeof(*campaign->cell));
	if (!campaign->cell)
		return -ENOMEM;
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		struct ws_run *run = &campaign->run[i];
		struct ws_cell *cell = campaign->cell + campaign->n_cells - 1;

		if (i == 0 || ws_conditions_compare(cell->conditions, &run->findings.background.conditions)) {
			cell++;
			campaign->n_cells++;
			cell->conditions = &run->findings.background.conditions;
			cell->run = malloc((campaign->n_runs - i) * sizeof(*cell->run));
			if (!cell->run)
				return -ENOMEM;
		}
		cell->run[cell->n_runs++] = i;
	}
	return 0;
}

/* Is it the run of that name in the directory that the other run lies in? */
static bool is_beside(const struct ws_run *run, const struct ws_run *other, const char *name)
{
	const char *slash = strrchr(other->name, '/');
	size_t n = slash ? (size_t)(slash - other->name) + 1 : 0;

	return !strncmp(run->name, other->name, n) && !strcmp(run->name + n, name);
}

/* Finds the run that each "beside" names. */
static void find_companions(struct ws_campaign *campaign)
{
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		struct ws_run *run = &campaign->run[i];
		const char *name = ws_conditions_get(&run->findings.background.conditions, "beside");

		for (uint32_t k = 0; k < campaign->n_runs && name && !run->companion; k++) {
			if (is_beside(&campaign->run[k], run, name))
				run->companion = &campaign->run[k];
		}
		campaign->n_orphans += name && !run->companion;
	}
}

int ws_campaign_open(const struct ws_invocation *invocation, unsigned int needs, struct ws_campaign *campaign,
		     struct ws_error *err)
{
	struct ws_campaign made = { .dir = invocation->dir };
	struct ws_directories found = { 0 };
	int rc = ws_origin_find(&invocation->origin, invocation->dir, &found, err);

	made.is_run = !rc && ws_directories_are(&found, invocation->dir);
	rc = rc ? rc : add_runs(&made, &found, invocation, needs, err);
	ws_directories_close(&found);
	if (!rc && !made.n_runs)
		rc = ws_error(err, -ENOENT, "%s: no run.db in it or below it: run `ingest --dir %s` first",
			      invocation->dir, invocation->dir);
	if (!rc && make_cells(&made))
		rc = out_of_memory(err);
	if (rc) {
		ws_campaign_close(&made);
		return rc;
	}
	find_companions(&made);
	*campaign = made;
	return 0;
}

void ws_campaign_close(struct ws_campaign *campaign)
{
	if (!campaign)
		return;
	for (uint32_t i = 0; i < campaign->n_cells; i++)
		free(campaign->cell[i].run);
	free(campaign->cell);
	for (uint32_t i = 0; i < campaign->n_runs; i++) {
		ws_findings_close(&campaign->run[i].findings);
		free(campaign->run[i].dir);
		free(campaign->run[i].name);
	}
	free(campaign->run);
	for (uint32_t i = 0; i < campaign->n_unloaded; i++)
		free(campaign->unloaded[i]);
	free(campaign->unloaded);
	*campaign = (struct ws_campaign) { 0 };
}
