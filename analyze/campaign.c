/* SPDX-License-Identifier: BSD-2-Clause */
/* campaign - see campaign.h. */
#include "analyze/campaign.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/effective.h"
#include "analyze/radix.h"

/* Directories in directories are followed this deep, as ingest does. */
#define DEPTH_MAX 8

static int out_of_memory(struct ws_error *err)
{
	return ws_error(err, -ENOMEM, "out of memory");
}

/* Is there a file of that name in the directory? */
static bool has_file(const char *dir, const char *name)
{
	char *path;
	bool is_there;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return false;
	is_there = access(path, F_OK) == 0;
	free(path);
	return is_there;
}

bool ws_campaign_is_run(const char *dir)
{
	return has_file(dir, "run.db");
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
	if (has_file(dir, "run.json") || has_file(dir, "conditions.json"))
		return add_unloaded(campaign, dir, err);
	if (depth == DEPTH_MAX)
		return 0;
	n = scandir(dir, &entries, is_visible, by_name);
	if (n < 0)
		return ws_error(err, -errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		char *path = NULL;
		struct stat st;

		if (!rc && asprintf(&path, "%s/%s", dir, entries[i]->d_name) < 0) {
			path = NULL;
			rc = out_of_memory(err);
		}
		if (!rc && lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
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
		run->cell = campaign->n_cells - 1;
		cell->run[cell->n_runs++] = i;
	}
	return 0;
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
	if (rc)
		ws_campaign_close(&made);
	else
		*campaign = made;
	return rc;
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

static bool is_among(const char *key, const char *const *list)
{
	for (; list && *list; list++) {
		if (!strcmp(key, *list))
			return true;
	}
	return false;
}

/* Conditions that a reader looks for first: they are told wherever they vary. */
static const char *const leading[] = { "run", "overlay", "headers", "rate_per_s", "attached", NULL };

static bool same_value(const struct ws_cell *a, const struct ws_cell *b, const char *key)
{
	const char *left = ws_conditions_get(a->conditions, key), *right = ws_conditions_get(b->conditions, key);

	return left && right ? !strcmp(left, right) : left == right;
}

/* Are the cells alike in the leading conditions, but for those in without? */
static bool alike_at_first(const struct ws_cell *a, const struct ws_cell *b, const char *const *without)
{
	for (size_t i = 0; leading[i]; i++) {
		if (!is_among(leading[i], without) && !same_value(a, b, leading[i]))
			return false;
	}
	return true;
}

/*
 * Must the key be told to tell the cell from another that is not hidden? A leading one if it has another value there;
 * any other if the leading ones do not tell both apart.
 */
static bool matters(const struct ws_campaign *campaign, const struct ws_cell *cell, const char *key,
		    const char *const *without)
{
	for (uint32_t i = 0; i < campaign->n_cells; i++) {
		const struct ws_cell *other = &campaign->cell[i];

		if (!other->hidden && !same_value(cell, other, key) &&
		    (is_among(key, leading) || alike_at_first(cell, other, without)))
			return true;
	}
	return false;
}

/* Appends words to a label, after a comma if they are not the first. Labels stand in tables: no tab, no line feed. */
static void append(char label[WS_LABEL_MAX], const char *words)
{
	size_t n = strlen(label);

	snprintf(label + n, WS_LABEL_MAX - n, "%s%s", n ? ", " : "", words);
	for (; label[n]; n++) {
		if ((unsigned char)label[n] < ' ' || label[n] == 0x7f)
			label[n] = '?';
	}
}

void ws_cell_label(const struct ws_campaign *campaign, const struct ws_cell *cell, const char *const *without,
		   char label[WS_LABEL_MAX])
{
	const struct ws_conditions *conditions = cell->conditions;
	char words[WS_LABEL_MAX];

	*label = 0;
	for (size_t i = 0; leading[i]; i++) {
		const char *value = ws_conditions_get(conditions, leading[i]);

		if (!value || is_among(leading[i], without) || !matters(campaign, cell, leading[i], without))
			continue;
		ws_condition_words(leading[i], value, words, sizeof(words));
		append(label, words);
	}
	for (uint32_t i = 0; i < conditions->n; i++) {
		const char *key = conditions->at[i].key;

		if (is_among(key, leading) || is_among(key, without) || ws_condition_is_bookkeeping(key) ||
		    !matters(campaign, cell, key, without))
			continue;
		ws_condition_words(key, conditions->at[i].value, words, sizeof(words));
		append(label, words);
	}
	if (!*label)
		append(label, campaign->is_run ? "this run" : "all runs");
}

bool ws_cells_alike(const struct ws_cell *a, const struct ws_cell *b, const char *const *but)
{
	const struct ws_conditions *both[2] = { a->conditions, b->conditions };

	for (int side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < both[side]->n; i++) {
			const struct ws_condition *condition = &both[side]->at[i];

			if (!ws_condition_is_bookkeeping(condition->key) && !is_among(condition->key, but) &&
			    !ws_conditions_is(both[!side], condition->key, condition->value))
				return false;
		}
	}
	return true;
}

/* The mean of fewer independent numbers than this is anybody's guess. */
#define MEAN_FEWEST 5

static void bound_mean(struct ws_sample *sample)
{
	double mean = sample->summary.mean, sum = 0, half;

	sample->has_mean_interval = sample->effective_n >= MEAN_FEWEST;
	if (!sample->has_mean_interval)
		return;
	for (uint64_t i = 0; i < sample->n; i++)
		sum += ((double)sample->at[i] - mean) * ((double)sample->at[i] - mean);
	half = ws_student((uint64_t)sample->effective_n - 1) *
	       sqrt(sum / (double)(sample->n - 1) / sample->effective_n);
	sample->mean_low = mean - half;
	sample->mean_high = mean + half;
}

/* Sorts and summarizes. */
static int complete(struct ws_sample *sample)
{
	int rc = ws_radix_sort(sample->at, sample->n);

	if (rc) {
		ws_sample_close(sample);
		return rc;
	}
	if (sample->n) {
		sample->summary = ws_summarize(sample->at, sample->n);
		bound_mean(sample);
	}
	return 0;
}

int ws_cell_latencies(const struct ws_campaign *campaign, const struct ws_cell *cell, enum ws_source source,
		      enum ws_way way, struct ws_sample *sample)
{
	struct ws_sample made = { 0 };

	for (uint32_t i = 0; i < cell->n_runs; i++) {
		const struct ws_findings *findings = &campaign->run[cell->run[i]].findings;
		const struct ws_series *series = ws_findings_series(findings, source, way);
		uint64_t *grown = series ? realloc(made.at, (made.n + series->n) * sizeof(*grown)) : NULL;

		if (!series)
			continue;
		if (!grown) {
			ws_sample_close(&made);
			return -ENOMEM;
		}
		made.at = grown;
		memcpy(grown + made.n, series->latency_ns, series->n * sizeof(*grown));
		made.n += series->n;
		made.effective_n += findings->effective_n[series - findings->series.at];
	}
	*sample = made;
	return complete(sample);
}

/* Adds what a part of a sample, in order of time, is worth. */
static int weigh(const uint64_t *in_time_order, uint64_t n, double *effective_n)
{
	uint64_t *sorted = malloc((n + 1) * sizeof(*sorted));
	int rc = -ENOMEM;

	if (sorted) {
		memcpy(sorted, in_time_order, n * sizeof(*sorted));
		rc = ws_radix_sort(sorted, n);
	}
	if (!rc && n)
		*effective_n += ws_effective_least(in_time_order, n, sorted[ws_quantile_rank(n, WS_MEDIAN) - 1]);
	free(sorted);
	return rc;
}

/* Adds the good requests of a load. */
static int add_traffic(const struct ws_traffic *traffic, struct ws_sample *sample)
{
	uint64_t *grown = realloc(sample->at, (sample->n + traffic->n + 1) * sizeof(*grown)), first = sample->n;

	if (!grown)
		return -ENOMEM;
	sample->at = grown;
	for (uint64_t i = 0; i < traffic->n; i++) {
		if (traffic->status[i] >= 200 && traffic->status[i] < 400)
			grown[sample->n++] = traffic->latency_ns[i];
	}
	return weigh(grown + first, sample->n - first, &sample->effective_n);
}

int ws_cell_end_to_end(const struct ws_campaign *campaign, const struct ws_cell *cell, struct ws_sample *sample)
{
	struct ws_sample made = { 0 };

	for (uint32_t i = 0; i < cell->n_runs; i++) {
		const struct ws_background *background = &campaign->run[cell->run[i]].findings.background;

		for (uint32_t k = 0; k < background->n_traffic; k++) {
			int rc = add_traffic(&background->traffic[k], &made);

			if (rc) {
				ws_sample_close(&made);
				return rc;
			}
		}
	}
	*sample = made;
	return complete(sample);
}

void ws_sample_close(struct ws_sample *sample)
{
	if (!sample)
		return;
	free(sample->at);
	*sample = (struct ws_sample) { 0 };
}
