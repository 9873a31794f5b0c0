/* SPDX-License-Identifier: BSD-2-Clause */
/* trial - see the header. */
#include "capture/overhead/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/overhead/overhead.h"
#include "lib/log/log_read.h"
#include "lib/text_stream.h"

/* Between attaching and the load. */
#define SETTLE_NS 200000000ull

/* What the load's log says. */
struct log_sum {
	uint64_t *latency_ns; /* of those answered well */
	size_t n, room;
	uint64_t n_failed;
	int64_t first_ns, last_ns; /* of all: the first start, the last end */
};

static int take_request(void *context, const struct ws_log_request *request)
{
	const int64_t end_ns = request->start_ns > INT64_MAX - request->latency_ns
				       ? INT64_MAX
				       : request->start_ns + request->latency_ns;
	struct log_sum *sum = context;

	if (request->status < 200 || request->status > 399) {
		sum->n_failed++;
		return 0;
	}
	if (sum->n == sum->room) {
		const size_t room = sum->room ? 2 * sum->room : 4096;
		uint64_t *grown = realloc(sum->latency_ns, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		sum->latency_ns = grown;
		sum->room = room;
	}
	if (sum->n == 0 || request->start_ns < sum->first_ns)
		sum->first_ns = request->start_ns;
	if (sum->n == 0 || end_ns > sum->last_ns)
		sum->last_ns = end_ns;
	sum->latency_ns[sum->n++] = (uint64_t)request->latency_ns;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Reads the log, and puts what it says into the trial. */
static int read_log(const char *path, struct ws_trial *trial, struct ws_error *err)
{
	struct log_sum sum = { 0 };
	struct ws_log_facts facts;
	unsigned __int128 total = 0;
	int rc = ws_log_read(path, take_request, &sum, &facts, err);

	if (rc == -ENOMEM)
		ws_error(err, rc, "%s: out of memory", path);
	if (rc == 0 && (sum.n == 0 || sum.last_ns <= sum.first_ns))
		rc = ws_error(err, -ENODATA,
			      "the load's log has %zu requests that were answered well, and %" PRIu64
			      " others: nothing to measure",
			      sum.n, sum.n_failed);
	if (rc)
		goto out;
	qsort(sum.latency_ns, sum.n, sizeof(*sum.latency_ns), compare);
	for (size_t i = 0; i < sum.n; i++)
		total += sum.latency_ns[i];
	trial->n_requests = (int64_t)sum.n;
	trial->n_failed = (int64_t)sum.n_failed;
	trial->duration_ns = sum.last_ns - sum.first_ns;
	trial->latency_mean_ns = (int64_t)(total / sum.n);
	trial->latency_median_ns = (int64_t)sum.latency_ns[(sum.n + 1) / 2 - 1];
	trial->latency_p99_ns = (int64_t)sum.latency_ns[sum.n - sum.n / 100 - 1];
out:
	free(sum.latency_ns);
	return rc;
}

/* What the machine did so far. */
struct machine {
	uint64_t at_ns;
	int64_t busy_ns, softirq_ns, steal_ns; /* all CPUs */
	int64_t n_irq_work;		       /* -1: not known */
};

/*
 * The interrupts by which the kernel does later what it may not do where it is, such as waking the reader of a ring
 * buffer: one a record if every record wakes. -1: this kernel does not count them.
 */
static int64_t read_irq_work(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char *line = NULL;
	size_t size = 0;
	int64_t n = -1;

	while (file && getline(&line, &size, file) > 0) {
		char *at = strchr(line, ':'), *end;

		if (!at || !strstr(line, "IRQ work interrupts"))
			continue;
		n = 0;
		for (at++;; at = end) { /* a number a CPU, then words */
			const unsigned long long one = strtoull(at, &end, 10);

			if (end == at)
				break;
			n += (int64_t)one;
		}
	}
	free(line);
	if (file)
		fclose(file);
	return n;
}

static int read_machine(struct machine *m, struct ws_error *err)
{
	/* user nice system idle iowait irq softirq steal; guests are part of user */
	uint64_t t[8] = { 0 };
	const int64_t tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/stat", "re");
	int n = file ? fscanf(file,
			      "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			      " %" SCNu64,
			      &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7])
		     : 0;

	if (file)
		fclose(file);
	if (n < 7)
		return ws_error(err, -EIO, "/proc/stat: cannot be read, or says nothing of the CPUs");
	m->at_ns = ws_clock_ns(CLOCK_MONOTONIC);
	m->busy_ns = (int64_t)(t[0] + t[1] + t[2] + t[5] + t[6]) * tick_ns;
	m->softirq_ns = (int64_t)t[6] * tick_ns;
	m->steal_ns = (int64_t)t[7] * tick_ns;
	m->n_irq_work = read_irq_work();
	return 0;
}

/* The word with the log's path wherever WS_OVERHEAD_LOG stands; the caller's, to be freed. NULL: out of memory. */
static char *put_log(const char *word, const char *log)
{
	struct ws_text_stream stream;
	char *made;

	if (ws_text_stream_open(&stream))
		return NULL;
	for (const char *at; (at = strstr(word, WS_OVERHEAD_LOG)); word = at + strlen(WS_OVERHEAD_LOG))
		fprintf(stream.out, "%.*s%s", (int)(at - word), word, log);
	fputs(word, stream.out);
	return ws_text_stream_finish(&stream, &made, NULL) ? NULL : made;
}

static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static char **make_words(char *const *command, const char *log)
{
	char **words;
	size_t n = 0;

	while (command[n])
		n++;
	words = calloc(n + 1, sizeof(*words));
	for (size_t i = 0; words && i < n; i++) {
		words[i] = put_log(command[i], log);
		if (!words[i]) {
			free_words(words);
			return NULL;
		}
	}
	return words;
}

/* Runs the load to its end. */
static int run_load(const struct ws_treating *t, const char *log, struct ws_trial *trial, struct ws_error *err)
{
	char **words = make_words(t->options->command, log), *said_path = NULL, line[300];
	struct ws_child load = { 0 };
	int rc = 0;

	if (!words || asprintf(&said_path, "%s/load.said", t->dir) < 0) {
		said_path = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
	}
	if (rc == 0)
		rc = ws_child_start(words, NULL, said_path, &load, err);
	if (rc)
		goto out;
	if (!ws_child_wait(&load, UINT64_MAX, t->stop) || *t->stop) {
		rc = -EINTR;
	} else if (load.status) {
		ws_child_last_line(&load, line, sizeof(line));
		rc = ws_error(err, -EIO, "the load command %s ended with exit status %d: %s", t->options->command[0],
			      load.status, *line ? line : "it said nothing");
	}
	trial->load_cpu_ns = (int64_t)load.cpu_ns;
	ws_child_close(&load);
out:
	free(said_path);
	free_words(words);
	return rc;
}

/* The load, between two readings of what it costs. */
static int measure(const struct ws_treating *t, const struct ws_attached *attached, const char *log,
		   struct ws_trial *trial, struct ws_error *err)
{
	struct machine before, after;
	uint64_t cpu_ns, n_wakeups;
	int rc = read_machine(&before, err);

	if (rc)
		return rc;
	cpu_ns = ws_attached_cpu_ns(attached);
	n_wakeups = ws_attached_wakeups(attached);
	rc = run_load(t, log, trial, err);
	if (rc == 0)
		rc = read_machine(&after, err);
	if (rc)
		return rc;
	/* zero after, if a program has just failed: then the trial fails */
	cpu_ns = ws_attached_cpu_ns(attached) - cpu_ns;
	n_wakeups = ws_attached_wakeups(attached) - n_wakeups;
	trial->own_cpu_ns = (int64_t)cpu_ns;
	trial->n_wakeups = (int64_t)n_wakeups;
	trial->window_ns = (int64_t)(after.at_ns - before.at_ns);
	trial->busy_ns = after.busy_ns - before.busy_ns;
	trial->softirq_ns = after.softirq_ns - before.softirq_ns;
	trial->steal_ns = after.steal_ns - before.steal_ns;
	trial->n_irq_work = before.n_irq_work < 0 ? -1 : after.n_irq_work - before.n_irq_work;
	return 0;
}

int ws_trial_run(const struct ws_treatment *treatment, const struct ws_treating *t, struct ws_trial *trial,
		 struct ws_error *err)
{
	const struct timespec settle = { .tv_nsec = SETTLE_NS };
	struct ws_attached *attached = NULL;
	char *log = NULL;
	int rc = asprintf(&log, "%s/load.log", t->dir) < 0 ? -ENOMEM : 0;

	if (rc) {
		log = NULL;
		ws_error(err, rc, "out of memory");
	}
	if (rc == 0)
		rc = ws_treatment_attach(treatment, t, &attached, err);
	if (rc == 0) {
		nanosleep(&settle, NULL);
		rc = measure(t, attached, log, trial, err);
	}
	if (rc == 0)
		rc = ws_attached_end(attached, &trial->n_frames, &trial->n_lost, err);
	if (rc == 0)
		rc = read_log(log, trial, err);
	ws_attached_close(attached);
	free(log);
	return rc;
}
