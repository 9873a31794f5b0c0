/* SPDX-License-Identifier: BSD-2-Clause */
/* overhead - see the header. */
#include "capture/overhead/overhead.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/clock.h"
#include "capture/directory.h"
#include "capture/overhead/shuffle.h"
#include "capture/overhead/trial.h"
#include "capture/whole_file.h"
#include "lib/json_memory.h"
#include "lib/recfile.h"
#include "lib/version.h"

struct overhead {
	const struct ws_capture_options *o;
	int argc;
	char **argv;
	const volatile sig_atomic_t *stop;
	struct ws_trials trials;
	const struct ws_treatment *treatment[WS_N_TREATMENTS]; /* by index of trials */
	char **run_argv;
	char *path;    /* of overhead.json */
	char *scratch; /* made by us */
	char *trial_dir;
};

int ws_overhead_check(const struct ws_capture_options *o, struct ws_error *err)
{
	bool is_chosen[WS_N_TREATMENTS], has_log = false;

	if (!o->has_overhead && (o->has_seed || o->treatments))
		return ws_error(err, -EINVAL, "--%s is of use with --overhead only",
				o->has_seed ? "seed" : "treatments");
	if (!o->overhead_blocks)
		return 0;
	if (o->with_pcap || !o->with_ebpf || o->wakes_reader)
		return ws_error(
			err, -EINVAL,
			"--overhead chooses what is attached: --treatments in place of --pcap, --no-ebpf, --wakeup");
	if (o->duration_ns || o->watch_s)
		return ws_error(err, -EINVAL, "--overhead runs until the load has ended: not with --%s",
				o->duration_ns ? "duration" : "watch");
	for (char **word = o->command; word && *word; word++)
		has_log |= strstr(*word, WS_OVERHEAD_LOG) != NULL;
	if (!has_log)
		return ws_error(err, -EINVAL,
				"--overhead needs a load command behind '--', with %s where the file goes that it logs "
				"to: -- h2load ... --log-file=%s URL",
				WS_OVERHEAD_LOG, WS_OVERHEAD_LOG);
	return ws_treatments_parse(o->treatments, is_chosen, err);
}

static json_t *words(int n, char *const *word)
{
	json_t *array = json_array();

	for (int i = 0; i < n && word[i]; i++) {
		json_t *text = json_string(word[i]);

		json_array_append_new(array, text ? text : json_string("?")); /* what is not UTF-8 */
	}
	return array;
}

static json_t *make_document(const struct overhead *h, const char *state)
{
	json_t *document = ws_trials_json(&h->trials);
	struct utsname name = { 0 };
	int rc = 0;

	if (!document)
		return NULL;
	uname(&name);
	rc |= json_object_set_new(document, "state", json_string(state));
	rc |= json_object_set_new(document, "wirespan", json_string(WS_VERSION));
	rc |= json_object_set_new(document, "host",
				  json_pack("{s:s, s:s, s:I}", "kernel", name.release, "machine", name.machine,
					    "n_cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN)));
	rc |= json_object_set_new(document, "command_line", words(h->argc, h->argv));
	if (!rc)
		return document;
	json_decref(document);
	return NULL;
}

/* Writes overhead.json as a whole. */
static int write_document(const struct overhead *h, const char *state, struct ws_error *err)
{
	json_t *document = make_document(h, state);
	char *text = document ? json_dumps(document, JSON_INDENT(1)) : NULL;
	int rc = text && !ws_json_memory_was_short() ? ws_whole_file_write(h->path, WS_CAPTURE_FILE_MODE, text, err)
						     : ws_error(err, -ENOMEM, "%s: out of memory", h->path);

	json_decref(document);
	free(text);
	return rc;
}

/* The command line up to the load, by our own program. */
static int make_run_argv(struct overhead *h, struct ws_error *err)
{
	int n = h->argc;

	for (int i = 0; i < h->argc && n == h->argc; i++)
		if (h->argv + i == h->o->command)
			n = i - 1; /* "--" stands before it */
	h->run_argv = calloc((size_t)n + 1, sizeof(*h->run_argv));
	if (!h->run_argv)
		return ws_error(err, -ENOMEM, "out of memory");
	memcpy(h->run_argv, h->argv, (size_t)n * sizeof(*h->run_argv));
	h->run_argv[0] = (char *)"/proc/self/exe";
	return 0;
}

static void choose(struct overhead *h)
{
	bool is_chosen[WS_N_TREATMENTS];

	ws_treatments_parse(h->o->treatments, is_chosen, NULL); /* checked before */
	for (int i = 0; i < WS_N_TREATMENTS; i++) {
		struct ws_treatment_name *t = &h->trials.treatment[h->trials.n_treatments];

		if (!is_chosen[i])
			continue;
		snprintf(t->name, sizeof(t->name), "%s", ws_treatment[i].name);
		snprintf(t->words, sizeof(t->words), "%s", ws_treatment[i].words);
		h->treatment[h->trials.n_treatments++] = &ws_treatment[i];
	}
}

static int prepare(struct overhead *h, struct ws_error *err)
{
	int rc = ws_directory_make(h->o->dir, err);
	char *dir;

	if (rc)
		return rc;
	if (asprintf(&h->path, "%s/overhead.json", h->o->dir) < 0)
		h->path = NULL;
	dir = realpath(h->o->dir, NULL); /* the load command may go elsewhere before it logs */
	if (!dir || asprintf(&h->scratch, "%s/.overhead.XXXXXX", dir) < 0)
		h->scratch = NULL;
	free(dir);
	if (!h->path || !h->scratch)
		return ws_error(err, -ENOMEM, "out of memory");
	if (ws_whole_file_is_there(h->path))
		rc = ws_error(err, -EEXIST, "%s: exists already; measure into another directory, or move it away",
			      h->path);
	else if (!mkdtemp(h->scratch))
		rc = ws_error(err, -errno, "%s: cannot make a directory there: %s", h->o->dir, strerror(errno));
	if (rc) {
		free(h->scratch); /* none was made */
		h->scratch = NULL;
		return rc;
	}
	if (asprintf(&h->trial_dir, "%s/trial", h->scratch) < 0) {
		h->trial_dir = NULL;
		return ws_error(err, -ENOMEM, "out of memory");
	}
	choose(h);
	return make_run_argv(h, err);
}

/* One trial, in a directory that is there for as long. */
static int try(struct overhead *h, uint32_t index, struct ws_trial *trial, struct ws_error *err)
{
	const struct ws_treating t = { .options = h->o, .run_argv = h->run_argv, .dir = h->trial_dir, .stop = h->stop };
	struct ws_error why = { 0 };
	int rc = *h->stop ? -EINTR : ws_directory_make(h->trial_dir, &why);

	trial->treatment = index;
	if (rc == 0)
		rc = ws_trial_run(h->treatment[index], &t, trial, &why);
	if (rc && *h->stop) /* what ended early because all of us are to end did not fail */
		rc = -EINTR;
	else if (rc)
		ws_error(err, rc, "treatment %s: %s", h->treatment[index]->name, why.text);
	ws_directory_remove(h->trial_dir); /* what waits to be written to the disk is not written in the next trial */
	return rc;
}

static int measure_block(struct overhead *h, int64_t block, uint64_t *random, ws_overhead_tell *tell,
			 struct ws_error *err)
{
	uint32_t order[WS_TREATMENTS_MAX];
	int rc = 0;

	ws_shuffle(random, order, h->trials.n_treatments);
	for (uint32_t i = 0; i < h->trials.n_treatments && !rc; i++) {
		struct ws_trial trial = { .block = block, .position = i + 1 };

		rc = try(h, order[i], &trial, err);
		if (rc == 0 && ws_trials_add(&h->trials, &trial))
			rc = ws_error(err, -ENOMEM, "out of memory");
		if (rc == 0 && tell)
			tell(&h->trials, &trial, h->o->overhead_blocks);
	}
	return rc;
}

/* The first trial meets cold caches and new connections: it does not count. */
static int warm_up(struct overhead *h, ws_overhead_tell *tell, struct ws_error *err)
{
	struct ws_trial trial = { 0 };
	int rc = try(h, 0, &trial, err);

	if (rc == 0 && tell)
		tell(&h->trials, &trial, h->o->overhead_blocks);
	return rc;
}

static int measure(struct overhead *h, ws_overhead_tell *tell, struct ws_error *err)
{
	uint64_t random = (uint64_t)h->trials.seed;
	uint32_t n_whole = 0;
	int rc = warm_up(h, tell, err);

	for (int64_t block = 1; block <= (int64_t)h->o->overhead_blocks && !rc; block++) {
		rc = measure_block(h, block, &random, tell, err);
		n_whole = rc ? n_whole : h->trials.n;
	}
	if (rc == -EINTR && n_whole == 0)
		return ws_error(err, rc, "stopped before the first block was whole: nothing is kept");
	if (rc && rc != -EINTR)
		return rc;
	h->trials.n = n_whole;
	return write_document(h, rc ? "stopped" : "complete", err);
}

int ws_overhead_run(const struct ws_capture_options *o, int argc, char **argv, const volatile sig_atomic_t *stop,
		    ws_overhead_tell *tell, struct ws_error *err)
{
	struct overhead h = { .o = o, .argc = argc, .argv = argv, .stop = stop };
	int rc;

	h.trials.seed = o->has_seed ? (int64_t)o->seed : (int64_t)(ws_clock_ns(CLOCK_REALTIME) / 1000 % UINT32_MAX);
	rc = prepare(&h, err);
	if (rc == 0)
		rc = measure(&h, tell, err);
	if (h.scratch)
		ws_directory_remove(h.scratch);
	ws_trials_close(&h.trials);
	free(h.run_argv);
	free(h.trial_dir);
	free(h.scratch);
	free(h.path);
	return rc;
}
