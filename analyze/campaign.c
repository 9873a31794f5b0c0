/* SPDX-License-Identifier: BSD-2-Clause */
/* campaign - see campaign.h. */
#include "analyze/campaign.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories in directories are followed this deep, as ingest does. */
#define DEPTH_MAX 8

static int out_of_memory(struct ws_error *err)
{
	return ws_error(err, -ENOMEM, "out of memory");
}

bool ws_campaign_is_run(const char *dir)
{
	char *path;
	bool is_there;

	if (asprintf(&path, "%s/run.db", dir) < 0)
		return false;
	is_there = access(path, F_OK) == 0;
	free(path);
	return is_there;
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

/* Are there files in the directory that ingest would load? */
static bool has_run_files(struct dirent *const *entries, int n)
{
	static const char *const end[] = { ".rec.zst", ".pcap", ".pcap.gz", ".pcap.zst", ".pcapng", ".cap" };

	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);

		if (!strcmp(name, "run.json") || !strcmp(name, "conditions.json") || !strncmp(name, "load.", 5))
			return true;
		for (size_t k = 0; k < sizeof(end) / sizeof(*end); k++) {
			if (len > strlen(end[k]) && !strcmp(name + len - strlen(end[k]), end[k]))
				return true;
		}
	}
	return false;
}

static int add_unloaded(struct ws_campaign *campaign, const char *dir, struct ws_error *err)
{
	char **grown = realloc(campaign->unloaded, (campaign->n_unloaded + 1) * sizeof(*grown)), *copy = strdup(dir);

	if (grown)
		campaign->unloaded = grown;
	if (!grown || !copy) {
		free(copy);
		return out_of_memory(err);
	}
	grown[campaign->n_unloaded++] = copy;
	return 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* By bytes: alphasort heeds the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds the run in dir, or else the runs below it. */
static int add_runs(struct ws_campaign *campaign, const char *dir, int depth, const struct ws_invocation *invocation,
		    unsigned int needs, struct ws_error *err)
{
	struct dirent **entries;
	int n, rc = 0;

	if (ws_campaign_is_run(dir))
		return add_run(campaign, dir, invocation, needs, err);
	n = scandir(dir, &entries, is_visible, by_name);
	if (n < 0)
		return ws_error(err, -errno, "%s: %s", dir, strerror(errno));
	if (has_run_files(entries, n))
		rc = add_unloaded(campaign, dir, err);
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		struct stat st;

		if (!rc && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0) {
			path = NULL;
			rc = out_of_memory(err);
		}
		if (!rc && depth < DEPTH_MAX && lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			rc = add_runs(campaign, path, depth + 1, invocation, needs, err);
		free(path);
		free(entries[i]);
	}
	free(entries);
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
	struct ws_campaign made = { .dir = invocation->dir, .is_run = ws_campaign_is_run(invocation->dir) };
	int rc = add_runs(&made, invocation->dir, 0, invocation, needs, err);

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
