/* SPDX-License-Identifier: BSD-2-Clause */
/* sample - see sample.h. */
#include "analyze/sample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/radix.h"

/* The mean of fewer independent numbers than this is anybody's guess. */
#define MEAN_FEWEST 5

/*
 * Adds a round's numbers to a sample, and its mean to the means. effective_n: what they are worth; 0: they come in
 * order of time, and it is to be found out.
 */
static int add_round(const uint64_t *number, uint64_t n, double effective_n, struct ws_sample *sample, double *mean)
{
	uint64_t *grown = realloc(sample->at, (sample->n + n) * sizeof(*grown)), median;
	int rc;

	if (!grown)
		return -ENOMEM;
	sample->at = grown;
	memcpy(grown + sample->n, number, n * sizeof(*grown));
	rc = ws_radix_sort(grown + sample->n, n);
	if (rc)
		return rc;
	median = grown[sample->n + ws_quantile_rank(n, WS_MEDIAN) - 1];
	if (!sample->n_rounds || median < sample->round_median_min)
		sample->round_median_min = median;
	if (!sample->n_rounds || median > sample->round_median_max)
		sample->round_median_max = median;
	mean[sample->n_rounds++] = ws_mean(grown + sample->n, n);
	sample->effective_n += effective_n > 0 ? effective_n : ws_effective_least(number, n, median);
	sample->n += n;
	return 0;
}

/* Half of Student's interval of the rounds' means; 0 of a single one. */
static double half_of_rounds(const double *mean, uint32_t n)
{
	double sum = 0, squares = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += mean[i];
	for (uint32_t i = 0; i < n; i++)
		squares += (mean[i] - sum / n) * (mean[i] - sum / n);
	return n > 1 ? ws_student(n - 1) * sqrt(squares / (n - 1) / n) : 0;
}

static void bound_mean(struct ws_sample *sample, const double *round_mean)
{
	double mean = sample->summary.mean, sum = 0, half, of_rounds = half_of_rounds(round_mean, sample->n_rounds);

	sample->has_mean_interval = sample->effective_n >= MEAN_FEWEST;
	if (!sample->has_mean_interval)
		return;
	for (uint64_t i = 0; i < sample->n; i++)
		sum += ((double)sample->at[i] - mean) * ((double)sample->at[i] - mean);
	half = ws_student((uint64_t)sample->effective_n - 1) *
	       sqrt(sum / (double)(sample->n - 1) / sample->effective_n);
	half = half > of_rounds ? half : of_rounds;
	sample->mean_low = mean - half;
	sample->mean_high = mean + half;
}

/* Sorts and summarizes; or, after a failure, gives up. */
static int complete(int rc, struct ws_sample *made, const double *round_mean, struct ws_sample *sample)
{
	rc = rc ? rc : ws_radix_sort(made->at, made->n);
	if (rc) {
		ws_sample_close(made);
		return rc;
	}
	if (made->n) {
		made->summary = ws_summarize(made->at, made->n);
		bound_mean(made, round_mean);
	}
	*sample = *made;
	return 0;
}

int ws_cell_latencies(const struct ws_campaign *campaign, const struct ws_cell *cell, enum ws_source source,
		      enum ws_way way, struct ws_sample *sample)
{
	double *mean = malloc(((size_t)cell->n_runs + 1) * sizeof(*mean));
	struct ws_sample made = { 0 };
	int rc = mean ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < cell->n_runs && !rc; i++) {
		const struct ws_findings *findings = &campaign->run[cell->run[i]].findings;
		const struct ws_series *series = ws_findings_series(findings, source, way);

		/* What it is worth was found out before it was sorted. */
		if (series)
			rc = add_round(series->latency_ns, series->n,
				       findings->effective_n[series - findings->series.at], &made, mean);
	}
	rc = complete(rc, &made, mean, sample);
	free(mean);
	return rc;
}

/* The good requests of a run's logs, one log after the other, each in order of start. To be freed. */
static uint64_t *list_good(const struct ws_background *background, uint64_t *n)
{
	uint64_t room = 1, *list;

	for (uint32_t i = 0; i < background->n_traffic; i++)
		room += background->traffic[i].n;
	list = malloc(room * sizeof(*list));
	*n = 0;
	for (uint32_t i = 0; i < background->n_traffic && list; i++) {
		const struct ws_traffic *traffic = &background->traffic[i];

		for (uint64_t k = 0; k < traffic->n; k++) {
			if (traffic->status[k] >= 200 && traffic->status[k] < 400)
				list[(*n)++] = traffic->latency_ns[k];
		}
	}
	return list;
}

int ws_cell_end_to_end(const struct ws_campaign *campaign, const struct ws_cell *cell, struct ws_sample *sample)
{
	double *mean = malloc(((size_t)cell->n_runs + 1) * sizeof(*mean));
	struct ws_sample made = { 0 };
	int rc = mean ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < cell->n_runs && !rc; i++) {
		uint64_t n, *list = list_good(&campaign->run[cell->run[i]].findings.background, &n);

		rc = !list ? -ENOMEM : n ? add_round(list, n, 0, &made, mean) : 0;
		free(list);
	}
	rc = complete(rc, &made, mean, sample);
	free(mean);
	return rc;
}

void ws_sample_close(struct ws_sample *sample)
{
	if (!sample)
		return;
	free(sample->at);
	*sample = (struct ws_sample) { 0 };
}
