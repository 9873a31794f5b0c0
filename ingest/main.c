/* SPDX-License-Identifier: BSD-2-Clause */
/* main - the command line of ingest, and all that is said to the user. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/arguments.h"
#include "ingest/database.h"
#include "ingest/inputs.h"
#include "ingest/links.h"
#include "ingest/load.h"
#include "ingest/depot.h"
#include "ingest/snapshot.h"
#include "ingest/telling.h"
#include "ingest/turns.h"
#include "ingest/words.h"
#include "lib/json_memory.h"
#include "lib/sqlite/sqlite_memory.h"
#include "lib/standard.h"
#include "lib/version.h"

/* A run to load, or what there is to say in its place. */
struct piece {
	char *dir;   /* of the run */
	char *words; /* instead of a run */
};

struct job {
	struct ws_arguments arguments;
	struct ws_access access; /* with --store */
	struct piece *piece;
	uint32_t n_pieces;
	uint32_t n_failed;		  /* changed by whose turn it is */
	struct ws_snapshot_memory memory; /* likewise */
};

/* A run under way. */
struct run {
	struct job *job;
	const char *dir;
	struct ws_turns *turns;
	uint32_t number;
	struct ws_words words; /* that wait for its turn */
};

/* Says what there is to say as soon as it is the run's turn. */
static void say_if_turn(struct run *run)
{
	if (ws_turns_has_come(run->turns, run->number))
		ws_words_say(&run->words);
}

/* Before there is a database. */
static int check_readable(const struct ws_inputs *inputs, struct ws_error *err)
{
	const char *unreadable = NULL;

	for (uint32_t i = 0; i < inputs->n && !unreadable; i++)
		if (access(inputs->input[i].path, R_OK))
			unreadable = inputs->input[i].path;
	for (uint32_t i = 0; i < inputs->n_logs && !unreadable; i++)
		if (access(inputs->log[i].path, R_OK))
			unreadable = inputs->log[i].path;
	return unreadable ? ws_error(err, -errno, "%s: cannot read: %s", unreadable, strerror(errno)) : 0;
}

/* A recording that was ended in the moment in which it made its file. */
static bool is_empty_part(const struct ws_input *input)
{
	struct stat st;

	return input->is_part && stat(input->path, &st) == 0 && st.st_size == 0;
}

static int load_logs(struct run *run, struct ws_database *db, const struct ws_inputs *inputs, struct ws_error *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < inputs->n_logs; i++) {
		struct ws_loaded_log loaded;

		rc = ws_load_log(db, run->dir, &inputs->log[i], &loaded, err);
		if (rc == 0)
			ws_tell_log(&run->words, run->job->arguments.is_quiet, &inputs->log[i], &loaded);
		say_if_turn(run);
	}
	return rc;
}

/* In turn: it depends on what the runs before have left. */
static int load_snapshots(struct run *run, struct ws_database *db, struct ws_error *err)
{
	struct ws_loaded_snapshots loaded = { 0 };
	int rc;

	ws_turns_wait(run->turns, run->number);
	ws_words_say(&run->words);
	rc = ws_load_snapshots(db, run->dir, run->job->arguments.dir, &run->job->memory, &loaded, err);

	for (uint32_t i = 0; rc == 0 && i < loaded.n; i++)
		ws_tell_snapshot(&run->words, run->job->arguments.is_quiet, &loaded.at[i], &loaded);
	ws_loaded_snapshots_free(&loaded);
	return rc;
}

/* Without --context, packet captures are searched for what the run's records were searched for. */
static int take_contexts(struct ws_database *db, const char *manifest_path, struct ws_wanted *wanted,
			 struct ws_error *err)
{
	char text[WS_WANTED_TEXT_LEN];
	struct ws_error why = { 0 };
	struct ws_wanted parsed;
	bool prefers_list;
	int rc = ws_database_contexts(db, text, sizeof(text), &prefers_list, err);

	if (rc <= 0)
		return rc;
	if (ws_wanted_parse(text, &parsed, &why))
		return ws_error(err, -EINVAL, "%s: configuration.contexts: %s; say --context LIST",
				manifest_path ? manifest_path : "run.json", why.text);
	parsed.prefers_list = prefers_list;
	*wanted = parsed;
	return 0;
}

/* DIR/run.db, or the run in the store. */
static int open_database(const struct run *run, struct ws_database **db, struct ws_error *err)
{
	const struct ws_arguments *a = &run->job->arguments;
	char *name = NULL;
	int rc;

	if (!a->store && asprintf(&name, "%s/run.db", run->dir) < 0)
		return ws_error(err, -ENOMEM, "out of memory");
	rc = a->store ? ws_access_run_name(a->dir, run->dir, a->run, &name, err) : 0;
	if (rc == 0 && a->store)
		rc = ws_database_open_in_store(&run->job->access, name, run->dir, run->number, db, err);
	else if (rc == 0)
		rc = ws_database_open(name, db, err);
	free(name);
	return rc;
}

/* All that is left to do when everything is loaded. */
static int finish(struct run *run, struct ws_database *db, struct ws_error *err)
{
	int64_t n_rows = 0;
	int rc = ws_database_publish(db, err);

	if (rc == 0)
		rc = ws_database_sweep(db, &n_rows, err);
	if (rc == 0 && n_rows)
		ws_tell_sweep(&run->words, run->job->arguments.is_quiet, ws_database_path(db), n_rows);
	return rc;
}

/* NULL: there is no such file, there is nothing in it, or memory is lacking, which ws_load_end() says. */
static struct ws_load *begin_file(const struct run *run, struct ws_database *db, const struct ws_inputs *inputs,
				  const struct ws_reading *reading, uint32_t i, bool *is_empty)
{
	*is_empty = i < inputs->n && is_empty_part(&inputs->input[i]);
	return i < inputs->n && !*is_empty ? ws_load_begin(db, run->dir, &inputs->input[i], reading) : NULL;
}

/* Record files and packet captures; each is read while the one before is loaded. */
static int load_files(struct run *run, struct ws_database *db, const struct ws_inputs *inputs,
		      const struct ws_reading *reading, struct ws_error *err)
{
	bool next_is_empty;
	struct ws_load *next = begin_file(run, db, inputs, reading, 0, &next_is_empty);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < inputs->n; i++) {
		const bool is_empty = next_is_empty;
		struct ws_load *load = next;
		struct ws_loaded loaded;

		next = begin_file(run, db, inputs, reading, i + 1, &next_is_empty);
		if (is_empty) {
			ws_tell_empty(&run->words, &inputs->input[i]);
			continue;
		}
		rc = ws_load_end(load, db, &loaded, err);
		if (rc == 0 && !loaded.was_there)
			rc = ws_database_publish(db, err);
		if (rc == 0)
			ws_tell_file(&run->words, run->job->arguments.is_quiet, &inputs->input[i], &loaded);
		say_if_turn(run);
	}
	ws_load_close(next);
	return rc;
}

static int load_inputs(struct run *run, const struct ws_inputs *inputs, struct ws_error *err)
{
	struct ws_reading reading = run->job->arguments.reading;
	struct ws_database *db;
	int rc = check_readable(inputs, err);

	if (rc == 0)
		rc = open_database(run, &db, err);
	if (rc)
		return rc;
	if (inputs->manifest_path)
		rc = ws_load_manifest(db, inputs->manifest_path, err);
	if (rc == 0 && inputs->conditions_path)
		rc = ws_load_conditions(db, inputs->conditions_path, err);
	if (rc == 0 && inputs->overhead_path)
		rc = ws_load_overhead(db, inputs->overhead_path, err);
	if (rc == 0 && !run->job->arguments.has_contexts)
		rc = take_contexts(db, inputs->manifest_path, &reading.wanted, err);
	if (rc == 0)
		rc = load_files(run, db, inputs, &reading, err);
	if (rc == 0)
		rc = load_logs(run, db, inputs, err);
	if (rc == 0)
		rc = load_snapshots(run, db, err);
	if (rc == 0)
		rc = ws_database_check(db, err);
	if (rc == 0)
		rc = finish(run, db, err);
	ws_database_close(db);
	return rc;
}

static int load_run(struct run *run, struct ws_error *err)
{
	const struct job *job = run->job;
	struct ws_inputs inputs = { 0 };
	int rc = ws_inputs_find(run->dir, &inputs, err);

	if (rc == 0 && geteuid() == 0)
		rc = ws_links_check(run->dir, &inputs, err);
	for (uint32_t i = 0; rc == 0 && i < job->arguments.n_pcaps; i++)
		rc = ws_inputs_add_pcap(&inputs, job->arguments.pcap[i].point, job->arguments.pcap[i].path, err);
	if (rc == 0 && !ws_inputs_are_some(&inputs))
		rc = ws_error(
			err, -ENOENT,
			"%s: nothing to load; a run has record files (NAME.rec.zst), packet captures (NAME.pcap), "
			"a load generator's log (load.ANYTHING), conditions.json or overhead.json",
			run->dir);
	if (rc == 0)
		rc = load_inputs(run, &inputs, err);
	ws_inputs_free(&inputs);
	return rc;
}

/* One piece; a failure does not keep the campaign's other runs from being loaded. */
static void do_piece(void *context, struct ws_turns *turns, uint32_t i)
{
	struct job *job = context;
	const struct piece *piece = &job->piece[i];
	struct run run = { .job = job, .dir = piece->dir, .turns = turns, .number = i };
	struct ws_error err = { 0 };
	int rc = piece->dir ? load_run(&run, &err) : -EINVAL;

	ws_turns_wait(turns, i);
	ws_words_say(&run.words);
	if (rc == 0 && run.words.are_lost)
		rc = ws_error(&err, -ENOMEM, "%s: loaded, but out of memory for what there is to say of it", run.dir);
	if (rc) {
		fprintf(stderr, "ingest: %s\n", piece->words ? piece->words : err.text);
		job->n_failed++;
	}
}

/* Appends a piece; its texts are the job's from now on. Without memory there is nothing that could be done. */
static void add_piece(struct job *job, char *dir, char *words)
{
	struct piece *grown = realloc(job->piece, (job->n_pieces + 1) * sizeof(*grown));

	if (!grown || (!dir && !words)) {
		fputs("ingest: out of memory\n", stderr);
		exit(1);
	}
	job->piece = grown;
	job->piece[job->n_pieces++] = (struct piece) { dir, words };
}

static void note_run(void *context, const char *dir)
{
	add_piece(context, strdup(dir), NULL);
}

/* What nobody would miss at once: it is said, and the status says it, too. */
static void refuse_stray(void *context, const char *dir, const char *path, const char *run)
{
	char *words;

	if (asprintf(&words,
		     "%s belongs to no run: %s is a campaign, as there are runs below it, such as %s; move the file "
		     "into the run that it belongs to",
		     path, dir, run) < 0)
		words = NULL;
	add_piece(context, NULL, words);
}

static void free_job(struct job *job)
{
	for (uint32_t i = 0; i < job->n_pieces; i++) {
		free(job->piece[i].dir);
		free(job->piece[i].words);
	}
	free(job->piece);
	ws_snapshot_memory_free(&job->memory);
	ws_access_close(&job->access);
}

/* Its tables are made once, before the runs are loaded side by side. */
static int prepare_store(struct job *job, struct ws_error *err)
{
	const struct ws_arguments *a = &job->arguments;
	int rc = ws_access_open(a->store, a->password_file, a->ca_path, &job->access, err);

	return rc ? rc : ws_depot_prepare(&job->access, a->cluster, err);
}

/* The exit status: code, or 1 if what was printed was not taken. */
static int end_of_printing(int code)
{
	struct ws_error err = { 0 };

	if (!ws_standard_flush(&err))
		return code;
	fprintf(stderr, "ingest: %s\n", err.text);
	return code ? code : 1;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	const struct ws_runs_visitor visitor = { note_run, refuse_stray, &job };
	struct ws_error err = { 0 };
	const char *dir;
	uint32_t n_runs = 1;
	int code, rc = 0;

	ws_standard_keep();
	signal(SIGPIPE, SIG_IGN); /* loading goes on when nobody reads what is said of it */
	code = ws_arguments_parse(argc, argv, &job.arguments);
	if (code)
		return end_of_printing(code == 1 ? 0 : code);
	ws_json_memory_watch();
	ws_sqlite_memory_watch();
	dir = job.arguments.dir;
	if (job.arguments.n_pcaps)
		note_run(&job, dir);
	else
		rc = ws_runs_visit(dir, &visitor, &n_runs, &err);
	if (rc == 0 && job.arguments.store && job.n_pieces)
		rc = prepare_store(&job, &err);
	if (rc == 0 || !job.arguments.store)
		ws_turns_run(job.n_pieces, job.arguments.n_jobs, do_piece, &job);
	if (rc)
		fprintf(stderr, "ingest: %s\n", err.text);
	else if (n_runs == 0)
		fprintf(stderr,
			"ingest: %s: no run in it: no record file (NAME.rec.zst), packet capture (NAME.pcap), "
			"load generator's log (load.ANYTHING), conditions.json, overhead.json or run.json\n",
			dir);
	code = rc || n_runs == 0 || job.n_failed;
	free_job(&job);
	return end_of_printing(code);
}
