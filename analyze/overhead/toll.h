/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * toll - what capturing costs: the treatments of `capture run --overhead` against one another, block by block.
 */
#ifndef WS_ANALYZE_TOLL_H
#define WS_ANALYZE_TOLL_H

#include <stdio.h>

#include "analyze/campaign.h"
#include "analyze/invocation.h"
#include "analyze/overhead/paired.h"
#include "analyze/page.h"
#include "lib/trials.h"

/* What is told of a treatment, each in µs. */
enum ws_toll_measure {
	WS_TOLL_TIME, /* between two requests: 1 / throughput */
	WS_TOLL_MEAN, /* of the end-to-end latency */
	WS_TOLL_MEDIAN,
	WS_TOLL_P99,
	WS_TOLL_CPU,	 /* of the machine, for each request */
	WS_TOLL_SOFTIRQ, /* of it, in soft interrupts */
	WS_TOLL_PROCESS, /* CPU of the load's processes and of those that capture, likewise: nobody else's is in it */
	WS_TOLL_OWN,	 /* CPU of what captures, for each request */
	WS_N_TOLLS,
};

/* The trials of one treatment, summed or averaged over its blocks. */
struct ws_toll_row {
	uint32_t n_blocks;
	int64_t n_requests;
	int64_t n_failed;
	double rate_per_s;	    /* all requests over all time */
	double mean_us[WS_N_TOLLS]; /* of the blocks */
	double wakeups_per_s;
	double irq_work;  /* for each request; NaN: not known */
	double steal;	  /* part of the machine's CPUs */
	int64_t n_frames; /* -1: nothing counted them */
	int64_t n_lost;
};

/* A treatment against another, in the blocks that have both. */
struct ws_toll_pair {
	uint32_t treatment;
	uint32_t against; /* a lower index */
	uint32_t n_blocks;
	struct ws_interval throughput; /* its ratio: of the blocks' ratios the geometric mean */
	struct ws_interval added_us[WS_N_TOLLS];
	/* added_us over what empty programs add, both against none; not finite where there are no such blocks */
	struct ws_interval times_empty[WS_N_TOLLS];
};

struct ws_toll {
	const struct ws_trials *trials;
	struct ws_toll_row row[WS_TREATMENTS_MAX]; /* by treatment */
	struct ws_toll_pair *pair;
	uint32_t n_pairs;
};

/* Works it out. The trials are in order of their blocks, and must outlive it. 0 or -ENOMEM. To be closed with
 * ws_toll_close(). */
int ws_toll_open(const struct ws_trials *trials, struct ws_toll *toll);

/* NULL is fine. */
void ws_toll_close(struct ws_toll *toll);

/* The pair against nothing attached, or NULL. */
const struct ws_toll_pair *ws_toll_find(const struct ws_toll *toll, uint32_t treatment, uint32_t against);

/* "time", "latency_median", ... */
const char *ws_toll_name(enum ws_toll_measure measure);

/* Room for what ws_toll_words() writes. */
#define WS_TOLL_WORDS_MAX 512

/* What the trials say of a pair, as a sentence without a full stop. Returns text. */
const char *ws_toll_words(const struct ws_toll *toll, const struct ws_toll_pair *pair, char text[WS_TOLL_WORDS_MAX]);

/* How many runs of the campaign have trials? */
uint32_t ws_toll_n_runs(const struct ws_campaign *campaign);

/* Prints the trials of all runs in the given format. 0, -ENOMEM or -EIO. */
int ws_toll_print(const struct ws_campaign *campaign, enum ws_format format, FILE *out);

/* The chapter of the report; nothing if no run has trials. 0 or -ENOMEM. */
int ws_toll_put(const struct ws_campaign *campaign, struct ws_page *page);

#endif
