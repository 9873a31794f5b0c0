/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trials - what capturing costs, as `capture run --overhead` measures it: overhead.json. The same load runs once under
 * each treatment (nothing attached, empty programs, ours, tcpdump) in a block, in random order, and again in the next
 * block. A trial is one such run.
 */
#ifndef WS_TRIALS_H
#define WS_TRIALS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define WS_TRIALS_VERSION 1
/* The most that a number of a trial can be: sums stay exact as double. */
#define WS_TRIAL_NUMBER_MAX (INT64_C(1) << 53)
/* More than anybody has time for: 1000 blocks of all treatments. */
#define WS_TRIALS_MAX	  32000
#define WS_TREATMENTS_MAX 32
/* A treatment's name: lower-case letters, digits, '_' and '-', at most so many. */
#define WS_TREATMENT_NAME_MAX  31
#define WS_TREATMENT_WORDS_MAX 127

/* The treatment that the others are compared with: nothing attached. */
#define WS_TREATMENT_NONE "none"
/* Programs that do nothing, where ours are. */
#define WS_TREATMENT_EMPTY "empty"

struct ws_treatment_name {
	char name[WS_TREATMENT_NAME_MAX + 1];
	char words[WS_TREATMENT_WORDS_MAX + 1]; /* what it is */
};

/* The numbers of a trial; -1 where one is not known. */
struct ws_trial {
	uint32_t treatment;	   /* index */
	int64_t block;		   /* from 1 */
	int64_t position;	   /* in its block, from 1: the order in which they ran */
	int64_t n_requests;	   /* answered with a status from 200 to 399 */
	int64_t n_failed;	   /* answered otherwise, or not */
	int64_t duration_ns;	   /* from the first request's start to the last answer's end */
	int64_t latency_mean_ns;   /* of the n_requests; from end to end, as the load generator has it */
	int64_t latency_median_ns; /* x(ceil(n / 2)) */
	int64_t latency_p99_ns;	   /* x(ceil(0.99 n)) */
	int64_t window_ns;	   /* while the load command ran: what the next seven are of */
	int64_t busy_ns;	   /* all CPUs, whoever had them: neither idle, nor waiting, nor stolen */
	int64_t softirq_ns;	   /* of it, in soft interrupts */
	int64_t steal_ns;	   /* what the hypervisor gave to others */
	int64_t own_cpu_ns;	   /* of the programs that capture */
	int64_t n_wakeups;	   /* times that one of their threads slept and was woken */
	int64_t n_irq_work;	   /* interrupts of the machine by which the kernel wakes later; -1: it does not say */
	int64_t load_cpu_ns;	   /* of the load command and of what it waited for */
	int64_t n_frames;	   /* that the capture saw, at all points; -1: nothing counts them */
	int64_t n_lost;		   /* records or frames, likewise */
};

/* A number of a trial: its name in overhead.json and in run.db, its place in the struct, the least that it may be. */
struct ws_trial_member {
	const char *name;
	size_t off;
	int64_t least; /* -1: it need not be known, and is null then */
};

#define WS_N_TRIAL_MEMBERS 18
extern const struct ws_trial_member ws_trial_member[WS_N_TRIAL_MEMBERS];

/* Can the member be so much? */
static inline int ws_trial_number_can_be(const struct ws_trial_member *member, int64_t number)
{
	return number >= member->least && number <= WS_TRIAL_NUMBER_MAX;
}

static inline int64_t *ws_trial_number(struct ws_trial *trial, const struct ws_trial_member *member)
{
	return (int64_t *)((char *)trial + member->off);
}

struct ws_trials {
	int64_t seed; /* of the order */
	struct ws_treatment_name treatment[WS_TREATMENTS_MAX];
	uint32_t n_treatments;
	struct ws_trial *at; /* owned */
	uint32_t n;
};

/* Adds a trial. 0 or -ENOMEM. */
int ws_trials_add(struct ws_trials *trials, const struct ws_trial *trial);

/* "seed", "treatments" and "trials" as a new object, to which others may be added. NULL: out of memory. */
json_t *ws_trials_json(const struct ws_trials *trials);

/*
 * Reads overhead.json, len bytes of it. 0; -EINVAL with words that do not name the file: it is no JSON, or says what
 * cannot be; -ENOMEM. To be closed with ws_trials_close().
 */
int ws_trials_read(const char *json, size_t len, struct ws_trials *trials, struct ws_error *err);

/* The index of the treatment of that name, or UINT32_MAX. */
uint32_t ws_trials_find(const struct ws_trials *trials, const char *name);

/* NULL is fine. */
void ws_trials_close(struct ws_trials *trials);

#endif
