/* SPDX-License-Identifier: BSD-2-Clause */
/* treatment - see the header. */
#include "capture/overhead/treatment.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/overhead/idle_tap.h"

/* One more is one more line. */
const struct ws_treatment ws_treatment[WS_N_TREATMENTS] = {
	{ "none", "nothing attached", WS_TREAT_NOT, true, { 0 } },
	{ "empty", "empty programs at the points", WS_TREAT_IDLE, true, { 0 } },
	{ "ebpf", "capture run", WS_TREAT_CAPTURE, true, { 0 } },
	{ "tcpdump", "tcpdump -s 0 -w at the points", WS_TREAT_TCPDUMP, true, { 0 } },
	{ "nostats", "capture run --no-bpf-stats", WS_TREAT_CAPTURE, false, { "--no-bpf-stats" } },
	{ "pcap", "capture run --no-ebpf --pcap", WS_TREAT_CAPTURE, false, { "--no-ebpf", "--pcap" } },
	{ "both", "capture run --pcap", WS_TREAT_CAPTURE, false, { "--pcap" } },
	{ "tc", "capture run --hook tc", WS_TREAT_CAPTURE, false, { "--hook", "tc" } },
	{ "wakeup", "capture run --wakeup", WS_TREAT_CAPTURE, false, { "--wakeup" } },
};

/* How long attaching may take, and how often is looked whether it has. */
#define READY_NS 60000000000ull
#define LOOK_NS	 20000000ull

struct ws_attached {
	const struct ws_treating *t;
	enum ws_treatment_way way;
	int idle_fd[WS_POINTS_MAX];
	uint32_t n_idle;
	struct ws_child child[WS_POINTS_MAX];
	uint32_t n_children;
};

int ws_treatments_parse(const char *list, bool is_chosen[WS_N_TREATMENTS], struct ws_error *err)
{
	for (int i = 0; i < WS_N_TREATMENTS; i++)
		is_chosen[i] = i == 0 || (!list && ws_treatment[i].is_usual);
	while (list) {
		const char *comma = strchrnul(list, ',');
		int i = 0;

		while (i < WS_N_TREATMENTS && (strlen(ws_treatment[i].name) != (size_t)(comma - list) ||
					       strncmp(ws_treatment[i].name, list, (size_t)(comma - list)) != 0))
			i++;
		if (i == WS_N_TREATMENTS)
			return ws_error(err, -EINVAL,
					"--treatments: '%.*s' is none of none, empty, ebpf, tcpdump, nostats, pcap, "
					"both, tc, wakeup",
					(int)(comma - list), list);
		is_chosen[i] = true;
		list = *comma ? comma + 1 : NULL;
	}
	return 0;
}

static int make_path(const struct ws_treating *t, uint32_t index, const char *what, char **path, struct ws_error *err)
{
	if (asprintf(path, "%s/%u.%s", t->dir, index, what) >= 0)
		return 0;
	*path = NULL;
	return ws_error(err, -ENOMEM, "out of memory");
}

/* Says of a program that ended though it should not have what it said last. */
static int has_failed(const struct ws_child *child, const char *name, struct ws_error *err)
{
	char line[300];

	ws_child_last_line(child, line, sizeof(line));
	return ws_error(err, -EIO, "%s ended with exit status %d while it should capture: %s", name, child->status,
			*line ? line : "it said nothing");
}

static const char *program_of(const struct ws_attached *a)
{
	return a->way == WS_TREAT_TCPDUMP ? "tcpdump" : "capture run";
}

/* Is there the text in what it has said? */
static bool has_said(const struct ws_child *child, const char *text)
{
	FILE *file = fopen(child->said_path, "re");
	char line[512];
	bool is_there = false;

	while (file && !is_there && fgets(line, sizeof(line), file))
		is_there = strstr(line, text);
	if (file)
		fclose(file);
	return is_there;
}

static bool is_ready(const struct ws_attached *a, uint32_t index)
{
	char path[4096];

	if (a->way == WS_TREAT_TCPDUMP)
		return has_said(&a->child[index], "listening on");
	snprintf(path, sizeof(path), "%s/run/run.json", a->t->dir);
	return access(path, F_OK) == 0;
}

/* Waits until child number index sees packets. */
static int await(struct ws_attached *a, uint32_t index, struct ws_error *err)
{
	const uint64_t begin_ns = ws_clock_ns(CLOCK_MONOTONIC);

	while (!is_ready(a, index)) {
		if (*a->t->stop)
			return -EINTR;
		if (ws_child_wait(&a->child[index], LOOK_NS, a->t->stop))
			return has_failed(&a->child[index], program_of(a), err);
		if (ws_clock_ns(CLOCK_MONOTONIC) - begin_ns > READY_NS)
			return ws_error(err, -ETIMEDOUT, "%s was not ready within a minute", program_of(a));
	}
	return 0;
}

static int start(struct ws_attached *a, char *const argv[], const char *netns, struct ws_error *err)
{
	char *said_path;
	int rc = make_path(a->t, a->n_children, "said", &said_path, err);

	if (rc)
		return rc;
	rc = ws_child_start(argv, netns, said_path, &a->child[a->n_children], err);
	a->n_children += !rc;
	free(said_path);
	return rc;
}

/* What the user asked for, into a directory of the trial; what stands last counts. */
static int start_capture(struct ws_attached *a, const struct ws_treatment *treatment, struct ws_error *err)
{
	char **argv, *dir = NULL;
	size_t n = 0;
	int rc = 0;

	while (a->t->run_argv[n])
		n++;
	argv = calloc(n + WS_TREATMENT_ARGUMENTS_MAX + 5, sizeof(*argv));
	if (!argv || asprintf(&dir, "%s/run", a->t->dir) < 0) {
		dir = NULL;
		rc = ws_error(err, -ENOMEM, "out of memory");
	}
	if (rc == 0) {
		memcpy(argv, a->t->run_argv, n * sizeof(*argv));
		argv[n++] = "--overhead=0";
		argv[n++] = "--quiet";
		argv[n++] = "--dir";
		argv[n++] = dir;
		for (int i = 0; i < WS_TREATMENT_ARGUMENTS_MAX && treatment->argument[i]; i++)
			argv[n++] = (char *)treatment->argument[i];
		rc = start(a, argv, NULL, err);
	}
	free(dir);
	free(argv);
	return rc;
}

static int start_tcpdump(struct ws_attached *a, const struct ws_point_options *point, struct ws_error *err)
{
	char *path;
	int rc = make_path(a->t, a->n_children, "pcap", &path, err);
	char *const argv[] = { "tcpdump", "-Z", "root", "-n", "-i", (char *)point->interface,
			       "-s",	  "0",	"-w",	path, NULL };

	if (rc == 0)
		rc = start(a, argv, point->netns, err);
	free(path);
	return rc;
}

static int attach(struct ws_attached *a, const struct ws_treatment *treatment, struct ws_error *err)
{
	const struct ws_capture_options *o = a->t->options;
	int rc = 0;

	if (a->way == WS_TREAT_CAPTURE)
		rc = start_capture(a, treatment, err);
	for (uint32_t i = 0; i < o->n_points && !rc; i++) {
		if (a->way == WS_TREAT_TCPDUMP)
			rc = start_tcpdump(a, &o->point[i], err);
		if (a->way != WS_TREAT_IDLE)
			continue;
		rc = ws_idle_tap_open(&o->point[i], err);
		if (rc >= 0) {
			a->idle_fd[a->n_idle++] = rc;
			rc = 0;
		}
	}
	for (uint32_t i = 0; i < a->n_children && !rc; i++)
		rc = await(a, i, err);
	return rc;
}

int ws_treatment_attach(const struct ws_treatment *treatment, const struct ws_treating *t,
			struct ws_attached **attached, struct ws_error *err)
{
	struct ws_attached *a = calloc(1, sizeof(*a));
	int rc;

	if (!a)
		return ws_error(err, -ENOMEM, "out of memory");
	a->t = t;
	a->way = treatment->way;
	rc = attach(a, treatment, err);
	if (rc)
		ws_attached_close(a);
	else
		*attached = a;
	return rc;
}

uint64_t ws_attached_cpu_ns(const struct ws_attached *a)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->n_children; i++)
		sum += ws_child_cpu_ns(&a->child[i]);
	return sum;
}

uint64_t ws_attached_wakeups(const struct ws_attached *a)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < a->n_children; i++)
		sum += ws_child_wakeups(&a->child[i]);
	return sum;
}

/* Adds what a point's manifest says of one way of capturing. */
static void add_counts(const json_t *facts, const char *seen, const char *lost, int64_t *n_frames, int64_t *n_lost)
{
	*n_frames += json_integer_value(json_object_get(facts, seen));
	*n_lost += json_integer_value(json_object_get(json_object_get(facts, "lost"), lost));
}

/* Reads the manifest of our own capture. */
static int count_capture(const struct ws_attached *a, int64_t *n_frames, int64_t *n_lost, struct ws_error *err)
{
	char path[4096];
	json_error_t why;
	json_t *manifest, *point;
	size_t i;

	snprintf(path, sizeof(path), "%s/run/run.json", a->t->dir);
	manifest = json_load_file(path, 0, &why);
	if (!manifest)
		return ws_error(err, -EIO, "%s: cannot be read: %s", path, why.text);
	*n_frames = *n_lost = 0;
	json_array_foreach(json_object_get(manifest, "points"), i, point)
	{
		add_counts(json_object_get(point, "ebpf"), "frames", "ring_full", n_frames, n_lost);
		add_counts(json_object_get(point, "pcap"), "received", "dropped", n_frames, n_lost);
	}
	json_decref(manifest);
	return 0;
}

/* Reads what tcpdump says at its end. */
static void count_tcpdump(const struct ws_child *child, int64_t *n_frames, int64_t *n_lost)
{
	FILE *file = fopen(child->said_path, "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		char *end;
		const unsigned long long n = strtoull(line, &end, 10);

		if (strncmp(end, " packet", 7) != 0)
			continue;
		if (strstr(end, "received by filter"))
			*n_frames += (int64_t)n;
		else if (strstr(end, "dropped by kernel"))
			*n_lost += (int64_t)n;
	}
	if (file)
		fclose(file);
}

int ws_attached_end(struct ws_attached *a, int64_t *n_frames, int64_t *n_lost, struct ws_error *err)
{
	*n_frames = *n_lost = -1;
	for (uint32_t i = 0; i < a->n_children; i++) {
		if (ws_child_wait(&a->child[i], 0, NULL) && !*a->t->stop)
			return has_failed(&a->child[i], program_of(a), err);
		ws_child_end(&a->child[i], SIGINT);
		if (a->child[i].status)
			return has_failed(&a->child[i], program_of(a), err);
	}
	while (a->n_idle)
		close(a->idle_fd[--a->n_idle]);
	if (a->way == WS_TREAT_CAPTURE)
		return count_capture(a, n_frames, n_lost, err);
	if (a->way == WS_TREAT_TCPDUMP)
		*n_frames = *n_lost = 0;
	for (uint32_t i = 0; i < a->n_children; i++)
		count_tcpdump(&a->child[i], n_frames, n_lost);
	return 0;
}

void ws_attached_close(struct ws_attached *a)
{
	if (!a)
		return;
	while (a->n_idle)
		close(a->idle_fd[--a->n_idle]);
	for (uint32_t i = 0; i < a->n_children; i++)
		ws_child_close(&a->child[i]);
	free(a);
}
