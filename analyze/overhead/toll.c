/* SPDX-License-Identifier: BSD-2-Clause */
/* toll - see toll.h. */
#include "analyze/overhead/toll.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A trial's number by measure. */
static double measure(const struct ws_trial *t, enum ws_toll_measure which)
{
	const double n = (double)t->n_requests * 1e3;

	switch (which) {
	case WS_TOLL_TIME:
		return (double)t->duration_ns / n;
	case WS_TOLL_MEAN:
		return (double)t->latency_mean_ns / 1e3;
	case WS_TOLL_MEDIAN:
		return (double)t->latency_median_ns / 1e3;
	case WS_TOLL_P99:
		return (double)t->latency_p99_ns / 1e3;
	case WS_TOLL_CPU:
		return (double)t->busy_ns / n;
	case WS_TOLL_SOFTIRQ:
		return (double)t->softirq_ns / n;
	case WS_TOLL_PROCESS:
		return (double)(t->load_cpu_ns + t->own_cpu_ns) / n;
	default:
		return (double)t->own_cpu_ns / n;
	}
}

const char *ws_toll_name(enum ws_toll_measure which)
{
	static const char *const name[WS_N_TOLLS] = {
		"time", "latency_mean", "latency_median", "latency_p99", "cpu", "softirq", "process_cpu", "own_cpu",
	};

	return name[which];
}

/* The sum of two numbers from 0, or the most there is; -1 if one is not known. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (a < 0 || b < 0)
		return -1;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static struct ws_toll_row make_row(const struct ws_trials *trials, uint32_t treatment)
{
	struct ws_toll_row row = { 0 };
	double duration_ns = 0, window_ns = 0, n_wakeups = 0, n_irq_work = 0, steal_ns = 0, all_ns = 0;

	for (uint32_t i = 0; i < trials->n; i++) {
		const struct ws_trial *t = &trials->at[i];

		if (t->treatment != treatment)
			continue;
		row.n_blocks++;
		row.n_requests = add(row.n_requests, t->n_requests);
		row.n_failed = add(row.n_failed, t->n_failed);
		duration_ns += (double)t->duration_ns;
		window_ns += (double)t->window_ns;
		n_wakeups += (double)t->n_wakeups;
		n_irq_work += t->n_irq_work < 0 ? NAN : (double)t->n_irq_work;
		steal_ns += (double)t->steal_ns;
		all_ns += (double)(t->steal_ns + t->busy_ns);
		row.n_frames = add(row.n_frames, t->n_frames);
		row.n_lost = add(row.n_lost, t->n_lost);
		for (int k = 0; k < WS_N_TOLLS; k++)
			row.mean_us[k] += measure(t, k);
	}
	if (!row.n_blocks)
		return row;
	for (int k = 0; k < WS_N_TOLLS; k++)
		row.mean_us[k] /= row.n_blocks;
	row.rate_per_s = (double)row.n_requests / duration_ns * 1e9;
	row.irq_work = n_irq_work / (double)row.n_requests;
	row.wakeups_per_s = n_wakeups / window_ns * 1e9;
	row.steal = all_ns > 0 ? steal_ns / all_ns : 0;
	return row;
}

/* Puts the trials of the block that begins at index from into slots by treatment; returns the index behind it. */
static uint32_t read_block(const struct ws_trials *trials, uint32_t from,
			   const struct ws_trial *slot[WS_TREATMENTS_MAX])
{
	uint32_t i = from;

	memset(slot, 0, WS_TREATMENTS_MAX * sizeof(*slot));
	for (; i < trials->n && trials->at[i].block == trials->at[from].block; i++)
		slot[trials->at[i].treatment] = &trials->at[i];
	return i;
}

/* Numbers of the blocks that a pair has. */
struct blocks {
	double *log_ratio;
	double *added[WS_N_TOLLS]; /* to what it is against */
	double *over[WS_N_TOLLS];  /* by it and by empty programs, over nothing attached */
	double *empty[WS_N_TOLLS];
	uint32_t n, n_over;
};

#define N_LISTS (1 + 3 * WS_N_TOLLS)

/* Lists of room numbers each, in one piece of memory. */
static struct blocks lay_out(double *memory, size_t room)
{
	struct blocks b = { .log_ratio = memory };

	for (size_t k = 0; k < WS_N_TOLLS; k++) {
		b.added[k] = memory + (1 + k) * room;
		b.over[k] = memory + (1 + WS_N_TOLLS + k) * room;
		b.empty[k] = memory + (1 + 2 * WS_N_TOLLS + k) * room;
	}
	return b;
}

/* Takes a block that has both; bare and idle: nothing attached, empty programs; NULL where they do not matter. */
static void take(const struct ws_trial *t, const struct ws_trial *other, const struct ws_trial *bare,
		 const struct ws_trial *idle, struct blocks *b)
{
	b->log_ratio[b->n] = log(measure(other, WS_TOLL_TIME) / measure(t, WS_TOLL_TIME));
	for (int k = 0; k < WS_N_TOLLS; k++)
		b->added[k][b->n] = measure(t, k) - measure(other, k);
	b->n++;
	if (other != bare || !idle)
		return;
	for (int k = 0; k < WS_N_TOLLS; k++) {
		b->over[k][b->n_over] = measure(t, k) - measure(bare, k);
		b->empty[k][b->n_over] = measure(idle, k) - measure(bare, k);
	}
	b->n_over++;
}

static struct ws_toll_pair make_pair(const struct ws_trials *trials, uint32_t treatment, uint32_t against,
				     double *memory)
{
	const uint32_t none = ws_trials_find(trials, WS_TREATMENT_NONE);
	const uint32_t empty = ws_trials_find(trials, WS_TREATMENT_EMPTY);
	struct ws_toll_pair pair = { .treatment = treatment, .against = against };
	const struct ws_trial *slot[WS_TREATMENTS_MAX];
	struct blocks b = lay_out(memory, trials->n);

	for (uint32_t i = 0; i < trials->n;) {
		i = read_block(trials, i, slot);
		if (slot[treatment] && slot[against])
			take(slot[treatment], slot[against], none < UINT32_MAX ? slot[none] : NULL,
			     empty < UINT32_MAX ? slot[empty] : NULL, &b);
	}
	pair.n_blocks = b.n;
	if (b.n) {
		pair.throughput = ws_paired_mean(b.log_ratio, b.n);
		pair.throughput.value = exp(pair.throughput.value);
		pair.throughput.low = exp(pair.throughput.low);
		pair.throughput.high = exp(pair.throughput.high);
	}
	for (int k = 0; k < WS_N_TOLLS && b.n; k++)
		pair.added_us[k] = ws_paired_mean(b.added[k], b.n);
	for (int k = 0; k < WS_N_TOLLS; k++)
		pair.times_empty[k] = b.n_over && treatment != empty ? ws_paired_ratio(b.over[k], b.empty[k], b.n_over)
								     : (struct ws_interval) { .value = NAN };
	return pair;
}

int ws_toll_open(const struct ws_trials *trials, struct ws_toll *toll)
{
	const uint32_t n = trials->n_treatments;
	struct ws_toll made = { .trials = trials };
	double *memory = malloc(((size_t)trials->n + 1) * N_LISTS * sizeof(*memory));

	made.pair = calloc((size_t)n * n + 1, sizeof(*made.pair));
	if (!memory || !made.pair) {
		free(memory);
		free(made.pair);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		made.row[i] = make_row(trials, i);
	for (uint32_t against = 0; against < n; against++)
		for (uint32_t i = against + 1; i < n; i++) {
			made.pair[made.n_pairs] = make_pair(trials, i, against, memory);
			made.n_pairs += made.pair[made.n_pairs].n_blocks > 0;
		}
	free(memory);
	*toll = made;
	return 0;
}

void ws_toll_close(struct ws_toll *toll)
{
	if (!toll)
		return;
	free(toll->pair);
	*toll = (struct ws_toll) { 0 };
}

const struct ws_toll_pair *ws_toll_find(const struct ws_toll *toll, uint32_t treatment, uint32_t against)
{
	for (uint32_t i = 0; i < toll->n_pairs; i++)
		if (toll->pair[i].treatment == treatment && toll->pair[i].against == against)
			return &toll->pair[i];
	return NULL;
}

uint32_t ws_toll_n_runs(const struct ws_campaign *campaign)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < campaign->n_runs; i++)
		n += campaign->run[i].findings.background.trials.n > 0;
	return n;
}
